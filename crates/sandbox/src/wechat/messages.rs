//! Members of the v3 interface's answers and notices.

use serde_json::{Map, Value, json};

use super::config::WechatMerchant;
use super::numbers::rfc3339;
use super::trades::{Order, Party, Refund};

/// A transaction as a query answers it and a payment notice carries it.
pub(super) fn transaction(merchant: &WechatMerchant, order: &Order) -> Value {
    let mut all = parties(merchant, &order.party, order.terms.sub_appid.as_deref());
    all.insert("out_trade_no".to_owned(), json!(order.out_trade_no));
    all.insert("trade_state".to_owned(), json!(order.trade_state()));
    all.insert("trade_state_desc".to_owned(), json!(state_text(order.trade_state())));
    if let Some(attach) = &order.terms.attach {
        all.insert("attach".to_owned(), json!(attach));
    }
    let total = order.terms.total.minor();
    let (Some(transaction_id), Some(paid_at)) = (&order.transaction_id, order.paid_at) else {
        all.insert("amount".to_owned(), json!({ "total": total, "currency": "CNY" }));
        return Value::Object(all);
    };
    let openid = order.payer.as_deref().unwrap_or_default();
    let payer = match (&order.party.sub_mchid, &order.terms.sub_appid) {
        (None, _) => json!({ "openid": openid }),
        (Some(_), None) => json!({ "sp_openid": openid }),
        (Some(_), Some(_)) => json!({ "sp_openid": openid, "sub_openid": openid }),
    };
    let paid = json!({
        "transaction_id": transaction_id,
        "trade_type": order.terms.kind.word(),
        "bank_type": "OTHERS",
        "success_time": rfc3339(paid_at),
        "payer": payer,
        "amount": {
            "total": total,
            "payer_total": total,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    });
    extend(&mut all, paid);
    Value::Object(all)
}

/// A refund as its acceptance and its query answer it.
pub(super) fn refund(refund: &Refund) -> Value {
    let mut all = Map::new();
    let (total, part) = (refund.ask.total.minor(), refund.ask.refund.minor());
    let told = json!({
        "refund_id": refund.refund_id,
        "out_refund_no": refund.ask.out_refund_no,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": rfc3339(refund.created),
        "status": refund.status(),
        "funds_account": "UNSETTLED",
        "amount": {
            "total": total,
            "refund": part,
            "payer_total": total,
            "payer_refund": part,
            "settlement_total": total,
            "settlement_refund": part,
            "discount_refund": 0,
            "currency": "CNY",
        },
        "promotion_detail": [],
    });
    extend(&mut all, told);
    if let Some(at) = refund.succeeded_at {
        all.insert("success_time".to_owned(), json!(rfc3339(at)));
    }
    Value::Object(all)
}

/// What a refund notice seals.
pub(super) fn refund_notice(refund: &Refund) -> Value {
    let mut all = Map::new();
    match &refund.party.sub_mchid {
        None => extend(&mut all, json!({ "mchid": refund.party.mchid })),
        Some(sub) => {
            extend(&mut all, json!({ "sp_mchid": refund.party.mchid, "sub_mchid": sub }));
        }
    }
    let (total, part) = (refund.ask.total.minor(), refund.ask.refund.minor());
    let told = json!({
        "out_trade_no": refund.out_trade_no,
        "transaction_id": refund.transaction_id,
        "out_refund_no": refund.ask.out_refund_no,
        "refund_id": refund.refund_id,
        "refund_status": refund.status(),
        "success_time": refund.succeeded_at.map(rfc3339),
        "user_received_account": "支付用户零钱",
        "amount": { "total": total, "refund": part, "payer_total": total, "payer_refund": part },
    });
    extend(&mut all, told);
    Value::Object(all)
}

fn parties(
    merchant: &WechatMerchant,
    party: &Party,
    sub_appid: Option<&str>,
) -> Map<String, Value> {
    let mut all = Map::new();
    match &party.sub_mchid {
        None => extend(&mut all, json!({ "appid": merchant.appid, "mchid": party.mchid })),
        Some(sub) => {
            let told = json!({
                "sp_appid": merchant.appid,
                "sp_mchid": party.mchid,
                "sub_mchid": sub,
            });
            extend(&mut all, told);
            if let Some(sub_appid) = sub_appid {
                all.insert("sub_appid".to_owned(), json!(sub_appid));
            }
        }
    }
    all
}

fn extend(all: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        all.extend(more);
    }
}

/// `trade_state_desc`.
pub(super) fn state_text(state: &str) -> &'static str {
    match state {
        "SUCCESS" => "支付成功",
        "REFUND" => "订单发生过退款",
        "NOTPAY" => "订单未支付",
        "CLOSED" => "订单已关闭",
        "REVOKED" => "订单已撤销",
        "USERPAYING" => "需要用户输入支付密码",
        _ => "支付失败",
    }
}
