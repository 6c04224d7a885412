//! The device: its numbers, its keys, its wire.

use std::sync::Arc;
use std::time::Duration;

use crypto::pos::{
    BlockKey, CheckValue, MacAlgorithm, MacForm, Pin, PinFormat, combine, pos_mac, seal_pin,
    seal_track, unwrap_key, verify_pos_mac,
};
use iso8583::cup::{KeyEntry, WorkingKeys};
use iso8583::frame::{Envelope, Frame, Header, LENGTH_BYTES, Tpdu, Wish};
use iso8583::{Builder, CUP_POS};
use secret::Pan;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::act::Form;
use crate::error::Failed;
use crate::journal::Journal;
use crate::script::Card;

const MAC_FIELD: u8 = 64;
const TPDU: Tpdu = Tpdu::new([0x60, 0x00, 0x03, 0x00, 0x00]);
const HEADER: Header = Header::new([0x60, 0x31, 0x00, 0x31, 0x00, 0x01]);
/// A card that the sandbox's issuers know.
const DEMO_PAN: &str = "6222021234567890128";

/// What carries a frame to the host and its answer back.
#[async_trait::async_trait]
pub trait Line: std::fmt::Debug + Send + Sync {
    /// The answer, from the TPDU on, to a frame that begins with its length.
    ///
    /// # Errors
    /// [`Failed::Unreachable`] where nothing was sent; [`Failed::NoAnswer`] where it may have been.
    async fn converse(&self, frame: &[u8]) -> Result<Vec<u8>, Failed>;
}

/// Each transaction on a TCP line of its own.
#[derive(Debug, Clone)]
pub struct TcpLine {
    /// `host:port`
    pub host: String,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

#[async_trait::async_trait]
impl Line for TcpLine {
    async fn converse(&self, frame: &[u8]) -> Result<Vec<u8>, Failed> {
        let answer = timeout(self.timeout, converse(&self.host, frame)).await;
        answer.or(Err(Failed::NoAnswer))?
    }
}

/// What differs between one start of the device and another.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The first trace: a terminal that begins anew does not use numbers twice.
    pub first_trace: u32,
    /// On its slips: hosts say month and day only.
    pub year: i16,
}

/// A terminal that is switched on.
pub struct Device {
    line: Arc<dyn Line>,
    pub(crate) settings: Settings,
    pub(crate) terminal_no: String,
    pub(crate) merchant_code: String,
    master: BlockKey,
    /// How its codes are made.
    mac: (MacAlgorithm, MacForm),
    keys: Option<Keys>,
    pub(crate) batch: u32,
    trace: u32,
    pub(crate) card: Card,
    pub(crate) journal: Journal,
    /// What was said last, for a repeat.
    pub(crate) last: Option<Vec<u8>>,
    /// What was said and not answered: kept before it is said, and given up before anything else is.
    pub(crate) pending: Option<Pending>,
    /// A settlement was begun: until it has ended nothing is traded.
    pub(crate) settling: bool,
    /// What batches that have ended came to, in fen.
    pub(crate) settled: (u32, i128),
    /// The next answer does not arrive.
    pub(crate) loses: bool,
    /// The code of the last answer.
    pub(crate) last_code: String,
}

/// A transaction that is out.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) form: &'static Form,
    /// Without its code: keys may be others when it is said again.
    pub(crate) message: Builder<'static>,
    pub(crate) pan: String,
    pub(crate) fen: u64,
}

struct Keys {
    pin: BlockKey,
    mac: BlockKey,
    track: Option<BlockKey>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device({} batch {} trace {})", self.terminal_no, self.batch, self.trace)
    }
}

/// What `suanpan admin register-pos` prints.
#[derive(Deserialize)]
struct Registration {
    terminal_no: String,
    merchant_code: String,
    model: String,
    master_check_value: String,
    master_key_components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    key: String,
}

/// An answer, field by field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) wish: Wish,
    fields: Vec<(u8, String)>,
}

