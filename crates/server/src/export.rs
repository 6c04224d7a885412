//! The books for people and for foreign tools.

use app::App;
use ledger::export::{Closing, Posted, write_beancount, write_hledger};
use ledger::{Finding, trial_balance};
use serde_json::{Value, json};
use store::PostedJournal;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A foreign tool that reads the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tool {
    Hledger,
    Beancount,
}

/// The whole journal with closing assertions from the account balances.
pub(crate) async fn journal_text(app: &App, tool: Tool) -> Result<String, Failed> {
    let (accounts, mut journals) = app.store.books().await?;
    journals.sort_by_key(|journal| (journal.accounting_date, journal.id));
    let last = journals.last().map(|journal| journal.accounting_date);
    let today = app::accounting_date(app.clock.now());
    let closing = Closing::of(last.unwrap_or(today), &accounts);
    let posted = journals.iter().map(posted);
    let mut text = String::new();
    match tool {
        Tool::Hledger => write_hledger(&mut text, posted, &closing)?,
        Tool::Beancount => write_beancount(&mut text, posted, &closing)?,
    }
    Ok(text)
}

fn posted(journal: &PostedJournal) -> Posted<'_> {
    Posted {
        id: journal.id,
        rule: &journal.rule,
        subject: &journal.subject,
        accounting_date: journal.accounting_date,
        entries: journal.entries.iter().map(|(key, side, amount)| (key, *side, *amount)).collect(),
    }
}

/// Balances per account code, totals per book, and what is wrong, if anything.
pub(crate) async fn trial_balance_json(app: &App) -> Result<Value, Failed> {
    let accounts = app.store.accounts().await?;
    let trial = trial_balance(&accounts);
    let balances: serde_json::Map<String, Value> = trial
        .balances
        .iter()
        .map(|((code, currency), balance)| {
            (format!("{}/{currency}", code.code()), json!(balance.to_string()))
        })
        .collect();
    let totals: Vec<Value> = trial
        .totals
        .iter()
        .map(|((book, currency), totals)| {
            json!({
                "book": format!("{book:?}"),
                "currency": currency.code(),
                "debits": totals.debits.to_string(),
                "credits": totals.credits.to_string(),
            })
        })
        .collect();
    let findings: Vec<&str> = trial.findings.iter().map(Finding::code).collect();
    let balanced = findings.is_empty();
    Ok(json!({
        "balanced": balanced, "totals": totals, "balances": balances, "findings": findings,
    }))
}
