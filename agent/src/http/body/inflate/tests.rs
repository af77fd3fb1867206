use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

/// Counts what is held, and gives no more than `free`.
struct Counted {
    held: usize,
    free: usize,
}

impl Budget for Counted {
    fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        if bytes > self.free {
            return Err(Problem::new(Code::Overloaded, "no memory"));
        }
        self.held = self.held.max(bytes);
        Ok(())
    }
}

fn deflate(encoding: Encoding, data: &[u8]) -> Vec<u8> {
    match encoding {
        Encoding::Identity => data.to_vec(),
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        Encoding::Zstd => zstd::encode_all(data, 3).unwrap(),
        Encoding::Brotli => {
            let mut out = Vec::new();
            brotli::CompressorWriter::new(&mut out, 4096, 5, 20)
                .write_all(data)
                .unwrap();
            out
        }
    }
}

fn inflate(encoding: Encoding, data: &[u8], max: usize, free: usize) -> Result<Vec<u8>, &'static str> {
    let code = |problem: Problem| problem.code().name();
    let mut inflate = Inflate::new(encoding, max, Counted { held: 0, free }).map_err(code)?;
    for piece in data.chunks(7) {
        inflate.write(piece).map_err(code)?;
    }
    inflate
        .finish()
        .map(|(bytes, budget)| {
            assert!(budget.held >= bytes.len());
            bytes.to_vec()
        })
        .map_err(code)
}

const ALL: [Encoding; 4] = [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Brotli];

#[test]
fn what_was_deflated_inflates() {
    for encoding in ALL {
        for data in [&b""[..], b"hello", &[7; 100_000]] {
            assert_eq!(
                inflate(encoding, &deflate(encoding, data), 1 << 20, 1 << 20).unwrap(),
                data,
                "{encoding:?}"
            );
        }
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let zeros = vec![0; 32 << 20];
    for encoding in ALL {
        let bomb = deflate(encoding, &zeros);
        assert_eq!(
            inflate(encoding, &bomb, 1 << 20, usize::MAX),
            Err("request_too_large"),
            "{encoding:?}"
        );
        assert_eq!(
            inflate(encoding, &bomb, usize::MAX, 1 << 20),
            Err("overloaded"),
            "{encoding:?}"
        );
    }
}

#[test]
fn a_body_cut_short_is_refused() {
    let data: Vec<u8> = (0..10_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    for encoding in [Encoding::Gzip, Encoding::Zstd, Encoding::Brotli] {
        let whole = deflate(encoding, &data);
        for cut in [1, whole.len() / 2, whole.len() - 1] {
            assert_eq!(
                inflate(encoding, &whole[..cut], 1 << 20, 1 << 20),
                Err("bad_request"),
                "{encoding:?} {cut}"
            );
        }
        let garbage = inflate(encoding, b"\x01\x02garbage that is nothing", 1 << 20, 1 << 20);
        assert_eq!(garbage, Err("bad_request"), "{encoding:?}");
    }
}

#[test]
fn a_window_too_wide_is_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(b"x").unwrap();
    assert_eq!(
        inflate(Encoding::Zstd, &encoder.finish().unwrap(), 1 << 20, 1 << 20),
        Err("bad_request")
    );
}

#[test]
fn encodings() {
    let check = |values: &[&'static str], expected: Result<Encoding, &'static str>| {
        let values: Vec<_> = values.iter().map(|value| HeaderValue::from_static(value)).collect();
        assert_eq!(
            Encoding::of(values.iter()).map_err(|problem| problem.code().name()),
            expected,
            "{values:?}"
        );
    };
    check(&[], Ok(Encoding::Identity));
    check(&["GZIP"], Ok(Encoding::Gzip));
    check(&["zstd"], Ok(Encoding::Zstd));
    check(&["br"], Ok(Encoding::Brotli));
    for wrong in [&["deflate"][..], &["gzip, br"], &["gzip", "br"], &[""]] {
        check(wrong, Err("unsupported_media_type"));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..100, to: u8) {
        for encoding in ALL {
            let _ = inflate(encoding, &data, 1 << 16, 1 << 16);
            let mut changed = deflate(encoding, &data);
            if let Some(byte) = changed.get_mut(at) {
                *byte = to;
            }
            let _ = inflate(encoding, &changed, 1 << 16, 1 << 16);
        }
    }
}
