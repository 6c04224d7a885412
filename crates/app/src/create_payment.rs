//! Take a payment: commit the attempt, ask the channel, write what it said.

use std::sync::Arc;

use ids::{
    AttemptId, CampaignId, ChannelAccountId, ChannelCode, IdSource, LegId, MerchantId, MerchantNo,
    OrderId, PlateId, TerminalId, WalletId,
};
use jiff::{SignedDuration, Timestamp};
use merchants::MerchantState;
use money::Amount;
use orders::channel::{
    Call, CardRead, CardSubject, Charge, Details, Instrument, PayWay, Prepare, Subject,
};
use orders::{
    Aggregate, Attempt, AttemptState, CardHold, CreateRefusal, Leg, LegState, Order, OrderShape,
    OrderState, Source, Tender, TopUp, WalletRefusal, WalletUse, schedule,
};
use secret::PayerCode;
use store::{Changes, CheckoutRow, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::bookings::china_time;
use crate::consequences::{Ground, follow, order_job};
use crate::directory::Account;
use crate::error::{Failure, Refused, UseCaseError};
use crate::holders::Holders;
use crate::routing::{Plan, TRIES_MAX, may_fail_over};
use crate::take_reply::{FailOver, Taken};
use crate::{App, CALL_LEFT};

/// What a merchant asks for. The edge has checked the form of each part.
#[derive(Debug, Clone)]
pub struct CreatePayment {
    pub merchant: MerchantId,
    pub merchant_no: MerchantNo,
    /// SHA-256 of the canonical request.
    pub content_hash: [u8; 32],
    pub amount: Amount,
    pub description: String,
    pub attach: Option<String>,
    pub notify_url: Option<String>,
    pub terminal: Option<TerminalId>,
    pub terminal_ip: String,
    pub paid_by: PaidBy,
    /// When a dynamic QR stops being payable, or a combined order is given up.
    pub expires_at: Option<Timestamp>,
    /// What it fills, where it is no sale.
    pub top_up: Option<TopUp>,
    /// What a payer chose on a cashier page, or its opener asked of that.
    pub checkout: Option<Checkout>,
}

/// What belongs to a cashier page beside the order itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    pub plate: Option<PlateId>,
    /// 小费: the part of the amount that the payer gave on top.
    pub tip_minor: u64,
    /// Where the payer's browser goes when all is paid. That it goes there proves no payment.
    pub return_url: Option<String>,
}

/// By how many means.
#[derive(Debug, Clone)]
pub enum PaidBy {
    One(Means),
    /// 组合支付: these legs now, others later.
    Legs(Vec<NewLeg>),
}

/// A leg of a combined order.
#[derive(Debug, Clone)]
pub struct NewLeg {
    /// The till's own number within the order.
    pub no: u16,
    /// SHA-256 of the canonical request.
    pub content_hash: [u8; 32],
    pub amount: Amount,
    pub means: Means,
}

/// How the payer pays.
#[derive(Debug, Clone)]
pub enum Means {
    /// The payer's code was scanned; its first digits name the channel.
    PayerCode(PayerCode),
    /// A code is to be shown for the payers of one channel.
    DynamicQr(ChannelCode),
    /// The payer's app reads a code of ours, and its channel asks us for the order.
    OwnCode(ChannelCode),
    /// The payer's page inside the channel's app asks it to pay.
    Jsapi { channel: ChannelCode, payer: String, page: Option<JsapiPage> },
    /// The payer's browser opens a link: on a phone to the channel's app, on a desktop to its page.
    H5 { channel: ChannelCode, desktop: bool, return_url: Option<String> },
    /// Notes in the merchant's drawer.
    Cash,
    /// The merchant asks less, by a coupon of his own.
    MerchantCoupon { number: Option<String> },
    /// A bank card at a terminal of the merchant's own acquirer; the slip's reference number.
    BankCard { reference: String },
    /// A prepaid card or a balance.
    Wallet(WalletId),
    /// The platform pays, out of a campaign's budget.
    PlatformCoupon { campaign: CampaignId, number: Option<String> },
    /// A terminal of ours read the payer's card.
    Card(Box<CardMeans>),
}

