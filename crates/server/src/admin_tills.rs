//! Operators' commands for tills: activation codes, staff, what cashiers show.

use std::collections::BTreeSet;
use std::path::PathBuf;

use app::App;
use app::cashier::{CashierOwner, SettingsRefusal};
use clap::Subcommand;
use ids::{MerchantId, StoreId, TerminalId};
use merchants::StaffRight;
use serde_json::json;

use crate::Outcome;
use crate::admin::print;

#[derive(Debug, Subcommand)]
pub(crate) enum TillCommand {
    /// Add a store to a merchant.
    CreateStore { merchant: MerchantId, name: String },
    /// Make a code by which a terminal gets a key of its own, once, within a day.
    MakeActivationCode { terminal: TerminalId },
    /// Take a terminal out of use: its keys are revoked, its codes are void.
    RevokeTerminal { terminal: TerminalId },
    /// Let a person sign in at a merchant's tills, or give him another PIN and other rights.
    SetStaff {
        merchant: MerchantId,
        /// His number, as he enters it: letters and digits.
        number: String,
        name: String,
        /// refund, shift, void; none: he takes payments only.
        #[arg(long = "right")]
        rights: Vec<String>,
    },
    /// Let a person sign in nowhere any more.
    RevokeStaff { merchant: MerchantId, number: String },
    /// Settle what cashiers offer and how they look: of all, of a merchant, or of a store.
    SetCashier {
        /// JSON; see the guide. In place of what the owner had.
        settings: PathBuf,
        #[arg(long, conflicts_with = "store")]
        merchant: Option<MerchantId>,
        #[arg(long)]
        store: Option<StoreId>,
        /// A picture, PNG or JPEG of at most 64 KiB.
        #[arg(long)]
        logo: Option<PathBuf>,
    },
}

/// Letters and digits, so that it can be typed at every till.
const STAFF_NO_CHARACTERS_MAX: usize = 16;

pub(crate) async fn run(app: &App, command: TillCommand) -> Outcome {
    match command {
        TillCommand::CreateStore { merchant, name } => {
            let store = app.create_store(merchant, &name).await?;
            print(&json!({ "store": store.id.to_string() }));
        }
        TillCommand::MakeActivationCode { terminal } => {
            let found = app.store.terminal(terminal).await?;
            let code = app.make_activation_code(&found.ok_or(NO_TERMINAL)?).await?;
            print(&json!({ "terminal": terminal.to_string(), "activation_code": code.expose() }));
        }
        TillCommand::RevokeTerminal { terminal } => {
            app.revoke_terminal(terminal).await?.ok_or(NO_TERMINAL)?;
            print(&json!({ "revoked": terminal.to_string() }));
        }
        TillCommand::SetStaff { merchant, number, name, rights } => {
            if number.is_empty()
                || number.len() > STAFF_NO_CHARACTERS_MAX
                || !number.bytes().all(|b| b.is_ascii_alphanumeric())
            {
                return Err("a number has 1 to 16 letters and digits".into());
            }
            let right = |code: &String| StaffRight::parse(code).ok_or("refund, shift or void");
            let rights = rights.iter().map(right).collect::<Result<BTreeSet<_>, _>>()?;
            let pin = app.set_staff(merchant, (&number, &name), rights).await?;
            print(&json!({ "staff_no": number, "pin": pin.expose() }));
        }
        TillCommand::RevokeStaff { merchant, number } => {
            print(&json!({ "revoked": app.revoke_staff(merchant, &number).await? }));
        }
        TillCommand::SetCashier { settings, merchant, store, logo } => {
            let owner = owner(merchant, store);
            app.set_cashier(owner, &std::fs::read_to_string(settings)?).await??;
            if let Some(path) = logo {
                let bytes = std::fs::read(path).or(Err(SettingsRefusal::LogoInvalid))?;
                app.set_cashier_logo(owner, bytes).await??;
            }
            print(&json!({ "settled": true }));
        }
    }
    Ok(())
}

const NO_TERMINAL: &str = "there is no such terminal";

fn owner(merchant: Option<MerchantId>, store: Option<StoreId>) -> CashierOwner {
    match (merchant, store) {
        (_, Some(store)) => CashierOwner::Store(store),
        (Some(merchant), None) => CashierOwner::Merchant(merchant),
        (None, None) => CashierOwner::Institution,
    }
}
