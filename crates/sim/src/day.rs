//! One seed: what the merchant, the payers and the channels do, where we crash, and how it ends.

use std::sync::Arc;

use app::{AddLeg, App, CreatePayment, CreateRefund, Means, NewLeg, PaymentRef, Return};
use channels::Request;
use ids::{ChannelAccountId, MerchantId, OrderId};
use jiff::{SignedDuration, Timestamp};
use orders::RefundOrigin;
use sandbox::Insistence;

use crate::audit::{self, Finding};
use crate::desk::{Desk, DeskCounts};
use crate::executor::{End, Executor, Time};
use crate::plan::{BUSY_MS, Back, Plan, Planned, PlannedReturn};
use crate::random::Random;
use crate::world::{
    CHANNELS, Failed, Outside, Purse, Stage, World, fill_purse, lock, set_up, start,
};

/// The till's number of the leg that takes the rest in cash.
const REST_NO: u16 = 99;

const TICK_MS: u64 = 400;
/// Nobody sleeps longer, so that what comes up meanwhile is seen.
const IDLE_MS_MAX: u64 = 30_000;
/// Long enough for every schedule of ours to end.
pub(crate) const REST: SignedDuration = SignedDuration::from_hours(30);
const POLLS_MAX: u64 = 5_000_000;
const CRASHES_MAX: u64 = 4;

/// What a seed came to.
#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    pub crashes: u64,
    pub counts: Counts,
    /// SHA-256 over our journal: the same seed, the same digest.
    pub digest: String,
    pub findings: Vec<Finding>,
}

/// How often things happened that a day is to be full of: a simulation that never does them proves
/// nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub paid: usize,
    /// Combined orders that were paid.
    pub combined: usize,
    /// Combined orders of which a paid leg went back.
    pub abandoned: usize,
    pub refunds: usize,
    /// Returns over several legs.
    pub fanned_out: usize,
    pub voids: usize,
    /// Payments for which a second account was tried.
    pub failed_over: usize,
    /// Top-ups that were paid.
    pub top_ups: usize,
    /// Legs that a wallet paid.
    pub by_wallet: usize,
    /// Returns of top-ups.
    pub top_up_returns: usize,
    /// Of the card terminal.
    pub desk: DeskCounts,
}

impl Counts {
    pub const fn add(&mut self, day: Self) {
        self.paid += day.paid;
        self.combined += day.combined;
        self.abandoned += day.abandoned;
        self.refunds += day.refunds;
        self.fanned_out += day.fanned_out;
        self.voids += day.voids;
        self.failed_over += day.failed_over;
        self.top_ups += day.top_ups;
        self.by_wallet += day.by_wallet;
        self.top_up_returns += day.top_up_returns;
        self.desk.slips += day.desk.slips;
        self.desk.reversals += day.desk.reversals;
        self.desk.settlements += day.desk.settlements;
    }
}

/// Plays a seed to its end.
///
/// # Errors
/// When the simulation itself cannot go on: a bug of it, or a failure of the store.
pub fn run(stage: &Stage, seed: u64) -> Result<Report, Failed> {
    let world = World::new(stage, seed)?;
    let mut random = Random::new(seed);
    let mut executor = Executor::new(Arc::clone(&world.time));
    let setup: (Arc<App>, Purse, Arc<Desk>) = block_on(async {
        let app = world.process(world.store().await?)?;
        let merchant = set_up(&app, stage).await?;
        let purse = fill_purse(&app, merchant).await?;
        let desk = Desk::open(&app, &world, (merchant, seed)).await?;
        Ok::<_, Failed>((app, purse, desk))
    })?;
    let (mut app, purse, desk) = setup;
    let merchant = purse.merchant;
    let plan = Plan::draw(&mut random, &purse);
    let crashes = random.below(CRASHES_MAX + 1);
    for life in 0..=crashes {
        spawn_all(&mut executor, &world, &app, &plan);
        spawn_closing(&mut executor, &world, &app, (&plan, &purse));
        desk.connect(&app);
        executor.spawn(Arc::clone(&desk).play());
        let last = life == crashes;
        let polls = if last { POLLS_MAX } else { 20 + random.below(600) };
        let until = after(start(), SignedDuration::from_millis(i64::try_from(BUSY_MS)?));
        let end = executor.run(&mut random, polls, until);
        if last && end == End::Stuck {
            return Err("nothing can go on".into());
        }
        executor.crash();
        desk.disconnect();
        app = restart(&world, app)?;
    }
    calm(&world);
    desk.calm();
    desk.connect(&app);
    executor.spawn(Arc::clone(&desk).close());
    spawn_service(&mut executor, &world, &app, true);
    let until = after(world.time.now(), REST);
    executor.run(&mut random, POLLS_MAX, until);
    executor.crash();
    desk.disconnect();
    let (slips, desk_counts) = block_on(desk.taken());
    let mut audited = block_on(audit::audit(&app, &world, merchant))?;
    audited.findings.extend(audit::check_slips(&world, slips));
    audited.counts.desk = desk_counts;
    Ok(Report { seed, crashes, ..audited })
}

