//! `suanpan fees`: what a schedule charges, tried before anyone pays it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clearing::{CardType, FeeOnRefund, Quote, Trade};
use ids::ChannelCode;
use money::Amount;
use serde_json::{Value, json};

use crate::Outcome;
use crate::clock;
use crate::out::say;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Args)]
pub(crate) struct FeesArgs {
    #[command(subcommand)]
    command: Fees,
}

#[derive(Debug, Subcommand)]
enum Fees {
    /// The fee of a trade, the rule that it comes from, and what refunds bring back.
    Quote(QuoteArgs),
}

#[derive(Debug, Args)]
struct QuoteArgs {
    /// The schedule, JSON: see docs/guides/fees.md.
    #[arg(long)]
    schedule: PathBuf,
    /// The trade in minor units (fen).
    #[arg(long)]
    amount: u64,
    /// Refunds after it, in minor units, one after the other.
    #[arg(long)]
    refund: Vec<u64>,
    /// Refunds keep the fee.
    #[arg(long)]
    keep_fee: bool,
    /// What the period had before, in minor units, for tiers by volume.
    #[arg(long, default_value_t = 0)]
    volume: u64,
    #[arg(long)]
    product: Option<String>,
    #[arg(long)]
    channel: Option<String>,
    #[arg(long, value_enum)]
    card: Option<Card>,
    /// RFC 3339, or a date in China; now if not given.
    #[arg(long)]
    at: Option<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Card {
    Debit,
    Credit,
}

pub(crate) fn fees(args: &FeesArgs) -> Outcome {
    match &args.command {
        Fees::Quote(args) => quote(args),
    }
}

fn quote(args: &QuoteArgs) -> Outcome {
    let text = std::fs::read_to_string(&args.schedule)
        .map_err(|error| format!("{}: {error}", args.schedule.display()))?;
    let schedule = app::parse_schedule(&text)
        .map_err(|error| format!("{}: {error}", args.schedule.display()))?;
    let currency = schedule.currency();
    let trade = Trade {
        amount: Amount::new(args.amount, currency)?,
        at: args.at.as_deref().map_or_else(|| Ok(clock::now()), app::moment)?,
        product: args.product.clone(),
        channel: args.channel.as_deref().map(ChannelCode::parse).transpose()?,
        card: args.card.map(Card::read),
        volume: args.volume,
    };
    let quote = schedule.quote(&trade)?;
    let shown = shown(&quote, args)?;
    if args.json {
        say(&shown.to_string());
    } else {
        say_table(&quote, &shown);
    }
    Ok(())
}

fn shown(quote: &Quote, args: &QuoteArgs) -> Result<Value, Failed> {
    let setting = if args.keep_fee { FeeOnRefund::Kept } else { FeeOnRefund::Returned };
    let mut before = Amount::zero(quote.amount.currency());
    let mut refunds = Vec::new();
    for minor in &args.refund {
        let refund = Amount::new(*minor, quote.amount.currency())?;
        let back = quote.fee_of_refund(refund, before, setting)?;
        refunds.push(json!({ "refund": minor, "fee_returned": back.minor() }));
        before = before.try_add(refund)?;
    }
    Ok(json!({
        "schedule": quote.schedule,
        "rule": quote.rule,
        "amount": quote.amount.minor(),
        "volume": quote.volume,
        "fee": quote.fee.minor(),
        "currency": quote.amount.currency().code(),
        "refunds": refunds,
    }))
}

fn say_table(quote: &Quote, shown: &Value) {
    let line = |name: &str, value: &str| say(&format!("{name:<16} {value}"));
    line("schedule", &quote.schedule);
    line("rule", &quote.rule);
    line("amount", &quote.amount.to_major());
    line("fee", &quote.fee.to_major());
    for refund in shown.get("refunds").and_then(Value::as_array).into_iter().flatten() {
        let major = |name: &str| {
            let minor = refund.get(name).and_then(Value::as_u64).unwrap_or(0);
            Amount::new(minor, quote.amount.currency())
                .map_or_else(|_| String::new(), Amount::to_major)
        };
        line("refund", &format!("{}, fee back {}", major("refund"), major("fee_returned")));
    }
}

impl Card {
    const fn read(self) -> CardType {
        match self {
            Self::Debit => CardType::Debit,
            Self::Credit => CardType::Credit,
        }
    }
}
