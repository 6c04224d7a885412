//! Message authentication codes of field 64. Which one a terminal uses is a setting of its model.

use super::BlockKey;
use super::cipher::Cipher;
use crate::{BadSignature, constant_time_eq};

/// How a code is computed. All fill the message with zeros to whole blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MacAlgorithm {
    /// `UnionPay`'s "ECB": all blocks folded by exclusive or, the result written in hexadecimal; its
    /// first half enciphered, folded with the second, enciphered again.
    CupEcb,
    /// ANSI X9.9: CBC with a key of 8 bytes (or the first half of a longer one).
    X99,
    /// ANSI X9.19 (ISO 9797-1 algorithm 3): CBC with the left half, the last block deciphered with the
    /// right half and enciphered with the left one.
    X919,
    /// CBC with triple DES.
    TdesCbc,
    /// All blocks folded, the result enciphered once.
    FoldOnce,
    /// [`Self::CupEcb`] with blocks of 16 bytes and SM4.
    Sm4,
}

/// How many of the code's bytes stand in field 64, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MacForm {
    /// The first four bytes as eight hexadecimal characters.
    Hex,
    /// The first eight bytes.
    Raw,
}

/// A code before it is put into its form: 8 bytes, 16 for SM4. Not secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PosMac(Vec<u8>);

impl PosMac {
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it stands in field 64.
    #[must_use]
    pub fn field(&self, form: MacForm) -> [u8; 8] {
        let mut field = [0; 8];
        match form {
            MacForm::Raw => field.iter_mut().zip(&self.0).for_each(|(to, from)| *to = *from),
            MacForm::Hex => {
                field.iter_mut().zip(hex_upper(&self.0)).for_each(|(to, from)| *to = from)
            }
        }
        field
    }
}

/// The code of `message`: everything from the message type to the byte before field 64, with that
/// field's bit set in the bitmap.
#[must_use]
pub fn pos_mac(algorithm: MacAlgorithm, key: &BlockKey, message: &[u8]) -> PosMac {
    let Ok(mac) = made(algorithm, key, message);
    mac
}

/// The same with a key that may be elsewhere.
pub(super) fn made<C: Cipher>(
    algorithm: MacAlgorithm,
    key: &C,
    message: &[u8],
) -> Result<PosMac, C::Fault> {
    Ok(PosMac(match algorithm {
        MacAlgorithm::CupEcb | MacAlgorithm::Sm4 => twice(key, &fold(message, key.block_bytes()))?,
        MacAlgorithm::FoldOnce => {
            let mut folded = fold(message, key.block_bytes());
            key.encrypt(&mut folded)?;
            folded
        }
        MacAlgorithm::TdesCbc => key.chain(message)?,
        MacAlgorithm::X99 => key.left()?.chain(message)?,
        MacAlgorithm::X919 => {
            // Deciphering with the right half and enciphering with the left one again is what triple DES
            // does to the last block.
            let (before, last) = message.split_at(last_block(message, key.block_bytes()));
            let mut block = key.left()?.chain(before)?;
            block.iter_mut().zip(last).for_each(|(to, from)| *to ^= from);
            key.encrypt(&mut block)?;
            block
        }
    }))
}

/// Where the last block of a message begins.
const fn last_block(message: &[u8], block: usize) -> usize {
    message.len().saturating_sub(1) / block * block
}

/// # Errors
/// [`BadSignature`] unless `field` is the code of `message` in its form; compared in constant time.
pub fn verify_pos_mac(
    (algorithm, form): (MacAlgorithm, MacForm),
    key: &BlockKey,
    message: &[u8],
    field: &[u8],
) -> Result<(), BadSignature> {
    let expect = pos_mac(algorithm, key, message).field(form);
    if constant_time_eq(&expect, field) { Ok(()) } else { Err(BadSignature) }
}

/// All blocks by exclusive or, the last filled with zeros.
fn fold(message: &[u8], block: usize) -> Vec<u8> {
    let mut folded = vec![0; block];
    for chunk in message.chunks(block) {
        folded.iter_mut().zip(chunk).for_each(|(to, from)| *to ^= from);
    }
    folded
}

