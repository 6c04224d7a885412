//! The demo's card terminal: a morning at it, against the sandbox's card network.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::pos::{MasterKey, NewPosTerminal, new_master_key};
use crypto::pos::components;
use jiff::tz::{TimeZone, offset};
use merchants::{PosModel, Terminal};
use pos_host::{LineLimits, PosHost, PosSettings};
use pos_terminal::{Act, Device, Done, Settings, TcpLine};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::play::Day;

type Failed = Box<dyn std::error::Error + Send + Sync>;

const TERMINAL_NO: &str = "10000001";
const MERCHANT_CODE: &str = "305310058120001";
const ACQUIRER: &str = "48021000";
const CUSTODIANS: usize = 2;

/// The host's address, and the terminal as `suanpan admin register-pos` shows one.
#[derive(Debug)]
pub(crate) struct Cards {
    pub(crate) host: String,
    pub(crate) registration: secret::Secret<String>,
}

pub(super) fn serve(
    app: &Arc<App>,
    listener: TcpListener,
    stopped: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let settings = PosSettings { acquirer: ACQUIRER.to_owned() };
    let host = Arc::new(PosHost::new(Arc::clone(app), settings));
    tokio::spawn(pos_host::serve(listener, host, LineLimits::default(), stopped))
}

/// Lets the merchant's terminal speak ISO 8583.
pub(super) async fn register(app: &App, terminal: &Terminal) -> Result<String, Failed> {
    let master = new_master_key(PosModel::CupTdes);
    let parts = components(&master, CUSTODIANS);
    let new = NewPosTerminal {
        terminal_no: TERMINAL_NO.to_owned(),
        merchant_code: MERCHANT_CODE.to_owned(),
        model: PosModel::CupTdes,
        master: MasterKey::Clear(master),
    };
    let access = app.register_pos(terminal, new).await?.access;
    let part = |key: &crypto::pos::BlockKey| json!({ "key": hex::encode_upper(key.expose()) });
    let parts: Vec<_> = parts.iter().map(part).collect();
    Ok(json!({
        "terminal_no": TERMINAL_NO,
        "merchant_code": MERCHANT_CODE,
        "model": access.terminal.model.code(),
        "master_check_value": access.terminal.master_check,
        "master_key_components": parts,
    })
    .to_string())
}

/// Writes what switches the terminal on, for its owner's eyes only.
pub(super) fn keep(folder: &Path, cards: &Cards) -> Result<std::path::PathBuf, Failed> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = folder.join("terminal.json");
    let mut options = std::fs::OpenOptions::new();
    let mut open = options.write(true).create(true).truncate(true).mode(0o600).open(&file)?;
    open.write_all(cards.registration.expose().as_bytes())?;
    Ok(file)
}

impl Day<'_> {
    /// Sale with PIN, a refusal, a lost answer, a hold and its completion, the evening's settlement.
    pub(super) async fn morning_at_the_terminal(&mut self, cards: &Cards) -> Result<(), Failed> {
        let timeout = Duration::from_secs(30);
        let line = Arc::new(TcpLine { host: cards.host.clone(), timeout });
        let year = crate::clock::now().to_zoned(TimeZone::fixed(offset(8))).year();
        let settings = Settings { first_trace: 1, year };
        let mut device = Device::new(line, settings, cards.registration.expose())?;
        for (what, act, expect) in [
            ("card terminal, sign-on", "sign-on", "signed on"),
            ("card, sale with PIN", "sale 86.00 pin 123456", "slip"),
            ("card, not enough money", "sale 9000.51", "refused 51"),
            ("card, the answer is lost", "lose", "lost"),
            ("  … and reversed by the terminal", "sale 35.00", "reversed"),
            ("card, pre-authorization", "authorize 500.00", "slip"),
            ("  … completed for less", "complete 000005 320.00", "slip"),
            ("card, the sale voided", "void 000002", "slip"),
            ("card terminal, settled", "settle", "slip"),
        ] {
            let act = Act::parse(act)?.ok_or("an act of the demo")?;
            let done = device.act(act).await?;
            let (result, good) = told(&done, expect);
            self.note(what, &result, good);
        }
        Ok(())
    }
}

fn told(done: &Done, expect: &str) -> (String, bool) {
    match done {
        Done::Said(words) => (words.clone(), !expect.starts_with("refused")),
        Done::Slip(slip) => {
            let text = slip.text();
            let amount = text.lines().find_map(|line| line.split_once("RMB "));
            let balanced = !text.contains("NOT BALANCED");
            let said =
                amount.map_or("balanced".to_owned(), |(_, yuan)| format!("approved ¥{yuan}"));
            (said, expect == "slip" && balanced)
        }
        Done::Refused(code) => (format!("refused ({code})"), expect == format!("refused {code}")),
        Done::Lost { reversed } => ("reversed".to_owned(), *reversed && expect == "reversed"),
        Done::Unexpected { was, .. } => (was.clone(), false),
        Done::Quit => (String::new(), false),
    }
}
