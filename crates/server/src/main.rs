//! The one binary `suanpan`: wiring, the real clock, the command line, and nothing else.

mod admin;
mod admin_ceremonies;
mod admin_differences;
mod admin_plates;
mod admin_pos;
mod admin_routing;
mod admin_tills;
mod admin_trade;
mod admin_wallets;
mod assemble;
mod bench;
mod clock;
mod demo;
mod export;
mod fees;
mod iso8583;
mod keys;
mod out;
mod place;
mod pos;
mod pos_terminal;
mod routing;
mod serve;
mod statement;
mod terminals;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// An open acquiring platform.
/// Measured: allocation is a seventh of a card payment's work with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(name = "suanpan", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the data is, and the key that its secrets are sealed with.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    /// The data directory of the embedded store; also holds `master.key` (made on first use).
    #[arg(long, env = "SUANPAN_DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Use PostgreSQL: postgres://user:password@host/database
    #[arg(long, env = "SUANPAN_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The master key, 64 hex digits, instead of the file.
    #[arg(long, env = "SUANPAN_MASTER_KEY", hide_env_values = true)]
    master_key: Option<String>,
    #[command(flatten)]
    keys: keys::KeyArgs,
    /// Where channels reach this server.
    #[arg(long, env = "SUANPAN_PUBLIC_URL", default_value = "http://127.0.0.1:8080")]
    public_url: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything on loopback with a sandbox of the channels, play some payments, stay up.
    Demo(demo::DemoArgs),
    /// Serve the API, and work on jobs unless told not to.
    Serve(serve::ServeArgs),
    /// Work on jobs only: queries, refunds, notifications.
    Worker(PlaceArgs),
    /// Bring the database's schema up to date, and stop.
    Migrate(PlaceArgs),
    /// Play the channels on loopback by their own wire protocols.
    Sandbox(serve::SandboxArgs),
    /// Set up merchants, keys and channels; read the books.
    Admin(admin::AdminArgs),
    /// Try a schedule of fees.
    Fees(fees::FeesArgs),
    /// Try other routing rules on a day that is past.
    Routing(routing::RoutingArgs),
    /// Read and write ISO 8583 messages.
    Iso8583(iso8583::Iso8583Args),
    /// A card terminal in software; keys, PIN blocks and MACs of terminals.
    Pos(pos::PosArgs),
    /// Prepare a token of a hardware module for the keys of terminals and zones.
    Keys(keys::KeysArgs),
    /// Measure, as ratios to the raw limit of the same run.
    Bench(bench::BenchArgs),
}

/// What a command ends with, in words for the one who ran it.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    out::log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return out::failed(&error),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => Box::pin(demo::demo(args)).await,
            Command::Serve(args) => Box::pin(serve::serve(args)).await,
            Command::Worker(place) => Box::pin(serve::worker(place)).await,
            Command::Migrate(place) => Box::pin(serve::migrate(place)).await,
            Command::Sandbox(args) => Box::pin(serve::sandbox(args)).await,
            Command::Admin(args) => Box::pin(admin::admin(args)).await,
            Command::Fees(args) => fees::fees(&args),
            Command::Routing(args) => Box::pin(routing::routing(args)).await,
            Command::Iso8583(args) => iso8583::iso8583(&args),
            Command::Pos(args) => Box::pin(pos::pos(&args)).await,
            Command::Keys(args) => keys::keys(&args),
            Command::Bench(args) => Box::pin(bench::bench(args)).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => out::failed(error.as_ref()),
    }
}