impl Heard {
    pub(crate) fn field(&self, number: u8) -> &str {
        let found = self.fields.iter().find(|(known, _)| *known == number);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn bytes(&self, number: u8) -> Vec<u8> {
        hex::decode(self.field(number)).unwrap_or_default()
    }
}

impl Device {
    /// Switches a terminal on: `registration` is what `suanpan admin register-pos` printed of it.
    ///
    /// # Errors
    /// [`Failed::BadRegistration`]; [`Failed::WrongKey`] where the components are not the key's.
    pub fn new(
        line: Arc<dyn Line>,
        settings: Settings,
        registration: &str,
    ) -> Result<Self, Failed> {
        let read: Registration =
            serde_json::from_str(registration).or(Err(Failed::BadRegistration))?;
        let sm4 = read.model == "sm4";
        let part = |part: &Component| {
            let bytes = hex::decode(&part.key).or(Err(Failed::BadRegistration))?;
            let key = if sm4 { BlockKey::sm4(&bytes) } else { BlockKey::des(&bytes) };
            key.or(Err(Failed::BadRegistration))
        };
        let parts = read.master_key_components.iter().map(part).collect::<Result<Vec<_>, _>>()?;
        let master = combine(&parts).or(Err(Failed::BadRegistration))?;
        if master.check_value().to_string() != read.master_check_value {
            return Err(Failed::WrongKey);
        }
        let mac = match read.model.as_str() {
            "cup_tdes" | "cup_tdes_long" => (MacAlgorithm::CupEcb, MacForm::Hex),
            "x9_9" => (MacAlgorithm::X99, MacForm::Raw),
            "x9_19" => (MacAlgorithm::X919, MacForm::Raw),
            "tdes_cbc" => (MacAlgorithm::TdesCbc, MacForm::Raw),
            "fold_once" => (MacAlgorithm::FoldOnce, MacForm::Raw),
            "sm4" => (MacAlgorithm::Sm4, MacForm::Hex),
            _ => return Err(Failed::BadRegistration),
        };
        Ok(Self {
            line,
            trace: settings.first_trace.saturating_sub(1),
            settings,
            terminal_no: read.terminal_no,
            merchant_code: read.merchant_code,
            master,
            mac,
            keys: None,
            batch: 1,
            card: Card { pan: DEMO_PAN.to_owned(), pin: None },
            journal: Journal::default(),
            last: None,
            pending: None,
            settling: false,
            settled: (0, 0),
            loses: false,
            last_code: String::new(),
        })
    }

    #[must_use]
    pub const fn batch(&self) -> u32 {
        self.batch
    }

    /// Whether something was said that is neither answered nor given up.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.pending.is_some() || self.settling
    }

    /// How many batches have ended, and what they came to, in fen.
    #[must_use]
    pub const fn settled(&self) -> (u32, i128) {
        self.settled
    }

    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The number of the next transaction: to 999999, and anew.
    pub(crate) const fn next_trace(&mut self) -> u32 {
        self.trace = if self.trace >= 999_999 { 1 } else { self.trace + 1 };
        self.trace
    }

