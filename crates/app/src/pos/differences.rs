//! 差异: what terminals and we do not agree about, decided by two people over the slip.

use jiff::Timestamp;
use orders::{Difference, DifferenceDecision, DifferenceKey, DifferenceRefusal};
use secret::Secret;
use store::{AdminRow, Changes, Command, Decision, PosSlipRow, Reads, View};

use crate::App;
use crate::error::{Failure, Refused, UseCaseError};

/// Differences shown at once.
pub const DIFFERENCES_MAX: u32 = 1_000;
/// Bytes of a slip.
pub const SLIP_BYTES_MAX: usize = 1_000_000;

/// A slip as it was attached.
#[derive(Debug)]
pub struct Slip {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl App {
    /// What waits for people, or all that ever did; the oldest first.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn pos_differences(&self, open_only: bool) -> Result<Vec<Difference>, Failure> {
        Ok(self.store.differences(open_only, DIFFERENCES_MAX).await?)
    }

    /// Keeps a slip as evidence, sealed. The same one again changes nothing.
    ///
    /// # Errors
    /// [`DifferenceRefusal`]; a failure of the store.
    pub async fn attach_slip(
        &self,
        key: DifferenceKey,
        bytes: Vec<u8>,
        by: &str,
    ) -> Result<Difference, UseCaseError> {
        let media_type = media_type(&bytes).ok_or(Refused::Difference(NOT_A_SLIP))?;
        let hash = crypto::digest::sha256(&bytes);
        tracing::info!(difference = %key, operator = by, slip = crypto::digest::to_hex(&hash),
            "a slip is attached to a difference");
        let row = match self.store.pos_slip(&hash).await? {
            Some(_) => None,
            None => Some(PosSlipRow {
                hash,
                media_type: media_type.to_owned(),
                sealed: self.vault.seal(SLIP, &Secret::new(hex::encode(&bytes))),
                created_at: self.now(),
            }),
        };
        let act = Act::Attach { hash, row };
        self.decide_difference(key, act).await
    }

    /// The slip that was attached; none where there is none.
    ///
    /// # Errors
    /// [`DifferenceRefusal::NotFound`]; a failure of the store.
    pub async fn attached_slip(&self, key: DifferenceKey) -> Result<Option<Slip>, UseCaseError> {
        let known = self.store.difference(&key).await?;
        let known = known.ok_or(Refused::Difference(DifferenceRefusal::NotFound))?;
        let Some(hash) = known.slip else { return Ok(None) };
        let Some(row) = self.store.pos_slip(&hash).await? else { return Ok(None) };
        let digits = self.vault.open(SLIP, &row.sealed)?;
        let bytes = hex::decode(digits.expose()).or(Err(Failure::unusable("a slip")))?;
        Ok(Some(Slip { media_type: row.media_type, bytes }))
    }

    /// Proposes an end. One that nobody approved is replaced.
    ///
    /// # Errors
    /// [`DifferenceRefusal`]; a failure of the store.
    pub async fn propose_difference(
        &self,
        key: DifferenceKey,
        proposal: DifferenceDecision,
    ) -> Result<Difference, UseCaseError> {
        tracing::info!(difference = %key, operator = proposal.proposed_by,
            outcome = ?proposal.outcome, "an operator proposes an end of a difference");
        self.decide_difference(key, Act::Propose(proposal)).await
    }

    /// Approves what another operator proposed.
    ///
    /// # Errors
    /// [`DifferenceRefusal`]; a failure of the store.
    pub async fn approve_difference(
        &self,
        key: DifferenceKey,
        by: &str,
    ) -> Result<Difference, UseCaseError> {
        tracing::info!(difference = %key, operator = by, "an operator approves an end of a difference");
        self.decide_difference(key, Act::Approve { by: by.to_owned() }).await
    }

    async fn decide_difference(
        &self,
        key: DifferenceKey,
        act: Act,
    ) -> Result<Difference, UseCaseError> {
        let decide = Decide { at: self.now(), key, act };
        Ok(self.store.write(decide).await?.map_err(Refused::Difference)?)
    }
}

/// What slips are sealed for.
const SLIP: &str = "pos-slip";
const NOT_A_SLIP: DifferenceRefusal = DifferenceRefusal::NotASlip;

/// By how it begins: what a file calls itself proves nothing.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() || bytes.len() > SLIP_BYTES_MAX {
        return None;
    }
    let known: [(&[u8], &str); 3] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xFF\xD8\xFF", "image/jpeg"),
        (b"%PDF-", "application/pdf"),
    ];
    let found = known.iter().find(|(begin, _)| bytes.starts_with(begin));
    let is_text = || std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'));
    found.map(|(_, name)| *name).or_else(|| is_text().then_some("text/plain; charset=utf-8"))
}

enum Act {
    Attach { hash: [u8; 32], row: Option<PosSlipRow> },
    Propose(DifferenceDecision),
    Approve { by: String },
}

struct Decide {
    at: Timestamp,
    key: DifferenceKey,
    act: Act,
}

impl Command for Decide {
    type Answer = Result<Difference, DifferenceRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.differences.insert(self.key);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let Some(known) = view.difference(&self.key) else {
            return Decision::answer(Err(DifferenceRefusal::NotFound));
        };
        let decided = match &self.act {
            Act::Attach { hash, .. } => known.with_slip(*hash, self.at),
            Act::Propose(proposal) => known.propose(proposal.clone(), self.at),
            Act::Approve { by } => known.approve(by, self.at),
        };
        let next = match decided {
            Ok(next) => next,
            Err(refusal) => return Decision::answer(Err(refusal)),
        };
        let admin = match &self.act {
            Act::Attach { row, .. } => row.iter().cloned().map(AdminRow::PosSlip).collect(),
            Act::Propose(_) | Act::Approve { .. } => Vec::new(),
        };
        let differences = vec![next.clone()];
        let changes = Changes { differences, admin, ..Changes::default() };
        Decision { changes, answer: Ok(next) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_by_how_they_begin() {
        let check = |bytes: &[u8], expect: Option<&str>| assert_eq!(media_type(bytes), expect);
        check(b"\x89PNG\r\n\x1a\nrest", Some("image/png"));
        check(b"\xFF\xD8\xFF\xE0", Some("image/jpeg"));
        check(b"%PDF-1.7", Some("application/pdf"));
        check("消费 12.34".as_bytes(), Some("text/plain; charset=utf-8"));
        check(b"", None);
        check(b"MZ\0\0", None);
        check(b"\xFF\xFE", None);
        check(&vec![b'a'; SLIP_BYTES_MAX + 1], None);
    }
}
