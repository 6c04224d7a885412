//! Acts by words, one line each: what is typed at the terminal or stands in a script.

/// What the one at the till does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    SignOn,
    SignOff,
    Echo,
    /// Loads what the host asks it to.
    Load,
    Sale {
        fen: u64,
        card: Option<Card>,
    },
    Offline {
        fen: u64,
        card: Option<Card>,
    },
    Scan {
        code: String,
        fen: u64,
    },
    Balance {
        card: Option<Card>,
    },
    Authorize {
        fen: u64,
        card: Option<Card>,
    },
    /// Of an authorization by its trace.
    Complete {
        trace: u32,
        fen: u64,
        advice: bool,
    },
    /// Of a sale, an authorization or a completion.
    Void {
        trace: u32,
    },
    Refund {
        trace: u32,
        fen: u64,
    },
    Settle,
    /// Says the last transaction again.
    Repeat,
    /// The next answer is lost: it is reversed before whatever comes next.
    Lose,
    /// The card that is used where none is named.
    Card(Card),
    Journal,
    /// The last answer must have had this code.
    Expect(String),
    Help,
    Quit,
}

/// A card as it is held against the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub pan: String,
    pub pin: Option<String>,
}

/// The line is none that the terminal understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; `help` tells what there is")]
pub struct BadLine(&'static str);

impl Act {
    /// What `help` shows.
    pub const HELP: &'static str = "\
sign-on | sign-off | echo | load
sale YUAN [card PAN] [pin DIGITS]      scan CODE YUAN
void TRACE                             refund TRACE YUAN
authorize YUAN [card PAN] [pin DIGITS] complete TRACE YUAN [advice]
balance [card PAN] pin DIGITS          offline YUAN [card PAN]
card PAN [pin DIGITS]                  the card for what names none
settle | journal
lose                                   the next answer is lost, and reversed
repeat                                 the last transaction once more
expect CODE                            end here unless the last answer was CODE
help | quit";

    /// Reads one line; none for an empty one or a comment.
    ///
    /// ```
    /// use pos_terminal::Act;
    /// assert_eq!(Act::parse("sale 12.34").unwrap(), Some(Act::Sale { fen: 1_234, card: None }));
    /// assert_eq!(Act::parse("void 000507").unwrap(), Some(Act::Void { trace: 507 }));
    /// assert!(Act::parse("sale twelve").is_err());
    /// assert_eq!(Act::parse("# morning").unwrap(), None);
    /// ```
    ///
    /// # Errors
    /// [`BadLine`] with what was wanted.
    pub fn parse(line: &str) -> Result<Option<Self>, BadLine> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((verb, rest)) = words.split_first() else { return Ok(None) };
        if verb.starts_with('#') {
            return Ok(None);
        }
        let plain =
            |act: Self| if rest.is_empty() { Ok(act) } else { Err(BadLine("a word too many")) };
        Ok(Some(match *verb {
            "sign-on" => plain(Self::SignOn)?,
            "sign-off" => plain(Self::SignOff)?,
            "echo" => plain(Self::Echo)?,
            "load" => plain(Self::Load)?,
            "settle" => plain(Self::Settle)?,
            "repeat" => plain(Self::Repeat)?,
            "lose" => plain(Self::Lose)?,
            "journal" => plain(Self::Journal)?,
            "help" => plain(Self::Help)?,
            "quit" => plain(Self::Quit)?,
            _ => Self::with_words(verb, rest)?,
        }))
    }

    fn with_words(verb: &str, rest: &[&str]) -> Result<Self, BadLine> {
        Ok(match (verb, rest) {
            ("sale", [yuan, rest @ ..]) => Self::Sale { fen: fen(yuan)?, card: card(rest)? },
            ("offline", [yuan, rest @ ..]) => Self::Offline { fen: fen(yuan)?, card: card(rest)? },
            ("authorize", [yuan, rest @ ..]) => {
                Self::Authorize { fen: fen(yuan)?, card: card(rest)? }
            }
            ("balance", rest) => Self::Balance { card: card(rest)? },
            ("scan", [code, yuan]) => Self::Scan { code: (*code).to_owned(), fen: fen(yuan)? },
            ("void", [no]) => Self::Void { trace: trace(no)? },
            ("refund", [no, yuan]) => Self::Refund { trace: trace(no)?, fen: fen(yuan)? },
            ("complete", [no, yuan]) => {
                Self::Complete { trace: trace(no)?, fen: fen(yuan)?, advice: false }
            }
            ("complete", [no, yuan, "advice"]) => {
                Self::Complete { trace: trace(no)?, fen: fen(yuan)?, advice: true }
            }
            ("card", [pan, rest @ ..]) => {
                let pin = card(rest)?.and_then(|card| card.pin);
                Self::Card(Card { pan: (*pan).to_owned(), pin })
            }
            ("expect", [code]) => Self::Expect((*code).to_owned()),
            (_, _) => return Err(BadLine("no such act")),
        })
    }
}

fn card(words: &[&str]) -> Result<Option<Card>, BadLine> {
    let made = |pan: &str, pin: Option<&str>| {
        Some(Card { pan: pan.to_owned(), pin: pin.map(str::to_owned) })
    };
    Ok(match words {
        [] => None,
        ["card", pan] => made(pan, None),
        ["pin", pin] => made("", Some(pin)),
        ["card", pan, "pin", pin] => made(pan, Some(pin)),
        _ => return Err(BadLine("a card is `card PAN`, `pin DIGITS` or both")),
    })
}

/// Yuan with up to two decimals.
fn fen(yuan: &str) -> Result<u64, BadLine> {
    let bad = BadLine("an amount is yuan with up to two decimals");
    let (whole, part) = yuan.split_once('.').unwrap_or((yuan, "0"));
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    if !is_number(whole, 10) || !is_number(part, 2) {
        return Err(bad);
    }
    let tens = if part.len() == 1 { 10 } else { 1 };
    let number = |text: &str| text.parse::<u64>().or(Err(bad.clone()));
    Ok(number(whole)? * 100 + number(part)? * tens)
}

fn trace(text: &str) -> Result<u32, BadLine> {
    let number = text.parse().ok().filter(|trace| (1..=999_999).contains(trace));
    number.ok_or(BadLine("a trace is one to six digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_yuan() {
        for (text, expect) in [
            ("1", 100),
            ("0.01", 1),
            ("12.3", 1_230),
            ("12.34", 1_234),
            ("9999999999.99", 999_999_999_999),
        ] {
            assert_eq!(fen(text), Ok(expect), "{text}");
        }
        for text in ["", ".5", "5.", "1.234", "-1", "+1", "1,5", "12345678901"] {
            assert!(fen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_that_are_none_say_what_is_wanted() {
        for (line, expect) in [
            ("buy 1", "no such act"),
            ("sale", "no such act"),
            ("settle now", "a word too many"),
            ("sale 1 with card", "a card is"),
            ("void 0", "a trace is"),
        ] {
            let said = Act::parse(line).unwrap_err().to_string();
            assert!(said.starts_with(expect), "{line}: {said}");
        }
    }
}
