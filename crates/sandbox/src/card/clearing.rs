//! 一般交易流水文件 (ACOM): what the network cleared for an acquirer on a settlement date, one line each.
//!
//! Thirty-four fields of fixed width with a space between them. A message that was reversed on its own
//! settlement date is not in it; one that was reversed later is in its own day's file, and its reversal
//! (0420) in the later one's. Holds move no money and are not cleared.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;

use super::network::{Kind, Trade, settlement_day};

/// 发卡行服务费: 0.35 %, at most 13.00 yuan; in millionths and fen.
const ISSUER_PPM: u64 = 3_500;
const ISSUER_MAX: u64 = 1_300;
/// 网络服务费 of the acquirer: 0.0325 %, at most 3.25 yuan.
const NETWORK_PPM: u64 = 325;
const NETWORK_MAX: u64 = 325;
const MILLION: u64 = 1_000_000;

/// The file of a day.
pub(super) fn file<'a>(trades: impl Iterator<Item = &'a Trade>, day: Date) -> Vec<u8> {
    let mut out = String::new();
    for trade in trades.filter(|trade| trade.was_approved() && trade.kind.moves_money()) {
        let cleared = settlement_day(trade.at);
        let reversed = trade.reversed_at.map(settlement_day);
        if cleared == day && reversed != Some(day) {
            line(&mut out, trade, None);
        }
        if reversed == Some(day) && cleared != day {
            line(&mut out, trade, trade.reversed_at);
        }
    }
    out.into_bytes()
}

fn line(out: &mut String, trade: &Trade, reversed_at: Option<Timestamp>) {
    let (issuer, network) =
        (fee(trade.amount, ISSUER_PPM, ISSUER_MAX), fee(trade.amount, NETWORK_PPM, NETWORK_MAX));
    // What is charged is the acquirer's to pay; what goes back brings its fees back.
    let to_acquirer = trade.kind.gives_back() != reversed_at.is_some();
    let (receivable, payable) = if to_acquirer { (issuer, 0) } else { (0, issuer) };
    let sign = if to_acquirer { 'C' } else { 'D' };
    let (mti, processing) = match trade.kind {
        Kind::Refund => ("0220", "200000"),
        Kind::Void | Kind::Release => ("0200", "200000"),
        Kind::Charge | Kind::Hold if trade.advised => ("0220", "000000"),
        Kind::Charge | Kind::Hold => ("0200", "000000"),
    };
    let mti = if reversed_at.is_some() { "0420" } else { mti };
    let (original_trace, original_time) = match (&trade.original, reversed_at) {
        (_, Some(_)) => (trade.key.trace.as_str(), trade.key.transmitted.as_str()),
        (Some(key), None) => (key.trace.as_str(), key.transmitted.as_str()),
        (None, None) => ("000000", "0000000000"),
    };
    let key = &trade.key;
    let said = &trade.said;
    let fields = [
        format!("{:<11}", key.acquirer),
        format!("{:<11}", key.forwarder),
        key.trace.clone(),
        key.transmitted.clone(),
        format!("{:<19}", trade.pan),
        format!("{:012}", trade.amount),
        format!("{:012}", 0),
        format!("C{:011}", 0),
        mti.to_owned(),
        processing.to_owned(),
        said.merchant_type.clone(),
        format!("{:<8}", key.terminal),
        format!("{:<15}", said.merchant),
        format!("{:<12}", trade.reference),
        said.condition.clone(),
        format!("{:<6}", trade.auth_code),
        format!("{:<11}", "01020000"),
        original_trace.to_owned(),
        "00".to_owned(),
        said.entry.clone(),
        format!("C{receivable:011}"),
        format!("D{payable:011}"),
        format!("{sign}{network:011}"),
        "1".to_owned(),
        "000".to_owned(),
        "5".to_owned(),
        "0".to_owned(),
        original_time.to_owned(),
        format!("{:<11}", "01020000"),
        "0".to_owned(),
        "03".to_owned(),
        "00".to_owned(),
        format!("C{:011}", 0),
        " ".repeat(14),
    ];
    // Writing into memory does not fail.
    writeln!(out, "{}", fields.join(" ")).ok();
}

/// Half up, as networks round.
fn fee(amount: u64, ppm: u64, most: u64) -> u64 {
    ((amount * ppm + MILLION / 2) / MILLION).min(most)
}
