//! Operators' commands about trades: hours and refunds, price lists, cases.

use std::path::{Path, PathBuf};

use app::{App, PriceOwner};
use clap::Subcommand;
use ids::{MerchantId, RefundId};
use orders::{Case, CaseOutcome, Refund, TradeRules};
use serde_json::{Value, json};

use crate::Outcome;
use crate::admin::print;

#[derive(Debug, Subcommand)]
pub(crate) enum TradeCommand {
    /// Settle hours, refunds and voids for one merchant, or for all that have no rules of their own.
    SetRules {
        /// JSON: see docs/guides/refunds-and-voids.md.
        rules: PathBuf,
        #[arg(long)]
        merchant: Option<MerchantId>,
    },
    /// The rules in force.
    ShowRules { merchant: MerchantId },
    /// Put a price list in force: the merchant's, that of all merchants without one, or what our account
    /// at a channel costs us.
    SetFees {
        /// JSON: see docs/guides/fees.md.
        schedule: PathBuf,
        #[arg(long)]
        merchant: Option<MerchantId>,
        /// Channel `:` account number, as `alipay:2021000000000001`.
        #[arg(long, conflicts_with = "merchant")]
        account: Option<String>,
    },
    /// The price list in force.
    ShowFees {
        #[arg(long)]
        merchant: Option<MerchantId>,
        #[arg(long, conflicts_with = "merchant")]
        account: Option<String>,
    },
    /// Refunds whose original route is impossible, with what was proposed.
    Cases,
    /// Propose how such a refund ends; another person approves it.
    ProposeCase {
        refund: RefundId,
        #[arg(value_enum)]
        outcome: End,
        /// Who proposes.
        #[arg(long)]
        by: String,
        #[arg(long)]
        note: String,
    },
    /// Approve what another person proposed, and do it.
    ApproveCase {
        refund: RefundId,
        /// Who approves.
        #[arg(long)]
        by: String,
    },
}

pub(crate) async fn run(app: &App, command: TradeCommand) -> Outcome {
    match command {
        TradeCommand::SetRules { rules, merchant } => set_rules(app, &rules, merchant).await?,
        TradeCommand::ShowRules { merchant } => show_rules(&app.trade_rules(merchant).await?)?,
        TradeCommand::SetFees { schedule, merchant, account } => {
            set_fees(app, &schedule, &owner(merchant, account)).await?;
        }
        TradeCommand::ShowFees { merchant, account } => {
            show_fees(app, &owner(merchant, account)).await?;
        }
        TradeCommand::Cases => {
            print(&Value::Array(app.cases().await?.iter().map(case_json).collect()))
        }
        TradeCommand::ProposeCase { refund, outcome, by, note } => {
            let outcome = outcome.read();
            let case = Case { outcome, note, proposed_by: by, approved_by: None };
            app.propose_case(refund, case).await?;
            print(&json!({ "proposed": refund.to_string() }));
        }
        TradeCommand::ApproveCase { refund, by } => {
            app.approve_case(refund, &by).await?;
            print(&json!({ "approved": refund.to_string() }));
        }
    }
    Ok(())
}

fn owner(merchant: Option<MerchantId>, account: Option<String>) -> PriceOwner {
    match (merchant, account) {
        (Some(merchant), _) => PriceOwner::Merchant(merchant),
        (None, Some(account)) => PriceOwner::ChannelAccount(account),
        (None, None) => PriceOwner::Institution,
    }
}

async fn set_fees(app: &App, path: &Path, owner: &PriceOwner) -> Outcome {
    let text = std::fs::read_to_string(path)?;
    app::parse_schedule(&text)?;
    let version = app.set_price_list(owner, &text).await?;
    print(&json!({ "version": version }));
    Ok(())
}

async fn show_fees(app: &App, owner: &PriceOwner) -> Outcome {
    let shown = app.shown_price_list(owner).await?;
    let (version, text) = shown.ok_or("no price list is in force")?;
    let schedule: serde_json::Value = serde_json::from_str(&text)?;
    print(&json!({ "version": version, "schedule": schedule }));
    Ok(())
}

/// How people end a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum End {
    /// The payer gets a bank transfer.
    PaidOut,
    /// The money goes back to the merchant.
    GivenBack,
}

impl End {
    const fn read(self) -> CaseOutcome {
        match self {
            Self::PaidOut => CaseOutcome::PaidOut,
            Self::GivenBack => CaseOutcome::GivenBack,
        }
    }
}

fn case_json(refund: &Refund) -> Value {
    let case = refund.case.as_ref();
    json!({
        "refund": refund.id.to_string(),
        "payment": refund.order.to_string(),
        "amount_fen": refund.amount.minor(),
        "why": refund.refusal.as_ref().map(|r| r.code.as_str()),
        "proposed": case.map(|c| match c.outcome {
            CaseOutcome::PaidOut => "paid-out",
            CaseOutcome::GivenBack => "given-back",
        }),
        "note": case.map(|c| c.note.as_str()),
        "proposed_by": case.map(|c| c.proposed_by.as_str()),
    })
}

async fn set_rules(app: &App, path: &Path, merchant: Option<MerchantId>) -> Outcome {
    let rules = app::parse_rules(&std::fs::read_to_string(path)?)?;
    app.set_trade_rules(merchant, &rules).await?;
    show_rules(&rules)
}

fn show_rules(rules: &TradeRules) -> Outcome {
    print(&serde_json::from_str(&app::write_rules(rules))?);
    Ok(())
}
