//! Lines of text as outlines: choice of faces, order of writing, shaping.

use std::collections::HashSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fontdb::{Database, Family, ID, Query, Weight};
use harfrust::{Direction, GlyphBuffer, ShapeOptions, ShaperData, ShaperInstance, UnicodeBuffer};
use skrifa::instance::Location;
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::prelude::Size;
use skrifa::raw::TableProvider;
use skrifa::{FontRef, GlyphId, MetadataProvider, OutlineGlyph};
use tiny_skia::{Path, PathBuilder};
use unicode_bidi::{BidiInfo, Level};

use super::shapes::{Anchor, Text};

/// Most letters of a text. The width of a picture holds fewer.
const MAX_LETTERS: usize = 1000;

/// Families in the order of preference, around the sans-serif family of the machine.
const FIRST: [&str; 4] = ["system-ui", "DejaVu Sans", "Liberation Sans", "Noto Sans"];
const LAST: [&str; 2] = ["Helvetica", "Segoe UI"];

/// The faces for a picture.
pub(super) struct Fonts {
    regular: Chain,
    bold: Chain,
}

/// The face of choice, and others for letters that it lacks.
struct Chain {
    weight: Weight,
    faces: Vec<Face>,
}

/// The file of a font, and the place of a face in it.
struct Face {
    data: Vec<u8>,
    index: u32,
}

/// A shaped glyph. Lengths are in units of the picture.
#[derive(Clone, Debug)]
struct Glyph {
    /// Index among the faces of the chain.
    face: usize,
    id: GlyphId,
    /// Place of its letters in the text, in bytes.
    start: usize,
    advance: f32,
    /// Offset to the right and upwards.
    offset: [f32; 2],
}

impl Fonts {
    /// Faces of `database` for all `texts`. `None` without a readable one.
    pub(super) fn new<'a>(mut database: Database, texts: impl Iterator<Item = &'a Text> + Clone) -> Option<Self> {
        let mut chain = |weight, is_bold| {
            let texts = texts.clone().filter(|text| text.bold == is_bold);
            Chain::new(&mut database, weight, texts.flat_map(|text| letters(&text.text)).collect())
        };
        Some(Self { regular: chain(Weight::NORMAL, false)?, bold: chain(Weight::BOLD, true)? })
    }

    /// The outline of `text` in the picture. `None` if nothing is visible.
    pub(super) fn outline(&self, text: &Text) -> Option<Path> {
        let chain = if text.bold { &self.bold } else { &self.regular };
        let size = text.size as f32;
        let glyphs = chain.line(&text.text, size);
        let width: f32 = glyphs.iter().map(|glyph| glyph.advance).sum();
        let mut x = text.x as f32
            - match text.anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => width / 2.0,
                Anchor::End => width,
            };
        let mut path = PathBuilder::new();
        for glyph in glyphs {
            let origin = [x + glyph.offset[0], text.y as f32 - glyph.offset[1]];
            chain.faces[glyph.face].draw(glyph.id, chain.weight, size, origin, &mut path);
            x += glyph.advance;
        }
        path.finish()
    }
}

impl Chain {
    /// Faces that cannot be read leave the database.
    fn new(database: &mut Database, weight: Weight, mut letters: HashSet<char>) -> Option<Self> {
        let (id, face) = loop {
            let any = database.faces().find_map(|face| face.families.first())?.0.clone();
            let mut families = FIRST.map(Family::Name).to_vec();
            families.push(Family::SansSerif);
            families.extend(LAST.iter().chain([&any.as_str()]).map(|name| Family::Name(name)));
            let id = database.query(&Query { families: &families, weight, ..Query::default() })?;
            match Face::read(database, id) {
                Some(face) => break (id, face),
                None => database.remove_face(id),
            }
        };
        // The most similar faces come first.
        let of_choice = database.face(id)?;
        let mut others: Vec<_> = database.faces().collect();
        others.sort_by_key(|face| {
            let is_alike = face.style == of_choice.style && face.stretch == of_choice.stretch;
            (!is_alike, face.weight.0.abs_diff(weight.0))
        });
        face.remove_own(&mut letters);
        let mut faces = vec![face];
        for other in others {
            if letters.is_empty() {
                break;
            }
            let before = letters.len();
            let face = Face::read(database, other.id).inspect(|face| face.remove_own(&mut letters));
            faces.extend(face.filter(|_| letters.len() < before));
        }
        Some(Self { weight, faces })
    }

