//! Measured figures of each file, and of all files together.

use diarist::Turn;
use diarist::parts::formats::json::{JsonOptions, JsonTimings};
use diarist::parts::inference::{CacheUse, Timings};
use diarist::parts::metrics::{DerComponents, JerComponents, Scores};
use serde::{Deserialize, Serialize};

use crate::dataset;

use super::live::{LiveFigures, LiveSetup};

/// Version of the report's layout.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// All figures of a run, as `report.json` holds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) schema_version: u32,
    pub(super) diarist_version: String,
    pub(super) setup: Setup,
    /// Seconds to read and pack the weights, not part of the time of any file.
    pub(super) model_load_s: f64,
    pub(super) corpus: Figures,
    /// In the order of their file ids.
    pub(super) files: Vec<FileRecord>,
    /// Recordings that could not be measured; they count in no figure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<Failed>,
}

/// A recording that could not be measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Failed {
    pub(super) file_id: String,
    /// The fault, in one line.
    pub(super) message: String,
}

/// The options that the figures depend on. Two runs with the same setup measure the same thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) options: JsonOptions,
    /// Arithmetic of the networks.
    pub(super) precision: String,
    /// `nist` (as pyannote.metrics and md-eval) or `fluidaudio`.
    pub(super) rule: String,
    /// Unscored seconds on each side of a reference boundary.
    pub(super) collar_s: f64,
    pub(super) skip_overlap: bool,
    pub(super) instruction_set: String,
    pub(super) num_threads: usize,
    pub(super) iterations: usize,
    /// With `--mode live`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) live: Option<LiveSetup>,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FileRecord {
    pub(super) file_id: String,
    pub(super) audio: String,
    /// Whether a UEM gives the scored regions; otherwise the whole recording is scored.
    pub(super) has_uem: bool,
    /// Start and end of each scored region in seconds.
    #[serde(default)]
    pub(super) regions: Vec<(f64, f64)>,
    pub(super) figures: Figures,
    /// Timings of the iteration with the median total.
    pub(super) timings: JsonTimings,
    /// Use of the embedding cache, if there was one.
    pub(super) cache_use: Option<CacheUse>,
    /// With `--mode live`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) live: Option<LiveFigures>,
    pub(super) reference: Vec<Turn>,
    pub(super) hypothesis: Vec<Turn>,
    /// Pairs of hypothesis and reference speaker that the optimal mapping joins.
    pub(super) mapping: Vec<(String, String)>,
}

/// Errors in seconds and processing time, of a file or summed over a corpus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Figures {
    /// Length of the audio.
    pub(super) duration_s: f64,
    /// Wall-clock time, without loading the models.
    pub(super) processing_s: f64,
    /// Diarization error rate as a fraction.
    pub(super) der: f64,
    /// Jaccard error rate as a fraction.
    pub(super) jer: f64,
    /// Denominator of the diarization error rate.
    pub(super) total_s: f64,
    pub(super) correct_s: f64,
    pub(super) missed_detection_s: f64,
    pub(super) false_alarm_s: f64,
    pub(super) confusion_s: f64,
    /// Sum of the Jaccard errors of `jer_speakers` speakers.
    pub(super) jer_speaker_error: f64,
    pub(super) jer_speakers: usize,
    pub(super) num_reference_speakers: usize,
    pub(super) num_hypothesis_speakers: usize,
}

impl Figures {
    pub(super) fn new(scores: &Scores, duration_s: f64, processing_s: f64) -> Self {
        let Scores { der, jer, num_reference_speakers, num_hypothesis_speakers } = *scores;
        Self {
            duration_s,
            processing_s,
            der: der.der(),
            jer: jer.jer(),
            total_s: der.total_s,
            correct_s: der.correct_s,
            missed_detection_s: der.missed_detection_s,
            false_alarm_s: der.false_alarm_s,
            confusion_s: der.confusion_s,
            jer_speaker_error: jer.speaker_error,
            jer_speakers: jer.num_speakers,
            num_reference_speakers,
            num_hypothesis_speakers,
        }
    }

