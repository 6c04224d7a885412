//! Operators' commands about routing: rules, limits, and why a payment took its way.

use std::path::PathBuf;

use app::{App, Looked};
use clap::Subcommand;
use ids::OrderId;
use serde_json::{Value, json};

use crate::Outcome;
use crate::admin::print;

#[derive(Debug, Subcommand)]
pub(crate) enum RoutingCommand {
    /// Put a new version of the routing rules in force.
    SetRouting {
        /// JSON: see docs/guides/routing.md.
        rules: PathBuf,
    },
    /// The routing rules in force.
    ShowRouting,
    /// Set what an account may take from now on.
    SetLimits {
        /// Channel `:` account number, as `alipay:2021000000000001`.
        account: String,
        /// JSON: see docs/guides/routing.md.
        limits: PathBuf,
    },
    /// What an account may take, and has taken since it was limited.
    ShowLimits { account: String },
    /// Which accounts were looked at for a payment, and why it took its way.
    ExplainRoute { payment: OrderId },
}

pub(crate) async fn run(app: &App, command: RoutingCommand) -> Outcome {
    match command {
        RoutingCommand::SetRouting { rules } => {
            let version = app.set_routing(&std::fs::read_to_string(rules)?).await??;
            print(&json!({ "version": version }));
        }
        RoutingCommand::ShowRouting => {
            let shown = app.shown_routing().await?;
            let (version, text) = shown.ok_or("no routing rules are set: the cheapest account")?;
            let rules: Value = serde_json::from_str(&text)?;
            print(&json!({ "version": version, "rules": rules.get("rules") }));
        }
        RoutingCommand::SetLimits { account, limits } => {
            app.set_limits(&account, &std::fs::read_to_string(limits)?).await??;
            print(&limits_json(app, &account).await?);
        }
        RoutingCommand::ShowLimits { account } => print(&limits_json(app, &account).await?),
        RoutingCommand::ExplainRoute { payment } => explain(app, payment).await?,
    }
    Ok(())
}

async fn limits_json(app: &App, account: &str) -> Outcome<Value> {
    let shown = app.shown_limits(account).await?;
    let limits = shown.limits.as_deref().map(serde_json::from_str::<Value>).transpose()?;
    let sum = |sum: store::UsageSum| json!({ "amount_fen": sum.amount, "count": sum.count });
    let usage = shown.usage;
    Ok(json!({
        "account": account,
        "limits": limits,
        "day": usage.day.map(|day| day.to_string()),
        "today": sum(usage.today),
        "month": sum(usage.month),
        "total": sum(usage.total),
        "pending": sum(usage.pending),
    }))
}

async fn explain(app: &App, payment: OrderId) -> Outcome {
    let order = app.store.order(payment).await?.ok_or("there is no such payment")?;
    let mut attempts = Vec::new();
    for attempt in &order.attempts {
        let trace = app.trace_of(&order, attempt).await?;
        attempts.push(json!({
            "attempt": attempt.id.to_string(),
            "state": format!("{:?}", attempt.state).to_lowercase(),
            "refusal": attempt.refusal.as_ref().map(|r| r.code.as_str()),
            "rules": trace.as_ref().map(|t| t.set),
            "rule": trace.as_ref().and_then(|t| t.rule.clone()),
            "accounts": trace.map(|t| t.accounts.iter().map(looked_json).collect::<Vec<_>>()),
        }));
    }
    print(&Value::Array(attempts));
    Ok(())
}

fn looked_json(looked: &Looked) -> Value {
    let (english, chinese) = looked.text();
    json!({
        "account": looked.account,
        "verdict": looked.verdict,
        "why": english,
        "why_zh": chinese,
        "cost_fen": looked.cost,
        "limit": looked.limit,
        "share": looked.share,
        "success": looked.success,
    })
}
