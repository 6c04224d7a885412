//! Operators' commands for plates: make, list, revoke, and what came of scanning them.

use std::path::PathBuf;

use app::App;
use app::cashier::NewPlate;
use clap::{Subcommand, ValueEnum};
use ids::{MerchantId, PlateId, StoreId, TerminalId};
use merchants::{Plate, PlateScheme};
use serde_json::{Value, json};

use crate::Outcome;
use crate::admin::print;

#[derive(Debug, Subcommand)]
pub(crate) enum PlateCommand {
    /// Make a plate for a terminal: a code that every app can scan.
    CreatePlate {
        terminal: TerminalId,
        /// The standard scheme: UnionPay's address for this plate, which sends WeChat's and Alipay's scans
        /// on to us. Without it the code says our own address, which is registered with UnionPay.
        #[arg(long)]
        unionpay_address: Option<String>,
    },
    /// Put a plate under UnionPay's address for its page (standard scheme), or back under our own.
    SetPlateScheme {
        plate: PlateId,
        #[arg(long)]
        unionpay_address: Option<String>,
    },
    /// A merchant's plates, the newest first.
    Plates {
        merchant: MerchantId,
        /// Older than this one.
        #[arg(long)]
        before: Option<PlateId>,
    },
    /// Let nobody pay by a plate any more.
    RevokePlate { plate: PlateId },
    /// The latest openings of a plate's page.
    Scans { plate: PlateId },
    /// Plates to print: a sheet of all that a merchant or a store has, or one plate.
    PrintPlates {
        merchant: MerchantId,
        /// `.pdf` for sheets; `.svg` for one plate, `.png` for its code alone.
        out: PathBuf,
        #[arg(long)]
        store: Option<StoreId>,
        #[arg(long)]
        plate: Option<PlateId>,
        /// Four to a page of A4 with cut marks, or one to a page of its own size, A6.
        #[arg(long, value_enum, default_value_t = Sheet::A4)]
        sheet: Sheet,
        /// A TrueType or OpenType font with Chinese, to be embedded; without it the reader's own is used.
        #[arg(long)]
        font: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sheet {
    A4,
    One,
}

/// Which plates to print, and how.
struct Print {
    merchant: MerchantId,
    out: PathBuf,
    store: Option<StoreId>,
    plate: Option<PlateId>,
    sheet: Sheet,
    font: Option<PathBuf>,
}

/// Plates read for one print; a file holds as many at most.
const PRINT_PAGES_MAX: usize = plates::PLATES_MAX / 100;
/// Dots of a module of a code that is printed by itself.
const CODE_PX_PER_MODULE: u8 = 12;

const PAGE: u32 = 100;

pub(crate) async fn run(app: &App, command: PlateCommand) -> Outcome {
    match command {
        PlateCommand::CreatePlate { terminal, unionpay_address } => {
            let terminal = app.store.terminal(terminal).await?;
            let terminal = terminal.ok_or("there is no such terminal")?;
            let scheme = match unionpay_address {
                Some(_) => PlateScheme::Standard,
                None => PlateScheme::NonStandard,
            };
            let plate = app.create_plate(NewPlate { terminal, scheme, unionpay_address }).await?;
            print(&plate_json(app, &plate));
        }
        PlateCommand::SetPlateScheme { plate, unionpay_address } => {
            let plate = app.set_plate_scheme(plate, unionpay_address).await?;
            print(&plate_json(app, &plate.ok_or("there is no such plate")?));
        }
        PlateCommand::Plates { merchant, before } => {
            let plates = app.store.plates_page(merchant, before, PAGE).await?;
            print(&Value::Array(plates.iter().map(|plate| plate_json(app, plate)).collect()));
        }
        PlateCommand::RevokePlate { plate } => {
            app.revoke_plate(plate).await?.ok_or("there is no such plate")?;
            print(&json!({ "revoked": plate.to_string() }));
        }
        PlateCommand::Scans { plate } => {
            let scans = app.store.scans_of(plate, PAGE).await?;
            let shown = scans.iter().map(|scan| {
                json!({
                    "scan": scan.id.to_string(),
                    "at": channels::shown::time(scan.at()),
                    "app": scan.app.code(),
                    "outcome": scan.outcome.code(),
                })
            });
            print(&Value::Array(shown.collect()));
        }
        PlateCommand::PrintPlates { merchant, out, store, plate, sheet, font } => {
            let printed =
                print_plates(app, &Print { merchant, out, store, plate, sheet, font }).await?;
            print(&json!({ "printed": printed }));
        }
    }
    Ok(())
}

async fn print_plates(app: &App, what: &Print) -> Outcome<usize> {
    let wanted = |plate: &Plate| {
        plate.revoked_at.is_none()
            && what.store.is_none_or(|store| plate.store == store)
            && what.plate.is_none_or(|id| plate.id == id)
    };
    let (mut drawn, mut before) = (Vec::new(), None);
    for _ in 0..PRINT_PAGES_MAX {
        let page = app.store.plates_page(what.merchant, before, PAGE).await?;
        before = page.last().map(|plate| plate.id);
        for plate in page.iter().filter(|plate| wanted(plate)) {
            drawn.push(drawing(app, plate).await?);
        }
        if before.is_none() {
            break;
        }
    }
    // The oldest first, as they are numbered.
    drawn.reverse();
    let file = match what.out.extension().and_then(|end| end.to_str()) {
        Some("pdf") => pdf(&drawn, what)?,
        Some("svg") => plates::plate_svg(only(&drawn)?).into_bytes(),
        Some("png") => plates::png(only(&drawn)?.code(), CODE_PX_PER_MODULE)?,
        _ => return Err("the file's name ends in .pdf, .svg or .png".into()),
    };
    std::fs::write(&what.out, file)?;
    Ok(drawn.len())
}

fn pdf(drawn: &[plates::Plate], what: &Print) -> Outcome<Vec<u8>> {
    let sheet = match what.sheet {
        Sheet::A4 => plates::Sheet::A4,
        Sheet::One => plates::Sheet::One,
    };
    Ok(match &what.font {
        Some(path) => {
            let font = plates::Font::parse(std::fs::read(path)?)?;
            plates::plate_pdf(drawn, sheet, plates::Lettering::Embedded(&font))?
        }
        None => plates::plate_pdf(drawn, sheet, plates::Lettering::Standard)?,
    })
}

fn only(drawn: &[plates::Plate]) -> Outcome<&plates::Plate> {
    match drawn {
        [one] => Ok(one),
        _ => Err("one plate is wanted for this kind of file: name it by --plate".into()),
    }
}

/// The plate as it stands on the counter.
pub(crate) async fn drawing(app: &App, plate: &Plate) -> Outcome<plates::Plate> {
    let place = app.place_of(plate.terminal).await?.ok_or("the plate's terminal is not there")?;
    let settings = app.cashier_settings(plate.merchant, plate.store).await?;
    let name = settings.display_name.clone().unwrap_or(place.store.name);
    let number = plate.id.to_string();
    let text = plates::PlateText {
        url: plate.address.clone(),
        store_name: short(&name),
        terminal_name: short(&place.terminal.name),
        number: format!("No. {}", number.trim_start_matches("plt_")),
    };
    Ok(plates::Plate::new(text)?.with_accent(settings.accent.parse()?))
}

/// A name is cut rather than a plate refused.
fn short(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(plates::TEXT_CHARS_MAX).collect()
}

fn plate_json(app: &App, plate: &Plate) -> Value {
    json!({
        "plate": plate.id.to_string(),
        "terminal": plate.terminal.to_string(),
        "store": plate.store.to_string(),
        "scheme": plate.scheme.code(),
        "address": plate.address,
        "page": app.plate_address(plate.id),
        "revoked": plate.revoked_at.is_some(),
    })
}
