//! Writes utterances for people to read: Markdown, and a page for browsers.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::output::start;
use super::utterances::Utterance;
use crate::formats::subtitles::escaped;
use crate::formats::{COLOURS, one_line};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;\
    color:#222;background:#fff}h1{font-size:1.5rem}p{margin:.8rem 0}b{margin-right:.5rem}time{color:#666;font-size:.85rem;\
    font-variant-numeric:tabular-nums}.said{display:block}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}\
    time{color:#999}b{filter:brightness(1.6)}}";

/// The transcript as Markdown: a paragraph for each utterance, with name and time.
pub fn markdown(utterances: &[Utterance], title: &str) -> String {
    let mut text = format!("# {}\n", marked(title));
    for utterance in utterances {
        let name = utterance.speaker.as_deref().map(|name| format!("**{}** ", marked(name))).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{name}({})\n\n{}\n", start(utterance), marked(&utterance.text()));
    }
    text
}

/// `text` on one line, with a backslash before every character that Markdown or HTML in it would
/// read as markup.
fn marked(text: &str) -> String {
    let mut marked = String::new();
    let line = one_line(text);
    let line = line.trim();
    for (index, c) in line.char_indices() {
        let begins_list = index == 0 && matches!(c, '+' | '-' | '=')
            || matches!(c, '.' | ')') && line[..index].bytes().all(|byte| byte.is_ascii_digit()) && index > 0;
        if begins_list
            || matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '$')
        {
            marked.push('\\');
        }
        marked.push(c);
    }
    marked
}

/// The transcript as a page for browsers, which needs no other file and loads none.
pub fn html(utterances: &[Utterance], title: &str) -> String {
    let title = escaped(&one_line(title));
    let mut text = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n"
    );
    // Each speaker has the colour that pages and pictures of turns give it.
    let speakers: BTreeSet<&str> = utterances.iter().filter_map(|utterance| utterance.speaker.as_deref()).collect();
    for utterance in utterances {
        let name = utterance.speaker.as_deref().map(|name| {
            let index = speakers.range(..name).count();
            let colour = COLOURS[index % COLOURS.len()];
            format!("<b style=\"color:{colour}\">{}</b>", escaped(&one_line(name)))
        });
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "<p>{}<time>{}</time><span class=\"said\">{}</span></p>",
            name.unwrap_or_default(),
            start(utterance),
            escaped(&utterance.text())
        );
    }
    text + "</body>\n</html>\n"
}
