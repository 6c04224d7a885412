//! One seed: what the merchant, the payers and the channels do, where we crash, and how it ends.

use std::sync::Arc;

use app::{App, CreatePayment, CreateRefund, Means, PaymentRef};
use channels::{Channel, Request};
use ids::{ChannelAccountId, MerchantId, MerchantNo};
use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency};
use sandbox::{Fault, FaultRule, Insistence};
use secret::PayerCode;

use crate::audit::{self, Finding};
use crate::executor::{End, Executor, Time};
use crate::random::Random;
use crate::world::{Failed, Outside, Stage, World, lock, notify_url, set_up, start};

/// The merchant's orders of a day.
const ORDERS: u64 = 14;
/// The busy part of the day.
const BUSY_MS: u64 = 240_000;
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
    pub paid: usize,
    pub refunds: usize,
    /// SHA-256 over our journal: the same seed, the same digest.
    pub digest: String,
    pub findings: Vec<Finding>,
}

/// Plays a seed to its end.
///
/// # Errors
/// When the simulation itself cannot go on: a bug of it, or a failure of the store.
pub fn run(stage: &Stage, seed: u64) -> Result<Report, Failed> {
    let world = World::new(stage, seed)?;
    let mut random = Random::new(seed);
    let mut executor = Executor::new(Arc::clone(&world.time));
    let setup: (Arc<App>, MerchantId) = block_on(async {
        let app = world.process(world.store().await?)?;
        let merchant = set_up(&app, stage).await?;
        Ok::<_, Failed>((app, merchant))
    })?;
    let (mut app, merchant) = setup;
    let plan = Plan::draw(&mut random, merchant);
    let crashes = random.below(CRASHES_MAX + 1);
    for life in 0..=crashes {
        spawn_all(&mut executor, &world, &app, &plan);
        let last = life == crashes;
        let polls = if last { POLLS_MAX } else { 20 + random.below(600) };
        let until = after(start(), SignedDuration::from_millis(i64::try_from(BUSY_MS)?));
        let end = executor.run(&mut random, polls, until);
        if last && end == End::Stuck {
            return Err("nothing can go on".into());
        }
        executor.crash();
        app = restart(&world, app)?;
    }
    calm(&world);
    spawn_service(&mut executor, &world, &app, true);
    let until = after(world.time.now(), REST);
    executor.run(&mut random, POLLS_MAX, until);
    executor.crash();
    let audited = block_on(audit::audit(&app, &world, merchant))?;
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

/// What happens when, drawn once per seed: every life of the process plays the same plan, so each
/// step that was done before a crash is done again after it, as a merchant's retry.
#[derive(Debug, Clone)]
struct Plan {
    orders: Vec<Planned>,
    faults: Vec<(u64, FaultRule)>,
}

#[derive(Debug, Clone)]
struct Planned {
    at_ms: u64,
    payment: CreatePayment,
    /// The payer of a QR pays after so long; insisting though it is closed.
    payer: Option<(u64, Insistence)>,
    /// Asked for twice, at once.
    twice: bool,
    close_after_ms: Option<u64>,
    refunds: Vec<(u64, CreateRefund)>,
}

impl Plan {
    fn draw(random: &mut Random, merchant: MerchantId) -> Self {
        let orders = (0..ORDERS).filter_map(|n| Planned::draw(random, merchant, n)).collect();
        let faults = (0..random.below(8)).filter_map(|_| draw_fault(random)).collect();
        Self { orders, faults }
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
    fn draw(random: &mut Random, merchant: MerchantId, n: u64) -> Option<Self> {
        let fen = 1 + random.below(50_000);
        let amount = Amount::new(fen, Currency::Cny).ok()?;
        let channel = random.pick(&Channel::ALL)?;
        let scanned = random.chance(70);
        let means = if scanned {
            let endings = ["00", "00", "00", "01", "90", "91", "92", "93", "94", "95", "96", "97"];
            Means::PayerCode(payer_code(channel, n, random.pick(&endings)?)?)
        } else {
            Means::DynamicQr(channel.channel_code())
        };
        let expires = start().saturating_add(SignedDuration::from_secs(60)).ok();
        let payment = CreatePayment {
            merchant,
            merchant_no: MerchantNo::parse(&format!("order-{n}")).ok()?,
            content_hash: crypto::digest::sha256(&n.to_be_bytes()),
            amount,
            description: "coffee".to_owned(),
            attach: None,
            notify_url: Some(notify_url()),
            terminal: None,
            terminal_ip: "127.0.0.1".to_owned(),
            means,
            expires_at: if !scanned && random.chance(50) { expires } else { None },
        };
        let insist = if random.chance(40) { Insistence::EvenIfClosed } else { Insistence::Polite };
        let payer = (!scanned && random.chance(80)).then(|| (random.below(100_000), insist));
        let close_after_ms = random.chance(20).then(|| random.below(30_000));
        let refunds =
            (0..random.below(4)).filter_map(|r| draw_refund(random, &payment, (n, r))).collect();
        Some(Self {
            at_ms: random.below(BUSY_MS / 2),
            payment,
            payer,
            twice: random.chance(25),
            close_after_ms,
            refunds,
        })
    }
}

/// The code of a payer at a channel; the last two digits choose what he does.
pub(crate) fn payer_code(channel: Channel, n: u64, ending: &str) -> Option<PayerCode> {
    PayerCode::parse(&match channel {
        Channel::Alipay => format!("28{n:014}{ending}"),
        Channel::Wechat => format!("13{n:014}{ending}"),
        Channel::UnionPay => format!("62{n:015}{ending}"),
    })
}

fn draw_refund(
    random: &mut Random,
    payment: &CreatePayment,
    (n, r): (u64, u64),
) -> Option<(u64, CreateRefund)> {
    let whole = payment.amount.minor();
    let fen = if random.chance(40) { whole } else { 1 + random.below(whole) };
    let refund = CreateRefund {
        merchant: payment.merchant,
        merchant_no: MerchantNo::parse(&format!("refund-{n}-{r}")).ok()?,
        payment: PaymentRef::No(payment.merchant_no.clone()),
        content_hash: crypto::digest::sha256(&[n.to_be_bytes(), r.to_be_bytes()].concat()),
        amount: Amount::new(fen, Currency::Cny).ok()?,
        reason: "returned".to_owned(),
        notify_url: None,
    };
    Some((random.below(60_000), refund))
}

fn spawn_all(executor: &mut Executor, world: &World, app: &Arc<App>, plan: &Plan) {
    spawn_service(executor, world, app, false);
    for planned in &plan.orders {
        for _ in 0..=u8::from(planned.twice) {
            executor.spawn(play(Arc::clone(&world.time), Arc::clone(app), planned.clone()));
        }
        if let Some((wait, insist)) = planned.payer {
            let payer = payer_pays(
                Arc::clone(&world.time),
                (Arc::clone(app), Arc::clone(&world.outside)),
                (planned.payment.clone(), planned.at_ms + wait),
                insist,
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
            if until_rest && due.is_none() {
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
            if until_rest && folder.store.jobs_waiting().await.is_ok_and(|(jobs, _)| jobs == 0) {
                return;
            }
        }
    });
    let (time, outside, app) =
        (Arc::clone(&world.time), Arc::clone(&world.outside), Arc::clone(app));
    executor.spawn(async move {
        loop {
            let next = lock(&outside).sandbox.next_notice_at();
            let jobs = app.store.jobs_waiting().await.map_or(1, |(jobs, _)| jobs);
            if until_rest && next.is_none() && jobs == 0 {
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
async fn sleep_until(time: &Arc<Time>, at_ms: u64) {
    let since = time.now().as_millisecond() - start().as_millisecond();
    let since = u64::try_from(since).unwrap_or(0);
    time.sleep(at_ms.saturating_sub(since)).await;
}

/// The merchant: takes the payment, maybe closes it, refunds.
async fn play(time: Arc<Time>, app: Arc<App>, planned: Planned) {
    sleep_until(&time, planned.at_ms).await;
    let Ok(order) = app.create_payment(planned.payment.clone()).await else { return };
    if let Some(wait) = planned.close_after_ms {
        time.sleep(wait).await;
        drop(app.close_payment(planned.payment.merchant, order.id()).await);
    }
    for (wait, refund) in planned.refunds {
        time.sleep(wait).await;
        if let Ok((order, id)) = app.create_refund(refund.clone()).await {
            let failed = order.refund(id).is_some_and(|r| r.state == orders::RefundState::Failed);
            if failed {
                drop(app.retry_refund(refund.merchant, id).await);
            }
        }
    }
}

/// The payer of a QR, who knows the channel's number of the order.
async fn payer_pays(
    time: Arc<Time>,
    (app, outside): (Arc<App>, Arc<std::sync::Mutex<Outside>>),
    (payment, at_ms): (CreatePayment, u64),
    insist: Insistence,
) {
    sleep_until(&time, at_ms).await;
    let order = app.store.order_by_no(payment.merchant, payment.merchant_no).await;
    let Some(order) = order.ok().flatten() else { return };
    let Some(attempt) = order.attempts.last() else { return };
    let channel = order.legs.first().map(|leg| leg.channel.to_string()).unwrap_or_default();
    let no = attempt.id.channel_no();
    // A payer who comes too late, or twice, is told so by the channel; that is all.
    let _told = lock(&outside).sandbox.payer_pays(time.now(), &channel, &no, insist);
}
