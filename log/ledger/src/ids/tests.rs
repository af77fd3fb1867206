use super::*;

#[test]
fn cluster_ids_are_32_lower_case_hex_digits() {
    let check = |text: &str, expect: bool| assert_eq!(text.parse::<ClusterId>().is_ok(), expect, "{text}");
    check("00112233445566778899aabbccddeeff", true);
    check("00112233445566778899AABBCCDDEEFF", false);
    check("00112233445566778899aabbccddeef", false);
    check("00112233445566778899aabbccddeeff0", false);
    check("00112233445566778899aabbccddeegg", false);
    check("é0112233445566778899aabbccddeef", false);
    check("", false);
}

#[test]
fn a_cluster_id_reads_back_what_it_shows() {
    let id = ClusterId(std::array::from_fn(|i| u8::try_from(i * 17).expect("below 256")));
    assert_eq!(id.to_string(), "00112233445566778899aabbccddeeff");
    assert_eq!(id.to_string().parse(), Ok(id));
}

#[test]
fn the_hash_is_sha_256() {
    let shown = Hash::of(b"abc").to_string();
    assert_eq!(
        shown,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}
