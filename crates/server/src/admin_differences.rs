//! Differences with terminals, as two operators decide them.

use std::io::Write as _;
use std::path::PathBuf;

use app::App;
use clap::Subcommand;
use orders::{Difference, DifferenceDecision, DifferenceKey, DifferenceOutcome};
use serde_json::{Value, json};

use crate::Outcome;
use crate::admin::print;
use crate::out::say;

#[derive(Debug, Subcommand)]
pub(crate) enum DifferenceCommand {
    /// What terminals and we do not agree about, with what was proposed: what is open, the oldest first.
    PosDifferences {
        /// The decided ones, too.
        #[arg(long)]
        all: bool,
    },
    /// Attach the slip to a difference: PNG, JPEG, PDF or text, at most 1 MB.
    AttachSlip {
        /// As `pos-differences` names it.
        difference: DifferenceKey,
        slip: PathBuf,
        #[arg(long)]
        by: String,
    },
    /// The slip that was attached.
    ShowSlip {
        difference: DifferenceKey,
        /// Where it is written to.
        file: PathBuf,
    },
    /// Propose how a difference ends; another person approves it. No money moves: a correction names the
    /// payment, refund or transfer that moved it.
    ProposeDifference {
        difference: DifferenceKey,
        /// What moved the money; without it our books stand as they are.
        #[arg(long)]
        corrected_by: Option<String>,
        #[arg(long)]
        note: String,
        #[arg(long)]
        by: String,
    },
    /// Approve what another person proposed.
    ApproveDifference {
        difference: DifferenceKey,
        #[arg(long)]
        by: String,
    },
}

pub(crate) async fn run(app: &App, command: DifferenceCommand) -> Outcome {
    match command {
        DifferenceCommand::PosDifferences { all } => {
            let known = app.pos_differences(!all).await?;
            print(&Value::Array(known.iter().map(shown).collect()));
        }
        DifferenceCommand::AttachSlip { difference, slip, by } => {
            let bytes = std::fs::read(slip)?;
            print(&shown(&app.attach_slip(difference, bytes, &by).await?));
        }
        DifferenceCommand::ShowSlip { difference, file } => {
            let slip = app.attached_slip(difference).await?.ok_or("no slip is attached")?;
            let mut out = std::fs::OpenOptions::new().write(true).create_new(true).open(&file)?;
            out.write_all(&slip.bytes)?;
            say(&format!("{}, {} bytes: {}", slip.media_type, slip.bytes.len(), file.display()));
        }
        DifferenceCommand::ProposeDifference { difference, corrected_by, note, by } => {
            let outcome = corrected_by.map_or(DifferenceOutcome::OursStands, |reference| {
                DifferenceOutcome::Corrected { reference }
            });
            let proposal = DifferenceDecision { outcome, note, proposed_by: by, approved_by: None };
            print(&shown(&app.propose_difference(difference, proposal).await?));
        }
        DifferenceCommand::ApproveDifference { difference, by } => {
            print(&shown(&app.approve_difference(difference, &by).await?));
        }
    }
    Ok(())
}

fn shown(difference: &Difference) -> Value {
    let decision = difference.decision.as_ref().map(|decision| {
        let corrected_by = match &decision.outcome {
            DifferenceOutcome::OursStands => None,
            DifferenceOutcome::Corrected { reference } => Some(reference),
        };
        json!({ "corrected_by": corrected_by, "note": decision.note,
                "proposed_by": decision.proposed_by, "approved_by": decision.approved_by })
    });
    json!({
        "difference": difference.key.to_string(),
        "kind": difference.key.kind.code(),
        "merchant": difference.merchant.to_string(),
        "terminal_says_fen": difference.said,
        "we_know_fen": difference.ours,
        "trade": difference.trade.map(|id| id.to_string()),
        "slip": difference.slip.map(hex::encode),
        "decision": decision,
        "open": difference.is_open(),
        "opened_at": difference.opened_at.to_string(),
    })
}
