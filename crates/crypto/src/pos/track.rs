//! Enciphered tracks: eight bytes of a packed track are replaced, the rest stays clear.
//!
//! The block ends at the last byte but one, so card number and separator stay readable in front of it
//! and the padding behind it. Lengths do not change.

use super::BlockKey;
use super::cipher::Cipher;

/// Bytes of the block.
const BLOCK: usize = 8;

/// Enciphers a packed track in place. One that is too short to hold a block stays as it is.
///
/// ```
/// use crypto::pos::{BlockKey, open_track, seal_track};
/// let key = BlockKey::des(&[0x44; 16]).unwrap();
/// let clear: Vec<u8> = (0..20).collect();
/// let mut track = clear.clone();
/// seal_track(&key, &mut track);
/// assert_eq!((&track[..11], &track[19..]), (&clear[..11], &clear[19..]));
/// assert_ne!(track, clear);
/// open_track(&key, &mut track);
/// assert_eq!(track, clear);
/// ```
pub fn seal_track(key: &BlockKey, packed: &mut [u8]) {
    if let Some(block) = block(packed) {
        key.encrypt(block);
    }
}

/// The way back.
pub fn open_track(key: &BlockKey, packed: &mut [u8]) {
    let Ok(()) = opened(key, packed);
}

/// The same with a key that may be elsewhere.
pub(super) fn opened<C: Cipher>(key: &C, packed: &mut [u8]) -> Result<(), C::Fault> {
    block(packed).map_or(Ok(()), |block| key.decrypt(block))
}

fn block(packed: &mut [u8]) -> Option<&mut [u8]> {
    let end = packed.len().checked_sub(1)?;
    packed.get_mut(end.checked_sub(BLOCK)?..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The synthetic track of the terminal specification: its block is digits 23 to 38.
    #[test]
    fn the_block_is_where_the_specification_puts_it() {
        let mut packed = hex::decode("1234567890123456789D05082017819991683020").unwrap();
        let found = block(&mut packed).unwrap();
        assert_eq!(hex::encode(found), "0820178199916830");
    }

    #[test]
    fn a_short_track_stays() {
        let key = BlockKey::des(&[0x44; 16]).unwrap();
        for length in 0..=BLOCK {
            let mut track = vec![7; length];
            seal_track(&key, &mut track);
            assert_eq!(track, vec![7; length]);
        }
    }
}
