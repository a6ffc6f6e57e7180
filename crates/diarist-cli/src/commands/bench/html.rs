//! The report as one HTML page: the worst recording first, with its errors on the time line. It
//! plays the recordings, follows the light or dark theme of the reader, and can be printed.

use std::path::Path;

use diarist::Turn;
use diarist::parts::inference::{Stage, Timings};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::errors::errors;
use super::record::{Figures, FileRecord, Report};
use super::statistics;
use diarist_page::drawing::{RULES, class, lanes, ticks, times, unit};
use diarist_page::{address, policy};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Width of a plot in its own units.
const WIDTH: f64 = 1000.0;
/// Height of one side's bar in a lane, and of a lane.
const BAR: f64 = 9.0;
const LANE: f64 = 2.0 * BAR + 8.0;
/// Height of a row of errors.
const ERROR: f64 = 13.0;

/// The page that will be at `path`.
pub(super) fn page(report: &Report, path: &Path) -> String {
    let num_files = report.files.len();
    let title = format!("Diarization of {num_files} recording{}", if num_files == 1 { "" } else { "s" });
    let figures: Vec<&Figures> = report.files.iter().map(|file| &file.figures).collect();
    let mut worst_first: Vec<&FileRecord> = report.files.iter().collect();
    worst_first.sort_by(|a, b| b.figures.der.total_cmp(&a.figures.der));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                (policy(SCRIPT))
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(RULES)) }
            }
            body {
                header {
                    h1 { (title) }
                    p.total {
                        span {
                            b { (percent(report.corpus.der)) " %" } " DER"
                            @if let Some((low, high)) = statistics::interval(&figures) {
                                " (" (percent(low)) " to " (percent(high)) " in 95 % of choices of recordings)"
                            }
                        }
                        span { b { (percent(report.corpus.jer)) " %" } " JER" }
                        span { b { (format!("{:.1}", report.corpus.rtfx())) "x" } " real time" }
                        span { b { (clock(report.corpus.duration_s)) } " of audio" }
                    }
                    p.conditions {
                        (report.setup.convention()) ". " (report.setup.conditions()) ". diarist " (report.diarist_version)
                        ", models loaded in " (format!("{:.2}", report.model_load_s)) " s (not counted)."
                    }
                }
                (failed(report))
                (summary(report))
                (time(report))
                p.legend.lanes {
                    span { i.reference {} "turns of the reference" }
                    span { i.c0 {} i.c1 {} i.c2 {} "turns that were found, in the lane of the best matching reference speaker" }
                    @for (class, name) in ERRORS { span { i class=(class) {} (name) } }
                    @if report.setup.collar_s > 0.0 || report.setup.skip_overlap {
                        span { "errors in the collar or in skipped overlap are drawn, too" }
                    }
                    span { "a click on a time line plays from there" }
                }
                @for file in worst_first { (recording(file, path)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

fn summary(report: &Report) -> Markup {
    let mut rows = report.rows().into_iter();
    let header = rows.next().unwrap_or_default();
    let total = rows.next_back().unwrap_or_default();
    let mut files: Vec<_> = rows.zip(report.files.iter().map(|file| &file.figures)).collect();
    files.sort_by(|(_, a), (_, b)| b.der.total_cmp(&a.der));
    let largest = files.iter().map(|(_, figures)| figures.rates().iter().sum()).fold(0.0, f64::max);
    // The same width means the same rate in every report that is about as good.
    let full = [0.1, 0.2, 0.5, 1.0, 2.0].into_iter().find(|full| largest <= *full).unwrap_or(largest);
    html! {
        section {
            h2 { "Errors" }
            p.legend {
                @for (class, name) in ERRORS { span { i class=(class) {} (name) } }
                " in percent of the reference speech; a full bar is " (format!("{:.0} %", 100.0 * full))
            }
            div.scroll {
                table.errors {
                    thead { tr { @for cell in &header { th { (cell) } } th {} } }
                    tbody {
                        @for (row, figures) in files.into_iter().chain([(total, &report.corpus)]) {
                            tr { @for cell in &row { td { (cell) } } td.bar { (error_bar(figures, full)) } }
                        }
                    }
                }
            }
        }
    }
}

/// The recordings that could not be measured.
fn failed(report: &Report) -> Markup {
    html! {
        @if !report.failed.is_empty() {
            section.fault role="alert" {
                h2 { (report.failed.len()) " failed and not counted" }
                ul { @for failed in &report.failed { li { b { (failed.file_id) } ": " (failed.message) } } }
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
    let seconds = |seconds: f64| format!("{seconds:.3}");
    html! {
        section {
            h2 { "Time" }
            p.legend {
                "from opening a recording to its turns; reading ahead on one of the threads during embedding is listed beside it and not in the sum"
            }
            div.scroll {
                table.time {
                    thead { tr { th { "stage" } th { "seconds" } th { "%" } th { "beside networks" } th {} } }
                    tbody {
                        @for (class, stage) in &stages {
                            tr {
                                td { i class=(class) {} (stage.name) }
                                td { (seconds(stage.wall_s)) }
                                td { (format!("{:.1}", 100.0 * share(stage.wall_s))) }
                                td { @if stage.beside_s > 0.0 { (seconds(stage.beside_s)) } }
                                td.bar { (stacked(&[stage.wall_s], &[(class, stage.name)], timings.total_s, |wall_s| seconds(wall_s) + " s")) }
                            }
                        }
                        tr { td { "TOTAL" } td { (seconds(timings.total_s)) } td { "100.0" } td {} td {} }
                    }
                }
            }
        }
    }
}

fn error_bar(figures: &Figures, full: f64) -> Markup {
    stacked(&figures.rates(), &ERRORS, full, |rate| format!("{} %", percent(rate)))
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

fn recording(file: &FileRecord, page: &Path) -> Markup {
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
            audio controls preload="none" src=(address(Path::new(&file.audio), Some(page))) {}
            p.fault hidden { "The recording cannot be played: it is not in its place, or this browser does not play its format." }
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
    let top = lanes.len() as f64 * LANE;
    let (duration_s, height) = (file.figures.duration_s.max(1e-3), top + ERRORS.len() as f64 * ERROR);
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
                div.kinds { @for (class, name) in ERRORS { span { i class=(class) {} (name) } } }
            }
            div.drawing data-duration=(format!("{duration_s:.3}")) {
            svg viewBox=(format!("0 0 {WIDTH} {height}")) preserveAspectRatio="none" style=(format!("height:{height}px")) role="img" {
                @for time in ticks(duration_s, 4) {
                    line.tick x1=(unit(time * scale)) x2=(unit(time * scale)) y1="0" y2=(height) {}
                }
                @for (index, lane) in lanes.iter().enumerate() {
                    @let y = index as f64 * LANE;
                    line.lane x1="0" x2=(WIDTH) y1=(y + LANE) y2=(y + LANE) {}
                    @for turn in &lane.reference { (bar(turn, y + 3.0, "reference".to_owned())) }
                    @for turn in &lane.hypothesis { (bar(turn, y + 4.0 + BAR, class(lane.colour))) }
                }
                @for (row, (stretches, (class, name))) in errors(file).iter().zip(ERRORS).enumerate() {
                    @for stretch in stretches {
                        rect class=(class) x=(unit(stretch.start * scale)) y=(top + row as f64 * ERROR + 2.0)
                            width=(unit((stretch.duration() * scale).max(0.5))) height=(ERROR - 4.0) {
                            title { (name) " " (clock(stretch.start)) "-" (clock(stretch.end)) }
                        }
                    }
                }
            }
            div.head hidden {}
            }
            div {}
            div.times { (times(duration_s)) }
        }
    }
}

fn percent(rate: f64) -> String {
    format!("{:.2}", 100.0 * rate)
}

/// Seconds as `m:ss` or `h:mm:ss`.
fn clock(seconds: f64) -> String {
    diarist_page::drawing::clock(seconds)
}

#[cfg(test)]
mod tests {
    use super::super::record::Failed;
    use super::super::record::tests::{figures, report};
    use super::*;

    #[test]
    fn the_page_is_complete_and_escapes_names() {
        let mut report = report(&[("a", figures(0.0, 10.0, 2.0)), ("b", figures(1.0, 10.0, 2.0))]);
        report.failed.push(Failed { file_id: "c<".to_owned(), message: "not audio".to_owned() });
        let page = page(&report, Path::new("report.html"));
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
        assert!(page.contains("&lt;Ann &amp; Bo&gt; = SPEAKER_00") && !page.contains("<Ann"));
        assert!(!page.contains("http://") && !page.contains("https://"));
        assert!(page.find("<h2>b</h2>").unwrap() < page.find("<h2>a</h2>").unwrap(), "the worst is first");
        assert!(page.contains("1 failed and not counted") && page.contains("c&lt;</b>: not audio"), "{page}");
        // A second is missed before the turn that was found.
        assert!(page.contains("<title>missed 0:00-0:01</title>") && page.contains("src=\"a.wav\""), "{page}");
        assert_eq!(page.matches("class=\"recording\"").count(), 2);
        // The sums over both recordings.
        assert!(page.contains("segmentation</td><td>0.400</td><td>20.0</td>"), "{page}");
        assert!(page.contains("decode</td><td>0.100</td><td>5.0</td><td>0.600</td>"), "{page}");
        assert_eq!(page.matches("<rect class=\"reference\"").count(), 2);
    }
}
