//! What is said to the network.

use crypto::pos::{KeyFault, MacAlgorithm, MacForm, PinError};
use iso8583::{Builder, CUP_NETWORK, Error, MacError};
use jiff::Timestamp;
use money::Amount;
use orders::RefundKind;
use orders::channel::{
    Call, CardRead, CardSubject, Charge, Instrument, PayWay, RefundCall, Subject,
};

use super::Card;
use super::key::MessageKey;
use crate::BuildError;

/// Field 39 of a reversal: no answer came in time.
const NO_ANSWER: &str = "98";
/// The same of one that the terminal asked for, its own reason being its own.
const TERMINAL_ASKED: &str = "06";
/// Field 53: a PIN with the card number, under a key of double length.
const PIN_CONTROL: &str = "2600000000000000";
/// Field 26: the digits that a PIN may have here.
const PIN_DIGITS_MAX: &str = "12";
/// Field 60: a part may be approved. Free text of the network; ours is settled with it.
const TAKES_PART: &str = "PARTIAL=1";
/// How the code of field 128 is made.
pub(super) const MAC: (MacAlgorithm, MacForm) = (MacAlgorithm::X919, MacForm::Raw);
pub(super) const MAC_FIELD: u8 = 128;

/// A message, its code included.
pub(super) fn message(card: &Card, call: &Call, _now: Timestamp) -> Result<Vec<u8>, BuildError> {
    let builder = match call {
        Call::Charge(charge) => charge_message(card, charge)?,
        // What is only said has nothing to ask for: it is said again.
        Call::Query(subject) if subject.way == PayWay::CardAdvice => {
            about_charge(card, subject, &CardRead::default())?
        }
        Call::Cancel(subject) => {
            let said = (form_of(subject).mti, NO_ANSWER);
            reversal(card, (subject, subject.amount), &charge_key(subject), said)?
        }
        Call::Refund(refund) => give_back(card, refund)?,
        Call::QueryRefund(refund) => give_back_again(card, refund)?,
        // A network has nothing to ask and shows no code.
        Call::Prepare(_) | Call::Query(_) | Call::Close(_) => {
            return Err(BuildError::NotOffered);
        }
    };
    let mut bytes = Vec::new();
    let mac = |data: &[u8]| card.mac_key.mac(MAC.0, data).map(|mac| mac.field(MAC.1));
    builder.try_pack_with_mac(MAC_FIELD, &mut bytes, mac).map_err(unsealed)?;
    Ok(bytes)
}

pub(super) fn charge_key(subject: &Subject) -> MessageKey {
    MessageKey::of_attempt(subject.attempt)
}

/// The key by which the network knows the message of a call.
pub(super) fn key_of(call: &Call) -> Option<MessageKey> {
    match call {
        Call::Charge(charge) => Some(charge_key(&charge.subject)),
        Call::Query(subject) if subject.way == PayWay::CardAdvice => Some(charge_key(subject)),
        // A reversal has the trace of what it reverses.
        Call::Cancel(subject) => Some(charge_key(subject)),
        Call::Refund(refund) | Call::QueryRefund(refund) => Some(match refund.kind {
            RefundKind::Reversal => charge_key(&refund.subject),
            RefundKind::Void | RefundKind::Refund | RefundKind::TopUpReturn => {
                MessageKey::of_refund(refund.refund, trial(refund))
            }
        }),
        Call::Prepare(_) | Call::Query(_) | Call::Close(_) => None,
    }
}

/// An advice keeps its number for ever; a void that was reversed gets another.
const fn trial(refund: &RefundCall) -> u32 {
    match refund.kind {
        RefundKind::Void => refund.tries,
        RefundKind::Refund | RefundKind::TopUpReturn | RefundKind::Reversal => 1,
    }
}

/// The type and field 3 of the message that charges a card, or holds money on it.
struct Form {
    mti: &'static str,
    processing: &'static str,
    /// The type of the message that voids it.
    void: &'static str,
}

const fn form_of(subject: &Subject) -> Form {
    match subject.way {
        PayWay::CardHold => Form { mti: "0100", processing: "030000", void: "0100" },
        PayWay::CardAdvice => Form { mti: "0220", processing: "000000", void: "0200" },
        PayWay::CardInquiry => Form { mti: "0200", processing: "310000", void: "0200" },
        PayWay::Card
        | PayWay::PayerCode
        | PayWay::DynamicQr
        | PayWay::OwnCode
        | PayWay::Jsapi
        | PayWay::H5
        | PayWay::Page => Form { mti: "0200", processing: "000000", void: "0200" },
    }
}

fn charge_message(card: &Card, charge: &Charge) -> Result<Builder<'static>, BuildError> {
    let Instrument::Card(read) = &charge.instrument else { return Err(BuildError::NotOffered) };
    about_charge(card, &charge.subject, read)
}

