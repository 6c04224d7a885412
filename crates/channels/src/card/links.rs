//! The lines to a card network: opened once, kept open, many messages under way on each.
//!
//! A message goes over the first line that is up. Answers come in any order and are told apart by the
//! class of the message and by fields 7 and 11. A line is signed on (签到) before anything else goes over it.
//! One that is silent is asked for an echo; one that does not answer is closed and opened anew when it is
//! next wanted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iso8583::{Builder, CUP_NETWORK, Message, Mti};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::Links;
use crate::sender::{SendError, Sender};
use crate::{Request, Response};

/// The path of a card message, where paths tell channels apart.
pub(super) const PATH: &str = "/card-network";

const CONNECT: Duration = Duration::from_secs(3);
/// How long it has to sign us on: a payment waits for it, and the next line may be up.
const SIGN_ON: Duration = Duration::from_secs(3);
/// How long the network has to answer: the terminal waits longer, so that it hears of it.
const ANSWER: Duration = Duration::from_secs(10);
/// A line that said nothing for so long is asked for an echo.
const SILENCE: Duration = Duration::from_secs(60);
/// Messages that wait to be written on one line.
const QUEUE_MAX: usize = 1_024;
/// Messages without an answer on one line.
const UNDER_WAY_MAX: usize = 8_192;
/// The length in front: four digits.
const LENGTH_DIGITS: usize = 4;
/// What stands before a message on the network's lines.
const HEADER_BYTES: usize = 46;
const MESSAGE_BYTES_MAX: usize = 4_096;

/// Sends by HTTP or over card lines, as the message wants.
#[derive(Debug)]
pub struct WireSender {
    http: Arc<dyn Sender>,
    cards: CardLinks,
}

impl WireSender {
    #[must_use]
    pub fn new(http: Arc<dyn Sender>) -> Self {
        Self { http, cards: CardLinks::default() }
    }
}

#[async_trait::async_trait]
impl Sender for WireSender {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        match request.extensions().get::<Links>().cloned() {
            Some(links) => self.cards.send(&links, request.into_body()).await,
            None => self.http.send(request).await,
        }
    }
}

/// All lines that are open.
#[derive(Debug, Default)]
pub struct CardLinks {
    lines: Mutex<BTreeMap<String, Line>>,
}

#[derive(Debug, Clone)]
struct Line {
    outgoing: mpsc::Sender<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    key: AnswerKey,
    message: Bytes,
    answered: oneshot::Sender<Bytes>,
}

/// By what an answer finds its question: the message's class, fields 7 and 11.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct AnswerKey {
    class: u8,
    transmitted: String,
    trace: String,
}

impl CardLinks {
    /// Sends over the first line that can be used. Once a message is on a line it goes over no other.
    async fn send(&self, links: &Links, message: Bytes) -> Result<Response, SendError> {
        let key = CUP_NETWORK.unpack(&message).ok().and_then(|m| key_of(&m));
        let key = key.ok_or(SendError::NotSent)?;
        for address in links.addresses.iter() {
            let Some(line) = self.line(address, &links.acquirer).await else { continue };
            let (answered, answer) = oneshot::channel();
            let outgoing = Outgoing { key: key.clone(), message: message.clone(), answered };
            if line.outgoing.try_send(outgoing).is_err() {
                continue;
            }
            let answer = timeout(ANSWER, answer).await;
            return match answer {
                Ok(Ok(bytes)) => Ok(Response::new(bytes)),
                Ok(Err(_)) | Err(_) => Err(SendError::NoAnswer),
            };
        }
        Err(SendError::NotSent)
    }

