//! The switch: which messages it has seen, and what they moved.

use std::collections::BTreeMap;

use iso8583::{CUP_NETWORK, Message};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cards::Cards;
use super::config::CardNetworkConfig;
use super::wire::{self, text};

/// Amounts that are refused with their last two digits as the code: 9,000.01 to 9,000.99 yuan.
const CODES: std::ops::RangeInclusive<u64> = 900_001..=900_099;
/// The network's day ends at 23:00.
const CUT_OVER_HOUR: i8 = 23;

#[derive(Debug)]
pub(super) struct Network {
    config: CardNetworkConfig,
    cards: Cards,
    trades: BTreeMap<Key, Trade>,
    /// Reversed before they came: they are not taken any more.
    tombstones: BTreeMap<Key, Timestamp>,
}

/// By what the network knows a message: fields 7, 11, 32, 33, 41.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    transmitted: String,
    trace: String,
    pub(super) acquirer: String,
    forwarder: String,
    terminal: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sale,
    Void,
    Refund,
}

/// A message that was taken, with its answer.
#[derive(Debug, Clone)]
pub(super) struct Trade {
    pub(super) key: Key,
    pub(super) kind: Kind,
    pan: String,
    pub(super) amount: u64,
    pub(super) reference: String,
    /// Field 37 of the sale that it is or is about.
    pub(super) sale_reference: String,
    original: Option<Key>,
    code: String,
    auth_code: String,
    reversed: bool,
    pub(super) at: Timestamp,
}

impl Trade {
    fn is_effective(&self) -> bool {
        self.code == "00" && !self.reversed
    }
}

impl Network {
    pub(super) const fn new(config: CardNetworkConfig) -> Self {
        Self { config, cards: Cards::new(), trades: BTreeMap::new(), tombstones: BTreeMap::new() }
    }

    /// Everything that moved money and was not undone as if it had never been.
    pub(super) fn effective(&self) -> impl Iterator<Item = &Trade> {
        self.trades.values().filter(|trade| trade.is_effective())
    }

    /// The answer; none to what cannot be read.
    pub(super) fn handle(&mut self, now: Timestamp, bytes: &[u8]) -> Option<Vec<u8>> {
        let asked = CUP_NETWORK.unpack(bytes).ok()?;
        if asked.mti().as_str() == "0820" {
            return Some(self.say(now, &asked, "00", ""));
        }
        if !wire::is_authentic(&asked, &self.config.mac_key) {
            return Some(self.say(now, &asked, "A0", ""));
        }
        let key = Key::of(&asked);
        if key.acquirer != self.config.acquirer || key.forwarder != self.config.forwarder {
            return Some(self.say(now, &asked, "31", ""));
        }
        let (code, auth_code) = match (asked.mti().as_str(), text(&asked, 3).as_str()) {
            ("0200", "000000") => self.first(now, &asked, &key, Kind::Sale),
            ("0200", "200000") => self.first(now, &asked, &key, Kind::Void),
            ("0220" | "0221", "200000") => self.refund(now, &asked, &key),
            ("0420" | "0421", _) => (self.reverse(now, &asked), String::new()),
            _ => ("40".to_owned(), String::new()),
        };
        Some(self.say(now, &asked, &code, &auth_code))
    }

    /// An answer without any effect.
    pub(super) fn refuse(&self, now: Timestamp, bytes: &[u8], code: &str) -> Option<Vec<u8>> {
        let asked = CUP_NETWORK.unpack(bytes).ok()?;
        Some(self.say(now, &asked, code, ""))
    }

    fn say(&self, now: Timestamp, asked: &Message<'_>, code: &str, auth_code: &str) -> Vec<u8> {
        let mut fields = vec![(15, settlement_date(now)), (39, code.to_owned())];
        if !auth_code.is_empty() {
            fields.push((38, auth_code.to_owned()));
        }
        fields.push((44, format!("{:<11}{:<11}", "01020000", self.config.acquirer)));
        wire::answer(asked, &self.config.mac_key, &fields)
    }

    /// A request that is taken once: a second one under its key is a duplicate.
    fn first(
        &mut self,
        now: Timestamp,
        asked: &Message<'_>,
        key: &Key,
        kind: Kind,
    ) -> (String, String) {
        if self.trades.contains_key(key) {
            return ("94".to_owned(), String::new());
        }
        if self.tombstones.contains_key(key) {
            return ("22".to_owned(), String::new());
        }
        let mut trade = self.draft(now, asked, key, kind);
        let done = match kind {
            Kind::Sale => self.charge(asked, &trade),
            Kind::Void | Kind::Refund => self.give_back(&trade),
        };
        trade.code = done.err().unwrap_or("00").to_owned();
        if CODES.contains(&trade.amount) && kind == Kind::Sale {
            trade.code = format!("{:02}", trade.amount % 100);
        }
        if trade.code != "00" {
            trade.auth_code = String::new();
        }
        let said = (trade.code.clone(), trade.auth_code.clone());
        self.trades.insert(key.clone(), trade);
        said
    }

