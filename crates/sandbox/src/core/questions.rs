//! What a channel asks an acquirer while a payer waits: the channel says what to send, somebody else
//! sends it.

use bytes::Bytes;
use http::HeaderMap;

use super::Fault;

/// A question to the owner of a code. Whoever gets one sends it and tells what came of it by
/// [`super::Sandbox::owner_answered`].
#[derive(Debug, Clone)]
pub struct Question {
    pub channel: &'static str,
    /// Its name for fault rules.
    pub call: &'static str,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The channel's number of the scan.
    pub subject: String,
    /// It is sent so much later.
    pub after_ms: u64,
    pub luck: Luck,
}

/// What a fault makes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Luck {
    Answered,
    /// It never arrives: nobody sends it.
    Lost,
    /// It arrives, and its answer is thrown away.
    AnswerLost,
}

/// Whether a question and its answer arrive under this fault.
pub(super) const fn luck(fault: Fault) -> Luck {
    match fault {
        Fault::LostAnswerBeforeEffect | Fault::ServerError | Fault::SystemBusy => Luck::Lost,
        Fault::LostAnswerAfterEffect
        | Fault::ServerErrorAfterEffect
        | Fault::SystemBusyAfterEffect => Luck::AnswerLost,
        Fault::Delay { .. }
        | Fault::WrongSignature
        | Fault::DuplicateAnswer
        | Fault::MerchantShort
        | Fault::PayerRefuses
        | Fault::NoNotice
        | Fault::DuplicateNotice
        | Fault::LateNotice { .. }
        | Fault::ReorderNotices => Luck::Answered,
    }
}
