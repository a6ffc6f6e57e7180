//! Annotation documents of ELAN (`.eaf`): one tier for each speaker, one annotation for each turn.
//!
//! Source: H. Brugman, "ELAN Annotation Format", The Language Archive, schema EAFv3.0. Times are
//! whole milliseconds.

use std::collections::HashMap;
use std::fmt::Write as _;

use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::fields::{error_at, segment};
use super::labels::Labels;
use super::text::{decode, lanes, line_at, milliseconds, not_a, sort};
use super::tiers::Tiers;
use crate::error::{Error, Result};
use crate::timeline::{Annotation, Segment, Turn};

/// The constraints that every ELAN document has, with ELAN's own descriptions.
const CONSTRAINTS: [(&str, &str); 4] = [
    (
        "Time_Subdivision",
        "Time subdivision of parent annotation's time interval, no time gaps allowed within this interval",
    ),
    (
        "Symbolic_Subdivision",
        "Symbolic subdivision of a parent annotation. Annotations refering to the same parent are ordered",
    ),
    ("Symbolic_Association", "1-1 association with a parent annotation"),
    ("Included_In", "Time alignable annotations within the parent annotation's time interval, gaps are allowed"),
];

/// `annotation` as an ELAN document.
///
/// The name of a tier, its participant and the text of its annotations are the speaker's name.
/// Annotations on a tier do not overlap: overlapping turns of one speaker are joined, and turns
/// shorter than half a millisecond are left out. The document has no date, so that the same turns
/// always make the same file.
pub fn write(annotation: &Annotation) -> String {
    let tiers: Vec<(&str, Vec<(u64, u64)>)> = lanes(annotation)
        .into_iter()
        .map(|(speaker, lane)| {
            let times = lane.iter().map(|segment| (milliseconds(segment.start), milliseconds(segment.end)));
            (speaker, times.filter(|(start, end)| start < end).collect())
        })
        .collect();
    // Every annotation has its own slots, because moving a slot in ELAN moves all annotations that
    // refer to it.
    let mut slots: Vec<(u64, usize)> = Vec::new();
    for &(start, end) in tiers.iter().flat_map(|(_, lane)| lane) {
        slots.extend([(start, slots.len()), (end, slots.len() + 1)]);
    }
    slots.sort_unstable();
    let mut position = vec![0; slots.len()];
    for (index, &(_, slot)) in slots.iter().enumerate() {
        position[slot] = index + 1;
    }
    // Writing to a string cannot fail.
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ANNOTATION_DOCUMENT AUTHOR=\"diarist\" DATE=\"1970-01-01T00:00:00+00:00\" FORMAT=\"3.0\" VERSION=\"3.0\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:noNamespaceSchemaLocation=\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\">\n\
         \x20   <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">\n",
    );
    let _ = writeln!(text, "        <PROPERTY NAME=\"lastUsedAnnotationId\">{}</PROPERTY>", slots.len() / 2);
    text.push_str("    </HEADER>\n    <TIME_ORDER>\n");
    for (index, (time, _)) in slots.iter().enumerate() {
        let _ = writeln!(text, "        <TIME_SLOT TIME_SLOT_ID=\"ts{}\" TIME_VALUE=\"{time}\"/>", index + 1);
    }
    text.push_str("    </TIME_ORDER>\n");
    let mut number = 0;
    for (speaker, lane) in &tiers {
        let name = xml(speaker);
        let _ =
            writeln!(text, "    <TIER LINGUISTIC_TYPE_REF=\"default-lt\" PARTICIPANT=\"{name}\" TIER_ID=\"{name}\">");
        for slots in position[2 * number..].chunks_exact(2).take(lane.len()) {
            number += 1;
            let _ = writeln!(
                text,
                "        <ANNOTATION>\n            <ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{number}\" TIME_SLOT_REF1=\"ts{}\" \
                 TIME_SLOT_REF2=\"ts{}\">\n                <ANNOTATION_VALUE>{name}</ANNOTATION_VALUE>\n            \
                 </ALIGNABLE_ANNOTATION>\n        </ANNOTATION>",
                slots[0], slots[1]
            );
        }
        text.push_str("    </TIER>\n");
    }
    text.push_str(
        "    <LINGUISTIC_TYPE GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"default-lt\" TIME_ALIGNABLE=\"true\"/>\n",
    );
    for (stereotype, description) in CONSTRAINTS {
        let _ = writeln!(text, "    <CONSTRAINT DESCRIPTION=\"{}\" STEREOTYPE=\"{stereotype}\"/>", xml(description));
    }
    text + "</ANNOTATION_DOCUMENT>\n"
}

