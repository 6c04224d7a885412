//! The only source of randomness: keys, nonces, passwords.

use secret::Secret;

use crate::must;

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Without 0/O, 1/I/l: people read generated passwords from a screen and type them.
const READABLE: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

/// Digits and capitals that are not taken for each other when somebody reads a code aloud.
const SPOKEN: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 20 of 57 characters: 116 bits.
const PASSWORD_CHARACTERS: usize = 20;

/// Bytes drawn at once while characters are picked.
const DRAW_BYTES: usize = 64;

/// `N` bytes nobody can foretell.
///
/// # Panics
/// When the operating system has no randomness to give: there is nothing safe to do then.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    must(aws_lc_rs::rand::fill(&mut bytes), "randomness");
    bytes
}

/// Letters and digits, for nonces: WeChat Pay `nonce_str` allows at most 32 of them.
#[must_use]
pub fn random_alphanumeric(characters: usize) -> String {
    pick(ALPHANUMERIC, characters)
}

/// For the first sign-in of a user made by the system.
#[must_use]
pub fn random_password() -> Secret<String> {
    Secret::new(pick(READABLE, PASSWORD_CHARACTERS))
}

/// A code that people read to each other and type: twelve characters are 58 bits.
#[must_use]
pub fn random_code(characters: usize) -> Secret<String> {
    Secret::new(pick(SPOKEN, characters))
}

/// A PIN, for instance.
#[must_use]
pub fn random_digits(digits: usize) -> Secret<String> {
    Secret::new(pick(b"0123456789", digits))
}

/// Bytes beyond the highest multiple of the alphabet's length are thrown away, so that no character
/// is likelier than another; under one byte in nine is lost, so the loop ends soon.
fn pick(alphabet: &[u8], characters: usize) -> String {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(characters);
    while text.len() < characters {
        let drawn = random_bytes::<DRAW_BYTES>();
        let fair_ones = drawn.iter().map(|b| usize::from(*b)).filter(|b| *b < fair);
        let picked = fair_ones.filter_map(|b| alphabet.get(b % alphabet.len()));
        text.extend(picked.take(characters - text.len()).map(|c| char::from(*c)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_its_length_and_alphabet() {
        for characters in [0, 1, 32, 63, 64, 65, 1000] {
            let text = random_alphanumeric(characters);
            assert_eq!(text.len(), characters);
            assert!(text.bytes().all(|b| ALPHANUMERIC.contains(&b)));
        }
        assert!(random_code(12).expose().bytes().all(|b| SPOKEN.contains(&b)));
        assert!(random_digits(6).expose().bytes().all(|b| b.is_ascii_digit()));
        let password = random_password();
        assert_eq!(password.expose().len(), PASSWORD_CHARACTERS);
        assert!(password.expose().bytes().all(|b| READABLE.contains(&b)));
    }

    /// 62,000 draws over 62 characters: each appears about 1,000 times (standard deviation 31).
    #[test]
    fn no_character_is_favoured() {
        let text = random_alphanumeric(62_000);
        for c in ALPHANUMERIC {
            let seen = text.bytes().filter(|b| b == c).count();
            assert!((750..=1_250).contains(&seen), "{}: {seen}", char::from(*c));
        }
    }

    #[test]
    fn two_draws_differ() {
        assert_ne!(random_bytes::<32>(), random_bytes::<32>());
        assert_ne!(random_password().expose(), random_password().expose());
    }
}
