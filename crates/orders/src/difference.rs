//! What a terminal and we do not agree about, until two people decided it. Nothing moves by a decision: what it
//! corrects is moved by a payment or a refund of the usual kind, which the decision names.

use std::fmt;
use std::str::FromStr;

use ids::{MerchantId, TradeId};
use jiff::Timestamp;

use crate::batch::{Upload, Verdict};
use crate::refusal::DifferenceRefusal;
use crate::trade::{Trade, TradeKey};

/// The longest note of a decision, in characters.
pub const NOTE_CHARS_MAX: usize = 500;
/// The longest reference of what corrected a difference.
const REFERENCE_CHARS_MAX: usize = 64;

/// A case: one row of a terminal's journal, or one advice that nobody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub key: DifferenceKey,
    pub merchant: MerchantId,
    /// In fen: what the terminal said, and what we have.
    pub said: Option<u64>,
    pub ours: Option<u64>,
    pub trade: Option<TradeId>,
    /// SHA-256 of the slip that was attached.
    pub slip: Option<[u8; 32]>,
    pub decision: Option<DifferenceDecision>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One trade may be a case for more than one reason. Written `terminal:batch:trace:kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DifferenceKey {
    pub trade: TradeKey,
    pub kind: DifferenceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// Card or amount are other ones.
    Differs,
    /// We have no such approved trade.
    TerminalOnly,
    /// The terminal did not say it.
    HostOnly,
    /// The terminal was told that it is done, and the network refuses it.
    AdviceRefused,
}

impl DifferenceKind {
    pub const ALL: [Self; 4] =
        [Self::Differs, Self::TerminalOnly, Self::HostOnly, Self::AdviceRefused];

    /// For commands and stored rows; never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::TerminalOnly => "terminal_only",
            Self::HostOnly => "host_only",
            Self::AdviceRefused => "advice_refused",
        }
    }
}

impl fmt::Display for DifferenceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TradeKey { terminal, batch, trace } = self.trade;
        write!(f, "{terminal}:{batch}:{trace}:{}", self.kind.code())
    }
}

/// The text is not one that `Display` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a difference is named by terminal:batch:trace:kind")]
pub struct NotADifference;

impl FromStr for DifferenceKey {
    type Err = NotADifference;

    fn from_str(text: &str) -> Result<Self, NotADifference> {
        let parts: Vec<&str> = text.split(':').collect();
        let [terminal, batch, trace, kind] = *parts else { return Err(NotADifference) };
        let number = |digits: &str| digits.parse().or(Err(NotADifference));
        let terminal = terminal.parse().or(Err(NotADifference))?;
        let kind = DifferenceKind::ALL.into_iter().find(|known| known.code() == kind);
        let trade = TradeKey { terminal, batch: number(batch)?, trace: number(trace)? };
        Ok(Self { trade, kind: kind.ok_or(NotADifference)? })
    }
}

/// How people end a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceDecision {
    pub outcome: DifferenceOutcome,
    pub note: String,
    pub proposed_by: String,
    pub approved_by: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceOutcome {
    /// 以我方为准: our books are right.
    OursStands,
    /// 已另行调整: what was wrong was moved by this payment, refund or transfer.
    Corrected { reference: String },
}

impl Difference {
    /// The case of an uploaded row; none where the row is ours.
    #[must_use]
    pub fn of_upload(
        upload: &Upload,
        trade: Option<&Trade>,
        merchant: MerchantId,
        now: Timestamp,
    ) -> Option<Self> {
        let kind = match upload.verdict {
            Verdict::Matched => return None,
            Verdict::Differs => DifferenceKind::Differs,
            Verdict::TerminalOnly => DifferenceKind::TerminalOnly,
            Verdict::HostOnly => DifferenceKind::HostOnly,
        };
        Some(Self {
            said: (kind != DifferenceKind::HostOnly).then_some(upload.amount),
            ours: trade.map(|trade| trade.moved().minor()),
            trade: upload.trade,
            ..Self::open(DifferenceKey { trade: upload.key, kind }, merchant, now)
        })
    }

    /// The case of an advice that the network refuses after its terminal was told 00.
    #[must_use]
    pub fn of_refused_advice(trade: &Trade, now: Timestamp) -> Self {
        Self {
            said: Some(trade.amount.minor()),
            trade: Some(trade.id),
            ..Self::open(
                DifferenceKey { trade: trade.key, kind: DifferenceKind::AdviceRefused },
                trade.merchant,
                now,
            )
        }
    }

    const fn open(key: DifferenceKey, merchant: MerchantId, now: Timestamp) -> Self {
        Self {
            key,
            merchant,
            said: None,
            ours: None,
            trade: None,
            slip: None,
            decision: None,
            opened_at: now,
            updated_at: now,
        }
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        self.decision.as_ref().is_none_or(|decision| decision.approved_by.is_none())
    }

    /// Attaches the slip as evidence: another one takes its place while the case is open.
    ///
    /// # Errors
    /// [`DifferenceRefusal`]
    pub fn with_slip(&self, slip: [u8; 32], now: Timestamp) -> Result<Self, DifferenceRefusal> {
        self.still_open()?;
        // What was proposed was proposed over other evidence.
        let decision = self.decision.clone().filter(|_| self.slip == Some(slip));
        Ok(Self { slip: Some(slip), decision, updated_at: now, ..self.clone() })
    }

    /// Notes a proposal; one that was not approved is replaced.
    ///
    /// # Errors
    /// [`DifferenceRefusal`], in its order.
    pub fn propose(
        &self,
        proposal: DifferenceDecision,
        now: Timestamp,
    ) -> Result<Self, DifferenceRefusal> {
        self.still_open()?;
        let chars = proposal.note.chars().count();
        if chars == 0 || chars > NOTE_CHARS_MAX {
            return Err(DifferenceRefusal::Note);
        }
        if let DifferenceOutcome::Corrected { reference } = &proposal.outcome {
            if !(1..=REFERENCE_CHARS_MAX).contains(&reference.chars().count()) {
                return Err(DifferenceRefusal::Reference);
            }
            // What only we have has no slip.
            if self.slip.is_none() && self.key.kind != DifferenceKind::HostOnly {
                return Err(DifferenceRefusal::NoSlip);
            }
        }
        let decision = Some(DifferenceDecision { approved_by: None, ..proposal });
        Ok(Self { decision, updated_at: now, ..self.clone() })
    }

    /// Approves what another person proposed: the case is closed.
    ///
    /// # Errors
    /// [`DifferenceRefusal`], in its order.
    pub fn approve(&self, by: &str, now: Timestamp) -> Result<Self, DifferenceRefusal> {
        self.still_open()?;
        let proposed = self.decision.clone().ok_or(DifferenceRefusal::NothingProposed)?;
        if proposed.proposed_by == by {
            return Err(DifferenceRefusal::SamePerson);
        }
        let decision = Some(DifferenceDecision { approved_by: Some(by.to_owned()), ..proposed });
        Ok(Self { decision, updated_at: now, ..self.clone() })
    }

    fn still_open(&self) -> Result<(), DifferenceRefusal> {
        if self.is_open() { Ok(()) } else { Err(DifferenceRefusal::Closed) }
    }
}

#[cfg(test)]
mod tests {
    use ids::TerminalId;

    use super::*;

    fn case(kind: DifferenceKind) -> Difference {
        let trade = TradeKey { terminal: TerminalId::from_i64(1).unwrap(), batch: 1, trace: 7 };
        let merchant = MerchantId::from_i64(2).unwrap();
        Difference::open(DifferenceKey { trade, kind }, merchant, Timestamp::UNIX_EPOCH)
    }

    fn proposal(outcome: DifferenceOutcome) -> DifferenceDecision {
        let (note, proposed_by) = ("looked at".to_owned(), "ana".to_owned());
        DifferenceDecision { outcome, note, proposed_by, approved_by: None }
    }

    /// They never change.
    #[test]
    fn refusals_have_their_codes() {
        use DifferenceRefusal::{
            Closed, NoSlip, NotASlip, NotFound, Note, NothingProposed, Reference, SamePerson,
        };
        for (refusal, code) in [
            (NotFound, "difference_not_found"),
            (Closed, "difference_closed"),
            (Note, "difference_note"),
            (Reference, "difference_reference"),
            (NoSlip, "slip_missing"),
            (NothingProposed, "nothing_proposed"),
            (SamePerson, "same_person"),
            (NotASlip, "not_a_slip"),
        ] {
            assert_eq!(refusal.code(), code);
        }
    }

    #[test]
    fn a_difference_has_a_name() {
        for kind in DifferenceKind::ALL {
            let key = case(kind).key;
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for text in ["", "1:2:3", "x:1:7:differs", "x:1:7:other", "::::"] {
            assert_eq!(text.parse::<DifferenceKey>(), Err(NotADifference), "{text}");
        }
    }

    #[test]
    fn two_people_decide_over_a_slip() {
        let now = Timestamp::UNIX_EPOCH;
        let corrected = || proposal(DifferenceOutcome::Corrected { reference: "ref_1".to_owned() });
        let open = case(DifferenceKind::TerminalOnly);
        assert_eq!(open.approve("ben", now).unwrap_err(), DifferenceRefusal::NothingProposed);
        assert_eq!(open.propose(corrected(), now).unwrap_err(), DifferenceRefusal::NoSlip);
        let with_slip = open.with_slip([1; 32], now).unwrap();
        let proposed = with_slip.propose(corrected(), now).unwrap();
        assert_eq!(proposed.approve("ana", now).unwrap_err(), DifferenceRefusal::SamePerson);
        // Other evidence: to be proposed anew.
        let other = proposed.with_slip([2; 32], now).unwrap();
        assert_eq!(other.approve("ben", now).unwrap_err(), DifferenceRefusal::NothingProposed);
        let closed = proposed.approve("ben", now).unwrap();
        assert!(!closed.is_open());
        assert_eq!(closed.with_slip([3; 32], now).unwrap_err(), DifferenceRefusal::Closed);
        assert_eq!(closed.propose(corrected(), now).unwrap_err(), DifferenceRefusal::Closed);
        assert_eq!(closed.approve("ben", now).unwrap_err(), DifferenceRefusal::Closed);
    }

    #[test]
    fn a_proposal_says_why_and_what() {
        let now = Timestamp::UNIX_EPOCH;
        let ours = || proposal(DifferenceOutcome::OursStands);
        let open = case(DifferenceKind::HostOnly);
        for note in [String::new(), "x".repeat(NOTE_CHARS_MAX + 1)] {
            let said = DifferenceDecision { note, ..ours() };
            assert_eq!(open.propose(said, now).unwrap_err(), DifferenceRefusal::Note);
        }
        for reference in [String::new(), "x".repeat(REFERENCE_CHARS_MAX + 1)] {
            let said = proposal(DifferenceOutcome::Corrected { reference });
            assert_eq!(open.propose(said, now).unwrap_err(), DifferenceRefusal::Reference);
        }
        // What only we have has no slip to attach.
        let said = proposal(DifferenceOutcome::Corrected { reference: "r".to_owned() });
        assert!(open.propose(said, now).is_ok());
        assert!(case(DifferenceKind::Differs).propose(ours(), now).is_ok());
    }
}