/// `text` for an attribute or an element. Line breaks and tabs become character references, because
/// a reader would turn them into blanks in an attribute. Control characters, which XML 1.0 does not
/// allow, become blanks; U+FFFE and U+FFFF become U+FFFD.
fn xml(text: &str) -> String {
    let references = escape(text).replace('\n', "&#10;").replace('\r', "&#13;").replace('\t', "&#9;");
    let valid = |c: char| match c {
        '\0'..' ' => ' ',
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    };
    references.chars().map(valid).collect()
}

/// Reads an ELAN document: the annotations on tiers that do not depend on another tier. The speaker
/// is the participant of the tier, or the name of the tier if it has no participant.
///
/// Annotations without a time are counted as left out.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if this is not a whole ELAN document.
pub fn read(bytes: &[u8], file_id: &str) -> Result<Labels> {
    read_tiers(bytes, file_id, &mut Tiers::default())
}

/// As [`read`], but only `tiers`, which may depend on others.
pub(super) fn read_tiers(bytes: &[u8], file_id: &str, tiers: &mut Tiers<'_>) -> Result<Labels> {
    let text = decode(bytes)?;
    let mut reader = Reader::from_str(&text);
    let mut document = Document { text: &text, ..Document::default() };
    let mut is_whole = false;
    loop {
        document.advance(reader.buffer_position() as usize);
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => document.open(&element, tiers)?,
            Ok(Event::End(element)) if element.name().as_ref() == "ANNOTATION_DOCUMENT" => is_whole = true,
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                let number = line_at(text.as_bytes(), reader.error_position() as usize);
                return Err(error_at(number, "broken XML").caused_by(error));
            }
        }
    }
    if !document.is_elan {
        return Err(not_a("a document of ELAN, whose root is ANNOTATION_DOCUMENT"));
    }
    if !is_whole {
        return Err(
            error_at(line_at(text.as_bytes(), text.len()), "the document ends too early").hint("the file is cut")
        );
    }
    sort(&mut document.turns);
    // A chosen tier and one that depends on it may both hold the same turn.
    if tiers.are_named() {
        document.turns.dedup();
    }
    let turns = Annotation { file_id: file_id.to_owned(), turns: document.turns };
    Ok(Labels { num_left_out: document.num_left_out, ..Labels::from(turns) })
}

/// The state of reading a document.
#[derive(Default)]
struct Document<'a> {
    text: &'a str,
    /// Offset in `text` of the next element.
    at: usize,
    /// Line breaks before `at`, counted on the way: counting them anew for each annotation would
    /// take time that grows with the square of the file's length.
    num_breaks: usize,
    is_elan: bool,
    /// Time of each slot in milliseconds; `None` for a slot without a time.
    slots: HashMap<String, Option<f64>>,
    /// Speaker of the open tier; `None` on a tier that depends on another.
    speaker: Option<String>,
    turns: Vec<Turn>,
    num_left_out: usize,
}

