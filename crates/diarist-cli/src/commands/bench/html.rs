//! The report as one HTML page without scripts or other files. It follows the light or dark theme
//! of the reader, and can be printed.

use diarist::Turn;
use diarist::parts::inference::{Stage, Timings};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::record::{Figures, FileRecord, Report};
use crate::drawing::{class, lanes, rules, ticks, unit};

const STYLE: &str = include_str!("report.css");

/// Width of a plot in its own units.
const WIDTH: f64 = 1000.0;
/// Height of one side's bar in a lane, and of a lane.
const BAR: f64 = 9.0;
const LANE: f64 = 2.0 * BAR + 8.0;

/// The page.
pub(super) fn page(report: &Report) -> String {
    let num_files = report.files.len();
    let title = format!("Diarization of {num_files} recording{}", if num_files == 1 { "" } else { "s" });
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(rules())) }
            }
            body {
                header {
                    h1 { (title) }
                    p.total {
                        span { b { (percent(report.corpus.der)) " %" } " DER" }
                        span { b { (percent(report.corpus.jer)) " %" } " JER" }
                        span { b { (format!("{:.1}", report.corpus.rtfx())) "x" } " real time" }
                        span { b { (clock(report.corpus.duration_s)) } " of audio" }
                    }
                    p.conditions {
                        (report.setup.convention()) ". " (report.setup.conditions()) ". diarist " (report.diarist_version)
                        ", models loaded in " (format!("{:.2}", report.model_load_s)) " s (not counted)."
                    }
                }
                (summary(report))
                (time(report))
                p.legend.lanes {
                    span { i.reference {} "turns of the reference" }
                    span { i.c0 {} i.c1 {} i.c2 {} "turns that were found, in the lane of the best matching reference speaker" }
                }
                @for file in &report.files { (recording(file)) }
            }
        }
    }
    .into_string()
}

