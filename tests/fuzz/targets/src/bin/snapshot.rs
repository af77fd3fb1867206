//! The target `snapshot`. Every other change is made by the fields of its messages, the others by the fuzzer itself.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| fuzz::check("snapshot", data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::mutate(fuzz::mutate_snapshot, fuzzer_mutate, data, (size, max_size), seed)
});
