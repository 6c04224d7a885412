//! The question behind a code: the gateway asks the code's owner for the order, by a form signed as
//! its notices are, and reads the answer, which the merchant signed. The real message is not
//! published: its fields are chosen after the acquirers' interface 0120000903.

use bytes::Bytes;
use jiff::Timestamp;
use money::{Amount, Currency};

use super::codes::{Flaw, Reading, Scan};
use super::config::{UnionpayConfig, UnionpayMerchant};
use super::service::check_payable;
use super::trades::{State, Trade, TradeKey, Trades, What, beijing, read_beijing};
use super::wire::{self, Fields};
use crate::core::{Insistence, PayRefusal};

/// Where owners are asked.
pub(super) const PATH: &str = "/unionpay/orders";
/// "Read the order behind a code", as the acquirers' interface numbers it.
const REQ_TYPE: &str = "0120000903";
const FIELDS_MAX: usize = 100;
const AMOUNT_DIGITS_MAX: usize = 12;
/// What a payer's page shows of a merchant's name or words.
const WORDS_CHARS_MAX: usize = 64;

/// What an owner says of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told<'a> {
    Refused { code: String, message: String },
    AmountWanted { merchant: String },
    Order(Order<'a>),
}

/// An order that the payer may pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order<'a> {
    account: &'a str,
    acq_ins_code: Option<&'a str>,
    merchant: String,
    order_id: String,
    order_time: String,
    amount: Amount,
    back_url: String,
    expires_at: Timestamp,
}

/// The form that is posted to the owner.
pub(super) fn form(
    config: &UnionpayConfig,
    now: Timestamp,
    scan: &Scan,
    amount: Option<&str>,
) -> Bytes {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: &str| fields.insert(name.to_owned(), value.to_owned());
    put("reqType", REQ_TYPE);
    put("qrCode", &scan.code.page);
    put("queryNo", &scan.query_no);
    put("txnTime", &beijing(now, "%Y%m%d%H%M%S"));
    put("appId", &scan.app);
    if let Some(amount) = amount {
        put("txnAmt", amount);
    }
    wire::notice_body(&config.gateway, fields)
}

/// The fields of a question, as [`form`] made it.
pub(super) fn asked(form: &[u8]) -> Fields {
    form_urlencoded::parse(form).into_owned().collect()
}

/// An amount as a payer enters it, in fen.
pub(super) fn entered(text: &str) -> Option<Amount> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || text.len() > AMOUNT_DIGITS_MAX || text.starts_with('0') {
        return None;
    }
    Amount::new(text.parse().ok()?, Currency::Cny).ok()
}

/// Verifies an answer. Who speaks comes first; only "no such code" needs no signature, for there is
/// no merchant who could sign it.
pub(super) fn read<'a>(
    config: &'a UnionpayConfig,
    asked: &Fields,
    (status, body): (u16, &[u8]),
) -> Result<Told<'a>, Flaw> {
    if !matches!(status, 200 | 404) {
        return Err(Flaw::Status(status));
    }
    let fields = answer_fields(body).ok_or(Flaw::NotFields)?;
    let get = |name: &str| fields.get(name).map(String::as_str);
    let same = ["reqType", "queryNo"].iter().all(|n| get(n) == asked.get(*n).map(String::as_str));
    if status == 404 {
        // Nothing of it is signed: that it names the query, too, would prove no more.
        let other = get("queryNo").is_some_and(|no| asked.get("queryNo").is_none_or(|q| q != no));
        let unknown = !other && get("reqType") == Some(REQ_TYPE) && get("respCode") == Some("34");
        return if unknown { Ok(refused(&fields)) } else { Err(Flaw::Status(status)) };
    }
    let spoken = [("version", "5.1.0"), ("encoding", "UTF-8"), ("signMethod", "01")];
    if let Some((name, _)) = spoken.iter().find(|(name, value)| get(name) != Some(value)) {
        return Err(Flaw::Field(name));
    }
    let merchant = get("merId").and_then(|mer_id| config.merchant(mer_id));
    let merchant = merchant.ok_or(Flaw::UnknownMerchant)?;
    if get("certId") != Some(&merchant.cert_id) {
        return Err(Flaw::Field("certId"));
    }
    wire::verify(merchant, &fields).or(Err(Flaw::Signature))?;
    if !same {
        return Err(Flaw::OtherQuery);
    }
    if get("respCode") != Some("00") {
        get("respCode").ok_or(Flaw::Field("respCode"))?;
        return Ok(refused(&fields));
    }
    let name = get("merName").map(shown).filter(|name| !name.is_empty());
    let name = name.ok_or(Flaw::Field("merName"))?;
    if get("currencyCode") != Some("156") {
        return Err(Flaw::Field("currencyCode"));
    }
    let wanted = asked.get("txnAmt");
    match (get("amountEntry"), wanted) {
        (Some("1"), None) => Ok(Told::AmountWanted { merchant: name }),
        (Some("1"), Some(_)) => Err(Flaw::Field("amountEntry")),
        (Some(_) | None, _) => {
            let order = order(merchant, name, &fields)?;
            let fits = wanted.is_none_or(|wanted| *wanted == order.amount.minor().to_string());
            if fits { Ok(Told::Order(order)) } else { Err(Flaw::OtherAmount) }
        }
    }
}

