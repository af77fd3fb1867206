use super::*;

const CLUSTER: ClusterId = ClusterId(*b"0123456789abcdef");
const TIP: Tip = Tip::new(2, 0x0102_0304_0506_0708, Hash([0xab; 32]));

#[test]
fn golden() {
    let bytes = encode(CLUSTER, &TIP);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, include_str!("../../tests/golden/witness-v1.txt").trim_end());
    assert_eq!(decode(CLUSTER, &bytes), Ok(TIP));
}

#[test]
fn every_flipped_bit_and_cut_is_found() {
    let whole = encode(CLUSTER, &TIP);
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(CLUSTER, &flipped).is_err(), "bit {bit}");
    }
    for length in 0..whole.len() {
        assert!(decode(CLUSTER, &whole[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn another_clusters_witness_is_refused() {
    let error = decode(ClusterId([0; 16]), &encode(CLUSTER, &TIP)).expect_err("another cluster");
    assert!(error.to_string().contains("another cluster"), "{error}");
}

#[tokio::test]
async fn memory_compares_and_sets() {
    let witness = MemoryWitness::new();
    let [one, two] = [Bytes::from_static(b"1"), Bytes::from_static(b"2")];
    assert_eq!(witness.read(CLUSTER).await, Ok(None));
    assert_eq!(
        witness.replace(CLUSTER, Some(Version("0".into())), one.clone()).await,
        Ok(false)
    );
    assert_eq!(witness.replace(CLUSTER, None, one.clone()).await, Ok(true));
    let (bytes, version) = witness.read(CLUSTER).await.unwrap().unwrap();
    assert_eq!(bytes, one);
    assert_eq!(witness.replace(CLUSTER, None, two.clone()).await, Ok(false));
    assert_eq!(
        witness.replace(CLUSTER, Some(version.clone()), two.clone()).await,
        Ok(true)
    );
    assert_eq!(witness.replace(CLUSTER, Some(version), one).await, Ok(false));
    assert_eq!(witness.read(CLUSTER).await.unwrap().unwrap().0, two);
}
