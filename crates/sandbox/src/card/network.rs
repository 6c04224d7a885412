//! The switch: which messages it has seen, and what they moved.

use std::collections::BTreeMap;

use iso8583::{CUP_NETWORK, Message};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::cards::Cards;
use super::clearing;
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
    pub(super) transmitted: String,
    pub(super) trace: String,
    pub(super) acquirer: String,
    pub(super) forwarder: String,
    pub(super) terminal: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// 消费, 预授权完成, 离线消费
    Charge,
    /// 预授权
    Hold,
    /// 消费撤销, 预授权完成撤销
    Void,
    /// 预授权撤销
    Release,
    Refund,
}

impl Kind {
    /// Whether it is about an earlier message whose effect it takes back.
    pub(super) const fn gives_back(self) -> bool {
        match self {
            Self::Void | Self::Release | Self::Refund => true,
            Self::Charge | Self::Hold => false,
        }
    }

    pub(super) const fn moves_money(self) -> bool {
        match self {
            Self::Charge | Self::Void | Self::Refund => true,
            Self::Hold | Self::Release => false,
        }
    }
}

/// A message that was taken, with its answer.
#[derive(Debug, Clone)]
pub(super) struct Trade {
    pub(super) key: Key,
    pub(super) kind: Kind,
    pub(super) pan: String,
    pub(super) amount: u64,
    pub(super) reference: String,
    /// Field 37 of the sale that it is or is about.
    pub(super) sale_reference: String,
    /// What it gives back, or the hold that it completes.
    pub(super) original: Option<Key>,
    code: String,
    pub(super) auth_code: String,
    /// Said as an advice (0220).
    pub(super) advised: bool,
    pub(super) said: Said,
    pub(super) reversed_at: Option<Timestamp>,
    pub(super) at: Timestamp,
}

/// What it said of the merchant and of how the card was read, for the clearing file.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) merchant: String,
    pub(super) merchant_type: String,
    pub(super) condition: String,
    pub(super) entry: String,
}

impl Trade {
    fn is_effective(&self) -> bool {
        self.was_approved() && self.reversed_at.is_none()
    }

