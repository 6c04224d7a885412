//! What anybody can ask in a terminal's name is bounded: sign-on and sign-off carry no code, and a stranger
//! who knows a terminal's numbers could change its keys without end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ids::TerminalId;
use jiff::{SignedDuration, Timestamp};

/// Sign-ons and sign-offs of one terminal in a window.
const ASKED_MAX: u32 = 20;
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Terminals that are counted; beyond it counting begins anew.
const COUNTED_MAX: usize = 50_000;

#[derive(Debug, Default)]
pub(crate) struct Brake(Mutex<BTreeMap<TerminalId, Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Timestamp,
    asked: u32,
}

impl Brake {
    /// Counts one, and says whether it is still within bounds.
    pub(crate) fn permits(&self, terminal: TerminalId, now: Timestamp) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= COUNTED_MAX && !counted.contains_key(&terminal) {
            counted.clear();
        }
        let window = counted.entry(terminal).or_insert(Window { began: now, asked: 0 });
        if now.duration_since(window.began) >= WINDOW {
            *window = Window { began: now, asked: 0 };
        }
        window.asked = window.asked.saturating_add(1);
        window.asked <= ASKED_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_s_minute_is_bounded() {
        let ids = ids::IdSource::new(1).unwrap();
        let start = Timestamp::from_second(1_795_147_200).unwrap();
        let (one, other) = (TerminalId::generate(&ids, 0), TerminalId::generate(&ids, 0));
        let brake = Brake::default();
        assert!((0..ASKED_MAX).all(|_| brake.permits(one, start)));
        assert!(!brake.permits(one, start));
        assert!(brake.permits(other, start));
        let later = start.saturating_add(WINDOW).unwrap();
        assert!(brake.permits(one, later));
    }
}
