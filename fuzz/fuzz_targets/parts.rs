//! The parts inside fields and around messages: refused, or read and written again the same.
#![no_main]

use iso8583::cup::{
    Original, Totals, Transaction, WorkingKeys, read_digit_tags, read_upload, write_digit_tags,
};
use iso8583::frame::{Envelope, strip_length};
use iso8583::tlv;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Envelope::CUP_POS.open(bytes) {
        let mut out = Vec::new();
        frame.write(&mut out).expect("a frame that was read");
        assert_eq!(strip_length(&out).expect("its own length"), bytes);
    }
    let _ = strip_length(bytes);
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
    let _ = (read_upload(bytes), WorkingKeys::parse(bytes).map(|keys| keys.pin.key.len()));
});
