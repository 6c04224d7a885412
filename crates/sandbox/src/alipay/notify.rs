//! Asynchronous notices: what they say. They are signed when they are posted.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::service::{buyer_fields, funds};
use super::trade::{Trade, beijing};
use crate::core::{Ctx, Letter};

const TIME: &str = "%Y-%m-%d %H:%M:%S";

/// Seconds between deliveries: 4 m, 10 m, 10 m, 1 h, 2 h, 6 h, 15 h; eight in all within 25 h.
pub(super) const RETRY_WAITS_S: [u32; 7] = [240, 600, 600, 3_600, 7_200, 21_600, 54_000];

/// Tells the merchant, if he gave an address, how the trade stands now.
pub(super) fn write(ctx: &mut Ctx<'_>, trade: &Trade, event: &'static str) {
    let Some(url) = trade.correspondence.notify_url.clone() else {
        return;
    };
    let fields = fields(trade, ctx.now);
    // A map of texts is always JSON.
    let content = serde_json::to_string(&fields).unwrap_or_default();
    ctx.notices.write(Letter {
        channel: "alipay",
        account: trade.correspondence.app_id.clone(),
        url,
        subject: trade.key.out_trade_no.clone(),
        event,
        content,
    });
}

fn fields(trade: &Trade, now: Timestamp) -> BTreeMap<String, String> {
    let correspondence = &trade.correspondence;
    let total = trade.terms.total.to_major();
    let charset = correspondence.charset.name().to_ascii_lowercase();
    // Each notice has its own id, which its repeats keep.
    let what = format!("{}/{}/{}", trade.trade_no, trade.status.word(), trade.refunds.len());
    let notify_id = crypto::digest::md5_hex(what.as_bytes());
    let mut fields = BTreeMap::new();
    let mut say = |name: &str, value: &str| fields.insert(name.to_owned(), value.to_owned());
    say("notify_time", &beijing(now, TIME));
    say("notify_type", "trade_status_sync");
    say("notify_id", &notify_id);
    say("app_id", &correspondence.app_id);
    say("auth_app_id", &correspondence.app_id);
    say("charset", &charset);
    say("version", "1.0");
    say("trade_no", &trade.trade_no);
    say("out_trade_no", &trade.key.out_trade_no);
    for (name, value) in buyer_fields(trade, "buyer_id") {
        say(name, &value);
    }
    say("seller_id", &trade.key.seller_id);
    say("trade_status", trade.status_at(now).word());
    say("total_amount", &total);
    say("subject", &trade.terms.subject);
    if !trade.terms.body.is_empty() {
        say("body", &trade.terms.body);
    }
    if let Some(params) = &correspondence.passback_params {
        say("passback_params", params);
    }
    say("gmt_create", &beijing(trade.created_at, TIME));
    if let Some(paid_at) = trade.paid_at {
        say("gmt_payment", &beijing(paid_at, TIME));
        for name in ["receipt_amount", "invoice_amount", "buyer_pay_amount"] {
            say(name, &total);
        }
        say("point_amount", "0.00");
        say("fund_bill_list", &funds(trade.terms.total, "fundChannel").to_string());
    }
    if let (Some(last), Ok(refunded)) = (trade.refunds.last(), trade.refunded()) {
        say("out_biz_no", &last.request_no);
        say("refund_fee", &refunded.to_major());
        say("gmt_refund", &beijing(last.at, "%Y-%m-%d %H:%M:%S.000"));
    }
    if let Some(closed_at) = trade.closed_at {
        say("gmt_close", &beijing(closed_at, TIME));
    }
    fields
}
