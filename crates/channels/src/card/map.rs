//! What the network's answers mean.

use ids::ChannelTradeNo;
use iso8583::{CUP_NETWORK, Message, Value};
use jiff::Timestamp;
use money::Amount;
use orders::RefundKind;
use orders::channel::{
    Call, CardApproval, ChannelCodeText, Charge, Instrument, Paid, PayWay, PaymentReply,
    RefundCall, RefundReply, Reply, Unknown,
};

use super::Card;
use super::api::{MAC, MAC_FIELD, key_of};
use super::key::MessageKey;
use crate::silence;

/// Codes by which the network speaks of us: another account may take the payment.
pub(crate) const OUR_FAULTS: &[&str] = &["03", "31", "40", "58", "63", "90", "92", "97", "A0"];

/// The money may have moved: nobody who answered knows.
const UNSURE: &[&str] = &["06", "09", "20", "68", "91", "94", "96", "98"];

/// Every other code of the table: surely nothing moved.
const REFUSALS: &[(&str, &str)] = &[
    ("01", "refer to issuer"),
    ("02", "refer to issuer, special condition"),
    ("03", "merchant not registered"),
    ("04", "retain card"),
    ("05", "do not honour"),
    ("07", "retain card, special condition"),
    ("12", "invalid transaction"),
    ("13", "invalid amount"),
    ("14", "invalid card number"),
    ("15", "no such issuer"),
    ("19", "enter again"),
    ("21", "no action taken"),
    ("22", "suspected malfunction"),
    ("23", "unacceptable fee"),
    ("25", "original not found"),
    ("30", "format error"),
    ("31", "issuer not supported"),
    ("33", "expired card, retain"),
    ("34", "suspected fraud, retain"),
    ("35", "contact security, retain"),
    ("36", "restricted card, retain"),
    ("37", "call security, retain"),
    ("38", "PIN tries exceeded, retain"),
    ("39", "no credit account"),
    ("40", "function not supported"),
    ("41", "lost card, retain"),
    ("42", "no such account"),
    ("43", "stolen card, retain"),
    ("44", "no investment account"),
    ("51", "insufficient funds"),
    ("52", "no cheque account"),
    ("53", "no savings account"),
    ("54", "expired card"),
    ("55", "wrong PIN"),
    ("56", "no card record"),
    ("57", "not allowed to cardholder"),
    ("58", "not allowed to terminal"),
    ("59", "suspected fraud"),
    ("60", "contact acquirer's security"),
    ("61", "amount limit exceeded"),
    ("62", "restricted card"),
    ("63", "security violation"),
    ("64", "original amount wrong"),
    ("65", "count limit exceeded"),
    ("66", "call acquirer's security"),
    ("67", "capture card"),
    ("75", "PIN tries exceeded"),
    ("77", "sign on first"),
    ("79", "offline data not balanced"),
    ("90", "day cut-over"),
    ("92", "route not found"),
    ("93", "violation of law"),
    ("95", "reconcile error"),
    ("97", "terminal not registered"),
    ("99", "PIN format"),
    ("A0", "MAC wrong"),
];

/// What an answer says; an unknown result where it cannot be read or trusted.
pub(super) fn read(card: &Card, call: &Call, now: Timestamp, bytes: &[u8]) -> Reply {
    match trusted(card, call, bytes) {
        Err(unknown) => silence(call, unknown),
        Ok(answer) => match call {
            Call::Refund(refund) => Reply::Refund(refund_reply(&answer, refund, now)),
            Call::QueryRefund(refund) => Reply::Refund(look_reply(&answer, refund, now)),
            Call::Cancel(_) => Reply::Payment(reversal_reply(&answer)),
            Call::Charge(charge) => Reply::Payment(if takes_part(charge) {
                part_reply(&answer, charge.subject.amount, now)
            } else {
                charge_reply(&answer, charge.subject.amount, now)
            }),
            Call::Query(subject) if subject.way == PayWay::CardAdvice => {
                Reply::Payment(charge_reply(&answer, subject.amount, now))
            }
            Call::Prepare(_) | Call::Query(_) | Call::Close(_) => {
                silence(call, Unknown::Unreadable)
            }
        },
    }
}

/// The message, if it answers ours and its code is right.
fn trusted<'a>(card: &Card, call: &Call, bytes: &'a [u8]) -> Result<Message<'a>, Unknown> {
    let answer = CUP_NETWORK.unpack(bytes).or(Err(Unknown::Unreadable))?;
    let key = key_of(call).ok_or(Unknown::Unreadable)?;
    let signed = answer.before(MAC_FIELD).zip(answer.get(MAC_FIELD));
    let (covered, code) = signed.ok_or(Unknown::BadSignature)?;
    // A key store that is away proves nothing: the result stays unknown.
    if card.mac_key.is_mac(MAC, covered, code.raw()) != Ok(true) {
        return Err(Unknown::BadSignature);
    }
    if answers(&answer, &key) { Ok(answer) } else { Err(Unknown::Unreadable) }
}

fn answers(answer: &Message<'_>, key: &MessageKey) -> bool {
    let is = |field, expect: &str| text(answer, field).as_deref() == Some(expect);
    is(7, &key.transmitted) && is(11, &key.trace) && is(37, &key.reference)
}

