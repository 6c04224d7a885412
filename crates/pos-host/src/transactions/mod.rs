//! What terminals ask for.

mod download;
mod give_back;
mod management;
mod reversal;
mod settlement;
mod take;

use std::sync::Arc;

use app::pos::{Download, KeySet, PosAccess, Told};
use bytes::Bytes;
use iso8583::cup::write_digit_tags;
use orders::{Trade, TradeKind};

use self::download::Load;
use crate::asked::{Asked, Code, VOUCHER};
use crate::host::{Failed, PosHost};
use crate::reply::{Reply, mac_of};

/// What a message is: its type, field 3 without the kinds of account, and fields 60.1 and 60.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 签到, with the keys that it asks for
    SignOn(KeySet),
    /// 签退
    SignOff,
    /// 回响测试
    Echo,
    /// 状态上送
    Status,
    /// 参数下载, 公钥下载, AID 下载
    Load(Load),
    /// 脚本结果通知
    ScriptNotice,
    /// Money that is charged to a card, or held on it.
    Take(TakeKind),
    /// Money that goes back, or is held no more.
    GiveBack(TradeKind),
    /// 余额查询
    Balance,
    /// 冲正
    Reversal,
    /// 批结算
    Settlement,
    /// 批上送: of magnetic cards, or of one chip card.
    Upload { chip: bool },
    /// 批上送结束
    UploadEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakeKind {
    /// 消费
    Sale,
    /// 预授权
    Authorization,
    /// 预授权完成: a request, or an advice
    Completion { advice: bool },
    /// 离线消费
    Offline,
}

/// Field 25 of an ordinary payment, and of one by mail or telephone.
const PAYMENTS: [&str; 2] = ["00", "08"];
/// Of the family of pre-authorization, and the same by mail or telephone.
const HOLDS: [&str; 2] = ["06", "18"];

impl Kind {
    /// None for what is not supported.
    pub(crate) fn of(asked: &Asked<'_>) -> Option<Self> {
        let mti = asked.message.mti();
        let processing = asked.text(3).unwrap_or_default();
        let purpose = processing.get(..2).unwrap_or_default();
        let condition = asked.text(25).unwrap_or_default();
        let transaction = (asked.transaction.kind, asked.transaction.network.unwrap_or_default());
        match (mti.as_str(), purpose, transaction) {
            ("0800", _, (0, 1)) => Some(Self::SignOn(KeySet::Single)),
            // 005 and 006 are what terminals by SM4 say.
            ("0800", _, (0, 3 | 5)) => Some(Self::SignOn(KeySet::Double)),
            ("0800", _, (0, 4 | 6)) => Some(Self::SignOn(KeySet::DoubleWithTrack)),
            ("0820", _, (0, 2)) => Some(Self::SignOff),
            ("0820", _, (0, 301)) => Some(Self::Echo),
            ("0820", _, (0, 362)) => Some(Self::Status),
            ("0800" | "0820", _, (0, code @ 360..=382)) => Self::of_load(mti.as_str(), code),
            ("0620", _, (0, 951)) => Some(Self::ScriptNotice),
            ("0200", "31", (1, _)) => Some(Self::Balance),
            ("0100" | "0200" | "0220", _, (kind, _)) => {
                Self::of_money((mti.as_str(), purpose, kind), condition.as_str())
            }
            ("0400", _, _) => Some(Self::Reversal),
            ("0500", _, (0, 201)) => Some(Self::Settlement),
            ("0320", _, (_, 201)) => Some(Self::Upload { chip: false }),
            ("0320", _, (_, 203..=206)) => Some(Self::Upload { chip: true }),
            ("0320", _, (_, 202 | 207)) => Some(Self::UploadEnd),
            _ => None,
        }
    }

