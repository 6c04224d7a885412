//! QR codes in pictures: what a phone's camera would read.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, ImageReader, Limits};

/// Larger pictures are refused before their pixels are unpacked.
const SIDE_PIXELS_MAX: u32 = 8_192;
const UNPACKED_BYTES_MAX: u64 = 268_435_456;
/// Codes are found as well in a smaller picture, and faster.
const SEARCH_SIDE_PIXELS: u32 = 1_600;

/// The texts of all codes in a PNG or JPEG; `None` if it is no such picture.
pub(crate) fn texts(picture: &[u8]) -> Option<Vec<String>> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().ok()?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PIXELS_MAX);
    limits.max_image_height = Some(SIDE_PIXELS_MAX);
    limits.max_alloc = Some(UNPACKED_BYTES_MAX);
    reader.limits(limits);
    let picture = on_white(reader.decode().ok()?.into_luma_alpha8());
    let found = search(&picture);
    let (width, height) = picture.dimensions();
    if !found.is_empty() || width.max(height) <= SEARCH_SIDE_PIXELS {
        return Some(found);
    }
    let small = image::DynamicImage::ImageLuma8(picture);
    let small = small.thumbnail(SEARCH_SIDE_PIXELS, SEARCH_SIDE_PIXELS).into_luma8();
    Some(search(&small))
}

/// A code on a transparent ground is a code on paper.
fn on_white(picture: image::GrayAlphaImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let shade = |[grey, alpha]: [u8; 2]| {
        let (grey, alpha) = (u32::from(grey), u32::from(alpha));
        u8::try_from((grey * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    let pixels = picture.pixels().map(|pixel| shade(pixel.0)).collect();
    GrayImage::from_raw(width, height, pixels).unwrap_or_default()
}

fn search(picture: &GrayImage) -> Vec<String> {
    let (Ok(width), Ok(height)) =
        (usize::try_from(picture.width()), usize::try_from(picture.height()))
    else {
        return Vec::new();
    };
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let raw = picture.as_raw();
    let shade = |x: usize, y: usize| raw.get(y * width + x).copied().unwrap_or(u8::MAX);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, shade);
    let mut texts = Vec::new();
    for grid in prepared.detect_grids() {
        if let Ok((_, text)) = grid.decode()
            && !texts.contains(&text)
        {
            texts.push(text);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drawn by another program: a row of modules per line.
    const MODULES: &str = include_str!("../tests/data/code.txt");

    fn drawn(scale: u32, (dark, light): ([u8; 2], [u8; 2])) -> image::GrayAlphaImage {
        let rows: Vec<&[u8]> = MODULES.lines().map(str::as_bytes).collect();
        let side = u32::try_from(rows.len()).unwrap();
        image::GrayAlphaImage::from_fn((side + 8) * scale, (side + 8) * scale, |x, y| {
            let at = |n: u32| usize::try_from((n / scale).wrapping_sub(4)).unwrap();
            let module = rows.get(at(y)).and_then(|row| row.get(at(x)));
            image::LumaA(if module == Some(&b'#') { dark } else { light })
        })
    }

    fn png(picture: image::GrayAlphaImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn jpeg(picture: image::GrayAlphaImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let grey = image::DynamicImage::ImageLumaA8(picture).into_luma8();
        grey.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn codes_are_read_from_both_formats_and_all_sizes() {
        let ink = ([0, 255], [255, 255]);
        let blank = ([255, 255], [255, 255]);
        let read = ["http://127.0.0.1:8080/q/SUANPAN"];
        for (picture, expect) in [
            (png(drawn(4, ink)), Some(&read[..])),
            (png(drawn(60, ink)), Some(&read[..])),
            (png(drawn(6, ([0, 255], [0, 0]))), Some(&read[..])),
            (jpeg(drawn(6, ink)), Some(&read[..])),
            (png(drawn(4, blank)), Some(&[][..])),
            (b"GIF89a".to_vec(), None),
            (b"\x89PNG\r\n\x1a\n".to_vec(), None),
            (Vec::new(), None),
        ] {
            let texts = texts(&picture);
            let texts: Option<Vec<&str>> =
                texts.as_ref().map(|all| all.iter().map(String::as_str).collect());
            assert_eq!(texts.as_deref(), expect);
        }
    }
}
