//! A result as one HTML page: the recording with its waveform, a lane for each speaker, and a list
//! of turns that can be played.
//!
//! The page needs no other files, opens from a file, follows the reader's light or dark theme, and
//! can be printed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diarist::Turn;
use diarist::parts::formats::Labels;
use diarist::parts::formats::json::rounded;
use diarist::parts::timeline::Segment;
use diarist::parts::timeline::intervals::{covered_s, overlaps};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::drawing::{class, clock, rules, speakers, times, turns_of};
use crate::sound::Sound;
use crate::turns;

const STYLE: &str = include_str!("../web/style.css");
const SCRIPT: &str = include_str!("page.js");

/// Width of the timeline in its own units.
const WIDTH: f64 = 1000.0;
/// Heights of the waveform, of a lane, and of the row for overlap; `page.css` has the last two as
/// well.
const WAVE: f64 = 72.0;
const LANE: f64 = 28.0;
const OVERLAP: f64 = 18.0;

/// Content of the page.
struct Content<'a> {
    file_id: &'a str,
    turns: Vec<Turn>,
    overlaps: Vec<Segment>,
    duration_s: f64,
    sound: Option<&'a Sound>,
}

/// The page about `recording`; without `sound` nothing can be played.
pub fn page(recording: &Labels, sound: Option<&Sound>) -> String {
    let turns = rounded(&recording.turns.turns);
    let segments: Vec<Segment> = turns.iter().map(Turn::segment).collect();
    let duration_s = sound.map_or(0.0, |sound| sound.duration_s).max(recording.end_s()).max(1e-3);
    let content =
        Content { file_id: &recording.turns.file_id, turns, overlaps: overlaps(&segments), duration_s, sound };
    content.page(covered_s(segments.iter().copied())).into_string()
}

/// The content security policy of a page whose only script is `script`: nothing else runs, and
/// nothing is loaded but sound.
pub fn policy(script: &str) -> Markup {
    let hash = STANDARD.encode(Sha256::digest(script));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; \
         media-src 'self' blob: data: file:; img-src data:; base-uri 'none'; form-action 'none'"
    );
    html! { meta http-equiv="Content-Security-Policy" content=(policy); }
}

