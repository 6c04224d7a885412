//! PIN blocks: ISO 9564-1 format 0 (ANSI X9.8), and the same in a block of SM4.

use std::fmt;

use secret::Pan;

use super::cipher::Cipher;
use super::{BlockKey, KeyFault};

/// Digits of a PIN (ISO 9564-1).
const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=12;
/// Of the card number the twelve digits before the check digit go into the block.
const PAN_DIGITS: usize = 12;

/// Why there is no PIN in a block. Deliberately without detail: it would help who guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    #[error("a PIN is 4 to 12 digits")]
    Digits,
    #[error("the PIN block is not one, under this key and for this card")]
    Block,
    #[error(transparent)]
    Key(#[from] KeyFault),
}

impl From<std::convert::Infallible> for PinError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// A PIN in the clear: at the terminal, and inside the issuer. `Debug` says nothing of it.
#[derive(Clone)]
pub struct Pin(Vec<u8>);

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

impl Pin {
    /// # Errors
    /// [`PinError::Digits`].
    pub fn parse(digits: &str) -> Result<Self, PinError> {
        let fine = digits.bytes().all(|b| b.is_ascii_digit());
        if !fine || !PIN_DIGITS.contains(&digits.len()) {
            return Err(PinError::Digits);
        }
        Ok(Self(digits.bytes().map(|b| b - b'0').collect()))
    }

    /// Compares in constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        crate::constant_time_eq(&self.0, &other.0)
    }
}

/// How a PIN stands in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PinFormat {
    /// Field 53 begins with 2: with the card number.
    WithPan,
    /// Field 53 begins with 1: without it.
    WithoutPan,
}

/// Puts a PIN into a block under a key: 8 bytes, 16 for SM4.
///
/// ```
/// use crypto::pos::{BlockKey, Pin, PinFormat, open_pin, seal_pin};
/// # use secret::Pan;
/// let key = BlockKey::des(&[0x11; 16]).unwrap();
/// let (pin, pan) = (Pin::parse("123456").unwrap(), Pan::parse("6222020000000000000").unwrap());
/// let block = seal_pin(PinFormat::WithPan, &key, &pin, &pan);
/// assert!(open_pin(PinFormat::WithPan, &key, &block, &pan).unwrap().is(&pin));
/// ```
#[must_use]
pub fn seal_pin(format: PinFormat, key: &BlockKey, pin: &Pin, pan: &Pan) -> Vec<u8> {
    let Ok(block) = sealed(format, key, pin, pan);
    block
}

fn sealed<C: Cipher>(
    format: PinFormat,
    key: &C,
    pin: &Pin,
    pan: &Pan,
) -> Result<Vec<u8>, C::Fault> {
    let mut block = clear_block(key.block_bytes(), pin);
    xor_pan(format, &mut block, pan);
    key.encrypt(&mut block)?;
    Ok(block)
}

/// The PIN in a block.
///
/// # Errors
/// [`PinError::Block`]: another key, another card, or no block at all.
pub fn open_pin(
    format: PinFormat,
    key: &BlockKey,
    block: &[u8],
    pan: &Pan,
) -> Result<Pin, PinError> {
    opened(format, key, block, pan)
}

fn opened<C>(format: PinFormat, key: &C, block: &[u8], pan: &Pan) -> Result<Pin, PinError>
where
    C: Cipher,
    PinError: From<C::Fault>,
{
    if block.len() != key.block_bytes() {
        return Err(PinError::Block);
    }
    let mut clear = block.to_vec();
    key.decrypt(&mut clear)?;
    xor_pan(format, &mut clear, pan);
    let mut nibbles = clear.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
    let format_nibble = nibbles.next();
    let digits = nibbles.next().map(usize::from).unwrap_or_default();
    let pin: Vec<u8> = nibbles.by_ref().take(digits).collect();
    let fine = format_nibble == Some(0)
        && PIN_DIGITS.contains(&digits)
        && pin.iter().all(|digit| *digit <= 9)
        && nibbles.all(|nibble| nibble == 0x0F);
    if fine { Ok(Pin(pin)) } else { Err(PinError::Block) }
}

/// Whether there is a PIN in a block.
pub(super) fn check_block<C>(
    format: PinFormat,
    key: &C,
    block: &[u8],
    pan: &Pan,
) -> Result<(), PinError>
where
    C: Cipher,
    PinError: From<C::Fault>,
{
    opened(format, key, block, pan).map(|_| ())
}

