//! Packed decimal: two digits a byte.

/// Eight bytes at a time; what is left is read one by one.
const STEP: usize = 8;
const LOW: u64 = 0x0F0F_0F0F_0F0F_0F0F;
const SIX: u64 = 0x0606_0606_0606_0606;
/// Eight times the character 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;
/// The first, third, fifth and seventh of eight digits.
const EVEN: u64 = 0x000F_000F_000F_000F;
const CARRY: u64 = 0x1010_1010_1010_1010;

/// Whether every half byte is a decimal digit. A half byte above 9 carries when six is added.
pub(crate) fn is_decimal(packed: &[u8]) -> bool {
    let mut steps = packed.chunks_exact(STEP);
    let whole = steps.by_ref().all(|step| {
        let word = <[u8; STEP]>::try_from(step).map_or(u64::MAX, u64::from_ne_bytes);
        (((word & LOW) + SIX) | (((word >> 4) & LOW) + SIX)) & CARRY == 0
    });
    whole && steps.remainder().iter().all(|byte| byte >> 4 <= 9 && byte & 0x0F <= 9)
}

/// A byte of two decimal digits as the number they write; `None` for other half bytes.
pub(crate) const fn number(byte: u8) -> Option<u8> {
    let (high, low) = (byte >> 4, byte & 0x0F);
    if high > 9 || low > 9 { None } else { Some(high * 10 + low) }
}

/// The half bytes in order, beginning with the `skip`th.
pub(crate) fn nibbles(packed: &[u8], skip: usize) -> impl Iterator<Item = u8> {
    packed.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).skip(skip)
}

/// `0` to `9` and `A` to `F` for a half byte.
pub(crate) const fn hex_digit(nibble: u8) -> u8 {
    match nibble & 0x0F {
        digit @ 0..=9 => b'0' + digit,
        letter => b'A' + (letter - 10),
    }
}

/// The half byte that a character writes; `=` is the tracks' separator.
pub(crate) const fn nibble_of(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'F' => Some(character - b'A' + 10),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'=' => Some(0x0D),
        _ => None,
    }
}

/// Packs decimal digits, two a byte; of an odd number the last leaves its half byte zero. False where
/// a character is no digit; what was written then is to be thrown away.
pub(crate) fn pack_decimal(digits: &[u8], out: &mut Vec<u8>) -> bool {
    let mut steps = digits.chunks_exact(STEP);
    for step in steps.by_ref() {
        let word = <[u8; STEP]>::try_from(step).map_or(0, u64::from_le_bytes);
        let value = word ^ ZEROS;
        // Other characters differ in the upper half byte; one above 9 carries when six is added.
        if value & !LOW != 0 || (value + SIX) & !LOW != 0 {
            return false;
        }
        let pairs = (value & EVEN) << 4 | (value >> 8 & EVEN);
        let halves = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
        let [a, b, _, _, c, d, _, _] = halves.to_le_bytes();
        out.extend_from_slice(&[a, b, c, d]);
    }
    let rest = steps.remainder();
    for pair in rest.chunks(2) {
        let (high, low) = match pair {
            [high, low] => (*high, *low),
            [high] => (*high, b'0'),
            _ => return true,
        };
        if !high.is_ascii_digit() || !low.is_ascii_digit() {
            return false;
        }
        out.push((high & 0x0F) << 4 | low & 0x0F);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimal_is_what_hex_shows_as_digits(packed: Vec<u8>) {
            let shown = hex::encode(&packed);
            prop_assert_eq!(is_decimal(&packed), shown.bytes().all(|c| c.is_ascii_digit()));
        }

        #[test]
        fn digits_are_decimal(text in "([0-9]{2}){0,40}") {
            let packed = hex::decode(&text).unwrap();
            prop_assert!(is_decimal(&packed));
            let shown: Vec<u8> = nibbles(&packed, 0).map(hex_digit).collect();
            prop_assert_eq!(shown, text.into_bytes());
        }
    }

    proptest! {
        #[test]
        fn packing_takes_digits_only(text in "[0-9]{0,40}", at: prop::sample::Index, other: u8) {
            let mut out = vec![];
            prop_assert!(pack_decimal(text.as_bytes(), &mut out));
            let even = if text.len() % 2 == 1 { format!("{text}0") } else { text.clone() };
            prop_assert_eq!(hex::encode(&out), even);
            let mut characters = text.into_bytes();
            if !characters.is_empty() {
                let at = at.index(characters.len());
                characters[at] = other;
                let fine = other.is_ascii_digit();
                prop_assert_eq!(pack_decimal(&characters, &mut vec![]), fine);
            }
        }
    }

    #[test]
    fn each_bad_half_byte_is_seen_at_each_place() {
        for length in 1..20 {
            for place in 0..length {
                for bad in [0x0A, 0xA0, 0x0F, 0xF0, 0x9A, 0xFF] {
                    let mut packed = vec![0x99; length];
                    packed[place] = bad;
                    assert!(!is_decimal(&packed), "{length} {place} {bad:02X}");
                }
            }
        }
    }

    #[test]
    fn numbers_and_characters() {
        assert_eq!(number(0x99), Some(99));
        assert_eq!(number(0x1A), None);
        assert_eq!(number(0xA1), None);
        assert_eq!(nibble_of(b'='), Some(0x0D));
        assert_eq!(nibble_of(b'g'), None);
        for nibble in 0..16 {
            assert_eq!(nibble_of(hex_digit(nibble)), Some(nibble));
        }
    }
}
