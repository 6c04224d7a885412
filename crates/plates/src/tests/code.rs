//! Codes are read back from their pictures; what does not fit is refused.

use super::{Picture, url};
use crate::{Level, PngError, QrCode, TooLong, png, svg};

/// What ISO/IEC 18004, table 7, gives version 40 for bytes.
const MEDIUM_BYTES_MAX: usize = 2331;
const HIGH_BYTES_MAX: usize = 1273;

fn letters(bytes: usize) -> String {
    "Suanpan/".repeat(bytes.div_ceil(8)).get(..bytes).unwrap().to_owned()
}

fn picture(png: &[u8]) -> Picture {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut grey = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut grey).unwrap();
    assert_eq!(info.color_type, png::ColorType::Grayscale);
    Picture { width: usize::try_from(info.width).unwrap(), grey }
}

#[test]
fn a_picture_says_what_was_encoded() {
    let check = |text: &str, level, side_modules: u8| {
        let code = QrCode::encode(text, level).unwrap();
        assert_eq!(code.side_modules(), side_modules, "{} bytes, {level:?}", text.len());
        for px_per_module in [3, 5] {
            let picture = picture(&png(&code, px_per_module).unwrap());
            let side = (usize::from(side_modules) + 8) * usize::from(px_per_module);
            assert_eq!((picture.width, picture.grey.len()), (side, side * side));
            assert_eq!(picture.decode(), text, "{} bytes, {level:?}", text.len());
        }
        let width = (u32::from(side_modules) + 8) * 4;
        assert_eq!(Picture::of_svg(&svg(&code, "码"), width).decode(), text);
    };
    check("1", Level::Medium, 21);
    check(&url(20), Level::Medium, 25);
    check(&url(38), Level::Medium, 29);
    check(&url(38), Level::High, 37);
    check(&url(100), Level::Medium, 41);
    check(&url(256), Level::Medium, 65);
    check(&url(256), Level::High, 85);
    check("支付就用扫一扫", Level::Medium, 25);
    check(&letters(1000), Level::Medium, 121);
    check(&letters(HIGH_BYTES_MAX), Level::High, 177);
    check(&letters(MEDIUM_BYTES_MAX), Level::Medium, 177);
}

#[test]
fn what_no_code_holds_is_too_long() {
    let check = |bytes, level| {
        assert_eq!(QrCode::encode(&letters(bytes), level), Err(TooLong), "{bytes}");
    };
    check(HIGH_BYTES_MAX + 1, Level::High);
    check(MEDIUM_BYTES_MAX + 1, Level::Medium);
    check(10_000_000, Level::Medium);
}

#[test]
fn a_picture_has_a_size() {
    let small = QrCode::encode("1", Level::Medium).unwrap();
    let large = QrCode::encode(&letters(2000), Level::Medium).unwrap();
    let check = |code, px_per_module, expect: &str| {
        let found = png(code, px_per_module).map_or_else(
            |error| match error {
                PngError::NoPixels => "no_pixels",
                PngError::TooLarge => "too_large",
                PngError::Encoder(_) => "encoder",
            },
            |_| "drawn",
        );
        assert_eq!(found, expect, "{px_per_module}");
    };
    check(&small, 0, "no_pixels");
    check(&small, 1, "drawn");
    // 29 modules with the quiet zone: 4,089 pixels, then 4,118.
    check(&small, 141, "drawn");
    check(&small, 142, "too_large");
    check(&large, 255, "too_large");
}

#[test]
fn the_quiet_zone_is_white() {
    let code = QrCode::encode("1", Level::Medium).unwrap();
    let picture = picture(&png(&code, 1).unwrap());
    for (at, grey) in picture.grey.iter().enumerate() {
        let (x, y) = (at % picture.width, at / picture.width);
        if !(4..25).contains(&x) || !(4..25).contains(&y) {
            assert_eq!(*grey, 255, "{x} {y}");
        }
    }
    assert_eq!(picture.grey[4 * picture.width + 4], 0, "a finder's corner is dark");
}

#[test]
fn an_svg_is_one_path_on_white() {
    let code = QrCode::encode("1", Level::Medium).unwrap();
    let svg = svg(&code, "<b> & \"码\"");
    let (head, path) = svg.split_once("<path fill=\"#000000\" d=\"").unwrap();
    assert_eq!(
        head,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 29 29\" role=\"img\" \
         shape-rendering=\"crispEdges\"><title>&lt;b&gt; &amp; &quot;码&quot;</title>\
         <path fill=\"#ffffff\" d=\"M0 0h29v29H0z\"/>"
    );
    assert!(path.starts_with("M4 4h7v1h-7z"), "{path}");
    assert!(path.ends_with("z\"/></svg>"), "{path}");
}

#[test]
fn a_log_line_shows_no_code() {
    let code = QrCode::encode("https://pay.example.com/secret", Level::Medium).unwrap();
    assert_eq!(format!("{code:?}"), "QrCode { side_modules: 29, .. }");
}
