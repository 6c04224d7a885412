//! What payers and tills see in the demo: a plate that every app scans, its print, and a till to activate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use app::App;
use app::cashier::{CashierOwner, NewPlate};
use merchants::{PlateScheme, StaffRight, Store, TerminalKind};
use secret::Secret;

use crate::Outcome;
use crate::admin_plates::drawing;
use crate::out::say;

/// Shown once the demo is up.
#[derive(Debug)]
pub(crate) struct Payers {
    plate: String,
    print: PathBuf,
    till_code: Secret<String>,
    pin: Secret<String>,
}

const SETTINGS: &str = r##"{"tips":[5,10],"quick_amounts_fen":[1000,2000,5000],"receipt_footer":"谢谢惠顾 Thank you"}"##;

pub(crate) async fn set_up(app: &App, store: &Store, folder: &Path) -> Outcome<Payers> {
    let settled = app.set_cashier(CashierOwner::Merchant(store.merchant), SETTINGS).await?;
    settled?;
    let terminal = app.create_terminal(store, TerminalKind::QrPlate, "1 号码牌").await?;
    let scheme = PlateScheme::NonStandard;
    let plate = app.create_plate(NewPlate { terminal, scheme, unionpay_address: None }).await?;
    let print = folder.join("plate.pdf");
    let drawn = [drawing(app, &plate).await?];
    let lettering = plates::Lettering::Standard;
    std::fs::write(&print, plates::plate_pdf(&drawn, plates::Sheet::One, lettering)?)?;
    let till = app.create_terminal(store, TerminalKind::CounterRegister, "收银台 2").await?;
    let till_code = app.make_activation_code(&till).await?;
    let rights = BTreeSet::from(StaffRight::ALL);
    let pin = app.set_staff(store.merchant, ("01", "王芳"), rights).await?;
    Ok(Payers { plate: plate.address, print, till_code, pin })
}

impl Payers {
    pub(crate) fn report(&self, api: &str, sandbox: &str) {
        say(&format!("plate      {} (print: {})", self.plate, self.print.display()));
        say(&format!("scan it    {sandbox}/sandbox/#code={}", self.plate));
        say(&format!(
            "till       {api}/till  code {}  staff 01, PIN {}",
            self.till_code.expose(),
            self.pin.expose()
        ));
    }
}
