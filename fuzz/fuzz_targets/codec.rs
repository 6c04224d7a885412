//! Looks for bytes of which `checks::codec` does not hold: messages are refused, or read and made again the same.
#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "each target has its own check")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::codec(bytes));
