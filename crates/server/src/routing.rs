//! `suanpan routing`: what other rules would have done.

use std::path::PathBuf;

use app::DryRun;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use money::Amount;
use routing::{CostChange, Flow, Moved, Report};
use serde_json::{Map, Value, json};

use crate::assemble::assemble;
use crate::out::say;
use crate::{Outcome, PlaceArgs};

#[derive(Debug, Args)]
pub(crate) struct RoutingArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    command: Routing,
}

#[derive(Debug, Subcommand)]
enum Routing {
    /// Decide a past day's payments under other rules, and report what moves and what it costs.
    DryRun {
        /// The day in China, as 2026-11-20.
        #[arg(long)]
        day: Date,
        /// JSON: see docs/guides/routing.md.
        rules: PathBuf,
        /// As JSON, amounts in minor units.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn routing(args: RoutingArgs) -> Outcome {
    let app = assemble(&args.place).await?;
    let Routing::DryRun { day, rules, json } = args.command;
    let text = std::fs::read_to_string(rules)?;
    let done = app.dry_run_routing(day, &text).await;
    crate::serve::close(app);
    let done = done?;
    if json {
        say(&report_json(&done).to_string())
    } else {
        say_tables(&done)
    }
    Ok(())
}

fn report_json(done: &DryRun) -> Value {
    let reports = done.reports.iter().map(|(currency, report)| {
        let accounts: Map<String, Value> =
            rows(done, report).map(|(name, moved)| (name, moved_json(moved))).collect();
        let channels = report.channels.iter().map(|(channel, moved)| {
            let name = channel.as_ref().map_or("none", |channel| channel.as_str());
            (name.to_owned(), moved_json(moved))
        });
        let shown = json!({
            "all": moved_json(&report.all),
            "moved": moved_json(&report.moved),
            "accounts": accounts,
            "channels": channels.collect::<Map<String, Value>>(),
        });
        (currency.code().to_owned(), shown)
    });
    json!({
        "undecided": done.undecided,
        "currencies": reports.collect::<Map<String, Value>>(),
    })
}

fn rows<'a>(done: &'a DryRun, report: &'a Report) -> impl Iterator<Item = (String, &'a Moved)> {
    report.accounts.iter().map(|(account, moved)| {
        let name = account.and_then(|id| done.names.get(&id)).map_or("none", String::as_str);
        (name.to_owned(), moved)
    })
}

fn moved_json(moved: &Moved) -> Value {
    let flow = |flow: &Flow| {
        json!({
            "count": flow.count, "amount": flow.amount, "cost": flow.cost,
            "unpriced": flow.unpriced,
        })
    };
    let (by, how) = match moved.cost_change() {
        CostChange::Less(by) => (by, "less"),
        CostChange::Same => (0, "same"),
        CostChange::More(by) => (by, "more"),
    };
    json!({
        "before": flow(&moved.before),
        "after": flow(&moved.after),
        "cost_change": { "how": how, "by": by },
    })
}

fn say_tables(done: &DryRun) {
    for (currency, report) in &done.reports {
        let major = |minor: u128| {
            let minor = u64::try_from(minor).ok();
            let amount = minor.and_then(|minor| Amount::new(minor, *currency).ok());
            amount.map_or_else(|| "-".to_owned(), Amount::to_major)
        };
        let line = |name: &str, moved: &Moved| {
            let of = |flow: &Flow| {
                format!("{:>8} {:>16} {:>12}", flow.count, major(flow.amount), major(flow.cost))
            };
            say(&format!("{name:<32} {} {}", of(&moved.before), of(&moved.after)));
        };
        let head = ["number", "amount", "cost"];
        let [number, amount, cost] = head;
        let columns = format!("{number:>8} {amount:>16} {cost:>12}");
        say(&format!("{:<32} {columns} {columns}", currency.code()));
        for (name, moved) in rows(done, report) {
            line(&name, moved);
        }
        line("all", &report.all);
        line("moved", &report.moved);
    }
    if done.undecided > 0 {
        say(&format!("{} payments have no decision that can be read", done.undecided));
    }
}
