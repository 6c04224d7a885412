//! Hexadecimal lines on standard input, one field a line on standard output; card numbers masked.
//!
//! `echo 0800002000000000C00012000001… | cargo run -p iso8583 --example decode`

use std::io::{BufRead as _, Write as _};

use iso8583::CUP_POS;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        match bytes(line?.trim()) {
            Some(bytes) => show(&bytes, &mut out)?,
            None => writeln!(out, "not hexadecimal digits")?,
        }
    }
    Ok(())
}

fn show(bytes: &[u8], out: &mut impl std::io::Write) -> std::io::Result<()> {
    let message = match CUP_POS.unpack(bytes) {
        Ok(message) => message,
        // The field's path and the offset, never the value.
        Err(error) => return writeln!(out, "refused: {error}"),
    };
    writeln!(out, "{}", message.mti())?;
    for number in message.numbers() {
        if let Some(value) = message.get(number) {
            writeln!(out, "{number:>4}  {}", value.masked())?;
        }
    }
    Ok(())
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        })
        .collect()
}
