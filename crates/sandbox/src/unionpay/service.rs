//! What each message does to a trade, and what the gateway answers.

use jiff::{SignedDuration, Timestamp};

use super::refusal::Refusal;
use super::trades::{Due, State, Trade, TradeKey, Trades, What, beijing, read_beijing};
use super::wire::{Call, Fields, Kind, outcome};
use crate::core::{CodeUse, Ctx, Insistence, Letter, PayRefusal, Payer, later};

/// A payment waits so long unless `payTimeout` says otherwise. Chosen.
const EXPIRES_DEFAULT: SignedDuration = SignedDuration::from_hours(2);

type Answer = Result<Fields, Refusal>;

pub(super) fn serve(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let key = key(call);
    if call.kind == Kind::Query {
        return query(trades, &key);
    }
    if trades.get(&key).is_some() {
        return Err(Refusal::Repeated);
    }
    match call.kind {
        Kind::Query => query(trades, &key),
        Kind::Consume => consume(trades, ctx, call),
        Kind::Apply => apply(trades, ctx, call),
        Kind::Void => void(trades, ctx, call),
        Kind::Refund => refund(trades, ctx, call),
    }
}

fn key(call: &Call<'_>) -> TradeKey {
    TradeKey {
        mer_id: call.merchant.mer_id.clone(),
        order_id: call.order_id.clone(),
        txn_time: call.txn_time.clone(),
    }
}

/// Subtype 06: the payer's code was scanned.
fn consume(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let mut trade = payment(ctx.now, call)?;
    let code = call.required("qrNo")?;
    let payer = payer_of(code).ok_or(Refusal::CodeInvalid)?;
    let key = trade.key.clone();
    match ctx.wallets.use_code(code, &key.mer_id, &key.order_id) {
        CodeUse::OtherOrder => return Err(Refusal::CodeInvalid),
        CodeUse::SameOrder | CodeUse::Fresh => {}
    }
    let refusal = match payer {
        Payer::PaysAtOnce | Payer::PaysAndLeaves => None,
        Payer::AsksPassword { confirms_after_ms } => {
            trade.confirms_at = confirms_after_ms.map(|ms| later(ctx.now, ms));
            trades.insert(trade);
            return Ok(outcome("05", "the payer is asked for the password"));
        }
        Payer::SystemError { money_taken: true } => Some(Refusal::Unsure),
        Payer::SystemError { money_taken: false } => return Err(Refusal::Unsure),
        Payer::BalanceNotEnough => Some(Refusal::BalanceNotEnough),
        Payer::CodeInvalid => Some(Refusal::CodeInvalid),
        Payer::RiskRefused => Some(Refusal::RiskRefused),
    };
    trades.insert(trade);
    match refusal {
        None => Ok(settle(trades, ctx, &key)),
        Some(Refusal::Unsure) => {
            settle(trades, ctx, &key);
            Err(Refusal::Unsure)
        }
        Some(why) => {
            trades.fail(&key, why);
            Err(why)
        }
    }
}

/// UnionPay's payer codes have 19 digits and start with 62.
fn payer_of(code: &str) -> Option<Payer> {
    (code.len() == 19 && code.starts_with("62")).then(|| Payer::of_code(code))?
}

/// Subtype 07: a code that the payer scans.
fn apply(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let mut trade = payment(ctx.now, call)?;
    let number = trades.next_number();
    let code = format!("https://qr.95516.com/00010000/{number:026}");
    trade.link = Some(code.clone());
    trades.insert(trade);
    let mut fields = outcome("00", "success");
    fields.insert("qrCode".to_owned(), code);
    Ok(fields)
}

fn payment(now: Timestamp, call: &Call<'_>) -> Result<Trade, Refusal> {
    let expires_at = match call.text("payTimeout") {
        None => now.saturating_add(EXPIRES_DEFAULT).unwrap_or(now),
        Some(text) => read_beijing(text).ok_or(Refusal::Malformed("payTimeout"))?,
    };
    call.required("backUrl")?;
    if expires_at <= now {
        return Err(Refusal::TimedOut);
    }
    Ok(Trade { expires_at, ..draft(now, call, What::Payment)? })
}

fn draft(now: Timestamp, call: &Call<'_>, what: What) -> Result<Trade, Refusal> {
    Ok(Trade {
        key: key(call),
        what,
        state: State::Waiting,
        amount: call.amount()?,
        repeated: call.repeated(),
        back_url: call.text("backUrl").map(str::to_owned),
        link: None,
        query_id: String::new(),
        trace_no: String::new(),
        done_at: None,
        expires_at: now,
        confirms_at: None,
    })
}

/// 31: the whole, on the same settlement day. The day is Beijing's; the channel's cut is not known.
fn void(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let original = trades.paid(&call.merchant.mer_id, call.required("origQryId")?)?;
    let trade = draft(ctx.now, call, What::Void(original.key.clone()))?;
    if trades.returned_fen(&original.key) > 0 {
        return Err(Refusal::OriginalReturned);
    }
    if trade.amount != original.amount {
        return Err(Refusal::NotWholeAmount);
    }
    if original.done_at.map(settle_date) != Some(settle_date(ctx.now)) {
        return Err(Refusal::OtherSettleDate);
    }
    Ok(give_back(trades, ctx, trade))
}