    /// The sums of seconds and speakers, with rates from the sums.
    pub(super) fn sum<'a>(files: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let der: DerComponents = files
            .clone()
            .map(|file| DerComponents {
                total_s: file.total_s,
                correct_s: file.correct_s,
                missed_detection_s: file.missed_detection_s,
                false_alarm_s: file.false_alarm_s,
                confusion_s: file.confusion_s,
            })
            .sum();
        let jer: JerComponents = files
            .clone()
            .map(|file| JerComponents { speaker_error: file.jer_speaker_error, num_speakers: file.jer_speakers })
            .sum();
        let scores = Scores {
            der,
            jer,
            num_reference_speakers: files.clone().map(|file| file.num_reference_speakers).sum(),
            num_hypothesis_speakers: files.clone().map(|file| file.num_hypothesis_speakers).sum(),
        };
        let duration_s = files.clone().map(|file| file.duration_s).sum();
        Self::new(&scores, duration_s, files.map(|file| file.processing_s).sum())
    }

    /// Seconds of audio per second of work.
    pub(super) fn rtfx(&self) -> f64 {
        if self.processing_s > 0.0 { self.duration_s / self.processing_s } else { 0.0 }
    }

    /// Missed detection, false alarm and confusion as fractions of `total_s`.
    pub(super) fn rates(&self) -> [f64; 3] {
        [self.missed_detection_s, self.false_alarm_s, self.confusion_s]
            .map(|error_s| if self.total_s > 0.0 { error_s / self.total_s } else { 0.0 })
    }
}

impl Setup {
    /// The definition of the error rates, in one line.
    pub(super) fn convention(&self) -> String {
        if self.rule == "fluidaudio" {
            return "FluidAudio's rule of 2025-08: 10 ms frames, one speaker each, error over all frames, no collar"
                .to_owned();
        }
        dataset::convention(self.collar_s, self.skip_overlap)
    }

    /// Machine and options in one line.
    pub(super) fn conditions(&self) -> String {
        let live = self.live.as_ref().map_or_else(String::new, |live| {
            format!("live by the rules of {}, latency {} s, every {} s; ", live.rules, live.latency_s, live.step_s)
        });
        let [step_s, trunk, mode, clustering, threshold] =
            ["step_s", "trunk", "embedding_mode", "clustering", "threshold"].map(|key| self.option(key));
        format!(
            "{live}{} on {}, {} threads, step {step_s} s, trunk {trunk}, embeddings {mode}, {clustering} at {threshold}, \
             median of {}",
            self.precision, self.instruction_set, self.num_threads, self.iterations
        )
    }
}

impl Setup {
    /// The value of an option for people.
    fn option(&self, key: &str) -> String {
        match self.options.values.get(key) {
            Some(serde_json::Value::String(name)) => name.clone(),
            Some(value) => value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string()),
            None => "-".to_owned(),
        }
    }
}

impl Report {
    /// A report without files.
    pub(super) fn new(setup: Setup, model_load_s: f64) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            diarist_version: env!("CARGO_PKG_VERSION").to_owned(),
            setup,
            model_load_s,
            corpus: Figures::default(),
            files: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// Whether there is a record of this file.
    pub(super) fn has(&self, file_id: &str) -> bool {
        self.files.binary_search_by(|file| file.file_id.as_str().cmp(file_id)).is_ok()
    }

    /// Adds a record in the order of file ids and updates the sums.
    pub(super) fn insert(&mut self, record: FileRecord) {
        let place = self.files.partition_point(|other| other.file_id < record.file_id);
        self.files.insert(place, record);
        self.corpus = Figures::sum(self.files.iter().map(|file| &file.figures));
    }

    /// The sum of the timings of all files.
    pub(super) fn timings(&self) -> Timings {
        self.files.iter().map(|file| file.timings.seconds).sum()
    }

    /// Use of the embedding cache over all files, if there was one.
    pub(super) fn cache_use(&self) -> Option<CacheUse> {
        let uses: Vec<CacheUse> = self.files.iter().filter_map(|file| file.cache_use).collect();
        (!uses.is_empty()).then(|| uses.into_iter().sum())
    }

