//! Every documented result, per call: the table is a file, so that a changed meaning is seen.

use std::fmt::Write as _;

use ids::{AttemptId, RefundId};
use jiff::Timestamp;
use orders::RefundKind;
use orders::channel::{Charge, Details, Instrument, PayWay, Prepare};
use secret::PayerCode;
use serde_json::json;

use super::*;

fn subject_of(way: PayWay) -> Subject {
    let amount = Amount::new(1_000, Currency::Cny).unwrap();
    Subject { attempt: AttemptId::from_i64(7).unwrap(), amount, way, card: None }
}

fn details() -> Details {
    Details {
        description: "coffee".to_owned(),
        expires_at: Timestamp::from_second(1_795_147_200).unwrap(),
        notify_url: "https://pay.test/n".to_owned(),
        terminal_ip: "127.0.0.1".to_owned(),
        terminal: None,
    }
}

fn refund() -> RefundCall {
    RefundCall {
        refund: RefundId::from_i64(9).unwrap(),
        subject: subject_of(PayWay::PayerCode),
        amount: Amount::new(300, Currency::Cny).unwrap(),
        reason: "returned".to_owned(),
        notify_url: "https://pay.test/n".to_owned(),
        kind: RefundKind::Refund,
        tries: 1,
    }
}

fn calls() -> [(&'static str, Call); 7] {
    let payer_code = PayerCode::parse("281234567890123400").unwrap();
    let subject = subject_of(PayWay::PayerCode);
    let (details, qr) = (details(), subject_of(PayWay::DynamicQr));
    let charge = Charge {
        subject: subject.clone(),
        instrument: Instrument::PayerCode(payer_code),
        details: details.clone(),
    };
    [
        ("pay", Call::Charge(charge)),
        (
            "precreate",
            Call::Prepare(Prepare { subject: qr, payer: None, details, return_url: None }),
        ),
        ("query", Call::Query(subject.clone())),
        ("cancel", Call::Cancel(subject.clone())),
        ("close", Call::Close(subject)),
        ("refund", Call::Refund(refund())),
        ("refund.query", Call::QueryRefund(refund())),
    ]
}

/// What became of it, in a word or two.
fn word(reply: &Reply) -> String {
    match reply {
        Reply::Payment(PaymentReply::Paid(_)) => "paid".to_owned(),
        Reply::Payment(PaymentReply::Ready { .. }) => "code".to_owned(),
        Reply::Payment(PaymentReply::Returned { .. }) => "returned".to_owned(),
        Reply::Payment(PaymentReply::Refused(_)) | Reply::Refund(RefundReply::Refused(_)) => {
            "refused".to_owned()
        }
        Reply::Payment(PaymentReply::Unknown(why)) | Reply::Refund(RefundReply::Unknown(why)) => {
            format!("unknown:{why:?}")
        }
        Reply::Refund(RefundReply::Succeeded { .. }) => "refunded".to_owned(),
        Reply::Payment(other) => format!("{other:?}").to_lowercase(),
        Reply::Refund(other) => format!("{other:?}").to_lowercase(),
    }
}

fn row(name: &str, node: &Value) -> String {
    let mut row = format!("{name:<50}");
    for (_, call) in calls() {
        write!(row, " {:<21}", word(&reply(&call, node))).unwrap();
    }
    row.trim_end().to_owned() + "\n"
}

#[test]
fn the_codes_are_the_golden_table() {
    let mut text = format!("{:<50}", "");
    for (name, _) in calls() {
        write!(text, " {name:<21}").unwrap();
    }
    text = text.trim_end().to_owned() + "\n";
    for (code, _) in GATEWAY_CODES {
        text += &row(code, &json!({ "code": code }));
    }
    text += &row("99999", &json!({ "code": "99999" }));
    text += &row("no code", &json!({}));
    for (code, _) in SUB_CODES {
        let sub_code = format!("ACQ.{code}");
        text += &row(&sub_code, &json!({ "code": "40004", "sub_code": sub_code }));
    }
    for other in ["AQC.SYSTEM_ERROR", "ACQ.NEVER_HEARD_OF", "PAYMENT_FAIL", "isv.invalid-x", ""] {
        text += &row(other, &json!({ "code": "40004", "sub_code": other }));
    }
    crate::golden::check("alipay_codes.txt", &text);
    assert!(SUB_CODES.is_sorted_by(|a, b| a.0 < b.0));
}

/// A call, the fields beside the code 10000, and what they mean.
type Row = (&'static str, Value, &'static str);

fn check_done(rows: impl IntoIterator<Item = Row>) {
    for (name, fields, expected) in rows {
        let (_, call) = calls().into_iter().find(|(n, _)| *n == name).unwrap();
        let node = merged(&json!({ "code": "10000", "msg": "Success" }), &fields);
        assert_eq!(word(&reply(&call, &node)), expected, "{name} {fields}");
    }
}

#[test]
fn a_payment_is_read_field_by_field() {
    let no = AttemptId::from_i64(7).unwrap().channel_no();
    let paid = json!({
        "out_trade_no": no, "trade_no": "2026112022001", "total_amount": "10.00",
        "gmt_payment": "2026-11-20 12:00:00", "send_pay_date": "2026-11-20 12:00:00",
    });
    let with = |more: Value| merged(&paid, &more);
    check_done([
        ("pay", paid.clone(), "paid"),
        ("pay", with(json!({ "total_amount": "10.01" })), "unknown:Unreadable"),
        ("pay", with(json!({ "total_amount": "10.000" })), "unknown:Unreadable"),
        ("pay", with(json!({ "out_trade_no": "another" })), "unknown:Unreadable"),
        ("pay", with(json!({ "out_trade_no": null })), "unknown:Unreadable"),
        ("pay", with(json!({ "gmt_payment": null, "send_pay_date": null })), "unknown:Unreadable"),
        ("pay", with(json!({ "trade_no": null })), "unknown:Unreadable"),
        ("precreate", json!({ "qr_code": "https://qr" }), "code"),
        ("precreate", json!({}), "unknown:Unreadable"),
        ("query", with(json!({ "trade_status": "TRADE_SUCCESS" })), "paid"),
        ("query", with(json!({ "trade_status": "TRADE_FINISHED" })), "paid"),
        ("query", with(json!({ "trade_status": "WAIT_BUYER_PAY" })), "pending"),
        ("query", with(json!({ "trade_status": "TRADE_CLOSED" })), "closed"),
        ("query", with(json!({ "trade_status": "TRADE_NEW" })), "unknown:UnlistedCode"),
        ("query", paid.clone(), "unknown:Unreadable"),
    ]);
}

#[test]
fn a_cancel_is_read_field_by_field() {
    let trade_no = json!("2026112022001");
    check_done([
        ("cancel", json!({ "retry_flag": "Y" }), "again"),
        ("cancel", json!({ "retry_flag": "Y", "action": "close" }), "again"),
        ("cancel", json!({ "retry_flag": "N", "action": "close" }), "closed"),
        ("cancel", json!({ "retry_flag": "N" }), "closed"),
        ("cancel", json!({ "retry_flag": "N", "trade_no": trade_no }), "unknown:Unreadable"),
        ("cancel", json!({ "retry_flag": "N", "action": "later" }), "unknown:UnlistedCode"),
        ("cancel", json!({ "retry_flag": "M", "action": "close" }), "unknown:UnlistedCode"),
        ("cancel", json!({ "action": "close" }), "unknown:Unreadable"),
        ("cancel", json!({}), "unknown:Unreadable"),
        ("cancel", json!({ "retry_flag": "N", "action": "refund" }), "unknown:Unreadable"),
        (
            "cancel",
            json!({ "retry_flag": "N", "action": "refund", "trade_no": trade_no }),
            "returned",
        ),
        (
            "cancel",
            json!({ "retry_flag": "N", "action": "refund", "trade_no": "no number" }),
            "unknown:Unreadable",
        ),
    ]);
}

#[test]
fn a_refund_is_read_field_by_field() {
    check_done([
        ("close", json!({}), "closed"),
        (
            "refund",
            json!({ "fund_change": "Y", "gmt_refund_pay": "2026-11-20 12:00:00" }),
            "refunded",
        ),
        ("refund", json!({ "fund_change": "Y" }), "processing"),
        ("refund", json!({ "fund_change": "N" }), "processing"),
        ("refund", json!({ "fund_change": "?" }), "unknown:UnlistedCode"),
        ("refund", json!({}), "unknown:Unreadable"),
        ("refund.query", json!({}), "notfound"),
        ("refund.query", json!({ "out_request_no": "another" }), "unknown:Unreadable"),
        (
            "refund.query",
            json!({ "refund_amount": "3.00", "gmt_refund_pay": "2026-11-20 12:00:00" }),
            "refunded",
        ),
        (
            "refund.query",
            json!({ "refund_amount": "3.01", "gmt_refund_pay": "2026-11-20 12:00:00" }),
            "unknown:Unreadable",
        ),
        ("refund.query", json!({ "refund_amount": "3.00" }), "unknown:Unreadable"),
        (
            "refund.query",
            json!({ "refund_amount": "3.00", "refund_status": "REFUND_NEW" }),
            "unknown:UnlistedCode",
        ),
    ]);
}

/// `null` takes a field away.
fn merged(base: &Value, more: &Value) -> Value {
    let mut all = base.as_object().unwrap().clone();
    for (name, value) in more.as_object().unwrap() {
        all.insert(name.clone(), value.clone());
    }
    all.retain(|_, value| !value.is_null());
    Value::Object(all)
}