/// The page of ours on which a payer pays inside the channel's app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsapiPage {
    /// The app at the channel in which the payer has his name: only its accounts can ask him.
    pub scope: String,
    /// Where the payer's browser goes on, where the channel leaves the page.
    pub return_url: String,
}

/// A card as it was read, and what is to be done with it.
#[derive(Debug, Clone)]
pub struct CardMeans {
    /// One of the ways of cards.
    pub way: PayWay,
    /// What it has to do with a hold.
    pub hold: Option<CardHold>,
    pub card: Arc<CardSubject>,
    pub read: CardRead,
}

impl CreatePayment {
    pub(crate) fn checkout_row(&self, order: OrderId) -> Option<CheckoutRow> {
        self.checkout.as_ref().map(|checkout| CheckoutRow {
            order,
            plate: checkout.plate,
            tip_minor: checkout.tip_minor,
            return_url: checkout.return_url.clone(),
        })
    }
}

impl App {
    /// Takes a payment. The same number with the same content gives the same payment, as it is now.
    ///
    /// # Errors
    /// [`CreateRefusal`] and [`Refused::MerchantSuspended`] as refusals; a failure of the store. An
    /// answer that the channel did not give is no error: the payment is then still being paid.
    pub async fn create_payment(&self, input: CreatePayment) -> Result<Aggregate, UseCaseError> {
        match &input.paid_by {
            PaidBy::One(means) => match self.create_single(&input, means).await {
                Err(UseCaseError::Refused(refusal)) => self.known_instead(&input, refusal).await,
                created => created,
            },
            PaidBy::Legs(legs) => self.create_combined(&input, legs).await,
        }
    }

    /// What a new payment would be refused for (the merchant is suspended, the channel closed, the hour
    /// late) says nothing of one that is there: its payer may have paid, and a till that lost the answer
    /// must not be told that nothing was taken.
    pub(crate) async fn known_instead(
        &self,
        input: &CreatePayment,
        refusal: Refused,
    ) -> Result<Aggregate, UseCaseError> {
        let known = self.store.order_by_no(input.merchant, input.merchant_no.clone()).await?;
        let same = known.filter(|known| known.order.content_hash == input.content_hash);
        same.ok_or_else(|| refusal.into())
    }

    async fn create_single(
        &self,
        input: &CreatePayment,
        means: &Means,
    ) -> Result<Aggregate, UseCaseError> {
        self.admit(input.merchant, input.terminal).await?;
        self.permit_tender(input.terminal, means).await?;
        let plan = self.plan(input.merchant, input.terminal, means).await?;
        let plan = match (plan, input.top_up) {
            (plan, None) => plan,
            (Some(plan), Some(_)) => Some(plan.through_us()?),
            // Cash, coupons and other wallets fill no wallet.
            (None, Some(_)) => return Err(CreateRefusal::WayNotOffered.into()),
        };
        let through = Through::of(plan.as_ref());
        let aggregate = draft(&self.ids, input, (means, through), self.now());
        let attempt = aggregate.attempts.first().map(|a| a.id);
        let ground = self.ground_of(&aggregate);
        let checkout = input.checkout_row(aggregate.id());
        let command = Create { ground, aggregate, plan: plan.clone(), checkout };
        let created = match self.store.write(command).await? {
            Created::New(aggregate) => aggregate,
            Created::Known(aggregate) => return Ok(aggregate),
            Created::Refused(refusal) => return Err(refusal.into()),
        };
        match attempt.zip(plan) {
            Some((attempt, plan)) => {
                let expires_at = created.order.expires_at;
                let with = (means, input.terminal_ip.as_str(), expires_at);
                Ok(self.start(plan, (created, attempt), with).await?.0)
            }
            None => Ok(created),
        }
    }

