//! 小票: what a till prints of a payment, as text and as the bytes that a receipt printer takes.

use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use channels::shown;
use encoding_rs::GBK;
use ids::OrderId;
use orders::{Aggregate, LegState, OrderState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::answer::{Answer, id, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::payments::visible;
use crate::state::ApiState;

/// Columns of ordinary print on paper of 58 and 80 mm: a Chinese character takes two.
const COLUMNS_58_MM: usize = 32;
const COLUMNS_80_MM: usize = 48;

/// Begin anew, and read two bytes as one Chinese character.
const RESET: &[u8] = b"\x1b@\x1c&";
const CENTRE: &[u8] = b"\x1ba\x01";
const LEFT: &[u8] = b"\x1ba\x00";
const LARGE: &[u8] = b"\x1d!\x11";
const NORMAL: &[u8] = b"\x1d!\x00";
/// Feed, and cut where there is a knife.
const CUT: &[u8] = b"\x1dVB\x40";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaperQuery {
    /// 58 or 80; what is settled for the store unless given.
    #[param(value_type = Option<u8>, example = 58)]
    width_mm: Option<String>,
}

/// A receipt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receipt {
    width_mm: u8,
    /// The text, a line each, filled to the paper's width.
    lines: Vec<String>,
    /// The same for a printer that speaks ESC/POS, in GBK.
    #[schema(example = "G0AcJg==")]
    escpos_base64: String,
}

/// How a line stands on the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Title(String),
    Amount(String),
    Text(String),
    /// A name at the left and a value at the right.
    Pair(String, String),
    Rule,
}

/// A payment's receipt 小票
#[utoipa::path(get, path = "/v1/payments/{id}/receipt", operation_id = "getReceipt",
    params(("id" = String, Path, description = "Our number"), PaperQuery),
    responses((status = 200, body = Receipt)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Receipt> {
    let order: OrderId = id(&text, "payment_not_found")?;
    let query: PaperQuery = parse_query(query.as_deref())?;
    let payment = visible(&state, &asker, order).await?;
    let place = match payment.order.terminal {
        Some(terminal) => state.app.place_of(terminal).await?,
        None => None,
    };
    let (mut width_mm, mut footer) = (58, String::new());
    if let Some(place) = &place {
        let settings = state.app.cashier_settings(place.merchant.id, place.store.id).await?;
        width_mm = settings.receipt_width_mm;
        footer.clone_from(&settings.receipt_footer);
    }
    if let Some(text) = query.width_mm {
        width_mm = text.parse().or(Err(ApiError::field("request_malformed", "width_mm")))?;
    }
    let columns = match width_mm {
        58 => COLUMNS_58_MM,
        80 => COLUMNS_80_MM,
        _ => return Err(ApiError::field("request_malformed", "width_mm")),
    };
    let lines = compose(&payment, place.as_ref(), &footer);
    Ok(Json(Receipt {
        width_mm,
        lines: lines.iter().flat_map(|line| line.text(columns)).collect(),
        escpos_base64: BASE64.encode(escpos(&lines, columns)),
    }))
}

fn compose(payment: &Aggregate, place: Option<&app::Place>, footer: &str) -> Vec<Line> {
    let order = &payment.order;
    let pair = |name: &str, value: &str| Line::Pair(name.to_owned(), value.to_owned());
    let store = place.map_or("", |place| place.store.name.as_str());
    let mut lines =
        vec![Line::Title(store.to_owned()), Line::Text("收款小票".to_owned()), Line::Rule];
    lines.push(pair("状态", state_word(payment)));
    lines.push(pair("时间", &local(order.paid_at.unwrap_or(order.created_at))));
    if let Some(place) = place {
        lines.push(pair("终端", &place.terminal.name));
    }
    lines.push(Line::Text(format!("单号 {}", order.id)));
    lines.push(Line::Text(format!("商户单号 {}", order.merchant_no)));
    lines.push(Line::Rule);
    lines.push(Line::Text(order.description.clone()));
    for leg in payment.legs.iter().filter(|leg| leg.state == LegState::Paid) {
        lines.push(pair(tender_word(&leg.tender.code()), &yuan(leg.amount.minor())));
        let attempt = payment.attempts.iter().rfind(|attempt| attempt.leg == leg.id);
        if let Some(no) = attempt.and_then(|attempt| attempt.trade_no.as_ref()) {
            lines.push(Line::Text(format!("  {no}")));
        }
    }
    lines.push(Line::Rule);
    lines.push(Line::Amount(format!("合计 ¥{}", yuan(order.amount.minor()))));
    let back: u64 = payment.legs.iter().map(|leg| leg.refunded.minor()).sum();
    if back > 0 {
        lines.push(pair("已退", &yuan(back)));
    }
    if let Some(attach) = &order.attach {
        lines.push(Line::Text(format!("备注 {attach}")));
    }
    if !footer.is_empty() {
        lines.push(Line::Rule);
        lines.push(Line::Title(footer.to_owned()));
    }
    lines
}

fn state_word(payment: &Aggregate) -> &'static str {
    let back: u64 = payment.legs.iter().map(|leg| leg.refunded.minor()).sum();
    match payment.order.state {
        OrderState::Paid if back >= payment.order.amount.minor() => "已全额退款",
        OrderState::Paid if back > 0 => "已部分退款",
        OrderState::Paid => "已支付",
        // A receipt of what is not paid must not be taken for one of what is.
        OrderState::Paying => "未支付",
        OrderState::Failed => "支付失败",
        OrderState::Closing => "关闭中",
        OrderState::Closed => "已关闭",
    }
}

