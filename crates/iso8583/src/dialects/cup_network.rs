//! What an acquirer speaks to the card network: 128 fields in characters, bitmaps and bytes raw.

use super::iso87::{Style, table};
use crate::dialect::{Coding, Dialect, LengthCoding, Shape};

/// The leg between an acquirer and the network: the 1987 table in ASCII with binary bitmaps, PIN block
/// and MAC. The network's own specification is not public; fields that members agree on among
/// themselves (48, 57 to 63, 121 to 123) are free text here.
pub static CUP_NETWORK: Dialect = table(
    "cup-network",
    Shape { mti: Coding::Bytes, bitmap: Coding::Bytes, fields: 128 },
    Style {
        digits: Coding::Bytes,
        track: Coding::Bytes,
        bytes: Coding::Bytes,
        length: LengthCoding::Ascii,
    },
);
