//! Every documented code, per call: the table is a file, so that a changed meaning is seen.

use std::fmt::Write as _;

use ids::{AttemptId, RefundId};
use jiff::Timestamp;
use money::{Amount, Currency};
use orders::RefundKind;
use orders::channel::{Details, PayWay, Prepare, RefundCall};
use serde_json::json;

use super::*;

/// What a code means for one call.
type Read = Box<dyn Fn(&str) -> Result<Reply, Unknown>>;
/// One column: the call's name, and how its codes are read.
type Column = (&'static str, Read);

fn columns() -> Vec<Column> {
    let amount = Amount::new(1_000, Currency::Cny).unwrap();
    let attempt = AttemptId::from_i64(7).unwrap();
    let subject = Subject { attempt, amount, way: PayWay::DynamicQr, card: None };
    let details = Details {
        description: "coffee".to_owned(),
        expires_at: Timestamp::UNIX_EPOCH,
        notify_url: "https://pay.test/n".to_owned(),
        terminal_ip: "127.0.0.1".to_owned(),
        terminal: None,
    };
    let refund = RefundCall {
        refund: RefundId::from_i64(9).unwrap(),
        subject: subject.clone(),
        amount,
        reason: "returned".to_owned(),
        notify_url: "https://pay.test/n".to_owned(),
        kind: RefundKind::Refund,
        tries: 1,
    };
    let v3 = |call: Call| -> Read {
        Box::new(move |code| v3_refused(&call, Some(code), &json!({ "code": code })))
    };
    vec![
        ("micropay", Box::new(|code| charge_refused(Some(code), None))),
        ("orderquery", Box::new(|code| query_refused(Some(code)))),
        ("reverse", Box::new(|code| reverse_refused(Some(code), None))),
        (
            "native",
            v3(Call::Prepare(Prepare {
                subject: subject.clone(),
                payer: None,
                details,
                return_url: None,
            })),
        ),
        ("query", v3(Call::Query(subject.clone()))),
        ("close", v3(Call::Close(subject))),
        ("refund", v3(Call::Refund(refund.clone()))),
        ("refund query", v3(Call::QueryRefund(refund))),
    ]
}

fn word(read: &Result<Reply, Unknown>) -> String {
    match read {
        Err(why) => format!("unknown:{why:?}"),
        Ok(Reply::Payment(PaymentReply::Refused(_)) | Reply::Refund(RefundReply::Refused(_))) => {
            "refused".to_owned()
        }
        Ok(Reply::Payment(reply)) => format!("{reply:?}").to_lowercase(),
        Ok(Reply::Refund(reply)) => format!("{reply:?}").to_lowercase(),
    }
}

#[test]
fn the_codes_are_the_golden_table() {
    let columns = columns();
    let mut text = " ".repeat(20);
    for (name, _) in &columns {
        write!(text, " {name:<21}").unwrap();
    }
    let codes = CODES.iter().map(|(code, _)| *code).chain(["NEVERHEARDOF", ""]);
    for code in codes {
        text.truncate(text.trim_end().len());
        write!(text, "\n{code:<20}").unwrap();
        for (_, read) in &columns {
            write!(text, " {:<21}", word(&read(code))).unwrap();
        }
    }
    crate::golden::check("wechat_codes.txt", &(text.trim_end().to_owned() + "\n"));
    assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn both_spellings_are_one_code() {
    assert_eq!(meaning("ORDER_NOT_EXIST"), meaning("ORDERNOTEXIST"));
    assert_eq!(meaning("NO_SUCH_CODE"), None);
}

#[test]
fn a_trade_s_state_is_a_listed_one() {
    for (state, expected) in [
        ("SUCCESS", "paid"),
        ("REFUND", "paid"),
        ("NOTPAY", "pending"),
        ("USERPAYING", "pending"),
        ("CLOSED", "closed"),
        ("REVOKED", "closed"),
        ("PAYERROR", "refused"),
        ("ACCEPT", "unknown:UnlistedCode"),
        ("", "unknown:UnlistedCode"),
    ] {
        let said = match trade_state(state) {
            Ok(TradeState::Paid) => "paid".to_owned(),
            Ok(TradeState::Other(reply)) => word(&Ok(Reply::Payment(reply))),
            Err(why) => word(&Err(why)),
        };
        assert_eq!(said, expected, "{state}");
    }
}
