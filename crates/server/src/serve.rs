//! The long-running commands: server, worker, sandbox; and migrate.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sandbox::phones::Phones;
use sandbox::{Sandbox, SandboxConfig};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::assemble::{asked_to_stop, assemble, keep_keys, work};
use crate::clock::{self, RealClock};
use crate::out::say;
use crate::{Outcome, PlaceArgs};

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Where to listen.
    #[arg(long, env = "SUANPAN_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where terminals come in by ISO 8583; nowhere unless set.
    #[arg(long, env = "SUANPAN_POS_LISTEN")]
    pub(crate) pos_listen: Option<SocketAddr>,
    /// Where terminals come in by HTTPS; wants --pos-certificate and --pos-private-key.
    #[arg(long, env = "SUANPAN_POS_HTTPS_LISTEN", requires_all = ["pos_certificate", "pos_private_key"])]
    pub(crate) pos_https_listen: Option<SocketAddr>,
    /// A file with the certificate that terminals are shown, and those between it and its root: PEM.
    #[arg(long, env = "SUANPAN_POS_CERTIFICATE")]
    pub(crate) pos_certificate: Option<PathBuf>,
    /// A file with its private key: PEM.
    #[arg(long, env = "SUANPAN_POS_PRIVATE_KEY")]
    pub(crate) pos_private_key: Option<PathBuf>,
    /// 受理方标识码: field 32 of what terminals hear.
    #[arg(long, env = "SUANPAN_POS_ACQUIRER", default_value = "48021000")]
    pub(crate) pos_acquirer: String,
    /// The header in which a proxy in front says who asks (`x-real-ip`); without it the line's other end is
    /// believed. Only where the proxy sets it itself.
    #[arg(long, env = "SUANPAN_CLIENT_IP_HEADER")]
    pub(crate) client_ip_header: Option<http::HeaderName>,
    /// Leave the jobs to `suanpan worker`.
    #[arg(long)]
    pub(crate) no_worker: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Where to listen; loopback only.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where the accounts and keys are written that a client needs.
    #[arg(long, default_value = "sandbox.json")]
    coordinates: PathBuf,
    /// A folder for the same as `suanpan admin add-channel-account` takes it: a file per channel and account.
    #[arg(long)]
    parameters: Option<PathBuf>,
    /// The server whose pages payers' phones open; with it, phones run and /sandbox/ shows them.
    #[arg(long)]
    shop: Option<String>,
    /// The port of the first phone; the others have the next ones. 0 takes free ones.
    #[arg(long, default_value_t = 8091)]
    phone_port: u16,
}

pub(crate) async fn serve(args: ServeArgs) -> Outcome {
    let app = assemble(&args.place).await?;
    let listener = TcpListener::bind(args.listen).await?;
    let asked_to_stop = asked_to_stop()?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    let (stop, stopped) = watch::channel(false);
    let terminals = crate::terminals::serve(&args, &app, &stopped).await?;
    let worker = (!args.no_worker).then(|| tokio::spawn(work(Arc::clone(&app), stopped.clone())));
    let keys = tokio::spawn(keep_keys(Arc::clone(&app), stopped.clone()));
    let state = http_api::ApiState::new(Arc::clone(&app)).believing(args.client_ip_header);
    let router = http_api::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let mut ended = stopped.clone();
    let shutdown = async move {
        asked_to_stop.await;
        stop.send_replace(true);
    };
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await?;
    if !*ended.borrow_and_update() {
        drop(ended.changed().await);
    }
    keys.await?;
    for front in terminals {
        front.await?;
    }
    if let Some(worker) = worker {
        worker.await?;
    }
    close(app);
    Ok(())
}

/// Lets the writer finish what it has. Whoever still holds the application keeps it open.
pub(crate) fn close(app: Arc<app::App>) {
    match Arc::try_unwrap(app) {
        Ok(app) => app.store.close(),
        Err(_) => tracing::warn!("stopping while requests are still running"),
    }
}

pub(crate) async fn worker(place: PlaceArgs) -> Outcome {
    let app = assemble(&place).await?;
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(work(Arc::clone(&app), stopped.clone()));
    let keys = tokio::spawn(keep_keys(Arc::clone(&app), stopped));
    let asked_to_stop = asked_to_stop()?;
    say("working");
    asked_to_stop.await;
    stop.send_replace(true);
    worker.await?;
    keys.await?;
    close(app);
    Ok(())
}

pub(crate) async fn migrate(place: PlaceArgs) -> Outcome {
    let ids = Arc::new(ids::IdSource::new(ids::NODE_MAX)?);
    let store = store::Store::open(place.target(), ids, clock::now().as_millisecond()).await?;
    store.close();
    say("the schema is up to date");
    Ok(())
}

/// Plays the channels until stopped. The port is on loopback and the accounts are fresh.
pub(crate) async fn sandbox(args: SandboxArgs) -> Outcome {
    let config = SandboxConfig::generate(clock::now())?;
    let listener = TcpListener::bind(args.listen).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let coordinates = config.coordinates(&base_url);
    if let Some(folder) = &args.parameters {
        write_parameters(folder, &coordinates)?;
    }
    let mut sandbox = Sandbox::new(config);
    let phones = match &args.shop {
        Some(shop) => Some(Phones::bind(shop, &base_url, args.phone_port).await?),
        None => None,
    };
    if let Some(phones) = &phones {
        sandbox = sandbox.with_phones(phones);
    }
    let (end, phones_end) = (asked_to_stop()?, asked_to_stop()?);
    write_owner_only(&args.coordinates, &coordinates.to_string())?;
    say(&format!("sandbox on {base_url}, coordinates in {}", args.coordinates.display()));
    let now = || app::Clock::now(&RealClock);
    let channels = sandbox::server::serve(listener, sandbox, now, end);
    match phones {
        Some(phones) => {
            let phones = sandbox::server::serve_phones(phones, phones_end);
            tokio::try_join!(channels, phones)?;
        }
        None => channels.await?,
    }
    Ok(())
}

/// `alipay-2088000000000001.json` and so on.
fn write_parameters(folder: &std::path::Path, coordinates: &serde_json::Value) -> Outcome {
    std::fs::create_dir_all(folder)?;
    let wallets = sandbox::parameters(coordinates, sandbox::Trust::Keys);
    for account in wallets.into_iter().chain([sandbox::card_parameters(coordinates)]) {
        let file = folder.join(format!("{}-{}.json", account.channel, account.account_no));
        write_owner_only(&file, &account.config.to_string())?;
    }
    Ok(())
}

/// Writes a file that holds keys: only its owner can read it.
pub(crate) fn write_owner_only(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
