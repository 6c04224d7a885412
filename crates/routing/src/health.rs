//! How well an account has answered lately, and how much traffic it gets for it.
//!
//! A breaker: an account that fails loses its traffic at once, rests, and gets it back in steps, each
//! of which it has to pass. What counts as failing is silence, unreadable answers and the channel's
//! own "unavailable"; a payer without money or with a wrong code says nothing about the channel
//! ([`crate::Attempted::outcome`] tells them apart).
//!
//! No channel's rules say how to do this: the figures are chosen. Together they take the traffic from
//! a dead account within ten seconds of its death, if it had at least one call per second.

/// The whole traffic, in thousandths.
pub const SHARE_FULL: u32 = 1_000;
/// A call without an answer for so long is recorded as failed then, and not again when it ends: to
/// wait for its timeout would leave the traffic on a dead account for all that time.
pub const OVERDUE_MS: u32 = 5_000;

/// How far back answers count.
const WINDOW_S: i64 = 10;
/// Fewer answers say nothing,
const SAMPLES_MIN: u32 = 5;
/// unless so many calls in a row failed, however slowly they came,
const FAILED_IN_A_ROW: u32 = 5;
/// and for at least so long: a blink of a busy channel is left to the window.
const ROW_S: i64 = 2;
/// In a hundred: so many failures open the breaker.
const FAILED_PERCENT: u32 = 50;
/// The first rest; each rest after a failed return is twice as long,
const REST_S: i64 = 5;
/// up to this.
const REST_S_MAX: i64 = 60;
/// Beyond so many doublings the rest is at its longest.
const DOUBLINGS_MAX: u32 = 16;
/// The way back, in thousandths,
const RAMP: [u32; 4] = [10, 50, 200, 500];
/// and how long each step lasts at least.
const STEP_S: i64 = 5;
/// Seconds are slots of a ring.
const SLOTS: usize = 10;
const MS_PER_S: u32 = 1_000;

/// How a call went, after so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The channel answered, whatever it said to the payer.
    Answered { ms: u32 },
    /// No answer, none that can be trusted, or "unavailable".
    Failed { ms: u32 },
}

/// What an operator sees of the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breaker {
    /// All its traffic.
    Closed,
    /// None.
    Open,
    /// A part of it, on the way back.
    HalfOpen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Slot {
    second: i64,
    answered: u32,
    failed: u32,
    ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// Rests until then; so often in a row.
    Open {
        until: i64,
        times: u32,
    },
    HalfOpen(Return),
}

/// A way back: when it began, its step, since when, and whether it has answered in that step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Return {
    began: i64,
    step: usize,
    since: i64,
    answered: bool,
    times: u32,
}

/// Failures without an answer between them, and when the first of them was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Row {
    failed: u32,
    since: i64,
}

/// The health of one account. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    slots: [Slot; SLOTS],
    state: State,
    row: Row,
}

impl Default for Health {
    fn default() -> Self {
        Self { slots: [Slot::default(); SLOTS], state: State::Closed, row: Row::default() }
    }
}

impl Breaker {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

impl Outcome {
    /// The second in which the call was sent, when it ended in `second`.
    fn sent(self, second: i64) -> i64 {
        let (Self::Answered { ms } | Self::Failed { ms }) = self;
        second.saturating_sub(i64::from(ms / MS_PER_S))
    }
}

impl Row {
    fn add(&mut self, second: i64) {
        let is_first = self.failed == 0;
        self.since = if is_first { second } else { self.since.min(second) };
        self.failed = self.failed.saturating_add(1);
    }

    fn is_dead(self, second: i64) -> bool {
        self.failed >= FAILED_IN_A_ROW && second.saturating_sub(self.since) >= ROW_S
    }
}

impl Health {
    /// Takes in how a call went that ended in `second`.
    pub fn record(&mut self, second: i64, outcome: Outcome) {
        self.advance(second);
        // What was sent before the rest says nothing of the time after it.
        if let State::HalfOpen(back) = self.state
            && outcome.sent(second) < back.began
        {
            return;
        }
        let slot = usize::try_from(second.rem_euclid(WINDOW_S)).unwrap_or(0);
        if let Some(slot) = self.slots.get_mut(slot) {
            if slot.second != second {
                *slot = Slot { second, ..Slot::default() };
            }
            match outcome {
                Outcome::Answered { ms } => {
                    slot.answered = slot.answered.saturating_add(1);
                    slot.ms = slot.ms.saturating_add(u64::from(ms));
                }
                Outcome::Failed { .. } => slot.failed = slot.failed.saturating_add(1),
            }
        }
        self.judge(second, outcome);
    }