impl Document<'_> {
    fn advance(&mut self, at: usize) {
        let passed = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        self.num_breaks += passed.iter().filter(|&&byte| byte == b'\n').count();
        self.at = at;
    }

    fn open(&mut self, element: &BytesStart<'_>, tiers: &mut Tiers<'_>) -> Result<()> {
        match element.name().as_ref() {
            "ANNOTATION_DOCUMENT" => self.is_elan = true,
            "HEADER" => {
                let units = self.attribute(element, "TIME_UNITS")?.unwrap_or_else(|| "milliseconds".to_owned());
                if units != "milliseconds" {
                    return Err(self
                        .error(format!("times in {units}, not in milliseconds"))
                        .hint("save the file with a current version of ELAN"));
                }
            }
            "TIME_SLOT" => {
                let time = self.attribute(element, "TIME_VALUE")?;
                let value = |text: String| {
                    let value = text.trim().parse().ok().filter(|value: &f64| value.is_finite());
                    value.ok_or_else(|| self.error(format!("the time {text:?} is not a number of milliseconds")))
                };
                let time = time.map(value).transpose()?;
                self.slots.insert(self.required(element, "TIME_SLOT_ID")?, time);
            }
            "TIER" => {
                let participant = self.attribute(element, "PARTICIPANT")?.unwrap_or_default();
                let id = self.required(element, "TIER_ID")?;
                let depends = self.attribute(element, "PARENT_REF")?.is_some();
                let is_chosen = tiers.takes(&[id.trim(), participant.trim()]) && (tiers.are_named() || !depends);
                let name = [participant, id].into_iter().find(|name| !name.trim().is_empty());
                let name = name.ok_or_else(|| self.error("a tier has no name"))?;
                self.speaker = is_chosen.then(|| name.trim().to_owned());
            }
            "ALIGNABLE_ANNOTATION" => {
                let Some(speaker) = self.speaker.clone() else { return Ok(()) };
                match (self.time(element, "TIME_SLOT_REF1")?, self.time(element, "TIME_SLOT_REF2")?) {
                    (Some(start), Some(end)) => {
                        let segment: Segment = segment(self.number(), start / 1e3, end / 1e3)?;
                        self.turns.push(Turn::over(segment, speaker));
                    }
                    _ => self.num_left_out += 1,
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The time of the slot that the attribute `name` refers to.
    fn time(&self, element: &BytesStart<'_>, name: &str) -> Result<Option<f64>> {
        let slot = self.required(element, name)?;
        self.slots.get(&slot).copied().ok_or_else(|| self.error(format!("there is no time slot {slot:?}")))
    }

    fn required(&self, element: &BytesStart<'_>, name: &str) -> Result<String> {
        self.attribute(element, name)?.ok_or_else(|| self.error(format!("{name} is missing")))
    }

    fn attribute(&self, element: &BytesStart<'_>, name: &str) -> Result<Option<String>> {
        let broken = || self.error(format!("the attribute {name} is broken"));
        let attribute = element.try_get_attribute(name).map_err(|error| broken().caused_by(error))?;
        let Some(attribute) = attribute else { return Ok(None) };
        attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map(|value| Some(value.into_owned()))
            .map_err(|error| broken().caused_by(error))
    }

    fn error(&self, message: impl Into<String>) -> Error {
        error_at(self.number(), message)
    }

    fn number(&self) -> usize {
        1 + self.num_breaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T00:00:00Z" FORMAT="3.0" VERSION="3.0">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2250"/></TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="default-lt" PARTICIPANT="Ann &amp; &#10;Bo" TIER_ID="words@1">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3">
<ANNOTATION_VALUE>hi &lt;TIER&gt;</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"/></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="Cy"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts1"/></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="x" PARENT_REF="Cy" TIER_ID="gloss"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a4" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3"/></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>
"#;

    #[test]
    fn tiers_that_depend_on_no_other_are_read() {
        let recording = read(DOCUMENT.as_bytes(), "m").unwrap();
        let turn = |end: f64, speaker: &str| Turn::new(0.5, end, speaker);
        assert_eq!(recording.turns.turns, [turn(0.5, "Cy"), turn(2.25, "Ann & \nBo")]);
        assert_eq!(recording.num_left_out, 1);
        let written = write(&Annotation { file_id: "m".to_owned(), turns: vec![turn(2.25, "Ann & \nBo")] });
        assert_eq!(read(written.as_bytes(), "m").unwrap().turns.turns, [turn(2.25, "Ann & \nBo")]);
    }

    #[test]
    fn a_turn_of_two_tiers_is_read_once() {
        let document = DOCUMENT.replace("TIER_ID=\"gloss\"", "PARTICIPANT=\"Cy\" TIER_ID=\"gloss\"");
        let document = document.replace(
            "\"a4\" TIME_SLOT_REF1=\"ts1\" TIME_SLOT_REF2=\"ts3\"",
            "\"a4\" TIME_SLOT_REF1=\"ts1\" TIME_SLOT_REF2=\"ts1\"",
        );
        let wanted = ["Cy".to_owned()];
        let recording = read_tiers(document.as_bytes(), "m", &mut Tiers::named(&wanted)).unwrap();
        assert_eq!(recording.turns.turns, [Turn::new(0.5, 0.5, "Cy")]);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            (DOCUMENT.replace("ts3\">", "ts9\">"), "line 7: there is no time slot \"ts9\""),
            (DOCUMENT.replace("\"500\"", "\"soon\""), "line 4: the time \"soon\" is not a number of milliseconds"),
            (DOCUMENT.replace("\"500\"", "\"5000\""), "line 7: a segment from 5 s to 2.25 s"),
            (DOCUMENT.replace(" TIER_ID=\"Cy\"", ""), "line 10: TIER_ID is missing"),
            (DOCUMENT.replace("milliseconds", "PAL-frames"), "line 3: times in PAL-frames"),
            (DOCUMENT.replace("</TIME_ORDER>", "</TIER>"), "line 5: broken XML"),
            (DOCUMENT.replace("&amp;", "&who;"), "line 6: the attribute PARTICIPANT is broken"),
            (DOCUMENT[..DOCUMENT.len() - 24].to_owned(), "line 13: the document ends too early"),
            ("<html></html>".to_owned(), "line 1: this is not a document of ELAN"),
            (String::new(), "line 1: this is not a document of ELAN"),
        ] {
            let message = read(text.as_bytes(), "m").unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
