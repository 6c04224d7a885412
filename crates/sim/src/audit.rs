//! The auditor: it knows the channels' books and ours, and no rule of ours. At rest everything is
//! decided, and for each order what the channel holds equals what we say we are owed.

use std::collections::{BTreeMap, BTreeSet};

use app::App;
use ids::MerchantId;
use ledger::{AccountCode, Side};
use orders::{
    Aggregate, Attempt, AttemptState, CardHold, Leg, LegState, OrderShape, OrderState, RefundKind,
    RefundOrigin, RefundState,
};
use sandbox::BookKind;

use crate::day::{Counts, Report};
use crate::desk::DeskCounts;
use crate::world::{Failed, TAKEN_MAX, World, lock};

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An order or a refund is still open when everything has come to rest.
    Undecided {
        what: String,
    },
    /// The channel's books and ours differ about one order, in fen.
    OrderDiffers {
        order: String,
        state: String,
        theirs: i128,
        ours: i128,
    },
    /// The receivable of all channels differs from what the channels hold, in fen.
    ReceivableDiffers {
        theirs: i128,
        ours: i128,
    },
    /// A transit account is not back at zero.
    TransitLeft {
        account: String,
        balance: i128,
    },
    /// The merchant's money is not what its orders say, in fen.
    MerchantDiffers {
        orders: i128,
        books: i128,
    },
    /// What the merchant took in cash or remitted by coupon is not what its orders say, in fen.
    MemoDiffers {
        orders: i128,
        books: i128,
    },
    /// What wallets hold is not what their top-ups, payments and returns say, or a campaign has not paid
    /// what legs and gifts say; in fen.
    WalletDiffers {
        what: &'static str,
        orders: i128,
        kept: i128,
    },
    /// What a limited account has taken is not what its attempts say: fen and number.
    UsageDiffers {
        account: String,
        attempts: (u64, u64),
        kept: (u64, u64),
    },
    /// What issuers hold for the merchant is not what our orders say, in fen.
    HoldsDiffer {
        orders: i128,
        books: i128,
    },
    /// The terminal's slips and the network's books differ, in fen; or it still has something open.
    SlipsDiffer {
        slips: Option<i128>,
        network: i128,
    },
    TrialBalance {
        code: &'static str,
    },
    /// What cards are down by is not what our ledger says was charged or is held, in fen.
    CardholdersDiffer {
        drawn: i128,
        ours: i128,
    },
    /// The network's clearing file and our orders differ about a message, in fen.
    ClearingDiffers {
        reference: String,
        theirs: Option<i128>,
        ours: Option<i128>,
    },
    /// A message that arrived twice was answered differently.
    RepeatDiffers,
    JobsLeft {
        jobs: u64,
    },
}

