//! PNG by resvg, with the machine's fonts.

use diarist::{Error, ErrorKind, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Pixels for each unit of the picture.
const SCALE: f32 = 2.0;

/// Most bytes of a picture as text, and most pixels: a few hundred megabytes of memory.
const MAX_TEXT: usize = 20_000_000;
const MAX_PIXELS: u64 = 64_000_000;

/// A picture of [`super::svg`] as PNG.
///
/// # Errors
/// [`ErrorKind::Output`] if the machine has no font to write with, or the picture is too large.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>> {
    let fault = |message: &str| Error::new(ErrorKind::Output, message.to_owned());
    let too_large = || fault("the picture is too large").hint("write .svg, or fewer speakers");
    if svg.len() > MAX_TEXT {
        return Err(too_large());
    }
    let mut options = Options::default();
    options.fontdb_mut().load_system_fonts();
    let Some(family) = options.fontdb.faces().find_map(|face| face.families.first().map(|(name, _)| name.clone()))
    else {
        return Err(fault("a PNG needs a font, but this machine has none")
            .hint("write .svg, or install a font such as fonts-dejavu-core"));
    };
    // Without a "sans-serif" font, any other is used.
    let sans =
        options.fontdb.query(&fontdb::Query { families: &[fontdb::Family::SansSerif], ..fontdb::Query::default() });
    if sans.is_none() {
        let known = ["DejaVu Sans", "Liberation Sans", "Noto Sans", "Helvetica", "Segoe UI"];
        let has =
            |name: &&&str| options.fontdb.faces().any(|face| face.families.iter().any(|(family, _)| family == **name));
        let family = known.iter().find(has).map_or(family, |name| (*name).to_owned());
        options.fontdb_mut().set_sans_serif_family(family);
    }
    let tree = Tree::from_str(svg, &options).map_err(|error| fault("the picture cannot be drawn").caused_by(error))?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(too_large)?;
    if u64::from(size.width()) * u64::from(size.height()) > MAX_PIXELS {
        return Err(too_large());
    }
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(too_large)?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| fault("the picture cannot be encoded").caused_by(error))
}

#[cfg(test)]
mod tests {
    use diarist::Turn;
    use diarist::parts::formats::Labels;
    use diarist::parts::timeline::{Annotation, ReadableSettings};

    use super::*;
    use diarist_page::drawing::colour;

    #[test]
    fn the_picture_has_its_colours() {
        let turns = vec![Turn::new(0.0, 10.0, "Ann")];
        let recording = Labels::from(Annotation { file_id: "a".to_owned(), turns });
        let svg = crate::plot::svg(&recording, None, &ReadableSettings::default()).unwrap();
        match png(&svg) {
            Ok(bytes) => {
                let pixels = Pixmap::decode_png(&bytes).unwrap();
                // The middle of the only lane.
                let pixel = pixels.pixel(pixels.width() / 2, 2 * 54).unwrap();
                let seen = format!("#{:02x}{:02x}{:02x}", pixel.red(), pixel.green(), pixel.blue());
                assert_eq!((seen.as_str(), pixels.height()), (colour(0), 2 * 122));
            }
            // Without fonts there is a hint.
            Err(error) => assert!(error.to_string().contains("install a font"), "{error}"),
        }
    }
}
