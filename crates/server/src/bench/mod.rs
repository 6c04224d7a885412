//! Benches: rates through the use cases, beside the raw limit measured in the same run.

mod http;
mod instant;
mod iso8583;
mod payments;
mod pos;
mod rsa;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::Outcome;
use crate::out::say;

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Payments through the use cases, durable, with a channel that answers at once.
    Payments(PaymentsArgs),
    /// Payments over HTTP with signatures, client and server in this process.
    Http(HttpArgs),
    /// Reading and writing messages of terminals, on one thread.
    Iso8583(Iso8583Args),
    /// Purchases at the POS host, terminals and network in this process.
    Pos(PosArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    Sqlite,
    Postgres,
}

/// How the channel is spoken to; it answers inside the process, at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChannelKind {
    /// No message is made.
    Instant,
    /// Requests are signed and answers verified with RSA-2048.
    Rsa,
}

#[derive(Debug, Args)]
pub(crate) struct PaymentsArgs {
    #[arg(long, value_enum, default_value_t = StoreKind::Sqlite)]
    pub(crate) store: StoreKind,
    /// An empty database for `--store postgres`; a second one, with `_raw` added to its name, must
    /// exist for the raw figure.
    #[arg(long, env = "SUANPAN_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// How many payments.
    #[arg(long, default_value_t = 60_000)]
    pub(crate) payments: u64,
    /// Payments under way at once.
    #[arg(long, default_value_t = 512)]
    pub(crate) in_flight: usize,
    /// Merchants that the payments are spread over.
    #[arg(long, default_value_t = 100)]
    pub(crate) merchants: usize,
    #[arg(long, value_enum, default_value_t = ChannelKind::Instant)]
    pub(crate) channel: ChannelKind,
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HttpArgs {
    /// How many payments.
    #[arg(long, default_value_t = 30_000)]
    pub(crate) payments: u64,
    /// Requests under way at once.
    #[arg(long, default_value_t = 128)]
    pub(crate) in_flight: usize,
    #[arg(long, value_enum, default_value_t = ChannelKind::Instant)]
    pub(crate) channel: ChannelKind,
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PosArgs {
    /// How many purchases.
    #[arg(long, default_value_t = 40_000)]
    pub(crate) payments: u64,
    /// Purchases under way at once.
    #[arg(long, default_value_t = 512)]
    pub(crate) in_flight: usize,
    /// Terminals that they come from.
    #[arg(long, default_value_t = 20)]
    pub(crate) terminals: u64,
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Iso8583Args {
    /// How many messages each way.
    #[arg(long, default_value_t = 5_000_000)]
    pub(crate) messages: u64,
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) async fn bench(args: BenchArgs) -> Outcome {
    let (figures, as_json) = match args.bench {
        Bench::Payments(args) => (payments::payments(&args).await?, args.json),
        Bench::Http(args) => (http::http(&args).await?, args.json),
        Bench::Pos(args) => (Box::pin(pos::pos(&args)).await?, args.json),
        Bench::Iso8583(args) => (iso8583::iso8583(&args)?, args.json),
    };
    if as_json {
        say(&figures.to_string());
        return Ok(());
    }
    for (name, value) in figures.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        say(&format!("{name:<24} {value}"));
    }
    Ok(())
}

/// `count / seconds` in whole numbers, and a ratio in thousandths: figures without floats.
pub(crate) fn rate(count: u64, elapsed: std::time::Duration) -> u64 {
    let micros = elapsed.as_micros().max(1);
    u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// `a / b` as a text with three decimals.
pub(crate) fn ratio(a: u64, b: u64) -> Value {
    let thousandths = u128::from(a) * 1_000 / u128::from(b.max(1));
    Value::String(format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000))
}