fn twice<C: Cipher>(key: &C, folded: &[u8]) -> Result<Vec<u8>, C::Fault> {
    let characters: Vec<u8> = hex_upper(folded).collect();
    let (first, second) = characters.split_at(folded.len());
    let mut block = first.to_vec();
    key.encrypt(&mut block)?;
    block.iter_mut().zip(second).for_each(|(to, from)| *to ^= from);
    key.encrypt(&mut block)?;
    Ok(block)
}

fn hex_upper(bytes: &[u8]) -> impl Iterator<Item = u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    bytes.iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 0x0F)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex.replace(' ', "")).unwrap()
    }

    fn key(hex: &str) -> BlockKey {
        BlockKey::des(&bytes(hex)).unwrap()
    }

    /// Published folds of whole messages, run from the fold on: a single block folds to itself.
    #[test]
    fn cup_ecb_as_published() {
        let check = |key_hex: &str, folded: &str, expect: &str| {
            let mac = pos_mac(MacAlgorithm::CupEcb, &key(key_hex), &bytes(folded));
            assert_eq!(mac.field(MacForm::Hex), expect.as_bytes());
        };
        check("55036372B17543ECB173730768B8D6C4", "1212B04E1227809C", "5FE058DB");
        check("C24A8FB57AA20123", "4D08F434464FE7BF", "8A9E91B8");
        let long = key("55036372B17543ECB173730768B8D6C4");
        let mac = pos_mac(MacAlgorithm::CupEcb, &long, &bytes("1212B04E1227809C"));
        assert_eq!(mac.bytes(), bytes("5FE058DB90680D33"));
    }

    /// FIPS 113's example; ISO 9797-1, annex B, algorithms 1 and 3 with zeros filled in.
    #[test]
    fn cbc_as_published() {
        let check = |algorithm, key_hex: &str, text: &[u8], expect: &str| {
            let mac = pos_mac(algorithm, &key(key_hex), text);
            assert_eq!(hex::encode_upper(mac.bytes()), expect);
        };
        check(
            MacAlgorithm::X99,
            "0123456789ABCDEF",
            b"7654321 Now is the time for ",
            "F1D30F6849312CA4",
        );
        let text = b"Now is the time for all ";
        check(MacAlgorithm::X99, "0123456789ABCDEF", text, "70A30640CC76DD8B");
        let text = b"Now is the time for it";
        check(MacAlgorithm::X99, "0123456789ABCDEF", text, "E45B3AD2B7CC0856");
        check(MacAlgorithm::X919, "0123456789ABCDEFFEDCBA9876543210", text, "2E2B1428CC78254F");
    }

    #[test]
    fn with_equal_halves_the_short_and_the_long_key_agree() {
        for algorithm in [
            MacAlgorithm::CupEcb,
            MacAlgorithm::X99,
            MacAlgorithm::X919,
            MacAlgorithm::TdesCbc,
            MacAlgorithm::FoldOnce,
        ] {
            let short = pos_mac(algorithm, &key("0123456789ABCDEF"), b"any message");
            let long = pos_mac(algorithm, &key(&"0123456789ABCDEF".repeat(2)), b"any message");
            assert_eq!(short, long, "{algorithm:?}");
        }
    }

    proptest! {
        #[test]
        fn only_the_right_code_is_accepted(message: Vec<u8>, place in 0usize..8, bit in 0u8..8) {
            for form in [MacForm::Hex, MacForm::Raw] {
                let (key, how) = (key("0123456789ABCDEFFEDCBA9876543210"), (MacAlgorithm::X919, form));
                let mut field = pos_mac(how.0, &key, &message).field(form);
                prop_assert_eq!(verify_pos_mac(how, &key, &message, &field), Ok(()));
                field[place] ^= 1 << bit;
                prop_assert_eq!(verify_pos_mac(how, &key, &message, &field), Err(BadSignature));
                prop_assert_eq!(verify_pos_mac(how, &key, &message, &field[..7]), Err(BadSignature));
            }
        }
    }
}
