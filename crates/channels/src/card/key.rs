//! The numbers by which the network knows a message, out of the id of what it is about.

use ids::{AttemptId, RefundId};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Traces in a second: field 11 has six digits.
const TRACES: i64 = 1_000_000;
/// Bits of an id below its millisecond.
const BELOW_MS: u32 = 22;

/// Fields 7, 11 and 37, and when the message is said to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MessageKey {
    /// `MMDDhhmmss` in China.
    pub(super) transmitted: String,
    pub(super) trace: String,
    /// Unique for as long as ids are.
    pub(super) reference: String,
    /// `hhmmss`, `MMDD`.
    pub(super) local: (String, String),
}

impl MessageKey {
    pub(super) fn of_attempt(id: AttemptId) -> Self {
        Self::of((id.to_i64(), id.made_at_ms()), id.card_reference(), 1)
    }

    /// A void that was reversed is asked for anew: each try is a message of its own.
    pub(super) fn of_refund(id: RefundId, tries: u32) -> Self {
        Self::of((id.to_i64(), id.made_at_ms()), id.card_reference(), tries)
    }

    fn of((raw, made_ms): (i64, i64), reference: String, tries: u32) -> Self {
        let made = Timestamp::from_millisecond(made_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let china = made.to_zoned(TimeZone::fixed(jiff::tz::offset(8)));
        // Ids of one millisecond differ below it, and a second has a thousand of them.
        let below = raw & ((1 << BELOW_MS) - 1);
        let try_no = i64::from(tries.max(1) - 1);
        let trace = (made_ms.rem_euclid(1_000) * 1_000 + below + try_no * 7_919) % TRACES;
        Self {
            transmitted: china.strftime("%m%d%H%M%S").to_string(),
            trace: format!("{trace:06}"),
            reference,
            local: (china.strftime("%H%M%S").to_string(), china.strftime("%m%d").to_string()),
        }
    }

    /// The numbers of field 90: type, trace and time of the message that is reversed or returned.
    pub(super) fn as_original(&self, mti: &str, (acquirer, forwarder): (&str, &str)) -> String {
        format!("{mti}{}{}{acquirer:0>11}{forwarder:0>11}", self.trace, self.transmitted)
    }
}
