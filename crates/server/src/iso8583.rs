//! `suanpan iso8583`: messages as hexadecimal lines to JSON lines and back.

use std::io::{BufRead, Read as _};

use clap::{Args, Subcommand, ValueEnum};
use iso8583::frame::{Envelope, Frame, Header, LENGTH_BYTES, Tpdu, digits, strip_length};
use iso8583::{Builder, Dialect, Error, MESSAGE_BYTES_MAX, Message, Mti};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::out::say;

/// A line of the longest message as JSON text with every character escaped.
const LINE_BYTES_MAX: u64 = 16 * 65_537;

#[derive(Debug, Args)]
pub(crate) struct Iso8583Args {
    #[command(subcommand)]
    command: Tool,
}

#[derive(Debug, Subcommand)]
enum Tool {
    /// Hexadecimal lines on standard input to one JSON object per line (or words, without --json).
    Decode(DecodeArgs),
    /// JSON objects, one per line, on standard input to hexadecimal lines.
    Encode(FormArgs),
    /// The fields of a dialect.
    Fields(FieldsArgs),
}

#[derive(Debug, Args)]
struct FieldsArgs {
    #[arg(long, value_enum, default_value_t = DialectName::CupPos)]
    dialect: DialectName,
}

/// What a message looks like on its line.
#[derive(Debug, Clone, Copy, Args)]
struct FormArgs {
    #[arg(long, value_enum, default_value_t = DialectName::CupPos)]
    dialect: DialectName,
    /// No two bytes of length in front.
    #[arg(long)]
    no_length: bool,
    /// No TPDU.
    #[arg(long)]
    no_tpdu: bool,
    /// No six bytes of header.
    #[arg(long)]
    no_header: bool,
}

#[derive(Debug, Args)]
struct DecodeArgs {
    #[command(flatten)]
    form: FormArgs,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
    /// Show card numbers and tracks.
    #[arg(long)]
    unmask: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DialectName {
    CupPos,
    #[value(name = "iso87-ascii")]
    Iso87Ascii,
    #[value(name = "iso87-binary")]
    Iso87Binary,
    CupNetwork,
}

impl DialectName {
    const fn dialect(self) -> &'static Dialect {
        match self {
            Self::CupPos => &iso8583::CUP_POS,
            Self::Iso87Ascii => &iso8583::ISO87_ASCII,
            Self::Iso87Binary => &iso8583::ISO87_BINARY,
            Self::CupNetwork => &iso8583::CUP_NETWORK,
        }
    }
}

impl FormArgs {
    const fn envelope(self) -> Envelope {
        Envelope { tpdu: !self.no_tpdu, header: !self.no_header }
    }
}

pub(crate) fn iso8583(args: &Iso8583Args) -> Outcome {
    let input = std::io::stdin().lock();
    match &args.command {
        Tool::Decode(args) => each_line(input, |line| match (decode(line, args), args.json) {
            (shown, true) => say(&shown.unwrap_or_else(Refusal::json).to_string()),
            (Ok(shown), false) => say(&in_words(&shown, args.form.dialect.dialect())),
            (Err(refusal), false) => say(&refusal.words()),
        }),
        Tool::Encode(form) => each_line(input, |line| {
            say(&encode(line, *form).unwrap_or_else(|r| r.json().to_string()))
        }),
        Tool::Fields(args) => {
            for (number, field) in args.dialect.dialect().fields() {
                say(&format!("{number:>3}  {}", field.name));
            }
            Ok(())
        }
    }
}

/// Reads lines one by one: input of any length is worked on as it comes.
fn each_line(mut input: impl BufRead, mut each: impl FnMut(&str)) -> Outcome {
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if !line.ends_with(b"\n") && u64::try_from(read)? == LINE_BYTES_MAX {
            return Err("a line is longer than any message".into());
        }
        let line = String::from_utf8_lossy(&line);
        if !line.trim().is_empty() {
            each(line.trim());
        }
    }
}

/// Why a line is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NotHex,
    NotJson,
    Message(Error),
}