    /// The glyphs of `text` from left to right.
    fn line(&self, text: &str, size: f32) -> Vec<Glyph> {
        let text: String = letters(text).collect();
        let order = BidiInfo::new(&text, Some(Level::ltr()));
        let mut glyphs = Vec::new();
        for paragraph in &order.paragraphs {
            let (levels, runs) = order.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let is_rtl = levels[run.start].is_rtl();
                let direction = if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight };
                glyphs.extend(self.run(&text, run, direction, size, &[0]));
            }
        }
        glyphs
    }

    /// The glyphs of a part of `text` by the last of the faces `tried`, and by others where it
    /// lacks letters.
    fn run(&self, text: &str, run: Range<usize>, direction: Direction, size: f32, tried: &[usize]) -> Vec<Glyph> {
        let Some(&face) = tried.last() else { return Vec::new() };
        let glyphs = self.shape(face, &text[run.clone()], run.start, direction, size);
        let end = |start: usize| glyphs.iter().map(|glyph| glyph.start).filter(|at| *at > start).min();
        let end = |start: usize| end(start).unwrap_or(run.end);
        // The letters of a cluster stay together where a face has all of them.
        let other = |letters: &str| {
            let has = |letters: &str| self.faces.iter().position(|face| face.has(letters));
            let first = letters.chars().next().map_or(0, char::len_utf8);
            has(letters).or_else(|| has(&letters[..first])).filter(|other| !tried.contains(other))
        };
        let clusters: Vec<(usize, &[Glyph])> = glyphs
            .chunk_by(|one, other| one.start == other.start)
            .map(|cluster| {
                let is_missing = cluster.iter().any(|glyph| glyph.id == GlyphId::NOTDEF);
                let letters = &text[cluster[0].start..end(cluster[0].start)];
                (is_missing.then(|| other(letters)).flatten().unwrap_or(face), cluster)
            })
            .collect();
        let mut result = Vec::new();
        for group in clusters.chunk_by(|one, other| one.0 == other.0) {
            let starts = group.iter().map(|(_, cluster)| cluster[0].start);
            match (group[0].0, starts.clone().min(), starts.max()) {
                (other, Some(first), Some(last)) if other != face => {
                    let tried = [tried, &[other]].concat();
                    result.extend(self.run(text, first..end(last), direction, size, &tried));
                }
                _ => result.extend(group.iter().flat_map(|(_, cluster)| cluster.iter().cloned())),
            }
        }
        result
    }

    /// The glyphs of `part`, which starts at `start`, by the face at index `face` alone.
    fn shape(&self, face: usize, part: &str, start: usize, direction: Direction, size: f32) -> Vec<Glyph> {
        let Some((buffer, scale)) = self.faces[face].shape(part, direction, self.weight, size) else {
            return Vec::new();
        };
        let glyphs = buffer.glyph_infos().iter().zip(buffer.glyph_positions());
        let glyph = |(info, position): (&harfrust::GlyphInfo, &harfrust::GlyphPosition)| Glyph {
            face,
            id: GlyphId::new(info.glyph_id),
            start: start + info.cluster as usize,
            advance: position.x_advance as f32 * scale,
            offset: [position.x_offset as f32 * scale, position.y_offset as f32 * scale],
        };
        glyphs.map(glyph).collect()
    }
}

impl Face {
    /// `None` for a damaged file.
    fn read(database: &Database, id: ID) -> Option<Self> {
        let face = database.with_face_data(id, |data, index| Self { data: data.to_vec(), index })?;
        face.font()?;
        Some(face)
    }

    /// The font, and the size of a unit of it at a font size of 1.
    fn font(&self) -> Option<(FontRef<'_>, f32)> {
        let font = FontRef::from_index(&self.data, self.index).ok()?;
        let units = font.head().ok()?.units_per_em();
        (16..=16384).contains(&units).then_some((font, 1.0 / f32::from(units)))
    }

