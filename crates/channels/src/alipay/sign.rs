//! What Alipay signs, and where in an answer it stands.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{RsaPrivateKey, RsaPublicKey};

use crate::{NoticeRefusal, Request};

/// `k=v` by name, joined with `&`, raw values; empty ones and `sign` are left out.
pub(super) fn sign_text(fields: &BTreeMap<String, String>, left_out: &[&str]) -> String {
    let signed = fields.iter().filter(|(k, v)| !v.is_empty() && !left_out.contains(&k.as_str()));
    signed.map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&")
}

pub(super) fn sign(key: &RsaPrivateKey, fields: &BTreeMap<String, String>) -> String {
    BASE64.encode(key.sign_sha256(sign_text(fields, &["sign"]).as_bytes()))
}

/// The parts of an answer: the node's exact bytes, which the signature covers, and the signature.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) node: &'a [u8],
    sign: Option<String>,
    certificate: Option<String>,
}

impl<'a> Answer<'a> {
    /// Finds the node `name`, or `error_response`, at the top of the answer, wherever it stands.
    pub(super) fn find(body: &'a [u8], name: &str) -> Option<Self> {
        let members = top_members(body)?;
        let get = |name: &str| members.iter().find(|(n, _)| n == name).map(|(_, raw)| *raw);
        let text = |name: &str| get(name).and_then(|raw| serde_json::from_slice(raw).ok());
        let node = get(name).or_else(|| get("error_response"))?;
        Some(Self { node, sign: text("sign"), certificate: text("alipay_cert_sn") })
    }

    /// Verified with the key that we trust; in certificate mode the answer must name its certificate.
    pub(super) fn is_signed(&self, trust: &RsaPublicKey, certificate: Option<&str>) -> bool {
        let Some(sign) = self.sign.as_deref().and_then(|s| BASE64.decode(s).ok()) else {
            return false;
        };
        let right_certificate = match (certificate, self.certificate.as_deref()) {
            (Some(known), Some(named)) => known == named,
            (Some(_), None) => false,
            (None, _) => true,
        };
        right_certificate && trust.verify_sha256(self.node, &sign).is_ok()
    }
}

/// The members of a JSON object with the raw bytes of each value. A real scanner: it knows strings
/// and escapes, so a brace inside a text does not end a node.
fn top_members(body: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut members = Vec::new();
    let mut at = skip_blank(body, 0);
    if body.get(at) != Some(&b'{') {
        return None;
    }
    at = skip_blank(body, at + 1);
    while body.get(at) == Some(&b'"') {
        let end = value_end(body, at)?;
        let name: String = serde_json::from_slice(body.get(at..end)?).ok()?;
        at = skip_blank(body, end);
        if body.get(at) != Some(&b':') {
            return None;
        }
        at = skip_blank(body, at + 1);
        let end = value_end(body, at)?;
        members.push((name, body.get(at..end)?));
        at = skip_blank(body, end);
        match body.get(at)? {
            b',' => at = skip_blank(body, at + 1),
            b'}' => return Some(members),
            _ => return None,
        }
    }
    None
}

fn skip_blank(body: &[u8], mut at: usize) -> usize {
    while body.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Where the value that begins at `at` ends.
fn value_end(body: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for (offset, byte) in body.get(at..)?.iter().enumerate() {
        let here = at + offset;
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => continue,
            }
            if !in_text && depth == 0 {
                return Some(here + 1);
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return (offset > 0).then_some(here),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(here + 1);
                }
            }
            b',' if depth == 0 => return (offset > 0).then_some(here),
            _ => {}
        }
    }
    None
}

/// All fields of a notice, decoded once: of the query, then of the form.
pub(super) fn notice_fields(request: &Request) -> Result<BTreeMap<String, String>, NoticeRefusal> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(request.body()));
    let mut fields = BTreeMap::new();
    for (name, value) in pairs {
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(NoticeRefusal::Malformed);
        }
    }
    Ok(fields)
}

/// Every field counts but `sign` and `sign_type`, those that we do not know too.
pub(super) fn verify_notice(
    trust: &RsaPublicKey,
    fields: &BTreeMap<String, String>,
) -> Result<(), NoticeRefusal> {
    let sign = fields.get("sign").and_then(|s| BASE64.decode(s).ok());
    let sign = sign.ok_or(NoticeRefusal::BadSignature)?;
    let text = sign_text(fields, &["sign", "sign_type"]);
    trust.verify_sha256(text.as_bytes(), &sign).or(Err(NoticeRefusal::BadSignature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_is_found_by_its_exact_bytes() {
        let node = r#"{"a":"}{\"","b":[{"c":"\\"}], "d" : 1}"#;
        let cases = [
            format!(r#"{{"x_response":{node},"sign":"AA=="}}"#),
            format!(r#" {{ "sign" : "AA==" , "x_response" : {node} }} "#),
            format!(r#"{{"alipay_cert_sn":"1","x_response":{node},"sign":"AA=="}}"#),
        ];
        for body in cases {
            let answer = Answer::find(body.as_bytes(), "x_response").unwrap();
            assert_eq!(answer.node, node.as_bytes(), "{body}");
            assert_eq!(answer.sign.as_deref(), Some("AA=="));
        }
        let error = br#"{"error_response":{"code":"40002"}}"#;
        assert!(Answer::find(error, "x_response").is_some());
    }

    #[test]
    fn other_bodies_have_no_node() {
        for body in
            ["", "{", "[]", "null", r#"{"x_response":"#, r#"{"x_response":{"a":1}"#, "<html>"]
        {
            assert!(Answer::find(body.as_bytes(), "x_response").is_none(), "{body}");
        }
    }

    #[test]
    fn empty_values_and_the_signature_are_not_signed() {
        let pairs = [("b", "2"), ("a", "1"), ("empty", ""), ("sign", "x"), ("sign_type", "RSA2")];
        let fields = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(sign_text(&fields, &["sign"]), "a=1&b=2&sign_type=RSA2");
        assert_eq!(sign_text(&fields, &["sign", "sign_type"]), "a=1&b=2");
    }
}