    /// Makes an attempt's first call, and writes what came of it. Where the account surely took
    /// nothing for reasons of its own, the next one is tried, under an attempt of its own. With the
    /// trade of a terminal that asked.
    pub(crate) async fn start(
        &self,
        plan: Arc<Plan>,
        (aggregate, id): (Aggregate, AttemptId),
        with: (&Means, &str, Timestamp),
    ) -> Result<Taken, UseCaseError> {
        let (mut plan, mut aggregate, mut id) = (plan, aggregate, id);
        let mut trade = None;
        for tries in 1..=TRIES_MAX {
            let account = aggregate.attempt(id).map(|a| a.channel_account);
            let account = account.ok_or(Failure::unusable("a new attempt"))?;
            let account = self.account(account).await?;
            let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
            let call = self.first_call(&account, (&aggregate, id), with)?;
            let Some(call) = call else { break };
            let reply = self.ask_about_payment(&account, &call).await;
            let next = if tries < TRIES_MAX && may_fail_over(&account, &reply) {
                plan = plan.without(&account.ledger_owner);
                let new = AttemptId::generate(&self.ids, self.now().as_millisecond());
                plan.first().is_some().then(|| FailOver { plan: Arc::clone(&plan), next: new })
            } else {
                None
            };
            let (known, said) = ((&aggregate, id), (Source::Charge, reply));
            let next_id = next.as_ref().map(|next| next.next);
            (aggregate, trade) = self.take_first_reply(&account, known, said, next).await?;
            match next_id.filter(|next| aggregate.attempt(*next).is_some()) {
                Some(next) => id = next,
                None => break,
            }
        }
        Ok((aggregate, trade))
    }

    /// The call that a new attempt begins with; none for what no channel is asked about.
    fn first_call(
        &self,
        account: &Account,
        (aggregate, id): (&Aggregate, AttemptId),
        (means, terminal_ip, expires_at): (&Means, &str, Timestamp),
    ) -> Result<Option<Call>, Failure> {
        let order = &aggregate.order;
        let attempt = aggregate.attempt(id).ok_or(Failure::unusable("a new attempt"))?;
        let subject = subject(attempt);
        let details = Details {
            description: order.description.clone(),
            expires_at,
            notify_url: self.notice_url(account),
            terminal_ip: terminal_ip.to_owned(),
            terminal: order.terminal.map(|id| id.to_string()),
        };
        Ok(Some(match means {
            Means::PayerCode(code) => {
                let instrument = Instrument::PayerCode(code.clone());
                Call::Charge(Charge { subject, instrument, details })
            }
            Means::Card(means) => {
                let subject = Subject { card: Some(Arc::clone(&means.card)), ..subject };
                let instrument = Instrument::Card(Box::new(means.read.clone()));
                Call::Charge(Charge { subject, instrument, details })
            }
            Means::DynamicQr(_) | Means::OwnCode(_) | Means::H5 { .. } => {
                let return_url = means.return_url();
                Call::Prepare(Prepare { subject, payer: None, details, return_url })
            }
            Means::Jsapi { payer, page, .. } => {
                let payer = Some(payer.clone());
                let return_url = page.as_ref().map(|page| page.return_url.clone());
                Call::Prepare(Prepare { subject, payer, details, return_url })
            }
            Means::Cash
            | Means::BankCard { .. }
            | Means::MerchantCoupon { .. }
            | Means::Wallet(_)
            | Means::PlatformCoupon { .. } => return Ok(None),
        }))
    }

    /// Whether the merchant takes payments now, at this terminal.
    pub(crate) async fn admit(
        &self,
        merchant: MerchantId,
        terminal: Option<TerminalId>,
    ) -> Result<(), UseCaseError> {
        let found = self.merchant(merchant).await?;
        if found.is_none_or(|m| m.state == MerchantState::Suspended) {
            return Err(Refused::MerchantSuspended.into());
        }
        if let Some(id) = terminal {
            let terminal = self.terminal(id).await?;
            let own = |t: &merchants::Terminal| t.merchant == merchant && t.revoked_at.is_none();
            if !terminal.as_ref().is_some_and(own) {
                return Err(CreateRefusal::TerminalNotFound.into());
            }
        }
        let rules = self.trade_rules(merchant).await?;
        if rules.is_blackout(china_time(self.now())) {
            return Err(CreateRefusal::Blackout.into());
        }
        Ok(())
    }
}

