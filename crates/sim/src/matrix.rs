//! Every card transaction by everything that can go wrong with it: on the terminal's line, at the network,
//! and at every write and message of ours, whose process dies there. Whatever happened, what cardholders
//! are charged, what the slips say, what our ledger says, and what the network says in its books and in its
//! clearing file is the same, and the cashier who tries again gets what was wanted, once.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use app::App;
use channels::{Cleared, read_clearing_file};
use futures_util::future::{Either, join, select};
use futures_util::lock::Mutex as Turn;
use ids::MerchantId;
use jiff::SignedDuration;
use jiff::tz::{Offset, TimeZone};
use ledger::{AccountCode, Side};
use orders::{Aggregate, AttemptState, RefundKind, RefundState};
use pos_host::{Answer, PosHost, PosSettings};
use pos_terminal::{Act, Card, Device, Failed as Refused, Line, Settings};
use sandbox::{Fault, FaultRule};

use crate::audit::{self, Finding};
use crate::day::{REST, after, block_on, calm, restart, spawn_service};
use crate::desk::{ACQUIRER, YEAR, register};
use crate::executor::{Executor, Time};
use crate::fate::{Steps, Wrong};
use crate::random::Random;
use crate::steps::{POLLS_MAX, run_until_answered};
use crate::world::{Failed, Stage, World, lock, set_up, start};

/// A terminal waits so long for an answer, and so long where it is to give up while the network works.
const PATIENCE_MS: u64 = 60_000;
const SHORT_PATIENCE_MS: u64 = 3_000;
/// The network takes its time: longer than such a terminal waits, and longer than we do.
const SLOW_MS: u64 = 8_000;
const TOO_SLOW_MS: u64 = 20_000;
/// Looks until the terminal has nothing open.
const LOOKS_MAX: u32 = 10;
/// A life of the process: longer than all that a terminal waits for in it.
const LIFE: SignedDuration = SignedDuration::from_mins(30);
const NO_PROCESS: &str = "no process is alive";
/// A card that holds 10.00 yuan.
const POOR: &str = "6222020000001000";
/// Settlement dates that a run can reach.
const DAYS: i32 = 4;

/// A card transaction with all that leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardStory {
    Sale,
    /// The issuer says no.
    SaleRefused,
    /// 部分承兑: the card has less than the sale wants, and pays what it has.
    SaleInPart,
    Void,
    Refund,
    /// 预授权
    Authorize,
    /// 预授权撤销
    Release,
    /// 预授权完成(请求)
    Complete,
    /// 预授权完成(通知)
    CompleteByAdvice,
    /// 预授权完成撤销
    VoidCompletion,
    /// 离线消费
    Offline,
}

/// What goes wrong with the last message of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    Nothing,
    /// The terminal's message arrives twice.
    Repeated,
    RequestLost,
    AnswerLost,
    /// The terminal gives up, and its reversal arrives before what it reverses.
    ReversalFirst,
    /// The terminal gives up while the network works, and its reversal arrives meanwhile.
    ReversalDuring,
    /// Something at the network.
    Network(Fault),
    /// Something at one of our writes or messages: our process dies there.
    Ours(u64, Wrong),
}

/// How a cell of the matrix ended.
#[derive(Debug)]
pub struct CardTold {
    /// Writes and messages of ours that the last transaction took.
    pub steps: u64,
    /// What was charged, and what is held, in fen.
    pub charged: i128,
    pub held: i128,
    pub findings: Vec<Finding>,
}

impl CardStory {
    pub const ALL: [Self; 11] = [
        Self::Sale,
        Self::SaleRefused,
        Self::SaleInPart,
        Self::Void,
        Self::Refund,
        Self::Authorize,
        Self::Release,
        Self::Complete,
        Self::CompleteByAdvice,
        Self::VoidCompletion,
        Self::Offline,
    ];

    /// What is charged and held at its end, in fen.
    const fn end(self) -> (i128, i128) {
        match self {
            Self::Sale | Self::SaleInPart => (1_000, 0),
            Self::SaleRefused | Self::Void | Self::Release => (0, 0),
            Self::Refund => (700, 0),
            Self::Authorize | Self::VoidCompletion => (0, 1_000),
            Self::Complete | Self::CompleteByAdvice => (900, 0),
            Self::Offline => (500, 0),
        }
    }