    pub(super) fn was_approved(&self) -> bool {
        self.code == "00"
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

    /// What was cleared on a day.
    pub(super) fn clearing_file(&self, day: Date) -> Vec<u8> {
        clearing::file(self.trades.values(), day)
    }

    /// What all cards are down by, in fen: what was charged or is held.
    pub(super) fn drawn(&self) -> i128 {
        self.cards.drawn()
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
            ("0200", "000000") => self.first(now, &asked, &key, Kind::Charge),
            ("0200", "200000") => self.first(now, &asked, &key, Kind::Void),
            ("0100", "030000") => self.first(now, &asked, &key, Kind::Hold),
            ("0100", "200000") => self.first(now, &asked, &key, Kind::Release),
            ("0220" | "0221", "000000") => self.advice(now, &asked, &key, Kind::Charge),
            ("0220" | "0221", "200000") => self.advice(now, &asked, &key, Kind::Refund),
            ("0200", "310000") => return Some(self.balance(now, &asked)),
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
        if code == "10"
            && let Some(trade) = self.trades.get(&Key::of(asked))
        {
            fields.push((4, format!("{:012}", trade.amount)));
        }
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
        let part = self.part(asked, &trade);
        trade.amount = part.unwrap_or(trade.amount);
        let done = match kind {
            Kind::Charge | Kind::Hold => self.charge(asked, &trade),
            Kind::Void | Kind::Release | Kind::Refund => self.give_back(&trade),
        };
        trade.code = done.err().unwrap_or("00").to_owned();
        if CODES.contains(&trade.amount) && !kind.gives_back() {
            trade.code = format!("{:02}", trade.amount % 100);
        }
        if trade.code != "00" {
            trade.auth_code = String::new();
        }
        // A part is approved by a code of its own.
        let part = part.filter(|_| trade.code == "00");
        let code = part.map_or_else(|| trade.code.clone(), |_| "10".to_owned());
        let said = (code, trade.auth_code.clone());
        self.trades.insert(key.clone(), trade);
        said
    }

    /// An advice is said until it is answered: a repeat hears the first answer.
    fn advice(
        &mut self,
        now: Timestamp,
        asked: &Message<'_>,
        key: &Key,
        kind: Kind,
    ) -> (String, String) {
        match self.trades.get(key) {
            Some(known) => (known.code.clone(), known.auth_code.clone()),
            None => self.first(now, asked, key, kind),
        }
    }

    /// What a card that has less pays, where the terminal takes that.
    fn part(&mut self, asked: &Message<'_>, trade: &Trade) -> Option<u64> {
        let takes = trade.kind == Kind::Charge && text(asked, 60) == "PARTIAL=1";
        self.cards.part_of(&trade.pan, trade.amount).filter(|_| takes)
    }

    fn draft(&self, now: Timestamp, asked: &Message<'_>, key: &Key, kind: Kind) -> Trade {
        let original = Key::original(asked);
        let reference = text(asked, 37);
        let sale = original.as_ref().and_then(|key| self.trades.get(key));
        Trade {
            key: key.clone(),
            kind,
            pan: text(asked, 2),
            amount: text(asked, 4).parse().unwrap_or_default(),
            sale_reference: sale
                .filter(|_| kind.gives_back())
                .map_or_else(|| reference.clone(), |sale| sale.reference.clone()),
            reference,
            original,
            code: String::new(),
            auth_code: format!("{:06}", (self.trades.len() + 1) % 1_000_000),
            advised: asked.mti().as_str().starts_with("022"),
            said: Said {
                merchant: text(asked, 42),
                merchant_type: text(asked, 18),
                condition: text(asked, 25),
                entry: text(asked, 22),
            },
            reversed_at: None,
            at: now,
        }
    }

    /// Takes money, or holds it: what is held is not there for anything else. A completion gives the hold
    /// back first.
    fn charge(&mut self, asked: &Message<'_>, trade: &Trade) -> Result<(), &'static str> {
        if CODES.contains(&trade.amount) {
            return Ok(());
        }
        let held = match &trade.original {
            Some(key) => Some(self.standing_hold(key, trade)?),
            None => None,
        };
        self.cards.give_back(&trade.pan, held.unwrap_or_default());
        let pin = asked.get(52).map(|value| value.bytes().into_owned());
        let pin = (pin.as_deref(), &self.config.pin_key);
        let done = self.cards.charge(&trade.pan, trade.amount, pin);
        if done.is_err() {
            self.cards.take_again(&trade.pan, held.unwrap_or_default());
        }
        done
    }

    /// What the hold that is to be completed holds.
    fn standing_hold(&self, key: &Key, completion: &Trade) -> Result<u64, &'static str> {
        let hold = self.trades.get(key).filter(|t| t.kind == Kind::Hold && t.is_effective());
        let hold = hold.ok_or("25")?;
        match () {
            () if hold.pan != completion.pan => Err("14"),
            () if self.touches(key) => Err("22"),
            () if completion.amount > hold.amount * 115 / 100 => Err("61"),
            () => Ok(hold.amount),
        }
    }

    /// Whether something that counts is about this message.
    fn touches(&self, key: &Key) -> bool {
        self.about(key).next().is_some()
    }

    /// What counts and is about this message. A completion that was voided is as if it had never been.
    fn about<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Trade> {
        let voided = |charge: &Trade| {
            let void = |t: &Trade| t.kind == Kind::Void && t.original.as_ref() == Some(&charge.key);
            charge.kind == Kind::Charge && self.effective().any(void)
        };
        let about = move |other: &&Trade| other.original.as_ref() == Some(key) && !voided(other);
        self.effective().filter(about)
    }

    /// Whether a void, a release or a refund fits what it is about; then the money goes back.
    fn give_back(&mut self, trade: &Trade) -> Result<(), &'static str> {
        let taken = trade.original.as_ref().and_then(|key| self.trades.get(key));
        let fits = |taken: &&Trade| {
            let kind = if trade.kind == Kind::Release { Kind::Hold } else { Kind::Charge };
            taken.kind == kind && taken.is_effective()
        };
        let taken = taken.filter(fits).ok_or("25")?;
        if taken.pan != trade.pan {
            return Err("14");
        }
        let back: u64 = self.about(&taken.key).map(|other| other.amount).sum();
        let whole = trade.amount == taken.amount && back == 0;
        let held = self.hold_of(taken).unwrap_or_default();
        match trade.kind {
            Kind::Void | Kind::Release if !whole => return Err("64"),
            Kind::Refund if back + trade.amount > taken.amount => return Err("61"),
            Kind::Charge | Kind::Hold | Kind::Void | Kind::Release | Kind::Refund => {}
        }
        self.cards.give_back(&trade.pan, trade.amount);
        if trade.kind == Kind::Void {
            // 预授权完成撤销: the hold stands again.
            self.cards.take_again(&trade.pan, held);
        }
        Ok(())
    }

