//! UnionPay's connector against the sandbox's gateway, in process: each call with all its messages, each
//! fault, each notice.

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use channels::{
        Channel, ChannelConfig, Connector, MESSAGES_PER_CALL_MAX, Request, Response, connector,
    };
    use crypto::pos::SoftKeys;
    use ids::{AttemptId, IdSource, RefundId};
    use jiff::{SignedDuration, Timestamp};
    use money::{Amount, Currency};
    use orders::RefundKind;
    use orders::channel::{
        Call, Charge, Details, Instrument, Notice, PayWay, PaymentReply, Prepare, RefundCall,
        RefundReply, Reply, Subject, Unknown,
    };
    use sandbox::{
        BookKind, Delivery, Fault, FaultRule, Insistence, Sandbox, SandboxConfig, Trust,
    };
    use secret::PayerCode;

    const URL: &str = "http://channels.test";
    const NOTICES: &str = "https://pay.test/notices/cha_x";

    /// 2026-11-20 10:00:00 in Beijing.
    fn start() -> Timestamp {
        "2026-11-20T02:00:00Z".parse().unwrap()
    }

    fn config() -> &'static SandboxConfig {
        static CONFIG: OnceLock<SandboxConfig> = OnceLock::new();
        CONFIG.get_or_init(|| SandboxConfig::generate(start()).unwrap())
    }

    struct Line {
        connector: Arc<dyn Connector>,
        sandbox: Sandbox,
        now: Timestamp,
        ids: IdSource,
        codes: u64,
        /// The messages of the last call, by the gateway's words for them.
        sent: Vec<String>,
    }

    /// A merchant by himself, and one through an acquirer.
    fn lines() -> Vec<Line> {
        [Trust::Keys, Trust::Certificates].map(line).into()
    }

    fn line(trust: Trust) -> Line {
        let all = sandbox::parameters(&config().coordinates(URL), trust);
        let own = all.into_iter().find(|p| p.channel == Channel::UnionPay.code()).unwrap();
        let parameters: ChannelConfig = serde_json::from_value(own.config).unwrap();
        Line {
            connector: connector(&parameters, &SoftKeys).unwrap(),
            sandbox: Sandbox::new(config().clone()),
            now: start(),
            ids: IdSource::new(0).unwrap(),
            codes: 0,
            sent: Vec::new(),
        }
    }

    fn fen(minor: u64) -> Amount {
        Amount::new(minor, Currency::Cny).unwrap()
    }

    impl Line {
        fn subject(&self, way: PayWay) -> Subject {
            let attempt = AttemptId::generate(&self.ids, self.now.as_millisecond());
            Subject { attempt, amount: fen(1_000), way, card: None }
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
            let payer_code = PayerCode::parse(&format!("62{:015}{ending}", self.codes)).unwrap();
            let subject = self.subject(PayWay::PayerCode);
            let (own, details) = (subject.clone(), self.details());
            (
                own,
                Call::Charge(Charge {
                    subject,
                    instrument: Instrument::PayerCode(payer_code),
                    details,
                }),
            )
        }

        fn qr(&self) -> (Subject, Call) {
            let subject = self.subject(PayWay::DynamicQr);
            (
                subject.clone(),
                Call::Prepare(Prepare {
                    subject,
                    payer: None,
                    details: self.details(),
                    return_url: None,
                }),
            )
        }

        fn refund_of(&self, subject: &Subject, minor: u64) -> RefundCall {
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

        fn send(&mut self, request: &Request) -> Option<Response> {
            if request.body().starts_with(b"{") {
                self.sent.push(request.uri().path().to_owned());
            } else {
                let form = form_urlencoded_pairs(request);
                let get = |name: &str| form.iter().find(|(n, _)| n == name).unwrap().1.clone();
                self.sent.push(format!("{}/{}", get("txnType"), get("txnSubType")));
            }
            match self.sandbox.handle(self.now, URL, request) {
                Delivery::Answer { response, .. } => Some(response),
                Delivery::Dropped { .. } => None,
            }
        }

        /// The whole conversation, as the platform holds it; the last answer, if all came.
        fn converse(&mut self, call: &Call) -> Option<Response> {
            self.sent.clear();
            let mut answer = self.send(&self.connector.build(call, self.now, "n").unwrap())?;
            for _ in 1..MESSAGES_PER_CALL_MAX {
                match self.connector.follow_up(call, self.now, &answer) {
                    Some(next) => answer = self.send(&next)?,
                    None => break,
                }
            }
            assert!(self.connector.follow_up(call, self.now, &answer).is_none(), "the bound holds");
            Some(answer)
        }

        fn ask(&mut self, call: &Call) -> Reply {
            match self.converse(call) {
                Some(response) => self.connector.read(call, self.now, &response),
                None => channels::silence(call, Unknown::NoAnswer),
            }
        }

        fn payment(&mut self, call: &Call) -> PaymentReply {
            match self.ask(call) {
                Reply::Payment(reply) => reply,
                Reply::Refund(_) => panic!("a refund's reply"),
            }
        }

        fn refund(&mut self, call: &Call) -> RefundReply {
            match self.ask(call) {
                Reply::Refund(reply) => reply,
                Reply::Payment(_) => panic!("a payment's reply"),
            }
        }

        fn wait(&mut self, seconds: i64) {
            self.now += SignedDuration::from_secs(seconds);
        }

        fn fault(&mut self, call: &str, fault: Fault) {
            let channel = Some("unionpay".to_owned());
            self.sandbox.faults.add(FaultRule { channel, call: call.to_owned(), fault, times: 1 });
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

        /// What the gateway's books hold of all orders, in fen.
        fn held(&self) -> i128 {
            let change = |line: &sandbox::BookLine| match line.kind {
                BookKind::Pay => i128::from(line.amount.minor()),
                BookKind::Refund => -i128::from(line.amount.minor()),
            };
            self.sandbox.books().iter().map(change).sum()
        }
    }

    fn form_urlencoded_pairs(request: &Request) -> Vec<(String, String)> {
        let body = std::str::from_utf8(request.body()).unwrap();
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        body.split('&').map(pair).collect()
    }

    fn is_paid(reply: &PaymentReply) -> bool {
        matches!(reply, PaymentReply::Paid(paid) if paid.amount == fen(1_000))
    }

    #[test]
    fn a_payer_s_code_is_charged_and_the_query_says_so() {
        for mut line in lines() {
            let (subject, call) = line.charge("00");
            assert!(is_paid(&line.payment(&call)));
            assert_eq!(line.sent, ["01/06", "00/00"]);
            assert!(is_paid(&line.payment(&Call::Query(subject))));
            // The same charge again takes nothing and finds the payment.
            assert!(is_paid(&line.payment(&call)));
            assert_eq!((line.held(), line.sandbox.books().len()), (1_000, 1));
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
                let (subject, call) = line.charge(ending);
                for call in [call, Call::Query(subject)] {
                    let reply = line.payment(&call);
                    assert!(matches!(reply, PaymentReply::Refused(_)), "{ending}: {reply:?}");
                }
            }
            for (ending, taken) in [("94", false), ("95", true)] {
                let (subject, call) = line.charge(ending);
                let unsure = PaymentReply::Unknown(Unknown::ChannelUnsure);
                assert_eq!(line.payment(&call), unsure, "{ending}");
                let found = line.payment(&Call::Query(subject));
                assert!(if taken { is_paid(&found) } else { found == PaymentReply::NotFound });
            }
        }
    }

    #[test]
    fn a_cancel_voids_what_was_paid_and_ends_what_was_not() {
        for mut line in lines() {
            let (subject, call) = line.charge("00");
            line.payment(&call);
            let cancel = Call::Cancel(subject.clone());
            for messages in [["00/00", "31/00", "00/00"], ["00/00", "31/00", "00/00"]] {
                let reply = line.payment(&cancel);
                assert!(matches!(reply, PaymentReply::Returned { .. }), "{reply:?}");
                assert_eq!(line.sent, messages);
            }
            assert_eq!((line.held(), line.sandbox.books().len()), (0, 2));

            let (subject, call) = line.charge("91");
            line.payment(&call);
            let cancel = Call::Cancel(subject);
            assert_eq!(line.payment(&cancel), PaymentReply::Pending, "the payer may still confirm");
            line.wait(600);
            assert_eq!(line.payment(&cancel), PaymentReply::Closed);
            assert_eq!(line.held(), 0);
        }
    }

    #[test]
    fn a_cancel_of_what_never_arrived_waits_for_its_window() {
        for mut line in lines() {
            let (subject, call) = line.charge("00");
            line.fault("consume", Fault::LostAnswerBeforeEffect);
            assert_eq!(line.payment(&call), PaymentReply::Unknown(Unknown::NoAnswer));
            let cancel = Call::Cancel(subject);
            assert_eq!(line.payment(&cancel), PaymentReply::NotFound);
            line.wait(120);
            assert_eq!(line.payment(&cancel), PaymentReply::Closed);
        }
    }

    /// Each message of a cancel is lost before and after its effect: the cancel goes on from there.
    #[test]
    fn a_cancel_survives_each_lost_answer() {
        for fault in [
            Fault::LostAnswerBeforeEffect,
            Fault::LostAnswerAfterEffect,
            Fault::ServerErrorAfterEffect,
            Fault::SystemBusyAfterEffect,
            Fault::WrongSignature,
        ] {
            for lost in ["void", "query"] {
                let mut line = line(Trust::Keys);
                let (subject, call) = line.charge("00");
                line.payment(&call);
                line.fault(lost, fault);
                let cancel = Call::Cancel(subject);
                let reply = line.payment(&cancel);
                assert!(matches!(reply, PaymentReply::Unknown(_)), "{lost} {fault:?}: {reply:?}");
                let reply = line.payment(&cancel);
                assert!(
                    matches!(reply, PaymentReply::Returned { .. }),
                    "{lost} {fault:?}: {reply:?}"
                );
                assert_eq!((line.held(), line.sandbox.books().len()), (0, 2));
            }
        }
    }

    /// "Void: same settlement day": on a later one it is refused, in a code.
    #[test]
    fn a_void_on_a_later_day_is_refused() {
        for mut line in lines() {
            let (subject, call) = line.charge("00");
            line.payment(&call);
            line.wait(24 * 3_600);
            let reply = line.payment(&Call::Cancel(subject));
            assert!(matches!(reply, PaymentReply::Refused(_)), "{reply:?}");
            assert_eq!(line.held(), 1_000);
        }
    }

    #[test]
    fn a_qr_is_made_scanned_and_noticed() {
        for mut line in lines() {
            let (subject, call) = line.qr();
            let PaymentReply::Ready { invoke } = line.payment(&call) else { panic!("no code") };
            assert!(invoke.starts_with("https://qr.95516.com/00010000/"), "{invoke}");
            assert_eq!(line.payment(&Call::Query(subject.clone())), PaymentReply::Pending);
            let no = subject.attempt.channel_no();
            line.sandbox.payer_pays(line.now, "unionpay", &no, Insistence::Polite).unwrap();
            assert!(is_paid(&line.payment(&Call::Query(subject.clone()))));
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
            let read = line.connector.read_notice(line.now, &Request::new(body.into()));
            assert!(read.is_err(), "byte {at}: {read:?}");
        }
        let other = lines()
            .into_iter()
            .filter(|other| other.connector.read_notice(line.now, notice).is_err());
        assert_eq!(other.count(), 1, "the other merchant");
    }

    #[test]
    fn notices_are_lost_doubled_and_late_by_switch() {
        for (fault, waits, expect) in [
            (Fault::NoNotice, 0, 0),
            (Fault::DuplicateNotice, 0, 2),
            (Fault::LateNotice { ms: 90_000 }, 0, 0),
            (Fault::LateNotice { ms: 90_000 }, 90, 1),
        ] {
            let mut line = line(Trust::Keys);
            line.fault("pay", fault);
            let (_, call) = line.charge("00");
            line.payment(&call);
            line.wait(waits);
            let notices = line.notices();
            assert_eq!(notices.len(), expect, "{fault:?}");
            for notice in &notices {
                assert!(line.connector.read_notice(line.now, notice).is_ok());
            }
        }
    }

    /// The gateway has no close: an unpaid code ends at its time, and a payment made meanwhile counts.
    #[test]
    fn a_qr_closes_at_its_time() {
        for mut line in lines() {
            let (subject, call) = line.qr();
            line.payment(&call);
            assert_eq!(line.payment(&Call::Close(subject.clone())), PaymentReply::Pending);
            line.wait(600);
            assert_eq!(line.payment(&Call::Close(subject.clone())), PaymentReply::Closed);
            // Paid after all: the watch sees it.
            let no = subject.attempt.channel_no();
            line.sandbox.payer_pays(line.now, "unionpay", &no, Insistence::EvenIfClosed).unwrap();
            assert!(is_paid(&line.payment(&Call::Query(subject.clone()))));
            assert!(is_paid(&line.payment(&Call::Close(subject))));
        }
    }

    #[test]
    fn refunds_go_once_under_their_number() {
        for mut line in lines() {
            let (subject, call) = line.charge("00");
            line.payment(&call);
            line.notices();
            line.wait(24 * 3_600);
            let refund = line.refund_of(&subject, 400);
            let query = Call::QueryRefund(refund.clone());
            assert_eq!(line.refund(&query), RefundReply::NotFound);
            let call = Call::Refund(refund.clone());
            assert_eq!(line.refund(&call), RefundReply::Processing);
            assert_eq!(line.sent, ["00/00", "04/00"]);
            let done = RefundReply::Succeeded { amount: fen(400), refunded_at: line.now };
            assert_eq!(line.refund(&call), done, "a repeat finds the first");
            assert_eq!(line.refund(&query), done);
            assert_eq!((line.held(), line.sandbox.books().len()), (600, 2));
            let notices = line.notices();
            let told: Vec<_> =
                notices.iter().map(|n| line.connector.read_notice(line.now, n).unwrap()).collect();
            assert_eq!(told, [Notice::Refund { refund: refund.refund, reply: done }]);
            let more = Call::Refund(line.refund_of(&subject, 601));
            let refused = line.refund(&more);
            assert!(matches!(refused, RefundReply::Refused(_)), "{refused:?}");
            let rest = Call::Refund(line.refund_of(&subject, 600));
            assert_eq!(line.refund(&rest), RefundReply::Processing);
            assert_eq!(line.held(), 0);
        }
    }

    #[test]
    fn a_refund_survives_each_lost_answer() {
        for fault in [
            Fault::LostAnswerBeforeEffect,
            Fault::LostAnswerAfterEffect,
            Fault::SystemBusyAfterEffect,
            Fault::WrongSignature,
        ] {
            for lost in ["refund", "query"] {
                let mut line = line(Trust::Keys);
                let (subject, call) = line.charge("00");
                line.payment(&call);
                let refund = Call::Refund(line.refund_of(&subject, 1_000));
                line.fault(lost, fault);
                let reply = line.refund(&refund);
                assert!(matches!(reply, RefundReply::Unknown(_)), "{lost} {fault:?}: {reply:?}");
                let reply = line.refund(&refund);
                let good = matches!(reply, RefundReply::Succeeded { .. } | RefundReply::Processing);
                assert!(good, "{lost} {fault:?}: {reply:?}");
                assert_eq!(line.sandbox.books().len(), 2, "{lost} {fault:?}");
            }
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
            (Fault::ServerError, Unknown::NoAnswer),
            (Fault::ServerErrorAfterEffect, Unknown::NoAnswer),
        ];
        for mut line in lines() {
            for (fault, why) in cases {
                // The charge itself, then the query that follows it.
                for call_name in ["consume", "query"] {
                    let (_, call) = line.charge("00");
                    line.fault(call_name, fault);
                    let reply = line.payment(&call);
                    assert_eq!(reply, PaymentReply::Unknown(why), "{call_name} {fault:?}");
                }
                let (_, call) = line.qr();
                line.fault("apply", fault);
                assert_eq!(line.payment(&call), PaymentReply::Unknown(why), "apply {fault:?}");
            }
        }
    }

    /// Every byte of an answer counts: one changed, and nothing is believed.
    #[test]
    fn tampered_answers_end_nothing() {
        for mut line in lines() {
            let (_, call) = line.charge("00");
            let answer = line.converse(&call).unwrap();
            let truth = line.connector.read(&call, line.now, &answer);
            for at in (0..answer.body().len()).step_by(7) {
                let mut body = answer.body().to_vec();
                body[at] ^= 1;
                let mut changed = answer.clone();
                *changed.body_mut() = body.into();
                let reply = line.connector.read(&call, line.now, &changed);
                let unknown = matches!(reply, Reply::Payment(PaymentReply::Unknown(_)));
                assert!(unknown, "byte {at}: {reply:?} for {truth:?}");
            }
        }
    }

    #[test]
    fn another_amount_or_order_is_not_believed() {
        for mut line in lines() {
            let (mut subject, call) = line.charge("00");
            line.payment(&call);
            let answer = line.converse(&Call::Query(subject.clone())).unwrap();
            let other = Call::Query(line.subject(PayWay::PayerCode));
            let reply = line.connector.read(&other, line.now, &answer);
            let unreadable = PaymentReply::Unknown(Unknown::Unreadable);
            assert_eq!(reply, Reply::Payment(unreadable.clone()));
            subject.amount = fen(999);
            assert_eq!(line.payment(&Call::Query(subject.clone())), unreadable);
            assert_eq!(line.payment(&Call::Cancel(subject)), unreadable);
            assert_eq!(line.held(), 1_000, "nothing was voided");
        }
    }

    #[test]
    fn connectors_show_no_secret() {
        for mut line in lines() {
            let (_, call) = line.charge("00");
            let shown = format!("{:?} {call:?}", line.connector);
            assert!(!shown.contains("PRIVATE") && !shown.contains("6200000"), "{shown}");
        }
    }

    /// A payment inside the UnionPay app's pages.
    fn in_app(line: &Line) -> (Subject, Call) {
        let subject = line.subject(PayWay::Jsapi);
        let (own, payer) = (subject.clone(), Some("5Rr+9xP/0w==".to_owned()));
        let details = line.details();
        (own, Call::Prepare(Prepare { subject, payer, details, return_url: None }))
    }

    #[test]
    fn in_the_app_s_pages_an_order_is_made_paid_told_and_returned() {
        for mut line in lines() {
            let (subject, call) = in_app(&line);
            let unmade = line.payment(&Call::Query(subject.clone()));
            assert_eq!(unmade, PaymentReply::NotFound);
            let PaymentReply::Ready { invoke } = line.payment(&call) else { panic!("an order") };
            assert!(invoke.contains("redirectUrl"), "{invoke}");
            assert_eq!(line.sent, ["/gateway/api/pay/unifiedorder"]);
            // Our own message, come twice, makes nothing and says nothing.
            assert_eq!(line.payment(&call), PaymentReply::Unknown(Unknown::ChannelUnsure));
            assert_eq!(line.payment(&Call::Query(subject.clone())), PaymentReply::Pending);
            let no = subject.attempt.channel_no();
            line.sandbox.payer_pays(line.now, "unionpay", &no, Insistence::Polite).unwrap();
            assert!(is_paid(&line.payment(&Call::Query(subject.clone()))));
            let notice = line.notices().remove(0);
            let read = line.connector.read_notice(line.now, &notice).unwrap();
            let Notice::Payment { attempt, reply } = read else { panic!("of a payment") };
            assert!(attempt == subject.attempt && is_paid(&reply));
            for at in (0..notice.body().len()).step_by(11) {
                let mut body = notice.body().to_vec();
                body[at] ^= 1;
                let changed = Request::new(body.into());
                assert!(line.connector.read_notice(line.now, &changed).is_err(), "byte {at}");
            }
            assert!(matches!(
                line.payment(&Call::Close(subject.clone())),
                PaymentReply::Unknown(_)
            ));

            let back = line.refund_of(&subject, 400);
            let asked = Call::QueryRefund(back.clone());
            assert_eq!(line.refund(&asked), RefundReply::NotFound);
            for _ in 0..2 {
                let done = line.refund(&Call::Refund(back.clone()));
                assert!(
                    matches!(done, RefundReply::Succeeded { amount, .. } if amount == fen(400))
                );
            }
            assert!(matches!(line.refund(&asked), RefundReply::Succeeded { .. }));
            let much = line.refund_of(&subject, 601);
            assert!(matches!(line.refund(&Call::Refund(much)), RefundReply::Refused(_)));
            assert_eq!(line.held(), 600);
            assert!(is_paid(&line.payment(&Call::Query(subject))), "its refunds are ours to know");
        }
    }

    #[test]
    fn in_the_app_s_pages_doubt_stays_doubt() {
        for fault in [
            Fault::SystemBusy,
            Fault::WrongSignature,
            Fault::ServerError,
            Fault::LostAnswerAfterEffect,
        ] {
            let mut line = line(Trust::Keys);
            let (subject, call) = in_app(&line);
            line.fault("pay/unifiedorder", fault);
            assert!(matches!(line.payment(&call), PaymentReply::Unknown(_)), "{fault:?}");
            line.payment(&call);
            line.fault("pay/queryOrder", fault);
            let asked = Call::Query(subject.clone());
            assert!(matches!(line.payment(&asked), PaymentReply::Unknown(_)), "{fault:?}");
            line.fault("pay/closeOrder", fault);
            let close = Call::Close(subject);
            assert!(matches!(line.payment(&close), PaymentReply::Unknown(_)), "{fault:?}");
            assert_eq!(line.payment(&close), PaymentReply::Closed);
            assert_eq!(line.payment(&asked), PaymentReply::Closed);
        }
    }

    #[test]
    fn an_account_without_the_open_platform_does_not_offer_it() {
        let all = sandbox::parameters(&config().coordinates(URL), Trust::Keys);
        let own = all.into_iter().find(|p| p.channel == Channel::UnionPay.code()).unwrap();
        let mut parameters = own.config;
        parameters.as_object_mut().unwrap().remove("open_platform");
        let parameters: ChannelConfig = serde_json::from_value(parameters).unwrap();
        let plain = connector(&parameters, &SoftKeys).unwrap();
        assert!(!plain.offers(PayWay::Jsapi) && plain.offers(PayWay::DynamicQr));
        let line = line(Trust::Keys);
        let (_, call) = in_app(&line);
        assert!(line.connector.offers(PayWay::Jsapi) && plain.build(&call, line.now, "n").is_err());
    }
}
