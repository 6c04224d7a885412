//! Each call, each fault, each notice. The sandbox shares no code with the connectors, and the
//! channels' public clients work against it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use channels::{Channel, Request};
use crypto::RsaPrivateKey;
use ids::RefundId;
use orders::RefundKind;
use orders::channel::{
    Call, Notice, PayWay, PaymentReply, Prepare, RefundCall, RefundReply, Reply, Unknown,
};
use sandbox::{Fault, Insistence};

use crate::line::{Came, Line, NOTICES, fen, lines};

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
        // WeChat Pay's reverse does not say which it did.
        let says = line.channel == Channel::Alipay;
        for (ending, returned) in [("00", says), ("91", false)] {
            let (subject, call) = line.charge(ending);
            line.payment(&call);
            line.wait(50);
            let mut reply = line.payment(&Call::Cancel(subject.clone()));
            if reply == PaymentReply::Again {
                line.wait(30);
                reply = line.payment(&Call::Cancel(subject));
            }
            let gave_back = matches!(reply, PaymentReply::Returned { .. });
            assert!(gave_back || reply == PaymentReply::Closed, "{ending}: {reply:?}");
            assert_eq!(gave_back, returned, "{:?} {ending}", line.channel);
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

/// Each way in which the payer's side pays: what it needs is made, paid, found and noticed.
#[test]
fn what_the_payer_needs_is_made_paid_and_noticed() {
    for mut line in lines() {
        for way in WAYS {
            if !line.channel.offers(way) {
                let call = prepare(&line, way);
                let built = line.connector.build(&call, line.now, "nonce");
                assert!(built.is_err(), "{} {way:?}", line.name);
                continue;
            }
            paid_by(&mut line, way);
        }
    }
}

const WAYS: [PayWay; 4] = [PayWay::DynamicQr, PayWay::Jsapi, PayWay::H5, PayWay::Page];

fn prepare(line: &Line, way: PayWay) -> Call {
    let payer = (way == PayWay::Jsapi).then(|| "2088102177846880".to_owned());
    Call::Prepare(Prepare {
        subject: line.subject(way),
        payer,
        details: line.details(),
        return_url: None,
    })
}

fn paid_by(line: &mut Line, way: PayWay) {
    let call = prepare(line, way);
    let Call::Prepare(Prepare { subject, .. }) = call.clone() else { panic!("a preparation") };
    let link = line.connector.link(&call, line.now);
    let reply = match link {
        Some(link) => PaymentReply::Ready { invoke: link.unwrap() },
        None => line.payment(&call),
    };
    let PaymentReply::Ready { invoke } = reply else { panic!("{} {way:?}: {reply:?}", line.name) };
    match (line.channel, way) {
        (channels::Channel::Wechat, PayWay::Jsapi) => page_parameters_are_signed(line, &invoke),
        (channels::Channel::Alipay, PayWay::Jsapi) => assert!(invoke.contains("tradeNO")),
        (_, PayWay::H5 | PayWay::Page) => opened(line, &invoke),
        (_, _) => assert!(!invoke.is_empty()),
    }
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
    tampered_notices_are_refused(line, &notices[0]);
}

/// The payer's browser opens the link; what Alipay shows for it opens the trade.
fn opened(line: &mut Line, link: &str) {
    assert!(link.starts_with("http"), "{link}");
    if line.channel == channels::Channel::Alipay {
        let request = http::Request::get(link).body(bytes::Bytes::new()).unwrap();
        let delivery = line.sandbox.handle(line.now, "", &request);
        let sandbox::Delivery::Answer { response, .. } = delivery else { panic!("no page") };
        let page = String::from_utf8(response.into_body().to_vec()).unwrap();
        assert!(page.contains("确认付款"), "{page}");
        let forged = link.replace("total_amount", "total_amounts");
        let request = http::Request::get(forged).body(bytes::Bytes::new()).unwrap();
        let delivery = line.sandbox.handle(line.now, "", &request);
        let sandbox::Delivery::Answer { response, .. } = delivery else { panic!("no page") };
        let page = String::from_utf8_lossy(response.body()).into_owned();
        assert!(!page.contains("确认付款"), "a link is signed: {page}");
    }
}

/// The app verifies `paySign` with the merchant's certificate over four lines.
fn page_parameters_are_signed(line: &Line, invoke: &str) {
    let given: serde_json::Value = serde_json::from_str(invoke).unwrap();
    let text = |name: &str| given[name].as_str().unwrap().to_owned();
    let signed =
        ["appId", "timeStamp", "nonceStr", "package"].map(|name| text(name) + "\n").concat();
    let signature = BASE64.decode(text("paySign")).unwrap();
    let key = RsaPrivateKey::from_pem(line.config["private_key"].as_str().unwrap()).unwrap();
    key.public_key().verify_sha256(signed.as_bytes(), &signature).unwrap();
    assert!(text("package").starts_with("prepay_id=") && text("nonceStr").len() == 32);
    assert_eq!(text("signType"), "RSA");
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
fn what_was_made_closes() {
    for mut line in lines() {
        for way in WAYS {
            if line.channel.offers(way) {
                let call = prepare(&line, way);
                line.payment(&call);
                let Call::Prepare(Prepare { subject, .. }) = call else { panic!("a preparation") };
                assert_eq!(line.payment(&Call::Close(subject)), PaymentReply::Closed, "{way:?}");
            }
        }
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
            kind: RefundKind::Refund,
            tries: 1,
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
        let Reply::Refund(RefundReply::Succeeded { amount, .. }) = done else { panic!("{done:?}") };
        assert_eq!(amount, fen(400));
        assert_eq!(line.sandbox.books().len(), 2);
        let more = RefundCall {
            refund: RefundId::generate(&line.ids, 0),
            subject,
            amount: fen(601),
            reason: "too much".to_owned(),
            notify_url: NOTICES.to_owned(),
            kind: RefundKind::Refund,
            tries: 1,
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
        let Came::Answer(answer) = line.send(&Call::Query(subject)) else { panic!("no answer") };
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
