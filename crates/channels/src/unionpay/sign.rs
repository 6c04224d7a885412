//! What UnionPay signs, how its answers are taken apart, and whose certificate is believed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::digest::{sha256, to_hex};
use crypto::{Certificate, RsaPrivateKey};
use jiff::Timestamp;

use crate::{NoticeRefusal, Request};

pub(super) type Fields = BTreeMap<String, String>;

/// Fields of one message; UnionPay's have about forty.
const FIELDS_MAX: usize = 200;

/// `k=v` by name, joined with `&`, raw values, without `signature`.
fn sign_text(fields: &Fields) -> String {
    let signed = fields.iter().filter(|(name, _)| name.as_str() != "signature");
    signed.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// 5.1.0 with `signMethod` 01 hashes twice: the signature, with its own SHA-256, is over the
/// hexadecimal text of the SHA-256.
fn signed_bytes(fields: &Fields) -> Vec<u8> {
    to_hex(&sha256(sign_text(fields).as_bytes())).into_bytes()
}

pub(super) fn sign(key: &RsaPrivateKey, fields: &Fields) -> String {
    BASE64.encode(key.sign_sha256(&signed_bytes(fields)))
}

/// The certificates that vouch for UnionPay's own.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) root: Certificate,
    pub(super) middle: Certificate,
    /// The common name that the signing certificate must have.
    pub(super) name: String,
}

impl Trust {
    /// Whether a message is UnionPay's: its `signPubKeyCert` stands in our chain, is valid now, bears
    /// UnionPay's name, is the one that `certId` names, and its key made the signature.
    pub(super) fn vouches_for(&self, fields: &Fields, now: Timestamp) -> bool {
        let get = |name: &str| fields.get(name).map(String::as_str);
        let signature = get("signature").and_then(|text| BASE64.decode(text).ok());
        let signer = get("signPubKeyCert").and_then(|pem| Certificate::from_pem(pem).ok());
        let (Some(signature), Some(signer)) = (signature, signer) else {
            return false;
        };
        // Another method would be another signature under the same certificate.
        get("version") == Some("5.1.0")
            && get("signMethod") == Some("01")
            && get("certId").is_none_or(|id| id == signer.serial_decimal())
            && self.believes(&signer, now)
            && signer
                .public_key()
                .is_ok_and(|key| key.verify_sha256(&signed_bytes(fields), &signature).is_ok())
    }

    fn believes(&self, signer: &Certificate, now: Timestamp) -> bool {
        let chain = [signer, &self.middle, &self.root];
        signer.subject_common_name() == Some(&self.name)
            && chain.iter().all(|certificate| certificate.is_valid_at(now.as_second()))
            && signer.is_signed_by(&self.middle)
            && self.middle.is_signed_by(&self.root)
    }
}

/// The fields of an answer: `k=v&k=v`, not URL-encoded. A value ends at the first `&` outside of
/// braces, for `{a=b&c=d}` is one value; a name ends at its first `=`, for base64 holds others.
pub(super) fn answer_fields(body: &[u8]) -> Option<Fields> {
    let text = std::str::from_utf8(body).ok()?;
    let mut fields = Fields::new();
    let (mut depth, mut begin) = (0_u32, 0);
    let ends = text.char_indices().chain([(text.len(), '&')]);
    for (at, character) in ends {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1)?,
            '&' if depth == 0 => {
                let (name, value) = text.get(begin..at)?.split_once('=')?;
                let twice = fields.insert(name.to_owned(), value.to_owned()).is_some();
                if twice || name.is_empty() || fields.len() > FIELDS_MAX {
                    return None;
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
    (depth == 0).then_some(fields)
}

/// The fields of a notice: a form, decoded once.
pub(super) fn notice_fields(request: &Request) -> Result<Fields, NoticeRefusal> {
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(request.body()) {
        let twice = fields.insert(name.into_owned(), value.into_owned()).is_some();
        if twice || fields.len() > FIELDS_MAX {
            return Err(NoticeRefusal::Malformed);
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_value_ends_where_its_braces_do() {
        for (body, expect) in [
            ("a=1", Some(vec![("a", "1")])),
            ("a=1&b=", Some(vec![("a", "1"), ("b", "")])),
            ("sig=AA==&a=1", Some(vec![("sig", "AA=="), ("a", "1")])),
            ("c={x=1&y={z=2&w=3}}&a=1", Some(vec![("c", "{x=1&y={z=2&w=3}}"), ("a", "1")])),
            ("a=%2B+&b=\r\n", Some(vec![("a", "%2B+"), ("b", "\r\n")])),
            ("", None),
            ("a", None),
            ("a=1&", None),
            ("=1", None),
            ("a=1&a=2", None),
            ("a={", None),
            ("a=}", None),
            ("<html>", None),
        ] {
            let expect = expect.map(|pairs| fields(&pairs));
            assert_eq!(answer_fields(body.as_bytes()), expect, "{body}");
        }
        assert_eq!(answer_fields(b"a=\xff"), None);
    }

    /// The inner digest was computed with `printf 'a=1&b=2' | sha256sum`.
    #[test]
    fn the_text_is_sorted_and_hashed_once_before_it_is_signed() {
        let message = fields(&[("b", "2"), ("a", "1"), ("signature", "x")]);
        assert_eq!(sign_text(&message), "a=1&b=2");
        assert_eq!(signed_bytes(&message), DIGEST.as_bytes());
        let key = RsaPrivateKey::generate();
        let signature = BASE64.decode(sign(&key, &message)).unwrap();
        let public = key.public_key();
        public.verify_sha256(DIGEST.as_bytes(), &signature).unwrap();
        assert!(public.verify_sha256(b"a=1&b=2", &signature).is_err(), "hashed once");
    }

    const DIGEST: &str = "8e85be58c1c372ac29fe7bfa80d8ddcbd04a4032c7b51c1c026d67c55b1ab23f";
}