pub(crate) async fn audit(
    app: &App,
    world: &World,
    merchant: MerchantId,
) -> Result<Report, Failed> {
    let orders = app.store.orders_page(merchant, None, 100).await?;
    let mut findings = Vec::new();
    let theirs = channel_books(world);
    check_orders(&orders, &theirs, &mut findings);
    let (accounts, journals) = app.store.books().await?;
    let balance = |code: AccountCode, side: Side| -> i128 {
        accounts.iter().filter(|a| a.key.code() == code).map(|a| a.sums.balance(side)).sum()
    };
    // What channels hold for merchants themselves is not owed to us.
    let own = |o: &Aggregate| o.legs.iter().any(|l| l.self_collected);
    let numbers = orders.iter().filter(|o| own(o)).flat_map(own_numbers);
    let theirs_alone: i128 = numbers.filter_map(|no| theirs.get(&no)).sum();
    let held = theirs.values().sum::<i128>() - theirs_alone;
    let owed = balance(AccountCode::ChannelReceivable, Side::Debit);
    if held != owed {
        findings.push(Finding::ReceivableDiffers { theirs: held, ours: owed });
    }
    let transit =
        [AccountCode::RefundTransit, AccountCode::OrderTransit, AccountCode::TopUpRefundTransit];
    for account in accounts.iter().filter(|a| transit.contains(&a.key.code())) {
        let left = account.sums.balance(Side::Credit);
        if left != 0 {
            let account = account.key.to_string();
            findings.push(Finding::TransitLeft { account, balance: left });
        }
    }
    let memo: i128 = orders.iter().map(|o| merchants_part(o, false)).sum();
    let booked = balance(AccountCode::MemoSales, Side::Credit);
    if memo != booked {
        findings.push(Finding::MemoDiffers { orders: memo, books: booked });
    }
    let kept: i128 = orders.iter().map(|o| merchants_part(o, true)).sum();
    let booked = balance(AccountCode::MerchantPending, Side::Credit)
        + balance(AccountCode::MerchantAvailable, Side::Credit);
    if kept != booked {
        findings.push(Finding::MerchantDiffers { orders: kept, books: booked });
    }
    let held: i128 =
        orders.iter().filter(|o| stands(o)).map(|o| i128::from(o.order.amount.minor())).sum();
    let booked = balance(AccountCode::MemoCardHold, Side::Debit);
    if held != booked {
        findings.push(Finding::HoldsDiffer { orders: held, books: booked });
    }
    check_usages(app, &orders, &mut findings).await?;
    let held = [
        balance(AccountCode::Prepaid, Side::Credit)
            + balance(AccountCode::UserBalance, Side::Credit),
        balance(AccountCode::BonusLiability, Side::Credit),
    ];
    check_wallets(app, &orders, held, &mut findings).await?;
    let trial = ledger::trial_balance(&accounts);
    findings.extend(trial.findings.iter().map(|f| Finding::TrialBalance { code: f.code() }));
    let (jobs, _) = app.store.jobs_waiting().await?;
    // Each hold has one that lets it lapse.
    let is_hold = |o: &&Aggregate| o.order.hold.is_some_and(CardHold::is_hold);
    let held = orders.iter().filter(is_hold).filter(|o| o.order.state == OrderState::Paid).count();
    let jobs = jobs.saturating_sub(u64::try_from(held).unwrap_or(u64::MAX));
    if jobs > 0 {
        findings.push(Finding::JobsLeft { jobs });
    }
    Ok(Report { seed: 0, crashes: 0, counts: count(&orders), digest: digest(&journals), findings })
}

/// Every fen in a wallet came from a paid top-up and is neither spent nor returned.
async fn check_wallets(
    app: &App,
    orders: &[Aggregate],
    [principal, gift]: [i128; 2],
    findings: &mut Vec<Finding>,
) -> Result<(), Failed> {
    let mut said: BTreeMap<&'static str, (i128, i128)> = BTreeMap::new();
    let mut add = |what, orders: i128, kept: i128| {
        let (a, b) = said.entry(what).or_default();
        (*a, *b) = (*a + orders, *b + kept);
    };
    let fen = |amount: money::Amount| i128::from(amount.minor());
    let ids: BTreeSet<_> = orders.iter().filter_map(|o| Some(o.order.top_up?.wallet)).collect();
    for id in ids {
        let wallet = app.store.wallet(id).await?.ok_or("a wallet")?;
        add("principal", principal, fen(wallet.principal()));
        add("gift", gift, fen(wallet.gift()));
        for lot in &wallet.lots {
            add("top-ups", 0, fen(lot.amount));
            add("spent", 0, fen(lot.spent) + fen(lot.gift_spent));
            add("returned", 0, fen(lot.returned));
        }
    }
    for campaign in app.store.campaigns(1).await? {
        add("campaign", 0, fen(campaign.used));
    }
    for order in orders {
        let paid = order.order.state == OrderState::Paid;
        if let Some(top_up) = order.order.top_up {
            add("top-ups", if paid { fen(order.order.amount) } else { 0 }, 0);
            add("campaign", if paid { fen(top_up.gift) } else { 0 }, 0);
            let open = |r: &&orders::Refund| r.kind == RefundKind::TopUpReturn;
            let done = order.refunds.iter().filter(open);
            let done = done.filter(|r| r.state != RefundState::Failed);
            add("returned", done.map(|r| fen(r.amount)).sum(), 0);
        }
        for leg in order.legs.iter().filter(|l| l.state == LegState::Paid) {
            let left = fen(leg.amount) - fen(leg.refunded);
            add("spent", if leg.wallet.is_some() { left } else { 0 }, 0);
            add("campaign", if leg.campaign.is_some() { left } else { 0 }, 0);
        }
    }
    let differs = said.into_iter().filter(|(_, (orders, kept))| orders != kept);
    findings.extend(differs.map(|(what, (orders, kept))| Finding::WalletDiffers {
        what,
        orders,
        kept,
    }));
    Ok(())
}