fn summary(report: &Report) -> Markup {
    let mut rows = report.rows().into_iter();
    let header = rows.next().unwrap_or_default();
    let errors = report.files.iter().map(|file| &file.figures);
    let largest = errors.clone().map(|figures| figures.rates().iter().sum()).fold(0.0, f64::max);
    html! {
        section {
            h2 { "Errors" }
            p.legend {
                @for (class, name) in ERRORS { span { i class=(class) {} (name) } }
                " in percent of the reference speech"
            }
            div.scroll {
                table {
                    thead { tr { @for cell in &header { th { (cell) } } th {} } }
                    tbody {
                        @for (row, figures) in rows.zip(errors.chain([&report.corpus])) {
                            tr { @for cell in &row { td { (cell) } } td.bar { (error_bar(figures, largest)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Kinds of errors: class of the style sheet and name.
const ERRORS: [(&str, &str); 3] = [("miss", "missed"), ("alarm", "false alarm"), ("confusion", "confused")];

/// Every stage with its class of the style sheet; the last one, `other`, is the time between
/// stages.
fn stages(timings: &Timings) -> Vec<(String, Stage)> {
    let other = Stage { name: "other", wall_s: timings.other_s(), beside_s: 0.0 };
    let stages = timings.stages().into_iter().chain([other]).enumerate();
    stages.map(|(index, stage)| (format!("s{index}"), stage)).collect()
}

/// The time of each stage over all recordings.
fn time(report: &Report) -> Markup {
    let timings = report.timings();
    let stages = stages(&timings);
    let share = |seconds: f64| seconds / timings.total_s.max(1e-6);
    let largest = stages.iter().map(|(_, stage)| stage.wall_s).fold(0.0, f64::max);
    let seconds = |seconds: f64| format!("{seconds:.3}");
    html! {
        section {
            h2 { "Time" }
            p.legend {
                "from opening a recording to its turns; reading ahead on one of the threads during embedding is listed beside it and not in the sum"
            }
            div.scroll {
                table.time {
                    thead { tr { th { "stage" } th { "seconds" } th { "%" } th { "beside embedding" } th {} } }
                    tbody {
                        @for (class, stage) in &stages {
                            tr {
                                td { i class=(class) {} (stage.name) }
                                td { (seconds(stage.wall_s)) }
                                td { (format!("{:.1}", 100.0 * share(stage.wall_s))) }
                                td { @if stage.beside_s > 0.0 { (seconds(stage.beside_s)) } }
                                td.bar { (stacked(&[stage.wall_s], &[(class, stage.name)], largest, |wall_s| seconds(wall_s) + " s")) }
                            }
                        }
                        tr { td { "TOTAL" } td { (seconds(timings.total_s)) } td { "100.0" } td {} td {} }
                    }
                }
            }
        }
    }
}

fn error_bar(figures: &Figures, largest: f64) -> Markup {
    stacked(&figures.rates(), &ERRORS, largest, |rate| format!("{} %", percent(rate)))
}

/// A bar of consecutive values; `full` is the sum that fills it.
fn stacked(values: &[f64], kinds: &[(&str, &str)], full: f64, text: impl Fn(f64) -> String) -> Markup {
    let scale = if full > 0.0 { WIDTH / full } else { 0.0 };
    let starts = values.iter().scan(0.0, |sum, value| {
        let start = *sum;
        *sum += value;
        Some(start)
    });
    html! {
        svg.stacked viewBox=(format!("0 0 {WIDTH} 20")) preserveAspectRatio="none" role="img" {
            @for ((value, start), (class, name)) in values.iter().zip(starts).zip(kinds) {
                rect class=(class) x=(unit(start * scale)) y="0" width=(unit(value * scale)) height="20" {
                    title { (name) ": " (text(*value)) }
                }
            }
        }
    }
}

fn recording(file: &FileRecord) -> Markup {
    let stages = stages(&file.timings.seconds);
    let kinds: Vec<(&str, &str)> = stages.iter().map(|(class, stage)| (class.as_str(), stage.name)).collect();
    let seconds: Vec<f64> = stages.iter().map(|(_, stage)| stage.wall_s).collect();
    let figures = &file.figures;
    html! {
        section.recording {
            h2 { (file.file_id) }
            p.conditions {
                (clock(figures.duration_s)) ", DER " (percent(figures.der)) " %, JER " (percent(figures.jer)) " %, "
                "speakers: " (figures.num_hypothesis_speakers) " found, " (figures.num_reference_speakers) " in the reference; "
                @if file.has_uem { "scored regions from a UEM" } @else { "the whole recording scored" }
            }
            (timeline(file))
            p.legend {
                // Shorter stages are invisible in the bar.
                @for ((class, name), seconds) in kinds.iter().zip(&seconds).filter(|(_, seconds)| **seconds >= 0.005) {
                    span { i class=(class) {} (name) " " (format!("{seconds:.2}")) " s" }
                }
            }
            (stacked(&seconds, &kinds, seconds.iter().sum(), |seconds| format!("{seconds:.2} s")))
        }
    }
}

/// A lane for each reference speaker, with the reference above and the matching hypothesis speaker
/// below, then a lane for each hypothesis speaker without a match.
fn timeline(file: &FileRecord) -> Markup {
    let lanes = lanes(&file.reference, &file.hypothesis, &file.mapping);
    let (duration_s, height) = (file.figures.duration_s.max(1e-3), lanes.len() as f64 * LANE + 18.0);
    let scale = WIDTH / duration_s;
    let bar = |turn: &Turn, y: f64, class: String| {
        let width = ((turn.end_s - turn.start_s) * scale).max(0.3);
        html! {
            rect class=(class) x=(unit(turn.start_s * scale)) y=(unit(y)) width=(unit(width)) height=(BAR) {
                title { (turn.speaker) " " (clock(turn.start_s)) "-" (clock(turn.end_s)) }
            }
        }
    };
    html! {
        div.timeline {
            div.names style=(format!("grid-auto-rows:{LANE}px")) {
                @for lane in &lanes { span title=(lane.name) { (lane.name) } }
            }
            svg viewBox=(format!("0 0 {WIDTH} {height}")) preserveAspectRatio="none" style=(format!("height:{height}px")) role="img" {
                @for time in ticks(duration_s) {
                    line.tick x1=(unit(time * scale)) x2=(unit(time * scale)) y1="0" y2=(height - 16.0) {}
                }
                @for (index, lane) in lanes.iter().enumerate() {
                    @let y = index as f64 * LANE;
                    line.lane x1="0" x2=(WIDTH) y1=(y + LANE) y2=(y + LANE) {}
                    @for turn in &lane.reference { (bar(turn, y + 3.0, "reference".to_owned())) }
                    @for turn in &lane.hypothesis { (bar(turn, y + 4.0 + BAR, class(index))) }
                }
            }
            div {}
            div.times {
                @for time in ticks(duration_s) {
                    span.end[time > 0.96 * duration_s] style=(format!("left:{:.3}%", 100.0 * time / duration_s)) { (clock(time)) }
                }
            }
        }
    }
}

fn percent(rate: f64) -> String {
    format!("{:.2}", 100.0 * rate)
}

/// Seconds as `m:ss` or `h:mm:ss`.
fn clock(seconds: f64) -> String {
    crate::progress::clock(seconds)
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{figures, report};
    use super::*;

    #[test]
    fn the_page_is_complete_and_escapes_names() {
        let page = page(&report(&[("a", figures(1.0, 10.0, 2.0)), ("b", figures(0.0, 10.0, 2.0))]));
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
        assert!(page.contains("&lt;Ann &amp; Bo&gt; = SPEAKER_00") && !page.contains("<Ann"));
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
        assert_eq!(page.matches("class=\"recording\"").count(), 2);
        // The sums over both recordings.
        assert!(page.contains("segmentation</td><td>0.400</td><td>20.0</td>"), "{page}");
        assert!(page.contains("decode</td><td>0.100</td><td>5.0</td><td>0.600</td>"), "{page}");
        assert_eq!(page.matches("<rect class=\"reference\"").count(), 2);
    }
}
