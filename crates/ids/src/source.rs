//! Makes ids that no other source makes.

use std::sync::atomic::{AtomicI64, Ordering};

/// 2025-01-01T00:00:00Z, the first millisecond an id can carry.
const EPOCH_MS: i64 = 1_735_689_600_000;
const SEQUENCE_BITS: u32 = 12;
const NODE_BITS: u32 = 10;

/// The highest node number.
pub const NODE_MAX: u16 = (1 << NODE_BITS) - 1;

/// A node number above [`NODE_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a node number is at most {NODE_MAX}")]
pub struct NodeTooHigh;

/// One per process: ids are unique as long as no two live processes share a node number.
#[derive(Debug)]
pub struct IdSource {
    node: i64,
    /// Milliseconds since the epoch and the sequence, in one word: it only ever grows, so a clock
    /// that steps back, or more than 4,096 ids in a millisecond, borrows from the future instead of
    /// repeating.
    last: AtomicI64,
}

impl IdSource {
    /// # Errors
    /// [`NodeTooHigh`] above [`NODE_MAX`].
    pub const fn new(node: u16) -> Result<Self, NodeTooHigh> {
        if node > NODE_MAX {
            return Err(NodeTooHigh);
        }
        // `as` because `From` is not const; it widens.
        #[expect(clippy::as_conversions, reason = "widening in a const fn")]
        let node = node as i64;
        Ok(Self { node, last: AtomicI64::new(0) })
    }

    pub(crate) fn next(&self, now_ms: i64) -> i64 {
        let now = (now_ms - EPOCH_MS).max(0) << SEQUENCE_BITS;
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now.max(last + 1)))
            .unwrap_or(0);
        let word = now.max(last + 1);
        let (ms, sequence) = (word >> SEQUENCE_BITS, word & ((1 << SEQUENCE_BITS) - 1));
        assert!(ms < 1 << 41, "the clock is beyond what an id can carry (the year 2094)");
        (ms << (NODE_BITS + SEQUENCE_BITS)) | (self.node << SEQUENCE_BITS) | sequence
    }
}

/// Not above any id of that millisecond or a later one.
pub(crate) const fn first_of_ms(ms: i64) -> i64 {
    let since = ms.saturating_sub(EPOCH_MS);
    if since < 0 { 0 } else { since << (NODE_BITS + SEQUENCE_BITS) }
}

/// The millisecond in which an id was made; never before the epoch of ids.
pub(crate) const fn made_at_ms(raw: i64) -> i64 {
    EPOCH_MS + (raw >> (NODE_BITS + SEQUENCE_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_never_repeat_though_the_clock_steps_back() {
        let source = IdSource::new(3).unwrap();
        let start = EPOCH_MS + 1_000_000;
        let mut made: Vec<i64> = (0..10_000).map(|i| source.next(start - i / 100)).collect();
        assert!(made.is_sorted());
        made.dedup();
        assert_eq!(made.len(), 10_000);
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let source = IdSource::new(NODE_MAX).unwrap();
        for ms in [0, 1, 1_000_000, (1 << 41) - 1] {
            assert_eq!(made_at_ms(source.next(EPOCH_MS + ms)), EPOCH_MS + ms);
        }
        assert_eq!(made_at_ms(0), EPOCH_MS);
    }

    #[test]
    fn nodes_never_meet() {
        let (a, b) = (IdSource::new(1).unwrap(), IdSource::new(2).unwrap());
        let now = EPOCH_MS + 5;
        let of_a: Vec<i64> = (0..5_000).map(|_| a.next(now)).collect();
        assert!((0..5_000).all(|_| !of_a.contains(&b.next(now))));
        assert!(IdSource::new(NODE_MAX + 1).is_err());
    }
}