/// What limited accounts have taken is what their paid attempts say, nothing waits, and no limit is
/// exceeded.
async fn check_usages(
    app: &App,
    orders: &[Aggregate],
    findings: &mut Vec<Finding>,
) -> Result<(), Failed> {
    let mut taken: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for attempt in orders.iter().flat_map(|o| &o.attempts).filter(|a| a.reserved_on.is_some()) {
        let account = app.store.channel_account(attempt.channel_account).await?;
        let account = account.ok_or("an attempt's account")?;
        let owner = format!("{}:{}", account.channel, account.account_no);
        let (amount, count) = taken.entry(owner).or_default();
        if attempt.state == AttemptState::Paid {
            (*amount, *count) = (*amount + attempt.amount.minor(), *count + 1);
        }
    }
    for (owner, said) in taken {
        let usage = app.shown_limits(&owner).await?.usage;
        let kept = (usage.total.amount, usage.total.count);
        if kept != said || usage.pending.count != 0 || usage.today.count > TAKEN_MAX {
            findings.push(Finding::UsageDiffers { account: owner, attempts: said, kept });
        }
    }
    Ok(())
}

fn count(orders: &[Aggregate]) -> Counts {
    let paid = |o: &&Aggregate| o.order.state == OrderState::Paid;
    let combined = |o: &&Aggregate| o.order.shape == OrderShape::Combined;
    let refunds = || orders.iter().flat_map(|o| &o.refunds);
    let back = |o: &&Aggregate| o.refunds.iter().any(|r| r.origin == RefundOrigin::Abandoned);
    Counts {
        paid: orders.iter().filter(paid).count(),
        combined: orders.iter().filter(paid).filter(combined).count(),
        abandoned: orders.iter().filter(back).count(),
        refunds: refunds().count(),
        fanned_out: refunds().filter(|r| r.part > 1).count(),
        failed_over: orders.iter().filter(|o| failed_over(o)).count(),
        top_ups: orders.iter().filter(paid).filter(|o| o.order.top_up.is_some()).count(),
        by_wallet: orders.iter().flat_map(|o| &o.legs).filter(|l| paid_by_wallet(l)).count(),
        top_up_returns: refunds().filter(|r| r.kind == RefundKind::TopUpReturn).count(),
        desk: DeskCounts::default(),
        voids: refunds().filter(|r| r.kind == RefundKind::Void).count(),
    }
}

fn paid_by_wallet(leg: &Leg) -> bool {
    leg.state == LegState::Paid && leg.wallet.is_some()
}

/// Whether a leg was tried through more than one account.
fn failed_over(order: &Aggregate) -> bool {
    order.legs.iter().any(|leg| order.attempts.iter().filter(|a| a.leg == leg.id).count() > 1)
}

/// What each channel holds per order of ours, by its own books: payments less refunds.
fn channel_books(world: &World) -> BTreeMap<String, i128> {
    let mut held = BTreeMap::new();
    for line in lock(&world.outside).sandbox.books() {
        let fen = i128::from(line.amount.minor());
        let change = match line.kind {
            BookKind::Pay => fen,
            BookKind::Refund => -fen,
        };
        *held.entry(line.order_no).or_default() += change;
    }
    held
}

