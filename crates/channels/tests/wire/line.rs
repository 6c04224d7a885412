//! A connector and the sandbox that it speaks to, for every kind of account.

use crypto::pos::SoftKeys;
use std::sync::Arc;

use channels::{Channel, ChannelConfig, Connector, Request, Response, connector};
use ids::{AttemptId, IdSource, RefundId};
use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency};
use orders::RefundKind;
use orders::channel::{
    Call, Charge, Details, Instrument, Notice, PayWay, PaymentReply, RefundCall, Reply, Subject,
    Unknown,
};
use sandbox::{Delivery, Fault, FaultRule, Sandbox, SandboxConfig};
use secret::PayerCode;
use serde_json::{Value, json};

pub(crate) const URL: &str = "http://channels.test";
pub(crate) const NOTICES: &str = "https://pay.test/notices/cha_x";

pub(crate) struct Line {
    /// Channel and kind of account.
    pub(crate) name: &'static str,
    /// The parameters, with secrets that were made for this run.
    pub(crate) config: Value,
    pub(crate) channel: Channel,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) sandbox: Sandbox,
    pub(crate) now: Timestamp,
    pub(crate) ids: IdSource,
    pub(crate) codes: u64,
}

/// What came back: nothing when the line broke.
pub(crate) enum Came {
    Answer(Response),
    Nothing,
}

fn start() -> Timestamp {
    Timestamp::from_second(1_795_147_200).unwrap()
}

/// A fresh sandbox's addresses, accounts and keys.
pub(crate) fn coordinates() -> Value {
    SandboxConfig::generate(start()).unwrap().coordinates(URL)
}

pub(crate) fn lines() -> Vec<Line> {
    let sandbox = SandboxConfig::generate(start()).unwrap();
    let at = sandbox.coordinates(URL);
    let line = |(name, channel, config): (&'static str, Channel, Value)| {
        let read: ChannelConfig = serde_json::from_value(config.clone()).unwrap();
        Line {
            name,
            config,
            channel,
            connector: connector(&read, &SoftKeys).unwrap(),
            sandbox: Sandbox::new(sandbox.clone()),
            now: start(),
            ids: IdSource::new(0).unwrap(),
            codes: 0,
        }
    };
    configs(&at).into_iter().map(line).collect()
}

