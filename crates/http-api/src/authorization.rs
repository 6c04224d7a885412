//! The `Authorization` header: who signed, when, and what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ids::ApiKeyName;
use jiff::Timestamp;
use merchants::KeyAlgorithm;

/// How far a request's time may be from ours, either way.
pub(crate) const WINDOW_S: i64 = 300;
const NONCE_LENGTH: std::ops::RangeInclusive<usize> = 16..=64;
/// A header longer than this is none of ours.
const HEADER_BYTES_MAX: usize = 2_048;

/// A well-formed header; nothing of it is proven yet.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) algorithm: KeyAlgorithm,
    pub(crate) key: ApiKeyName,
    pub(crate) nonce: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: Vec<u8>,
}

impl Claim {
    /// Reads `SCHEME key_id="..",nonce="..",timestamp="..",signature=".."`; the parts may stand in
    /// any order, each once.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.split_once(' ')?;
        if header.len() > HEADER_BYTES_MAX {
            return None;
        }
        let (mut key, mut nonce, mut timestamp, mut signature) = (None, None, None, None);
        for part in rest.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            let slot = match name {
                "key_id" => &mut key,
                "nonce" => &mut nonce,
                "timestamp" => &mut timestamp,
                "signature" => &mut signature,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        let nonce = nonce.filter(|n| {
            NONCE_LENGTH.contains(&n.len()) && n.bytes().all(|b| b.is_ascii_graphic())
        })?;
        Some(Self {
            algorithm: KeyAlgorithm::of_scheme(scheme)?,
            key: ApiKeyName::parse(key?).ok()?,
            nonce: nonce.to_owned(),
            timestamp: timestamp?.parse().ok()?,
            signature: BASE64.decode(signature?).ok()?,
        })
    }

    /// `METHOD\nPATH?QUERY\nTIMESTAMP\nNONCE\nBODY\n`
    pub(crate) fn signed_text(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("{method}\n{target}\n{}\n{}\n", self.timestamp, self.nonce);
        [head.as_bytes(), body, b"\n"].concat()
    }

    pub(crate) fn is_in_window(&self, now: Timestamp) -> bool {
        (now.as_second().saturating_sub(self.timestamp)).abs() <= WINDOW_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"SUANPAN-HMAC-SHA256 key_id="key_a",nonce="0123456789abcdef",timestamp="1800000000",signature="AAAA""#;

    #[test]
    fn a_header_reads_in_any_order() {
        let claim = Claim::parse(GOOD).unwrap();
        assert_eq!((claim.key.as_str(), claim.timestamp), ("key_a", 1_800_000_000));
        let text = claim.signed_text("POST", "/v1/payments?a=1", b"{}");
        assert_eq!(text, b"POST\n/v1/payments?a=1\n1800000000\n0123456789abcdef\n{}\n");
    }

    #[test]
    fn other_headers_are_refused() {
        let cases = [
            "",
            "Bearer x",
            &GOOD.replace("HMAC-SHA256", "MD5"),
            &GOOD.replace("key_id", "key"),
            &GOOD.replace("0123456789abcdef", "short"),
            &GOOD.replace("1800000000", "soon"),
            &GOOD.replace("AAAA", "not base64!"),
            &GOOD.replace("\"AAAA\"", "AAAA"),
            &format!("{GOOD},nonce=\"0123456789abcdef\""),
            &format!("{GOOD},more=\"x\""),
            &GOOD.replace("key_a", &"k".repeat(3_000)),
        ];
        for header in cases {
            assert!(Claim::parse(header).is_none(), "{header}");
        }
    }

    proptest::proptest! {
        /// Whatever a stranger sends is a claim or none.
        #[test]
        fn any_header_is_read_or_refused(noise in ".{0,200}", at in 0..120_usize, byte in ".") {
            let _noise = Claim::parse(&noise);
            let mut header = GOOD.to_owned();
            header.insert_str(at.min(GOOD.len()), &byte);
            let _changed = Claim::parse(&header);
        }
    }

    #[test]
    fn the_window_is_five_minutes_either_way() {
        let claim = Claim::parse(GOOD).unwrap();
        for (offset, inside) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)]
        {
            let now = Timestamp::from_second(1_800_000_000 + offset).unwrap();
            assert_eq!(claim.is_in_window(now), inside, "{offset}");
        }
    }
}