impl Refusal {
    const fn code(self) -> &'static str {
        match self {
            Self::NotHex => "not_hex",
            Self::NotJson => "not_json",
            Self::Message(error) => error.why.code(),
        }
    }

    fn json(self) -> Value {
        match self {
            Self::NotHex | Self::NotJson => {
                json!({ "error": self.code(), "field": null, "offset": 0 })
            }
            Self::Message(error) => {
                let field = error.place.field();
                let place = error.place.to_string();
                json!({ "error": self.code(), "field": field, "offset": error.offset,
                        "place": place, "message": error.to_string() })
            }
        }
    }

    fn words(self) -> String {
        match self {
            Self::NotHex => "not hexadecimal digits".to_owned(),
            Self::NotJson => "not an object with tpdu, header, mti and fields".to_owned(),
            Self::Message(error) => error.to_string(),
        }
    }
}

fn decode(line: &str, args: &DecodeArgs) -> Result<Value, Refusal> {
    let bytes = hex::decode(line.replace(char::is_whitespace, "")).or(Err(Refusal::NotHex))?;
    decode_bytes(&bytes, args).map_err(Refusal::Message)
}

fn decode_bytes(bytes: &[u8], args: &DecodeArgs) -> Result<Value, Error> {
    let form = args.form;
    let (inner, skipped) =
        if form.no_length { (bytes, 0) } else { (strip_length(bytes)?, LENGTH_BYTES) };
    let frame = form.envelope().open(inner).map_err(|error| error.shifted(skipped))?;
    let before = skipped + form.envelope().bytes();
    let dialect = form.dialect.dialect();
    let message = dialect.unpack(frame.message).map_err(|error| error.shifted(before))?;
    let mut shown = Map::new();
    if let Some(tpdu) = frame.tpdu {
        shown.insert("tpdu".to_owned(), digits(tpdu.bytes()).into());
    }
    if let Some(header) = frame.header {
        shown.insert("header".to_owned(), digits(header.bytes()).into());
    }
    shown.insert("mti".to_owned(), message.mti().to_string().into());
    shown.insert("fields".to_owned(), fields(&message, args.unmask).into());
    Ok(Value::Object(shown))
}

fn fields(message: &Message<'_>, unmask: bool) -> Map<String, Value> {
    let shown = |number| {
        if unmask { message.get(number).map(|value| value.shown()) } else { message.masked(number) }
    };
    message.numbers().filter_map(|n| Some((n.to_string(), shown(n)?.into()))).collect()
}

fn in_words(shown: &Value, dialect: &Dialect) -> String {
    let text = |name: &str| shown.get(name).and_then(Value::as_str).unwrap_or("-");
    let head = format!("{}  tpdu {}  header {}", text("mti"), text("tpdu"), text("header"));
    let fields = shown.get("fields").and_then(Value::as_object);
    let rows = fields.into_iter().flatten().map(|(number, value)| {
        let field = number.parse().ok().and_then(|number| dialect.field(number));
        let name = field.map_or("", |field| field.name);
        format!("\n{number:>4}  {name:<34}  {}", value.as_str().unwrap_or_default())
    });
    std::iter::once(head).chain(rows).collect()
}

fn encode(line: &str, form: FormArgs) -> Result<String, Refusal> {
    let given: Value = serde_json::from_str(line).or(Err(Refusal::NotJson))?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let mti = text("mti").and_then(Mti::parse).ok_or(Refusal::NotJson)?;
    let fields = given.get("fields").and_then(Value::as_object).ok_or(Refusal::NotJson)?;
    let mut builder = Builder::of(form.dialect.dialect(), mti);
    for (number, value) in fields {
        let number: u8 = number.parse().or(Err(Refusal::NotJson))?;
        let value = value.as_str().ok_or(Refusal::NotJson)?;
        builder.set(number, value).map_err(Refusal::Message)?;
    }
    let message = builder.pack();
    let tpdu = if form.no_tpdu { None } else { Some(part(text("tpdu"))?) };
    let header = if form.no_header { None } else { Some(part(text("header"))?) };
    let frame =
        Frame { tpdu: tpdu.map(Tpdu::new), header: header.map(Header::new), message: &message };
    let mut out = Vec::with_capacity(message.len().min(MESSAGE_BYTES_MAX));
    frame.write(&mut out).map_err(Refusal::Message)?;
    let kept = if form.no_length { out.get(LENGTH_BYTES..) } else { Some(&out[..]) };
    Ok(hex::encode_upper(kept.unwrap_or_default()))
}