    /// How much of its traffic it gets, in thousandths.
    #[must_use]
    pub fn share(&self, second: i64) -> u32 {
        match self.at(second).state {
            State::Closed => SHARE_FULL,
            State::Open { .. } => 0,
            State::HalfOpen(back) => RAMP.get(back.step).copied().unwrap_or(SHARE_FULL),
        }
    }

    #[must_use]
    pub fn breaker(&self, second: i64) -> Breaker {
        match self.at(second).state {
            State::Closed => Breaker::Closed,
            State::Open { .. } => Breaker::Open,
            State::HalfOpen(_) => Breaker::HalfOpen,
        }
    }

    /// In thousandths: answers among all calls of the window; full where there were none.
    #[must_use]
    pub fn success(&self, second: i64) -> u32 {
        let (answered, failed, _) = self.window(second);
        let share = u64::from(answered).saturating_mul(u64::from(SHARE_FULL));
        let share = share.checked_div(u64::from(answered).saturating_add(u64::from(failed)));
        share.and_then(|share| u32::try_from(share).ok()).unwrap_or(SHARE_FULL)
    }

    /// Milliseconds an answer took on average in the window; `None` where there were none.
    #[must_use]
    pub fn latency_ms(&self, second: i64) -> Option<u64> {
        let (answered, _, ms) = self.window(second);
        ms.checked_div(u64::from(answered))
    }

    fn window(&self, second: i64) -> (u32, u32, u64) {
        // A slot of the future is from before the clock was set back.
        let is_fresh = |slot: &&Slot| (0..WINDOW_S).contains(&second.saturating_sub(slot.second));
        self.slots.iter().filter(is_fresh).fold((0, 0, 0), |(answered, failed, ms), slot| {
            (
                u32::saturating_add(answered, slot.answered),
                u32::saturating_add(failed, slot.failed),
                u64::saturating_add(ms, slot.ms),
            )
        })
    }

    fn at(&self, second: i64) -> Self {
        let mut then = self.clone();
        then.advance(second);
        then
    }

    /// A rest that is over becomes the first step back; a passed step the next one. A rest longer
    /// than the longest, or a step of the future, comes from a clock that was set back.
    fn advance(&mut self, second: i64) {
        if let State::Open { until, times } = self.state
            && (second >= until || until.saturating_sub(second) > REST_S_MAX)
        {
            self.slots = [Slot::default(); SLOTS];
            let began = until.min(second);
            let back = Return { began, step: 0, since: began, answered: false, times };
            self.state = State::HalfOpen(back);
        }
        if let State::HalfOpen(back) = &mut self.state {
            back.began = back.began.min(second);
            back.since = back.since.min(second);
        }
        if let State::HalfOpen(back) = self.state
            && back.answered
            && second.saturating_sub(back.since) >= STEP_S
        {
            let step = back.step.saturating_add(1);
            self.slots = [Slot::default(); SLOTS];
            self.state = if step < RAMP.len() {
                State::HalfOpen(Return { step, since: second, answered: false, ..back })
            } else {
                State::Closed
            };
        }
    }

    fn judge(&mut self, second: i64, outcome: Outcome) {
        let (answered, failed, _) = self.window(second);
        let all = answered.saturating_add(failed);
        let mostly_failed =
            u64::from(failed).saturating_mul(100) >= u64::from(all) * u64::from(FAILED_PERCENT);
        match (self.state, outcome) {
            (State::HalfOpen(back), Outcome::Failed { .. }) => {
                // Not for one failure among many answers, or a busy account would never come back.
                if mostly_failed {
                    self.open(second, back.times.saturating_add(1));
                }
            }
            (State::HalfOpen(back), Outcome::Answered { .. }) => {
                self.state = State::HalfOpen(Return { answered: true, ..back });
            }
            (State::Closed, Outcome::Failed { .. }) => {
                self.row.add(second);
                if self.row.is_dead(second) || (all >= SAMPLES_MIN && mostly_failed) {
                    self.open(second, 0);
                }
            }
            (State::Closed, Outcome::Answered { .. }) => self.row = Row::default(),
            (State::Open { .. }, _) => {}
        }
    }

    fn open(&mut self, second: i64, times: u32) {
        let factor = 1_i64.checked_shl(times.min(DOUBLINGS_MAX)).unwrap_or(i64::MAX);
        let rest = REST_S.saturating_mul(factor).min(REST_S_MAX);
        self.row = Row::default();
        self.state = State::Open { until: second.saturating_add(rest), times };
    }
}