/// 04: any part of what is left, later days too.
fn refund(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let original = trades.paid(&call.merchant.mer_id, call.required("origQryId")?)?;
    let trade = draft(ctx.now, call, What::Refund(original.key.clone()))?;
    let returned = trades.returned_fen(&original.key);
    if returned.saturating_add(trade.amount.minor()) > original.amount.minor() {
        return Err(Refusal::TooMuch);
    }
    Ok(give_back(trades, ctx, trade))
}

fn give_back(trades: &mut Trades, ctx: &mut Ctx<'_>, trade: Trade) -> Fields {
    let key = trade.key.clone();
    trades.insert(trade);
    settle(trades, ctx, &key)
}

/// 00: `respCode` says that the query worked, `origRespCode` what happened to the trade.
fn query(trades: &Trades, key: &TradeKey) -> Answer {
    let trade = trades.get(key).ok_or(Refusal::NotFound)?;
    let (code, message) = match trade.state {
        State::Waiting => ("05", "the payer has not paid".to_owned()),
        State::Done => ("00", "success".to_owned()),
        State::Failed(why) => (why.code(), why.message()),
    };
    let mut fields = outcome("00", "success");
    fields.insert("origRespCode".to_owned(), code.to_owned());
    fields.insert("origRespMsg".to_owned(), message);
    fields.extend(money_fields(trades, trade));
    Ok(fields)
}

/// What happens to a payment by itself.
pub(super) fn happen(trades: &mut Trades, ctx: &mut Ctx<'_>, due: Due, key: &TradeKey) {
    match due {
        Due::PayerConfirms => {
            settle(trades, ctx, key);
        }
        Due::Expires => trades.fail(key, Refusal::TimedOut),
    }
}

/// The payer scans or confirms.
pub(super) fn payer_pays(
    trades: &mut Trades,
    ctx: &mut Ctx<'_>,
    order_id: &str,
    how: Insistence,
) -> Result<(), PayRefusal> {
    let trade = trades.payment_by_order_id(order_id).ok_or(PayRefusal::UnknownOrder)?;
    let key = trade.key.clone();
    check_payable(trade, how)?;
    settle(trades, ctx, &key);
    Ok(())
}

/// Whether the payer can still pay.
pub(super) fn check_payable(trade: &Trade, how: Insistence) -> Result<(), PayRefusal> {
    match (trade.state, how) {
        (State::Done, _) => Err(PayRefusal::AlreadyPaid),
        (State::Failed(_), Insistence::Polite) => Err(PayRefusal::Closed),
        (State::Waiting, _) | (State::Failed(_), Insistence::EvenIfClosed) => Ok(()),
    }
}

/// Money moves and the merchant is told; what the answer says of it.
pub(super) fn settle(trades: &mut Trades, ctx: &mut Ctx<'_>, key: &TradeKey) -> Fields {
    trades.finish(key, ctx.now);
    let mut fields = outcome("00", "success");
    if let Some(trade) = trades.get(key) {
        fields.extend(money_fields(trades, trade));
        write_notice(trades, ctx, trade);
    }
    fields
}

fn write_notice(trades: &Trades, ctx: &mut Ctx<'_>, trade: &Trade) {
    let Some(url) = trade.back_url.clone() else {
        return;
    };
    let mut fields = trade.repeated.clone();
    fields.extend(outcome("00", "success"));
    fields.extend(money_fields(trades, trade));
    // A map of texts is always JSON.
    let content = serde_json::to_string(&fields).unwrap_or_default();
    ctx.notices.write(Letter {
        channel: "unionpay",
        account: trade.key.mer_id.clone(),
        url,
        subject: trade.key.order_id.clone(),
        event: match trade.what {
            What::Payment => "pay",
            What::Void(_) | What::Refund(_) => "refund",
        },
        content,
    });
}

fn money_fields(trades: &Trades, trade: &Trade) -> Fields {
    let mut fields = Fields::new();
    let mut say = |name: &str, value: String| fields.insert(name.to_owned(), value);
    let fen = trade.amount.minor().to_string();
    say("txnAmt", fen.clone());
    say("currencyCode", "156".to_owned());
    let Some(done_at) = trade.done_at else {
        return fields;
    };
    say("queryId", trade.query_id.clone());
    say("traceNo", trade.trace_no.clone());
    say("traceTime", beijing(done_at, "%m%d%H%M%S"));
    say("settleDate", settle_date(done_at));
    say("settleAmt", fen);
    say("settleCurrencyCode", "156".to_owned());
    if let What::Void(original) | What::Refund(original) = &trade.what
        && let Some(original) = trades.get(original)
    {
        say("origQryId", original.query_id.clone());
    }
    fields
}

/// `MMdd`.
fn settle_date(at: Timestamp) -> String {
    beijing(at, "%m%d")
}
