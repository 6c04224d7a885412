//! What codes, PIN blocks and tracks need of a key, wherever the key is.

use std::convert::Infallible;

use super::BlockKey;

/// A block cipher with its key. `Fault` is what may go wrong on the way to it: nothing for a key in memory.
pub(super) trait Cipher: Sized {
    type Fault;

    fn block_bytes(&self) -> usize;

    /// ECB over whole blocks, in place. On a fault what is in `bytes` is of no use.
    fn encrypt(&self, bytes: &mut [u8]) -> Result<(), Self::Fault>;

    fn decrypt(&self, bytes: &mut [u8]) -> Result<(), Self::Fault>;

    /// CBC from zeros over a message that is filled with zeros: its last block.
    fn chain(&self, message: &[u8]) -> Result<Vec<u8>, Self::Fault>;

    /// The single-length key in front of a key of double length; the key itself where it is single.
    fn left(&self) -> Result<Self, Self::Fault>;
}

impl Cipher for BlockKey {
    type Fault = Infallible;

    fn block_bytes(&self) -> usize {
        Self::block_bytes(self)
    }

    fn encrypt(&self, bytes: &mut [u8]) -> Result<(), Infallible> {
        Self::encrypt(self, bytes);
        Ok(())
    }

    fn decrypt(&self, bytes: &mut [u8]) -> Result<(), Infallible> {
        Self::decrypt(self, bytes);
        Ok(())
    }

    fn chain(&self, message: &[u8]) -> Result<Vec<u8>, Infallible> {
        let mut block = vec![0; self.block_bytes()];
        for chunk in message.chunks(self.block_bytes()) {
            block.iter_mut().zip(chunk).for_each(|(to, from)| *to ^= from);
            Self::encrypt(self, &mut block);
        }
        Ok(block)
    }

    fn left(&self) -> Result<Self, Infallible> {
        Ok(Self::left(self))
    }
}