    /// What is done before the last transaction.
    fn before(self) -> Vec<Act> {
        let sale = || Act::Sale { fen: 1_000, card: None };
        let authorize = || Act::Authorize { fen: 1_000, card: None };
        match self {
            Self::Sale | Self::SaleRefused | Self::SaleInPart | Self::Authorize | Self::Offline => {
                Vec::new()
            }
            Self::Void | Self::Refund => vec![sale()],
            Self::Release | Self::Complete | Self::CompleteByAdvice => vec![authorize()],
            Self::VoidCompletion => {
                vec![authorize(), Act::Complete { trace: 0, fen: 900, advice: false }]
            }
        }
    }

    /// The last transaction, about what stands last on the terminal's journal.
    fn last(self, trace: u32) -> Act {
        match self {
            Self::Sale => Act::Sale { fen: 1_000, card: None },
            Self::SaleRefused => Act::Sale { fen: 900_051, card: None },
            Self::SaleInPart => {
                let card = Card { pan: POOR.to_owned(), pin: None };
                Act::Sale { fen: 1_500, card: Some(card) }
            }
            Self::Void | Self::Release | Self::VoidCompletion => Act::Void { trace },
            Self::Refund => Act::Refund { trace, fen: 300 },
            Self::Authorize => Act::Authorize { fen: 1_000, card: None },
            Self::Complete => Act::Complete { trace, fen: 900, advice: false },
            Self::CompleteByAdvice => Act::Complete { trace, fen: 900, advice: true },
            Self::Offline => Act::Offline { fen: 500, card: None },
        }
    }

    /// The network's type of its message.
    const fn call(self) -> &'static str {
        match self {
            Self::Sale
            | Self::SaleRefused
            | Self::SaleInPart
            | Self::Void
            | Self::Complete
            | Self::VoidCompletion => "0200",
            Self::Authorize | Self::Release => "0100",
            Self::Refund | Self::CompleteByAdvice | Self::Offline => "0220",
        }
    }
}

impl Mishap {
    /// Everything but what happens at our steps, whose number depends on the story.
    pub const OUTSIDE: [Self; 13] = [
        Self::Repeated,
        Self::RequestLost,
        Self::AnswerLost,
        Self::ReversalFirst,
        Self::ReversalDuring,
        Self::Network(Fault::LostAnswerBeforeEffect),
        Self::Network(Fault::LostAnswerAfterEffect),
        Self::Network(Fault::SystemBusy),
        Self::Network(Fault::SystemBusyAfterEffect),
        Self::Network(Fault::WrongSignature),
        Self::Network(Fault::ServerError),
        Self::Network(Fault::ServerErrorAfterEffect),
        Self::Network(Fault::Delay { ms: TOO_SLOW_MS }),
    ];
}

/// Every cell of a story's row, and what was found.
///
/// # Errors
/// When the simulation itself cannot go on, or the story does not end as it should with nothing going wrong.
pub fn card_row(stage: &Stage, story: CardStory) -> Result<Vec<String>, Failed> {
    let clean = tell_card(stage, story, Mishap::Nothing)?;
    if (clean.charged, clean.held) != story.end() || !clean.findings.is_empty() || clean.steps == 0
    {
        return Err(format!("{story:?} ended as {clean:?}").into());
    }
    let ours = (0..clean.steps).flat_map(|step| Wrong::ALL.map(|wrong| Mishap::Ours(step, wrong)));
    let mut found = Vec::new();
    for mishap in Mishap::OUTSIDE.into_iter().chain(ours) {
        let told = tell_card(stage, story, mishap)?;
        if (told.charged, told.held) != story.end() || !told.findings.is_empty() {
            found.push(format!("{story:?}, {mishap:?} of {} steps: {told:?}", clean.steps));
        }
    }
    Ok(found)
}

