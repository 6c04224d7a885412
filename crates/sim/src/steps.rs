//! The trio that every use case of several steps must pass: each step twice, a failure at each step,
//! and a crash before and after each step. The steps are counted in a run where nothing goes wrong;
//! then the use case is played once per step and way to go wrong. Whatever happened, the merchant
//! asks again, everything comes to rest, and the auditor compares our books with the channels'.

use std::sync::{Arc, Mutex};

use app::cashier::{Begin, PayAs, PayBy, Payer};
use app::{App, CreatePayment, CreateRefund, Means, NewTopUp, PaidBy, PaymentRef, Return};
use bytes::Bytes;
use channels::Channel;
use ids::{MerchantId, MerchantNo};
use jiff::SignedDuration;
use money::{Amount, Currency};
use orders::{Aggregate, OrderState, RefundOrigin, RefundState};
use sandbox::{Delivery, Fault, FaultRule, Insistence};

use crate::audit::{self, Finding};
use crate::day::{REST, after, block_on, calm, restart, spawn_service};
use crate::executor::{End, Executor, Time};
use crate::fate::{Steps, Wrong};
use crate::plan::payer_code;
use crate::random::Random;
use crate::world::{
    CHANNELS, Failed, OWN_CHANNEL, Outside, Purse, SHOP, Stage, World, fill_purse, lock,
    notify_url, set_up,
};

/// Polls of one life: a use case that needs more does not end.
pub(crate) const POLLS_MAX: u64 = 200_000;
/// Where payers' phones are.
const PAYER_IP: &str = "192.0.2.7";
/// How long a merchant waits for an answer before asking again.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// A use case with all that leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// The payer's code is scanned and the money is there.
    Scan,
    /// The payer's code is scanned and the payer cannot pay.
    ScanRefused,
    /// The payer's app asks for a password, and the payer enters it.
    ScanPassword,
    /// A code is shown, and the payer pays.
    Qr,
    /// A code is shown, and closed before anyone pays.
    QrClosed,
    /// A code is shown and closed, and the payer pays all the same.
    QrClosedThenPaid,
    /// A paid order is refunded in two parts.
    Refund,
    /// A refund is refused for want of money at the channel, and tried again.
    RefundRetried,
    /// A wallet is filled, pays, gets a part back, and is closed: what is not spent goes back.
    Wallet,
    /// A plate is scanned, and the payer pays on our page inside his app.
    Plate,
    /// The same; he hesitates, and somebody else pays in place of him.
    PlateInstead,
    /// A plate is scanned by an app of UnionPay's circle, and UnionPay asks us for the order.
    PlateAsked,
}

impl Story {
    pub const ALL: [Self; 12] = [
        Self::Scan,
        Self::ScanRefused,
        Self::ScanPassword,
        Self::Qr,
        Self::QrClosed,
        Self::QrClosedThenPaid,
        Self::Refund,
        Self::RefundRetried,
        Self::Wallet,
        Self::Plate,
        Self::PlateInstead,
        Self::PlateAsked,
    ];

    /// Whether it can be played: what fills a wallet has to come to us, and one channel pays the
    /// merchant directly; UnionPay alone asks for orders.
    #[must_use]
    pub fn is_played(self, channel: Channel) -> bool {
        match self {
            Self::Wallet => channel.code() != OWN_CHANNEL,
            Self::PlateAsked => channel == Channel::UnionPay,
            Self::Scan
            | Self::ScanRefused
            | Self::ScanPassword
            | Self::Qr
            | Self::QrClosed
            | Self::QrClosedThenPaid
            | Self::Refund
            | Self::RefundRetried
            | Self::Plate
            | Self::PlateInstead => true,
        }
    }

    /// Whether the order is begun at a plate, under a number that the plate's page makes.
    const fn is_at_plate(self) -> bool {
        matches!(self, Self::Plate | Self::PlateInstead | Self::PlateAsked)
    }