    async fn line(&self, address: &str, acquirer: &str) -> Option<Line> {
        let known = |lines: &BTreeMap<String, Line>| {
            lines.get(address).filter(|line| !line.outgoing.is_closed()).cloned()
        };
        if let Some(line) = known(&self.lines()) {
            return Some(line);
        }
        let mut stream = timeout(CONNECT, TcpStream::connect(address)).await.ok()?.ok()?;
        stream.set_nodelay(true).ok()?;
        if timeout(SIGN_ON, sign_on(&mut stream, acquirer)).await != Ok(Some(())) {
            tracing::warn!(line = address, "the card network does not sign us on");
            return None;
        }
        let mut lines = self.lines();
        // Another was faster: ours closes.
        if let Some(line) = known(&lines) {
            return Some(line);
        }
        let (outgoing, queue) = mpsc::channel(QUEUE_MAX);
        let (reads, writes) = stream.into_split();
        tokio::spawn(keep(reads, writes, queue, acquirer.to_owned()));
        let line = Line { outgoing };
        lines.insert(address.to_owned(), line.clone());
        Some(line)
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line's life: what waits for answers ends with it, unanswered.
async fn keep(
    reads: OwnedReadHalf,
    mut writes: OwnedWriteHalf,
    mut queue: mpsc::Receiver<Outgoing>,
    acquirer: String,
) {
    let (arrived, mut incoming) = mpsc::channel(QUEUE_MAX);
    let reader = tokio::spawn(read(reads, arrived));
    let mut waiting: BTreeMap<AnswerKey, oneshot::Sender<Bytes>> = BTreeMap::new();
    let mut echo = Echo { sent: 0, open: false };
    loop {
        tokio::select! {
            outgoing = queue.recv() => {
                let Some(outgoing) = outgoing else { break };
                waiting.retain(|_, answered| !answered.is_closed());
                if waiting.len() >= UNDER_WAY_MAX {
                    // Dropped, it is unanswered; it did not leave, but saying so would be a guess.
                    continue;
                }
                waiting.insert(outgoing.key, outgoing.answered);
                if write(&mut writes, &acquirer, &outgoing.message).await.is_err() {
                    break;
                }
            }
            message = incoming.recv() => {
                let Some(message) = message else { break };
                echo.open = false;
                let key = CUP_NETWORK.unpack(&message).ok().and_then(|m| key_of(&m));
                if let Some(answered) = key.and_then(|key| waiting.remove(&key)) {
                    // Whoever asked may have left.
                    answered.send(message).ok();
                }
            }
            () = tokio::time::sleep(SILENCE) => {
                if echo.open || write(&mut writes, &acquirer, &echo.next()).await.is_err() {
                    break;
                }
            }
        }
    }
    reader.abort();
    tracing::warn!("a line to the card network ended");
}

/// 线路测试: 0820 with field 70 = 301.
struct Echo {
    sent: u32,
    /// One is not answered yet.
    open: bool,
}

impl Echo {
    fn next(&mut self) -> Bytes {
        self.sent = self.sent.wrapping_add(1);
        self.open = true;
        managed("301", self.sent)
    }
}

/// A message about the line itself: field 70 says what.
fn managed(code: &str, number: u32) -> Bytes {
    let mut message = Builder::new(&CUP_NETWORK, "0820");
    let trace = format!("{:06}", number % 1_000_000);
    // Digits of their fields' length.
    message.set(7, "0000000000").ok();
    message.set(11, &trace).ok();
    message.set(70, code).ok();
    Bytes::from(message.pack())
}

/// 签到: 0820 with field 70 = 001. None where the network does not answer, or refuses.
async fn sign_on(stream: &mut TcpStream, acquirer: &str) -> Option<()> {
    write(stream, acquirer, &managed("001", 0)).await.ok()?;
    let mut buffer = BytesMut::with_capacity(MESSAGE_BYTES_MAX);
    let answer = loop {
        match take(&mut buffer) {
            Err(NotAFrame) => return None,
            Ok(Some(message)) => break message,
            Ok(None) => {
                if stream.read_buf(&mut buffer).await.ok()? == 0 {
                    return None;
                }
            }
        }
    };
    let answer = CUP_NETWORK.unpack(&answer).ok()?;
    let done = answer.get(39).is_some_and(|code| code.shown() == "00");
    (done && answer.mti().as_str() == "0830").then_some(())
}

async fn read(mut reads: OwnedReadHalf, arrived: mpsc::Sender<Bytes>) {
    let mut buffer = BytesMut::with_capacity(MESSAGE_BYTES_MAX);
    loop {
        match take(&mut buffer) {
            Err(NotAFrame) => return,
            Ok(Some(message)) => {
                if arrived.send(message).await.is_err() {
                    return;
                }
            }
            Ok(None) => match reads.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            },
        }
    }
}

/// What came is no frame: the line cannot be read on.
struct NotAFrame;

/// Takes the next whole message off the front.
fn take(buffer: &mut BytesMut) -> Result<Option<Bytes>, NotAFrame> {
    let Some(digits) = buffer.get(..LENGTH_DIGITS) else { return Ok(None) };
    let length = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
    let length = length.filter(|length| (HEADER_BYTES..=MESSAGE_BYTES_MAX).contains(length));
    let length = length.ok_or(NotAFrame)?;
    if buffer.len() < LENGTH_DIGITS + length {
        return Ok(None);
    }
    let mut frame = buffer.split_to(LENGTH_DIGITS + length);
    Ok(Some(frame.split_off(LENGTH_DIGITS + HEADER_BYTES).freeze()))
}

async fn write(
    writes: &mut (impl AsyncWriteExt + Unpin),
    acquirer: &str,
    message: &[u8],
) -> Result<(), std::io::Error> {
    let length = HEADER_BYTES + message.len();
    let mut frame = Vec::with_capacity(LENGTH_DIGITS + length);
    frame.extend_from_slice(format!("{length:04}").as_bytes());
    // Header length, version, total length, destination, source, reserved, batch, transaction, user, reject code.
    frame.extend_from_slice(&[0x2E, 0x02]);
    frame.extend_from_slice(format!("{length:04}{:<11}{acquirer:<11}", "00010000").as_bytes());
    frame.extend_from_slice(&[0, 0, 0, 0]);
    frame.extend_from_slice(b"00000000\x0000000");
    frame.extend_from_slice(message);
    // A network that does not read holds its line up no longer than it may take to answer.
    timeout(ANSWER, writes.write_all(&frame)).await?
}

fn key_of(message: &Message<'_>) -> Option<AnswerKey> {
    let text = |field| message.get(field).map(|value| value.shown());
    Some(AnswerKey { class: class_of(message.mti()), transmitted: text(7)?, trace: text(11)? })
}

/// The second digit: an answer has that of its question.
fn class_of(mti: Mti) -> u8 {
    mti.as_str().as_bytes().get(1).copied().unwrap_or_default()
}