impl App {
    /// Whether the terminal's system takes this tender: what is enabled is settled per kind of terminal.
    pub(crate) async fn permit_tender(
        &self,
        terminal: Option<TerminalId>,
        means: &Means,
    ) -> Result<(), UseCaseError> {
        let Some(id) = terminal else { return Ok(()) };
        let Some(terminal) = self.terminal(id).await? else { return Ok(()) };
        let settings = self.cashier_settings(terminal.merchant, terminal.store).await?;
        let tender = means.tender(means.channel()?.as_ref());
        if settings.takes(terminal.kind, &tender) {
            Ok(())
        } else {
            Err(CreateRefusal::TenderNotEnabled.into())
        }
    }
}

impl Means {
    /// The channel that is asked; none for what no channel is asked about.
    pub(crate) fn channel(&self) -> Result<Option<ChannelCode>, CreateRefusal> {
        Ok(match self {
            Self::PayerCode(code) => {
                let channel = channels::Channel::of_payer_code(code);
                Some(channel.ok_or(CreateRefusal::PayerCodeUnknown)?.channel_code())
            }
            Self::DynamicQr(channel)
            | Self::OwnCode(channel)
            | Self::H5 { channel, .. }
            | Self::Jsapi { channel, .. } => Some(channel.clone()),
            Self::Card(_) => Some(channels::Channel::Card.channel_code()),
            Self::Cash
            | Self::BankCard { .. }
            | Self::MerchantCoupon { .. }
            | Self::Wallet(_)
            | Self::PlatformCoupon { .. } => None,
        })
    }

    /// The card that a terminal read.
    pub(crate) fn card(&self) -> Option<&CardSubject> {
        match self {
            Self::Card(card) => Some(&card.card),
            Self::PayerCode(_)
            | Self::DynamicQr(_)
            | Self::OwnCode(_)
            | Self::Jsapi { .. }
            | Self::H5 { .. }
            | Self::Cash
            | Self::BankCard { .. }
            | Self::MerchantCoupon { .. }
            | Self::Wallet(_)
            | Self::PlatformCoupon { .. } => None,
        }
    }

    pub(crate) const fn way(&self) -> Option<PayWay> {
        match self {
            Self::PayerCode(_) => Some(PayWay::PayerCode),
            Self::DynamicQr(_) => Some(PayWay::DynamicQr),
            Self::OwnCode(_) => Some(PayWay::OwnCode),
            Self::Jsapi { .. } => Some(PayWay::Jsapi),
            Self::H5 { desktop: false, .. } => Some(PayWay::H5),
            Self::H5 { desktop: true, .. } => Some(PayWay::Page),
            Self::Card(card) => Some(card.way),
            Self::Cash
            | Self::BankCard { .. }
            | Self::MerchantCoupon { .. }
            | Self::Wallet(_)
            | Self::PlatformCoupon { .. } => None,
        }
    }

    fn tender(&self, channel: Option<&ChannelCode>) -> Tender {
        match (self, channel) {
            (Self::MerchantCoupon { .. }, _) => Tender::MerchantCoupon,
            (Self::PlatformCoupon { .. }, _) => Tender::PlatformCoupon,
            (Self::Wallet(_), _) => Tender::Wallet,
            (Self::BankCard { .. }, _) => Tender::BankCard,
            (Self::Cash, _) | (_, None) => Tender::Cash,
            (Self::Card(card), Some(channel)) if card.way == PayWay::CardHold => {
                Tender::CardHold(channel.clone())
            }
            (_, Some(channel)) => Tender::Channel(channel.clone()),
        }
    }

