//! A card terminal of the merchant: it trades all day over a line that loses messages both ways, while the
//! host behind it dies and the network forgets to answer. Its slips are what cardholders were told.

use std::sync::{Arc, Mutex, PoisonError};

use app::App;
use app::pos::{MasterKey, NewPosTerminal, new_master_key};
use crypto::pos::{BlockKey, components};
use futures_util::lock::Mutex as Turn;
use ids::MerchantId;
use merchants::{PosModel, TerminalKind};
use pos_host::{Answer, PosHost, PosSettings};
use pos_terminal::{Act, Card, Device, Done, Failed as Refused, Line, Settings};

use sandbox::{Fault, FaultRule};

use crate::day::sleep_until;
use crate::executor::Time;
use crate::plan::BUSY_MS;
use crate::random::Random;
use crate::world::{Failed, Outside, World};

const TERMINAL_NO: &str = "10000001";
const MERCHANT_CODE: &str = "305310058120001";
const ACTS_MAX: u64 = 16;
/// A terminal waits so long for an answer.
const PATIENCE_MS: u64 = 60_000;
/// How often a message or its answer is lost on the line, in a hundred.
const LOSS_PERCENT: u64 = 10;
/// How often the network does something wrong with a message of the terminal's, in a hundred.
const FAULT_PERCENT: u64 = 25;
pub(crate) const YEAR: i16 = 2026;
pub(crate) const ACQUIRER: &str = "48021000";
const CUSTODIANS: usize = 2;
/// Fen; what ends a refusal's code into an amount is left to the issuers.
const SALE_MAX: u64 = 5_000;
/// Looks of the evening until the terminal has nothing open.
const EVENING_MAX: u32 = 40;

/// The terminal with what it knows, which no crash of ours touches.
pub(crate) struct Desk {
    line: Arc<HostLine>,
    turn: Turn<Shop>,
}

struct Shop {
    device: Device,
    random: Random,
    acts_left: u64,
    counts: DeskCounts,
    wants_keys: bool,
    outside: Arc<Mutex<Outside>>,
}

/// What the terminal lived through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskCounts {
    pub slips: usize,
    pub reversals: usize,
    pub settlements: usize,
}

/// The line to whatever host is alive.
#[derive(Debug)]
struct HostLine {
    time: Arc<Time>,
    host: Mutex<Option<Arc<PosHost>>>,
    random: Mutex<Random>,
    loss_percent: Mutex<u64>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait::async_trait]
impl Line for HostLine {
    async fn converse(&self, frame: &[u8]) -> Result<Vec<u8>, Refused> {
        let host = lock(&self.host).clone().ok_or(Refused::NoAnswer)?;
        let loss = *lock(&self.loss_percent);
        let (lost, lost_back) = {
            let mut random = lock(&self.random);
            (random.chance(loss), random.chance(loss))
        };
        let answer = if lost { None } else { self.answered(&host, frame).await };
        match answer.filter(|_| !lost_back) {
            Some(answer) => Ok(answer),
            None => {
                self.time.sleep(PATIENCE_MS).await;
                Err(Refused::NoAnswer)
            }
        }
    }
}

impl HostLine {
    async fn answered(&self, host: &PosHost, frame: &[u8]) -> Option<Vec<u8>> {
        match host.answer(frame.get(2..)?).await {
            Answer::Reply(bytes) => bytes.get(2..).map(<[u8]>::to_vec),
            Answer::Silence | Answer::Close => None,
        }
    }
}

impl Desk {
    /// Registers the terminal before the day begins.
    pub(crate) async fn open(
        app: &App,
        world: &World,
        (merchant, seed): (MerchantId, u64),
    ) -> Result<Arc<Self>, Failed> {
        let registration = register(app, merchant).await?;
        let line = Arc::new(HostLine {
            time: Arc::clone(&world.time),
            host: Mutex::new(None),
            random: Mutex::new(Random::new(seed ^ 0x11e)),
            loss_percent: Mutex::new(LOSS_PERCENT),
        });
        let settings = Settings { first_trace: 1, year: YEAR };
        let carrier: Arc<dyn Line> = Arc::<HostLine>::clone(&line);
        let device = Device::new(carrier, settings, &registration)?;
        let mut random = Random::new(seed ^ 0xde5c);
        let acts_left = random.below(ACTS_MAX);
        let counts = DeskCounts::default();
        let outside = Arc::clone(&world.outside);
        let shop = Shop { device, random, acts_left, counts, wants_keys: true, outside };
        Ok(Arc::new(Self { line, turn: Turn::new(shop) }))
    }

