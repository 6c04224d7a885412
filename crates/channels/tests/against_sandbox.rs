//! The connectors against the sandbox, in process: each call, each fault, each notice. The sandbox
//! shares no code with them, and the channels' public clients work against it.

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use channels::{Channel, ChannelConfig, Connector, Request, Response, connector};
    use ids::{AttemptId, IdSource, RefundId};
    use jiff::{SignedDuration, Timestamp};
    use money::{Amount, Currency};
    use orders::channel::{
        Call, Charge, CreateQr, Details, Notice, PayWay, PaymentReply, RefundCall, RefundReply,
        Reply, Subject, Unknown,
    };
    use sandbox::{Delivery, Fault, FaultRule, Insistence, Sandbox, SandboxConfig};
    use secret::PayerCode;
    use serde_json::{Value, json};

    const URL: &str = "http://channels.test";
    const NOTICES: &str = "https://pay.test/notices/cha_x";

    struct Line {
        channel: Channel,
        connector: Arc<dyn Connector>,
        sandbox: Sandbox,
        now: Timestamp,
        ids: IdSource,
        codes: u64,
    }

    /// What came back: nothing when the line broke.
    enum Came {
        Answer(Response),
        Nothing,
    }

    fn lines() -> Vec<Line> {
        let now = Timestamp::from_second(1_795_147_200).unwrap();
        let config = SandboxConfig::generate(now).unwrap();
        let at = config.coordinates(URL);
        let line = |(channel, json): (Channel, Value)| {
            let config_json: ChannelConfig = serde_json::from_value(json).unwrap();
            Line {
                channel,
                connector: connector(&config_json).unwrap(),
                sandbox: Sandbox::new(config.clone()),
                now,
                ids: IdSource::new(0).unwrap(),
                codes: 0,
            }
        };
        configs(&at).into_iter().map(line).collect()
    }

    fn configs(at: &Value) -> Vec<(Channel, Value)> {
        let alipay = |mode: &str, trust: Value| {
            let app = &at["alipay"][mode];
            let mut config = json!({
                "channel": "alipay", "gateway": at["alipay"]["gateway"], "app_id": app["app_id"],
                "seller_id": app["seller_id"], "app_private_key": app["app_private_key_pem"],
            });
            config.as_object_mut().unwrap().extend(trust.as_object().unwrap().clone());
            (Channel::Alipay, config)
        };
        let (keys, certificates) = (&at["alipay"]["keys"], &at["alipay"]["certificates"]);
        let wechat = |merchant: &Value, more: Value| {
            let mut config = json!({
                "channel": "wechat", "base_url": at["wechat"]["base_url"],
                "appid": merchant["appid"], "mchid": merchant["mchid"],
                "serial_no": merchant["serial_no"], "private_key": merchant["private_key"],
                "apiv3_key": merchant["apiv3_key"], "v2_key": merchant["v2_key"],
            });
            config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            (Channel::Wechat, config)
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
            alipay("keys", json!({ "alipay_public_key": keys["alipay_public_key_pem"] })),
            alipay(
                "certificates",
                json!({
                    "app_cert": certificates["app_cert_pem"],
                    "alipay_cert": certificates["alipay_cert_pem"],
                    "alipay_root_cert": certificates["alipay_root_cert_pem"],
                }),
            ),
            wechat(&merchants[0], by_key),
            wechat(&merchants[1], by_certificate),
        ]
    }

    fn fen(minor: u64) -> Amount {
        Amount::new(minor, Currency::Cny).unwrap()
    }

    impl Line {
        fn subject(&self, way: PayWay) -> Subject {
            let attempt = AttemptId::generate(&self.ids, self.now.as_millisecond());
            Subject { attempt, amount: fen(1_000), way }
        }

        fn details(&self) -> Details {
            Details {
                description: "咖啡 & <cake> \"1\"".to_owned(),
                expires_at: self.now + SignedDuration::from_mins(10),
                notify_url: NOTICES.to_owned(),
                terminal_ip: "127.0.0.1".to_owned(),
                terminal: None,
            }
        }

        fn charge(&mut self, ending: &str) -> (Subject, Call) {
            self.codes += 1;
            let prefix = if self.channel == Channel::Alipay { "28" } else { "13" };
            let code = PayerCode::parse(&format!("{prefix}{:014}{ending}", self.codes)).unwrap();
            let subject = self.subject(PayWay::PayerCode);
            let details = self.details();
            let call = Call::Charge(Charge { subject: subject.clone(), payer_code: code, details });
            (subject, call)
        }

        fn send(&mut self, call: &Call) -> Came {
            let request = self.connector.build(call, self.now, "0123456789abcdef").unwrap();
            match self.sandbox.handle(self.now, URL, &request) {
                Delivery::Answer { response, .. } => Came::Answer(response),
                Delivery::Dropped { .. } => Came::Nothing,
            }
        }

        fn ask(&mut self, call: &Call) -> Reply {
            match self.send(call) {
                Came::Answer(response) => self.connector.read(call, self.now, &response),
                Came::Nothing => channels::silence(call, Unknown::NoAnswer),
            }
        }

        fn payment(&mut self, call: &Call) -> PaymentReply {
            match self.ask(call) {
                Reply::Payment(reply) => reply,
                Reply::Refund(_) => panic!("a refund's reply"),
            }
        }

        fn wait(&mut self, seconds: i64) {
            self.now += SignedDuration::from_secs(seconds);
        }

        fn fault(&mut self, fault: Fault) {
            let rule = FaultRule { channel: None, call: "*".to_owned(), fault, times: 1 };
            self.sandbox.faults.add(rule);
        }

        fn notices(&mut self) -> Vec<Request> {
            let due = self.sandbox.due_notices(self.now);
            let request = |notice: sandbox::Notice| {
                let mut request = Request::new(notice.body);
                *request.headers_mut() = notice.headers;
                request
            };
            due.into_iter().map(request).collect()
        }
    }

    fn is_paid(reply: &PaymentReply) -> bool {
        matches!(reply, PaymentReply::Paid(paid) if paid.amount == fen(1_000))
    }

    #[test]
    fn a_payer_s_code_is_charged_in_every_mode() {
        for mut line in lines() {
            let (subject, call) = line.charge("00");
            assert!(is_paid(&line.payment(&call)), "{:?}", line.channel);
            assert!(is_paid(&line.payment(&Call::Query(subject))));
        }
    }

    #[test]
    fn the_payer_decides() {
        for mut line in lines() {
            let (subject, call) = line.charge("90");
            assert_eq!(line.payment(&call), PaymentReply::Pending);
            assert_eq!(line.payment(&Call::Query(subject.clone())), PaymentReply::Pending);
            line.wait(6);
            assert!(is_paid(&line.payment(&Call::Query(subject))));
            for ending in ["92", "93", "97"] {
                let (_, call) = line.charge(ending);
                let reply = line.payment(&call);
                assert!(matches!(reply, PaymentReply::Refused(_)), "{ending}: {reply:?}");
            }
            for ending in ["94", "95"] {
                let (_, call) = line.charge(ending);
                let reply = line.payment(&call);
                assert_eq!(reply, PaymentReply::Unknown(Unknown::ChannelUnsure), "{ending}");
            }
        }
    }

    #[test]
    fn a_cancel_undoes_paid_and_unpaid() {
        for mut line in lines() {
            for ending in ["00", "91"] {
                let (subject, call) = line.charge(ending);
                line.payment(&call);
                line.wait(50);
                let mut reply = line.payment(&Call::Cancel(subject.clone()));
                if reply == PaymentReply::Again {
                    line.wait(30);
                    reply = line.payment(&Call::Cancel(subject));
                }
                let done = matches!(reply, PaymentReply::Closed | PaymentReply::Returned(_));
                assert!(done, "{:?} {ending}: {reply:?}", line.channel);
            }
            let held: i128 = line
                .sandbox
                .books()
                .iter()
                .map(|l| match l.kind {
                    sandbox::BookKind::Pay => i128::from(l.amount.minor()),
                    sandbox::BookKind::Refund => -i128::from(l.amount.minor()),
                })
                .sum();
            assert_eq!(held, 0);
        }
    }

    #[test]
    fn a_qr_is_made_scanned_and_noticed() {
        for mut line in lines() {
            let subject = line.subject(PayWay::DynamicQr);
            let details = line.details();
            let call = Call::CreateQr(CreateQr { subject: subject.clone(), details });
            assert!(matches!(line.payment(&call), PaymentReply::QrReady { .. }));
            let open = line.payment(&Call::Query(subject.clone()));
            assert!(matches!(open, PaymentReply::Pending | PaymentReply::NotFound), "{open:?}");
            let (code, no) = (line.channel.code(), subject.attempt.channel_no());
            line.sandbox.payer_pays(line.now, code, &no, Insistence::Polite).unwrap();
            assert!(is_paid(&line.payment(&Call::Query(subject.clone()))));
            line.wait(1);
            let notices = line.notices();
            assert_eq!(notices.len(), 1);
            let notice = line.connector.read_notice(line.now, &notices[0]).unwrap();
            let Notice::Payment { attempt, reply } = notice else { panic!("a payment's notice") };
            assert!(attempt == subject.attempt && is_paid(&reply));
            tampered_notices_are_refused(&line, &notices[0]);
        }
    }

    fn tampered_notices_are_refused(line: &Line, notice: &Request) {
        for at in (0..notice.body().len()).step_by(97) {
            let mut body = notice.body().to_vec();
            body[at] ^= 1;
            let mut changed = Request::new(body.into());
            *changed.headers_mut() = notice.headers().clone();
            let read = line.connector.read_notice(line.now, &changed);
            assert!(read.is_err(), "byte {at}: {read:?}");
        }
        for other in lines() {
            assert!(other.connector.read_notice(line.now, notice).is_err(), "another's keys");
        }
    }

    #[test]
    fn a_qr_closes() {
        for mut line in lines() {
            let subject = line.subject(PayWay::DynamicQr);
            let details = line.details();
            line.payment(&Call::CreateQr(CreateQr { subject: subject.clone(), details }));
            assert_eq!(line.payment(&Call::Close(subject)), PaymentReply::Closed);
        }
    }

    #[test]
    fn refunds_go_once_under_their_number() {
        for mut line in lines() {
            let (subject, call) = line.charge("00");
            line.payment(&call);
            let refund = RefundCall {
                refund: RefundId::generate(&line.ids, 0),
                subject: subject.clone(),
                amount: fen(400),
                reason: "returned".to_owned(),
                notify_url: NOTICES.to_owned(),
            };
            let unknown = line.ask(&Call::QueryRefund(refund.clone()));
            assert_eq!(unknown, Reply::Refund(RefundReply::NotFound), "{:?}", line.channel);
            for _ in 0..2 {
                let reply = line.ask(&Call::Refund(refund.clone()));
                let Reply::Refund(reply) = reply else { panic!("a payment's reply") };
                let good = matches!(reply, RefundReply::Succeeded { .. } | RefundReply::Processing);
                assert!(good, "{reply:?}");
            }
            line.wait(2);
            let done = line.ask(&Call::QueryRefund(refund));
            let Reply::Refund(RefundReply::Succeeded { amount, .. }) = done else {
                panic!("{done:?}")
            };
            assert_eq!(amount, fen(400));
            assert_eq!(line.sandbox.books().len(), 2);
            let more = RefundCall {
                refund: RefundId::generate(&line.ids, 0),
                subject,
                amount: fen(601),
                reason: "too much".to_owned(),
                notify_url: NOTICES.to_owned(),
            };
            let refused = line.ask(&Call::Refund(more));
            assert!(matches!(refused, Reply::Refund(RefundReply::Refused(_))), "{refused:?}");
        }
    }

    #[test]
    fn what_cannot_be_trusted_is_unknown() {
        let cases = [
            (Fault::LostAnswerAfterEffect, Unknown::NoAnswer),
            (Fault::LostAnswerBeforeEffect, Unknown::NoAnswer),
            (Fault::WrongSignature, Unknown::BadSignature),
            (Fault::SystemBusy, Unknown::ChannelUnsure),
            (Fault::SystemBusyAfterEffect, Unknown::ChannelUnsure),
        ];
        for mut line in lines() {
            for (fault, why) in cases {
                let (_, call) = line.charge("00");
                line.fault(fault);
                assert_eq!(line.payment(&call), PaymentReply::Unknown(why), "{fault:?}");
            }
            for fault in [Fault::ServerError, Fault::ServerErrorAfterEffect] {
                let (_, call) = line.charge("00");
                line.fault(fault);
                assert!(matches!(line.payment(&call), PaymentReply::Unknown(_)), "{fault:?}");
            }
        }
    }

    /// Every byte of an answer counts: one changed, and nothing is believed.
    #[test]
    fn tampered_answers_end_nothing() {
        for mut line in lines() {
            let (_, call) = line.charge("00");
            let Came::Answer(answer) = line.send(&call) else { panic!("no answer") };
            for at in (0..answer.body().len()).step_by(7) {
                let mut body = answer.body().to_vec();
                body[at] ^= 1;
                let mut changed = answer.clone();
                *changed.body_mut() = body.into();
                let reply = line.connector.read(&call, line.now, &changed);
                let unknown = matches!(reply, Reply::Payment(PaymentReply::Unknown(_)));
                // White space and the names of unsigned members may change without harm.
                let same = reply == line.connector.read(&call, line.now, &answer);
                assert!(unknown || same, "byte {at}: {reply:?}");
            }
        }
    }

    #[test]
    fn another_amount_than_asked_is_not_believed() {
        for mut line in lines() {
            let (mut subject, call) = line.charge("00");
            line.payment(&call);
            subject.amount = fen(999);
            let reply = line.payment(&Call::Query(subject));
            assert_eq!(reply, PaymentReply::Unknown(Unknown::Unreadable));
        }
    }

    /// A true, signed answer about one order is no answer about another of the same amount.
    #[test]
    fn an_answer_about_another_order_is_not_believed() {
        for mut line in lines() {
            let (subject, call) = line.charge("00");
            assert!(is_paid(&line.payment(&call)));
            let Came::Answer(answer) = line.send(&Call::Query(subject)) else {
                panic!("no answer")
            };
            let other = Call::Query(line.subject(PayWay::PayerCode));
            let reply = line.connector.read(&other, line.now, &answer);
            assert_eq!(reply, Reply::Payment(PaymentReply::Unknown(Unknown::Unreadable)));
        }
    }

    #[test]
    fn connectors_show_no_secret() {
        for line in lines() {
            let shown = format!("{:?}", line.connector);
            assert!(!shown.contains("PRIVATE"), "{shown}");
        }
    }
}
