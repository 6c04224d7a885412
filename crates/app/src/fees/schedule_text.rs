//! Price lists as people write them: amounts in yuan, rates in percent, dates of China.

use clearing::{Base, CardType, Rule, Schedule, Side, Terms, Tier, Tiering, When};
use ids::ChannelCode;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use money::{Amount, Currency, Rate, Rounding};
use serde::Deserialize;

use crate::bookings::CHINA;

/// Parts per million in one percent.
const PPM_PER_PERCENT: u64 = 10_000;
/// Decimals of a percentage: beyond them a rate is no whole ppm.
const PERCENT_DECIMALS: usize = 4;

/// The text is no price list; it says where.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ScheduleUnreadable(String);

type Read<T> = Result<T, ScheduleUnreadable>;

/// # Errors
/// [`ScheduleUnreadable`]
pub fn parse_schedule(json: &str) -> Read<Schedule> {
    let text: ScheduleText = serde_json::from_str(json).map_err(unreadable)?;
    let currency = Currency::parse(&text.currency).map_err(unreadable)?;
    text.read(currency)
}

fn unreadable(error: impl std::fmt::Display) -> ScheduleUnreadable {
    ScheduleUnreadable(error.to_string())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleText {
    name: String,
    currency: String,
    rules: Vec<RuleText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: String,
    #[serde(default)]
    when: WhenText,
    from: Option<String>,
    until: Option<String>,
    rate: Option<String>,
    fixed: Option<String>,
    tiers: Option<TiersText>,
    floor: Option<String>,
    cap: Option<String>,
    #[serde(default)]
    side: SideText,
    #[serde(default)]
    rounding: RoundingText,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenText {
    product: Option<String>,
    channel: Option<String>,
    card: Option<CardText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TiersText {
    by: ByText,
    how: HowText,
    rows: Vec<TierText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierText {
    from: String,
    rate: Option<String>,
    fixed: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ByText {
    Amount,
    Volume,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HowText {
    Whole,
    Marginal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SideText {
    #[default]
    Deducted,
    Added,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RoundingText {
    #[default]
    HalfUp,
    HalfEven,
    Floor,
    Ceiling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CardText {
    Debit,
    Credit,
}

impl CardText {
    const fn read(self) -> CardType {
        match self {
            Self::Debit => CardType::Debit,
            Self::Credit => CardType::Credit,
        }
    }
}

impl ScheduleText {
    fn read(self, currency: Currency) -> Read<Schedule> {
        let rules = self.rules.into_iter().map(|rule| {
            let id = rule.id.clone();
            rule.read(currency).map_err(|error| unreadable(format!("rule {id}: {error}")))
        });
        Schedule::new(self.name, currency, rules.collect::<Result<_, _>>()?).map_err(unreadable)
    }
}

impl RuleText {
    fn read(self, currency: Currency) -> Read<Rule> {
        let minor =
            |text: &Option<String>| text.as_deref().map(|text| yuan(text, currency)).transpose();
        let (floor, cap) = (minor(&self.floor)?, minor(&self.cap)?);
        let base = match &self.tiers {
            None => Base::Flat {
                rate: percent(self.rate.as_deref())?,
                fixed: minor(&self.fixed)?.unwrap_or(0),
            },
            Some(_) if self.rate.is_some() || self.fixed.is_some() => {
                return Err(unreadable("rate and fixed stand in the tiers"));
            }
            Some(tiers) => tiers.read(currency)?,
        };
        let terms = Terms {
            base,
            floor,
            cap,
            side: match self.side {
                SideText::Deducted => Side::Deducted,
                SideText::Added => Side::Added,
            },
            rounding: match self.rounding {
                RoundingText::HalfUp => Rounding::HalfUp,
                RoundingText::HalfEven => Rounding::HalfEven,
                RoundingText::Floor => Rounding::Floor,
                RoundingText::Ceiling => Rounding::Ceiling,
            },
        };
        let channel = self.when.channel.as_deref().map(ChannelCode::parse).transpose();
        Ok(Rule {
            id: self.id,
            when: When {
                product: self.when.product,
                channel: channel.map_err(unreadable)?,
                card: self.when.card.map(CardText::read),
            },
            from: self.from.as_deref().map_or(Ok(Timestamp::UNIX_EPOCH), moment)?,
            until: self.until.as_deref().map(moment).transpose()?,
            terms,
        })
    }
}

impl TiersText {
    fn read(&self, currency: Currency) -> Read<Base> {
        let tiers = self.rows.iter().map(|row| {
            let fixed = row.fixed.as_deref().map(|text| yuan(text, currency)).transpose()?;
            Ok::<Tier, ScheduleUnreadable>(Tier {
                from: yuan(&row.from, currency)?,
                rate: percent(row.rate.as_deref())?,
                fixed: fixed.unwrap_or(0),
            })
        });
        let tiers = tiers.collect::<Result<_, _>>()?;
        let tiering = match self.how {
            HowText::Whole => Tiering::Whole,
            HowText::Marginal => Tiering::Marginal,
        };
        Ok(match self.by {
            ByText::Amount => Base::ByAmount { tiers, tiering },
            ByText::Volume => Base::ByVolume { tiers, tiering },
        })
    }
}

fn yuan(text: &str, currency: Currency) -> Read<u64> {
    let amount = Amount::parse_major(text, currency);
    let amount = amount.map_err(|error| unreadable(format!("`{text}` is no amount: {error}")))?;
    Ok(amount.minor())
}

/// `0.38%` is 3,800 ppm; nothing is no share. No float comes near it.
fn percent(text: Option<&str>) -> Read<Rate> {
    let Some(text) = text else { return Rate::from_ppm(0).map_err(unreadable) };
    let wrong = || unreadable(format!("`{text}` is no percentage like 0.38%"));
    let digits = text.strip_suffix('%').ok_or_else(wrong)?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > PERCENT_DECIMALS {
        return Err(wrong());
    }
    let part: u64 = format!("{part:0<PERCENT_DECIMALS$}").parse().or(Err(wrong()))?;
    let whole: u64 = whole.parse().or(Err(wrong()))?;
    let ppm = whole.checked_mul(PPM_PER_PERCENT).and_then(|ppm| ppm.checked_add(part));
    Rate::from_ppm(ppm.ok_or_else(wrong)?).map_err(unreadable)
}

/// A moment, or the beginning of a day in China.
/// # Errors
/// [`ScheduleUnreadable`]
pub fn moment(text: &str) -> Read<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day: Date = text.parse().or(Err(unreadable(format!("`{text}` is no date or time"))))?;
    Ok(day.to_zoned(TimeZone::fixed(CHINA)).map_err(unreadable)?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_whole_ppm() {
        for (text, ppm) in [
            ("0.38%", Some(3_800)),
            ("0.0325%", Some(325)),
            ("1%", Some(10_000)),
            ("100%", Some(1_000_000)),
            ("0.6%", Some(6_000)),
            ("100.0001%", None),
            ("0.00001%", None),
            ("0.38", None),
            ("-1%", None),
            ("%", None),
            (".5%", None),
            ("1e1%", None),
        ] {
            assert_eq!(percent(Some(text)).ok().map(Rate::ppm), ppm, "{text}");
        }
    }

    #[test]
    fn a_day_begins_in_china() {
        let day = moment("2026-11-21").unwrap();
        assert_eq!(day, moment("2026-11-20T16:00:00Z").unwrap());
        assert!(moment("yesterday").is_err());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_says_where() {
        let read = |text: &str| parse_schedule(text).unwrap_err().to_string();
        let with = |rule: &str| {
            read(&format!(r#"{{"name":"s","currency":"CNY","rules":[{{"id":"a",{rule}}}]}}"#))
        };
        for (rule, said) in [
            (r#""rate":"0.6""#, "rule a: `0.6` is no percentage"),
            (r#""rate":"0.6%","cap":"1.001""#, "rule a: `1.001` is no amount"),
            (r#""colour":"red""#, "unknown field `colour`"),
            (r#""rate":"1%","floor":"2.00","cap":"1.00""#, "rule a: the cap is below the floor"),
            (r#""rate":"1%","until":"soon""#, "rule a: `soon` is no date or time"),
            (
                r#""rate":"1%","tiers":{"by":"amount","how":"whole","rows":[]}"#,
                "rule a: rate and fixed stand in the tiers",
            ),
            (r#""tiers":{"by":"amount","how":"whole","rows":[]}"#, "rule a: there are no tiers"),
        ] {
            let got = with(rule);
            assert!(got.contains(said), "{rule}: {got}");
        }
    }
}