/// Plays one cell.
///
/// # Errors
/// When the simulation itself cannot go on: a bug of it, or a failure of the store.
pub fn tell_card(stage: &Stage, story: CardStory, mishap: Mishap) -> Result<CardTold, Failed> {
    let mut cell = Cell::open(stage)?;
    cell.plays(&[Act::SignOn])?;
    for act in story.before() {
        let act = if let Act::Complete { fen, advice, .. } = act {
            Act::Complete { trace: cell.trace(), fen, advice }
        } else {
            act
        };
        cell.plays(&[act])?;
    }
    let (about, known) = (cell.trace(), cell.slips());
    let steps = cell.arm(story, mishap)?;
    cell.plays(&[story.last(about), Act::Echo])?;
    let taken = steps.taken();
    cell.restart()?;
    calm(&cell.world);
    cell.comes_to_rest()?;
    // A cashier without a slip tries again.
    if cell.slips() == known {
        cell.plays(&[story.last(about)])?;
        cell.comes_to_rest()?;
    }
    cell.judged(taken)
}

/// A terminal, a host and a network.
struct Cell {
    world: World,
    executor: Executor,
    random: Random,
    /// The process; there is always one between two lives.
    app: Option<Arc<App>>,
    merchant: MerchantId,
    line: Arc<ScriptedLine>,
    device: Arc<Turn<Device>>,
}

impl Cell {
    fn open(stage: &Stage) -> Result<Self, Failed> {
        let world = World::new(stage, 1)?;
        calm(&world);
        let executor = Executor::new(Arc::clone(&world.time));
        let (app, merchant, registration) = block_on(async {
            let app = world.process(world.store().await?)?;
            let merchant = set_up(&app, stage).await?;
            let registration = register(&app, merchant).await?;
            Ok::<_, Failed>((app, merchant, registration))
        })?;
        let line = Arc::new(ScriptedLine {
            time: Arc::clone(&world.time),
            host: Mutex::default(),
            wrong: Mutex::default(),
            held_back: Mutex::default(),
            unlike: Mutex::default(),
        });
        let carrier: Arc<dyn Line> = Arc::<ScriptedLine>::clone(&line);
        let device = Device::new(carrier, Settings { first_trace: 1, year: YEAR }, &registration)?;
        let device = Arc::new(Turn::new(device));
        let (random, app) = (Random::new(1), Some(app));
        Ok(Self { world, executor, random, app, merchant, line, device })
    }

    /// The cashier's acts, one after the other, as far as the process lives.
    fn plays(&mut self, acts: &[Act]) -> Result<(), Failed> {
        self.line.connect(self.app()?);
        let (device, acts) = (Arc::clone(&self.device), acts.to_vec());
        self.executor.spawn(async move {
            for act in acts {
                // What came of it stands in the journal.
                drop(device.lock().await.act(act).await);
            }
        });
        let steps = Arc::clone(&self.world.steps);
        run_until_answered(&mut self.executor, &mut self.random, (&self.world, &steps, LIFE))?;
        self.restart()
    }

    fn restart(&mut self) -> Result<(), Failed> {
        self.executor.crash();
        self.line.disconnect();
        let app = self.app.take().ok_or(NO_PROCESS)?;
        self.app = Some(restart(&self.world, app)?);
        Ok(())
    }

    fn app(&self) -> Result<&Arc<App>, Failed> {
        Ok(self.app.as_ref().ok_or(NO_PROCESS)?)
    }

    /// Lets what was begun end: the terminal says what it has open, our jobs run.
    fn comes_to_rest(&mut self) -> Result<(), Failed> {
        let app = Arc::clone(self.app()?);
        self.line.connect(&app);
        let (device, time) = (Arc::clone(&self.device), Arc::clone(&self.world.time));
        self.executor.spawn(async move {
            for _ in 0..LOOKS_MAX {
                let mut device = device.lock().await;
                drop(device.act(Act::Echo).await);
                if !device.is_open() {
                    return;
                }
                drop(device);
                time.sleep(PATIENCE_MS).await;
            }
        });
        spawn_service(&mut self.executor, &self.world, &app, true);
        drop(app);
        self.executor.run(&mut self.random, POLLS_MAX, after(self.world.time.now(), REST));
        self.restart()
    }

