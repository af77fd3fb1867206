//! The target `snapshot`. Every other change is made by the fields of its messages, the others by the fuzzer itself.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| fuzz::check("snapshot", data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut change = |bytes: &mut Vec<u8>| {
        let length = bytes.len();
        bytes.resize(length + 16, 0);
        let room = bytes.len();
        let changed = fuzzer_mutate(bytes, length, room);
        bytes.truncate(changed);
    };
    let drawn = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let made = fuzz::mutate_snapshot(&data[..size], drawn >> 1, &mut change);
    match made.filter(|made| seed % 2 == 0 && made.len() <= max_size) {
        Some(made) => {
            data[..made.len()].copy_from_slice(&made);
            made.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});