    /// The end that it has when nothing goes wrong.
    const fn end(self, channel: Channel) -> (OrderState, usize) {
        match self {
            Self::Scan
            | Self::ScanPassword
            | Self::Qr
            | Self::Plate
            | Self::PlateInstead
            | Self::PlateAsked => (OrderState::Paid, 0),
            Self::ScanRefused => (OrderState::Failed, 0),
            Self::QrClosed | Self::QrClosedThenPaid if matches!(channel, Channel::UnionPay) => {
                // There is no closing: the code runs out, or is paid while we wait for that.
                let paid = matches!(self, Self::QrClosedThenPaid);
                (if paid { OrderState::Paid } else { OrderState::Failed }, 0)
            }
            Self::QrClosed => (OrderState::Closed, 0),
            // The late money is returned by a refund of our own.
            Self::QrClosedThenPaid => (OrderState::Closed, 1),
            Self::Refund => (OrderState::Paid, 2),
            Self::RefundRetried => (OrderState::Paid, 1),
            Self::Wallet => (OrderState::Paid, 2),
        }
    }
}

/// One run of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Steps that its first life took.
    pub steps: u64,
    pub state: Option<OrderState>,
    /// Refunds that succeeded, and the calls that all refunds took.
    pub refunds: usize,
    pub tries: u32,
    pub findings: Vec<Finding>,
}

/// Plays a story on a channel, with one step going wrong or none. The merchant asks `times` at once.
///
/// # Errors
/// When the simulation itself cannot go on: a bug of it, or a failure of the store.
pub fn tell(
    stage: &Stage,
    (story, channel): (Story, Channel),
    plan: Option<(u64, Wrong)>,
    times: usize,
) -> Result<Told, Failed> {
    let world = World::new(stage, 1)?;
    calm(&world);
    if story == Story::RefundRetried {
        let call = refund_call(channel).to_owned();
        let rule = FaultRule { channel: None, call, fault: Fault::MerchantShort, times: 1 };
        lock(&world.outside).sandbox.faults.add(rule);
    }
    let mut random = Random::new(1);
    let mut executor = Executor::new(Arc::clone(&world.time));
    let (app, purse): (Arc<App>, Purse) = block_on(async {
        let app = world.process(world.store().await?)?;
        let merchant = set_up(&app, stage).await?;
        let purse = fill_purse(&app, merchant).await?;
        Ok::<_, Failed>((app, purse))
    })?;
    let merchant = purse.merchant;
    let steps = Arc::new(Steps::new(plan));
    let world = world.with_steps(Arc::clone(&steps));
    let mut app = restart(&world, app)?;
    let player = Player { story, channel, merchant, purse };
    for _ in 0..times {
        executor.spawn(player.play(&world, &app));
    }
    run_until_answered(&mut executor, &mut random, (&world, &steps, PATIENCE))?;
    let taken = steps.taken();
    executor.crash();
    app = restart(&world, app)?;
    // Asked again at once, and again when all is decided: what was refused for being undecided works
    // then.
    for _ in 0..2 {
        executor.spawn(player.play(&world, &app));
        run_until_answered(&mut executor, &mut random, (&world, &steps, PATIENCE))?;
        spawn_service(&mut executor, &world, &app, true);
        executor.run(&mut random, POLLS_MAX, after(world.time.now(), REST));
        executor.crash();
    }
    let order = if story.is_at_plate() {
        let made = block_on(app.store.orders_page(merchant, None, 2))?;
        if made.len() > 1 {
            return Err(format!("{story:?} made two orders of one purchase").into());
        }
        made.into_iter().next()
    } else {
        block_on(app.store.order_by_no(merchant, order_no()?))?
    };
    let report = block_on(audit::audit(&app, &world, merchant))?;
    Ok(Told {
        steps: taken,
        state: order.as_ref().map(|o| o.order.state),
        refunds: order.as_ref().map_or(0, succeeded),
        tries: order.iter().flat_map(|o| &o.refunds).map(|r| r.tries).sum(),
        findings: report.findings,
    })
}

