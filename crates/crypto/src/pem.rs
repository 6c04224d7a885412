//! PEM in and out, with the leniency that keys handed out by channels need: bare base64 (Alipay's
//! key tool), text before the first block (PKCS#12 exports), any line length.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secret::Secret;

use crate::KeyError;

const LINE_CHARACTERS: usize = 64;
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// What a text held. The bytes may be a private key, hence secret in any case.
pub(crate) struct Block<'a> {
    /// Empty for bare base64.
    pub(crate) label: &'a str,
    pub(crate) der: Secret<Vec<u8>>,
}

/// The first block of a text, or the whole text when it is bare base64.
pub(crate) fn parse_one(text: &str) -> Result<Block<'_>, KeyError> {
    match next_block(text)? {
        Some((block, _)) => Ok(block),
        None => Ok(Block { label: "", der: decode(text)? }),
    }
}

/// All blocks of a text, at most `count_max`.
pub(crate) fn parse_all(text: &str, count_max: usize) -> Result<Vec<Block<'_>>, KeyError> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((block, after)) = next_block(rest)? {
        if blocks.len() == count_max {
            return Err(KeyError::Malformed);
        }
        blocks.push(block);
        rest = after;
    }
    Ok(blocks)
}

/// `None` when no further block begins; else the block and what follows it.
fn next_block(text: &str) -> Result<Option<(Block<'_>, &str)>, KeyError> {
    let Some((_, begun)) = text.split_once(BEGIN) else {
        return Ok(None);
    };
    let (label, body) = begun.split_once(DASHES).ok_or(KeyError::NotPem)?;
    let (body, ended) = body.split_once(END).ok_or(KeyError::NotPem)?;
    let (end_label, rest) = ended.split_once(DASHES).ok_or(KeyError::NotPem)?;
    if end_label != label {
        return Err(KeyError::NotPem);
    }
    let der = decode(body)?;
    Ok(Some((Block { label, der }, rest)))
}

fn decode(text: &str) -> Result<Secret<Vec<u8>>, KeyError> {
    let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(compact).or(Err(KeyError::NotPem))?;
    if der.is_empty() {
        return Err(KeyError::NotPem);
    }
    Ok(Secret::new(der))
}

pub(crate) fn write(label: &str, der: &[u8]) -> String {
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    for (at, character) in STANDARD.encode(der).chars().enumerate() {
        if at > 0 && at % LINE_CHARACTERS == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n{END}{label}{DASHES}\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refusals_and_leniency() {
        let check = |text: &str, expect: Result<(&str, &[u8]), KeyError>| {
            let got = parse_one(text).map(|b| (b.label, b.der.expose().clone()));
            assert_eq!(got, expect.map(|(l, d)| (l, d.to_vec())), "{text:?}");
        };
        check("", Err(KeyError::NotPem));
        check("!", Err(KeyError::NotPem));
        check("-----BEGIN A-----\n", Err(KeyError::NotPem));
        check("-----BEGIN A-----\nAAEC\n", Err(KeyError::NotPem));
        check("-----BEGIN A-----\nAAEC\n-----END B-----", Err(KeyError::NotPem));
        check("-----BEGIN A-----\n-----END A-----", Err(KeyError::NotPem));
        check("AAEC", Ok(("", &[0, 1, 2])));
        check("AA\r\nEC\n", Ok(("", &[0, 1, 2])));
        check("-----BEGIN A-----AAEC-----END A-----", Ok(("A", &[0, 1, 2])));
        check(
            "Bag Attributes\n-----BEGIN A-----\nAA\nEC\n-----END A-----\n",
            Ok(("A", &[0, 1, 2])),
        );
    }

    #[test]
    fn a_bundle_is_bounded() {
        let bundle = write("A", b"x").repeat(3);
        assert_eq!(parse_all(&bundle, 3).map(|b| b.len()), Ok(3));
        assert!(matches!(parse_all(&bundle, 2), Err(KeyError::Malformed)));
        assert_eq!(parse_all("no block", 2).map(|b| b.len()), Ok(0));
    }

    proptest! {
        #[test]
        fn written_blocks_are_read(der in prop::collection::vec(0u8.., 1..500)) {
            let text = write("THING", &der);
            prop_assert!(text.lines().all(|line| line.len() <= LINE_CHARACTERS));
            let block = parse_one(&text).unwrap();
            prop_assert_eq!(block.label, "THING");
            prop_assert_eq!(block.der.expose(), &der);
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            prop_assert!(parse_all(&text, 4).is_ok() || parse_one(&text).is_err());
        }
    }
}