/// Takes a PIN out of one zone's block and puts it into another's. The clear PIN lives inside this call.
pub(super) fn moved_block<C>(
    format: PinFormat,
    (from, to): (&C, &C),
    block: &[u8],
    pan: &Pan,
) -> Result<Vec<u8>, PinError>
where
    C: Cipher,
    PinError: From<C::Fault>,
{
    let pin = opened(format, from, block, pan)?;
    Ok(sealed(PinFormat::WithPan, to, &pin, pan)?)
}

/// Length, digits, and F to the end.
fn clear_block(bytes: usize, pin: &Pin) -> Vec<u8> {
    let digits = u8::try_from(pin.0.len()).unwrap_or_default();
    let mut nibbles =
        [0, digits].into_iter().chain(pin.0.iter().copied()).chain([0x0F].repeat(bytes * 2));
    let mut next = || nibbles.next().unwrap_or(0x0F);
    (0..bytes).map(|_| next() << 4 | next()).collect()
}

/// The card's twelve digits stand at the block's end.
fn xor_pan(format: PinFormat, block: &mut [u8], pan: &Pan) {
    if format == PinFormat::WithoutPan {
        return;
    }
    // A card number has at least twelve digits, so with one of twelve the first place is zero.
    let digits = pan.expose().bytes().rev().skip(1).take(PAN_DIGITS).map(|b| b - b'0');
    let mut digits = digits.chain(std::iter::repeat(0));
    for byte in block.iter_mut().rev().take(PAN_DIGITS / 2) {
        let low = digits.next().unwrap_or_default();
        let high = digits.next().unwrap_or_default();
        *byte ^= high << 4 | low;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pan(digits: &str) -> Pan {
        Pan::parse(digits).unwrap()
    }

    /// An acquirer's published clear blocks.
    #[test]
    fn published_blocks() {
        let check = |digits: &str, card: &str, expect: &str| {
            let mut block = clear_block(8, &Pin::parse(digits).unwrap());
            xor_pan(PinFormat::WithPan, &mut block, &pan(card));
            assert_eq!(hex::encode_upper(block), expect);
        };
        check("123456", "123456789012345678", "061253DFFEDCBA98");
        check("123456", "1234567890123456", "0612713176FEDCBA");
    }

    #[test]
    fn only_pins_are_pins() {
        for (digits, fine) in [
            ("123", false),
            ("1234", true),
            ("123456789012", true),
            ("1234567890123", false),
            ("12a4", false),
            ("", false),
        ] {
            assert_eq!(Pin::parse(digits).is_ok(), fine, "{digits}");
        }
        assert_eq!(format!("{:?}", Pin::parse("1234").unwrap()), "Pin(..)");
    }

    #[test]
    fn another_key_card_or_block_is_refused() {
        let key = BlockKey::des(&[0x11; 16]).unwrap();
        let (pin, card) = (Pin::parse("123456").unwrap(), pan("6222020000000000000"));
        let block = seal_pin(PinFormat::WithPan, &key, &pin, &card);
        let check = |key: &BlockKey, block: &[u8], card: &str| {
            let opened = open_pin(PinFormat::WithPan, key, block, &pan(card));
            assert_eq!(opened.unwrap_err(), PinError::Block);
        };
        check(&key, &[0; 8], "6222020000000000000");
        check(&BlockKey::des(&[0x44; 16]).unwrap(), &block, "6222020000000000000");
        check(&key, &block[..7], "6222020000000000000");
        check(&key, &[], "6222020000000000000");
        check(&key, &block, "6222020000000000990");
        check(&BlockKey::sm4(&[0x11; 16]).unwrap(), &block, "6222020000000000000");
    }

    proptest! {
        #[test]
        fn a_pin_goes_from_zone_to_zone(digits in "[0-9]{4,12}", card in "[0-9]{12,19}") {
            let (pin, card) = (Pin::parse(&digits).unwrap(), pan(&card));
            let terminal = BlockKey::generate_tdes();
            for network in [BlockKey::generate_tdes(), BlockKey::generate_des(), BlockKey::generate_sm4()] {
                let block = seal_pin(PinFormat::WithPan, &terminal, &pin, &card);
                let moved = moved_block(PinFormat::WithPan, (&terminal, &network), &block, &card).unwrap();
                prop_assert_eq!(moved.len(), network.block_bytes());
                prop_assert!(open_pin(PinFormat::WithPan, &network, &moved, &card).unwrap().is(&pin));
            }
            let bare = seal_pin(PinFormat::WithoutPan, &terminal, &pin, &card);
            prop_assert!(open_pin(PinFormat::WithoutPan, &terminal, &bare, &card).unwrap().is(&pin));
        }
    }
}
