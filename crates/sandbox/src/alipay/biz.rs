//! Reading `biz_content`: what each field may be, by the method pages of the channel.

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency};
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// `total_amount` is 0.01 to 100,000,000.00 yuan.
const TOTAL_FEN_MAX: u64 = 10_000_000_000;
const OUT_TRADE_NO_CHARS_MAX: usize = 64;
const SUBJECT_CHARS_MAX: usize = 256;
/// `timeout_express` is at most 15 days.
const TIMEOUT_MAX: SignedDuration = SignedDuration::from_hours(15 * 24);

/// The business fields of one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Biz<'a>(pub(super) &'a Map<String, Value>);

impl Biz<'_> {
    /// A text, or a number as text: many clients send amounts as JSON numbers.
    pub(super) fn text(self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    pub(super) fn required(self, name: &str) -> Result<String, Refusal> {
        self.text(name).ok_or(Refusal::InvalidParameter)
    }

    pub(super) fn out_trade_no(self) -> Result<String, Refusal> {
        let number = self.required("out_trade_no")?;
        let fits = number.len() <= OUT_TRADE_NO_CHARS_MAX
            && number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits { Ok(number) } else { Err(Refusal::InvalidParameter) }
    }

    pub(super) fn subject(self) -> Result<String, Refusal> {
        let subject = self.required("subject")?;
        if subject.chars().count() > SUBJECT_CHARS_MAX {
            return Err(Refusal::InvalidParameter);
        }
        Ok(subject)
    }

    /// Yuan with at most two decimals, above zero.
    pub(super) fn amount(self, name: &str) -> Result<Amount, Refusal> {
        let text = self.required(name)?;
        let amount =
            Amount::parse_major(&text, Currency::Cny).or(Err(Refusal::InvalidParameter))?;
        if amount.is_zero() || amount.minor() > TOTAL_FEN_MAX {
            return Err(Refusal::TotalFeeExceed);
        }
        Ok(amount)
    }

    /// When an open order closes by itself: `time_expire`, else `timeout_express` (or the field
    /// given), else the method's default.
    pub(super) fn expires_at(
        self,
        now: Timestamp,
        timeout_field: &str,
        default: SignedDuration,
    ) -> Result<Timestamp, Refusal> {
        if let Some(text) = self.text("time_expire") {
            let at = beijing_time(&text).ok_or(Refusal::InvalidParameter)?;
            return if at > now { Ok(at) } else { Err(Refusal::InvalidParameter) };
        }
        let wait = match self.text(timeout_field).or_else(|| self.text("timeout_express")) {
            None => default,
            Some(text) => timeout(&text, now).ok_or(Refusal::InvalidParameter)?,
        };
        now.checked_add(wait).or(Err(Refusal::InvalidParameter))
    }
}

/// `1m` to `15d`, in minutes, hours or days; `1c` is until the end of the day.
fn timeout(text: &str, now: Timestamp) -> Option<SignedDuration> {
    if text == "1c" {
        let today = now.to_zoned(TimeZone::fixed(offset(8)));
        let midnight = today.tomorrow().ok()?.start_of_day().ok()?;
        return Some(midnight.timestamp().duration_since(now));
    }
    let (number, minutes) = if let Some(number) = text.strip_suffix('m') {
        (number, 1)
    } else if let Some(number) = text.strip_suffix('h') {
        (number, 60)
    } else {
        (text.strip_suffix('d')?, 24 * 60)
    };
    let count = number.parse::<u32>().ok().filter(|count| *count > 0)?;
    let wait = SignedDuration::from_mins(i64::from(count).checked_mul(minutes)?);
    (wait <= TIMEOUT_MAX).then_some(wait)
}

fn beijing_time(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text)
        .or_else(|_| DateTime::strptime("%Y-%m-%d %H:%M", text))
        .ok()?;
    Some(civil.to_zoned(TimeZone::fixed(offset(8))).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn biz(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn amounts_are_yuan_with_two_decimals() {
        for (value, expect) in [
            (json!("88.88"), Ok(8888)),
            (json!(0.01), Ok(1)),
            (json!(12), Ok(1200)),
            (json!("100000000.00"), Ok(TOTAL_FEN_MAX)),
            (json!("100000000.01"), Err(Refusal::TotalFeeExceed)),
            (json!("0"), Err(Refusal::TotalFeeExceed)),
            (json!("-1"), Err(Refusal::InvalidParameter)),
            (json!("0.001"), Err(Refusal::InvalidParameter)),
            (json!(null), Err(Refusal::InvalidParameter)),
            (json!(""), Err(Refusal::InvalidParameter)),
        ] {
            let fields = biz(&json!({ "total_amount": value }));
            let amount = Biz(&fields).amount("total_amount").map(Amount::minor);
            assert_eq!(amount, expect, "{value}");
        }
    }

    #[test]
    fn orders_expire_as_asked_or_by_default() {
        // 2026-11-20 10:00:00 in Beijing.
        let now: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
        for (fields, expect) in [
            (json!({}), Some("2026-11-20T04:00:00Z")),
            (json!({"timeout_express": "5m"}), Some("2026-11-20T02:05:00Z")),
            (json!({"timeout_express": "3h"}), Some("2026-11-20T05:00:00Z")),
            (json!({"timeout_express": "2d"}), Some("2026-11-22T02:00:00Z")),
            (json!({"timeout_express": "1c"}), Some("2026-11-20T16:00:00Z")),
            (json!({"qr_code_timeout_express": "1m"}), Some("2026-11-20T02:01:00Z")),
            (json!({"time_expire": "2026-11-20 10:00:30"}), Some("2026-11-20T02:00:30Z")),
            (json!({"time_expire": "2026-11-20 10:07"}), Some("2026-11-20T02:07:00Z")),
            (json!({"time_expire": "2026-11-20 09:00:00"}), None),
            (json!({"timeout_express": "16d"}), None),
            (json!({"timeout_express": "0m"}), None),
            (json!({"timeout_express": "5s"}), None),
        ] {
            let map = biz(&fields);
            let default = SignedDuration::from_hours(2);
            let at = Biz(&map).expires_at(now, "qr_code_timeout_express", default).ok();
            assert_eq!(at, expect.map(|text| text.parse().unwrap()), "{fields}");
        }
    }
}
