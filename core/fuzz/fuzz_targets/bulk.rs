#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zuora_tests::fuzz::bulk(data));
