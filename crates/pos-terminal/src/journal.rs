//! What the terminal has done in its batch.

/// A transaction that was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub trace: u32,
    pub batch: u32,
    /// What it is called on the slip: Chinese, English.
    pub title: (&'static str, &'static str),
    /// Which side of the totals it stands on; none for what moves nothing.
    pub side: Option<Side>,
    /// Empty for what was paid by a code.
    pub pan: String,
    pub fen: u64,
    /// Field 37.
    pub reference: String,
    /// Field 38.
    pub auth_code: String,
    /// Field 13, `MMDD`.
    pub date: String,
    /// Field 59 of the answer: the number of a QR payment.
    pub voucher: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Debit,
    Credit,
}

#[derive(Debug, Clone, Default)]
pub struct Journal {
    pub entries: Vec<Entry>,
}

/// One group of cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub debit_fen: u64,
    pub debits: u32,
    pub credit_fen: u64,
    pub credits: u32,
}

impl Journal {
    #[must_use]
    pub fn find(&self, trace: u32) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.trace == trace)
    }

    /// Rows that count in the totals of cards. What was paid by a code is settled without them.
    pub fn counted(&self) -> impl Iterator<Item = (&Entry, Side)> {
        let card = self.entries.iter().filter(|entry| !entry.pan.is_empty());
        card.filter_map(|entry| Some((entry, entry.side?)))
    }

    /// What was taken less what was given back, in fen, by cards and by codes.
    #[must_use]
    pub fn net(&self) -> i128 {
        let signed = |entry: &Entry| match entry.side {
            Some(Side::Debit) => i128::from(entry.fen),
            Some(Side::Credit) => -i128::from(entry.fen),
            None => 0,
        };
        self.entries.iter().map(signed).sum()
    }

    /// Domestic cards, and foreign ones.
    #[must_use]
    pub fn totals(&self) -> [Sums; 2] {
        let mut sums = [Sums::default(); 2];
        let [domestic, foreign] = &mut sums;
        for (entry, side) in self.counted() {
            let group = if is_foreign(&entry.pan) { &mut *foreign } else { &mut *domestic };
            match side {
                Side::Debit => {
                    group.debit_fen = group.debit_fen.saturating_add(entry.fen);
                    group.debits = group.debits.saturating_add(1);
                }
                Side::Credit => {
                    group.credit_fen = group.credit_fen.saturating_add(entry.fen);
                    group.credits = group.credits.saturating_add(1);
                }
            }
        }
        sums
    }
}

/// Numbers of the domestic scheme begin with 62.
#[must_use]
pub(crate) fn is_foreign(pan: &str) -> bool {
    !pan.starts_with("62")
}
