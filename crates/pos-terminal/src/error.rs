//! What ends an act of the terminal without an answer.

/// Each is shown to the one at the till.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("the host cannot be reached: {0}")]
    Unreachable(std::io::Error),
    #[error("no answer came in time")]
    NoAnswer,
    #[error("the answer cannot be read: {0}")]
    Unreadable(#[from] iso8583::Error),
    #[error("the answer's code (field 64) is wrong")]
    WrongMac,
    #[error("a working key's check value is wrong")]
    WrongKey,
    #[error("sign on first")]
    NotSignedOn,
    #[error("the journal has no such transaction")]
    NoSuchTrace,
    #[error("not a card number: 12 to 19 digits")]
    BadCard,
    #[error("not a PIN: 4 to 12 digits")]
    BadPin,
    #[error("the registration is not that of a terminal")]
    BadRegistration,
    #[error("the slip cannot be kept: {0}")]
    Slip(std::io::Error),
    #[error("a picture of the slip could not be made: {0}")]
    Picture(#[from] png::EncodingError),
}
