//! Reading secrets out of an account's parameters.

use secret::Secret;
use serde::{Deserialize, Deserializer};

/// For `#[serde(deserialize_with)]`: the text goes straight into a [`Secret`].
pub(crate) fn secret<'de, D: Deserializer<'de>>(input: D) -> Result<Secret<String>, D::Error> {
    String::deserialize(input).map(Secret::new)
}

/// The same for one that may be absent.
pub(crate) fn opt_secret<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<Secret<String>>, D::Error> {
    Ok(Option::<String>::deserialize(input)?.map(Secret::new))
}
