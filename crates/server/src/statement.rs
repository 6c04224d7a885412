//! A terminal's statement: cards and codes of one batch, each trade a row, with what they come to.

use app::pos::PosAccess;
use jiff::tz::{TimeZone, offset};
use orders::{Trade, TradeKind, TradeSide, TradeState};
use serde_json::{Value, json};

const HEADINGS: &str =
    "trace,time,kind,state,code,amount_fen,paid_by,reference,auth_code,payment,refund";

/// Rows and totals; what was reversed or refused is shown, and counts nowhere.
pub(crate) fn json(access: &PosAccess, batch: u32, trades: &[Trade]) -> Value {
    let of = |by_card: bool, side: TradeSide| {
        let counts = |t: &&Trade| {
            t.state == TradeState::Approved && t.kind.side() == side && t.card.is_some() == by_card
        };
        let rows: Vec<u64> = trades.iter().filter(counts).map(|t| t.moved().minor()).collect();
        json!({ "count": rows.len(), "fen": rows.iter().sum::<u64>() })
    };
    let both = |by_card| json!({ "taken": of(by_card, TradeSide::Debit), "given_back": of(by_card, TradeSide::Credit) });
    json!({
        "terminal_no": access.terminal.terminal_no,
        "merchant_code": access.terminal.merchant_code,
        "batch": batch,
        "cards": both(true),
        "codes": both(false),
        "trades": trades.iter().map(row).collect::<Vec<_>>(),
    })
}

/// The same rows as text. No value holds a comma or a quotation mark.
pub(crate) fn csv(trades: &[Trade]) -> String {
    let line = |trade: &Trade| {
        let cells = [
            format!("{:06}", trade.key.trace),
            time(trade),
            kind(trade.kind).to_owned(),
            state(trade.state).to_owned(),
            trade.code.clone().unwrap_or_default(),
            trade.moved().minor().to_string(),
            paid_by(trade),
            trade.reference.clone(),
            trade.approval.auth_code.clone().unwrap_or_default(),
            trade.order.map(|id| id.to_string()).unwrap_or_default(),
            trade.refund.map(|id| id.to_string()).unwrap_or_default(),
        ];
        cells.join(",")
    };
    let lines = std::iter::once(HEADINGS.to_owned()).chain(trades.iter().map(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn row(trade: &Trade) -> Value {
    json!({
        "trace": format!("{:06}", trade.key.trace),
        "time": time(trade),
        "kind": kind(trade.kind),
        "state": state(trade.state),
        "code": trade.code,
        "amount_fen": trade.moved().minor(),
        "asked_fen": trade.amount.minor(),
        "paid_by": paid_by(trade),
        "reference": trade.reference,
        "auth_code": trade.approval.auth_code,
        "payment": trade.order.map(|id| id.to_string()),
        "refund": trade.refund.map(|id| id.to_string()),
    })
}

/// In China's time.
fn time(trade: &Trade) -> String {
    let china = trade.created_at.to_zoned(TimeZone::fixed(offset(8)));
    china.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// First six and last four digits, or that it was a code.
fn paid_by(trade: &Trade) -> String {
    trade.card.as_ref().map_or_else(|| "qr".to_owned(), |card| card.masked.clone())
}

const fn kind(kind: TradeKind) -> &'static str {
    match kind {
        TradeKind::Sale => "sale",
        TradeKind::SaleVoid => "sale_void",
        TradeKind::Refund => "refund",
        TradeKind::Authorization => "authorization",
        TradeKind::AuthorizationVoid => "authorization_void",
        TradeKind::Completion => "completion",
        TradeKind::CompletionVoid => "completion_void",
        TradeKind::Offline => "offline",
        TradeKind::Unknown => "unknown",
    }
}

const fn state(state: TradeState) -> &'static str {
    match state {
        TradeState::Open => "open",
        TradeState::Approved => "approved",
        TradeState::Declined => "declined",
        TradeState::Unsure => "unsure",
        TradeState::Reversed => "reversed",
        TradeState::Tombstone => "tombstone",
    }
}