    /// The live figures over all files in one line, if they were measured.
    pub(super) fn live(&self) -> Option<String> {
        let all: Vec<(&LiveFigures, f64)> =
            self.files.iter().filter_map(|file| Some((file.live.as_ref()?, file.figures.duration_s))).collect();
        let sum = |value: fn(&LiveFigures) -> f64| all.iter().map(|(live, _)| value(live)).sum::<f64>();
        let worst = |value: fn(&LiveFigures) -> f64| all.iter().map(|(live, _)| value(live)).fold(0.0, f64::max);
        let total_s = sum(|live| live.total_s).max(1e-9);
        let duration_s = all.iter().map(|(_, duration_s)| duration_s).sum::<f64>().max(1e-9);
        let cpu_s: f64 = all.iter().map(|(live, duration_s)| live.cpu_s_per_s * duration_s).sum();
        (!all.is_empty()).then(|| {
            format!(
                "DER as decided at first; {:.2} % with corrections, {:.2} % in the final result; {:.0} switches per hour; \
                 latency p50 {:.2} s, p99 {:.2} s in the worst file; {:.4} CPU s per s",
                100.0 * sum(|live| live.revised_error_s) / total_s,
                100.0 * sum(|live| live.final_error_s) / total_s,
                sum(|live| live.num_switches as f64) / duration_s * 3600.0,
                worst(|live| live.latency_p50_s),
                worst(|live| live.latency_p99_s),
                cpu_s / duration_s
            )
        })
    }

    /// Header and cells of the table: each file, then the total.
    pub(super) fn rows(&self) -> Vec<[String; 8]> {
        let header = ["file", "DER %", "miss %", "false alarm %", "confusion %", "JER %", "speakers hyp/ref", "RTFx"];
        let mut rows = vec![header.map(str::to_owned)];
        rows.extend(self.files.iter().map(|file| cells(&file.file_id, &file.figures)));
        rows.push(cells("TOTAL", &self.corpus));
        rows
    }

    /// One line for each file and one for the total, with rates as fractions and times in seconds.
    pub(super) fn csv(&self) -> String {
        let mut text = String::from(
            "file,der,missed_detection,false_alarm,confusion,jer,hypothesis_speakers,reference_speakers,duration_s,processing_s,rtfx",
        );
        let all = self.timings();
        all.stages().iter().for_each(|stage| text += &format!(",{}_s", stage.name));
        text += ",decode_beside_s,resample_beside_s,cache_chunks,cache_hits\n";
        let of_file = |file: &FileRecord| (file.figures, file.timings.seconds, file.cache_use.unwrap_or_default());
        let files = self.files.iter().map(|file| (file.file_id.as_str(), of_file(file)));
        let total = (self.corpus, all, self.cache_use().unwrap_or_default());
        for (name, (figures, timings, cache_use)) in files.chain([("TOTAL", total)]) {
            let [miss, false_alarm, confusion] = figures.rates();
            let Figures { der, jer, num_hypothesis_speakers, num_reference_speakers, duration_s, processing_s, .. } =
                &figures;
            // A file id has no blanks. It may have commas, so it is quoted.
            text += &format!(
                "\"{}\",{der:.6},{miss:.6},{false_alarm:.6},{confusion:.6},{jer:.6},{num_hypothesis_speakers},{num_reference_speakers},{duration_s:.3},{processing_s:.3},{:.3}",
                name.replace('"', "\"\""),
                figures.rtfx()
            );
            timings.stages().iter().for_each(|stage| text += &format!(",{:.6}", stage.wall_s));
            let CacheUse { num_chunks, num_hits } = cache_use;
            text +=
                &format!(",{:.6},{:.6},{num_chunks},{num_hits}\n", timings.decode_beside_s, timings.resample_beside_s);
        }
        text
    }
}