    fn return_url(&self) -> Option<String> {
        match self {
            Self::H5 { return_url, .. } => return_url.clone(),
            Self::PayerCode(_)
            | Self::DynamicQr(_)
            | Self::OwnCode(_)
            | Self::Jsapi { .. }
            | Self::Cash
            | Self::BankCard { .. }
            | Self::MerchantCoupon { .. }
            | Self::Wallet(_)
            | Self::Card(_)
            | Self::PlatformCoupon { .. } => None,
        }
    }

    const fn wallet(&self) -> Option<WalletId> {
        match self {
            Self::Wallet(wallet) => Some(*wallet),
            Self::PayerCode(_)
            | Self::DynamicQr(_)
            | Self::OwnCode(_)
            | Self::Jsapi { .. }
            | Self::H5 { .. }
            | Self::Cash
            | Self::BankCard { .. }
            | Self::MerchantCoupon { .. }
            | Self::Card(_)
            | Self::PlatformCoupon { .. } => None,
        }
    }

    const fn campaign(&self) -> Option<CampaignId> {
        match self {
            Self::PlatformCoupon { campaign, .. } => Some(*campaign),
            Self::PayerCode(_)
            | Self::DynamicQr(_)
            | Self::OwnCode(_)
            | Self::Jsapi { .. }
            | Self::H5 { .. }
            | Self::Cash
            | Self::BankCard { .. }
            | Self::MerchantCoupon { .. }
            | Self::Card(_)
            | Self::Wallet(_) => None,
        }
    }

    fn reference(&self) -> Option<String> {
        match self {
            Self::MerchantCoupon { number } | Self::PlatformCoupon { number, .. } => number.clone(),
            Self::BankCard { reference } => Some(reference.clone()),
            Self::Wallet(_)
            | Self::PayerCode(_)
            | Self::DynamicQr(_)
            | Self::OwnCode(_)
            | Self::Jsapi { .. }
            | Self::H5 { .. }
            | Self::Card(_)
            | Self::Cash => None,
        }
    }
}

/// The account and the channel that a leg is to go through.
#[derive(Debug, Clone, Copy)]
pub struct Through<'a> {
    pub account: ChannelAccountId,
    pub channel: &'a ChannelCode,
    /// The account is the merchant's own.
    pub self_collected: bool,
}

impl<'a> Through<'a> {
    pub(crate) fn of(plan: Option<&'a Arc<Plan>>) -> Option<Self> {
        let way = plan?.first()?;
        let Account { id, channel, .. } = way.account.as_ref();
        Some(Self { account: *id, channel, self_collected: way.self_collected })
    }
}