fn tender_word(code: &str) -> &str {
    match code {
        "alipay" => "支付宝",
        "wechat" => "微信支付",
        "unionpay" => "云闪付",
        "card" | "bank_card" => "银行卡",
        "cash" => "现金",
        "wallet" => "储值卡",
        "merchant_coupon" => "商户优惠",
        "platform_coupon" => "平台优惠",
        other => other,
    }
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// China's time without its zone, as receipts have it.
fn local(at: jiff::Timestamp) -> String {
    let text = shown::time(at).replace('T', " ");
    text.chars().take("2026-11-21 12:00:00".len()).collect()
}

/// Columns that a text takes.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// A text in lines of so many columns.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for c in text.chars() {
        if let Some(line) = lines.last_mut()
            && width(line) + width(c.encode_utf8(&mut [0; 4])) <= columns
        {
            line.push(c);
        } else {
            lines.push(c.to_string());
        }
    }
    lines
}

impl Line {
    fn text(&self, columns: usize) -> Vec<String> {
        match self {
            Self::Title(text) | Self::Amount(text) => wrapped(text, columns)
                .iter()
                .map(|line| format!("{}{line}", " ".repeat((columns - width(line)) / 2)))
                .collect(),
            Self::Text(text) => wrapped(text, columns),
            Self::Pair(name, value) => {
                let gap = columns.saturating_sub(width(name) + width(value));
                if gap == 0 {
                    wrapped(&format!("{name} {value}"), columns)
                } else {
                    vec![format!("{name}{}{value}", " ".repeat(gap))]
                }
            }
            Self::Rule => vec!["-".repeat(columns)],
        }
    }

    fn print(&self, columns: usize) -> Vec<u8> {
        let (before, lines, after): (Vec<u8>, Vec<String>, &[u8]) = match self {
            // The printer centres by itself, and large letters take twice the room.
            Self::Title(text) => (CENTRE.to_vec(), wrapped(text, columns), LEFT),
            Self::Amount(text) => (LARGE.to_vec(), wrapped(text, columns / 2), NORMAL),
            Self::Text(_) | Self::Pair(_, _) | Self::Rule => (Vec::new(), self.text(columns), &[]),
        };
        let mut bytes = before;
        for line in lines {
            // A character that GBK lacks is a question mark, not markup.
            let plain: String = line.chars().map(printable).collect();
            bytes.extend_from_slice(&GBK.encode(&plain).0);
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(after);
        bytes
    }
}

/// What the printer's letters have; a control character would be a command to it.
fn printable(c: char) -> char {
    match c {
        '¥' => '￥',
        c if c.is_control() => ' ',
        c => {
            let mut text = [0; 4];
            let (_, _, lacking) = GBK.encode(c.encode_utf8(&mut text));
            if lacking { '?' } else { c }
        }
    }
}

fn escpos(lines: &[Line], columns: usize) -> Vec<u8> {
    let mut bytes = RESET.to_vec();
    for line in lines {
        bytes.extend(line.print(columns));
    }
    bytes.extend_from_slice(CUT);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fill_the_paper() {
        let pair = |name: &str, value: &str| Line::Pair(name.to_owned(), value.to_owned());
        for (line, expect) in [
            (pair("现金", "5.00"), vec!["现金        5.00"]),
            (pair("一二三四", "五六七八"), vec!["一二三四 五六七", "八"]),
            (Line::Title("店".to_owned()), vec!["       店"]),
            (Line::Rule, vec!["----------------"]),
            (Line::Text("一二三四五六七八九".to_owned()), vec!["一二三四五六七八", "九"]),
        ] {
            assert_eq!(line.text(16), expect, "{line:?}");
        }
    }

    #[test]
    fn the_printer_gets_no_command_from_a_name() {
        let lines = [Line::Text("a\x1b@\u{1F35C}面".to_owned()), Line::Amount("¥1".to_owned())];
        let bytes = escpos(&lines, 32);
        let text = b"a @?\xc3\xe6\n";
        assert!(bytes.windows(text.len()).any(|window| window == text), "{bytes:?}");
        assert_eq!(bytes.iter().filter(|b| **b == 0x1b).count(), 1, "the reset's own");
        assert!(bytes.ends_with(CUT));
    }
}
