//! Numbers and names that outsiders gave: kept as given, checked once.

/// The text is too long, empty, or has characters that such a number cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("1 to {max} of letters, digits, `_`, `-`, `.` and `*`")]
pub struct OutsideNumberError {
    pub max: usize,
}

macro_rules! outside {
    ($($(#[doc = $doc:literal])* $name:ident, max $max:literal;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(String);

            impl $name {
                pub const LENGTH_MAX: usize = $max;

                /// # Errors
                /// [`OutsideNumberError`] when empty, longer than `LENGTH_MAX`, or with other characters.
                pub fn parse(text: &str) -> Result<Self, OutsideNumberError> {
                    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.*".contains(&b);
                    if text.is_empty() || text.len() > $max || !text.bytes().all(plain) {
                        return Err(OutsideNumberError { max: $max });
                    }
                    Ok(Self(text.to_owned()))
                }

                #[must_use]
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )*
    };
}

outside! {
    /// The public name of an API key, as it stands in the `Authorization` header.
    ApiKeyName, max 32;
    /// The short name of a channel (`alipay`, `wechat`), as `channels` lists them.
    ChannelCode, max 16;
    /// The channel's own number of a trade (`trade_no`, `transaction_id`, `queryId`).
    ChannelTradeNo, max 64;
    /// A merchant's own number of an order or a refund: its idempotency key for ever.
    MerchantNo, max 64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_may_be() {
        for text in ["1", "A-1_2.3*", &"9".repeat(64)] {
            assert_eq!(MerchantNo::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " ", "a b", "a/b", "单", "a\n", &"9".repeat(65)] {
            assert!(MerchantNo::parse(text).is_err(), "{text}");
        }
    }
}