    /// What goes wrong from now on.
    fn arm(&mut self, story: CardStory, mishap: Mishap) -> Result<Arc<Steps>, Failed> {
        let plan = match mishap {
            Mishap::Ours(step, wrong) => Some((step, wrong)),
            Mishap::Nothing
            | Mishap::Repeated
            | Mishap::RequestLost
            | Mishap::AnswerLost
            | Mishap::ReversalFirst
            | Mishap::ReversalDuring
            | Mishap::Network(_) => None,
        };
        let slow = Fault::Delay { ms: SLOW_MS };
        let fault = match mishap {
            Mishap::Network(fault) => Some(fault),
            Mishap::ReversalDuring => Some(slow),
            Mishap::Nothing
            | Mishap::Repeated
            | Mishap::RequestLost
            | Mishap::AnswerLost
            | Mishap::ReversalFirst
            | Mishap::Ours(..) => None,
        };
        if let Some(fault) = fault {
            let (channel, call) = (Some("card".to_owned()), story.call().to_owned());
            let rule = FaultRule { channel, call, fault, times: 1 };
            lock(&self.world.outside).sandbox.faults.add(rule);
        }
        *at(&self.line.wrong) = Some(mishap);
        let steps = Arc::new(Steps::new(plan));
        self.world.steps = Arc::clone(&steps);
        self.restart()?;
        Ok(steps)
    }

    /// Of what stands last on the journal.
    fn trace(&self) -> u32 {
        let device = block_on(self.device.lock());
        device.journal().entries.last().map_or(0, |entry| entry.trace)
    }

    fn slips(&self) -> usize {
        block_on(self.device.lock()).journal().entries.len()
    }

    fn judged(&self, steps: u64) -> Result<CardTold, Failed> {
        let app = self.app()?;
        let (slips, open) = {
            let device = block_on(self.device.lock());
            (device.journal().net(), device.is_open())
        };
        let report = block_on(audit::audit(app, &self.world, self.merchant))?;
        let mut findings = report.findings;
        findings.extend(audit::check_slips(&self.world, (!open).then_some(slips)));
        let orders = block_on(app.store.orders_page(self.merchant, None, 100))?;
        let (accounts, _) = block_on(app.store.books())?;
        let balance = |code: AccountCode| -> i128 {
            let all = accounts.iter().filter(|a| a.key.code() == code);
            all.map(|a| a.sums.balance(Side::Debit)).sum()
        };
        let charged = balance(AccountCode::ChannelReceivable);
        let held = balance(AccountCode::MemoCardHold);
        let drawn = lock(&self.world.outside).sandbox.drawn("card");
        if drawn != charged + held {
            findings.push(Finding::CardholdersDiffer { drawn, ours: charged + held });
        }
        findings.extend(check_clearing(&self.world, &orders)?);
        if *at(&self.line.unlike) {
            findings.push(Finding::RepeatDiffers);
        }
        Ok(CardTold { steps, charged, held, findings })
    }
}

/// Both ways: what the network cleared is ours, what is ours was cleared.
fn check_clearing(world: &World, orders: &[Aggregate]) -> Result<Vec<Finding>, Failed> {
    let mut cleared: BTreeMap<String, i128> = BTreeMap::new();
    let mut day = start().to_zoned(TimeZone::fixed(Offset::constant(8))).date();
    for _ in 0..DAYS {
        let file = lock(&world.outside).sandbox.clearing_file("card", day).unwrap_or_default();
        for line in read_clearing_file(&file) {
            let line = line?;
            let fen = i128::from(line.amount);
            let known = cleared.entry(line.reference).or_default();
            *known += match line.what {
                Cleared::Charge => fen,
                Cleared::Void | Cleared::Refund => -fen,
                // It takes back whatever stood there.
                Cleared::Reversal => -known.signum() * fen,
            };
        }
        day = day.tomorrow()?;
    }
    cleared.retain(|_, fen| *fen != 0);
    let ours: BTreeMap<String, i128> = orders.iter().flat_map(our_messages).collect();
    let all = cleared.keys().chain(ours.keys()).collect::<std::collections::BTreeSet<_>>();
    let differs = all.into_iter().filter_map(|reference| {
        let (theirs, ours) = (cleared.get(reference).copied(), ours.get(reference).copied());
        let finding = Finding::ClearingDiffers { reference: reference.clone(), theirs, ours };
        (theirs != ours).then_some(finding)
    });
    Ok(differs.collect())
}

