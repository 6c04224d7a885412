//! The flat XML of the v2 interface and its signature.

use std::collections::BTreeMap;

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use secret::Secret;

/// Fields of one message by name; the signature is over them in this order.
pub(crate) type Fields = BTreeMap<String, String>;

const SIGN: &str = "sign";
/// More events than any call of this interface has; a longer message is refused.
const EVENTS_MAX: usize = 1_000;

/// How a message is signed; an answer follows its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignType {
    Md5,
    HmacSha256,
}

impl SignType {
    /// `None` for a `sign_type` the channel does not know; MD5 if there is none.
    pub(crate) fn of(fields: &Fields) -> Option<Self> {
        match fields.get("sign_type").map(String::as_str) {
            None | Some("" | "MD5") => Some(Self::Md5),
            Some("HMAC-SHA256") => Some(Self::HmacSha256),
            Some(_) => None,
        }
    }
}

/// Reads `<xml><name>value</name>...</xml>`; `None` for anything else. Document types and entities
/// of the sender's own are refused: they are how an XML parser is made to read files.
pub(crate) fn parse(text: &str) -> Option<Fields> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut fields = Fields::new();
    let mut value = String::new();
    for _ in 0..EVENTS_MAX {
        match reader.read_event().ok()? {
            Event::Start(start) if path.len() < 2 => {
                path.push(start.name().as_ref().to_owned());
                value.clear();
            }
            Event::Empty(empty) if path.len() == 1 => {
                fields.insert(empty.name().as_ref().to_owned(), String::new());
            }
            Event::End(_) => {
                let name = path.pop()?;
                if path.len() == 1 {
                    let twice = fields.insert(name, std::mem::take(&mut value)).is_some();
                    if twice {
                        return None;
                    }
                } else if name != "xml" {
                    return None;
                }
            }
            Event::Text(part) => value.push_str(&part.xml10_content()),
            Event::CData(part) => value.push_str(&part.into_inner()),
            Event::GeneralRef(part) => match part.resolve_char_ref().ok()? {
                Some(character) => value.push(character),
                None => value.push_str(resolve_xml_entity(&part.into_inner())?),
            },
            Event::Comment(_) | Event::Decl(_) => {}
            Event::Eof => return (path.is_empty() && !fields.is_empty()).then_some(fields),
            Event::Start(_) | Event::Empty(_) | Event::DocType(_) | Event::PI(_) => return None,
        }
    }
    None
}

/// Writes the fields; every value in CDATA, as the channel does.
pub(crate) fn write(fields: &Fields) -> String {
    write_as("xml", fields)
}

/// The same under another root: what a refund notice seals has `root`.
pub(crate) fn write_as(root: &str, fields: &Fields) -> String {
    let mut text = format!("<{root}>");
    for (name, value) in fields {
        let value = value.replace("]]>", "]]]]><![CDATA[>");
        text.push_str(&format!("<{name}><![CDATA[{value}]]></{name}>"));
    }
    text.push_str(&format!("</{root}>"));
    text
}

/// The signature of a message: all fields that are not empty but `sign` itself, then the key.
pub(crate) fn sign(fields: &Fields, key: &Secret<String>, how: SignType) -> String {
    let mut text = String::new();
    for (name, value) in fields.iter().filter(|(name, value)| *name != SIGN && !value.is_empty()) {
        text.push_str(&format!("{name}={value}&"));
    }
    text.push_str(&format!("key={}", key.expose()));
    match how {
        SignType::Md5 => crypto::digest::md5_hex(text.as_bytes()).to_uppercase(),
        SignType::HmacSha256 => {
            let key = Secret::new(key.expose().as_bytes().to_vec());
            hex::encode_upper(crypto::mac::hmac_sha256(&key, text.as_bytes()))
        }
    }
}

/// Whether the message carries the signature it should.
pub(crate) fn is_signed(fields: &Fields, key: &Secret<String>, how: SignType) -> bool {
    fields.get(SIGN).is_some_and(|given| {
        let expected = sign(fields, key, how);
        crypto::mac::constant_time_eq(given.as_bytes(), expected.as_bytes())
    })
}

/// Signs and writes.
pub(crate) fn write_signed(mut fields: Fields, key: &Secret<String>, how: SignType) -> String {
    let signature = sign(&fields, key, how);
    fields.insert(SIGN.to_owned(), signature);
    write(&fields)
}

/// The message with a signature that does not fit it; an unsigned message stays as it is.
pub(crate) fn with_wrong_signature(body: &Bytes) -> Bytes {
    let fields = std::str::from_utf8(body).ok().and_then(parse);
    match fields {
        Some(mut fields) if fields.contains_key(SIGN) => {
            fields.insert(SIGN.to_owned(), crypto::digest::md5_hex(body).to_uppercase());
            Bytes::from(write(&fields))
        }
        Some(_) | None => body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn flat_xml_is_read_and_everything_else_refused() {
        for (text, expect) in [
            ("<xml><a>1</a></xml>", Some(fields(&[("a", "1")]))),
            ("<xml>\n<a><![CDATA[<&>]]></a>\n<b/></xml>", Some(fields(&[("a", "<&>"), ("b", "")]))),
            ("<xml><a>x&amp;y&#33;</a></xml>", Some(fields(&[("a", "x&y!")]))),
            ("<?xml version=\"1.0\"?><xml><a></a></xml>", Some(fields(&[("a", "")]))),
            ("", None),
            ("text", None),
            ("<xml></xml>", None),
            ("<xml><a>1</a>", None),
            ("<root><a>1</a></root>", None),
            ("<xml><a><b>1</b></a></xml>", None),
            ("<xml><a>1</a><a>2</a></xml>", None),
            ("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml><a>&e;</a></xml>", None),
            ("<xml><a>&e;</a></xml>", None),
        ] {
            assert_eq!(parse(text), expect, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let message = fields(&[("a", "]]>"), ("b", "商品 <1> & \"2\""), ("c", "")]);
        assert_eq!(parse(&write(&message)), Some(message));
    }

    // The worked example of the channel's signature page: its fields, its key, its two results.
    #[test]
    fn the_channels_own_example_is_signed_alike() {
        let message = fields(&[
            ("appid", "wxd930ea5d5a258f4f"),
            ("mch_id", "10000100"),
            ("device_info", "1000"),
            ("body", "test"),
            ("nonce_str", "ibuaiVcKdpRxkhJA"),
        ]);
        let key = Secret::new("192006250b4c09247ec02edce69f6a2d".to_owned());
        for (how, expect) in [
            (SignType::Md5, "9A0A8659F005D6984697E2CA0A9CF3B7"),
            (
                SignType::HmacSha256,
                "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6",
            ),
        ] {
            assert_eq!(sign(&message, &key, how), expect);
            let signed = parse(&write_signed(message.clone(), &key, how)).unwrap();
            assert!(is_signed(&signed, &key, how));
            let mut tampered = signed.clone();
            tampered.insert("body".to_owned(), "tesT".to_owned());
            assert!(!is_signed(&tampered, &key, how));
            assert!(!is_signed(&message, &key, how), "unsigned");
        }
    }
}
