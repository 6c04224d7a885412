//! Holds and journals whose ids come again.

use ids::{HoldId, JournalId, RefundId};
use jiff::Timestamp;
use ledger::rules::{self, RefundSource};
use ledger::{AccountKey, Header, Hold, Journal, Refusal};
use money::Currency;
use store::{Changes, Command, Decision, Reads, View};

use crate::world::{World, fen};

/// How a hold is to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Post(u64),
    Void,
    /// So many seconds after the hold was made.
    Expire(i64),
}

impl World {
    /// A hold of the merchant's pending money for a minute; `n` makes its id.
    pub(crate) fn hold(&self, n: i64, minor: u64) -> Hold {
        let id = HoldId::from_i64(n).unwrap();
        Hold::new(id, self.pending_key(), fen(minor), self.after(60)).unwrap()
    }

    /// Whether it was a repeat, or why it was refused.
    pub(crate) async fn hold_it(&self, hold: &Hold) -> Result<bool, Refusal> {
        let command = SetAside { at: self.now(), hold: hold.clone() };
        self.store.write(command).await.unwrap()
    }

    pub(crate) async fn end_hold(&self, hold: &Hold, end: End) -> Result<(), Refusal> {
        let journal = match end {
            End::Post(minor) => Some(self.taking(self.head().id, minor)),
            End::Void | End::Expire(_) => None,
        };
        let at = match end {
            End::Expire(seconds) => self.after(seconds),
            End::Post(_) | End::Void => self.now(),
        };
        self.store.write(EndHold { at, hold: hold.id, end, journal }).await.unwrap()
    }

    /// Takes money under a chosen id, so that it can come again.
    pub(crate) fn take_again(&self, n: i64, minor: u64) -> TakeAgain {
        let journal = self.taking(JournalId::from_i64(n).unwrap(), minor);
        TakeAgain { at: self.now(), from: self.pending_key(), journal }
    }

    fn taking(&self, id: JournalId, minor: u64) -> Journal {
        let from = RefundSource { account: self.pending_key(), amount: fen(minor) };
        let transit = AccountKey::refund_transit(RefundId::from_i64(1).unwrap(), Currency::Cny);
        rules::refund_accepted(Header { id, ..self.head() }, &[from], transit).unwrap()
    }
}

struct SetAside {
    at: Timestamp,
    hold: Hold,
}

impl Command for SetAside {
    type Answer = Result<bool, Refusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.holds.insert(self.hold.id);
        reads.accounts.insert(self.hold.account.clone());
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let mut changes = Changes::default();
        let answer = match view.set_aside(self.hold.clone(), self.at) {
            Ok(held) => {
                let repeat = held.is_repeat();
                changes.holds.push(held);
                Ok(repeat)
            }
            Err(unposted) => {
                changes.burnt.extend(unposted.burnt);
                Err(unposted.refusal)
            }
        };
        Decision { changes, answer }
    }
}

struct EndHold {
    at: Timestamp,
    hold: HoldId,
    end: End,
    journal: Option<Journal>,
}

impl Command for EndHold {
    type Answer = Result<(), Refusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.holds.insert(self.hold);
        reads.accounts.extend(self.journal.iter().flat_map(Journal::guarded_debits));
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let resolved = match (self.end, &self.journal) {
            (End::Post(_), Some(journal)) => view.post_held(self.hold, journal.clone(), self.at),
            (End::Expire(_), _) => view.expire_hold(self.hold, self.at),
            (End::Void | End::Post(_), _) => view.void_hold(self.hold, self.at),
        };
        let mut changes = Changes::default();
        let answer = resolved.map(|resolved| changes.resolutions.push(resolved));
        Decision { changes, answer }
    }
}

/// Answers whether it was a repeat.
#[derive(Clone)]
pub(crate) struct TakeAgain {
    at: Timestamp,
    from: AccountKey,
    journal: Journal,
}

impl Command for TakeAgain {
    type Answer = Result<bool, Refusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.journals.insert(self.journal.id());
        reads.accounts.insert(self.from.clone());
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let mut changes = Changes::default();
        let answer = match view.post(self.journal.clone()) {
            Ok(posting) => {
                let repeat = posting.is_repeat();
                changes.postings.push(posting);
                Ok(repeat)
            }
            Err(unposted) => {
                changes.burnt.extend(unposted.burnt);
                Err(unposted.refusal)
            }
        };
        Decision { changes, answer }
    }
}
