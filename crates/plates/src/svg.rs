//! A plate as SVG: for a preview in a page, and for print shops that want to change it.

use std::fmt::Write as _;

use crate::layout::{Anchor, Area, HEIGHT, Item, Text, WIDTH, Weight, layout};
use crate::plate::Plate;
use crate::text::{Estimate, escape};

/// The families of Windows, Apple, Android and Linux; the reader's machine takes the first it has.
const FAMILIES: &str = "PingFang SC,Microsoft YaHei,Noto Sans CJK SC,Noto Sans SC,\
                        Source Han Sans SC,WenQuanYi Micro Hei,Helvetica,Arial,sans-serif";
/// No font is asked, and a screen's bold faces are wider than Helvetica.
const ESTIMATE: Estimate = Estimate { latin_percent: 112 };

/// One plate, 105 mm by 148 mm; a user unit is a hundredth of a millimetre.
///
/// It has no script, no style and no address, so that any policy lets it stand inside a page, and names
/// from outside are escaped. Text is not outlined: its shape is that of the reader's fonts.
#[must_use]
pub fn plate_svg(plate: &Plate) -> String {
    let title = escape(&plate.title());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" \
         viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" xml:lang=\"zh-CN\" \
         font-family=\"{FAMILIES}\"><title>{title}</title>",
        WIDTH / 100,
        HEIGHT / 100,
    );
    for item in layout(plate, &ESTIMATE) {
        paint(&mut svg, &item);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Writing to a String cannot fail.
fn paint(svg: &mut String, item: &Item<'_>) {
    _ = match item {
        Item::Panel { area, radius, fill } => {
            write!(svg, "\n<rect {} fill=\"{fill}\"/>", corners(*area, *radius))
        }
        Item::Frame { area, radius, width, colour } => write!(
            svg,
            "\n<rect {} fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
            corners(*area, *radius)
        ),
        Item::Code { x, y, module, hole, code } => write!(
            svg,
            "\n<path transform=\"translate({x} {y}) scale({module})\" shape-rendering=\"crispEdges\" \
             fill=\"#000000\" d=\"{}\"/>",
            code.path(*hole, 0)
        ),
        Item::Text(text) if text.text.is_empty() => Ok(()),
        Item::Text(text) => write!(svg, "\n{}", element(text)),
    };
}

fn corners(area: Area, radius: i32) -> String {
    let Area { x, y, width, height } = area;
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"")
}

fn element(text: &Text) -> String {
    let Text { x, baseline, size, colour, .. } = text;
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let weight = match text.weight {
        Weight::Regular => "400",
        Weight::Bold => "700",
    };
    let words = escape(&text.text);
    format!(
        "<text x=\"{x}\" y=\"{baseline}\" font-size=\"{size}\" font-weight=\"{weight}\" \
         text-anchor=\"{anchor}\" fill=\"{colour}\">{words}</text>"
    )
}