fn cells(name: &str, figures: &Figures) -> [String; 8] {
    let percent = |rate: f64| format!("{:.2}", 100.0 * rate);
    let [miss, false_alarm, confusion] = figures.rates();
    [
        name.to_owned(),
        percent(figures.der),
        percent(miss),
        percent(false_alarm),
        percent(confusion),
        percent(figures.jer),
        format!("{}/{}", figures.num_hypothesis_speakers, figures.num_reference_speakers),
        format!("{:.1}", figures.rtfx()),
    ]
}

#[cfg(test)]
pub(super) mod tests {
    use diarist::Settings;

    use super::*;

    pub(in super::super) fn figures(confusion_s: f64, total_s: f64, processing_s: f64) -> Figures {
        let der = DerComponents { total_s, correct_s: total_s - confusion_s, confusion_s, ..DerComponents::default() };
        let jer = JerComponents { speaker_error: confusion_s / total_s, num_speakers: 1 };
        let scores = Scores { der, jer, num_reference_speakers: 2, num_hypothesis_speakers: 3 };
        Figures::new(&scores, 2.0 * total_s, processing_s)
    }

    fn timings() -> Timings {
        Timings {
            decode_s: 0.05,
            resample_s: 0.05,
            fbank_s: 0.1,
            segmentation_s: 0.2,
            embedding_s: 0.4,
            gpu_s: 0.0,
            clustering_s: 0.05,
            timeline_s: 0.03,
            output_s: 0.02,
            total_s: 1.0,
            decode_beside_s: 0.3,
            resample_beside_s: 0.0,
        }
    }

    pub(in super::super) fn report(files: &[(&str, Figures)]) -> Report {
        let setup = Setup {
            options: JsonOptions::from(&Settings::default()),
            precision: "f32".to_owned(),
            rule: "nist".to_owned(),
            collar_s: 0.0,
            skip_overlap: false,
            instruction_set: "avx2".to_owned(),
            num_threads: 2,
            iterations: 1,
            live: None,
        };
        let mut report = Report::new(setup, 0.5);
        for (file_id, figures) in files {
            report.insert(FileRecord {
                file_id: (*file_id).to_owned(),
                audio: format!("{file_id}.wav"),
                has_uem: true,
                regions: vec![(0.0, 4.0)],
                figures: *figures,
                timings: JsonTimings::new(&timings(), 1.0),
                cache_use: Some(CacheUse { num_chunks: 10, num_hits: 4 }),
                live: None,
                reference: vec![Turn::new(0.0, 4.0, "<Ann & Bo>")],
                hypothesis: vec![Turn::new(1.0, 4.0, "SPEAKER_00")],
                mapping: vec![("SPEAKER_00".to_owned(), "<Ann & Bo>".to_owned())],
            });
        }
        report
    }

    #[test]
    fn the_total_comes_from_sums_and_files_are_sorted() {
        let report = report(&[("b", figures(1.0, 10.0, 2.0)), ("a", figures(0.0, 30.0, 6.0))]);
        let rows = report.rows();
        assert_eq!(rows[1], ["a", "0.00", "0.00", "0.00", "0.00", "0.00", "3/2", "10.0"]);
        assert_eq!(rows[3], ["TOTAL", "2.50", "0.00", "0.00", "2.50", "5.00", "6/4", "10.0"]);
    }

    #[test]
    fn csv_has_a_column_for_every_field() {
        let text = report(&[("a,b", figures(1.0, 10.0, 2.0))]).csv();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].split(',').count(), 24);
        assert_eq!(lines[2].split(',').count(), 24);
        assert_eq!(
            lines[1],
            "\"a,b\",0.100000,0.000000,0.000000,0.100000,0.100000,3,2,20.000,2.000,10.000,\
             0.050000,0.050000,0.100000,0.200000,0.400000,0.000000,0.050000,0.030000,0.020000,0.300000,0.000000,10,4"
        );
        assert!(lines[2].starts_with("\"TOTAL\","));
    }

    #[test]
    fn a_report_is_read_back_as_written() {
        let report = report(&[("a", figures(1.0, 10.0, 2.0))]);
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }
}
