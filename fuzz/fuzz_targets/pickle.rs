//! Whatever bytes are read as a pickle: an answer or an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| npload_pickle::fuzz(input));
