//! Replay and rate: both remembered within bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use ids::ApiKeyName;
use jiff::Timestamp;

use crate::authorization::WINDOW_S;

/// Nonces remembered at once; when they are full, requests are refused until old ones go.
const NONCES_MAX: usize = 4_000_000;
/// Nonces of one stretch of time are forgotten together.
const STRETCH_S: i64 = 60;

/// Requests of one key: so many at once, then so many per second.
const BURST: u32 = 10_000;
const PER_SECOND: u32 = 10_000;
/// What anybody may ask for without a key, all together.
pub(crate) const OPEN_BURST: u32 = 200;
pub(crate) const OPEN_PER_SECOND: u32 = 50;
/// Payments begun at one plate, or for one order.
pub(crate) const PAGE_BURST: u32 = 30;
pub(crate) const PAGE_PER_SECOND: u32 = 5;
/// Openings of one code that are kept.
pub(crate) const SCAN_BURST: u32 = 100;
pub(crate) const SCAN_PER_SECOND: u32 = 20;
/// Activations that come from one address.
pub(crate) const IP_BURST: u32 = 20;
pub(crate) const IP_PER_SECOND: u32 = 1;
/// Looks at the channel for one waiting payer.
pub(crate) const LOOK_BURST: u32 = 5;
pub(crate) const LOOK_PER_SECOND: u32 = 1;
/// Keys whose rate is remembered.
const KEYS_MAX: usize = 100_000;

/// What becomes of a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fresh {
    Yes,
    /// Seen before within the window.
    No,
    /// Too many are remembered to take one more.
    Full,
}

/// The nonces of the last ten minutes, per key. They live in the memory of one process: after a
/// restart an old request could come again, and finds the same answer by its merchant number.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<BTreeMap<i64, BTreeSet<(ApiKeyName, String)>>>);

impl Nonces {
    pub(crate) fn take(
        &self,
        key: &ApiKeyName,
        nonce: &str,
        timestamp: i64,
        now: Timestamp,
    ) -> Fresh {
        let Ok(mut stretches) = self.0.lock() else { return Fresh::Full };
        let oldest = (now.as_second() - WINDOW_S).div_euclid(STRETCH_S);
        *stretches = stretches.split_off(&oldest);
        let stretch = timestamp.div_euclid(STRETCH_S);
        if stretches.values().map(BTreeSet::len).sum::<usize>() >= NONCES_MAX {
            return Fresh::Full;
        }
        // The signature covers the time, so a nonce can only come again in its own stretch.
        let fresh = stretches.entry(stretch).or_default().insert((key.clone(), nonce.to_owned()));
        if fresh { Fresh::Yes } else { Fresh::No }
    }
}

/// Tokens left per key, and when they were counted.
#[derive(Debug)]
pub(crate) struct Rates<K> {
    /// So many at once, and so many per second.
    burst: u32,
    per_second: u32,
    keys: Mutex<BTreeMap<K, (u32, Timestamp)>>,
}

impl Rates<ApiKeyName> {
    pub(crate) fn of_keys() -> Self {
        Self::new(BURST, PER_SECOND)
    }
}

impl<K: Ord + Clone> Rates<K> {
    pub(crate) const fn new(burst: u32, per_second: u32) -> Self {
        Self { burst, per_second, keys: Mutex::new(BTreeMap::new()) }
    }

    pub(crate) fn admit(&self, key: &K, now: Timestamp) -> bool {
        let Ok(mut keys) = self.keys.lock() else { return false };
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        let (tokens, counted) = keys.entry(key.clone()).or_insert((self.burst, now));
        let ms = u64::try_from(now.as_millisecond() - counted.as_millisecond()).unwrap_or(0);
        let earned = ms.saturating_mul(u64::from(self.per_second)) / 1_000;
        if earned > 0 {
            let filled = u64::from(*tokens).saturating_add(earned).min(u64::from(self.burst));
            *tokens = u32::try_from(filled).unwrap_or(self.burst);
            *counted = now;
        }
        match tokens.checked_sub(1) {
            Some(left) => {
                *tokens = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_nonce_is_taken_once_per_key() {
        let (nonces, a, b) =
            (Nonces::default(), ApiKeyName::parse("a").unwrap(), ApiKeyName::parse("b").unwrap());
        assert_eq!(nonces.take(&a, "n", 1_000, at(1_000)), Fresh::Yes);
        assert_eq!(nonces.take(&a, "n", 1_000, at(1_200)), Fresh::No);
        assert_eq!(nonces.take(&b, "n", 1_000, at(1_000)), Fresh::Yes);
        assert_eq!(nonces.take(&a, "n", 2_000, at(2_000)), Fresh::Yes, "its time is over");
    }

    #[test]
    fn a_key_that_asks_too_much_waits() {
        let (rates, key) = (Rates::of_keys(), ApiKeyName::parse("a").unwrap());
        let admitted = (0..BURST + 5).filter(|_| rates.admit(&key, at(1))).count();
        assert_eq!(admitted, usize::try_from(BURST).unwrap());
        assert!(rates.admit(&key, at(2)));
    }
}
