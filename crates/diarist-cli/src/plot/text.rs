//! Lines of text as outlines: choice of faces, order of writing, shaping.

use std::collections::HashSet;
use std::ops::Range;

use fontdb::{Database, Family, ID, Query, Weight};
use harfrust::{Direction, GlyphBuffer, ShapeOptions, ShaperData, ShaperInstance, UnicodeBuffer};
use skrifa::instance::Location;
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::prelude::Size;
use skrifa::raw::TableProvider;
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia::{Path, PathBuilder};
use unicode_bidi::{BidiInfo, Level};

use super::shapes::{Anchor, Text};

/// Most letters of a text. The width of a picture holds fewer.
const MAX_LETTERS: usize = 1000;

/// Families in the order of preference, around the sans-serif family of the machine.
const FIRST: [&str; 4] = ["system-ui", "DejaVu Sans", "Liberation Sans", "Noto Sans"];
const LAST: [&str; 2] = ["Helvetica", "Segoe UI"];

/// The fonts of a machine.
pub(super) struct Fonts {
    database: Database,
    regular: Chain,
    bold: Option<Chain>,
}

/// A face, and others for letters that it lacks.
struct Chain {
    weight: Weight,
    /// The faces in use. The first is the one of choice.
    faces: Vec<Face>,
    /// All faces of the machine, the most similar ones first.
    others: Vec<ID>,
    /// Letters that no face has.
    missing: HashSet<String>,
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
    /// `None` without a readable font.
    pub(super) fn new(mut database: Database) -> Option<Self> {
        let regular = Chain::new(&mut database, Weight::NORMAL)?;
        Some(Self { database, regular, bold: None })
    }

    /// The outline of `text` in the picture. `None` if nothing is visible.
    pub(super) fn outline(&mut self, text: &Text) -> Option<Path> {
        if text.bold && self.bold.is_none() {
            self.bold = Chain::new(&mut self.database, Weight::BOLD);
        }
        let chain = self.bold.as_mut().filter(|_| text.bold).unwrap_or(&mut self.regular);
        let size = text.size as f32;
        let glyphs = chain.line(&self.database, &text.text, size);
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
    fn new(database: &mut Database, weight: Weight) -> Option<Self> {
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
        let of_choice = database.face(id)?;
        let mut others: Vec<_> = database.faces().collect();
        others.sort_by_key(|face| {
            let is_alike = face.style == of_choice.style && face.stretch == of_choice.stretch;
            (!is_alike, face.weight.0.abs_diff(weight.0))
        });
        let others = others.into_iter().map(|face| face.id).collect();
        Some(Self { weight, faces: vec![face], others, missing: HashSet::new() })
    }

    /// The glyphs of `text` from left to right.
    fn line(&mut self, database: &Database, text: &str, size: f32) -> Vec<Glyph> {
        // As in SVG, blanks around a text are not shown, and several are one.
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let text: String = words.join(" ").chars().take(MAX_LETTERS).collect();
        let order = BidiInfo::new(&text, Some(Level::ltr()));
        let mut glyphs = Vec::new();
        for paragraph in &order.paragraphs {
            let (levels, runs) = order.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let direction =
                    if levels[run.start].is_rtl() { Direction::RightToLeft } else { Direction::LeftToRight };
                glyphs.extend(self.run(database, &text, run, direction, size, &[0]));
            }
        }
        glyphs
    }

    /// The glyphs of a part of `text` by the last of the faces `tried`, and by others where it
    /// lacks letters.
    fn run(
        &mut self,
        database: &Database,
        text: &str,
        run: Range<usize>,
        direction: Direction,
        size: f32,
        tried: &[usize],
    ) -> Vec<Glyph> {
        let Some(&face) = tried.last() else { return Vec::new() };
        let glyphs = self.shape(face, &text[run.clone()], run.start, direction, size);
        let end = |start: usize| glyphs.iter().map(|glyph| glyph.start).filter(|at| *at > start).min();
        let end = |start: usize| end(start).unwrap_or(run.end);
        // Letters that form one cluster stay together.
        let clusters: Vec<(usize, &[Glyph])> = glyphs
            .chunk_by(|one, other| one.start == other.start)
            .map(|cluster| {
                let is_missing = cluster.iter().any(|glyph| glyph.id == GlyphId::NOTDEF);
                let letters = &text[cluster[0].start..end(cluster[0].start)];
                let other = if is_missing { self.find(database, letters) } else { None };
                (other.filter(|other| !tried.contains(other)).unwrap_or(face), cluster)
            })
            .collect();
        let mut result = Vec::new();
        for group in clusters.chunk_by(|one, other| one.0 == other.0) {
            let starts = group.iter().map(|(_, cluster)| cluster[0].start);
            match (group[0].0, starts.clone().min(), starts.max()) {
                (other, Some(first), Some(last)) if other != face => {
                    let tried = [tried, &[other]].concat();
                    result.extend(self.run(database, text, first..end(last), direction, size, &tried));
                }
                _ => result.extend(group.iter().flat_map(|(_, cluster)| cluster.iter().cloned())),
            }
        }
        result
    }