fn part<const N: usize>(hex_digits: Option<&str>) -> Result<[u8; N], Refusal> {
    let bytes = hex_digits.and_then(|text| hex::decode(text).ok());
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(Refusal::NotJson)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: FormArgs = FormArgs {
        dialect: DialectName::CupPos,
        no_length: false,
        no_tpdu: false,
        no_header: false,
    };

    fn shown(hex: &str, unmask: bool) -> Value {
        let args = DecodeArgs { form: FORM, json: true, unmask };
        decode(hex, &args).unwrap_or_else(Refusal::json)
    }

    #[test]
    fn a_sign_on_there_and_back() {
        let line = "003C600003000060310031131208000020000000C0001200050731303030\
                    3030303133303533313030353831323030303100110000000100300003303120";
        let expect = json!({
            "tpdu": "6000030000", "header": "603100311312", "mti": "0800",
            "fields": { "11": "000507", "41": "10000001", "42": "305310058120001",
                        "60": "00000001003", "63": "01 " },
        });
        assert_eq!(shown(line, false), expect);
        assert_eq!(encode(&expect.to_string(), FORM).unwrap(), line);
        let bare = FormArgs { no_length: true, no_tpdu: true, no_header: true, ..FORM };
        let bare_line = line.get(26..).unwrap();
        assert_eq!(encode(&expect.to_string(), bare).unwrap(), bare_line);
        let args = DecodeArgs { form: bare, json: true, unmask: false };
        assert_eq!(decode(bare_line, &args).unwrap()["fields"], expect["fields"]);
    }

    #[test]
    fn card_numbers_are_masked_unless_asked_for() {
        let message = json!({ "tpdu": "6000030000", "header": "603100311312", "mti": "0200",
                              "fields": { "2": "6222021234567890" } });
        let line = encode(&message.to_string(), FORM).unwrap();
        assert_eq!(shown(&line, false)["fields"]["2"], "622202******7890");
        assert_eq!(shown(&line, true), message);
    }

    /// Offsets count from the line's first byte.
    #[test]
    fn a_bad_line_says_what_and_where() {
        let check = |line: &str, code: &str, field: Option<u8>, offset: u64| {
            let found = shown(line, false);
            assert_eq!(found["error"], code, "{line}");
            assert_eq!((&found["field"], &found["offset"]), (&json!(field), &json!(offset)));
        };
        check("zz", "not_hex", None, 0);
        check("0", "not_hex", None, 0);
        check("00", "truncated", None, 0);
        check("0003 6000", "truncated", None, 2);
        check("0002 6000 00", "trailing_bytes", None, 4);
        check("0004 60000300", "truncated", None, 2);
        check("0007 6000030000 6031", "truncated", None, 7);
        let head = "6000030000 603100311312";
        check(&format!("000C {head} 08"), "truncated", Some(0), 13);
        check(&format!("0018 {head} 0800 0020000000000000 0005A7"), "bad_digit", Some(11), 23);
    }

    #[test]
    fn what_is_no_message_is_not_encoded() {
        let check = |line: &str, code: &str, field: Option<u8>| {
            let refusal = encode(line, FORM).unwrap_err().json();
            assert_eq!((&refusal["error"], &refusal["field"]), (&json!(code), &json!(field)));
        };
        let head = r#""tpdu":"6000030000","header":"603100311312","mti":"0200""#;
        check("[]", "not_json", None);
        check(r#"{"mti":"0200","fields":{}}"#, "not_json", None);
        check(&format!(r#"{{{head},"fields":{{"x":"1"}}}}"#), "not_json", None);
        check(&format!(r#"{{{head},"fields":{{"5":"1"}}}}"#), "unknown_field", Some(5));
        check(&format!(r#"{{{head},"fields":{{"11":"1"}}}}"#), "wrong_length", Some(11));
    }
}
