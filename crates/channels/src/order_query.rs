//! A channel that read a code of ours asks for the order behind it, and hears who is paid and how much.

use ids::AttemptId;
use jiff::Timestamp;
use money::Amount;

/// What a channel wants to know of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderQuery {
    /// The address in the code.
    pub address: String,
    /// The channel's own number of the scan, the same when it asks again: letters and digits.
    pub query_no: String,
    /// What the payer entered, where the code leaves it to him.
    pub amount: Option<Amount>,
}

/// What it hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderAnswer<'a> {
    /// The payer says how much.
    AmountWanted {
        payee: &'a str,
    },
    /// The order to be paid.
    Order {
        payee: &'a str,
        attempt: AttemptId,
        amount: Amount,
        expires_at: Timestamp,
        notify_url: &'a str,
    },
    NoSuchCode,
    /// The code, its merchant or its order takes nothing.
    OutOfUse,
    AmountNotAllowed,
    BeingPaid,
}

/// The address that a message asks about, before its signature is verified: it tells whose account it
/// is for, and nothing else is believed.
#[must_use]
pub fn scanned_code(body: &[u8]) -> Option<String> {
    let mut fields = form_urlencoded::parse(body);
    fields.find(|(name, _)| name == "qrCode").map(|(_, value)| value.into_owned())
}