    /// Index of a face that has all `letters`.
    fn find(&mut self, database: &Database, letters: &str) -> Option<usize> {
        if self.missing.contains(letters) {
            return None;
        }
        if let Some(index) = self.faces.iter().position(|face| face.has(letters)) {
            return Some(index);
        }
        let mut faces = self.others.iter().filter_map(|id| Face::read(database, *id));
        match faces.find(|face| face.has(letters)) {
            Some(face) => {
                self.faces.push(face);
                Some(self.faces.len() - 1)
            }
            None => {
                self.missing.insert(letters.to_owned());
                None
            }
        }
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
        let Some((font, _)) = self.font() else { return false };
        let (letter_glyphs, outlines) = (font.charmap(), font.outline_glyphs());
        letters.chars().filter(|c| !is_invisible(*c)).all(|c| {
            // A glyph in colour has no outline.
            let mut path = PathBuilder::new();
            letter_glyphs.map(c).and_then(|glyph| outlines.get(glyph)).is_some_and(|outline| {
                let settings = DrawSettings::unhinted(Size::unscaled(), skrifa::instance::LocationRef::default());
                outline.draw(settings, &mut Pen { path: &mut path, origin: [0.0; 2], scale: 1.0 }).is_ok()
                    && (!path.is_empty() || c.is_whitespace())
            })
        })
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
        Some((shaper.shape(buffer, ShapeOptions::new()), scale * size))
    }

    /// Draws a glyph with its origin at `origin`.
    fn draw(&self, glyph: GlyphId, weight: Weight, size: f32, origin: [f32; 2], path: &mut PathBuilder) {
        let Some((font, scale)) = self.font() else { return };
        let Some(outline) = font.outline_glyphs().get(glyph) else { return };
        let location = location(&font, weight, size);
        // A damaged glyph has no outline, or a part of it.
        let settings = DrawSettings::unhinted(Size::unscaled(), &location);
        let _ = outline.draw(settings, &mut Pen { path, origin, scale: scale * size });
    }
}

/// The style of a variable font.
fn location(font: &FontRef<'_>, weight: Weight, size: f32) -> Location {
    font.axes().location([("wght", f32::from(weight.0)), ("opsz", size)])
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

    /// `None` on a machine without fonts.
    fn fonts() -> Option<Fonts> {
        Fonts::new(system())
    }

    /// The glyphs of `text`, if a font has all of its letters.
    fn shaped(text: &str) -> Option<(Fonts, Vec<Glyph>)> {
        let mut fonts = fonts()?;
        let glyphs = fonts.regular.line(&fonts.database, text, 13.0);
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
        let Some(mut fonts) = fonts() else { return };
        let mut bounds = |anchor, bold| {
            let text = Text { anchor, bold, ..Text::new(100.0, 50.0, "Hanna H") };
            fonts.outline(&text).unwrap().bounds()
        };
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
        let Some(mut fonts) = fonts() else { return };
        let mut length = |text| fonts.regular.line(&fonts.database, text, 13.0).len();
        assert_eq!([length("  a \t b\n"), length(" "), length("")], [3, 0, 0]);
        assert!(fonts.outline(&Text::new(0.0, 0.0, " ")).is_none());
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
        for text in ["سلام", "हिन्दी"] {
            let Some((fonts, glyphs)) = shaped(text) else { continue };
            let (font, _) = fonts.regular.faces[glyphs[0].face].font().unwrap();
            let mut plain: Vec<GlyphId> = text.chars().filter_map(|c| font.charmap().map(c)).collect();
            if text.starts_with('س') {
                plain.reverse();
            }
            let seen: Vec<GlyphId> = glyphs.iter().map(|glyph| glyph.id).collect();
            assert!(plain.len() == text.chars().count() && plain != seen, "{text}: {seen:?}");
        }
    }

    #[test]
    fn letters_without_a_glyph_are_drawn_as_missing() {
        let Some(mut fonts) = fonts() else { return };
        let glyphs = fonts.regular.line(&fonts.database, "a\u{10fffd}b", 13.0);
        let missing: Vec<bool> = glyphs.iter().map(|glyph| glyph.id == GlyphId::NOTDEF).collect();
        assert_eq!(missing, [false, true, false]);
        assert!(fonts.outline(&Text::new(0.0, 0.0, "a\u{10fffd}b")).is_some());
    }

    #[test]
    fn damaged_faces_are_skipped() {
        let mut database = Database::new();
        database.push_face_info(damaged("DejaVu Sans"));
        assert!(Fonts::new(database).is_none());
        let mut database = system();
        if database.is_empty() {
            return;
        }
        database.push_face_info(damaged("system-ui"));
        let mut fonts = Fonts::new(database).unwrap();
        assert!(fonts.outline(&Text::new(0.0, 0.0, "a")).is_some());
    }

    #[test]
    fn a_long_text_has_an_end() {
        let Some(mut fonts) = fonts() else { return };
        assert_eq!(fonts.regular.line(&fonts.database, &"-".repeat(5000), 13.0).len(), MAX_LETTERS);
    }
}
