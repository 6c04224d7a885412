//! Whatever bytes come: a message is refused, or it is read and made again byte for byte.
//!
//! The first byte chooses the dialect.
#![no_main]

use iso8583::{CUP_NETWORK, CUP_POS, Dialect, ISO87_ASCII, ISO87_BINARY};
use libfuzzer_sys::fuzz_target;

const DIALECTS: [&Dialect; 4] = [&CUP_POS, &CUP_NETWORK, &ISO87_ASCII, &ISO87_BINARY];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let dialect = DIALECTS[usize::from(*choice) % DIALECTS.len()];
    let message = match dialect.unpack(bytes) {
        Ok(message) => message,
        Err(error) => {
            // It can be shown, whatever it is about.
            let _ = format!("{error} {error:?}");
            return;
        }
    };
    for number in message.numbers() {
        let value = message.get(number).expect("a field that is there");
        let _ = (value.shown(), value.masked(), value.text(), value.number(), value.bytes());
        assert!(message.wire(number).is_some());
        let _ = message.before(number);
    }
    assert_eq!(message.to_builder().pack(), bytes, "made again");
    // By value, in any order: what is read of that is what was read before.
    let mut builder = iso8583::Builder::of(dialect, message.mti());
    let numbers: Vec<u8> = message.numbers().collect();
    for number in numbers.iter().rev() {
        builder.copy(*number, &message).expect("a value that was read");
    }
    let packed = builder.pack();
    let again = dialect.unpack(&packed).expect("a message that was made");
    for number in numbers {
        let both = (again.get(number).map(|v| v.shown()), message.get(number).map(|v| v.shown()));
        assert_eq!(both.0, both.1, "field {number}");
    }
});