/// A new single order with its leg and its attempt, as it is committed before the channel is called.
#[must_use]
pub fn draft(
    ids: &IdSource,
    input: &CreatePayment,
    (means, through): (&Means, Option<Through<'_>>),
    now: Timestamp,
) -> Aggregate {
    let order = draft_order(ids, input, now);
    let leg = NewLeg {
        no: 1,
        content_hash: input.content_hash,
        amount: input.amount,
        means: means.clone(),
    };
    let (leg, attempt) = draft_leg(ids, order.id, (&leg, through), now);
    // The order's own hash covers its only leg.
    let leg = Leg { content_hash: None, ..leg };
    let attempts = attempt.into_iter().collect();
    Aggregate { order, legs: vec![leg], attempts, refunds: Vec::new() }
}

pub(crate) fn draft_leg(
    ids: &IdSource,
    order: OrderId,
    (new, through): (&NewLeg, Option<Through<'_>>),
    now: Timestamp,
) -> (Leg, Option<Attempt>) {
    let ms = now.as_millisecond();
    let zero = Amount::zero(new.amount.currency());
    let leg = Leg {
        id: LegId::generate(ids, ms),
        order,
        no: new.no,
        content_hash: Some(new.content_hash),
        tender: new.means.tender(through.map(|t| t.channel)),
        self_collected: through.is_some_and(|t| t.self_collected),
        reference: new.means.reference(),
        wallet: new.means.wallet().map(WalletUse::unpaid),
        campaign: new.means.campaign(),
        amount: new.amount,
        state: LegState::Paying,
        booked_at: None,
        fee: None,
        cost: None,
        refunding: zero,
        refunded: zero,
    };
    let attempt = new.means.way().zip(through).map(|(way, through)| Attempt {
        id: AttemptId::generate(ids, ms),
        order,
        leg: leg.id,
        channel_account: through.account,
        way,
        amount: new.amount,
        state: AttemptState::Sending,
        invoke: None,
        trade_no: None,
        paid_at: None,
        payer: None,
        refusal: None,
        created_at: now,
        updated_at: now,
        reserved_on: None,
        route: None,
    });
    (leg, attempt)
}

pub(crate) fn draft_order(ids: &IdSource, input: &CreatePayment, now: Timestamp) -> Order {
    let (shape, wait) = match &input.paid_by {
        PaidBy::One(
            Means::DynamicQr(_) | Means::OwnCode(_) | Means::Jsapi { .. } | Means::H5 { .. },
        ) => (OrderShape::Single, schedule::QR_WAIT_DEFAULT),
        PaidBy::One(
            Means::PayerCode(_)
            | Means::Card(_)
            | Means::Cash
            | Means::BankCard { .. }
            | Means::MerchantCoupon { .. }
            | Means::Wallet(_)
            | Means::PlatformCoupon { .. },
        ) => (OrderShape::Single, schedule::PAYER_CODE_WAIT),
        PaidBy::Legs(_) => (OrderShape::Combined, schedule::QR_WAIT_DEFAULT),
    };
    let hold = match &input.paid_by {
        PaidBy::One(Means::Card(card)) => card.hold,
        PaidBy::One(_) | PaidBy::Legs(_) => None,
    };
    let wait = if hold == Some(CardHold::Standing) { schedule::HOLD_WAIT } else { wait };
    let after = |wait: SignedDuration| now.saturating_add(wait).unwrap_or(now);
    Order {
        id: OrderId::generate(ids, now.as_millisecond()),
        merchant: input.merchant,
        merchant_no: input.merchant_no.clone(),
        content_hash: input.content_hash,
        amount: input.amount,
        description: input.description.clone(),
        attach: input.attach.clone(),
        notify_url: input.notify_url.clone(),
        terminal: input.terminal,
        shape,
        top_up: input.top_up,
        hold,
        state: OrderState::Paying,
        created_at: now,
        expires_at: input.expires_at.unwrap_or_else(|| after(wait)),
        paid_at: None,
        updated_at: now,
    }
}

/// What every call about an attempt says; a card's is added by [`App::subject_of`].
pub(crate) fn subject(attempt: &Attempt) -> Subject {
    Subject { attempt: attempt.id, amount: attempt.amount, way: attempt.way, card: None }
}

/// Writes the order with its attempt, and the job that finds out if nobody comes back to it.
pub(crate) struct Create {
    pub(crate) ground: Ground,
    pub(crate) aggregate: Aggregate,
    pub(crate) plan: Option<Arc<Plan>>,
    pub(crate) checkout: Option<CheckoutRow>,
}

pub(crate) enum Created {
    New(Aggregate),
    Known(Aggregate),
    Refused(CreateRefusal),
}

impl Command for Create {
    type Answer = Created;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        let order = &self.aggregate.order;
        reads.order_nos.insert((order.merchant, order.merchant_no.clone()));
        self.ground.reads(reads);
        if self.aggregate.attempts.is_empty() {
            reads.shifts_of.extend(self.ground.terminal);
        }
        if let Some(plan) = &self.plan {
            plan.reads(reads);
        }
    }

    fn decide(&self, view: &View<'_>) -> Decision<Created> {
        let order = &self.aggregate.order;
        if let Some(known) = view.order_by_no(order.merchant, &order.merchant_no) {
            return Decision::answer(if known.order.content_hash == order.content_hash {
                Created::Known(known.clone())
            } else {
                Created::Refused(CreateRefusal::OrderNoUsed)
            });
        }
        // Not at the edge: a repeat of an old request gets the old payment.
        if order.expires_at <= self.ground.at {
            return Decision::answer(Created::Refused(CreateRefusal::ExpiryPast));
        }
        let taken_at_once = match (self.aggregate.legs.first(), self.aggregate.attempts.first()) {
            (Some(leg), None) => Some(leg.id),
            (_, _) => None,
        };
        let done = match taken_at_once {
            Some(leg) => self.taken(view, leg),
            None => self.routed(view),
        };
        match done {
            Err(refusal) => Decision::answer(Created::Refused(refusal)),
            Ok((aggregate, mut changes)) => {
                changes.checkouts.extend(self.checkout.clone());
                Decision { changes, answer: Created::New(aggregate) }
            }
        }
    }
}

impl Create {
    /// The order as it is paid by what needs nobody's answer.
    fn taken(&self, view: &View<'_>, id: LegId) -> Result<(Aggregate, Changes), CreateRefusal> {
        let (mut aggregate, mut holders) = (self.aggregate.clone(), Holders::default());
        let merchant = aggregate.order.merchant;
        for leg in aggregate.legs.iter_mut().filter(|leg| leg.id == id) {
            holders.take(view, (merchant, leg), self.ground.at)?;
        }
        let (aggregate, facts) = aggregate.take_leg(id, self.ground.at);
        let (aggregate, mut changes) = follow(view, &self.ground, aggregate, facts);
        holders.write(&mut changes);
        Ok((aggregate, changes))
    }

    /// Whether the wallet takes the money of a top-up, and the campaign pays its gift.
    fn permit_top_up(&self, view: &View<'_>) -> Result<Holders, CreateRefusal> {
        let (order, mut holders) = (&self.aggregate.order, Holders::default());
        let Some(top_up) = order.top_up else { return Ok(holders) };
        let wallet = view.wallet(top_up.wallet).filter(|w| w.merchant == order.merchant);
        let wallet = wallet.ok_or(CreateRefusal::Wallet(WalletRefusal::WalletNotFound))?;
        wallet.takes_money(order.amount, self.ground.at).map_err(CreateRefusal::Wallet)?;
        if let Some(campaign) = top_up.campaign {
            holders.spend(view, (order.merchant, campaign), top_up.gift, self.ground.at)?;
        }
        Ok(holders)
    }

    /// The order as it is written before a channel is called.
    fn routed(&self, view: &View<'_>) -> Result<(Aggregate, Changes), CreateRefusal> {
        let holders = self.permit_top_up(view)?;
        let (at, mut aggregate) = (self.ground.at, self.aggregate.clone());
        let Aggregate { legs, attempts, .. } = &mut aggregate;
        let ends = (self.plan.as_ref(), legs.first_mut(), attempts.first_mut());
        let used = match ends {
            (Some(plan), Some(leg), Some(attempt)) => plan.assign(view, (leg, attempt), at)?,
            (_, _, _) => None,
        };
        let left = at.saturating_add(CALL_LEFT).unwrap_or(at);
        let jobs = aggregate.attempts.iter().map(|a| attempt_job(&aggregate, a.id, left));
        let mut jobs: Vec<JobChange> = jobs.collect();
        if aggregate.order.shape == OrderShape::Combined {
            jobs.push(order_job(&self.ground, &aggregate, aggregate.order.expires_at));
        }
        let (orders, usages) = (vec![aggregate.clone()], used.into_iter().collect());
        let mut changes = Changes { jobs, orders, usages, ..Changes::default() };
        holders.write(&mut changes);
        Ok((aggregate, changes))
    }
}

/// The job that finds out what became of a new attempt if nobody comes back to it.
pub(crate) fn attempt_job(aggregate: &Aggregate, id: AttemptId, due_at: Timestamp) -> JobChange {
    let order = Some(aggregate.id());
    let subject = id.to_i64();
    JobChange::Put(Job { kind: JobKind::Attempt, subject, order, due_at, looks: 0 })
}
