//! Fault switches: what shall go wrong with which call, and how often.

use serde::{Deserialize, Serialize};

/// What a switch does to one call, or to the notice of one payment or refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The answer comes so much later; the effect is at once.
    Delay { ms: u64 },
    /// The call takes effect and the connection closes without an answer.
    LostAnswerAfterEffect,
    /// The connection closes without an answer and without an effect.
    LostAnswerBeforeEffect,
    /// HTTP 502, no effect.
    ServerError,
    /// HTTP 502 after the effect.
    ServerErrorAfterEffect,
    /// The true answer under a signature that does not fit it.
    WrongSignature,
    /// The true answer comes twice, where the wire can carry that: on the card network's lines.
    DuplicateAnswer,
    /// The channel's own "unknown" answer, properly signed, no effect.
    SystemBusy,
    /// The channel's own "unknown" answer, properly signed, after the effect.
    SystemBusyAfterEffect,
    /// The merchant's account at the channel does not cover it: a refusal, no effect. For refunds.
    MerchantShort,
    /// The payer does not agree that the merchant learns who he is. For the calls that ask for it.
    PayerRefuses,
    /// The notice is never sent.
    NoNotice,
    /// The notice is sent twice.
    DuplicateNotice,
    /// The notice is sent so much later.
    LateNotice { ms: u64 },
    /// The notice waits until the next one has gone out before it.
    ReorderNotices,
}

impl Fault {
    /// Whether it strikes a notice; otherwise it strikes a call.
    #[must_use]
    pub const fn is_of_notice(self) -> bool {
        match self {
            Self::NoNotice
            | Self::DuplicateNotice
            | Self::LateNotice { .. }
            | Self::ReorderNotices => true,
            Self::Delay { .. }
            | Self::LostAnswerAfterEffect
            | Self::LostAnswerBeforeEffect
            | Self::ServerError
            | Self::ServerErrorAfterEffect
            | Self::WrongSignature
            | Self::DuplicateAnswer
            | Self::SystemBusy
            | Self::SystemBusyAfterEffect
            | Self::MerchantShort
            | Self::PayerRefuses => false,
        }
    }
}

/// Strikes the next `times` matching calls (or notices, for a notice's fault).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRule {
    /// `alipay`, `wechat`, `unionpay` or `card`; any channel if absent.
    #[serde(default)]
    pub channel: Option<String>,
    /// `alipay.trade.pay`, `pay/micropay`, `0200`; for a notice's fault `pay`, `refund` or `close`, what the
    /// notice is about; `*` is any.
    pub call: String,
    pub fault: Fault,
    #[serde(default = "once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

/// The rules in force, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Vec<FaultRule>,
}

impl Faults {
    pub fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    pub fn clear(&mut self) {
        self.rules.clear();
    }

    #[must_use]
    pub fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// What strikes this call; every rule that matches is used once.
    pub fn take(&mut self, channel: &str, call: &str) -> Vec<Fault> {
        self.take_matching(channel, call, |fault| !fault.is_of_notice())
    }

    /// What strikes this notice; every rule that matches is used once.
    pub fn take_of_notice(&mut self, channel: &str, event: &str) -> Vec<Fault> {
        self.take_matching(channel, event, Fault::is_of_notice)
    }

    fn take_matching(&mut self, channel: &str, call: &str, kind: fn(Fault) -> bool) -> Vec<Fault> {
        let mut taken = Vec::new();
        for rule in &mut self.rules {
            let channel_fits = rule.channel.as_deref().is_none_or(|c| c == channel);
            let call_fits = rule.call == "*" || rule.call == call;
            if channel_fits && call_fits && kind(rule.fault) && rule.times > 0 {
                rule.times -= 1;
                taken.push(rule.fault);
            }
        }
        self.rules.retain(|rule| rule.times > 0);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(channel: Option<&str>, call: &str, fault: Fault, times: u32) -> FaultRule {
        FaultRule { channel: channel.map(str::to_owned), call: call.to_owned(), fault, times }
    }

    #[test]
    fn a_rule_strikes_only_what_it_names_and_only_so_often() {
        let mut faults = Faults::default();
        faults.add(rule(Some("alipay"), "alipay.trade.pay", Fault::SystemBusy, 2));
        faults.add(rule(None, "*", Fault::Delay { ms: 5 }, 1));
        faults.add(rule(None, "*", Fault::NoNotice, 1));
        for (channel, call, expect) in [
            ("wechat", "pay/micropay", vec![Fault::Delay { ms: 5 }]),
            ("wechat", "alipay.trade.pay", vec![]),
            ("alipay", "alipay.trade.query", vec![]),
            ("alipay", "alipay.trade.pay", vec![Fault::SystemBusy]),
            ("alipay", "alipay.trade.pay", vec![Fault::SystemBusy]),
            ("alipay", "alipay.trade.pay", vec![]),
        ] {
            assert_eq!(faults.take(channel, call), expect, "{channel} {call}");
        }
        assert_eq!(faults.take_of_notice("wechat", "pay"), vec![Fault::NoNotice]);
        assert!(faults.rules().is_empty());
    }
}