pub(crate) fn restart(world: &World, app: Arc<App>) -> Result<Arc<App>, Failed> {
    let app = Arc::try_unwrap(app).or(Err("a task outlived its crash"))?;
    world.process(app.store)
}

/// The faults end; what is left must come to rest.
pub(crate) fn calm(world: &World) {
    let mut outside = lock(&world.outside);
    outside.loss_percent = 0;
    outside.sandbox.faults.clear();
}

pub(crate) fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(at)
}

/// Drives a future that waits for no clock.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

fn spawn_all(executor: &mut Executor, world: &World, app: &Arc<App>, plan: &Plan) {
    spawn_service(executor, world, app, false);
    for planned in &plan.orders {
        for _ in 0..=u8::from(planned.twice) {
            executor.spawn(play(Arc::clone(&world.time), Arc::clone(app), planned.clone()));
        }
        for (no, wait, insist) in planned.payers.clone() {
            let payer = payer_pays(
                Arc::clone(&world.time),
                (Arc::clone(app), Arc::clone(&world.outside)),
                (planned.payment.clone(), planned.at_ms + wait),
                (no, insist),
            );
            executor.spawn(payer);
        }
    }
    for (at_ms, rule) in plan.faults.clone() {
        let (time, outside) = (Arc::clone(&world.time), Arc::clone(&world.outside));
        executor.spawn(async move {
            sleep_until(&time, at_ms).await;
            lock(&outside).sandbox.faults.add(rule);
        });
    }
}

/// The holder gives the wallet back, some day.
fn spawn_closing(
    executor: &mut Executor,
    world: &World,
    app: &Arc<App>,
    (plan, purse): (&Plan, &Purse),
) {
    let Some(at_ms) = plan.close_wallet_at else { return };
    let (time, app, purse) = (Arc::clone(&world.time), Arc::clone(app), *purse);
    executor.spawn(async move {
        sleep_until(&time, at_ms).await;
        drop(app.close_wallet(purse.merchant, purse.wallet).await);
    });
}

/// Jobs, folding, and the channels' notices; each ends when nothing is left, if `until_rest`.
pub(crate) fn spawn_service(
    executor: &mut Executor,
    world: &World,
    app: &Arc<App>,
    until_rest: bool,
) {
    let (time, worker) = (Arc::clone(&world.time), Arc::clone(app));
    executor.spawn(async move {
        loop {
            let idle = worker.run_due_jobs().await.is_ok_and(|taken| taken == 0);
            let waiting = worker.store.jobs_waiting().await.ok();
            let due = waiting.and_then(|(_, due)| due);
            if until_rest && is_far(due) {
                return;
            }
            // Sleep to the next due job, so that a quiet day passes quickly.
            let ahead = due.map(|due| due.as_millisecond() - time.now().as_millisecond());
            let wait = ahead.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(TICK_MS);
            time.sleep(if idle { wait.clamp(TICK_MS, IDLE_MS_MAX) } else { TICK_MS }).await;
        }
    });
    let (time, folder) = (Arc::clone(&world.time), Arc::clone(app));
    executor.spawn(async move {
        loop {
            time.sleep(IDLE_MS_MAX).await;
            drop(folder.store.fold_accounts().await);
            if until_rest && folder.store.jobs_waiting().await.is_ok_and(|(_, due)| is_far(due)) {
                return;
            }
        }
    });
    let (time, outside, app) =
        (Arc::clone(&world.time), Arc::clone(&world.outside), Arc::clone(app));
    executor.spawn(async move {
        loop {
            let next = lock(&outside).sandbox.next_notice_at();
            let done = app.store.jobs_waiting().await.is_ok_and(|(_, due)| is_far(due));
            if until_rest && next.is_none() && done {
                return;
            }
            let ahead = next.map(|at| at.as_millisecond() - time.now().as_millisecond());
            let wait = ahead.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(IDLE_MS_MAX);
            let most = if until_rest { IDLE_MS_MAX } else { TICK_MS };
            time.sleep(wait.clamp(1, most)).await;
            deliver_notices(&time, &outside, &app).await;
        }
    });
}

/// Nothing is due but the end of holds, in a month.
fn is_far(due: Option<Timestamp>) -> bool {
    due.is_none_or(|due| due > after(start(), REST.saturating_mul(2)))
}

async fn deliver_notices(time: &Arc<Time>, outside: &Arc<std::sync::Mutex<Outside>>, app: &App) {
    let due = lock(outside).sandbox.due_notices(time.now());
    for notice in due {
        let mut request = Request::new(notice.body.clone());
        *request.headers_mut() = notice.headers.clone();
        let account =
            notice.url.rsplit('/').next().and_then(|t| t.parse::<ChannelAccountId>().ok());
        let Some(account) = account else { continue };
        let taken = app.take_notice(account, &request).await;
        let (status, body) = match taken {
            Ok(app::NoticeOutcome::Taken(answer)) => {
                (Some(answer.status().as_u16()), answer.into_body())
            }
            Ok(app::NoticeOutcome::Refused { answer, .. }) => {
                (Some(answer.status().as_u16()), answer.into_body())
            }
            Ok(app::NoticeOutcome::NoAccount) | Err(_) => (Some(500), bytes::Bytes::new()),
        };
        lock(outside).sandbox.notice_answered(time.now(), &notice, status, &body);
    }
}