fn refused(fields: &Fields) -> Told<'static> {
    let text = |name: &str| fields.get(name).map(|text| shown(text)).unwrap_or_default();
    Told::Refused { code: text("respCode"), message: text("respMsg") }
}

fn order<'a>(
    merchant: &'a UnionpayMerchant,
    name: String,
    fields: &Fields,
) -> Result<Order<'a>, Flaw> {
    let text = |name: &'static str| fields.get(name).ok_or(Flaw::Field(name));
    let amount = entered(text("txnAmt")?).ok_or(Flaw::Field("txnAmt"))?;
    let order_id = wire::order_id(fields).or(Err(Flaw::Field("orderId")))?;
    let order_time = text("orderTime")?;
    read_beijing(order_time).ok_or(Flaw::Field("orderTime"))?;
    let back_url = text("backUrl")?;
    // Whoever carries notices keeps them on this machine.
    if back_url.parse::<http::Uri>().ok().is_none_or(|url| url.host().is_none()) {
        return Err(Flaw::Field("backUrl"));
    }
    let expires_at = read_beijing(text("payTimeout")?).ok_or(Flaw::Field("payTimeout"))?;
    Ok(Order {
        account: &merchant.mer_id,
        acq_ins_code: merchant.acq_ins_code.as_deref(),
        merchant: name,
        order_id,
        order_time: order_time.clone(),
        amount,
        back_url: back_url.clone(),
        expires_at,
    })
}

/// What the gateway makes of an answer: an order becomes a trade that can be paid, once.
pub(super) fn admit(trades: &mut Trades, now: Timestamp, told: Result<Told<'_>, Flaw>) -> Reading {
    match told {
        Err(flaw) => Reading::Unreadable(flaw),
        Ok(Told::Refused { code, message }) => Reading::Refused { code, message },
        Ok(Told::AmountWanted { merchant }) => Reading::AmountWanted { merchant },
        Ok(Told::Order(order)) => {
            let merchant = order.merchant.clone();
            match admit_order(trades, now, order) {
                Ok(key) => Reading::Order { merchant, key },
                Err(flaw) => Reading::Unreadable(flaw),
            }
        }
    }
}

fn admit_order(trades: &mut Trades, now: Timestamp, order: Order<'_>) -> Result<TradeKey, Flaw> {
    let key = TradeKey {
        mer_id: order.account.to_owned(),
        order_id: order.order_id.clone(),
        txn_time: order.order_time.clone(),
    };
    if let Some(trade) = trades.get(&key) {
        // A payer's code was charged for it, or money went back: no payer scans that.
        let same = trade.what == What::Payment && trade.amount == order.amount;
        let scanned = trade.link.is_some();
        return if same && scanned { Ok(key) } else { Err(Flaw::OtherOrder) };
    }
    if order.expires_at <= now {
        return Err(Flaw::Late);
    }
    let number = trades.next_number();
    trades.insert(Trade {
        key: key.clone(),
        what: What::Payment,
        state: State::Waiting,
        amount: order.amount,
        repeated: notice_fields(&order),
        back_url: Some(order.back_url),
        link: Some(format!("https://qr.95516.com/00020000/{number:026}")),
        query_id: String::new(),
        trace_no: String::new(),
        done_at: None,
        expires_at: order.expires_at,
        confirms_at: None,
    });
    Ok(key)
}

/// What the payment's notice says of the order, as if it had been applied for.
fn notice_fields(order: &Order<'_>) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in [
        ("txnType", "01"),
        ("txnSubType", "07"),
        ("bizType", "000000"),
        ("accessType", if order.acq_ins_code.is_some() { "1" } else { "0" }),
        ("acqInsCode", order.acq_ins_code.unwrap_or_default()),
        ("merId", order.account),
        ("orderId", &order.order_id),
        ("txnTime", &order.order_time),
    ] {
        fields.insert(name.to_owned(), value.to_owned());
    }
    fields
}

/// The order behind a reading, if it can be paid now.
pub(super) fn payable<'a>(trades: &'a Trades, key: &TradeKey) -> Result<&'a Trade, PayRefusal> {
    let trade = trades.get(key).ok_or(PayRefusal::UnknownOrder)?;
    check_payable(trade, Insistence::Polite)?;
    Ok(trade)
}

/// `k=v&k=v`, not URL-encoded: a value ends at the first `&` outside of braces.
fn answer_fields(body: &[u8]) -> Option<Fields> {
    let text = std::str::from_utf8(body).ok()?;
    let (mut fields, mut depth) = (Fields::new(), 0_u32);
    let parts = text.split(|c| {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '&' && depth == 0
    });
    for part in parts {
        let (name, value) = part.split_once('=')?;
        let twice = fields.insert(name.to_owned(), value.to_owned()).is_some();
        if twice || name.is_empty() || fields.len() > FIELDS_MAX {
            return None;
        }
    }
    Some(fields)
}

fn shown(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
