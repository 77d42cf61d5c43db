#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::compact_jws::run(data));