    /// Whether the face can draw all `letters`.
    fn has(&self, letters: &str) -> bool {
        let mut letters = letters.chars().collect();
        self.remove_own(&mut letters);
        letters.is_empty()
    }

    /// Removes the letters that the face can draw from `letters`.
    fn remove_own(&self, letters: &mut HashSet<char>) {
        let Some((font, _)) = self.font() else { return };
        let (letter_glyphs, outlines) = (font.charmap(), font.outline_glyphs());
        letters.retain(|c| {
            // A glyph in colour has no outline.
            let outline = letter_glyphs.map(*c).and_then(|glyph| outlines.get(glyph));
            let has_outline = outline.is_some_and(|outline| {
                let mut path = PathBuilder::new();
                let pen = Pen { path: &mut path, origin: [0.0; 2], scale: 1.0 };
                draw(&outline, &Location::default(), pen).is_some() && (!path.is_empty() || c.is_whitespace())
            });
            !has_outline && !is_invisible(*c)
        });
    }

    /// Shapes `text`, and gives the size of a unit of the font.
    fn shape(&self, text: &str, direction: Direction, weight: Weight, size: f32) -> Option<(GlyphBuffer, f32)> {
        let (font, scale) = self.font()?;
        let data = ShaperData::new(&font);
        let instance = ShaperInstance::from_coords(&font, location(&font, weight, size).coords().iter().copied());
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_direction(direction);
        buffer.guess_segment_properties();
        let shaper = data.shaper(&font).instance(Some(&instance)).build();
        let shape = || shaper.shape(buffer, ShapeOptions::new());
        Some((guarded(shape)?, scale * size))
    }

    /// Draws a glyph with its origin at `origin`.
    fn draw(&self, glyph: GlyphId, weight: Weight, size: f32, origin: [f32; 2], path: &mut PathBuilder) {
        let Some((font, scale)) = self.font() else { return };
        let Some(outline) = font.outline_glyphs().get(glyph) else { return };
        draw(&outline, &location(&font, weight, size), Pen { path, origin, scale: scale * size });
    }
}

/// Draws an outline. `None` for a damaged one, which can be there in part.
fn draw(outline: &OutlineGlyph<'_>, location: &Location, mut pen: Pen<'_>) -> Option<()> {
    let settings = DrawSettings::unhinted(Size::unscaled(), location);
    guarded(|| outline.draw(settings, &mut pen).ok())?.map(drop)
}

/// The result of work that can panic on damaged fonts.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// The style of a variable font.
fn location(font: &FontRef<'_>, weight: Weight, size: f32) -> Location {
    font.axes().location([("wght", f32::from(weight.0)), ("opsz", size)])
}

/// The letters of `text` that are drawn. As in SVG, blanks at its ends are not, and several are
/// one.
fn letters(text: &str) -> impl Iterator<Item = char> {
    let blanks = |i: usize| if i == 0 { "" } else { " " };
    let words = text.split_ascii_whitespace().enumerate();
    words.flat_map(move |(i, word)| blanks(i).chars().chain(word.chars())).take(MAX_LETTERS)
}

/// Whether fonts need no glyph for `c`: joiners, marks of direction, and variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Appends outlines in units of a font, where y grows upwards, to a path.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    origin: [f32; 2],
    scale: f32,
}

