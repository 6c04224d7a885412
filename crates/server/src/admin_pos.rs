//! Operators' commands about terminals that speak ISO 8583.

use std::path::PathBuf;

use app::App;
use app::pos::{MasterKey, NewPosTerminal, PosAccess, new_master_key};
use clap::{Args, Subcommand};
use crypto::pos::{BlockKey, COMPONENTS, combine, components};
use ids::{CeremonyId, MerchantId};
use merchants::{PosModel, PosTerminal, TerminalKind};
use orders::{Batch, BatchTotals, GroupTotals, Upload};
use serde_json::{Value, json};

use crate::admin::print;
use crate::out::say;
use crate::{Outcome, statement};

/// Custodians to whom a new master key is given in parts.
const CUSTODIANS: usize = 2;

#[derive(Debug, Args)]
pub(crate) struct RegisterPosArgs {
    merchant: MerchantId,
    /// 终端号, field 41: eight letters and digits.
    terminal_no: String,
    /// 商户号, field 42: fifteen letters and digits.
    merchant_code: String,
    #[arg(long, default_value = "POS")]
    name: String,
    /// How its codes are made: `cup_tdes`, `cup_tdes_long`, `x9_9`, `x9_19`, `tdes_cbc`, `fold_once`, or
    /// `sm4` with all its keys.
    #[arg(long, default_value = "cup_tdes")]
    model: String,
    /// A file with one component of the master key that is in the terminal already, in hexadecimal
    /// digits. Give one per custodian.
    #[arg(long)]
    component: Vec<PathBuf>,
    /// A ceremony by which custodians brought in the key that is in the terminal already.
    #[arg(long, conflicts_with = "component")]
    ceremony: Option<CeremonyId>,
    /// A custodian who takes his component of the new key by himself. Give one per custodian; without them
    /// all components are printed here.
    #[arg(long, conflicts_with_all = ["component", "ceremony"])]
    custodian: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PosCommand {
    /// Let a terminal speak ISO 8583. Its master key is shown once, in two components for two people.
    RegisterPos(RegisterPosArgs),
    /// A terminal's state and batch.
    ShowPos { terminal_no: String, merchant_code: String },
    /// Lock a terminal, let it sign on again, or set the most of one sale.
    SetPos {
        terminal_no: String,
        merchant_code: String,
        /// Serve it no more: it hears 58.
        #[arg(long, conflicts_with = "unlock")]
        lock: bool,
        #[arg(long)]
        unlock: bool,
        /// The most of one sale or pre-authorization, in yuan: more is refused with 61. `none` lifts it.
        #[arg(long)]
        most: Option<String>,
        #[arg(long)]
        by: String,
    },
    /// What terminals load from the host: put a new version in force from a JSON file with `parameters`,
    /// `ca_keys` and `aids`, or show the version in force.
    PosDownloads {
        /// Without it, the version in force is shown.
        file: Option<PathBuf>,
    },
    /// What a terminal did in a batch, by cards and by codes on one statement: the batch that it is in, unless
    /// another one is named.
    PosStatement {
        terminal_no: String,
        merchant_code: String,
        #[arg(long)]
        batch: Option<u32>,
        /// Comma-separated values with a line of headings, instead of JSON.
        #[arg(long)]
        csv: bool,
    },
    /// A settled batch: the terminal's totals and ours, and its rows with what they are.
    ShowPosBatch { terminal_no: String, merchant_code: String, batch: u32 },
}

pub(crate) async fn run(app: &App, command: PosCommand) -> Outcome {
    match command {
        PosCommand::RegisterPos(new) => print(&register(app, new).await?),
        PosCommand::ShowPos { terminal_no, merchant_code } => {
            let access = app.pos_access(&terminal_no, &merchant_code, true).await?;
            print(&shown(&*access.ok_or("there is no such terminal")?));
        }
        PosCommand::SetPos { terminal_no, merchant_code, lock, unlock, most, by } => {
            let access = app.pos_access(&terminal_no, &merchant_code, true).await?;
            let access = access.ok_or("there is no such terminal")?;
            if lock || unlock {
                app.lock_pos(&access, lock, &by).await?;
            }
            if let Some(most) = most {
                app.limit_pos(&access, fen_of(&most)?, &by).await?;
            }
            let fresh = app.pos_access(&terminal_no, &merchant_code, true).await?;
            print(&shown(&*fresh.ok_or("there is no such terminal")?));
        }
        PosCommand::PosDownloads { file: Some(file) } => {
            let json = std::fs::read_to_string(file)?;
            let version = app.set_pos_downloads(&json).await??;
            print(&json!({ "version": version }));
        }
        PosCommand::PosDownloads { file: None } => {
            let known = app.pos_downloads().await?;
            print(&json!({ "version": known.version, "ca_keys": known.ca_keys.len(),
                           "aids": known.aids.len(), "parameters": known.parameters.is_some() }));
        }
        PosCommand::PosStatement { terminal_no, merchant_code, batch, csv } => {
            let access = app.pos_access(&terminal_no, &merchant_code, true).await?;
            let access = access.ok_or("there is no such terminal")?;
            let batch = batch.unwrap_or(access.terminal.batch);
            let trades = app.pos_statement(&access, batch).await?;
            if csv {
                say(&statement::csv(&trades));
            } else {
                print(&statement::json(&access, batch, &trades));
            }
        }
        PosCommand::ShowPosBatch { terminal_no, merchant_code, batch } => {
            let access = app.pos_access(&terminal_no, &merchant_code, true).await?;
            let access = access.ok_or("there is no such terminal")?;
            let found = app.pos_batch(&access, batch).await?;
            let (batch, rows) = found.ok_or("the batch was not settled")?;
            print(&shown_batch(&batch, &rows));
        }
    }
    Ok(())
}

fn shown_batch(batch: &Batch, rows: &[Upload]) -> Value {
    let row = |row: &Upload| {
        json!({ "trace": row.key.trace, "verdict": format!("{:?}", row.verdict),
                "card": row.masked, "amount_fen": row.amount,
                "trade": row.trade.map(|id| id.to_string()) })
    };
    let totals = |totals: &BatchTotals| {
        let group = |group: &GroupTotals| {
            json!({ "debit_fen": group.debit_amount, "debits": group.debit_count,
                    "credit_fen": group.credit_amount, "credits": group.credit_count })
        };
        json!({ "domestic": group(&totals.domestic), "foreign": group(&totals.foreign) })
    };
    json!({
        "batch": batch.batch,
        "terminal_says": totals(&batch.asked),
        "we_know": totals(&batch.ours),
        "balanced": batch.asked.agree(&batch.ours) == (true, true),
        "rows_said": batch.uploaded,
        "ended": batch.ended_at.is_some(),
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Yuan with at most two decimals; none lifts a limit.
fn fen_of(text: &str) -> Outcome<Option<u64>> {
    if text == "none" {
        return Ok(None);
    }
    let amount = money::Amount::parse_major(text, money::Currency::Cny)?;
    if amount.is_zero() {
        return Err("a limit of nothing is a lock: use --lock".into());
    }
    Ok(Some(amount.minor()))
}

async fn register(app: &App, new: RegisterPosArgs) -> Outcome<Value> {
    let RegisterPosArgs { merchant, terminal_no, merchant_code, name, model, .. } = new;
    let (component, ceremony, custodians) = (new.component, new.ceremony, new.custodian);
    if !PosTerminal::numbers_fit(&terminal_no, &merchant_code) {
        return Err("a terminal number has 8, a merchant number 15 letters and digits".into());
    }
    if app.pos_access(&terminal_no, &merchant_code, true).await?.is_some() {
        return Err("these numbers are another terminal's".into());
    }
    app.store.merchant(merchant).await?.ok_or("there is no such merchant")?;
    let model = PosModel::parse(&model).ok_or_else(|| {
        let known = PosModel::ALL.map(PosModel::code).join(", ");
        format!("no such model: {known}")
    })?;
    let fresh = new_master_key(model);
    let (master, printed) = match (ceremony, injected(&component, model)?) {
        (Some(ceremony), _) => (MasterKey::Ceremony(ceremony), None),
        (None, Some(known)) => (MasterKey::Clear(known), None),
        (None, None) if custodians.is_empty() => {
            (MasterKey::Clear(fresh.clone()), Some(parts(&fresh)))
        }
        (None, None) => (MasterKey::Shared(fresh, custodians), None),
    };
    let store = app.create_store(merchant, &name).await?;
    let terminal = app.create_terminal(&store, TerminalKind::SmartPos, &name).await?;
    let new = NewPosTerminal { terminal_no, merchant_code, model, master };
    let registered = app.register_pos(&terminal, new).await?;
    let mut shown = shown(&registered.access);
    if let Some(map) = shown.as_object_mut() {
        map.extend(printed.map(|parts| ("master_key_components".to_owned(), parts)));
        let ceremony = registered.ceremony.map(|id| id.to_string().into());
        map.extend(ceremony.map(|id| ("ceremony".to_owned(), id)));
    }
    Ok(shown)
}

/// The key that is in the terminal already; none where one is to be made.
fn injected(files: &[PathBuf], model: PosModel) -> Outcome<Option<BlockKey>> {
    if files.is_empty() {
        return Ok(None);
    }
    if !COMPONENTS.contains(&files.len()) {
        return Err("a key comes in two to nine components".into());
    }
    let part = |file: &PathBuf| -> Outcome<BlockKey> {
        let digits = std::fs::read_to_string(file)?;
        let bytes = hex::decode(digits.trim()).or(Err("a component is hexadecimal digits"))?;
        let sm4 = model == PosModel::Sm4;
        Ok(if sm4 { BlockKey::sm4(&bytes)? } else { BlockKey::des(&bytes)? })
    };
    let parts = files.iter().map(part).collect::<Outcome<Vec<_>>>()?;
    Ok(Some(combine(&parts)?))
}

fn parts(master: &BlockKey) -> Value {
    let part = |key: &BlockKey| {
        json!({ "key": hex::encode_upper(key.expose()),
                "check_value": key.check_value().to_string() })
    };
    components(master, CUSTODIANS).iter().map(part).collect()
}

fn shown(access: &PosAccess) -> Value {
    let row = &access.terminal;
    json!({
        "terminal": row.terminal.to_string(),
        "merchant": row.merchant.to_string(),
        "terminal_no": row.terminal_no,
        "merchant_code": row.merchant_code,
        "model": row.model.code(),
        "state": format!("{:?}", row.state),
        "batch": row.batch,
        "most_fen": row.most,
        "master_check_value": row.master_check,
        "loaded": { "parameters": row.loaded.parameters, "ca_keys": row.loaded.ca_keys,
                    "aids": row.loaded.aids },
    })
}