    fn of_load(mti: &str, code: u16) -> Option<Self> {
        Some(Self::Load(match (mti, code) {
            ("0800", 360) => Load::One(Download::Parameters),
            ("0800", 361) => Load::End(Download::Parameters),
            ("0820", 372) => Load::List(Download::CaKeys),
            ("0800", 370) => Load::One(Download::CaKeys),
            ("0800", 371) => Load::End(Download::CaKeys),
            ("0820", 382) => Load::List(Download::Aids),
            ("0800", 380) => Load::One(Download::Aids),
            ("0800", 381) => Load::End(Download::Aids),
            _ => return None,
        }))
    }

    fn of_money(asked: (&str, &str, u8), condition: &str) -> Option<Self> {
        let (payment, hold) = (PAYMENTS.contains(&condition), HOLDS.contains(&condition));
        match asked {
            ("0200", "00", 22) if payment => Some(Self::Take(TakeKind::Sale)),
            ("0200", "20", 23) if payment => Some(Self::GiveBack(TradeKind::SaleVoid)),
            ("0220", "20", 25) if payment => Some(Self::GiveBack(TradeKind::Refund)),
            ("0200", "00", 36) | ("0220", "00", 30) if payment => {
                Some(Self::Take(TakeKind::Offline))
            }
            ("0100", "03", 10) if hold => Some(Self::Take(TakeKind::Authorization)),
            ("0100", "20", 11) if hold => Some(Self::GiveBack(TradeKind::AuthorizationVoid)),
            ("0200", "00", 20) if hold => Some(Self::Take(TakeKind::Completion { advice: false })),
            ("0220", "00", 24) if hold => Some(Self::Take(TakeKind::Completion { advice: true })),
            ("0200", "20", 21) if hold => Some(Self::GiveBack(TradeKind::CompletionVoid)),
            _ => None,
        }
    }

    pub(crate) const fn wants_mac(self) -> bool {
        match self {
            Self::SignOn(_)
            | Self::SignOff
            | Self::Echo
            | Self::Status
            | Self::Load(_)
            | Self::Settlement
            | Self::Upload { .. }
            | Self::UploadEnd => false,
            Self::Take(_)
            | Self::GiveBack(_)
            | Self::Balance
            | Self::ScriptNotice
            | Self::Reversal => true,
        }
    }

    /// What changes keys or state and carries no code.
    pub(crate) const fn is_open_to_all(self) -> bool {
        matches!(self, Self::SignOn(_) | Self::SignOff)
    }

    /// Only of a terminal that has signed on.
    pub(crate) const fn wants_sign_on(self) -> bool {
        match self {
            Self::Settlement | Self::Upload { .. } | Self::UploadEnd => true,
            // Of those with a code the code tells.
            Self::SignOn(_)
            | Self::SignOff
            | Self::Echo
            | Self::Status
            | Self::Load(_)
            | Self::Take(_)
            | Self::GiveBack(_)
            | Self::Balance
            | Self::ScriptNotice
            | Self::Reversal => false,
        }
    }

    /// A reversal names the batch of its original, which may be over.
    pub(crate) const fn wants_batch(self) -> bool {
        match self {
            Self::Take(_) | Self::GiveBack(_) => true,
            Self::SignOn(_)
            | Self::SignOff
            | Self::Echo
            | Self::Status
            | Self::Load(_)
            | Self::Balance
            | Self::ScriptNotice
            | Self::Reversal
            | Self::Settlement
            | Self::Upload { .. }
            | Self::UploadEnd => false,
        }
    }
}

/// Sign-on and what else carries no code.
pub(crate) async fn manage(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
    kind: Kind,
) -> Result<Option<Bytes>, Failed> {
    match kind {
        Kind::SignOn(wanted) => management::sign_on(host, access, asked, wanted).await,
        Kind::SignOff => management::sign_off(host, access, asked).await,
        Kind::Echo | Kind::Status => management::echo(host, access, asked).await,
        Kind::Load(load) => download::load(host, access, asked, load).await,
        Kind::Settlement => settlement::settle(host, access, asked).await,
        Kind::Upload { chip } => settlement::upload(host, access, asked, chip).await,
        Kind::UploadEnd => settlement::end(host, access, asked).await,
        Kind::Take(_) | Kind::GiveBack(_) | Kind::Balance | Kind::ScriptNotice | Kind::Reversal => {
            Ok(None)
        }
    }
}

