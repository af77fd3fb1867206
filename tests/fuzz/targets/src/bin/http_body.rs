//! The target `http_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::check("http_body", data));