impl Content<'_> {
    fn page(&self, speech_s: f64) -> Markup {
        let names = speakers(&self.turns);
        let overlap_s = covered_s(self.overlaps.iter().copied());
        let percent = |seconds: f64| format!("{:.0} %", 100.0 * seconds / self.duration_s);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    (policy(SCRIPT))
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.file_id) ": who spoke when" }
                    style { (PreEscaped(STYLE)) (PreEscaped(rules())) }
                }
                body.playable[self.sound.is_some()] {
                    header {
                        h1 { (self.file_id) }
                        p.facts {
                            span { b { (names.len()) } (if names.len() == 1 { " speaker" } else { " speakers" }) }
                            span { b { (clock(self.duration_s)) } " in all" }
                            span { b { (clock(speech_s)) } " of speech (" (percent(speech_s)) ")" }
                            span { b { (clock(overlap_s)) } " of overlap (" (percent(overlap_s)) ")" }
                        }
                    }
                    main {
                        (self.player())
                        (self.timeline(&names))
                        (self.summary(&names))
                        (turns::list(&self.turns, &names, &self.overlaps, self.sound.is_some()))
                    }
                    footer { "diarist " (env!("CARGO_PKG_VERSION")) }
                    @if let Some(sound) = self.sound { (sound.markup()) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }

    /// Top of the lanes: below the waveform, if there is one.
    fn top(&self) -> f64 {
        if self.sound.is_some() { WAVE } else { 0.0 }
    }

    fn player(&self) -> Markup {
        html! {
            div.player role="group" aria-label="Player" {
                @if self.sound.is_some() {
                    button #play type="button" { "▶ Play" }
                    span { span #time { "0:00" } " / " (clock(self.duration_s)) }
                    span #who {}
                    label.group {
                        span { "Speed" }
                        select #rate {
                            @for rate in ["0.5", "0.75", "1", "1.25", "1.5", "2"] {
                                option value=(rate) selected[rate == "1"] { (rate) "×" }
                            }
                        }
                    }
                }
                span.group {
                    span { "Zoom" }
                    button #out type="button" aria-label="Zoom out" { "−" }
                    button #in type="button" aria-label="Zoom in" { "+" }
                }
            }
            @if let Some(sound) = self.sound {
                p #fault .fault role="alert" hidden { (sound.fault()) }
                noscript { p.fault { "The player needs JavaScript." } }
            }
        }
    }

    fn timeline(&self, names: &[&str]) -> Markup {
        let height = self.top() + LANE * names.len() as f64 + OVERLAP;
        let swatch = |lane: usize, name: &str| html! { i class=(class(lane)) {} span { (name) } };
        html! {
            section aria-label="Timeline" {
                div.timeline {
                    div.names style=(format!("padding-top:{}px", self.top())) {
                        @for (lane, name) in names.iter().enumerate() {
                            @if self.sound.is_some() {
                                button type="button" data-name=(name) title=(name) aria-label=(format!("Next turn of {name}")) {
                                    (swatch(lane, name))
                                }
                            } @else {
                                div title=(name) { (swatch(lane, name)) }
                            }
                        }
                        div.overlap-name { i.overlap {} span { "overlap" } }
                    }
                    div.scroll #scroll {
                        div.canvas #canvas data-duration=(format!("{:.3}", self.duration_s)) {
                            (self.drawing(names, height))
                            div #head hidden[self.sound.is_none()] style=(format!("height:{height}px")) {}
                            @if self.sound.is_some() {
                                canvas #detail aria-hidden="true" style=(format!("height:{WAVE}px")) {}
                                div #position role="slider" tabindex="0" aria-label="Position in seconds" aria-valuemin="0"
                                    aria-valuemax=(format!("{:.1}", self.duration_s)) aria-valuenow="0" style=(format!("height:{WAVE}px")) {}
                            }
                            // The script puts more of them in place of these, but not on paper.
                            div.times.paper aria-hidden="true" { (times(self.duration_s)) }
                            div.times #times aria-hidden="true" {}
                        }
                    }
                }
                p.keys {
                    @if self.sound.is_some() {
                        kbd { "Space" } " plays and pauses, " kbd { "←" } " " kbd { "→" } " go 5 s (with " kbd { "Shift" } " 1 s), "
                        kbd { "n" } " " kbd { "p" } " to the next and previous turn; a click plays from there, on a name that speaker's next turn. "
                    }
                    kbd { "+" } " " kbd { "−" } " " kbd { "0" } " or the wheel with " kbd { "Ctrl" } " zoom. "
                    "The end of the address, such as " code { "#t=83.5" } ", is a link to a moment."
                }
            }
        }
    }

    fn drawing(&self, names: &[&str], height: f64) -> Markup {
        let x = |time_s: f64| format!("{:.3}", time_s * WIDTH / self.duration_s);
        let width = |length_s: f64| format!("{:.3}", (length_s * WIDTH / self.duration_s).max(1e-3));
        let top = self.top();
        let lane_of = |turn: &Turn| names.iter().position(|name| *name == turn.speaker).unwrap_or_default();
        html! {
            svg viewBox=(format!("0 0 {WIDTH} {height}")) preserveAspectRatio="none" style=(format!("height:{height}px")) aria-hidden="true" {
                @if let Some(sound) = self.sound { path.wave d=(sound.outline(WIDTH, WAVE)) {} }
                @for lane in 0..=names.len() {
                    @let y = top + LANE * lane as f64;
                    line.lane x1="0" x2=(WIDTH) y1=(y) y2=(y) {}
                }
                @for (index, turn) in self.turns.iter().enumerate() {
                    @let lane = lane_of(turn);
                    rect class=(format!("turn-bar {}", class(lane))) data-turn=(index) x=(x(turn.start_s)) y=(top + LANE * lane as f64 + 4.0)
                        width=(width(turn.end_s - turn.start_s)) height=(LANE - 8.0) {
                        title {
                            (turn.speaker) " " (clock(turn.start_s)) "–" (clock(turn.end_s))
                            @if let Some(confidence) = turn.confidence { (format!(", confidence {:.0} %", 100.0 * confidence)) }
                        }
                    }
                }
                @for Segment { start, end } in &self.overlaps {
                    rect.band x=(x(*start)) y=(top) width=(width(end - start)) height=(LANE * names.len() as f64) {}
                    rect.overlap x=(x(*start)) y=(top + LANE * names.len() as f64 + 5.0) width=(width(end - start)) height=(OVERLAP - 9.0) {}
                }
            }
        }
    }

    fn summary(&self, names: &[&str]) -> Markup {
        let rows: Vec<(&str, Vec<Segment>)> = names
            .iter()
            .map(|name| {
                let turns = turns_of(&self.turns, name).into_iter();
                (*name, turns.map(Turn::segment).collect())
            })
            .collect();
        let seconds: Vec<f64> = rows.iter().map(|(_, turns)| covered_s(turns.iter().copied())).collect();
        let sum = seconds.iter().sum::<f64>().max(1e-3);
        html! {
            section {
                h2 { "Speaking time" }
                div.table {
                    table {
                        thead {
                            tr { th { "speaker" } th { "time" } th { "share" } th { "turns" } th { "longest" } th.share {} }
                        }
                        tbody {
                            @for (lane, ((name, turns), seconds)) in rows.iter().zip(&seconds).enumerate() {
                                tr {
                                    th scope="row" { i class=(class(lane)) {} (name) }
                                    td { (clock(*seconds)) }
                                    td { (format!("{:.0} %", 100.0 * seconds / sum)) }
                                    td { (turns.len()) }
                                    td { (format!("{:.1} s", turns.iter().map(Segment::duration).fold(0.0, f64::max))) }
                                    td.share { div class=(class(lane)) style=(format!("width:{:.1}%", 100.0 * seconds / sum)) {} }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use diarist::parts::timeline::Annotation;

    use super::*;

    fn recording() -> Labels {
        let turn = |start: f64, end: f64, speaker: &str| Turn::new(start, end, speaker);
        let turns = vec![turn(0.5, 2.0, "<Ann & \"Bo\">"), turn(1.5, 3.25, "Zoë"), turn(3.25, 4.0, "<Ann & \"Bo\">")];
        Labels { duration_s: Some(10.0), ..Labels::from(Annotation { file_id: "a </title> b".to_owned(), turns }) }
    }

    #[test]
    fn the_page_is_complete_and_escapes_names() {
        let page = page(&recording(), None);
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
        assert!(page.contains("a &lt;/title&gt; b") && !page.contains("a </title>"));
        assert!(page.contains("title=\"&lt;Ann &amp; &quot;Bo&quot;&gt;\"") && !page.contains("<Ann"));
        assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"), "{page}");
        // No other file is loaded.
        for address in ["http:", "https:", "src=", "url(", "@import", "href"] {
            assert!(!page.contains(address), "{address}");
        }
        assert!(!page.contains("<button type=\"button\" data-"), "nothing can be played");
        assert_eq!(page.matches("data-turn=").count(), 3);
        assert_eq!(page.matches("rect class=\"overlap\"").count(), 1);
        assert_eq!(page.matches("class=\"both\"").count(), 3, "two turns, and the legend");
        // 2.25 s and 1.75 s of 4 s.
        assert!(page.contains("<td>0:02</td><td>56 %</td><td>2</td><td>1.5 s</td>"), "{page}");
    }

    #[test]
    fn the_script_finds_its_elements() {
        let audio = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio/short.flac");
        let sound = Sound::of(&audio, None, true).unwrap();
        let (silent, playable) = (page(&recording(), None), page(&recording(), Some(&sound)));
        // The script of a page without sound ends where the player begins.
        let (common, player) = SCRIPT.split_once("if (audio) {").unwrap();
        let ids = |script: &str| -> Vec<String> {
            script.split("byId(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        for id in ids(common).into_iter().chain(ids(player)).filter(|id| id != "data") {
            assert!(playable.contains(&format!("id=\"{id}\"")), "{id}");
        }
        for id in ids(common).into_iter().filter(|id| !["audio", "detail", "peaks"].contains(&id.as_str())) {
            assert!(silent.contains(&format!("id=\"{id}\"")), "{id}");
        }
        // The list and the bars count turns alike.
        assert_eq!(playable.matches("data-turn=").count(), playable.matches("class=\"turn\"").count());
    }

    #[test]
    fn a_silent_recording_has_a_page_too() {
        let silent = Labels { duration_s: Some(3.0), ..Labels::default() };
        assert!(page(&silent, None).contains("<b>0</b> speakers"));
        assert!(page(&Labels::default(), None).ends_with("</html>"));
    }
}
