//! Shapes of a picture, in units of its own: x grows to the right, y downwards.

/// Colour and size of text without any other.
pub(super) const TEXT: &str = "#1d2330";
pub(super) const SIZE: f64 = 13.0;

/// A picture on white, with its shapes in the order of drawing.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(super) title: String,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

#[derive(Debug)]
pub(super) enum Shape {
    Rect(Rect),
    Line(Line),
    Text(Text),
}

/// A filled rectangle from its upper left corner on.
#[derive(Debug)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// `#rrggbb`.
    pub(super) colour: &'static str,
    /// From 0 to 1.
    pub(super) opacity: f64,
    pub(super) tooltip: Option<String>,
}

/// A horizontal or vertical line of width 1.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) x: [f64; 2],
    pub(super) y: [f64; 2],
    pub(super) colour: &'static str,
}

/// A line of text.
#[derive(Debug)]
pub(super) struct Text {
    /// Position of the anchor on the baseline.
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) text: String,
    pub(super) anchor: Anchor,
    pub(super) colour: &'static str,
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) tooltip: Option<String>,
}

/// The part of a text that stands at its position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Rect {
    pub(super) fn new(x: f64, y: f64, width: f64, height: f64, colour: &'static str) -> Self {
        Self { x, y, width, height, colour, opacity: 1.0, tooltip: None }
    }
}

impl Text {
    pub(super) fn new(x: f64, y: f64, text: &str) -> Self {
        let text = shown(text);
        Self { x, y, text, anchor: Anchor::Start, colour: TEXT, size: SIZE, bold: false, tooltip: None }
    }
}

/// `text` without characters that XML has no form for and names may hold.
pub(super) fn shown(text: &str) -> String {
    let is_impossible =
        |c: char| c.is_control() && !['\t', '\n', '\r'].contains(&c) || ['\u{fffe}', '\u{ffff}'].contains(&c);
    text.replace(is_impossible, "\u{fffd}")
}
