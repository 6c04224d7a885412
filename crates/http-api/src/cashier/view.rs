//! What a page is told of an order: nothing of the merchant's that a payer need not know.

use app::cashier::{CashierSettings, Offer, OrderPage};
use channels::shown;
use merchants::PayerApp;
use orders::channel::PayWay;
use orders::{Aggregate, Attempt, AttemptState, Leg, LegState, OrderState};
use serde_json::{Value, json};

/// What the page does about a leg of its own.
fn leg_state(leg: &Leg, attempt: Option<&Attempt>) -> &'static str {
    match (leg.state, attempt.map(|attempt| attempt.state)) {
        (LegState::Paid, _) => "paid",
        (LegState::Failed, _) => "failed",
        (LegState::Closed, _) => "closed",
        // The channel has made what the payer's app needs.
        (LegState::Paying, Some(AttemptState::Waiting)) => "ready",
        (LegState::Paying, _) => "unknown",
    }
}

const fn order_state(state: OrderState) -> &'static str {
    match state {
        OrderState::Paying => "open",
        OrderState::Paid => "paid",
        OrderState::Failed | OrderState::Closed => "closed",
        OrderState::Closing => "closing",
    }
}

/// An order as its page shows it. `mine` is the number of the leg that this page made.
pub(super) fn order(order: &Aggregate, mine: Option<u16>) -> Value {
    let legs: Vec<Value> = order.legs.iter().filter(|leg| is_live(leg)).map(leg_line).collect();
    let mine = mine.and_then(|no| order.leg_by_no(no)).map(|leg| own_leg(order, leg));
    json!({
        "state": order_state(order.order.state),
        "amount_fen": order.order.amount.minor(),
        "rest_fen": order.rest().minor(),
        "description": order.order.description,
        "paid_at": order.order.paid_at.map(shown::time),
        "expires_at": shown::time(order.order.expires_at),
        "legs": legs,
        "mine": mine,
    })
}

const fn is_live(leg: &Leg) -> bool {
    matches!(leg.state, LegState::Paid | LegState::Paying)
}

fn leg_line(leg: &Leg) -> Value {
    let paid = leg.state == LegState::Paid;
    json!({ "tender": leg.tender.code(), "amount_fen": leg.amount.minor(), "paid": paid })
}

/// With what the payer's app is given, while it can be paid.
fn own_leg(order: &Aggregate, leg: &Leg) -> Value {
    let attempt = order.attempts.iter().rfind(|attempt| attempt.leg == leg.id);
    let state = leg_state(leg, attempt);
    let invoke = attempt.filter(|_| state == "ready").and_then(|attempt| {
        let text = attempt.invoke.as_deref()?;
        Some(if attempt.way == PayWay::H5 {
            json!({ "link": text })
        } else {
            json!({ "jsapi": serde_json::from_str::<Value>(text).ok()? })
        })
    });
    let refusal = attempt.and_then(|attempt| attempt.refusal.as_ref());
    json!({
        "no": leg.no,
        "state": state,
        "tender": leg.tender.code(),
        "amount_fen": leg.amount.minor(),
        "invoke": invoke,
        "failure_message": refusal.map(|refusal| refusal.message.clone()),
    })
}

/// How the page looks, and by what it can be paid in this app.
pub(super) fn settings(settings: &CashierSettings, offers: &[Offer], app: PayerApp) -> Value {
    let channels: Vec<Value> = offers
        .iter()
        .map(|offer| {
            json!({
                "channel": offer.channel.as_str(),
                "in_app": offer.in_app,
                "by_browser": offer.by_browser,
            })
        })
        .collect();
    json!({
        "app": app.code(),
        "amount_fen_max": settings.amount_fen_max,
        "quick_amounts_fen": settings.quick_amounts_fen,
        "tips": settings.tips,
        "remark": settings.remark,
        "embed_origins": settings.embed_origins,
        "channels": channels,
    })
}

/// What the order's opener asked of its page.
pub(super) fn checkout(page: &OrderPage) -> Value {
    let paid = page.order.order.state == OrderState::Paid;
    let row = page.checkout.as_ref();
    json!({
        "tip_fen": row.map_or(0, |row| row.tip_minor),
        "return_url": row.and_then(|row| row.return_url.clone()).filter(|_| paid),
        "at_plate": row.is_some_and(|row| row.plate.is_some()),
    })
}