    /// A message with what every one says.
    pub(crate) fn begin(&mut self, mti: &str) -> Result<Builder<'static>, Failed> {
        let trace = self.next_trace();
        let mut message = Builder::new(&CUP_POS, mti);
        message.set_number(11, u64::from(trace))?;
        message.set(41, &self.terminal_no)?;
        message.set(42, &self.merchant_code)?;
        Ok(message)
    }

    /// Takes the working keys of a sign-on.
    pub(crate) fn take_keys(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let keys = WorkingKeys::parse(bytes)?;
        let open = |entry: KeyEntry<'_>| {
            let key = unwrap_key(&self.master, entry.key).or(Err(Failed::WrongKey))?;
            key.checked(CheckValue(entry.check)).or(Err(Failed::WrongKey))
        };
        let track = keys.track.map(open).transpose()?;
        self.keys = Some(Keys { pin: open(keys.pin)?, mac: open(keys.mac)?, track });
        Ok(())
    }

    pub(crate) fn forget_keys(&mut self) {
        self.keys = None;
    }

    /// Field 52.
    pub(crate) fn pin_block(&self, pan: &str, pin: &str) -> Result<Vec<u8>, Failed> {
        let pan = Pan::parse(pan).ok_or(Failed::BadCard)?;
        let pin = Pin::parse(pin).or(Err(Failed::BadPin))?;
        let keys = self.keys.as_ref().ok_or(Failed::NotSignedOn)?;
        Ok(seal_pin(PinFormat::WithPan, &keys.pin, &pin, &pan))
    }

    /// 60.3 of its sign-on: with a key for tracks, or by SM4.
    pub(crate) const fn sign_on_code(&self) -> u16 {
        if self.master.is_sm4() { 5 } else { 4 }
    }

    /// Field 35, enciphered where there is a key for it: the packed digits.
    pub(crate) fn track(&self, pan: &str) -> (String, bool) {
        let clear = format!("{pan}=30122010000000000");
        let clear: String = clear.chars().take(36).collect();
        let key = self.keys.as_ref().and_then(|keys| keys.track.as_ref());
        let packed = hex::decode(clear.replace('=', "D"));
        let (Some(key), Ok(mut packed)) = (key, packed) else { return (clear, false) };
        seal_track(key, &mut packed);
        (hex::encode_upper(packed).replace('D', "="), true)
    }

    /// A message with its code.
    pub(crate) fn sealed(&self, message: &Builder<'static>) -> Result<Vec<u8>, Failed> {
        let keys = self.keys.as_ref().ok_or(Failed::NotSignedOn)?;
        let mut bytes = Vec::new();
        let mac = |data: &[u8]| pos_mac(self.mac.0, &keys.mac, data).field(self.mac.1);
        message.pack_with_mac(MAC_FIELD, &mut bytes, mac)?;
        Ok(bytes)
    }

    /// Says it and hears the answer.
    pub(crate) async fn exchange(&mut self, message: &[u8]) -> Result<Heard, Failed> {
        let frame = Frame { tpdu: Some(TPDU), header: Some(HEADER), message };
        let mut bytes = Vec::new();
        frame.write(&mut bytes)?;
        let answer = self.line.converse(&bytes).await?;
        if std::mem::take(&mut self.loses) {
            return Err(Failed::NoAnswer);
        }
        let heard = self.read(&answer)?;
        heard.field(39).clone_into(&mut self.last_code);
        Ok(heard)
    }

    fn read(&self, answer: &[u8]) -> Result<Heard, Failed> {
        let frame = Envelope::CUP_POS.open(answer)?;
        let message = CUP_POS.unpack(frame.message)?;
        if let Some((covered, code)) = message.before(MAC_FIELD).zip(message.get(MAC_FIELD)) {
            let keys = self.keys.as_ref().ok_or(Failed::WrongMac)?;
            verify_pos_mac(self.mac, &keys.mac, covered, code.raw()).or(Err(Failed::WrongMac))?;
        }
        let shown = |number| message.get(number).map(|value| (number, value.shown()));
        Ok(Heard {
            wish: frame.header.map_or(Wish::NOTHING, |header| header.wish()),
            fields: message.numbers().filter_map(shown).collect(),
        })
    }
}

/// One transaction on a line of its own.
async fn converse(host: &str, frame: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut line = TcpStream::connect(host).await.map_err(Failed::Unreachable)?;
    let broken = |_| Failed::NoAnswer;
    line.write_all(frame).await.map_err(broken)?;
    let mut length = [0; LENGTH_BYTES];
    line.read_exact(&mut length).await.map_err(broken)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    line.read_exact(&mut answer).await.map_err(broken)?;
    Ok(answer)
}