/// Every way in which a story can go wrong at every step, and what was found.
///
/// # Errors
/// As [`tell`]; and when the story does not end as it should with nothing going wrong.
pub fn trio(stage: &Stage, story: Story, channel: Channel) -> Result<Vec<String>, Failed> {
    let clean = tell(stage, (story, channel), None, 1)?;
    let ended = (clean.state, clean.refunds, clean.findings.as_slice());
    let (state, refunds) = story.end(channel);
    let retried = story == Story::RefundRetried && clean.tries < 2;
    if ended != (Some(state), refunds, &[]) || clean.steps == 0 || retried {
        return Err(format!("{story:?} by {channel:?} ended as {clean:?}").into());
    }
    let mut found = Vec::new();
    let mut judge = |what: String, told: &Told| {
        let settled = told.state.is_some_and(|s| s != OrderState::Paying);
        let kept = told.state == Some(OrderState::Paid) && told.refunds < refunds;
        let refunded = matches!(story, Story::Refund | Story::RefundRetried | Story::Wallet);
        if !settled || kept && refunded || !told.findings.is_empty() {
            found.push(format!("{story:?} by {channel:?}, {what}: {told:?}"));
        }
    };
    judge("asked twice at once".to_owned(), &tell(stage, (story, channel), None, 2)?);
    for step in 0..clean.steps {
        for wrong in Wrong::ALL {
            let told = tell(stage, (story, channel), Some((step, wrong)), 1)?;
            judge(format!("{wrong:?} at step {step} of {}", clean.steps), &told);
        }
    }
    Ok(found)
}

fn succeeded(order: &Aggregate) -> usize {
    order.refunds.iter().filter(|r| r.state == RefundState::Succeeded).count()
}

/// Lets the merchant's tasks run to their answers, or the process die.
pub(crate) fn run_until_answered(
    executor: &mut Executor,
    random: &mut Random,
    (world, steps, patience): (&World, &Steps, SignedDuration),
) -> Result<(), Failed> {
    let until = after(world.time.now(), patience);
    for _ in 0..POLLS_MAX {
        match executor.run(random, 1, until) {
            End::Done | End::Late => return Ok(()),
            // A dead task waits for nothing.
            End::Polls | End::Stuck if steps.died() => {
                executor.crash();
                return Ok(());
            }
            End::Polls => {}
            End::Stuck => return Err("nothing can go on".into()),
        }
    }
    Err("a use case does not end".into())
}

#[derive(Debug, Clone, Copy)]
struct Player {
    story: Story,
    channel: Channel,
    merchant: MerchantId,
    purse: Purse,
}