    /// An advice is said until it is answered: a repeat hears the first answer.
    fn refund(&mut self, now: Timestamp, asked: &Message<'_>, key: &Key) -> (String, String) {
        match self.trades.get(key) {
            Some(known) => (known.code.clone(), known.auth_code.clone()),
            None => self.first(now, asked, key, Kind::Refund),
        }
    }

    fn draft(&self, now: Timestamp, asked: &Message<'_>, key: &Key, kind: Kind) -> Trade {
        let original = if kind == Kind::Sale { None } else { Key::original(asked) };
        let reference = text(asked, 37);
        let sale = original.as_ref().and_then(|key| self.trades.get(key));
        Trade {
            key: key.clone(),
            kind,
            pan: text(asked, 2),
            amount: text(asked, 4).parse().unwrap_or_default(),
            sale_reference: sale.map_or_else(|| reference.clone(), |sale| sale.reference.clone()),
            reference,
            original,
            code: String::new(),
            auth_code: format!("{:06}", (self.trades.len() + 1) % 1_000_000),
            reversed: false,
            at: now,
        }
    }

    fn charge(&mut self, asked: &Message<'_>, trade: &Trade) -> Result<(), &'static str> {
        if CODES.contains(&trade.amount) {
            return Ok(());
        }
        let pin = asked.get(52).map(|value| value.bytes().into_owned());
        self.cards.charge(&trade.pan, trade.amount, (pin.as_deref(), &self.config.pin_key))
    }

    /// Whether a void or a refund fits its sale; then the money goes back.
    fn give_back(&mut self, trade: &Trade) -> Result<(), &'static str> {
        let sale = trade.original.as_ref().and_then(|key| self.trades.get(key));
        let sale =
            sale.filter(|sale| sale.kind == Kind::Sale && sale.is_effective()).ok_or("25")?;
        if sale.pan != trade.pan {
            return Err("14");
        }
        let back: u64 = self
            .effective()
            .filter(|other| other.original.as_ref() == Some(&sale.key))
            .map(|other| other.amount)
            .sum();
        let whole = trade.amount == sale.amount && back == 0;
        match trade.kind {
            Kind::Void if !whole => return Err("64"),
            Kind::Refund if back + trade.amount > sale.amount => return Err("61"),
            Kind::Sale | Kind::Void | Kind::Refund => {}
        }
        self.cards.give_back(&trade.pan, trade.amount);
        Ok(())
    }

    /// Undoes a sale or a void as if it had never been; what is not known is not taken later.
    fn reverse(&mut self, now: Timestamp, asked: &Message<'_>) -> String {
        let Some(key) = Key::original(asked) else { return "30".to_owned() };
        let touched = self.effective().any(|other| other.original.as_ref() == Some(&key));
        let Some(trade) = self.trades.get_mut(&key) else {
            self.tombstones.insert(key, now);
            return "25".to_owned();
        };
        if trade.reversed || trade.code != "00" {
            trade.reversed = true;
            return "00".to_owned();
        }
        if touched {
            return "12".to_owned();
        }
        trade.reversed = true;
        let (kind, pan, amount) = (trade.kind, trade.pan.clone(), trade.amount);
        match kind {
            Kind::Sale => self.cards.give_back(&pan, amount),
            Kind::Void | Kind::Refund => self.cards.take_again(&pan, amount),
        }
        "00".to_owned()
    }
}

impl Key {
    fn of(asked: &Message<'_>) -> Self {
        Self {
            transmitted: text(asked, 7),
            trace: text(asked, 11),
            acquirer: text(asked, 32),
            forwarder: text(asked, 33),
            terminal: text(asked, 41),
        }
    }

    /// Field 90: type 4, trace 6, time 10, institutions 11 each with zeros in front.
    fn original(asked: &Message<'_>) -> Option<Self> {
        let digits = text(asked, 90);
        let part = |range: std::ops::Range<usize>| digits.get(range);
        let institution =
            |range: std::ops::Range<usize>| Some(part(range)?.trim_start_matches('0').to_owned());
        Some(Self {
            transmitted: part(10..20)?.to_owned(),
            trace: part(4..10)?.to_owned(),
            acquirer: institution(20..31)?,
            forwarder: institution(31..42)?,
            terminal: text(asked, 41),
        })
    }
}

/// `MMDD`.
fn settlement_date(now: Timestamp) -> String {
    let china = now.to_zoned(TimeZone::fixed(jiff::tz::offset(8)));
    let late = china.hour() >= CUT_OVER_HOUR;
    let date = if late { china.date().tomorrow().unwrap_or(china.date()) } else { china.date() };
    date.strftime("%m%d").to_string()
}