fn check_orders(
    orders: &[Aggregate],
    theirs: &BTreeMap<String, i128>,
    findings: &mut Vec<Finding>,
) {
    for order in orders {
        if matches!(order.order.state, OrderState::Paying | OrderState::Closing) {
            findings.push(Finding::Undecided { what: order.id().to_string() });
        }
        for refund in &order.refunds {
            match refund.state {
                RefundState::Succeeded | RefundState::Failed | RefundState::Undone => {}
                RefundState::Queued
                | RefundState::Sending
                | RefundState::Processing
                | RefundState::Unknown
                | RefundState::Undoing
                | RefundState::Manual => {
                    let (id, state, tries) = (refund.id, refund.state, refund.tries);
                    let channel = order.legs.first().map(|l| l.tender.to_string());
                    let origin = refund.origin;
                    let what =
                        format!("{id} {origin:?} {state:?} after {tries} tries, {channel:?}");
                    findings.push(Finding::Undecided { what });
                }
            }
        }
        let numbers = order.attempts.iter().map(number_of);
        let held: i128 = numbers.filter_map(|no| theirs.get(&no)).sum();
        let ours = channels_part(order);
        if held != ours {
            findings.push(Finding::OrderDiffers {
                order: order.id().to_string(),
                state: format!("{:?}", order.order.state),
                theirs: held,
                ours,
            });
        }
    }
}

/// What of an order is the merchant's, by tenders that pass through us or by others: nothing unless
/// the order is paid, else what was paid less what went back.
fn merchants_part(order: &Aggregate, ours: bool) -> i128 {
    if order.order.top_up.is_some() { 0 } else { part_of(order, ours) }
}

/// The same, whoever's it is.
fn part_of(order: &Aggregate, ours: bool) -> i128 {
    if order.order.state != OrderState::Paid || order.order.hold.is_some_and(CardHold::is_hold) {
        return 0;
    }
    let legs = order.legs.iter();
    let paid = legs.filter(|l| l.is_ours() == ours && l.state == LegState::Paid);
    let left = |l: &Leg| {
        i128::from(l.amount.minor())
            - i128::from(l.refunded.minor())
            - i128::from(l.refunding.minor())
    };
    paid.map(left).sum()
}

/// What channels took for an order and did not give back, whoever they owe it to.
fn channels_part(order: &Aggregate) -> i128 {
    let only = |self_collected: bool| {
        let mut part = order.clone();
        let at_channel = |l: &Leg| l.tender.channel().is_some();
        part.legs.retain(|l| at_channel(l) && l.self_collected == self_collected);
        part_of(&part, !self_collected)
    };
    only(false) + only(true)
}

/// The channels' numbers of the attempts that merchants collect themselves.
fn own_numbers(order: &Aggregate) -> Vec<String> {
    let own = |leg| order.leg(leg).is_some_and(|l| l.self_collected);
    order.attempts.iter().filter(|a| own(a.leg)).map(number_of).collect()
}

/// By what a channel's books know an attempt.
fn number_of(attempt: &Attempt) -> String {
    if attempt.way.is_card() { attempt.id.card_reference() } else { attempt.id.channel_no() }
}

/// Whether an order is a hold that the issuer still keeps.
fn stands(order: &Aggregate) -> bool {
    let whole = order.legs.iter().all(|leg| leg.refundable() == leg.amount);
    order.order.state == OrderState::Paid && order.order.hold == Some(CardHold::Standing) && whole
}

/// The card network took what the slips say, and nothing else.
pub(crate) fn check_slips(world: &World, slips: Option<i128>) -> Option<Finding> {
    let lines = lock(&world.outside).sandbox.books();
    let signed = |line: &sandbox::BookLine| match line.kind {
        BookKind::Pay => i128::from(line.amount.minor()),
        BookKind::Refund => -i128::from(line.amount.minor()),
    };
    let network = lines.iter().filter(|line| line.channel == "card").map(signed).sum();
    (slips != Some(network)).then_some(Finding::SlipsDiffer { slips, network })
}

fn digest(journals: &[store::PostedJournal]) -> String {
    let mut text = Vec::new();
    for journal in journals {
        text.extend_from_slice(format!("{journal:?}\n").as_bytes());
    }
    crypto::digest::to_hex(&crypto::digest::sha256(&text))
}
