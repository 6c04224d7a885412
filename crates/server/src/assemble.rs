//! Puts the application together, and keeps its loops running.

use std::sync::Arc;
use std::time::Duration;

use app::jobs::KeysAsked;
use app::{App, Directory, Settings};
use channels::{HttpSender, WireSender};
use ids::IdSource;
use jiff::SignedDuration;
use store::Store;
use tokio::sync::watch;

use crate::PlaceArgs;
use crate::clock::{self, RealClock};

const NODE_LEASE: SignedDuration = SignedDuration::from_secs(60);
const NODE_RENEW: Duration = Duration::from_secs(15);
/// A worker that found nothing looks again after this.
const IDLE: Duration = Duration::from_millis(200);
/// How often it is looked whether a channel's keys are wanted.
const KEYS_EVERY: Duration = Duration::from_secs(10);
const FOLD_EVERY: Duration = Duration::from_secs(2);

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Opens the store under a node number of our own.
pub(crate) async fn assemble(place: &PlaceArgs) -> Result<Arc<App>, Failed> {
    let vault = place.vault()?;
    let keys = place.keys()?;
    let owner = format!("{}-{}", std::process::id(), crypto::random::random_alphanumeric(8));
    let now = clock::now();
    let ids = node_ids(place, &owner).await?;
    let store = Store::open(place.target(), Arc::clone(&ids), now.as_millisecond()).await?;
    let platform_keys = App::load_platform_keys(&store, &vault, now).await?;
    Ok(Arc::new(App {
        store,
        clock: Arc::new(RealClock),
        ids,
        sender: Arc::new(WireSender::new(Arc::new(HttpSender::new()?))),
        directory: Directory::default(),
        vault,
        keys,
        settings: Settings { public_url: place.public_url().to_owned() },
        platform_keys,
    }))
}

/// The embedded store has one process, so any number is its own; on PostgreSQL the number is leased
/// before the first id is made, and held by [`renew_node`].
async fn node_ids(place: &PlaceArgs, owner: &str) -> Result<Arc<IdSource>, Failed> {
    if place.database_url.is_none() {
        return Ok(Arc::new(IdSource::new(0)?));
    }
    let now = clock::now();
    let temporary = Arc::new(IdSource::new(ids::NODE_MAX)?);
    let store = Store::open(place.target(), temporary, now.as_millisecond()).await?;
    let until = now.saturating_add(NODE_LEASE)?;
    let node = store.lease_node(owner, now, until).await?;
    let ids = Arc::new(IdSource::new(node)?);
    tokio::spawn(renew_node(store, owner.to_owned(), node));
    Ok(ids)
}

/// Renews the lease of our node number for as long as the process lives. A number that is lost to
/// another process stops this one: two makers of the same ids must not be.
async fn renew_node(store: Store, owner: String, node: u16) {
    loop {
        tokio::time::sleep(NODE_RENEW).await;
        let now = clock::now();
        let until = now.saturating_add(NODE_LEASE).unwrap_or(now);
        match store.lease_node(&owner, now, until).await {
            Ok(leased) if leased == node => {}
            Ok(_) => {
                tracing::error!("the node number was lost to another process");
                std::process::exit(1);
            }
            Err(error) => tracing::warn!(error = %error, "the node number could not be renewed"),
        }
    }
}

/// Keeps the channels' keys fresh until told to stop: every process that speaks to channels does.
pub(crate) async fn keep_keys(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut asked = KeysAsked::default();
    while !*stop.borrow() {
        if let Err(error) = app.keep_keys(&mut asked).await {
            tracing::warn!(error = %error, "the channels' keys could not be kept fresh");
        }
        drop(tokio::time::timeout(KEYS_EVERY, stop.changed()).await);
    }
}

/// Works on due jobs and folds accounts until told to stop.
pub(crate) async fn work(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let fold = tokio::spawn(fold(Arc::clone(&app), stop.clone()));
    while !*stop.borrow() {
        let taken = match app.run_due_jobs().await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(error = %error, "due jobs could not be taken");
                0
            }
        };
        if taken == 0 {
            let stopped = tokio::time::timeout(IDLE, stop.changed()).await;
            drop(stopped);
        }
    }
    drop(fold.await);
}

async fn fold(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match app.store.fold_accounts().await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::warn!(error = %error, "accounts could not be folded"),
        }
        drop(tokio::time::timeout(FOLD_EVERY, stop.changed()).await);
    }
}

/// Resolves when the process is asked to stop. Signals are caught from the moment of the call: a process
/// calls it before it says that it is up.
pub(crate) fn asked_to_stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
