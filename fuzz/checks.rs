//! What must hold of any bytes. The fuzzer looks for bytes of which it does not; the corpus that it made is
//! played again by the tests of `iso8583`.

use iso8583::cup::{
    Original, Totals, Transaction, WorkingKeys, read_digit_tags, read_upload, write_digit_tags,
};
use iso8583::frame::{Envelope, strip_length};
use iso8583::{CUP_NETWORK, CUP_POS, Dialect, ISO87_ASCII, ISO87_BINARY, tlv};

const DIALECTS: [&Dialect; 4] = [&CUP_POS, &CUP_NETWORK, &ISO87_ASCII, &ISO87_BINARY];

/// A message is refused, or it is read and made again byte for byte. The first byte chooses the dialect.
pub(crate) fn codec(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let choice = usize::from(*choice) % DIALECTS.len();
    let dialect = DIALECTS.get(choice).expect("a dialect");
    let message = match dialect.unpack(bytes) {
        Ok(message) => message,
        Err(error) => {
            // It can be shown, whatever it is about.
            drop(format!("{error} {error:?}"));
            return;
        }
    };
    for number in message.numbers() {
        let value = message.get(number).expect("a field that is there");
        drop((value.shown(), value.masked(), value.text(), value.number(), value.bytes()));
        assert!(message.wire(number).is_some());
        assert!(message.before(number).is_some());
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
}

/// The parts inside fields and around messages: refused, or read and written again the same.
pub(crate) fn parts(bytes: &[u8]) {
    if let Ok(frame) = Envelope::CUP_POS.open(bytes) {
        let mut out = Vec::new();
        frame.write(&mut out).expect("a frame that was read");
        assert_eq!(strip_length(&out).expect("its own length"), bytes);
    }
    let _tried = strip_length(bytes);
    if let Ok(tags) = read_digit_tags(bytes) {
        assert_eq!(write_digit_tags(&tags).expect("tags that were read"), bytes);
    }
    if let Ok(elements) = tlv::parse(55, bytes) {
        let mut out = Vec::new();
        for element in &elements {
            tlv::write(55, element.tag, element.value, &mut out).expect("an element that was read");
        }
        let again = tlv::parse(55, &out).expect("elements that were written");
        assert_eq!(again, elements);
    }
    if let Ok(totals) = Totals::parse(bytes) {
        let text = totals.to_string();
        assert_eq!(Totals::parse(text.as_bytes()).expect("totals that were written"), totals);
    }
    if let Ok(original) = Original::parse(bytes) {
        let text = original.to_string();
        assert_eq!(Original::parse(text.as_bytes()).expect("what was written"), original);
    }
    if let Ok(transaction) = Transaction::parse(bytes) {
        let text = transaction.to_string();
        assert_eq!(Transaction::parse(text.as_bytes()).expect("what was written"), transaction);
    }
    let _tried = (read_upload(bytes), WorkingKeys::parse(bytes).map(|keys| keys.pin.key.len()));
}
