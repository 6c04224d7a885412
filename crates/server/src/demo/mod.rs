//! The demo: everything in one process on loopback, a short business day with its problems, and a
//! check of our books against the channels'.

mod cards;
mod client;
mod payers;
mod play;
mod receiver;
mod setup;
mod supper;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use sandbox::phones::Phones;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::assemble::{asked_to_stop, assemble, work};
use crate::clock::{self, RealClock};
use crate::out::say;
use crate::serve::close;
use crate::{Outcome, PlaceArgs};

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the demo's data goes; a new directory each time unless given.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The API's port; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The sandbox's port; 0 takes a free one.
    #[arg(long, default_value_t = SANDBOX_PORT)]
    sandbox_port: u16,
    /// The port of card terminals; 0 takes a free one.
    #[arg(long, default_value_t = 8583)]
    pos_port: u16,
    /// The port of the first of the payers' phones, the others have the next ones; 0 takes free ones. Beside
    /// the sandbox's own port unless given, and free ones where that was chosen.
    #[arg(long)]
    phone_port: Option<u16>,
    /// Play, print the summary, and stop instead of staying up.
    #[arg(long)]
    exit: bool,
    /// Print the summary as JSON only.
    #[arg(long)]
    json: bool,
}

const SANDBOX_PORT: u16 = 8090;

impl DemoArgs {
    fn phone_port(&self) -> u16 {
        let beside = if self.sandbox_port == SANDBOX_PORT { SANDBOX_PORT + 1 } else { 0 };
        self.phone_port.unwrap_or(beside)
    }
}

/// The addresses and the till's key, for whoever tries it by hand.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) api: String,
    pub(crate) sandbox: String,
    pub(crate) receiver: String,
    pub(crate) key_id: String,
    pub(crate) secret: secret::Secret<String>,
    pub(crate) cards: cards::Cards,
    payers: payers::Payers,
}

pub(crate) async fn demo(args: DemoArgs) -> Outcome {
    let folder = args.data_dir.clone().unwrap_or_else(fresh_folder);
    let api = TcpListener::bind(("127.0.0.1", args.port)).await?;
    let sandbox_listener = TcpListener::bind(("127.0.0.1", args.sandbox_port)).await?;
    let terminals = TcpListener::bind(("127.0.0.1", args.pos_port)).await?;
    let pos_host = terminals.local_addr()?.to_string();
    let api_url = format!("http://{}", api.local_addr()?);
    let sandbox_url = format!("http://{}", sandbox_listener.local_addr()?);

    let config = SandboxConfig::generate(clock::now())?;
    let coordinates = config.coordinates(&sandbox_url);
    let (stop, stopped) = watch::channel(false);
    let until = |mut stopped: watch::Receiver<bool>| async move {
        drop(stopped.wait_for(|stop| *stop).await);
    };
    let now = || app::Clock::now(&RealClock);
    let sandbox_end = until(stopped.clone());
    let phones = Phones::bind(&api_url, &sandbox_url, args.phone_port()).await?;
    let channels = Sandbox::new(config).with_phones(&phones);
    let channels = tokio::spawn(async move {
        sandbox::server::serve(sandbox_listener, channels, now, sandbox_end).await
    });
    let phones = tokio::spawn(sandbox::server::serve_phones(phones, until(stopped.clone())));

    let place = PlaceArgs::directory(&folder, api_url.clone());
    let app = assemble(&place).await?;
    let worker = tokio::spawn(work(Arc::clone(&app), stopped.clone()));
    let fronts = cards::serve(&app, terminals, stopped.clone());
    let router = http_api::router(http_api::ApiState::new(Arc::clone(&app)))
        .into_make_service_with_connect_info::<SocketAddr>();
    let api_end = until(stopped.clone());
    let server =
        tokio::spawn(async move { axum::serve(api, router).with_graceful_shutdown(api_end).await });
    let receiver = receiver::Receiver::start(&app, until(stopped.clone())).await?;
    let till = setup::set_up(&app, &coordinates, &folder).await?;
    let stage = Stage {
        api: api_url,
        sandbox: sandbox_url,
        receiver: receiver.url.clone(),
        key_id: till.key_id,
        secret: till.secret,
        cards: cards::Cards { host: pos_host, registration: till.registration },
        payers: till.payers,
    };

    let summary = play::play(&app, &stage, &receiver).await?;
    report(&args, (&stage, &folder), &summary)?;
    if !args.exit {
        asked_to_stop()?.await;
    }
    stop.send_replace(true);
    worker.await?;
    fronts.await?;
    server.await??;
    drop(receiver);
    channels.await??;
    phones.await??;
    close(app);
    if args.data_dir.is_none() && args.exit {
        std::fs::remove_dir_all(&folder)?;
    }
    if summary.get("ok") == Some(&Value::Bool(true)) {
        Ok(())
    } else {
        Err("the demo did not end as it should".into())
    }
}

fn fresh_folder() -> PathBuf {
    let name = format!("suanpan-demo-{}", crypto::random::random_alphanumeric(8));
    std::env::temp_dir().join(name)
}

fn report(args: &DemoArgs, (stage, folder): (&Stage, &Path), summary: &Value) -> Outcome {
    if args.json {
        say(&summary.to_string());
        return Ok(());
    }
    for step in summary.get("steps").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
        say(&format!("  {:<44} {}", text("what"), text("result")));
    }
    let get = |name: &str| summary.get(name).map(ToString::to_string).unwrap_or_default();
    say(&format!("  {:<44} {}", "trial balance", get("trial_balance")));
    say(&format!("  {:<44} {}", "our books equal the channels' books", get("books_agree")));
    if args.exit {
        return Ok(());
    }
    let registration = cards::keep(folder, &stage.cards)?;
    say("");
    say(&format!("API        {}/v1", stage.api));
    say(&format!("API docs   {}/docs", stage.api));
    say(&format!("sandbox    {}/sandbox/books", stage.sandbox));
    say(&format!("key id     {}", stage.key_id));
    say(&format!("secret     {}", stage.secret.expose()));
    say(&format!(
        "terminal   suanpan pos terminal --host {} --registration {}",
        stage.cards.host,
        registration.display()
    ));
    stage.payers.report(&stage.api, &stage.sandbox);
    say("Ctrl-C stops everything.");
    Ok(())
}
