#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landuse_fuzz::formats(data));
