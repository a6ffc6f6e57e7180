//! A picture as PNG, with the machine's fonts.

use diarist::{Error, ErrorKind, Result};
use fontdb::Database;
use tiny_skia::{Color, FillRule, Paint, Pixmap, Rect, Transform};

use super::shapes::{Picture, Shape};
use super::text::Fonts;

/// Pixels for each unit of the picture.
const SCALE: f32 = 2.0;

/// Most pixels: a few hundred megabytes of memory.
const MAX_PIXELS: u64 = 64_000_000;

/// `picture` as PNG.
///
/// # Errors
/// [`ErrorKind::Output`] if the machine has no font to write with, or the picture is too large.
pub(crate) fn png(picture: &Picture) -> Result<Vec<u8>> {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    let pixels = draw(picture, fonts)?;
    pixels.encode_png().map_err(|error| fault("the picture cannot be encoded").caused_by(error))
}

fn draw(picture: &Picture, fonts: Database) -> Result<Pixmap> {
    let too_large = || fault("the picture is too large").hint("write .svg, or fewer speakers");
    let [width, height] = [picture.width, picture.height].map(|length| (length.round() * f64::from(SCALE)) as u32);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large());
    }
    let texts = picture.shapes.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None });
    let Some(fonts) = Fonts::new(fonts, texts) else {
        return Err(fault("a PNG needs a font, but this machine has none")
            .hint("write .svg, or install a font such as fonts-dejavu-core"));
    };
    let mut pixels = Pixmap::new(width, height).ok_or_else(too_large)?;
    pixels.fill(Color::WHITE);
    let scale = Transform::from_scale(SCALE, SCALE);
    let fill = |[x, y, width, height]: [f64; 4], paint: &Paint<'_>, pixels: &mut Pixmap| {
        if let Some(rect) = Rect::from_xywh(x as f32, y as f32, width as f32, height as f32) {
            pixels.fill_rect(rect, paint, scale, None);
        }
    };
    for shape in &picture.shapes {
        match shape {
            Shape::Rect(rect) => {
                fill([rect.x, rect.y, rect.width, rect.height], &paint(rect.colour, rect.opacity), &mut pixels);
            }
            // A stroke covers half a unit on each side, and ends where the line does.
            Shape::Line(line) => {
                let ([left, right], [top, bottom]) = (line.x, line.y);
                let rect = if top == bottom {
                    [left, top - 0.5, right - left, 1.0]
                } else {
                    [left - 0.5, top, 1.0, bottom - top]
                };
                fill(rect, &paint(line.colour, 1.0), &mut pixels);
            }
            Shape::Text(text) => {
                if let Some(path) = fonts.outline(text) {
                    pixels.fill_path(&path, &paint(text.colour, 1.0), FillRule::Winding, scale, None);
                }
            }
        }
    }
    Ok(pixels)
}

fn fault(message: &str) -> Error {
    Error::new(ErrorKind::Output, message.to_owned())
}

/// A colour of the form `#rrggbb`.
fn paint(colour: &str, opacity: f64) -> Paint<'static> {
    let [_, red, green, blue] = u32::from_str_radix(&colour[1..], 16).unwrap_or_default().to_be_bytes();
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, (opacity * 255.0).round() as u8);
    paint
}

#[cfg(test)]
mod tests {
    use diarist::Turn;
    use diarist::parts::formats::Labels;
    use diarist::parts::timeline::{Annotation, ReadableSettings};
    use diarist_page::drawing::colour;

    use super::*;

    #[test]
    fn the_picture_has_its_colours() {
        let turns = vec![Turn::new(0.0, 10.0, "Ann"), Turn::new(5.0, 10.0, "Bo")];
        let recording = Labels::from(Annotation { file_id: "a".to_owned(), turns });
        let picture = crate::plot::picture(&recording, None, &ReadableSettings::default()).unwrap();
        match png(&picture) {
            Ok(bytes) => {
                let pixels = Pixmap::decode_png(&bytes).unwrap();
                let seen = |x: u32, y: u32| {
                    let pixel = pixels.pixel(x, y).unwrap();
                    format!("#{:02x}{:02x}{:02x}", pixel.red(), pixel.green(), pixel.blue())
                };
                assert_eq!((pixels.width(), pixels.height()), (2 * 1115, 2 * 150));
                // The bars of the lanes, before and in the overlap, which starts at 585.3.
                assert_eq!((seen(1000, 2 * 54).as_str(), seen(1400, 2 * 82).as_str()), (colour(0), colour(1)));
                // The band of the overlap, its row, the line below the first lane, and the rest.
                let expected = ["#e4e4e6", "#1d2330", "#dfe3ea", "#ffffff"];
                assert_eq!([seen(1400, 90), seen(1400, 214), seen(1000, 135), seen(1000, 90)], expected);
            }
            // Without fonts there is a hint.
            Err(error) => assert!(error.to_string().contains("install a font"), "{error}"),
        }
    }

    #[test]
    fn limits_are_told_before_fonts_are_read() {
        let picture = |width: f64| Picture { title: "a".to_owned(), width, height: 4000.0, shapes: Vec::new() };
        let told = |width| draw(&picture(width), Database::new()).unwrap_err().to_string();
        assert!(told(1000.0).contains("install a font such as"), "{}", told(1000.0));
        for width in [4001.0, 3e9, f64::INFINITY] {
            assert!(told(width).contains("too large; write .svg"), "{}", told(width));
        }
    }
}
