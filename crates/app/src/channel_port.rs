//! Asking a channel: build, send, read. Whatever goes wrong on the way is an unknown result.

use ::routing::Attempted;
use channels::{MESSAGES_PER_CALL_MAX, SendError};
use orders::channel::{Call, PaymentReply, RefundReply, Reply, Unknown};

use crate::directory::Account;
use crate::routing::attempted;
use crate::{App, CALL_TIMEOUT};

impl App {
    /// Makes one call. The attempt or refund that it is about was committed before.
    pub(crate) async fn ask_channel(&self, account: &Account, call: &Call) -> Reply {
        // A link says nothing to the channel before the payer opens it.
        if let Some(link) = account.connector.link(call, self.now()) {
            return match link {
                Ok(invoke) => Reply::Payment(PaymentReply::Ready { invoke }),
                Err(_) => channels::silence(call, Unknown::NotSent),
            };
        }
        let out = account.pulse.call(self.now());
        let reply = self.converse(account, call).await;
        out.ended(self.now(), |ms| outcome(account, &reply).outcome(ms));
        reply
    }

    async fn converse(&self, account: &Account, call: &Call) -> Reply {
        let nonce = ids::JobId::generate(&self.ids, self.now().as_millisecond()).to_string();
        let request = match account.connector.build(call, self.now(), &nonce) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(channel = %account.channel, error = %error, "a call could not be built");
                return channels::silence(call, Unknown::NotSent);
            }
        };
        let started = self.now();
        let mut answer = match self.sender.send(request).await {
            Ok(response) => response,
            Err(SendError::NotSent) => return channels::silence(call, Unknown::NotSent),
            Err(SendError::NoAnswer) => return channels::silence(call, Unknown::NoAnswer),
        };
        for _ in 1..MESSAGES_PER_CALL_MAX {
            let Some(next) = account.connector.follow_up(call, self.now(), &answer) else { break };
            // A slow conversation is left: the look that comes later has it from the start.
            if self.now().duration_since(started) >= CALL_TIMEOUT {
                return channels::silence(call, Unknown::NoAnswer);
            }
            // An earlier message of this call did leave, so a failure is never "not sent".
            answer = match self.sender.send(next).await {
                Ok(response) => response,
                Err(SendError::NotSent | SendError::NoAnswer) => {
                    return channels::silence(call, Unknown::NoAnswer);
                }
            };
        }
        account.connector.read(call, self.now(), &answer)
    }

    pub(crate) async fn ask_about_payment(&self, account: &Account, call: &Call) -> PaymentReply {
        match self.ask_channel(account, call).await {
            Reply::Payment(reply) => reply,
            Reply::Refund(_) => PaymentReply::Unknown(Unknown::Unreadable),
        }
    }

    pub(crate) async fn ask_about_refund(&self, account: &Account, call: &Call) -> RefundReply {
        match self.ask_channel(account, call).await {
            Reply::Refund(reply) => reply,
            Reply::Payment(_) => RefundReply::Unknown(Unknown::Unreadable),
        }
    }

    /// Where a channel sends its notices: the path names the version whose keys verify them.
    pub(crate) fn notice_url(&self, account: &Account) -> String {
        format!("{}/notices/{}", self.settings.public_url, account.id)
    }
}

/// What an answer says of the account: whatever it says of the payer or of a refund, it is one.
fn outcome(account: &Account, reply: &Reply) -> Attempted {
    match reply {
        Reply::Payment(reply) => attempted(account, reply),
        Reply::Refund(RefundReply::Unknown(_)) => Attempted::Unknown,
        Reply::Refund(
            RefundReply::Succeeded { .. }
            | RefundReply::Processing
            | RefundReply::NotFound
            | RefundReply::Refused(_)
            | RefundReply::Impossible(_),
        ) => Attempted::Paid,
    }
}
