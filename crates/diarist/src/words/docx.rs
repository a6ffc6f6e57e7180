//! Writes utterances as a document of word processors.
//!
//! Source: ECMA-376, "Office Open XML File Formats", part 1: the smallest package with one
//! document.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::output::start;
use super::utterances::Utterance;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::one_line;
use crate::formats::subtitles::escaped;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

const CONTENT_TYPES: &str = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Override PartName=\"/word/document.xml\" \
    ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";

const RELATIONSHIPS: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
    Target=\"word/document.xml\"/></Relationships>";

/// The transcript as DOCX: a heading, and a paragraph for each utterance with name and time. The
/// same utterances always make the same bytes.
///
/// # Errors
/// [`ErrorKind::Output`] if the document is larger than the format can hold (4 GiB).
pub fn docx(utterances: &[Utterance], title: &str) -> Result<Vec<u8>> {
    let mut body = format!(
        "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p>{}</w:p>",
        run(title, "<w:b/><w:sz w:val=\"32\"/>")
    );
    for utterance in utterances {
        let name = utterance.speaker.as_deref().map(|name| run(&format!("{name} "), "<w:b/>")).unwrap_or_default();
        let time = run(&start(utterance), "<w:color w:val=\"666666\"/><w:sz w:val=\"18\"/>");
        body += &format!(
            "<w:p><w:pPr><w:spacing w:after=\"160\"/></w:pPr>{name}{time}<w:r><w:br/></w:r>{}</w:p>",
            run(&utterance.text(), "")
        );
    }
    body += "</w:body></w:document>";
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let parts = [("[Content_Types].xml", CONTENT_TYPES), ("_rels/.rels", RELATIONSHIPS), ("word/document.xml", &body)];
    let fault = |error: zip::result::ZipError| {
        Error::new(ErrorKind::Output, "the document cannot be made").hint("write plain text").caused_by(error)
    };
    for (name, content) in parts {
        let options = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored);
        archive.start_file(name, options).map_err(fault)?;
        archive.write_all([HEAD, content].concat().as_bytes()).map_err(|error| fault(error.into()))?;
    }
    Ok(archive.finish().map_err(fault)?.into_inner())
}

/// A stretch of text with properties.
fn run(text: &str, properties: &str) -> String {
    let valid = |c: char| !matches!(c, '\u{fffe}' | '\u{ffff}');
    let text: String = one_line(text).chars().filter(|&c| valid(c)).collect();
    format!("<w:r><w:rPr>{properties}</w:rPr><w:t xml:space=\"preserve\">{}</w:t></w:r>", escaped(&text))
}
