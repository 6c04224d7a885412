//! One message: from its frame to its answer, in named steps.

use std::sync::Arc;

use app::pos::PosAccess;
use app::{App, Failure, UseCaseError};
use bytes::Bytes;
use crypto::pos::KeyFault;
use ids::AttemptId;
use iso8583::cup::Transaction;
use iso8583::frame::{Envelope, Tpdu, Wish};
use iso8583::{CUP_POS, MacError};
use jiff::Timestamp;
use merchants::PosState;

use crate::asked::{Asked, Code, MALFUNCTION};
use crate::brake::Brake;
use crate::reply::{Reply, mac_of};
use crate::transactions::{self, Kind};

/// 97: no such terminal.
const UNKNOWN_TERMINAL: Code = "97";
/// 58: the terminal is locked.
const NOT_ALLOWED: Code = "58";
/// 77: sign on first, or in another batch.
const SIGN_ON: Code = "77";
/// A0: the code is wrong.
const BAD_MAC: Code = "A0";
/// 40: no such transaction.
const NOT_SUPPORTED: Code = "40";
const MAC_FIELD: u8 = 64;

/// What an operator settles for the host.
#[derive(Debug, Clone)]
pub struct PosSettings {
    /// 受理方标识码, field 32 of answers: up to eleven digits.
    pub acquirer: String,
}

/// The host: the platform behind it, and its settings.
#[derive(Debug)]
pub struct PosHost {
    pub(crate) app: Arc<App>,
    pub(crate) settings: PosSettings,
    brake: Brake,
}

/// What becomes of a frame.
#[derive(Debug)]
pub enum Answer {
    /// The frame to write, its length in front.
    Reply(Bytes),
    /// Nothing: the terminal's own clock runs on, and its reversal comes.
    Silence,
    /// No frame of ours: the line is of no use.
    Close,
}

impl PosHost {
    #[must_use]
    pub fn new(app: Arc<App>, settings: PosSettings) -> Self {
        Self { app, settings, brake: Brake::default() }
    }

    /// Answers one frame (what stands behind the length).
    pub async fn answer(&self, frame: &[u8]) -> Answer {
        let Some(asked) = read(frame) else { return Answer::Close };
        match self.work(&asked).await {
            Ok(Some(reply)) => Answer::Reply(reply),
            Ok(None) => Answer::Silence,
            Err(error) => {
                tracing::error!(error = %error, "a terminal's message failed");
                Answer::Silence
            }
        }
    }

    async fn work(&self, asked: &Asked<'_>) -> Result<Option<Bytes>, Failed> {
        let (terminal_no, merchant_code) = (asked.text(41), asked.text(42));
        let (Some(no), Some(code)) = (terminal_no.as_deref(), merchant_code.as_deref()) else {
            return self.refuse(asked, UNKNOWN_TERMINAL);
        };
        let Some(access) = self.app.pos_access(no, code, false).await? else {
            return self.refuse(asked, UNKNOWN_TERMINAL);
        };
        if access.terminal.state == PosState::Locked {
            return self.refuse(asked, NOT_ALLOWED);
        }
        let Some(kind) = Kind::of(asked) else { return self.refuse(asked, NOT_SUPPORTED) };
        if kind.wants_sign_on() && !is_signed_on(&access) {
            return self.refuse(asked, SIGN_ON);
        }
        if !kind.wants_mac() && asked.message.has(MAC_FIELD) {
            match is_authentic(&access, asked) {
                Ok(true) => {}
                Ok(false) => return self.refuse(asked, BAD_MAC),
                Err(_) => return self.refuse(asked, MALFUNCTION),
            }
        }
        if kind.is_open_to_all() && !self.brake.permits(access.terminal.terminal, self.now()) {
            // Too often asked.
            return self.refuse(asked, MALFUNCTION);
        }
        if !kind.wants_mac() {
            return match transactions::manage(self, &access, asked, kind).await {
                // No money is in doubt: the terminal may ask again.
                Err(Failed::UseCase(UseCaseError::Failed(Failure::Keys(_)))) => {
                    self.refuse(asked, MALFUNCTION)
                }
                done => done,
            };
        }
        let access = match self.verified(access, asked).await? {
            Ok(access) => access,
            Err(code) => return self.refuse(asked, code),
        };
        let access = match self.in_batch(access, asked, kind).await? {
            Ok(access) => access,
            Err(code) => return self.refuse(asked, code),
        };
        transactions::trade(self, &access, asked, kind).await
    }

    /// The terminal whose code it is. Keys may be newer than those that we remember: another process
    /// may have signed it on.
    async fn verified(
        &self,
        access: Arc<PosAccess>,
        asked: &Asked<'_>,
    ) -> Result<Result<Arc<PosAccess>, Code>, Failed> {
        match is_authentic(&access, asked) {
            Ok(true) => return Ok(Ok(access)),
            Ok(false) => {}
            Err(_) => return Ok(Err(MALFUNCTION)),
        }
        let terminal = &access.terminal;
        let fresh = self.app.pos_access(&terminal.terminal_no, &terminal.merchant_code, true);
        Ok(match fresh.await? {
            Some(fresh) if is_authentic(&fresh, asked) == Ok(true) => Ok(fresh),
            Some(fresh) if !is_signed_on(&fresh) => Err(SIGN_ON),
            Some(_) | None => Err(BAD_MAC),
        })
    }

