//! How well an account has answered lately, and how much traffic it gets for it.
//!
//! A breaker: an account that fails loses its traffic at once, rests, and gets it back in steps, each
//! of which it has to pass. What counts as failing is silence, unreadable answers and the channel's
//! own "unavailable"; a payer without money or with a wrong code says nothing about the channel.

/// The whole traffic, in thousandths.
pub const SHARE_FULL: u32 = 1_000;

/// How far back answers count.
const WINDOW_S: i64 = 10;
/// Fewer answers say nothing.
const SAMPLES_MIN: u32 = 5;
/// In a hundred: so many failures open the breaker.
const FAILED_PERCENT: u32 = 50;
/// The first rest; each rest after a failed return is twice as long,
const REST_S: i64 = 5;
/// up to this.
const REST_S_MAX: i64 = 60;
/// The way back, in thousandths,
const RAMP: [u32; 4] = [10, 50, 200, 500];
/// and how long each step lasts at least.
const STEP_S: i64 = 5;
/// Seconds are slots of a ring.
const SLOTS: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The channel answered, whatever it said to the payer; after so many milliseconds.
    Answered { ms: u32 },
    /// No answer, none that can be trusted, or "unavailable".
    Failed,
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
    /// On its way back: the step, since when, and whether it has answered in it.
    Ramp {
        step: usize,
        since: i64,
        answered: bool,
        times: u32,
    },
}

/// The health of one account. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    slots: [Slot; SLOTS],
    state: State,
}

impl Default for Health {
    fn default() -> Self {
        Self { slots: [Slot::default(); SLOTS], state: State::Closed }
    }
}

impl Health {
    /// Takes in how a call went.
    pub fn record(&mut self, second: i64, outcome: Outcome) {
        self.advance(second);
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
                Outcome::Failed => slot.failed = slot.failed.saturating_add(1),
            }
        }
        self.judge(second, outcome);
    }

    /// How much of its traffic it gets, in thousandths.
    #[must_use]
    pub fn share(&self, second: i64) -> u32 {
        let mut now = self.clone();
        now.advance(second);
        match now.state {
            State::Closed => SHARE_FULL,
            State::Open { .. } => 0,
            State::Ramp { step, .. } => RAMP.get(step).copied().unwrap_or(SHARE_FULL),
        }
    }

    /// In thousandths: answers among all calls of the window; full where there were none.
    #[must_use]
    pub fn success(&self, second: i64) -> u32 {
        let (answered, failed, _) = self.window(second);
        let all = answered.saturating_add(failed);
        answered.saturating_mul(SHARE_FULL).checked_div(all).unwrap_or(SHARE_FULL)
    }

    /// Milliseconds an answer took on average in the window; `None` where there were none.
    #[must_use]
    pub fn latency_ms(&self, second: i64) -> Option<u64> {
        let (answered, _, ms) = self.window(second);
        ms.checked_div(u64::from(answered))
    }

    fn window(&self, second: i64) -> (u32, u32, u64) {
        let fresh = self.slots.iter().filter(|slot| second.saturating_sub(slot.second) < WINDOW_S);
        fresh.fold((0, 0, 0), |(answered, failed, ms), slot| {
            (
                u32::saturating_add(answered, slot.answered),
                u32::saturating_add(failed, slot.failed),
                u64::saturating_add(ms, slot.ms),
            )
        })
    }

    /// A rest that is over becomes the first step back; a passed step the next one.
    fn advance(&mut self, second: i64) {
        if let State::Open { until, times } = self.state
            && second >= until
        {
            self.slots = [Slot::default(); SLOTS];
            self.state = State::Ramp { step: 0, since: until, answered: false, times };
        }
        if let State::Ramp { step, since, answered: true, times } = self.state
            && second.saturating_sub(since) >= STEP_S
        {
            let next = step.saturating_add(1);
            self.state = if next < RAMP.len() {
                State::Ramp { step: next, since: second, answered: false, times }
            } else {
                State::Closed
            };
        }
    }

    fn judge(&mut self, second: i64, outcome: Outcome) {
        match (self.state, outcome) {
            (State::Ramp { times, .. }, Outcome::Failed) => {
                self.open(second, times.saturating_add(1))
            }
            (State::Ramp { step, since, times, .. }, Outcome::Answered { .. }) => {
                self.state = State::Ramp { step, since, answered: true, times };
            }
            (State::Closed, Outcome::Failed) => {
                let (answered, failed, _) = self.window(second);
                let all = answered.saturating_add(failed);
                let bad = failed.saturating_mul(100) >= all.saturating_mul(FAILED_PERCENT);
                if all >= SAMPLES_MIN && bad {
                    self.open(second, 0);
                }
            }
            (State::Closed, Outcome::Answered { .. }) | (State::Open { .. }, _) => {}
        }
    }

    fn open(&mut self, second: i64, times: u32) {
        let factor = 1_i64.checked_shl(times.min(16)).unwrap_or(i64::MAX);
        let rest = REST_S.saturating_mul(factor).min(REST_S_MAX);
        self.state = State::Open { until: second.saturating_add(rest), times };
    }
}
