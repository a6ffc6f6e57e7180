//! A result as one HTML page: the recording with its waveform, a lane for each speaker, and a list
//! of turns that can be played.
//!
//! The page needs no other files, opens from a file, follows the reader's light or dark theme, and
//! can be printed.

#[cfg(feature = "workbench")]
mod opus;
mod sound;

use diarist::Turn;
use diarist::parts::formats::Labels;
use diarist::parts::formats::json::rounded;
use diarist::parts::timeline::Segment;
use diarist::parts::timeline::intervals::{covered_s, overlaps};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::drawing::{class, rules, speakers, ticks, turns_of};
use crate::progress::clock;

pub(crate) use sound::Sound;

const STYLE: &str = include_str!("page.css");
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
pub(crate) fn page(recording: &Labels, sound: Option<&Sound>) -> String {
    let turns = rounded(&recording.turns.turns);
    let segments: Vec<Segment> = turns.iter().map(Turn::segment).collect();
    let duration_s = sound.map_or(0.0, |sound| sound.duration_s).max(recording.end_s()).max(1e-3);
    let content =
        Content { file_id: &recording.turns.file_id, turns, overlaps: overlaps(&segments), duration_s, sound };
    content.page(covered_s(segments.iter().copied())).into_string()
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
                        (self.list(&names))
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
                            @if self.sound.is_some() {
                                div #head style=(format!("height:{height}px")) {}
                                div #position role="slider" tabindex="0" aria-label="Position in seconds" aria-valuemin="0"
                                    aria-valuemax=(format!("{:.1}", self.duration_s)) aria-valuenow="0" style=(format!("height:{WAVE}px")) {}
                            }
                            div.times #times aria-hidden="true" {
                                @for time in ticks(self.duration_s) {
                                    span.end[time > 0.96 * self.duration_s] style=(format!("left:{:.3}%", 100.0 * time / self.duration_s)) {
                                        (clock(time))
                                    }
                                }
                            }
                        }
                    }
                }
                @if self.sound.is_some() {
                    p.keys {
                        kbd { "Space" } " plays and pauses, " kbd { "←" } " " kbd { "→" } " go 5 s (with " kbd { "Shift" } " 1 s), "
                        kbd { "n" } " " kbd { "p" } " to the next and previous turn; a click plays from there, on a name that speaker's next turn."
                    }
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
                        title { (turn.speaker) " " (clock(turn.start_s)) "–" (clock(turn.end_s)) }
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
        let (sum, most) = (seconds.iter().sum::<f64>().max(1e-3), seconds.iter().copied().fold(1e-3, f64::max));
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
                                    td.share { div class=(class(lane)) style=(format!("width:{:.1}%", 100.0 * seconds / most)) {} }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn list(&self, names: &[&str]) -> Markup {
        html! {
            section {
                h2 { "Turns" }
                ol.turns {
                    @for turn in &self.turns {
                        @let lane = names.iter().position(|name| *name == turn.speaker).unwrap_or_default();
                        @let inside = html! {
                            i class=(class(lane)) {}
                            time { (stamp(turn.start_s)) }
                            span { (turn.speaker) }
                            @if self.is_overlapped(turn) { small.both title="overlap" { "+" } }
                            small { (format!("{:.1} s", turn.end_s - turn.start_s)) }
                        };
                        li {
                            @if self.sound.is_some() {
                                button type="button" data-start=(turn.start_s) data-end=(turn.end_s) data-lane=(lane) { (inside) }
                            } @else {
                                div { (inside) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn is_overlapped(&self, turn: &Turn) -> bool {
        let turn = turn.segment();
        let first = self.overlaps.partition_point(|overlap| overlap.end <= turn.start);
        self.overlaps.get(first).is_some_and(|overlap| !overlap.intersection(&turn).is_empty())
    }
}

/// Minutes, seconds and tenths.
fn stamp(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let (seconds, tenths) = (rest / 10, rest % 10);
    match hours {
        0 => format!("{minutes}:{seconds:02}.{tenths}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}.{tenths}"),
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
        // No other file is loaded.
        for address in ["http:", "https:", "src=", "url(", "@import", "href"] {
            assert!(!page.contains(address), "{address}");
        }
        assert!(!page.contains("<button type=\"button\" data-"), "nothing can be played");
        assert_eq!(page.matches("data-turn=").count(), 3);
        assert_eq!(page.matches("rect class=\"overlap\"").count(), 1);
        assert_eq!(page.matches("class=\"both\"").count(), 2);
        // 2.25 s and 1.75 s of 4 s.
        assert!(page.contains("<td>0:02</td><td>56 %</td><td>2</td><td>1.5 s</td>"), "{page}");
    }

    #[test]
    fn a_silent_recording_has_a_page_too() {
        let silent = Labels { duration_s: Some(3.0), ..Labels::default() };
        assert!(page(&silent, None).contains("<b>0</b> speakers"));
        assert!(page(&Labels::default(), None).ends_with("</html>"));
    }

    #[test]
    fn stamps_have_tenths() {
        assert_eq!([0.04, 59.96, 3600.5].map(stamp), ["0:00.0", "1:00.0", "1:00:00.5"]);
    }
}
