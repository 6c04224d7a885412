//! `suanpan fees`: what a schedule charges, tried before anyone pays it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clearing::{
    Base, CardType, FeeOnRefund, Quote, Rule, Schedule, Side, Terms, Tier, Tiering, Trade, When,
};
use ids::ChannelCode;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use money::{Amount, Currency, Rate, Rounding};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Outcome;
use crate::clock;
use crate::out::say;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Parts per million in one percent.
const PPM_PER_PERCENT: u64 = 10_000;
/// Decimals of a percentage: beyond them a rate is no whole ppm.
const PERCENT_DECIMALS: usize = 4;

#[derive(Debug, Args)]
pub(crate) struct FeesArgs {
    #[command(subcommand)]
    command: Fees,
}

#[derive(Debug, Subcommand)]
enum Fees {
    /// The fee of a trade, the rule that it comes from, and what refunds bring back.
    Quote(QuoteArgs),
}

#[derive(Debug, Args)]
struct QuoteArgs {
    /// The schedule, JSON: see docs/guides/fees.md.
    #[arg(long)]
    schedule: PathBuf,
    /// The trade in minor units (fen).
    #[arg(long)]
    amount: u64,
    /// Refunds after it, in minor units, one after the other.
    #[arg(long)]
    refund: Vec<u64>,
    /// Refunds keep the fee.
    #[arg(long)]
    keep_fee: bool,
    /// What the period had before, in minor units, for tiers by volume.
    #[arg(long, default_value_t = 0)]
    volume: u64,
    #[arg(long)]
    product: Option<String>,
    #[arg(long)]
    channel: Option<String>,
    #[arg(long, value_enum)]
    card: Option<Card>,
    /// RFC 3339, or a date in China; now if not given.
    #[arg(long)]
    at: Option<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Card {
    Debit,
    Credit,
}

/// A schedule as people write it: amounts in yuan, rates in percent, dates of China.
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
    card: Option<Card>,
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

pub(crate) fn fees(args: &FeesArgs) -> Outcome {
    match &args.command {
        Fees::Quote(args) => quote(args),
    }
}

fn quote(args: &QuoteArgs) -> Outcome {
    let text = std::fs::read_to_string(&args.schedule)
        .map_err(|error| format!("{}: {error}", args.schedule.display()))?;
    let text: ScheduleText = serde_json::from_str(&text)
        .map_err(|error| format!("{}: {error}", args.schedule.display()))?;
    let currency = Currency::parse(&text.currency)?;
    let schedule = text.read(currency)?;
    let trade = Trade {
        amount: Amount::new(args.amount, currency)?,
        at: args.at.as_deref().map_or_else(|| Ok(clock::now()), moment)?,
        product: args.product.clone(),
        channel: args.channel.as_deref().map(ChannelCode::parse).transpose()?,
        card: args.card.map(Card::read),
        volume: args.volume,
    };
    let quote = schedule.quote(&trade)?;
    let shown = shown(&quote, args)?;
    if args.json {
        say(&shown.to_string());
    } else {
        say_table(&quote, &shown);
    }
    Ok(())
}

fn shown(quote: &Quote, args: &QuoteArgs) -> Result<Value, Failed> {
    let setting = if args.keep_fee { FeeOnRefund::Kept } else { FeeOnRefund::Returned };
    let mut before = Amount::zero(quote.amount.currency());
    let mut refunds = Vec::new();
    for minor in &args.refund {
        let refund = Amount::new(*minor, quote.amount.currency())?;
        let back = quote.fee_of_refund(refund, before, setting)?;
        refunds.push(json!({ "refund": minor, "fee_returned": back.minor() }));
        before = before.try_add(refund)?;
    }
    Ok(json!({
        "schedule": quote.schedule,
        "rule": quote.rule,
        "amount": quote.amount.minor(),
        "volume": quote.volume,
        "fee": quote.fee.minor(),
        "currency": quote.amount.currency().code(),
        "refunds": refunds,
    }))
}

fn say_table(quote: &Quote, shown: &Value) {
    let line = |name: &str, value: &str| say(&format!("{name:<16} {value}"));
    line("schedule", &quote.schedule);
    line("rule", &quote.rule);
    line("amount", &quote.amount.to_major());
    line("fee", &quote.fee.to_major());
    for refund in shown.get("refunds").and_then(Value::as_array).into_iter().flatten() {
        let major = |name: &str| {
            let minor = refund.get(name).and_then(Value::as_u64).unwrap_or(0);
            Amount::new(minor, quote.amount.currency())
                .map_or_else(|_| String::new(), Amount::to_major)
        };
        line("refund", &format!("{}, fee back {}", major("refund"), major("fee_returned")));
    }
}

impl Card {
    const fn read(self) -> CardType {
        match self {
            Self::Debit => CardType::Debit,
            Self::Credit => CardType::Credit,
        }
    }
}

impl ScheduleText {
    fn read(self, currency: Currency) -> Result<Schedule, Failed> {
        let rules = self.rules.into_iter().map(|rule| {
            let id = rule.id.clone();
            rule.read(currency).map_err(|error| Failed::from(format!("rule {id}: {error}")))
        });
        Ok(Schedule::new(self.name, currency, rules.collect::<Result<_, _>>()?)?)
    }
}

impl RuleText {
    fn read(self, currency: Currency) -> Result<Rule, Failed> {
        let minor =
            |text: &Option<String>| text.as_deref().map(|text| yuan(text, currency)).transpose();
        let (floor, cap) = (minor(&self.floor)?, minor(&self.cap)?);
        let base = match &self.tiers {
            None => Base::Flat {
                rate: percent(self.rate.as_deref())?,
                fixed: minor(&self.fixed)?.unwrap_or(0),
            },
            Some(_) if self.rate.is_some() || self.fixed.is_some() => {
                return Err("rate and fixed stand in the tiers".into());
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
        Ok(Rule {
            id: self.id,
            when: When {
                product: self.when.product,
                channel: self.when.channel.as_deref().map(ChannelCode::parse).transpose()?,
                card: self.when.card.map(Card::read),
            },
            from: self.from.as_deref().map_or(Ok(Timestamp::UNIX_EPOCH), moment)?,
            until: self.until.as_deref().map(moment).transpose()?,
            terms,
        })
    }
}

impl TiersText {
    fn read(&self, currency: Currency) -> Result<Base, Failed> {
        let tiers = self.rows.iter().map(|row| {
            let fixed = row.fixed.as_deref().map(|text| yuan(text, currency)).transpose()?;
            Ok::<Tier, Failed>(Tier {
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

fn yuan(text: &str, currency: Currency) -> Result<u64, Failed> {
    let amount = Amount::parse_major(text, currency);
    Ok(amount.map_err(|error| format!("`{text}` is no amount: {error}"))?.minor())
}

/// `0.38%` is 3,800 ppm; nothing is no share. No float comes near it.
fn percent(text: Option<&str>) -> Result<Rate, Failed> {
    let Some(text) = text else { return Ok(Rate::from_ppm(0)?) };
    let wrong = || Failed::from(format!("`{text}` is no percentage like 0.38%"));
    let digits = text.strip_suffix('%').ok_or_else(wrong)?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > PERCENT_DECIMALS {
        return Err(wrong());
    }
    let part: u64 = format!("{part:0<PERCENT_DECIMALS$}").parse().or(Err(wrong()))?;
    let whole: u64 = whole.parse().or(Err(wrong()))?;
    let ppm = whole.checked_mul(PPM_PER_PERCENT).and_then(|ppm| ppm.checked_add(part));
    Ok(Rate::from_ppm(ppm.ok_or_else(wrong)?)?)
}

/// A moment, or the beginning of a day in China.
fn moment(text: &str) -> Result<Timestamp, Failed> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day: Date = text.parse().map_err(|_wrong| format!("`{text}` is no date or time"))?;
    Ok(day.to_zoned(TimeZone::fixed(Offset::constant(8)))?.timestamp())
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
        let read = |text: &str| {
            let text: Result<ScheduleText, _> = serde_json::from_str(text);
            text.map_err(|e| e.to_string())
                .and_then(|t| t.read(Currency::Cny).map_err(|e| e.to_string()))
                .unwrap_err()
        };
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