impl Player {
    /// The merchant and the payer play their parts; an error ends the merchant's, as a till would.
    fn play(
        self,
        world: &World,
        app: &Arc<App>,
    ) -> impl Future<Output = ()> + Send + 'static + use<> {
        let (time, outside) = (Arc::clone(&world.time), Arc::clone(&world.outside));
        let app = Arc::clone(app);
        async move {
            if self.story.is_at_plate() {
                let _paid: Option<()> = self.scan(&app, (&time, &outside)).await;
                return;
            }
            let Some(payment) = self.payment() else { return };
            let gift = Amount::new(300, Currency::Cny).ok().map(|gift| (self.purse.campaign, gift));
            let top_up = NewTopUp { wallet: self.purse.wallet, gift };
            let taken = match self.story {
                Story::Wallet => app.top_up(payment, top_up).await,
                Story::Scan
                | Story::ScanRefused
                | Story::ScanPassword
                | Story::Qr
                | Story::QrClosed
                | Story::QrClosedThenPaid
                | Story::Refund
                | Story::RefundRetried
                | Story::Plate
                | Story::PlateInstead
                | Story::PlateAsked => app.create_payment(payment).await,
            };
            let Ok(order) = taken else { return };
            self.go_on(&app, (&time, &outside), order).await;
        }
    }

    async fn go_on(
        self,
        app: &App,
        (time, outside): (&Arc<Time>, &Arc<Mutex<Outside>>),
        order: Aggregate,
    ) {
        match self.story {
            Story::Scan
            | Story::ScanRefused
            | Story::ScanPassword
            | Story::Plate
            | Story::PlateInstead
            | Story::PlateAsked => {}
            Story::Qr => pay(time, outside, &order, Insistence::Polite),
            Story::QrClosed => drop(app.close_payment(self.merchant, order.id()).await),
            Story::QrClosedThenPaid => {
                if app.close_payment(self.merchant, order.id()).await.is_ok() {
                    pay(time, outside, &order, Insistence::EvenIfClosed);
                }
            }
            Story::Refund => {
                for (n, fen) in [(1, 300), (2, 700)] {
                    let Some(refund) = self.refund(n, fen) else { return };
                    if app.create_refund(refund).await.is_err() {
                        return;
                    }
                }
            }
            Story::Wallet => drop(self.spend(app).await),
            Story::RefundRetried => {
                let Some(refund) = self.refund(1, 1_000) else { return };
                let no = refund.merchant_no.clone();
                let Ok(order) = app.create_refund(refund).await else { return };
                let parts = order.refund_parts(&no);
                if let Some(failed) = parts.iter().find(|r| r.state == RefundState::Failed) {
                    drop(app.retry_refund(self.merchant, failed.id).await);
                }
            }
        }
    }

    /// The payers of a plate do what their pages and apps do, each time from the start.
    async fn scan(self, app: &App, (time, outside): (&Time, &Mutex<Outside>)) -> Option<()> {
        let code = app.plate_code(self.purse.plate);
        if self.story == Story::PlateAsked {
            let order = self.asked(app, (time, outside), &code).await?;
            pay(time, outside, &order, Insistence::Polite);
            return Some(());
        }
        let page = app.open_plate(&code).await.ok()?;
        let begin = Begin {
            amount: Amount::new(1_000, Currency::Cny).ok()?,
            tip: Amount::zero(Currency::Cny),
            remark: None,
            key: "key-of-the-purchase".to_owned(),
            ip: PAYER_IP.to_owned(),
        };
        let begun = app.begin_at_plate(&page, begin).await.ok()?.id();
        let first = app.pay_order(begun, &self.as_payer(app, 1).await?).await;
        let order = if self.story == Story::PlateInstead {
            // What became of the first one's is not his to know.
            drop(first);
            let with = PayAs { instead: true, ..self.as_payer(app, 2).await? };
            app.pay_order(begun, &with).await.ok()?.0
        } else {
            first.ok()?.0
        };
        pay(time, outside, &order, Insistence::Polite);
        Some(())
    }

    async fn as_payer(self, app: &App, n: u8) -> Option<PayAs> {
        let channel = self.channel.channel_code();
        let scope = app.payer_scopes(self.merchant, &channel).await.ok()?.into_iter().next()?;
        let payer = Payer { channel, scope, name: format!("payer-{n}") };
        Some(PayAs { by: PayBy::App(payer), ip: PAYER_IP.to_owned(), instead: false })
    }

    /// UnionPay's app scans the plate, its payer enters the amount, and UnionPay asks us; the order that
    /// UnionPay was told of.
    async fn asked(
        self,
        app: &App,
        (time, outside): (&Time, &Mutex<Outside>),
        code: &str,
    ) -> Option<Aggregate> {
        let app_page = |path: &str| {
            let request = http::Request::get(format!("{CHANNELS}/qrcGtwWeb-web/api/{path}"));
            request.header("user-agent", "Mozilla/5.0 (UnionPay/1.0 CloudPay)").body(Bytes::new())
        };
        let scan = app_page(&format!("scan?scan=one&code={SHOP}/q/{code}")).ok()?;
        let now = time.now();
        let Delivery::Answer { response, .. } = lock(outside).sandbox.handle(now, CHANNELS, &scan)
        else {
            return None;
        };
        let link = response.headers().get("location")?.to_str().ok()?.to_owned();
        let number = link.split("no=").nth(1)?.split('&').next()?.to_owned();
        let page = app_page(&format!("order?no={number}&txnAmt=1000")).ok()?;
        let question = lock(outside).sandbox.question(now, CHANNELS, &page)?;
        let asked = http::Request::post(&question.url).body(question.body.clone()).ok()?;
        let answer = app.answer_order_query(&asked).await.ok()??;
        let told = Some((answer.status().as_u16(), answer.into_body()));
        lock(outside).sandbox.owner_answered(time.now(), &question, told);
        app.store.orders_page(self.merchant, None, 1).await.ok()?.into_iter().next()
    }

    /// Spends 6.00 of 10.00, gets 2.00 of them back, and gives 4.00, and then all, back to where they
    /// came from.
    async fn spend(self, app: &App) -> Option<()> {
        let amount = |fen| Amount::new(fen, Currency::Cny).ok();
        let no = MerchantNo::parse("order-2").ok()?;
        let spent = CreatePayment {
            merchant_no: no.clone(),
            content_hash: [2; 32],
            amount: amount(600)?,
            paid_by: PaidBy::One(Means::Wallet(self.purse.wallet)),
            ..self.payment()?
        };
        app.create_payment(spent).await.ok()?;
        let payment = PaymentRef::No(no);
        app.create_refund(CreateRefund { payment, ..self.refund(1, 200)? }).await.ok()?;
        let what = Return::TopUp { amount: amount(400)?, forced: false };
        app.create_refund(CreateRefund { what, ..self.refund(2, 400)? }).await.ok()?;
        // The rest goes back as it is closed.
        app.close_wallet(self.merchant, self.purse.wallet).await.ok()?;
        Some(())
    }

    fn payment(self) -> Option<CreatePayment> {
        let code = |ending| payer_code(self.channel, 1, ending);
        let means = match self.story {
            Story::Scan
            | Story::Refund
            | Story::RefundRetried
            | Story::Wallet
            | Story::Plate
            | Story::PlateInstead
            | Story::PlateAsked => Means::PayerCode(code("00")?),
            Story::ScanRefused => Means::PayerCode(code("92")?),
            Story::ScanPassword => Means::PayerCode(code("90")?),
            Story::Qr | Story::QrClosed | Story::QrClosedThenPaid => {
                Means::DynamicQr(self.channel.channel_code())
            }
        };
        Some(CreatePayment {
            merchant: self.merchant,
            merchant_no: order_no().ok()?,
            content_hash: [1; 32],
            amount: Amount::new(1_000, Currency::Cny).ok()?,
            description: "coffee".to_owned(),
            attach: None,
            notify_url: Some(notify_url()),
            terminal: None,
            terminal_ip: "127.0.0.1".to_owned(),
            paid_by: PaidBy::One(means),
            expires_at: None,
            top_up: None,
            checkout: None,
        })
    }

    fn refund(self, n: u8, fen: u64) -> Option<CreateRefund> {
        Some(CreateRefund {
            merchant: self.merchant,
            merchant_no: MerchantNo::parse(&format!("refund-{n}")).ok()?,
            payment: PaymentRef::No(order_no().ok()?),
            content_hash: [n; 32],
            what: Return::Refund { amount: Amount::new(fen, Currency::Cny).ok()?, leg: None },
            reason: "returned".to_owned(),
            notify_url: None,
            origin: RefundOrigin::Merchant,
        })
    }
}

/// The channel's name of its refund call.
const fn refund_call(channel: Channel) -> &'static str {
    match channel {
        Channel::Alipay => "alipay.trade.refund",
        Channel::Wechat => "v3/refund",
        Channel::UnionPay => "refund",
        Channel::Card => "0220",
    }
}

fn order_no() -> Result<MerchantNo, Failed> {
    Ok(MerchantNo::parse("order-1")?)
}

/// The payer scans the code; one who is told that it is paid or closed goes away.
fn pay(time: &Time, outside: &Mutex<Outside>, order: &Aggregate, insist: Insistence) {
    let Some(attempt) = order.attempts.last() else { return };
    let channel = order.legs.first().map(|leg| leg.tender.to_string()).unwrap_or_default();
    let no = attempt.id.channel_no();
    let _told = lock(outside).sandbox.payer_pays(time.now(), &channel, &no, insist);
}
