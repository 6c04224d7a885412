//! A terminal's message with its parts read, and the checks of its form.

use std::sync::Arc;

use crypto::pos::{PinError, PinFormat};
use ids::TradeId;
use iso8583::cup::{Transaction, read_digit_tags};
use iso8583::frame::{Header, Tpdu};
use iso8583::{Message, Value};
use money::{Amount, Currency};
use orders::channel::{CardRead, CardSubject, EncipheredPin};
use secret::{Pan, PayerCode, Secret};

use app::pos::{PosAccess, Presented};

/// Field 39 of a message that is refused before anything is written.
pub(crate) type Code = &'static str;

/// 30: a field is missing or is not what it should be.
pub(crate) const FORMAT: Code = "30";
const INVALID_AMOUNT: Code = "13";
const INVALID_CARD: Code = "14";
/// 99: no PIN in the block.
const PIN_FORMAT: Code = "99";
/// 40: the track is enciphered, and there is no key for it.
const NOT_SUPPORTED: Code = "40";
/// 96: the key store does not answer.
pub(crate) const MALFUNCTION: Code = "96";
const YUAN: &str = "156";
/// Of field 59.
const PIN_BLOCK: [u8; 2] = *b"A1";
const PAYER_CODE: [u8; 2] = *b"A3";
pub(crate) const VOUCHER: [u8; 2] = *b"A4";

/// A message and what stood before it.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) tpdu: Tpdu,
    /// A few gateways leave it out.
    pub(crate) header: Option<Header>,
    pub(crate) message: Message<'a>,
    pub(crate) transaction: Transaction,
}