    /// A host comes up over this process.
    pub(crate) fn connect(&self, app: &Arc<App>) {
        let settings = PosSettings { acquirer: ACQUIRER.to_owned() };
        *lock(&self.line.host) = Some(Arc::new(PosHost::new(Arc::clone(app), settings)));
    }

    /// It is gone.
    pub(crate) fn disconnect(&self) {
        *lock(&self.line.host) = None;
    }

    /// The line loses nothing from now on.
    pub(crate) fn calm(&self) {
        *lock(&self.line.loss_percent) = 0;
    }

    /// The cashier at work: one act after another, each after a while.
    pub(crate) async fn play(self: Arc<Self>) {
        let time = Arc::clone(&self.line.time);
        loop {
            let mut shop = self.turn.lock().await;
            if shop.acts_left == 0 {
                return;
            }
            let wait = shop.random.below(BUSY_MS / ACTS_MAX);
            drop(shop);
            time.sleep(wait).await;
            let mut shop = self.turn.lock().await;
            shop.acts_left = shop.acts_left.saturating_sub(1);
            shop.strike();
            let act = shop.draw();
            shop.act(act).await;
        }
    }

    /// The evening: whatever is open is given up.
    pub(crate) async fn close(self: Arc<Self>) {
        sleep_until(&self.line.time, BUSY_MS).await;
        let mut shop = self.turn.lock().await;
        for _ in 0..EVENING_MAX {
            shop.act(Act::Echo).await;
            if !shop.device.is_open() {
                return;
            }
        }
    }

    /// What its slips come to, in fen; none while something is open.
    pub(crate) async fn taken(&self) -> (Option<i128>, DeskCounts) {
        let shop = self.turn.lock().await;
        let (batches, settled) = shop.device.settled();
        let net = settled + shop.device.journal().net();
        let settlements = usize::try_from(batches).unwrap_or(usize::MAX);
        ((!shop.device.is_open()).then_some(net), DeskCounts { settlements, ..shop.counts })
    }
}

/// Registers a terminal: what it is told of itself.
pub(crate) async fn register(app: &App, merchant: MerchantId) -> Result<String, Failed> {
    let store = app.create_store(merchant, "desk").await?;
    let terminal = app.create_terminal(&store, TerminalKind::SmartPos, "desk").await?;
    let master = new_master_key(PosModel::CupTdes);
    let parts = components(&master, CUSTODIANS);
    let new = NewPosTerminal {
        terminal_no: TERMINAL_NO.to_owned(),
        merchant_code: MERCHANT_CODE.to_owned(),
        model: PosModel::CupTdes,
        master: MasterKey::Clear(master),
    };
    let access = app.register_pos(&terminal, new).await?.access;
    let part = |key: &BlockKey| serde_json::json!({ "key": hex::encode(key.expose()) });
    let parts: Vec<_> = parts.iter().map(part).collect();
    let registration = serde_json::json!({
        "terminal_no": TERMINAL_NO,
        "merchant_code": MERCHANT_CODE,
        "model": access.terminal.model.code(),
        "master_check_value": access.terminal.master_check,
        "master_key_components": parts,
    });
    Ok(registration.to_string())
}

impl Shop {
    async fn act(&mut self, act: Act) {
        if self.wants_keys {
            self.wants_keys = self.device.act(Act::SignOn).await.is_err();
            if self.wants_keys {
                return;
            }
        }
        let settles = act == Act::Settle;
        let done = self.device.act(act).await;
        match done {
            Ok(Done::Slip(_)) if !settles => self.counts.slips += 1,
            Ok(Done::Lost { reversed: true }) => self.counts.reversals += 1,
            // Somebody signed on in between, or the answer of a sign-on was lost.
            Ok(Done::Refused(code)) if code == "A0" || code == "77" => self.wants_keys = true,
            Ok(Done::Lost { reversed: false }) | Err(_) => self.wants_keys = true,
            Ok(
                Done::Slip(_)
                | Done::Said(_)
                | Done::Refused(_)
                | Done::Unexpected { .. }
                | Done::Quit,
            ) => {}
        }
    }

