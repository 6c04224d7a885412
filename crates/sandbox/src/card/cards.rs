//! The issuers' cards.

use std::collections::BTreeMap;

use crypto::pos::{BlockKey, Pin, PinFormat, open_pin};
use secret::Pan;

/// Cards whose number ends so hold 10.00 yuan only.
const POOR: &str = "1000";
const POOR_BALANCE: i64 = 1_000;
/// 100,000.00 yuan.
const BALANCE: i64 = 10_000_000;
const PIN: &str = "123456";
const PIN_TRIES_MAX: u32 = 3;
/// 50,000.00 yuan at once.
const LIMIT: u64 = 5_000_000;

#[derive(Debug)]
pub(super) struct Cards {
    cards: BTreeMap<String, Card>,
}

#[derive(Debug)]
struct Card {
    /// Below zero only by what a reversed void took again.
    balance: i64,
    wrong_pins: u32,
}

impl Cards {
    pub(super) const fn new() -> Self {
        Self { cards: BTreeMap::new() }
    }

    /// Takes the money of a sale.
    ///
    /// # Errors
    /// The code of field 39.
    pub(super) fn charge(
        &mut self,
        pan: &str,
        amount: u64,
        (pin_block, key): (Option<&[u8]>, &BlockKey),
    ) -> Result<(), &'static str> {
        let card = self.opened(pan, (pin_block, key))?;
        if amount == 0 {
            return Err("13");
        }
        if amount > LIMIT {
            return Err("61");
        }
        let fen = signed(amount);
        if card.balance < fen {
            return Err("51");
        }
        card.balance -= fen;
        Ok(())
    }

    /// What a card can pay of an amount that is more than it has: 部分承兑.
    pub(super) fn part_of(&mut self, pan: &str, amount: u64) -> Option<u64> {
        let left = u64::try_from(self.card(pan)?.balance).ok()?;
        (0 < left && left < amount).then_some(left)
    }

    /// What is left on a card that shows its PIN.
    ///
    /// # Errors
    /// The code of field 39.
    pub(super) fn balance(
        &mut self,
        pan: &str,
        pin: (Option<&[u8]>, &BlockKey),
    ) -> Result<u64, &'static str> {
        if pin.0.is_none() {
            return Err("55");
        }
        Ok(u64::try_from(self.opened(pan, pin)?.balance).unwrap_or(0))
    }

    /// The card, if its PIN is right or none was entered.
    fn opened(
        &mut self,
        pan: &str,
        (pin_block, key): (Option<&[u8]>, &BlockKey),
    ) -> Result<&mut Card, &'static str> {
        let card = self.card(pan).ok_or("14")?;
        if card.wrong_pins >= PIN_TRIES_MAX {
            return Err("75");
        }
        if let Some(block) = pin_block {
            let pan = Pan::parse(pan).ok_or("14")?;
            let pin = open_pin(PinFormat::WithPan, key, block, &pan).or(Err("99"))?;
            if !Pin::parse(PIN).is_ok_and(|right| pin.is(&right)) {
                card.wrong_pins += 1;
                return Err("55");
            }
            card.wrong_pins = 0;
        }
        Ok(card)
    }

    pub(super) fn give_back(&mut self, pan: &str, amount: u64) {
        if let Some(card) = self.card(pan) {
            card.balance += signed(amount);
        }
    }

    /// What a reversed void takes again; an issuer lets the card go below zero then.
    pub(super) fn take_again(&mut self, pan: &str, amount: u64) {
        if let Some(card) = self.card(pan) {
            card.balance -= signed(amount);
        }
    }

    /// What all cards are down by.
    pub(super) fn drawn(&self) -> i128 {
        self.cards.iter().map(|(pan, card)| i128::from(opening(pan) - card.balance)).sum()
    }

    fn card(&mut self, pan: &str) -> Option<&mut Card> {
        let issued = pan.starts_with("62") || pan.starts_with(['4', '5']);
        let new = || Card { balance: opening(pan), wrong_pins: 0 };
        issued.then(|| self.cards.entry(pan.to_owned()).or_insert_with(new))
    }
}

fn opening(pan: &str) -> i64 {
    if pan.ends_with(POOR) { POOR_BALANCE } else { BALANCE }
}

/// Twelve digits (field 4) always fit.
fn signed(fen: u64) -> i64 {
    i64::try_from(fen).unwrap_or(i64::MAX)
}
