//! Plates of one store on an A4 sheet, as PDF on standard output.
//!
//! `cargo run -p plates --example sheet -- https://pay.example.com/q/1 老街面馆 [FONT.ttf [FACE]] > sheet.pdf`
//! With a font its glyphs are embedded, of a collection those of the font with that number; without one
//! the reader's fonts are used.

use std::error::Error;
use std::io::Write as _;

use plates::{Font, Lettering, Plate, PlateText, Sheet, plate_pdf};

const PLATES: u32 = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("say the address that the codes hold")?;
    let store_name = arguments.next().ok_or("say the store's name")?;
    let plates = (1..=PLATES)
        .map(|number| {
            Plate::new(PlateText {
                url: format!("{url}{number}"),
                store_name: store_name.clone(),
                terminal_name: format!("{number} 号桌"),
                number: format!("No. {number:04}"),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let pdf = match arguments.next() {
        Some(path) => {
            let face = arguments.next().map_or(Ok(0), |face| face.parse())?;
            let font = Font::parse_face(std::fs::read(path)?, face)?;
            plate_pdf(&plates, Sheet::A4, Lettering::Embedded(&font))?
        }
        None => plate_pdf(&plates, Sheet::A4, Lettering::Standard)?,
    };
    std::io::stdout().write_all(&pdf)?;
    Ok(())
}
