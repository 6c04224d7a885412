//! What happens on a day, drawn once per seed.

use app::{CreatePayment, Means, NewLeg, NewTopUp, PaidBy};
use channels::Channel;
use ids::MerchantNo;
use jiff::SignedDuration;
use money::{Amount, Currency};
use orders::channel::PayWay;
use sandbox::{Fault, FaultRule, Insistence};
use secret::PayerCode;

use crate::random::Random;
use crate::world::{Purse, notify_url, start};

/// The merchant's orders of a day.
const ORDERS: u64 = 14;
/// The busy part of the day.
pub(crate) const BUSY_MS: u64 = 240_000;
const LEGS: u64 = 4;

/// Every life of the process plays the same plan, so each step that was done before a crash is done
/// again after it, as a merchant's retry.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) orders: Vec<Planned>,
    pub(crate) faults: Vec<(u64, FaultRule)>,
    /// When the wallet is closed, if it is.
    pub(crate) close_wallet_at: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) at_ms: u64,
    pub(crate) payment: CreatePayment,
    pub(crate) top_up: Option<NewTopUp>,
    /// The payer of each leg that is shown to one, if he comes: after so long; insisting though it is closed.
    pub(crate) payers: Vec<(u16, u64, Insistence)>,
    /// Asked for twice, at once.
    pub(crate) twice: bool,
    /// Legs that are added later, each after so long.
    pub(crate) later: Vec<(u64, NewLeg)>,
    /// Whether the cashier takes in cash what other legs failed to bring.
    pub(crate) rest_in_cash: bool,
    pub(crate) close_after_ms: Option<u64>,
    pub(crate) returns: Vec<PlannedReturn>,
}

#[derive(Debug, Clone)]
pub(crate) struct PlannedReturn {
    pub(crate) after_ms: u64,
    pub(crate) no: MerchantNo,
    pub(crate) content_hash: [u8; 32],
    pub(crate) what: Back,
}

/// What is asked back.
#[derive(Debug, Clone)]
pub(crate) enum Back {
    Void,
    /// Without naming a leg.
    Amount(Amount),
    OfLeg(u16, Amount),
    /// Of a top-up, what is not spent.
    TopUp(Amount),
}

impl Plan {
    pub(crate) fn draw(random: &mut Random, purse: &Purse) -> Self {
        let orders = (0..ORDERS).filter_map(|n| Planned::draw(random, purse, n)).collect();
        let faults = (0..random.below(8)).filter_map(|_| draw_fault(random)).collect();
        let close_wallet_at = random.chance(25).then(|| random.below(BUSY_MS));
        Self { orders, faults, close_wallet_at }
    }
}

fn draw_fault(random: &mut Random) -> Option<(u64, FaultRule)> {
    let call = random.pick(&[
        "alipay.trade.pay",
        "alipay.trade.precreate",
        "alipay.trade.query",
        "alipay.trade.cancel",
        "alipay.trade.refund",
        "pay/micropay",
        "pay/orderquery",
        "secapi/pay/reverse",
        "v3/native",
        "v3/query",
        "v3/refund",
        "consume",
        "apply",
        "query",
        "void",
        "pay",
        "refund",
    ])?;
    let of_call = [
        Fault::Delay { ms: 3_000 },
        Fault::LostAnswerAfterEffect,
        Fault::LostAnswerBeforeEffect,
        Fault::ServerError,
        Fault::ServerErrorAfterEffect,
        Fault::WrongSignature,
        Fault::SystemBusy,
        Fault::SystemBusyAfterEffect,
        Fault::MerchantShort,
    ];
    let of_notice = [
        Fault::NoNotice,
        Fault::DuplicateNotice,
        Fault::LateNotice { ms: 90_000 },
        Fault::ReorderNotices,
    ];
    let notice = call == "pay" || call == "refund";
    let fault = if notice { random.pick(&of_notice) } else { random.pick(&of_call) }?;
    let times = u32::try_from(1 + random.below(3)).ok()?;
    let rule = FaultRule { channel: None, call: call.to_owned(), fault, times };
    Some((random.below(BUSY_MS / 2), rule))
}

