//! Looks for bytes of which `checks::parts` does not hold: the parts inside fields and around messages.
#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "each target has its own check")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::parts(bytes));