pub(crate) fn configs(at: &Value) -> Vec<(&'static str, Channel, Value)> {
    let alipay = |name, mode: &str, trust: Value| {
        let app = &at["alipay"][mode];
        let mut config = json!({
            "channel": "alipay", "gateway": at["alipay"]["gateway"], "app_id": app["app_id"],
            "seller_id": app["seller_id"], "app_private_key": app["app_private_key_pem"],
        });
        config.as_object_mut().unwrap().extend(trust.as_object().unwrap().clone());
        (name, Channel::Alipay, config)
    };
    let (keys, certificates) = (&at["alipay"]["keys"], &at["alipay"]["certificates"]);
    let wechat = |name, merchant: &Value, more: Value| {
        let mut config = json!({
            "channel": "wechat", "base_url": at["wechat"]["base_url"],
            "appid": merchant["appid"], "mchid": merchant["mchid"],
            "serial_no": merchant["serial_no"], "private_key": merchant["private_key"],
            "apiv3_key": merchant["apiv3_key"], "v2_key": merchant["v2_key"],
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (name, Channel::Wechat, config)
    };
    let merchants = &at["wechat"]["merchants"];
    let by_key = json!({
        "public_key_id": at["wechat"]["public_key_id"],
        "public_key": at["wechat"]["public_key"], "v2_sign_type": "MD5",
    });
    let by_certificate = json!({
        "platform_certificates": [at["wechat"]["certificate"]],
        "sub_mchid": merchants[1]["sub_merchants"][0]["mchid"],
    });
    vec![
        alipay(
            "alipay, keys",
            "keys",
            json!({ "alipay_public_key": keys["alipay_public_key_pem"] }),
        ),
        alipay(
            "alipay, certificates",
            "certificates",
            json!({
                "app_cert": certificates["app_cert_pem"],
                "alipay_cert": certificates["alipay_cert_pem"],
                "alipay_root_cert": certificates["alipay_root_cert_pem"],
            }),
        ),
        wechat("wechat, direct, public key", &merchants[0], by_key),
        wechat("wechat, partner, certificate", &merchants[1], by_certificate),
    ]
}

pub(crate) fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

impl Line {
    /// What differs from run to run, and what a golden text has in its place.
    pub(crate) fn made_anew(&self) -> Vec<(String, String)> {
        let text = |name: &str| self.config[name].as_str().map(str::to_owned);
        let mut made = Vec::new();
        if let Some(serial) = text("serial_no") {
            made.push((serial, "<serial_no>".to_owned()));
        }
        if let (Some(app), Some(root)) = (text("app_cert"), text("alipay_root_cert")) {
            let app = crypto::Certificate::from_pem(&app).unwrap().alipay_cert_sn();
            made.push((app, "<app_cert_sn>".to_owned()));
            let root = crypto::alipay_root_cert_sn(&root).unwrap();
            made.push((root, "<alipay_root_cert_sn>".to_owned()));
        }
        made
    }

    pub(crate) fn refund(&self, subject: &Subject, minor: u64) -> RefundCall {
        RefundCall {
            refund: RefundId::generate(&self.ids, self.now.as_millisecond()),
            subject: subject.clone(),
            amount: fen(minor),
            reason: "returned".to_owned(),
            notify_url: NOTICES.to_owned(),
            kind: RefundKind::Refund,
            tries: 1,
        }
    }

    /// The first notice of a payment that is due now.
    pub(crate) fn paid_notice(&mut self) -> Option<Request> {
        let due = self.notices();
        due.into_iter().find(|notice| {
            matches!(
                self.connector.read_notice(self.now, notice),
                Ok(Notice::Payment { reply: PaymentReply::Paid(_), .. })
            )
        })
    }

    pub(crate) fn subject(&self, way: PayWay) -> Subject {
        let attempt = AttemptId::generate(&self.ids, self.now.as_millisecond());
        Subject { attempt, amount: fen(1_000), way, card: None }
    }

    pub(crate) fn details(&self) -> Details {
        Details {
            description: "咖啡 & <cake> \"1\"".to_owned(),
            expires_at: self.now + SignedDuration::from_mins(10),
            notify_url: NOTICES.to_owned(),
            terminal_ip: "127.0.0.1".to_owned(),
            terminal: None,
        }
    }

    pub(crate) fn charge(&mut self, ending: &str) -> (Subject, Call) {
        self.codes += 1;
        let prefix = if self.channel == Channel::Alipay { "28" } else { "13" };
        let code = PayerCode::parse(&format!("{prefix}{:014}{ending}", self.codes)).unwrap();
        let subject = self.subject(PayWay::PayerCode);
        let details = self.details();
        let call = Call::Charge(Charge {
            subject: subject.clone(),
            instrument: Instrument::PayerCode(code),
            details,
        });
        (subject, call)
    }

    pub(crate) fn send(&mut self, call: &Call) -> Came {
        let request = self.connector.build(call, self.now, "0123456789abcdef").unwrap();
        match self.sandbox.handle(self.now, URL, &request) {
            Delivery::Answer { response, .. } => Came::Answer(response),
            Delivery::Dropped { .. } => Came::Nothing,
        }
    }

    /// Any other message to the channel.
    pub(crate) fn deliver(&mut self, request: &Request) -> Response {
        match self.sandbox.handle(self.now, URL, request) {
            Delivery::Answer { response, .. } => response,
            Delivery::Dropped { .. } => panic!("an answer"),
        }
    }

    pub(crate) fn ask(&mut self, call: &Call) -> Reply {
        match self.send(call) {
            Came::Answer(response) => self.connector.read(call, self.now, &response),
            Came::Nothing => channels::silence(call, Unknown::NoAnswer),
        }
    }

    pub(crate) fn payment(&mut self, call: &Call) -> PaymentReply {
        match self.ask(call) {
            Reply::Payment(reply) => reply,
            Reply::Refund(_) => panic!("a refund's reply"),
        }
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        let rule = FaultRule { channel: None, call: "*".to_owned(), fault, times: 1 };
        self.sandbox.faults.add(rule);
    }

    pub(crate) fn notices(&mut self) -> Vec<Request> {
        let due = self.sandbox.due_notices(self.now);
        let request = |notice: sandbox::Notice| {
            let mut request = Request::new(notice.body);
            *request.headers_mut() = notice.headers;
            request
        };
        due.into_iter().map(request).collect()
    }
}