impl Planned {
    fn draw(random: &mut Random, purse: &Purse, n: u64) -> Option<Self> {
        let amount = Amount::new(4 + random.below(50_000), Currency::Cny).ok()?;
        let top_up = random.chance(30).then(|| {
            let gift = Amount::new(1 + random.below(5_000), Currency::Cny).ok();
            let gift = gift.filter(|_| random.chance(40)).map(|gift| (purse.campaign, gift));
            NewTopUp { wallet: purse.wallet, gift }
        });
        let combined = top_up.is_none() && random.chance(40);
        let (paid_by, later, qr_legs) = if combined {
            let legs = draw_legs(random, (purse, n), amount)?;
            let qr = |leg: &NewLeg| is_shown(&leg.means);
            let qr_legs: Vec<u16> = legs.iter().filter(|l| qr(l)).map(|l| l.no).collect();
            let now = usize::try_from(random.below(LEGS)).ok()?.min(legs.len());
            let mut legs = legs;
            let later = legs.split_off(now);
            let later = later.into_iter().map(|leg| (random.below(30_000), leg)).collect();
            (PaidBy::Legs(legs), later, qr_legs)
        } else {
            let means = draw_means(random, purse, (n, 1))?;
            let qr = is_shown(&means);
            (PaidBy::One(means), Vec::new(), if qr { vec![1] } else { Vec::new() })
        };
        let expires = start().saturating_add(SignedDuration::from_secs(60)).ok();
        let may_expire = combined || !qr_legs.is_empty();
        let payment = CreatePayment {
            merchant: purse.merchant,
            merchant_no: MerchantNo::parse(&format!("order-{n}")).ok()?,
            content_hash: crypto::digest::sha256(&n.to_be_bytes()),
            amount,
            description: "coffee".to_owned(),
            attach: None,
            notify_url: Some(notify_url()),
            terminal: None,
            terminal_ip: "127.0.0.1".to_owned(),
            paid_by,
            expires_at: if may_expire && random.chance(50) { expires } else { None },
            top_up: None,
            checkout: None,
        };
        let payers = qr_legs.into_iter().filter_map(|no| draw_payer(random, no)).collect();
        let returns = (0..random.below(4)).filter_map(|r| draw_return(random, amount, (n, r)));
        let returns = returns.map(|back| match back.what {
            Back::Amount(amount) | Back::OfLeg(_, amount) if top_up.is_some() => {
                PlannedReturn { what: Back::TopUp(amount), ..back }
            }
            Back::Void | Back::Amount(_) | Back::OfLeg(..) | Back::TopUp(_) => back,
        });
        let returns = returns.collect();
        Some(Self {
            at_ms: random.below(if top_up.is_some() { BUSY_MS / 8 } else { BUSY_MS / 2 }),
            payment,
            top_up,
            payers,
            twice: random.chance(25),
            later,
            rest_in_cash: random.chance(60),
            close_after_ms: random.chance(20).then(|| random.below(30_000)),
            returns,
        })
    }
}

fn draw_payer(random: &mut Random, no: u16) -> Option<(u16, u64, Insistence)> {
    let insist = if random.chance(40) { Insistence::EvenIfClosed } else { Insistence::Polite };
    random.chance(80).then(|| (no, random.below(100_000), insist))
}

/// One to four legs over the whole amount.
fn draw_legs(
    random: &mut Random,
    (purse, n): (&Purse, u64),
    amount: Amount,
) -> Option<Vec<NewLeg>> {
    let count = 1 + random.below(LEGS);
    let mut rest = amount.minor();
    let mut legs = Vec::new();
    for l in 1..=count {
        let last = l == count;
        let most = rest - (count - l);
        let fen = if last { rest } else { 1 + random.below(most) };
        rest -= fen;
        legs.push(NewLeg {
            no: u16::try_from(l).ok()?,
            content_hash: crypto::digest::sha256(&[n.to_be_bytes(), l.to_be_bytes()].concat()),
            amount: Amount::new(fen, Currency::Cny).ok()?,
            means: draw_means(random, purse, (n, l))?,
        });
    }
    Some(legs)
}

