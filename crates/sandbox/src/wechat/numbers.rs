//! The channel's own numbers: transactions, refunds, prepaid orders, payers, nonces.
//!
//! They are counted or derived, never drawn: the same calls at the same times give the same numbers.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Every date and time in WeChat Pay's messages is Beijing time, which knows no summer time.
const BEIJING: jiff::tz::Offset = jiff::tz::offset(8);

#[derive(Debug, Default)]
pub(crate) struct Numbers {
    last: u64,
}

impl Numbers {
    /// 28 digits: `4200`, the day, a sequence.
    pub(crate) fn transaction_id(&mut self, now: Timestamp) -> String {
        let sequence = self.next();
        format!("4200002{:03}{}{sequence:010}", sequence % 1000, beijing(now, "%Y%m%d"))
    }

    /// 29 digits: `503`, the day, a sequence.
    pub(crate) fn refund_id(&mut self, now: Timestamp) -> String {
        let sequence = self.next();
        format!("50300002{:03}{}{sequence:010}", sequence % 1000, beijing(now, "%Y%m%d"))
    }

    /// 36 characters: `wx`, the time, 20 hex digits.
    pub(crate) fn prepay_id(&mut self, now: Timestamp) -> String {
        let sequence = self.next();
        let tail = nonce(now, &sequence.to_be_bytes()).to_lowercase();
        let tail: String = tail.chars().take(20).collect();
        format!("wx{}{tail}", beijing(now, "%Y%m%d%H%M%S"))
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// 28 characters: the payer's account under one app. Nothing of the seed can be read from it.
pub(crate) fn openid(seed: &str) -> String {
    let digest = crypto::digest::sha256(seed.as_bytes());
    let tail: String = hex::encode(digest).chars().take(27).collect();
    format!("o{tail}")
}

/// 32 characters that no other message at another time has.
pub(crate) fn nonce(now: Timestamp, message: &[u8]) -> String {
    let mut seed = now.as_nanosecond().to_be_bytes().to_vec();
    seed.extend_from_slice(message);
    hex::encode_upper(crypto::digest::sha256(&seed)).chars().take(32).collect()
}

/// RFC 3339 with `+08:00`, whole seconds.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    beijing(at, "%Y-%m-%dT%H:%M:%S+08:00")
}

/// 14 digits, as v2 writes times.
pub(crate) fn digits14(at: Timestamp) -> String {
    beijing(at, "%Y%m%d%H%M%S")
}

/// `2026-03-02 09:30:00`, as v2 writes a refund's time.
pub(crate) fn spaced(at: Timestamp) -> String {
    beijing(at, "%Y-%m-%d %H:%M:%S")
}

fn beijing(at: Timestamp, format: &str) -> String {
    at.to_zoned(TimeZone::fixed(BEIJING)).strftime(format).to_string()
}
