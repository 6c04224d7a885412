//! Custodians' commands: keys that come and go in components.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use app::{App, CustodianSays};
use clap::{Args, Subcommand};
use crypto::pos::BlockKey;
use ids::CeremonyId;
use merchants::Ceremony;
use secret::Secret;
use serde_json::{Value, json};

use crate::Outcome;
use crate::admin::print;

/// Who does it. The password is the first line of a file, or of standard input.
#[derive(Debug, Args)]
pub(crate) struct By {
    /// The custodian.
    #[arg(long)]
    by: String,
    /// A file with his password; without it, it is read from standard input.
    #[arg(long)]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CeremonyCommand {
    /// Add a custodian of keys. His password is shown once.
    AddCustodian { name: String },
    /// A custodian gives and takes nothing any more.
    RevokeCustodian { name: String },
    /// Begin to bring a key in: each custodian gives his component by himself.
    OpenCeremony {
        /// How many custodians share the key.
        #[arg(long, default_value_t = 2)]
        components: usize,
        /// A key of SM4; else of DES.
        #[arg(long)]
        sm4: bool,
    },
    /// Give a component: a file with its hexadecimal digits. The last one makes the key.
    GiveComponent {
        ceremony: CeremonyId,
        component: PathBuf,
        #[command(flatten)]
        by: By,
    },
    /// Take the component of a new key that is yours. It is shown once.
    TakeComponent {
        ceremony: CeremonyId,
        #[command(flatten)]
        by: By,
    },
    /// Who gave or took his component, and the check values.
    ShowCeremony { ceremony: CeremonyId },
}

pub(crate) async fn run(app: &App, command: CeremonyCommand) -> Outcome {
    match command {
        CeremonyCommand::AddCustodian { name } => {
            let password = app.add_custodian(&name).await?;
            print(&json!({ "custodian": name, "password": password.expose() }));
        }
        CeremonyCommand::RevokeCustodian { name } => {
            app.revoke_custodian(&name).await?;
            print(&json!({ "revoked": name }));
        }
        CeremonyCommand::OpenCeremony { components, sm4 } => {
            print(&shown(&app.open_ceremony(components, sm4).await?));
        }
        CeremonyCommand::GiveComponent { ceremony, component, by } => {
            let sm4 = app.ceremony(ceremony).await?.sm4;
            let component = read_component(&component, sm4)?;
            print(&shown(&app.give_component(ceremony, &by.says()?, &component).await?));
        }
        CeremonyCommand::TakeComponent { ceremony, by } => {
            let taken = app.take_component(ceremony, &by.says()?).await?;
            print(&json!({
                "custodian": taken.custodian,
                "key": hex::encode_upper(taken.key.expose()),
                "check_value": taken.key.check_value().to_string(),
            }));
        }
        CeremonyCommand::ShowCeremony { ceremony } => {
            print(&shown(&app.ceremony(ceremony).await?));
        }
    }
    Ok(())
}

impl By {
    fn says(self) -> Outcome<CustodianSays> {
        let text = match &self.password_file {
            Some(file) => std::fs::read_to_string(file)?,
            None => {
                let mut line = String::new();
                std::io::stdin().lock().read_line(&mut line)?;
                line
            }
        };
        let password = text.lines().next().unwrap_or_default().trim().to_owned();
        Ok(CustodianSays { name: self.by, password: Secret::new(password) })
    }
}

fn read_component(file: &Path, sm4: bool) -> Outcome<BlockKey> {
    let digits = std::fs::read_to_string(file)?;
    let bytes = hex::decode(digits.trim()).or(Err("a component is hexadecimal digits"))?;
    Ok(if sm4 { BlockKey::sm4(&bytes)? } else { BlockKey::des(&bytes)? })
}

fn shown(ceremony: &Ceremony) -> Value {
    let part = |part: &merchants::KeyPart| {
        json!({ "custodian": part.custodian, "check_value": part.check,
                "done_at": part.done_at.map(|at| at.to_string()) })
    };
    json!({
        "ceremony": ceremony.id.to_string(),
        "wanted": ceremony.wanted,
        "components": ceremony.parts.iter().map(part).collect::<Vec<_>>(),
        "key_check_value": ceremony.check,
        "terminal": ceremony.terminal.map(|id| id.to_string()),
    })
}
