//! The target `entry`. Every other change is made by the fields of its messages, the others by the fuzzer itself.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| fuzz::check("entry", data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::mutate(fuzz::mutate_entries, fuzzer_mutate, data, (size, max_size), seed)
});
