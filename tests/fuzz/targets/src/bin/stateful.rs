//! The target `stateful`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::check("stateful", data));
