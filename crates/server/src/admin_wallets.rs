//! Operators' commands about wallets and campaigns: stop what is spent, force money back, budgets.

use app::{App, NewCampaign};
use clap::Subcommand;
use ids::{CampaignId, MerchantId, OrderId, WalletId};
use jiff::Timestamp;
use money::{Amount, Currency};
use orders::Campaign;
use serde_json::{Value, json};

use crate::Outcome;
use crate::admin::print;

/// Campaigns shown at once.
const SHOWN_MAX: u32 = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum WalletCommand {
    /// Give a budget out of which the platform pays discounts and gifts.
    CreateCampaign {
        name: String,
        /// In yuan, as 10000.00.
        #[arg(long)]
        budget: String,
        /// What it pays for one order at most, in yuan.
        #[arg(long)]
        per_order: String,
        /// Until when, as 2026-12-01T00:00:00+08:00; it runs from now on.
        #[arg(long)]
        until: Timestamp,
        /// For one merchant's orders only.
        #[arg(long)]
        merchant: Option<MerchantId>,
    },
    /// Budgets and what is used of them, the newest first.
    Campaigns,
    /// End a campaign before its time.
    CloseCampaign { campaign: CampaignId },
    /// 冻结: nothing is spent from the wallet, and nothing goes back but by force.
    FreezeWallet { wallet: WalletId },
    /// 解冻
    UnfreezeWallet { wallet: WalletId },
    /// Give what is left of a top-up back by the way it came, out of a frozen wallet too.
    ForceTopUpReturn {
        payment: OrderId,
        /// Who wants it.
        #[arg(long)]
        by: String,
    },
}

pub(crate) async fn run(app: &App, command: WalletCommand) -> Outcome {
    match command {
        WalletCommand::CreateCampaign { name, budget, per_order, until, merchant } => {
            let yuan = |text: &str| Amount::parse_major(text, Currency::Cny);
            let (budget, per_order) = (yuan(&budget)?, yuan(&per_order)?);
            if budget.is_zero() || per_order.is_zero() {
                return Err("a campaign pays more than nothing".into());
            }
            let from = app.clock.now();
            let new = NewCampaign { name, merchant, budget, per_order, from, until };
            print(&campaign_json(&app.create_campaign(new).await?));
        }
        WalletCommand::Campaigns => {
            let campaigns = app.store.campaigns(SHOWN_MAX).await?;
            print(&Value::Array(campaigns.iter().map(campaign_json).collect()));
        }
        WalletCommand::CloseCampaign { campaign } => {
            app.close_campaign(campaign).await?;
            print(&json!({ "closed": campaign.to_string() }));
        }
        WalletCommand::FreezeWallet { wallet } => freeze(app, wallet, true).await?,
        WalletCommand::UnfreezeWallet { wallet } => freeze(app, wallet, false).await?,
        WalletCommand::ForceTopUpReturn { payment, by } => {
            app.force_top_up_return(payment, &by).await?;
            print(&json!({ "returned": payment.to_string() }));
        }
    }
    Ok(())
}

async fn freeze(app: &App, wallet: WalletId, frozen: bool) -> Outcome {
    let wallet = app.freeze_wallet(wallet, frozen).await?;
    let state = format!("{:?}", wallet.state).to_lowercase();
    print(&json!({ "wallet": wallet.id.to_string(), "state": state }));
    Ok(())
}

fn campaign_json(campaign: &Campaign) -> Value {
    json!({
        "campaign": campaign.id.to_string(),
        "name": campaign.name,
        "merchant": campaign.merchant.map(|id| id.to_string()),
        "budget_fen": campaign.budget.minor(),
        "used_fen": campaign.used.minor(),
        "per_order_fen": campaign.per_order.minor(),
        "from": campaign.from.to_string(),
        "until": campaign.until.to_string(),
        "closed": campaign.closed,
    })
}