/// Waits until so long after the start of the day; a later life does at once what lies behind it.
pub(crate) async fn sleep_until(time: &Arc<Time>, at_ms: u64) {
    let since = time.now().as_millisecond() - start().as_millisecond();
    let since = u64::try_from(since).unwrap_or(0);
    time.sleep(at_ms.saturating_sub(since)).await;
}

/// The merchant: takes the payment, adds its legs, maybe closes it, refunds.
async fn play(time: Arc<Time>, app: Arc<App>, planned: Planned) {
    sleep_until(&time, planned.at_ms).await;
    let created = match planned.top_up.clone() {
        Some(top_up) => app.top_up(planned.payment.clone(), top_up).await,
        None => app.create_payment(planned.payment.clone()).await,
    };
    let Ok(order) = created else { return };
    let (merchant, payment) = (planned.payment.merchant, order.id());
    for (wait, leg) in planned.later {
        time.sleep(wait).await;
        drop(app.add_leg(add(merchant, payment, leg)).await);
    }
    if planned.rest_in_cash {
        time.sleep(5_000).await;
        let order = app.payment(merchant, payment).await.ok().flatten();
        if let Some(order) = order.filter(|o| !o.rest().is_zero()) {
            let (no, amount) = (REST_NO, order.rest());
            let leg = NewLeg { no, content_hash: [9; 32], amount, means: Means::Cash };
            drop(app.add_leg(add(merchant, payment, leg)).await);
        }
    }
    if let Some(wait) = planned.close_after_ms {
        time.sleep(wait).await;
        drop(app.close_payment(merchant, payment).await);
    }
    for back in planned.returns {
        time.sleep(back.after_ms).await;
        ask_back(&app, (merchant, payment), back).await;
    }
}

fn add(merchant: MerchantId, payment: OrderId, leg: NewLeg) -> AddLeg {
    AddLeg { merchant, payment, terminal_ip: "127.0.0.1".to_owned(), leg }
}

async fn ask_back(app: &App, (merchant, payment): (MerchantId, OrderId), back: PlannedReturn) {
    let known = app.payment(merchant, payment).await.ok().flatten();
    let what = match back.what {
        Back::Void => Return::Void,
        Back::Amount(amount) => Return::Refund { amount, leg: None },
        Back::OfLeg(no, amount) => {
            let leg = known.and_then(|o| o.leg_by_no(no).map(|l| l.id));
            Return::Refund { amount, leg }
        }
        Back::TopUp(amount) => Return::TopUp { amount, forced: false },
    };
    let refund = CreateRefund {
        merchant,
        merchant_no: back.no.clone(),
        payment: PaymentRef::Id(payment),
        content_hash: back.content_hash,
        what,
        reason: "returned".to_owned(),
        notify_url: None,
        origin: RefundOrigin::Merchant,
    };
    let Ok(order) = app.create_refund(refund).await else { return };
    let parts = order.refund_parts(&back.no);
    if let Some(failed) = parts.iter().find(|r| r.state == orders::RefundState::Failed) {
        drop(app.retry_refund(merchant, failed.id).await);
    }
}

/// The payer of a leg's QR, who knows the channel's number of the attempt.
async fn payer_pays(
    time: Arc<Time>,
    (app, outside): (Arc<App>, Arc<std::sync::Mutex<Outside>>),
    (payment, at_ms): (CreatePayment, u64),
    (no, insist): (u16, Insistence),
) {
    sleep_until(&time, at_ms).await;
    let order = app.store.order_by_no(payment.merchant, payment.merchant_no).await;
    let Some(order) = order.ok().flatten() else { return };
    let Some(leg) = order.leg_by_no(no) else { return };
    let Some(attempt) = order.attempts.iter().rfind(|a| a.leg == leg.id) else { return };
    let number = attempt.id.channel_no();
    open_link(&time, &outside, attempt);
    // A payer who comes too late, or twice, is told so by the channel; that is all.
    let _told = lock(&outside).sandbox.payer_pays(time.now(), &leg.tender.code(), &number, insist);
}

/// The payer's browser opens the link that it was given, where there is one.
fn open_link(time: &Time, outside: &std::sync::Mutex<Outside>, attempt: &orders::Attempt) {
    let link = attempt.invoke.as_deref().filter(|link| link.contains("gateway.do"));
    let Some(Ok(uri)) = link.map(str::parse::<http::Uri>) else { return };
    let mut request = Request::new(bytes::Bytes::new());
    *request.method_mut() = http::Method::GET;
    *request.uri_mut() = uri;
    drop(lock(outside).sandbox.handle(time.now(), CHANNELS, &request));
}
