//! The codec of card messages.
//!
#![doc = include_str!("../README.md")]

mod bcd;
mod builder;
pub mod cup;
mod dialect;
mod dialects;
mod error;
pub mod frame;
mod message;
pub mod tlv;
mod value;

#[cfg(test)]
mod tests;

pub use builder::Builder;
pub use dialect::{
    Coding, Content, Dialect, FIELDS_MAX, Field, Length, LengthCoding, Privacy, Shape,
};
pub use dialects::{CUP_NETWORK, CUP_POS, ISO87_ASCII, ISO87_BINARY};
pub use error::{Error, MacError, Place, Why};
pub use message::{MESSAGE_BYTES_MAX, Message, Mti};
pub use value::{Value, mask_pan};