impl Pen<'_> {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.origin[0] + x * self.scale, self.origin[1] - y * self.scale)
    }
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fontdb::{FaceInfo, Language, Source, Stretch, Style};

    use super::*;

    fn system() -> Database {
        let mut database = Database::new();
        database.load_system_fonts();
        database
    }

    fn text(text: &str) -> Text {
        Text::new(100.0, 50.0, text)
    }

    /// Fonts for `shown`. `None` on a machine without any.
    fn fonts(shown: &str) -> Option<Fonts> {
        let texts = [text(shown), Text { bold: true, ..text(shown) }];
        Fonts::new(system(), texts.iter())
    }

    /// The glyphs of `shown`, if fonts have all of its letters.
    fn shaped(shown: &str) -> Option<(Fonts, Vec<Glyph>)> {
        let fonts = fonts(shown)?;
        let glyphs = fonts.regular.line(shown, 13.0);
        glyphs.iter().all(|glyph| glyph.id != GlyphId::NOTDEF).then_some((fonts, glyphs))
    }

    /// A face whose file is no font.
    fn damaged(family: &str) -> FaceInfo {
        FaceInfo {
            id: ID::dummy(),
            source: Source::Binary(Arc::new(b"\0\x01\0\0 no font".to_vec())),
            index: 0,
            families: vec![(family.to_owned(), Language::English_UnitedStates)],
            post_script_name: family.to_owned(),
            style: Style::Normal,
            weight: Weight::NORMAL,
            stretch: Stretch::Normal,
            monospaced: false,
        }
    }

    #[test]
    fn text_stands_at_its_anchor() {
        let Some(fonts) = fonts("Hanna H") else { return };
        let bounds = |anchor, bold| fonts.outline(&Text { anchor, bold, ..text("Hanna H") }).unwrap().bounds();
        let [start, middle, end] = [Anchor::Start, Anchor::Middle, Anchor::End].map(|anchor| bounds(anchor, false));
        // Letters have small margins.
        assert!((100.0..103.0).contains(&start.left()) && start.right() > 120.0, "{start:?}");
        assert!((97.0..100.0).contains(&end.right()), "{end:?}");
        assert!((middle.left() + middle.right() - 200.0).abs() < 2.0, "{middle:?}");
        assert!((start.width() - end.width()).abs() < 0.01);
        // The letters stand on the line, as high as capitals are.
        assert!((start.bottom() - 50.0).abs() < 1.0 && (38.0..43.0).contains(&start.top()), "{start:?}");
        assert!(bounds(Anchor::Start, true).width() >= start.width());
    }

    #[test]
    fn blanks_are_drawn_as_in_svg() {
        let Some(fonts) = fonts("a b") else { return };
        let length = |text| fonts.regular.line(text, 13.0).len();
        assert_eq!([length("  a \t b\n"), length(" "), length("")], [3, 0, 0]);
        assert!(fonts.outline(&text(" ")).is_none());
    }

    #[test]
    fn words_from_right_to_left_are_in_visual_order() {
        let Some((_, glyphs)) = shaped("a שלום b") else { return };
        let starts: Vec<usize> = glyphs.iter().map(|glyph| glyph.start).collect();
        assert_eq!(starts, [0, 1, 8, 6, 4, 2, 10, 11]);
    }

    #[test]
    fn letters_are_joined() {
        // Lam with alef is one letter or two of other forms; the vowel stands before its consonant.
        for word in ["سلام", "हिन्दी"] {
            let Some((fonts, glyphs)) = shaped(word) else { continue };
            let (font, _) = fonts.regular.faces[glyphs[0].face].font().unwrap();
            let mut plain: Vec<GlyphId> = word.chars().filter_map(|c| font.charmap().map(c)).collect();
            if word.starts_with('س') {
                plain.reverse();
            }
            let seen: Vec<GlyphId> = glyphs.iter().map(|glyph| glyph.id).collect();
            assert!(plain.len() == word.chars().count() && plain != seen, "{word}: {seen:?}");
        }
    }

    #[test]
    fn letters_without_a_glyph_are_drawn_as_missing() {
        let Some(fonts) = fonts("a\u{10fffd}b") else { return };
        let glyphs = fonts.regular.line("a\u{10fffd}b", 13.0);
        let missing: Vec<bool> = glyphs.iter().map(|glyph| glyph.id == GlyphId::NOTDEF).collect();
        assert_eq!(missing, [false, true, false]);
        assert!(fonts.outline(&text("a\u{10fffd}b")).is_some());
    }

    #[test]
    fn damaged_faces_are_skipped() {
        let mut database = Database::new();
        database.push_face_info(damaged("DejaVu Sans"));
        assert!(Fonts::new(database, [].iter()).is_none());
        let mut database = system();
        if database.is_empty() {
            return;
        }
        database.push_face_info(damaged("system-ui"));
        let fonts = Fonts::new(database, [].iter()).unwrap();
        assert!(fonts.outline(&text("a")).is_some());
    }

    #[test]
    fn a_long_text_has_an_end() {
        let Some(fonts) = fonts("-") else { return };
        assert_eq!(fonts.regular.line(&"-".repeat(5000), 13.0).len(), MAX_LETTERS);
    }
}
