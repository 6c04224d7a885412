//! Messages of the network as values, and back.

use bytes::Bytes;
use crypto::pos::{BlockKey, MacAlgorithm, MacForm, pos_mac, verify_pos_mac};
use iso8583::{Builder, CUP_NETWORK, Message};

use crate::core::Response;

const MAC: (MacAlgorithm, MacForm) = (MacAlgorithm::X919, MacForm::Raw);
const MAC_FIELD: u8 = 128;
/// What an answer repeats of its question.
const REPEATED: [u8; 14] = [2, 3, 4, 7, 11, 12, 13, 25, 32, 33, 37, 41, 42, 49];

pub(super) fn type_of(bytes: &[u8]) -> String {
    CUP_NETWORK.unpack(bytes).map(|m| m.mti().to_string()).unwrap_or_default()
}

pub(super) fn text(message: &Message<'_>, field: u8) -> String {
    message.get(field).map(|value| value.shown()).unwrap_or_default()
}

pub(super) fn is_authentic(message: &Message<'_>, key: &BlockKey) -> bool {
    let signed = message.before(MAC_FIELD).zip(message.get(MAC_FIELD));
    signed.is_some_and(|(covered, code)| verify_pos_mac(MAC, key, covered, code.raw()).is_ok())
}

/// The answer with these fields besides what it repeats.
pub(super) fn answer(asked: &Message<'_>, key: &BlockKey, fields: &[(u8, String)]) -> Vec<u8> {
    let mut builder = Builder::of(&CUP_NETWORK, answer_type(asked));
    for number in REPEATED {
        builder.copy(number, asked).ok();
    }
    for (number, value) in fields {
        builder.set(*number, value).ok();
    }
    let mut bytes = Vec::new();
    let mac = |data: &[u8]| pos_mac(MAC.0, key, data).field(MAC.1);
    builder.pack_with_mac(MAC_FIELD, &mut bytes, mac).ok();
    bytes
}

/// A repeat (0221, 0421) is answered as the first message is.
fn answer_type(asked: &Message<'_>) -> iso8583::Mti {
    asked.mti().reply()
}

/// No bytes: the network says nothing.
pub(super) fn response(body: Option<Vec<u8>>) -> Response {
    let mut response = Response::new(Bytes::from(body.unwrap_or_default()));
    if response.body().is_empty() {
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
    }
    response
}
