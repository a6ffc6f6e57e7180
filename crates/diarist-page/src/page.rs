//! A result as one HTML page: the recording with its waveform, a lane for each speaker, and a list
//! of turns that can be played. Its speakers can be renamed, and the result saved in other formats.
//!
//! The page needs no other files, opens from a file, follows the reader's light or dark theme, and
//! can be printed. Without its script it still shows everything, but plays nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diarist::Turn;
use diarist::parts::formats::Labels;
use diarist::parts::formats::json::rounded;
use diarist::parts::timeline::Segment;
use diarist::parts::timeline::intervals::{covered_s, overlaps};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::assets::STYLE;
use crate::bundle::SCRIPT;
use crate::drawing::{class, clock, speakers, times, turns_of};
use crate::sound::Sound;
use crate::turns;

/// Width of the timeline in its own units.
const WIDTH: f64 = 1000.0;
/// Heights of the waveform, of a lane, and of the row for overlap; `style.css` has the last two as
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

/// JSON that cannot end the element it stands in.
fn data(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
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
                    (policy(&SCRIPT))
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.file_id) ": who spoke when" }
                    style { (PreEscaped(STYLE.as_str())) }
                }
                body {
                    div.paper {
                        header {
                            h1 { (self.file_id) }
                            p.facts {
                                span { b { (names.len()) } (if names.len() == 1 { " speaker" } else { " speakers" }) }
                                span { b { (clock(self.duration_s)) } " in all" }
                                span { b { (clock(speech_s)) } " of speech (" (percent(speech_s)) ")" }
                                span { b { (clock(overlap_s)) } " of overlap (" (percent(overlap_s)) ")" }
                            }
                        }
                        noscript { p.fault { "The player and the other tools of this page need JavaScript." } }
                        main {
                            (self.timeline(&names))
                            (self.summary(&names))
                            (turns::list(&self.turns, &names, &self.overlaps))
                        }
                        footer { "diarist " (env!("CARGO_PKG_VERSION")) }
                    }
                    @if let Some(sound) = self.sound { (sound.markup()) }
                    script #result type="application/json" { (PreEscaped(data(&self.document(&names)))) }
                    script type="module" { (PreEscaped(SCRIPT.as_str())) }
                }
            }
        }
    }

    /// The result as the script reads it.
    fn document(&self, names: &[&str]) -> Value {
        let turn = |turn: &Turn| {
            let mut fields = json!({ "start_s": turn.start_s, "end_s": turn.end_s, "speaker": turn.speaker });
            if let Some(confidence) = turn.confidence {
                fields["confidence"] = json!(confidence);
            }
            fields
        };
        let labels: Vec<Value> = names.iter().map(|name| json!({ "label": name })).collect();
        let turns: Vec<Value> = self.turns.iter().map(turn).collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "result": { "file_id": self.file_id, "duration_s": self.duration_s, "turns": turns, "speakers": labels },
            "sound_s": self.sound.map(|sound| sound.duration_s),
            "fault": self.sound.map(Sound::fault).unwrap_or_default(),
        })
    }

    /// Top of the lanes: below the waveform, if there is one.
    fn top(&self) -> f64 {
        if self.sound.is_some() { WAVE } else { 0.0 }
    }

    fn timeline(&self, names: &[&str]) -> Markup {
        let height = self.top() + LANE * names.len() as f64 + OVERLAP;
        html! {
            section.timeline aria-label="Timeline" {
                div.names style=(format!("padding-top:{}px", self.top())) {
                    @for (lane, name) in names.iter().enumerate() {
                        div title=(name) { i class=(class(lane)) {} span data-speaker=(name) { (name) } }
                    }
                    div.overlap-name { i.overlap {} span { "overlap" } }
                }
                div.canvas {
                    (self.drawing(names, height))
                    div.times aria-hidden="true" { (times(self.duration_s)) }
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
                @for turn in &self.turns {
                    @let lane = lane_of(turn);
                    rect class=(format!("turn-bar {}", class(lane))) x=(x(turn.start_s)) y=(top + LANE * lane as f64 + 4.0)
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
                                    th scope="row" { i class=(class(lane)) {} span data-speaker=(name) { (name) } }
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
        for address in ["http:", "https:", "src=", "url(", "@import", "href=\""] {
            assert!(!page.contains(address), "{address}");
        }
        // The static part has every turn twice, as a bar and in the list.
        assert_eq!(page.matches("class=\"turn-bar").count(), 3);
        assert_eq!(page.matches("class=\"turn\"").count(), 3);
        assert_eq!(page.matches("rect class=\"overlap\"").count(), 1);
        assert_eq!(page.matches("class=\"both\"").count(), 3, "two turns, and the legend");
        // 2.25 s and 1.75 s of 4 s.
        assert!(page.contains("<td>0:02</td><td>56 %</td><td>2</td><td>1.5 s</td>"), "{page}");
    }

    #[test]
    fn the_script_finds_its_data() {
        let audio = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio/short.flac");
        let sound = Sound::of(&audio, None, true).unwrap();
        let (silent, playable) = (page(&recording(), None), page(&recording(), Some(&sound)));
        for id in ["result", "audio", "peaks"] {
            assert!(SCRIPT.contains(&format!("(\"{id}\")")), "{id}");
            assert!(playable.contains(&format!("id=\"{id}\"")), "{id}");
            assert_eq!(silent.contains(&format!("id=\"{id}\"")), id == "result", "{id}");
        }
        let data = |page: &str| -> Value {
            let rest = page.split_once("id=\"result\" type=\"application/json\">").unwrap().1;
            serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
        };
        let (without, with) = (data(&silent), data(&playable));
        assert_eq!(without["result"]["turns"][0]["speaker"], "<Ann & \"Bo\">");
        assert_eq!(without["result"]["speakers"][1]["label"], "Zoë");
        assert_eq!((&without["sound_s"], &with["sound_s"]), (&Value::Null, &json!(sound.duration_s)));
    }

    #[test]
    fn a_silent_recording_has_a_page_too() {
        let silent = Labels { duration_s: Some(3.0), ..Labels::default() };
        assert!(page(&silent, None).contains("<b>0</b> speakers"));
        assert!(page(&Labels::default(), None).ends_with("</html>"));
    }
}
