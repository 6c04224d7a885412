//! Who a payer is to a channel: his browser goes to the channel's page and comes back with a code, which
//! the channel exchanges for his name. A payment inside the channel's app wants that name.

/// A code that a payer's browser came back with.
#[derive(Debug, Clone, Copy)]
pub struct PayerAsk<'a> {
    pub code: &'a str,
    /// Which app of UnionPay's circle the payer uses (`appUpIdentifier`); empty at other channels.
    pub app: &'a str,
    /// The payer's own address: UnionPay looks at it.
    pub ip: &'a str,
}

/// Why a payer is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum PayerUnknown {
    #[error("the account has no parameters for it")]
    NotOffered,
    #[error("the channel did not answer")]
    NoAnswer,
    #[error("the channel's answer cannot be trusted or read")]
    Unreadable,
    #[error("the channel does not know the code, or its time is over")]
    Refused,
}

/// The link with these parameters after those that it has.
pub(crate) fn with_query(link: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let joint = if link.contains('?') { '&' } else { '?' };
    format!("{link}{joint}{query}")
}

/// The longest name that a channel gives a payer.
const NAME_BYTES_MAX: usize = 128;

/// A name that can be said to the channel again.
pub(crate) fn name(text: Option<&str>) -> Result<String, PayerUnknown> {
    let fits = |name: &&str| {
        !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && name.bytes().all(|b| b.is_ascii_graphic())
    };
    text.filter(fits).map(str::to_owned).ok_or(PayerUnknown::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_after_those_that_are_there() {
        let with = |link| with_query(link, &[("state", "a b"), ("x", "&")]);
        assert_eq!(with("https://a/b"), "https://a/b?state=a+b&x=%26");
        assert_eq!(with("https://a/b?c=1"), "https://a/b?c=1&state=a+b&x=%26");
    }

    #[test]
    fn only_a_plain_name_is_taken() {
        assert_eq!(name(Some("a+b/c==")), Ok("a+b/c==".to_owned()));
        for bad in [None, Some(""), Some("a b"), Some("\u{0}"), Some("王")] {
            assert_eq!(name(bad), Err(PayerUnknown::Unreadable));
        }
        assert!(name(Some(&"a".repeat(129))).is_err());
    }
}