fn text(answer: &Message<'_>, field: u8) -> Option<String> {
    answer.get(field).map(|value| value.shown())
}

/// Field 39, sorted.
enum Said {
    Done,
    Refused(ChannelCodeText),
    Unsure(Unknown),
}

fn said(answer: &Message<'_>) -> Said {
    let Some(code) = text(answer, 39) else { return Said::Unsure(Unknown::Unreadable) };
    let code = code.as_str();
    if code == "00" {
        return Said::Done;
    }
    if UNSURE.contains(&code) {
        return Said::Unsure(Unknown::ChannelUnsure);
    }
    // 11 and 16 approve with conditions, which no message of ours allows; nor 10 (a part) where the terminal
    // takes none.
    match REFUSALS.iter().find(|(known, _)| *known == code) {
        Some((_, words)) => Said::Refused(ChannelCodeText::new(code, words)),
        None => Said::Unsure(Unknown::UnlistedCode),
    }
}

fn charge_reply(answer: &Message<'_>, asked: Amount, now: Timestamp) -> PaymentReply {
    match said(answer) {
        Said::Unsure(unknown) => PaymentReply::Unknown(unknown),
        Said::Refused(code) => PaymentReply::Refused(code),
        Said::Done => match paid(answer, asked, now) {
            Some(paid) if paid.amount == asked => PaymentReply::Paid(paid),
            // Reversed by whoever finds it unknown.
            Some(_) | None => PaymentReply::Unknown(Unknown::Unreadable),
        },
    }
}

fn takes_part(charge: &Charge) -> bool {
    matches!(&charge.instrument, Instrument::Card(read) if read.takes_part)
}

/// 部分承兑 (10): less than was asked, and something.
fn part_reply(answer: &Message<'_>, asked: Amount, now: Timestamp) -> PaymentReply {
    if text(answer, 39).as_deref() != Some("10") {
        return charge_reply(answer, asked, now);
    }
    let less = |paid: &Paid| {
        !paid.amount.is_zero() && paid.amount.try_cmp(asked).is_ok_and(|order| order.is_lt())
    };
    match paid(answer, asked, now).filter(less) {
        Some(paid) => {
            let part = Some(paid.amount);
            let card = paid.card.clone().map(|card| Box::new(CardApproval { part, ..*card }));
            PaymentReply::Paid(Paid { card, ..paid })
        }
        // Reversed by whoever finds it unknown.
        None => PaymentReply::Unknown(Unknown::Unreadable),
    }
}

fn paid(answer: &Message<'_>, asked: Amount, now: Timestamp) -> Option<Paid> {
    let amount = match answer.get(4).and_then(|value| value.number()) {
        // An inquiry names none.
        None if asked.is_zero() => 0,
        amount => amount?,
    };
    let trimmed = |field| text(answer, field).filter(|text| !text.trim().is_empty());
    let chip = |value: Value<'_>| value.bytes().into_owned();
    Some(Paid {
        trade_no: ChannelTradeNo::parse(&text(answer, 37)?).ok()?,
        amount: Amount::new(amount, asked.currency()).ok()?,
        // The network's clock says no year, and the issuer's no more than we know.
        paid_at: now,
        payer: None,
        card: Some(Box::new(CardApproval {
            auth_code: trimmed(38),
            settled_on: trimmed(15),
            institutions: trimmed(44),
            balance: trimmed(54),
            chip: answer.get(55).map(chip),
            part: None,
        })),
    })
}

/// A reversal is done when the network says so, also where it never had the original.
fn reversal_reply(answer: &Message<'_>) -> PaymentReply {
    match said(answer) {
        Said::Done => PaymentReply::Closed,
        Said::Refused(code) if code.code == "25" => PaymentReply::Closed,
        // A reversal has no other end: it is said again.
        Said::Refused(_) => PaymentReply::Again,
        Said::Unsure(unknown) => PaymentReply::Unknown(unknown),
    }
}

fn refund_reply(answer: &Message<'_>, refund: &RefundCall, now: Timestamp) -> RefundReply {
    match said(answer) {
        Said::Done => RefundReply::Succeeded { amount: refund.amount, refunded_at: now },
        Said::Unsure(unknown) => RefundReply::Unknown(unknown),
        // An approved sale that the network no longer knows is no matter for programs.
        Said::Refused(code) if refund.kind == RefundKind::Reversal => RefundReply::Impossible(code),
        Said::Refused(code) => RefundReply::Refused(code),
    }
}

/// After the reversal of a void the network does not have it; an advice says again what it said.
fn look_reply(answer: &Message<'_>, refund: &RefundCall, now: Timestamp) -> RefundReply {
    if refund.kind != RefundKind::Void {
        return refund_reply(answer, refund, now);
    }
    match reversal_reply(answer) {
        PaymentReply::Closed => RefundReply::NotFound,
        PaymentReply::Unknown(unknown) => RefundReply::Unknown(unknown),
        PaymentReply::Again
        | PaymentReply::Paid(_)
        | PaymentReply::Ready { .. }
        | PaymentReply::Pending
        | PaymentReply::NotFound
        | PaymentReply::Returned { .. }
        | PaymentReply::Refused(_) => RefundReply::Unknown(Unknown::ChannelUnsure),
    }
}
