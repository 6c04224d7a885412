//! The fate of each step of a use case: its writes and its messages to the outside, counted together.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use store::{WriteFate, WriteFates};

/// What goes wrong at the chosen step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The process dies before the step takes effect.
    DieBefore,
    /// The process dies after it took effect, before it learns so.
    DieAfter,
    /// The step does not take effect, and the process learns so.
    Fail,
    /// The step takes effect, and the process learns nothing.
    LoseAnswer,
    /// A message arrives twice; a write, which has no network between, is as it should be.
    Twice,
}

impl Wrong {
    pub const ALL: [Self; 5] =
        [Self::DieBefore, Self::DieAfter, Self::Fail, Self::LoseAnswer, Self::Twice];
}

/// Counts steps, and lets one of them go wrong.
#[derive(Debug)]
pub(crate) struct Steps {
    taken: AtomicU64,
    died: AtomicBool,
    plan: Option<(u64, Wrong)>,
}

impl Steps {
    pub(crate) const fn new(plan: Option<(u64, Wrong)>) -> Self {
        Self { taken: AtomicU64::new(0), died: AtomicBool::new(false), plan }
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether the process died, once: the next life is spared.
    pub(crate) fn died(&self) -> bool {
        self.died.swap(false, Ordering::Relaxed)
    }

    /// What goes wrong with the step that is now taken.
    pub(crate) fn step(&self) -> Option<Wrong> {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        self.plan.filter(|(at, _)| *at == number).map(|(_, wrong)| wrong)
    }

    /// The process dies: whoever calls this never goes on.
    pub(crate) fn die(&self) {
        self.died.store(true, Ordering::Relaxed);
    }
}

impl WriteFates for Steps {
    fn next(&self) -> WriteFate {
        match self.step() {
            None | Some(Wrong::Twice) => WriteFate::Write,
            Some(Wrong::Fail) => WriteFate::Refuse,
            Some(Wrong::LoseAnswer) => WriteFate::LoseAnswer,
            // A write is done within one poll, so that the death is seen when it is over.
            Some(Wrong::DieBefore) => {
                self.die();
                WriteFate::DieBefore
            }
            Some(Wrong::DieAfter) => {
                self.die();
                WriteFate::DieAfter
            }
        }
    }
}