    /// What the hold held that a charge completed.
    fn hold_of(&self, charge: &Trade) -> Option<u64> {
        let hold = self.trades.get(charge.original.as_ref()?)?;
        (charge.kind == Kind::Charge && hold.kind == Kind::Hold).then_some(hold.amount)
    }

    /// Undoes a message as if it had never been; what is not known is not taken later.
    fn reverse(&mut self, now: Timestamp, asked: &Message<'_>) -> String {
        let Some(key) = Key::original(asked) else { return "30".to_owned() };
        let touched = self.touches(&key);
        let Some(trade) = self.trades.get(&key) else {
            self.tombstones.insert(key, now);
            return "25".to_owned();
        };
        let done = trade.reversed_at.is_some() || !trade.was_approved();
        if touched && !done {
            return "12".to_owned();
        }
        let (kind, pan, amount) = (trade.kind, trade.pan.clone(), trade.amount);
        // A completion's own hold, or that of the completion whose void is undone.
        let completion = trade.original.as_ref().and_then(|key| self.trades.get(key));
        let held = match kind {
            Kind::Void => completion.and_then(|charge| self.hold_of(charge)),
            Kind::Charge => self.hold_of(trade),
            Kind::Hold | Kind::Release | Kind::Refund => None,
        };
        if let Some(trade) = self.trades.get_mut(&key) {
            trade.reversed_at.get_or_insert(now);
        }
        if !done {
            let held = held.unwrap_or_default();
            if kind.gives_back() {
                self.cards.give_back(&pan, held);
                self.cards.take_again(&pan, amount);
            } else {
                self.cards.give_back(&pan, amount);
                self.cards.take_again(&pan, held);
            }
        }
        "00".to_owned()
    }

    /// 余额查询: field 54, what is left and what of it can be spent.
    fn balance(&mut self, now: Timestamp, asked: &Message<'_>) -> Vec<u8> {
        let pan = text(asked, 2);
        let pin = asked.get(52).map(|value| value.bytes().into_owned());
        match self.cards.balance(&pan, (pin.as_deref(), &self.config.pin_key)) {
            Ok(left) => {
                let fields = [
                    (15, settlement_date(now)),
                    (39, "00".to_owned()),
                    (44, format!("{:<11}{:<11}", "01020000", self.config.acquirer)),
                    (54, format!("1002156C{left:012}")),
                ];
                wire::answer(asked, &self.config.mac_key, &fields)
            }
            Err(code) => self.say(now, asked, code, ""),
        }
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
    settlement_day(now).strftime("%m%d").to_string()
}

pub(super) fn settlement_day(now: Timestamp) -> Date {
    let china = now.to_zoned(TimeZone::fixed(jiff::tz::offset(8)));
    let late = china.hour() >= CUT_OVER_HOUR;
    if late { china.date().tomorrow().unwrap_or(china.date()) } else { china.date() }
}