    /// The network does something wrong with the next message of a kind.
    fn strike(&mut self) {
        if !self.random.chance(FAULT_PERCENT) {
            return;
        }
        let calls = ["0100", "0200", "0220", "0420"];
        let faults = [
            Fault::LostAnswerBeforeEffect,
            Fault::LostAnswerAfterEffect,
            Fault::SystemBusy,
            Fault::SystemBusyAfterEffect,
            Fault::WrongSignature,
        ];
        let (Some(call), Some(fault)) = (self.random.pick(&calls), self.random.pick(&faults))
        else {
            return;
        };
        let (channel, call) = (Some("card".to_owned()), call.to_owned());
        lock(&self.outside).sandbox.faults.add(FaultRule { channel, call, fault, times: 1 });
    }

    fn draw(&mut self) -> Act {
        let fen = 1 + self.random.below(SALE_MAX);
        let traces: Vec<u32> =
            self.device.journal().entries.iter().map(|entry| entry.trace).collect();
        let some = self.random.pick(&traces);
        let card = || Some(Card { pan: "6222021234567890128".to_owned(), pin: None });
        match (self.random.below(100), some) {
            (0..=29, _) => Act::Sale { fen, card: card() },
            (30..=39, _) => Act::Authorize { fen, card: card() },
            (40..=54, Some(trace)) => {
                let advice = self.random.chance(30);
                Act::Complete { trace, fen, advice }
            }
            (55..=74, Some(trace)) => Act::Void { trace },
            (75..=84, Some(trace)) => Act::Refund { trace, fen: 1 + self.random.below(fen) },
            (85..=89, _) => Act::Offline { fen, card: card() },
            (90..=93, _) => Act::Repeat,
            (94..=96, _) => Act::Settle,
            (97..=98, _) => Act::SignOn,
            (_, _) => Act::Sale { fen: 900_051, card: card() },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use ledger::{AccountCode, Side};

    use super::*;
    use crate::day::{after, block_on, calm};
    use crate::executor::Executor;
    use crate::world::{Stage, set_up, start};

    const POLLS_MAX: u64 = 100_000;
    const MONTH_MS: u64 = 31 * 86_400_000;

    fn held(app: &App) -> i128 {
        let (accounts, _) = block_on(app.store.books()).unwrap();
        let holds = accounts.iter().filter(|a| a.key.code() == AccountCode::MemoCardHold);
        holds.map(|a| a.sums.balance(Side::Debit)).sum()
    }

    /// 预授权 stands for thirty days; then nobody holds anything, and it cannot be completed.
    #[test]
    fn a_hold_lapses_after_its_time() {
        let stage = Stage::new().unwrap();
        let world = World::new(&stage, 1).unwrap();
        calm(&world);
        let mut executor = Executor::new(Arc::clone(&world.time));
        let mut random = Random::new(1);
        let (app, desk) = block_on(async {
            let app = world.process(world.store().await?)?;
            let merchant = set_up(&app, &stage).await?;
            let desk = Desk::open(&app, &world, (merchant, 1)).await?;
            Ok::<_, Failed>((app, desk))
        })
        .unwrap();
        desk.calm();
        desk.connect(&app);
        let act = |act: Act| {
            let desk = Arc::clone(&desk);
            async move { desk.turn.lock().await.act(act).await }
        };
        executor.spawn(act(Act::Authorize { fen: 700, card: None }));
        executor.run(&mut random, POLLS_MAX, after(start(), SignedDuration::from_hours(1)));
        assert_eq!(held(&app), 700);
        let (time, worker) = (Arc::clone(&world.time), Arc::clone(&app));
        executor.spawn(async move {
            time.sleep(MONTH_MS).await;
            worker.run_due_jobs().await.unwrap();
        });
        let later = after(start(), SignedDuration::from_hours(24 * 40));
        executor.run(&mut random, POLLS_MAX, later);
        assert_eq!(held(&app), 0);
        let trace = block_on(desk.turn.lock()).device.journal().entries.first().unwrap().trace;
        executor.spawn(act(Act::Complete { trace, fen: 700, advice: false }));
        executor.spawn(act(Act::Expect("22".to_owned())));
        executor.run(&mut random, POLLS_MAX, after(later, SignedDuration::from_hours(1)));
        let (slips, counts) = block_on(desk.taken());
        assert_eq!((slips, counts.slips), (Some(0), 1));
    }
}
