//! Every picture is read back by a decoder that is not ours (`rqrr`); SVG is drawn by `resvg`.

mod code;
mod fonts;
mod layout;
mod pdf;
mod plate;
mod svg;
mod text;

use crate::{Plate, PlateText};

/// A picture's grey values, row by row.
struct Picture {
    width: usize,
    grey: Vec<u8>,
}

impl Picture {
    /// What the one code in it says.
    fn decode(&self) -> String {
        let height = self.grey.len() / self.width;
        let grey = |x, y| self.grey[y * self.width + x];
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(self.width, height, grey);
        let codes = image.detect_grids();
        assert_eq!(codes.len(), 1, "codes in the picture");
        codes[0].decode().expect("a code that can be read").1
    }

    /// An SVG so many pixels wide, on white.
    #[expect(clippy::float_arithmetic, reason = "the renderer's scale is a fraction")]
    fn of_svg(svg: &str, width: u32) -> Self {
        use resvg::{tiny_skia, usvg};
        let tree = usvg::Tree::from_str(svg, &usvg::Options::default()).expect("an SVG");
        let size = tree.size().to_int_size().scale_to_width(width).expect("a size");
        let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height()).expect("a picture");
        pixels.fill(tiny_skia::Color::WHITE);
        let (from, to) = (tree.size(), size.to_size());
        let scale = tiny_skia::Transform::from_scale(
            to.width() / from.width(),
            to.height() / from.height(),
        );
        resvg::render(&tree, scale, &mut pixels.as_mut());
        // Green is most of what an eye calls bright.
        let grey = pixels.pixels().iter().map(|pixel| pixel.green()).collect();
        Self { width: usize::try_from(size.width()).unwrap(), grey }
    }
}

/// An address of so many bytes.
fn url(bytes: usize) -> String {
    let mut url = "https://pay.example.com/q/7K3M9QXT2B4F/".repeat(8);
    url.truncate(bytes);
    url
}

fn text(url: &str, store_name: &str) -> PlateText {
    PlateText {
        url: url.to_owned(),
        store_name: store_name.to_owned(),
        terminal_name: "收银台 1".to_owned(),
        number: "No. 0001".to_owned(),
    }
}

fn plate(store_name: &str) -> Plate {
    Plate::new(text(&url(38), store_name)).unwrap()
}

/// Names that break what is written carelessly.
const NAMES: [&str; 10] = [
    "老街面馆",
    "<script>alert(1)</script> & \"quotes\"",
    "it's ]]> <!-- --> &amp; \\",
    "( ( \\( ) ) endstream endobj",
    "😀 咖啡 👨‍👩‍👧 𠮷野家",
    "tab\there\nline\r\0nul\u{1b}[31m\u{7f}",
    "\u{202e}gnp.egap\u{202c} \u{feff}x\u{fffe}\u{1ffff}",
    "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十",
    "The Quick Brown Fox Coffee Company of Shanghai (Pudong) Limited",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
];
