//! The target `lake`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::check("lake", data));