    /// The terminal, in the batch that it names. One that settled may begin the next by itself.
    async fn in_batch(
        &self,
        access: Arc<PosAccess>,
        asked: &Asked<'_>,
        kind: Kind,
    ) -> Result<Result<Arc<PosAccess>, Code>, Failed> {
        let (terminal, named) = (&access.terminal, asked.transaction.batch);
        let is_here = named == terminal.batch && !terminal.settled;
        if !kind.wants_batch() || is_here {
            return Ok(Ok(access));
        }
        if terminal.settled && named == terminal.next_batch() {
            self.app.pos_next_batch(&access, terminal.batch).await?;
        }
        let (no, code) = (&terminal.terminal_no, &terminal.merchant_code);
        let fresh = self.app.pos_access(no, code, true).await?;
        let here =
            |fresh: &Arc<PosAccess>| fresh.terminal.batch == named && !fresh.terminal.settled;
        Ok(fresh.filter(here).ok_or(SIGN_ON))
    }

    /// A refusal that says nothing but its code, and leaves nothing behind.
    pub(crate) fn refuse(&self, asked: &Asked<'_>, code: Code) -> Result<Option<Bytes>, Failed> {
        let sign_on = matches!(code, SIGN_ON | BAD_MAC);
        let wish = if sign_on { Wish::SIGN_ON } else { Wish::NOTHING };
        let reply = Reply::begin(asked, code, self.now())?.wishing(wish);
        let reply = reply.set(32, &self.settings.acquirer)?.set(37, &self.reference())?;
        Ok(Some(reply.plain()?))
    }

    /// A reference for an answer that stands for no trade.
    pub(crate) fn reference(&self) -> String {
        AttemptId::generate(&self.app.ids, self.now().as_millisecond()).card_reference()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }
}

/// What ends a message without an answer.
#[derive(Debug)]
pub(crate) enum Failed {
    UseCase(app::UseCaseError),
    Reply(iso8583::Error),
    Keys(KeyFault),
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UseCase(error) => write!(f, "{error}"),
            Self::Reply(error) => write!(f, "an answer could not be made: {error}"),
            Self::Keys(fault) => write!(f, "an answer could not be sealed: {fault}"),
        }
    }
}

impl From<app::UseCaseError> for Failed {
    fn from(error: app::UseCaseError) -> Self {
        Self::UseCase(error)
    }
}

impl From<app::Failure> for Failed {
    fn from(error: app::Failure) -> Self {
        Self::UseCase(error.into())
    }
}

impl From<MacError<KeyFault>> for Failed {
    fn from(error: MacError<KeyFault>) -> Self {
        match error {
            MacError::Message(error) => Self::Reply(error),
            MacError::Mac(fault) => Self::Keys(fault),
        }
    }
}

impl From<iso8583::Error> for Failed {
    fn from(error: iso8583::Error) -> Self {
        Self::Reply(error)
    }
}

/// Opens the frame and reads the message; none where it is not one of ours. What was wrong is logged
/// with its place and never with its value.
fn read(frame: &[u8]) -> Option<Asked<'_>> {
    let read = || {
        let frame = envelope_of(frame).open(frame)?;
        let message = CUP_POS.unpack(frame.message)?;
        let digits = message.get(60).map(|value| value.characters().into_owned());
        let transaction = Transaction::parse(&digits.unwrap_or_default())?;
        Ok::<_, iso8583::Error>((frame, message, transaction))
    };
    match read() {
        Ok((frame, message, transaction)) => {
            Some(Asked { tpdu: frame.tpdu?, header: frame.header, message, transaction })
        }
        Err(error) => {
            tracing::info!(error = %error, "a terminal's message cannot be read");
            None
        }
    }
}

/// A header begins with 60 to 63, a message with its version, 0: who sends no header hears none.
fn envelope_of(frame: &[u8]) -> Envelope {
    let header = frame.get(Tpdu::BYTES).is_none_or(|byte| *byte >= 0x10);
    Envelope { header, ..Envelope::CUP_POS }
}

fn is_signed_on(access: &PosAccess) -> bool {
    access.terminal.state == PosState::SignedOn && access.mac.is_some()
}

fn is_authentic(access: &PosAccess, asked: &Asked<'_>) -> Result<bool, KeyFault> {
    let signed = asked.message.before(MAC_FIELD).zip(asked.message.get(MAC_FIELD));
    let key = access.mac.as_ref().filter(|_| is_signed_on(access));
    let Some(((covered, code), key)) = signed.zip(key) else { return Ok(false) };
    key.is_mac(mac_of(access.terminal.model), covered, code.raw())
}
