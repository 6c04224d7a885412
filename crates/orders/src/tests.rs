//! The transition tables as golden files, and the rules of money over random histories.

use std::fmt::Write as _;

use super::*;

/// The whole table of attempts: a change of one cell is a change of a rule, seen in review.
#[test]
fn attempt_transitions_are_the_golden_table() {
    let mut table = String::new();
    for state in AttemptState::ALL {
        for event in Event::ALL {
            let (to, effect) = state.apply(event);
            writeln!(table, "{state:?} + {event:?} => {to:?}, {effect:?}").unwrap();
        }
    }
    check_golden("attempt_transitions.txt", &table);
}

#[test]
fn refund_transitions_are_the_golden_table() {
    let mut table = String::new();
    for state in RefundState::ALL {
        for event in RefundEvent::ALL {
            let (to, effect) = state.apply(event);
            writeln!(table, "{state:?} + {event:?} => {to:?}, {effect:?}").unwrap();
        }
    }
    check_golden("refund_transitions.txt", &table);
}

/// `SUANPAN_BLESS=1 cargo test -p orders` writes the tables anew.
fn check_golden(name: &str, text: &str) {
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("SUANPAN_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
}