/// A code to show at Alipay, for one coffee.
#[cfg(test)]
pub(crate) fn coffee(merchant: ids::MerchantId, no: &str) -> CreatePayment {
    CreatePayment {
        merchant,
        merchant_no: MerchantNo::parse(no).unwrap(),
        content_hash: [1; 32],
        amount: Amount::new(1_000, Currency::Cny).unwrap(),
        description: "coffee".to_owned(),
        attach: None,
        notify_url: None,
        terminal: None,
        terminal_ip: "127.0.0.1".to_owned(),
        paid_by: PaidBy::One(Means::DynamicQr(Channel::Alipay.channel_code())),
        expires_at: None,
        top_up: None,
        checkout: None,
    }
}

/// Whether the payer's side pays, by a code, a page or a link.
const fn is_shown(means: &Means) -> bool {
    match means {
        Means::DynamicQr(_) | Means::OwnCode(_) | Means::Jsapi { .. } | Means::H5 { .. } => true,
        Means::PayerCode(_)
        | Means::Card(_)
        | Means::Cash
        | Means::BankCard { .. }
        | Means::MerchantCoupon { .. }
        | Means::Wallet(_)
        | Means::PlatformCoupon { .. } => false,
    }
}

fn draw_means(random: &mut Random, purse: &Purse, (n, l): (u64, u64)) -> Option<Means> {
    let channel = random.pick(&WALLETS)?;
    let endings = ["00", "00", "00", "01", "90", "91", "92", "93", "94", "95", "96", "97"];
    Some(match random.below(100) {
        0..=49 => Means::PayerCode(payer_code(channel, n * 10 + l, random.pick(&endings)?)?),
        50..=59 => Means::Wallet(purse.wallet),
        60..=63 => Means::PlatformCoupon { campaign: purse.campaign, number: None },
        64..=74 => Means::DynamicQr(channel.channel_code()),
        75..=79 if channel.offers(PayWay::Jsapi) => Means::Jsapi {
            channel: channel.channel_code(),
            payer: format!("payer-{n}-{l}"),
            page: None,
        },
        80..=84 if channel.offers(PayWay::H5) => {
            Means::H5 { channel: channel.channel_code(), desktop: false, return_url: None }
        }
        75..=84 => Means::DynamicQr(channel.channel_code()),
        85..=91 => Means::Cash,
        92..=94 => Means::BankCard { reference: format!("rrn-{n}-{l}") },
        _ => Means::MerchantCoupon { number: Some(format!("coupon-{n}-{l}")) },
    })
}

/// The channels whose payers show or scan codes.
const WALLETS: [Channel; 3] = [Channel::Alipay, Channel::Wechat, Channel::UnionPay];

/// The code of a payer at a channel; the last two digits choose what he does.
pub(crate) fn payer_code(channel: Channel, n: u64, ending: &str) -> Option<PayerCode> {
    PayerCode::parse(&match channel {
        Channel::Alipay => format!("28{n:014}{ending}"),
        Channel::Wechat => format!("13{n:014}{ending}"),
        Channel::UnionPay => format!("62{n:015}{ending}"),
        // Cards are read, not scanned.
        Channel::Card => return None,
    })
}

fn draw_return(random: &mut Random, amount: Amount, (n, r): (u64, u64)) -> Option<PlannedReturn> {
    let whole = amount.minor();
    let part = Amount::new(1 + random.below(whole), Currency::Cny).ok()?;
    let what = match random.below(100) {
        0..=19 => Back::Void,
        20..=49 => Back::Amount(amount),
        50..=74 => Back::Amount(part),
        _ => Back::OfLeg(u16::try_from(1 + random.below(LEGS)).ok()?, part),
    };
    Some(PlannedReturn {
        after_ms: random.below(60_000),
        no: MerchantNo::parse(&format!("refund-{n}-{r}")).ok()?,
        content_hash: crypto::digest::sha256(&[n.to_be_bytes(), r.to_be_bytes()].concat()),
        what,
    })
}
