//! Field 62 of the answer to a sign-on: the working keys, enciphered under the terminal's master key.

use crate::{Error, Place, Why};

const FIELD: u8 = 62;
/// The bytes of a check value.
const CHECK_BYTES: usize = 4;

/// How keys stand in the field: it follows from 60.3 and from the terminal's model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkingKeysLayout {
    /// 24 bytes: PIN key and MAC key of 8, each with its check value (60.3 = 001).
    Single,
    /// 40 bytes: a PIN key of 16, and a MAC key of 8 with eight zeros behind it, or of 16 (003).
    Double,
    /// 60 bytes: the same and a key for tracks (004). SM4 keys stand so too.
    DoubleWithTrack,
}

/// One key, enciphered: public by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyEntry<'a> {
    /// 8 or 16 bytes.
    pub key: &'a [u8],
    pub check: [u8; CHECK_BYTES],
}

/// The keys of one sign-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingKeys<'a> {
    pub pin: KeyEntry<'a>,
    pub mac: KeyEntry<'a>,
    pub track: Option<KeyEntry<'a>>,
}

impl WorkingKeysLayout {
    /// The layout that a sign-on code asks for; none for codes of vendors.
    #[must_use]
    pub const fn of_code(network: u16) -> Option<Self> {
        match network {
            1 => Some(Self::Single),
            3 => Some(Self::Double),
            4 => Some(Self::DoubleWithTrack),
            _ => None,
        }
    }

    const fn slot(self) -> usize {
        match self {
            Self::Single => 8,
            Self::Double | Self::DoubleWithTrack => 16,
        }
    }
}

impl<'a> WorkingKeys<'a> {
    /// # Errors
    /// [`Why::WrongLength`] where the field is of no known layout.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let layout = match bytes.len() {
            24 => WorkingKeysLayout::Single,
            40 => WorkingKeysLayout::Double,
            60 => WorkingKeysLayout::DoubleWithTrack,
            found => {
                let why = Why::WrongLength { expected: 40, found };
                return Err(Error::new(Place::Field(FIELD), 0, why));
            }
        };
        let slot = layout.slot();
        let mut slots = bytes.chunks_exact(slot + CHECK_BYTES).map(|part| {
            let (key, check) = part.split_at(slot);
            // A MAC key of eight bytes stands in a slot of sixteen with zeros behind it.
            let single = slot == 16 && key.ends_with(&[0; 8]);
            let key = if single { key.get(..8).unwrap_or(key) } else { key };
            KeyEntry { key, check: check.try_into().unwrap_or_default() }
        });
        let cut = Error::new(Place::Field(FIELD), 0, Why::WrongLength { expected: 40, found: 0 });
        let pin = slots.next().ok_or(cut)?;
        let mac = slots.next().ok_or(cut)?;
        Ok(Self { pin, mac, track: slots.next() })
    }

    /// The field in a layout; a track key only where the layout has room for it.
    #[must_use]
    pub fn write(&self, layout: WorkingKeysLayout) -> Vec<u8> {
        let track = self.track.filter(|_| layout == WorkingKeysLayout::DoubleWithTrack);
        let mut out = Vec::new();
        for entry in [Some(self.pin), Some(self.mac), track].into_iter().flatten() {
            let slot = layout.slot();
            out.extend(entry.key.iter().copied().chain(std::iter::repeat(0)).take(slot));
            out.extend(entry.check);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_comes_back() {
        let entry = |key: &'static [u8]| KeyEntry { key, check: [1, 2, 3, 4] };
        let check = |layout: WorkingKeysLayout, keys: WorkingKeys<'_>, length: usize| {
            let bytes = keys.write(layout);
            assert_eq!(bytes.len(), length);
            assert_eq!(WorkingKeys::parse(&bytes), Ok(keys));
        };
        let (short, long) = (entry(&[5; 8]), entry(&[7; 16]));
        let keys = WorkingKeys { pin: short, mac: short, track: None };
        check(WorkingKeysLayout::Single, keys, 24);
        let keys = WorkingKeys { pin: long, mac: short, track: None };
        check(WorkingKeysLayout::Double, keys, 40);
        check(WorkingKeysLayout::Double, WorkingKeys { mac: long, ..keys }, 40);
        let keys = WorkingKeys { track: Some(long), ..keys };
        check(WorkingKeysLayout::DoubleWithTrack, keys, 60);
        assert!(WorkingKeys::parse(&[0; 41]).is_err());
        assert_eq!(WorkingKeysLayout::of_code(3), Some(WorkingKeysLayout::Double));
        assert_eq!(WorkingKeysLayout::of_code(11), None);
    }
}
