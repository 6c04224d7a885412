//! Keys under keys: a key for keys (KEK) over a terminal's master key, that over its working keys.

use super::{BlockKey, BlockKeyError};
use crate::random::random_bytes;

/// How many components a key may come in: two custodians at least.
pub const COMPONENTS: std::ops::RangeInclusive<usize> = 2..=9;

/// A key enciphered (ECB) under another, as a sign-on delivers it.
#[must_use]
pub fn wrap_key(under: &BlockKey, key: &BlockKey) -> Vec<u8> {
    let mut bytes = key.expose().to_vec();
    under.encrypt(&mut bytes);
    bytes
}

/// The way back; check the key by its check value before using it.
///
/// # Errors
/// [`BlockKeyError::Length`].
pub fn unwrap_key(under: &BlockKey, wrapped: &[u8]) -> Result<BlockKey, BlockKeyError> {
    let mut bytes = wrapped.to_vec();
    under.decrypt(&mut bytes);
    under.alike(&bytes)
}

/// Cuts a key into components, any of which alone says nothing of it.
#[must_use]
pub fn components(key: &BlockKey, count: usize) -> Vec<BlockKey> {
    let count = count.clamp(*COMPONENTS.start(), *COMPONENTS.end());
    let mut last = key.expose().to_vec();
    let mut parts = Vec::with_capacity(count);
    for _ in 1..count {
        let drawn = random_bytes::<16>();
        let part = drawn.get(..last.len()).unwrap_or(&drawn);
        last.iter_mut().zip(part).for_each(|(to, from)| *to ^= from);
        parts.extend(key.alike(part).ok());
    }
    parts.extend(key.alike(&last).ok());
    parts
}

/// The key whose components these are, in any order.
///
/// ```
/// use crypto::pos::{BlockKey, combine, components};
/// let key = BlockKey::generate_tdes();
/// let parts = components(&key, 3);
/// assert_eq!(combine(&parts).unwrap().check_value(), key.check_value());
/// assert!(combine(&parts[..1]).is_err());
/// ```
///
/// # Errors
/// [`BlockKeyError::Components`] where there are too few or too many, or they are not alike.
pub fn combine(parts: &[BlockKey]) -> Result<BlockKey, BlockKeyError> {
    let (first, rest) = parts.split_first().ok_or(BlockKeyError::Components)?;
    let alike = |part: &BlockKey| {
        part.is_sm4() == first.is_sm4() && part.expose().len() == first.expose().len()
    };
    if !COMPONENTS.contains(&parts.len()) || !rest.iter().all(alike) {
        return Err(BlockKeyError::Components);
    }
    let mut bytes = first.expose().to_vec();
    for part in rest {
        bytes.iter_mut().zip(part.expose()).for_each(|(to, from)| *to ^= from);
    }
    first.alike(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hex: &str) -> BlockKey {
        BlockKey::des(&hex::decode(hex).unwrap()).unwrap()
    }

    /// A published master key under a transport key, with its check value.
    #[test]
    fn published_wrapping() {
        let under = key(&"31".repeat(16));
        let master = hex::decode("E51D9047310F731798CF74AF483931B3").unwrap();
        let master = unwrap_key(&under, &master).unwrap();
        assert_eq!(hex::encode_upper(master.expose()), "1CF88AB5D64F314F9EF237FBD99E29CD");
        assert_eq!(master.check_value().to_string(), "712C8C73");
        assert_eq!(
            hex::encode_upper(wrap_key(&under, &master)),
            "E51D9047310F731798CF74AF483931B3"
        );
    }

    /// What one sign-on published: the clear keys, their check values, the ends of its field 62.
    #[test]
    fn published_sign_on() {
        let master = key("CA5D92598DCA48CE8A4C76361A9269E9");
        let pin = key("807A23AD32B36D457AE91FDF927570EA");
        let wrapped = wrap_key(&master, &pin);
        assert!(hex::encode_upper(&wrapped).starts_with("6701EAD6"));
        let back = unwrap_key(&master, &wrapped).unwrap().checked(pin.check_value()).unwrap();
        assert_eq!(back.expose(), pin.expose());
    }

    #[test]
    fn components_must_be_alike_and_enough() {
        let check = |parts: &[BlockKey], fine: bool| assert_eq!(combine(parts).is_ok(), fine);
        let (a, b) = (BlockKey::generate_tdes(), BlockKey::generate_tdes());
        check(&[], false);
        check(std::slice::from_ref(&a), false);
        check(&[a.clone(), b.clone()], true);
        check(&[a.clone(), BlockKey::generate_des()], false);
        check(&[a.clone(), BlockKey::generate_sm4()], false);
        check(&vec![a.clone(); 9], true);
        check(&vec![a; 10], false);
        for count in [0, 2, 5, 9, 12] {
            let parts = components(&b, count);
            assert!(COMPONENTS.contains(&parts.len()));
            assert_eq!(combine(&parts).unwrap().expose(), b.expose());
        }
    }
}