/// What should stand in a clearing file: by reference, in fen.
fn our_messages(order: &Aggregate) -> Vec<(String, i128)> {
    let holds = order.order.hold.is_some_and(|hold| hold.completes().is_none());
    if holds {
        return Vec::new();
    }
    let back = |kind: RefundKind| {
        let done = |r: &&orders::Refund| r.state == RefundState::Succeeded;
        order.refunds.iter().filter(done).filter(move |r| r.kind == kind)
    };
    // As if it had never been.
    if back(RefundKind::Reversal).next().is_some() {
        return Vec::new();
    }
    let paid = order.attempts.iter().filter(|a| a.state == AttemptState::Paid);
    let paid = paid.map(|a| (a.id.card_reference(), i128::from(order.order.amount.minor())));
    let refunds = back(RefundKind::Void).chain(back(RefundKind::Refund));
    let refunds = refunds.map(|r| (r.id.card_reference(), -i128::from(r.amount.minor())));
    paid.chain(refunds).collect()
}

type Underway = Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>>;

/// The line of the terminal, on which one message goes wrong.
struct ScriptedLine {
    time: Arc<Time>,
    host: Mutex<Option<Arc<PosHost>>>,
    /// For the next message.
    wrong: Mutex<Option<Mishap>>,
    /// A message that arrives with the next one.
    held_back: Mutex<Option<HeldBack>>,
    /// A repeat heard something else.
    unlike: Mutex<bool>,
}

enum HeldBack {
    /// It arrives after the next one.
    Behind(Vec<u8>),
    /// It arrived and is worked on.
    Underway(Underway),
}

impl std::fmt::Debug for ScriptedLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScriptedLine")
    }
}

fn at<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait::async_trait]
impl Line for ScriptedLine {
    async fn converse(&self, frame: &[u8]) -> Result<Vec<u8>, Refused> {
        let host = at(&self.host).clone().ok_or(Refused::NoAnswer)?;
        let waiting = at(&self.held_back).take();
        let answer = match waiting {
            None => self.one(&host, frame).await,
            Some(HeldBack::Behind(earlier)) => {
                let answer = answered(Arc::clone(&host), frame.to_vec()).await;
                // Nobody waits for it any more.
                drop(answered(host, earlier).await);
                answer
            }
            Some(HeldBack::Underway(earlier)) => {
                join(earlier, answered(host, frame.to_vec())).await.1
            }
        };
        // One that gives up while the host works does so at once.
        let gave_up = matches!(&*at(&self.held_back), Some(HeldBack::Underway(_)));
        if answer.is_none() && !gave_up {
            self.time.sleep(PATIENCE_MS).await;
        }
        answer.ok_or(Refused::NoAnswer)
    }
}

impl ScriptedLine {
    async fn one(&self, host: &Arc<PosHost>, frame: &[u8]) -> Option<Vec<u8>> {
        let wrong = at(&self.wrong).take();
        let arrives = || Box::pin(answered(Arc::clone(host), frame.to_vec()));
        match wrong {
            None | Some(Mishap::Nothing | Mishap::Network(_) | Mishap::Ours(..)) => arrives().await,
            Some(Mishap::Repeated) => {
                let first = arrives().await;
                let second = arrives().await;
                *at(&self.unlike) |= first != second;
                second
            }
            Some(Mishap::RequestLost) => None,
            Some(Mishap::AnswerLost) => {
                drop(arrives().await);
                None
            }
            Some(Mishap::ReversalFirst) => {
                *at(&self.held_back) = Some(HeldBack::Behind(frame.to_vec()));
                None
            }
            Some(Mishap::ReversalDuring) => {
                let patience = self.time.sleep(SHORT_PATIENCE_MS);
                match select(arrives(), patience).await {
                    Either::Left((answer, _)) => answer,
                    Either::Right(((), underway)) => {
                        *at(&self.held_back) = Some(HeldBack::Underway(underway));
                        // The terminal goes on at once: its patience is over.
                        None
                    }
                }
            }
        }
    }

    fn connect(&self, app: &Arc<App>) {
        let settings = PosSettings { acquirer: ACQUIRER.to_owned() };
        *at(&self.host) = Some(Arc::new(PosHost::new(Arc::clone(app), settings)));
    }

    fn disconnect(&self) {
        *at(&self.host) = None;
        *at(&self.held_back) = None;
    }
}

async fn answered(host: Arc<PosHost>, frame: Vec<u8>) -> Option<Vec<u8>> {
    match host.answer(frame.get(2..)?).await {
        Answer::Reply(bytes) => bytes.get(2..).map(<[u8]>::to_vec),
        Answer::Silence | Answer::Close => None,
    }
}