impl Asked<'_> {
    pub(crate) fn text(&self, field: u8) -> Option<String> {
        self.message.get(field).map(|value| value.shown())
    }

    pub(crate) fn number(&self, field: u8) -> Option<u64> {
        self.message.get(field).and_then(|value| value.number())
    }

    pub(crate) fn trace(&self) -> Result<u32, Code> {
        let trace = self.number(11).and_then(|trace| u32::try_from(trace).ok());
        trace.filter(|trace| *trace != 0).ok_or(FORMAT)
    }

    /// Field 4 in fen.
    pub(crate) fn amount(&self) -> Result<Amount, Code> {
        if self.text(49).as_deref() != Some(YUAN) {
            return Err(FORMAT);
        }
        let minor = self.number(4).ok_or(FORMAT)?;
        if minor == 0 {
            return Err(INVALID_AMOUNT);
        }
        Amount::new(minor, Currency::Cny).or(Err(INVALID_AMOUNT))
    }

    /// What the payer showed: a code (field 59, tag A3), a card, or nothing where an earlier payment is
    /// named by its number (tag A4).
    pub(crate) fn presented(&self, access: &PosAccess) -> Result<Presented, Code> {
        if let Some(code) = self.extra(PAYER_CODE)? {
            let code = std::str::from_utf8(&code).or(Err(FORMAT))?;
            return PayerCode::parse(code).map(Presented::Code).ok_or(INVALID_CARD);
        }
        let has_card = self.message.has(2) || self.message.has(35);
        if !has_card && self.extra(VOUCHER)?.is_some() {
            return Ok(Presented::Nothing);
        }
        let (card, read) = self.card(access)?;
        Ok(Presented::Card(card, read))
    }

    /// The earlier QR payment that the message names.
    pub(crate) fn voucher(&self) -> Result<Option<TradeId>, Code> {
        let Some(digits) = self.extra(VOUCHER)? else { return Ok(None) };
        let number = std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
        number.and_then(|raw| TradeId::from_i64(raw).ok()).map(Some).ok_or(FORMAT)
    }

    /// An element of field 59; vendors put other things there, which are passed over.
    fn extra(&self, tag: [u8; 2]) -> Result<Option<Vec<u8>>, Code> {
        let Some(value) = self.message.get(59) else { return Ok(None) };
        let bytes = value.bytes().into_owned();
        let Ok(tags) = read_digit_tags(&bytes) else { return Ok(None) };
        let mut found = tags.iter().filter(|(known, _)| *known == tag);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Ok(Some(value.to_vec())),
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(FORMAT),
        }
    }

    /// The card and what was read of it. The PIN block is opened once, to tell a wrong one from a wrong
    /// PIN before anything is written.
    fn card(&self, access: &PosAccess) -> Result<(Arc<CardSubject>, CardRead), Code> {
        let security = self.text(53).unwrap_or_default();
        let track2 = match security.as_bytes().get(2) {
            Some(b'1') => self.opened_track(access)?,
            Some(_) | None => self.text(35),
        };
        let of_track = track2.as_deref().and_then(|track| track.split_once('='));
        let pan = self.text(2).or(of_track.map(|(pan, _)| pan.to_owned()));
        let pan = pan.as_deref().and_then(Pan::parse).ok_or(INVALID_CARD)?;
        let expiry = of_track.and_then(|(_, rest)| rest.get(..4)).map(str::to_owned);
        let pin = self.pin(access, &pan, security.starts_with('1'))?;
        let card = CardSubject {
            expiry: self.text(14).or(expiry),
            sequence: self.text(23),
            entry: self.text(22).ok_or(FORMAT)?,
            condition: self.text(25).ok_or(FORMAT)?,
            terminal_no: access.terminal.terminal_no.clone(),
            merchant_code: access.terminal.merchant_code.clone(),
            auth_code: None,
            authorization: None,
            pan,
        };
        let bytes = |value: Value<'_>| Secret::new(value.bytes().into_owned());
        let chip = self.message.get(55).map(bytes);
        let reading = self.transaction.reading;
        let takes_part = reading.is_some_and(|reading| reading.partial_approval == Some(true));
        let read = CardRead { track2: track2.map(Secret::new), chip, pin, takes_part };
        Ok((Arc::new(card), read))
    }

    /// Field 35 where its block is enciphered.
    fn opened_track(&self, access: &PosAccess) -> Result<Option<String>, Code> {
        let Some(value) = self.message.get(35) else { return Ok(None) };
        // No key for tracks was given at sign-on.
        let key = access.track.as_ref().filter(|key| !key.is_sm4()).ok_or(NOT_SUPPORTED)?;
        let (mut packed, digits) = (value.bytes().into_owned(), value.characters().len());
        key.open_track(&mut packed).or(Err(MALFUNCTION))?;
        let shown = hex::encode_upper(packed).replace('D', "=");
        let track: String = shown.chars().take(digits).collect();
        let fine = track.chars().all(|c| c.is_ascii_digit() || c == '=');
        if fine { Ok(Some(track)) } else { Err(INVALID_CARD) }
    }

    fn pin(
        &self,
        access: &PosAccess,
        pan: &Pan,
        without_pan: bool,
    ) -> Result<Option<EncipheredPin>, Code> {
        // Under SM4 the block has sixteen bytes, which field 52 has no room for.
        let wide = self.extra(PIN_BLOCK)?;
        let narrow = self.message.get(52).map(|value| value.bytes().into_owned());
        let Some(block) = wide.or(narrow) else { return Ok(None) };
        // Some terminals say zeros for no PIN.
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let format = if without_pan { PinFormat::WithoutPan } else { PinFormat::WithPan };
        let key = access.pin.clone().ok_or(PIN_FORMAT)?;
        key.check_pin(format, &block, pan).map_err(|error| match error {
            PinError::Key(_) => MALFUNCTION,
            PinError::Digits | PinError::Block => PIN_FORMAT,
        })?;
        Ok(Some(EncipheredPin { block, key, format }))
    }

    /// What a repeat of the message says again: everything but codes and the PIN block, which differ
    /// under other keys.
    pub(crate) fn canonical(&self) -> String {
        let security = self.text(53).unwrap_or_default();
        let enciphered = security.as_bytes().get(2) == Some(&b'1');
        let under_a_key = |field: &u8| match field {
            52 | 55 | 64 => true,
            35 => enciphered,
            59 => matches!(self.extra(PIN_BLOCK), Ok(Some(_))),
            _ => false,
        };
        let said = self.message.numbers().filter(|field| !under_a_key(field));
        let said = said.map(|field| format!("{field}={}", self.text(field).unwrap_or_default()));
        said.collect::<Vec<_>>().join("|")
    }
}
