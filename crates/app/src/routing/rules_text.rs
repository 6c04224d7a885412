//! Routing rules and limits as people write them: amounts in yuan, times and dates of China, accounts
//! as channel `:` account number.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use ::routing::{Action, Cap, CardType, Direction, Limits, Rule, RuleSet, RuleSetRefusal, When};
use ids::{ChannelAccountId, ChannelCode, MerchantId, StoreId};
use jiff::civil::{Date, Time, Weekday};
use money::{Amount, Currency};
use serde::Deserialize;

/// The text is no set of rules or no limits; it says where, under a stable code.
#[derive(Debug, thiserror::Error)]
pub enum RoutingUnreadable {
    #[error("routing_malformed: {0}")]
    Malformed(String),
    #[error("{code}: {0}", code = .0.code())]
    Refused(RuleSetRefusal),
}

type Read<T> = Result<T, RoutingUnreadable>;

/// The accounts that rules may name: the first version's id stands for all versions.
pub(crate) type Known = BTreeMap<String, ChannelAccountId>;

fn malformed(error: impl Display) -> RoutingUnreadable {
    RoutingUnreadable::Malformed(error.to_string())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetText {
    rules: Vec<RuleText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: String,
    #[serde(default)]
    when: WhenText,
    then: ThenText,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenText {
    merchants: Option<BTreeSet<String>>,
    stores: Option<BTreeSet<String>>,
    terminals: Option<BTreeSet<String>>,
    tender: Option<String>,
    direction: Option<DirectionText>,
    amount: Option<[String; 2]>,
    time: Option<[String; 2]>,
    weekdays: Option<Vec<WeekdayText>>,
    dates: Option<[String; 2]>,
    payer_bank: Option<String>,
    card: Option<CardText>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ThenText {
    Fixed(String),
    Split(BTreeMap<String, u32>),
    Priority(Vec<String>),
    Cheapest,
    Healthiest,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DirectionText {
    MerchantScans,
    PayerScans,
    InApp,
    Web,
    Card,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WeekdayText {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CardText {
    Debit,
    Credit,
}

/// Reads a set of rules as its version `version`.
///
/// # Errors
/// [`RoutingUnreadable`]
pub(crate) fn parse_rules(version: u32, json: &str, known: &Known) -> Read<RuleSet> {
    let text: SetText = serde_json::from_str(json).map_err(malformed)?;
    let rules = text.rules.into_iter().map(|rule| {
        let id = rule.id.clone();
        rule.read(known).map_err(|error| match error {
            RoutingUnreadable::Malformed(why) => malformed(format!("rule {id}: {why}")),
            refused @ RoutingUnreadable::Refused(_) => refused,
        })
    });
    let rules = rules.collect::<Read<Vec<_>>>()?;
    let accounts = known.values().copied().collect();
    RuleSet::new(version, rules, &accounts).map_err(RoutingUnreadable::Refused)
}

impl RuleText {
    fn read(self, known: &Known) -> Read<Rule> {
        let unknown = RuleSetRefusal::UnknownAccount { rule: self.id.clone() };
        let find = |owner: &str| {
            known.get(owner).copied().ok_or(RoutingUnreadable::Refused(unknown.clone()))
        };
        let action = match self.then {
            ThenText::Fixed(account) => Action::Fixed(find(&account)?),
            ThenText::Split(shares) => {
                let share = |(account, weight): (&String, &u32)| Ok((find(account)?, *weight));
                Action::Split(shares.iter().map(share).collect::<Read<_>>()?)
            }
            ThenText::Priority(list) => {
                Action::Priority(list.iter().map(|owner| find(owner)).collect::<Read<_>>()?)
            }
            ThenText::Cheapest => Action::Cheapest,
            ThenText::Healthiest => Action::Healthiest,
        };
        Ok(Rule { id: self.id, when: self.when.read()?, action })
    }
}

impl WhenText {
    fn read(self) -> Read<When> {
        let kind = |code: &String| merchants::TerminalKind::parse(code).is_none();
        if let Some(code) = self.terminals.iter().flatten().find(|code| kind(code)) {
            return Err(malformed(format!("{code}: there is no such kind of terminal")));
        }
        Ok(When {
            merchants: self.merchants.map(|ids| all::<MerchantId>(&ids)).transpose()?,
            stores: self.stores.map(|ids| all::<StoreId>(&ids)).transpose()?,
            terminals: self.terminals,
            tender: self
                .tender
                .map(|code| ChannelCode::parse(&code))
                .transpose()
                .map_err(malformed)?,
            direction: self.direction.map(DirectionText::read),
            amount: self.amount.map(|[from, to]| Ok((yuan(&from)?, yuan(&to)?))).transpose()?,
            time: self.time.map(both::<Time>).transpose()?,
            weekdays: self.weekdays.map(|days| days.into_iter().map(WeekdayText::read).collect()),
            dates: self.dates.map(both::<Date>).transpose()?,
            payer_bank: self.payer_bank,
            card: self.card.map(CardText::read),
        })
    }
}

impl DirectionText {
    const fn read(self) -> Direction {
        match self {
            Self::MerchantScans => Direction::MerchantScans,
            Self::PayerScans => Direction::PayerScans,
            Self::InApp => Direction::InApp,
            Self::Web => Direction::Web,
            Self::Card => Direction::Card,
        }
    }
}

impl WeekdayText {
    const fn read(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        }
    }
}

impl CardText {
    const fn read(self) -> CardType {
        match self {
            Self::Debit => CardType::Debit,
            Self::Credit => CardType::Credit,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsText {
    trade_min: Option<String>,
    trade_max: Option<String>,
    #[serde(default)]
    day: CapText,
    #[serde(default)]
    month: CapText,
    #[serde(default)]
    total: CapText,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapText {
    amount: Option<String>,
    count: Option<u64>,
}

/// Reads what an account may take.
///
/// # Errors
/// [`RoutingUnreadable::Malformed`]
pub(crate) fn parse_limits(json: &str) -> Read<Limits> {
    let text: LimitsText = serde_json::from_str(json).map_err(malformed)?;
    let amount = |text: Option<String>| text.as_deref().map(yuan).transpose();
    Ok(Limits {
        trade_min: amount(text.trade_min)?,
        trade_max: amount(text.trade_max)?,
        day: text.day.read()?,
        month: text.month.read()?,
        total: text.total.read()?,
    })
}

impl CapText {
    fn read(self) -> Read<Cap> {
        Ok(Cap { amount: self.amount.as_deref().map(yuan).transpose()?, count: self.count })
    }
}

fn all<T: FromStr<Err: Display> + Ord>(texts: &BTreeSet<String>) -> Read<BTreeSet<T>> {
    texts.iter().map(|text| one(text)).collect()
}

fn both<T: FromStr<Err: Display>>([from, to]: [String; 2]) -> Read<(T, T)> {
    Ok((one(&from)?, one(&to)?))
}

fn one<T: FromStr<Err: Display>>(text: &str) -> Read<T> {
    text.parse().map_err(|error| malformed(format!("{text}: {error}")))
}

fn yuan(text: &str) -> Read<Amount> {
    Amount::parse_major(text, Currency::Cny).map_err(|error| malformed(format!("{text}: {error}")))
}