/// Transactions whose code was verified.
pub(crate) async fn trade(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
    kind: Kind,
) -> Result<Option<Bytes>, Failed> {
    match kind {
        Kind::Take(kind) => take::take(host, access, asked, kind).await,
        Kind::GiveBack(kind) => give_back::give_back(host, access, asked, kind).await,
        Kind::Balance => take::balance(host, access, asked).await,
        Kind::ScriptNotice => script_notice(host, access, asked),
        Kind::Reversal => reversal::reversal(host, access, asked).await,
        Kind::SignOn(_)
        | Kind::SignOff
        | Kind::Echo
        | Kind::Status
        | Kind::Load(_)
        | Kind::Settlement
        | Kind::Upload { .. }
        | Kind::UploadEnd => Ok(None),
    }
}

/// 脚本结果通知: what the card made of the issuer's script. Whatever it says, the trade stands.
fn script_notice(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
) -> Result<Option<Bytes>, Failed> {
    tracing::info!(terminal.id = %access.terminal.terminal, "a card ran its issuer's script");
    let reply = Reply::begin(asked, DONE, host.now())?;
    let reply = reply.set(32, &host.settings.acquirer)?.set(37, &host.reference())?.without(&[4]);
    sealed(access, reply)
}

const DONE: &str = "00";

/// What a terminal is told of its trade.
fn tell(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
    told: &Told,
) -> Result<Option<Bytes>, Failed> {
    match told {
        Told::InProgress => Ok(None),
        Told::Refused(code) => sealed_refusal(host, access, asked, code),
        Told::Outcome(trade) => outcome(host, access, asked, trade),
    }
}

/// A refusal of a terminal that is known to be one.
fn sealed_refusal(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
    code: Code,
) -> Result<Option<Bytes>, Failed> {
    let reply = Reply::begin(asked, code, host.now())?;
    let reply = reply.set(32, &host.settings.acquirer)?.set(37, &host.reference())?;
    sealed(access, reply)
}

/// The same for every repeat: the time is the trade's, not the answer's.
fn outcome(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
    trade: &Trade,
) -> Result<Option<Bytes>, Failed> {
    let code = trade.code.as_deref().unwrap_or(orders::NO_ANSWER);
    let approval = &trade.approval;
    let reply = Reply::begin(asked, code, trade.created_at)?
        .set_some(15, approval.settled_on.as_deref())?
        .set(32, &host.settings.acquirer)?
        .set(37, &trade.reference)?
        .set_some(38, approval.auth_code.as_deref())?
        .set_some(44, approval.institutions.as_deref())?
        .set_some(54, approval.balance.as_deref())?
        .set(63, SCHEME)?;
    let reply = match approval.part {
        Some(part) => reply.set(4, &format!("{:012}", part.minor()))?,
        None => reply,
    };
    let reply = match voucher_of(trade) {
        Some(voucher) => reply.put(59, &voucher)?,
        None => reply,
    };
    let reply = match &approval.chip {
        Some(chip) => reply.put(55, chip)?,
        None => reply,
    };
    sealed(access, reply)
}

/// The number by which a payment without a card is known on its slip: field 59, tag A4, twenty digits.
fn voucher_of(trade: &Trade) -> Option<Vec<u8>> {
    if trade.card.is_some() || trade.kind != TradeKind::Sale {
        return None;
    }
    let number = format!("{:020}", trade.id.to_i64());
    write_digit_tags(&[(VOUCHER, number.as_bytes())]).ok()
}

/// 63.1: whose card it is. One network so far.
const SCHEME: &str = "CUP";

fn sealed(access: &PosAccess, reply: Reply<'_>) -> Result<Option<Bytes>, Failed> {
    let bytes = match &access.mac {
        Some(key) => reply.sealed(mac_of(access.terminal.model), key)?,
        None => reply.plain()?,
    };
    Ok(Some(bytes))
}