/// 消费, 预授权, 预授权完成, 离线消费.
fn about_charge(
    card: &Card,
    subject: &Subject,
    read: &CardRead,
) -> Result<Builder<'static>, BuildError> {
    let (known, form, key) = (of_card(subject)?, form_of(subject), charge_key(subject));
    let mut m = begin(card, form.mti, (form.processing, subject.amount), (known, &key))?;
    if let Some(hold) = known.authorization {
        let original = MessageKey::of_attempt(hold).as_original("0100", card.institutions());
        m.set(90, &original).map_err(unfit)?;
    }
    if let Some(track) = &read.track2 {
        m.set(35, track.expose()).map_err(unfit)?;
    }
    if read.takes_part && subject.way == PayWay::Card && known.authorization.is_none() {
        m.set(60, TAKES_PART).map_err(unfit)?;
    }
    if let Some(chip) = &read.chip {
        m.put(55, chip.expose()).map_err(unfit)?;
    }
    if let Some(pin) = &read.pin {
        let block = pin.key.move_pin(&card.pin_key, (pin.format, &pin.block), &known.pan);
        m.put(52, &block.map_err(no_pin)?).map_err(unfit)?;
        m.set(26, PIN_DIGITS_MAX).map_err(unfit)?;
        m.set(53, PIN_CONTROL).map_err(unfit)?;
    }
    Ok(m)
}

fn reversal(
    card: &Card,
    (subject, amount): (&Subject, Amount),
    original: &MessageKey,
    (mti, reason): (&str, &str),
) -> Result<Builder<'static>, BuildError> {
    let known = of_card(subject)?;
    // A void is reversed as what it was.
    let charged = original == &charge_key(subject);
    let processing = if charged { form_of(subject).processing } else { "200000" };
    let mut m = begin(card, "0420", (processing, amount), (known, original))?;
    m.set(39, reason).map_err(unfit)?;
    m.set(90, &original.as_original(mti, card.institutions())).map_err(unfit)?;
    Ok(m)
}

/// A void (0200), a refund (0220), or the reversal of an approved sale that the terminal lost (0420).
fn give_back(card: &Card, refund: &RefundCall) -> Result<Builder<'static>, BuildError> {
    let subject = &refund.subject;
    let (original, form) = (charge_key(subject), form_of(subject));
    let mti = match refund.kind {
        RefundKind::Reversal => {
            let said = (form.mti, TERMINAL_ASKED);
            return reversal(card, (subject, subject.amount), &original, said);
        }
        RefundKind::Void => form.void,
        RefundKind::Refund | RefundKind::TopUpReturn => "0220",
    };
    let key = MessageKey::of_refund(refund.refund, trial(refund));
    let known = of_card(subject)?;
    let mut m = begin(card, mti, ("200000", refund.amount), (known, &key))?;
    m.set(90, &original.as_original(form.mti, card.institutions())).map_err(unfit)?;
    Ok(m)
}

/// What finds out about a return without an answer: an advice is repeated; a void is reversed, after
/// which the network does not have it.
fn give_back_again(card: &Card, refund: &RefundCall) -> Result<Builder<'static>, BuildError> {
    if refund.kind != RefundKind::Void {
        return give_back(card, refund);
    }
    let key = MessageKey::of_refund(refund.refund, trial(refund));
    let said = (form_of(&refund.subject).void, NO_ANSWER);
    reversal(card, (&refund.subject, refund.amount), &key, said)
}

/// What every message about a card says.
fn begin(
    card: &Card,
    mti: &str,
    (processing, amount): (&str, Amount),
    (known, key): (&CardSubject, &MessageKey),
) -> Result<Builder<'static>, BuildError> {
    let mut m = Builder::new(&CUP_NETWORK, mti);
    let mut set = |number, value: &str| m.set(number, value).map_err(unfit);
    set(2, known.pan.expose())?;
    set(3, processing)?;
    if !amount.is_zero() {
        set(4, &format!("{:012}", amount.minor()))?;
    }
    set(7, &key.transmitted)?;
    set(11, &key.trace)?;
    set(12, &key.local.0)?;
    set(13, &key.local.1)?;
    if let Some(expiry) = &known.expiry {
        set(14, expiry)?;
    }
    set(18, &card.merchant_type)?;
    set(22, &known.entry)?;
    if let Some(sequence) = &known.sequence {
        set(23, sequence)?;
    }
    set(25, &known.condition)?;
    set(32, &card.acquirer)?;
    set(33, &card.forwarder)?;
    set(37, &key.reference)?;
    if let Some(code) = &known.auth_code {
        set(38, code)?;
    }
    set(41, &known.terminal_no)?;
    set(42, &known.merchant_code)?;
    set(49, "156")?;
    Ok(m)
}

fn of_card(subject: &Subject) -> Result<&CardSubject, BuildError> {
    subject.card.as_deref().ok_or(BuildError::NotOffered)
}

const fn no_pin(error: PinError) -> BuildError {
    match error {
        PinError::Key(fault) => BuildError::Keys(fault),
        PinError::Digits | PinError::Block => BuildError::Unfit,
    }
}

fn unsealed(error: MacError<KeyFault>) -> BuildError {
    match error {
        MacError::Message(error) => unfit(error),
        MacError::Mac(fault) => BuildError::Keys(fault),
    }
}

fn unfit(error: Error) -> BuildError {
    // The error names the field and never its value.
    tracing::error!(error = %error, "a card message could not be made");
    BuildError::Unfit
}
