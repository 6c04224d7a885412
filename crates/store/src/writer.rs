//! The batched writer: commands queue, a writer takes what is there, and one commit serves them all.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::batch::{self, BatchContext, Command, Queued};
use crate::changes::Changes;
use crate::error::StoreError;
use crate::sql::{Session, SqlError};
use crate::working::{Reads, View};

/// Commands that may wait; one more is refused as [`StoreError::Overloaded`].
pub const QUEUE_MAX: usize = 8_192;
/// Commands in one transaction.
pub const BATCH_MAX: usize = 256;
/// How often a batch is tried when the database finds a conflict with another writer.
const TRIES_MAX: u32 = 8;

type Item = Box<dyn QueuedItem>;

/// A queued command that can also be answered.
pub(crate) trait QueuedItem: Queued {
    fn answer(self: Box<Self>, result: Result<(), StoreError>);
}

struct Pending<C: Command> {
    command: C,
    decided: Option<C::Answer>,
    bug: bool,
    reply: oneshot::Sender<Result<C::Answer, StoreError>>,
}

impl<C: Command> Queued for Pending<C> {
    fn now(&self) -> jiff::Timestamp {
        self.command.now()
    }

    fn reads(&self, reads: &mut Reads) {
        self.command.reads(reads);
    }

    fn decide(&mut self, view: &View<'_>) -> Changes {
        self.bug = false;
        let decision = self.command.decide(view);
        self.decided = Some(decision.answer);
        decision.changes
    }

    fn mark_bug(&mut self) {
        self.bug = true;
    }
}

impl<C: Command> QueuedItem for Pending<C> {
    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { decided, bug, reply, .. } = *self;
        let answer = match (result, decided) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(answer)) if !bug => Ok(answer),
            (Ok(()), _) => Err(StoreError::Bug),
        };
        // The asker may have gone; what was committed stays committed.
        drop(reply.send(answer));
    }
}

impl Queued for Box<dyn QueuedItem> {
    fn now(&self) -> jiff::Timestamp {
        self.as_ref().now()
    }
    fn reads(&self, reads: &mut Reads) {
        self.as_ref().reads(reads);
    }
    fn decide(&mut self, view: &View<'_>) -> Changes {
        self.as_mut().decide(view)
    }
    fn mark_bug(&mut self) {
        self.as_mut().mark_bug();
    }
}

/// Where commands go.
pub(crate) enum Writer {
    /// Runs each command at once in the caller: for one thread and one connection, as in `sim`.
    Inline {
        session: Arc<Mutex<Session>>,
        context: Arc<BatchContext>,
    },
    Queue(mpsc::Sender<Item>),
}

impl Writer {
    pub(crate) async fn write<C: Command>(&self, command: C) -> Result<C::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let item: Item = Box::new(Pending { command, decided: None, bug: false, reply });
        match self {
            Self::Inline { session, context } => {
                let mut session = session.lock().await;
                run_and_answer(&mut session, context, vec![item]).await;
            }
            Self::Queue(queue) => queue.try_send(item).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
            })?,
        }
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// How many commands wait.
    pub(crate) fn waiting(&self) -> usize {
        match self {
            Self::Inline { .. } => 0,
            Self::Queue(queue) => queue.max_capacity() - queue.capacity(),
        }
    }
}

/// A SQLite writer on a thread of its own: its commits wait for the disk.
pub(crate) fn spawn_thread(
    session: Session,
    context: Arc<BatchContext>,
) -> Result<(Writer, std::thread::JoinHandle<()>), std::io::Error> {
    let (sender, mut queue) = mpsc::channel::<Item>(QUEUE_MAX);
    let work = move || {
        let mut session = session;
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while queue.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
            let items = std::mem::take(&mut batch);
            pollster::block_on(run_and_answer(&mut session, &context, items));
        }
    };
    let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(work)?;
    Ok((Writer::Queue(sender), thread))
}

/// PostgreSQL writers: one task per connection, sharing the queue. While one waits for its commit
/// the next batch gathers.
pub(crate) fn spawn_tasks(
    sessions: Vec<Session>,
    url: Arc<str>,
    context: &Arc<BatchContext>,
) -> Writer {
    let (sender, queue) = mpsc::channel::<Item>(QUEUE_MAX);
    let queue = Arc::new(Mutex::new(queue));
    for session in sessions {
        let (queue, context) = (Arc::clone(&queue), Arc::clone(context));
        tokio::spawn(serve_queue(session, Arc::clone(&url), queue, context));
    }
    Writer::Queue(sender)
}

async fn serve_queue(
    mut session: Session,
    url: Arc<str>,
    queue: Arc<Mutex<mpsc::Receiver<Item>>>,
    context: Arc<BatchContext>,
) {
    loop {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let taken = queue.lock().await.recv_many(&mut batch, BATCH_MAX).await;
        if taken == 0 {
            return;
        }
        if session.is_closed() {
            match Session::postgres(&url).await {
                Ok(fresh) => session = fresh,
                Err(error) => {
                    tracing::warn!(error = %error, "the database cannot be reached");
                    answer_all(batch, || StoreError::Overloaded);
                    continue;
                }
            }
        }
        run_and_answer(&mut session, &context, batch).await;
    }
}

fn answer_all(items: Vec<Item>, error: impl Fn() -> StoreError) {
    for item in items {
        item.answer(Err(error()));
    }
}

/// Runs a batch; when it fails for a reason that is not a conflict, each command runs alone, so that
/// only the one that cannot be applied fails.
async fn run_and_answer(session: &mut Session, context: &BatchContext, items: Vec<Item>) {
    let mut items: Vec<Box<Item>> = items.into_iter().map(Box::new).collect();
    match run_with_tries(session, context, &mut items).await {
        Ok(()) => items.into_iter().for_each(|item| item.answer(Ok(()))),
        Err(error) if items.len() == 1 || matches!(error, SqlError::Lost { .. }) => {
            tracing::warn!(error = %error, commands = items.len(), "a batch failed");
            let mut error = Some(error);
            for item in items {
                let error = error.take().unwrap_or_else(SqlError::lost);
                item.answer(Err(StoreError::of(error)));
            }
        }
        Err(error) => {
            tracing::warn!(error = %error, commands = items.len(), "a batch failed; running its commands alone");
            for item in items {
                let mut alone = [item];
                let result = run_with_tries(session, context, &mut alone).await;
                let [item] = alone;
                item.answer(result.map_err(StoreError::of));
            }
        }
    }
}

async fn run_with_tries(
    session: &mut Session,
    context: &BatchContext,
    items: &mut [Box<Item>],
) -> Result<(), SqlError> {
    let mut tries = 1;
    loop {
        match batch::run(session, context, items).await {
            Err(SqlError::Conflict | SqlError::Busy) if tries < TRIES_MAX => tries += 1,
            result => return result,
        }
    }
}
