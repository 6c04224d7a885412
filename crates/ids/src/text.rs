//! Thirteen digits of base 32 (Crockford's alphabet, small letters: no i, l, o, u).

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 13;

/// The text is not an id of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this type")]
pub struct IdError;

pub(crate) fn encode(raw: i64) -> String {
    let digit = |place: usize| {
        let index = usize::try_from((raw >> (5 * place)) & 31).unwrap_or(0);
        char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
    };
    (0..DIGITS).rev().map(digit).collect()
}

pub(crate) fn decode(text: &str) -> Result<i64, IdError> {
    if text.len() != DIGITS {
        return Err(IdError);
    }
    text.bytes().try_fold(0_i64, |value, byte| {
        let digit = ALPHABET.iter().position(|a| *a == byte).ok_or(IdError)?;
        let digit = i64::try_from(digit).or(Err(IdError))?;
        value.checked_mul(32).and_then(|v| v.checked_add(digit)).ok_or(IdError)
    })
}
