//! Runs tasks one poll at a time in a seeded order, on a virtual clock that moves only when nothing
//! else can. Dropping the tasks is a crash: each stops where it waits.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use jiff::Timestamp;

use crate::random::Random;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The virtual clock and who waits for it.
#[derive(Debug)]
pub(crate) struct Time {
    now: Mutex<Timestamp>,
    timers: Mutex<BTreeMap<(Timestamp, u64), Waker>>,
    next: Mutex<u64>,
}

impl Time {
    pub(crate) fn starting_at(now: Timestamp) -> Arc<Self> {
        let (timers, next) = (Mutex::default(), Mutex::default());
        Arc::new(Self { now: Mutex::new(now), timers, next })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now.lock().map_or(Timestamp::UNIX_EPOCH, |now| *now)
    }

    /// Waits until the clock has moved so far.
    pub(crate) fn sleep(self: &Arc<Self>, ms: u64) -> Sleep {
        let wait = jiff::SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
        let now = self.now();
        Sleep { time: Arc::clone(self), until: now.saturating_add(wait).unwrap_or(now) }
    }

    fn register(&self, until: Timestamp, waker: Waker) {
        if let (Ok(mut timers), Ok(mut next)) = (self.timers.lock(), self.next.lock()) {
            *next += 1;
            timers.insert((until, *next), waker);
        }
    }

    /// Moves to the next moment that somebody waits for; false when nobody does.
    fn advance(&self) -> bool {
        let Ok(mut timers) = self.timers.lock() else { return false };
        let Some(((at, _), _)) = timers.first_key_value() else { return false };
        let at = *at;
        if let Ok(mut now) = self.now.lock() {
            *now = at.max(*now);
        }
        while let Some(entry) = timers.first_entry() {
            if entry.key().0 > at {
                break;
            }
            entry.remove().wake();
        }
        true
    }

    fn forget_all(&self) {
        if let Ok(mut timers) = self.timers.lock() {
            timers.clear();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Sleep {
    time: Arc<Time>,
    until: Timestamp,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.time.now() >= self.until {
            return Poll::Ready(());
        }
        self.time.register(self.until, context.waker().clone());
        Poll::Pending
    }
}

#[derive(Debug)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// No task is left.
    Done,
    /// The given number of polls is used up.
    Polls,
    /// The given time is over.
    Late,
    /// Tasks are left and nothing can wake them.
    Stuck,
}

pub(crate) struct Executor {
    time: Arc<Time>,
    tasks: Vec<(Task, Arc<Flag>)>,
}

impl Executor {
    pub(crate) const fn new(time: Arc<Time>) -> Self {
        Self { time, tasks: Vec::new() }
    }

    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push((Box::pin(task), Arc::new(Flag(AtomicBool::new(true)))));
    }

    /// Polls ready tasks in the order that `random` says.
    pub(crate) fn run(&mut self, random: &mut Random, polls: u64, until: Timestamp) -> End {
        for _ in 0..polls {
            let ready: Vec<usize> = self.ready();
            if let Some(index) = random.pick(&ready) {
                self.poll(index);
                continue;
            }
            if self.tasks.is_empty() {
                return End::Done;
            }
            if !self.time.advance() {
                return End::Stuck;
            }
            if self.time.now() > until {
                return End::Late;
            }
        }
        End::Polls
    }

    fn ready(&self) -> Vec<usize> {
        let flags = self.tasks.iter().enumerate();
        flags.filter(|(_, (_, flag))| flag.0.load(Ordering::Relaxed)).map(|(i, _)| i).collect()
    }

    fn poll(&mut self, index: usize) {
        let Some((task, flag)) = self.tasks.get_mut(index) else { return };
        flag.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(flag));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            drop(self.tasks.remove(index));
        }
    }

    /// The process dies: every task stops where it waits.
    pub(crate) fn crash(&mut self) {
        self.tasks.clear();
        self.time.forget_all();
    }
}
