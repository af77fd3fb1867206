//! The target `envelope`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::check("envelope", data));
