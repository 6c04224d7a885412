//! What becomes of a write, decided by a test: how the simulation breaks the store at each step.

/// The fate of one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFate {
    /// As it should be.
    Write,
    /// Refused before anything is written.
    Refuse,
    /// Written, but the asker is told that nobody knows.
    LoseAnswer,
    /// The process dies before the write: the asker never goes on.
    DieBefore,
    /// The process dies after the write.
    DieAfter,
}

/// Decides the fate of each write, in their order.
pub trait WriteFates: Send + Sync {
    fn next(&self) -> WriteFate;
}
