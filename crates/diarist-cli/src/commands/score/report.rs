//! Scores as a table for people, or as JSON for programs.

use std::io::{self, Write};

use diarist::parts::metrics::{DerComponents, JerComponents, ScoreOptions, Scores};
use serde::Serialize;

use crate::table::Form;

/// The scores of all files.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    convention: Convention,
    files: Vec<Row>,
    corpus: Row,
    #[serde(skip)]
    der: DerComponents,
    #[serde(skip)]
    jer: JerComponents,
}

/// The options that every figure depends on.
#[derive(Debug, Serialize)]
struct Convention {
    /// Unscored seconds on each side of a reference boundary.
    collar_s: f64,
    skip_overlap: bool,
    regions: Regions,
}

/// Origin of the scored regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Regions {
    /// A UEM.
    Uem,
    /// The extent of both annotations.
    Extent,
    /// A UEM for some files, the extent for the others.
    Mixed,
}

/// The scores of a file or of the corpus; rates are fractions.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
    regions: Regions,
    der: f64,
    missed_detection: f64,
    false_alarm: f64,
    confusion: f64,
    jer: f64,
    total_s: f64,
    missed_detection_s: f64,
    false_alarm_s: f64,
    confusion_s: f64,
    num_hypothesis_speakers: usize,
    num_reference_speakers: usize,
}

impl Row {
    fn new(file_id: Option<String>, regions: Regions, scores: &Scores) -> Self {
        let Scores { der, jer, num_reference_speakers, num_hypothesis_speakers } = *scores;
        Self {
            file_id,
            regions,
            der: der.der(),
            missed_detection: der.missed_detection(),
            false_alarm: der.false_alarm(),
            confusion: der.confusion(),
            jer: jer.jer(),
            total_s: der.total_s,
            missed_detection_s: der.missed_detection_s,
            false_alarm_s: der.false_alarm_s,
            confusion_s: der.confusion_s,
            num_hypothesis_speakers,
            num_reference_speakers,
        }
    }

    fn cells(&self) -> [String; 7] {
        let percent = |rate: f64| format!("{:.2}", 100.0 * rate);
        [
            self.file_id.clone().unwrap_or_else(|| "TOTAL".to_owned()),
            percent(self.der),
            percent(self.missed_detection),
            percent(self.false_alarm),
            percent(self.confusion),
            percent(self.jer),
            format!("{}/{}", self.num_hypothesis_speakers, self.num_reference_speakers),
        ]
    }
}

impl Report {
    /// A report without files.
    pub(super) fn new(options: &ScoreOptions) -> Self {
        let none = Scores {
            der: DerComponents::default(),
            jer: JerComponents::default(),
            num_reference_speakers: 0,
            num_hypothesis_speakers: 0,
        };
        let (collar_s, skip_overlap) = (options.collar_s, options.skip_overlap);
        Self {
            convention: Convention { collar_s, skip_overlap, regions: Regions::Extent },
            files: Vec::new(),
            corpus: Row::new(None, Regions::Extent, &none),
            der: none.der,
            jer: none.jer,
        }
    }

    /// Adds the scores of one file.
    pub(super) fn add(&mut self, file_id: String, has_uem: bool, scores: Scores) {
        let regions = if has_uem { Regions::Uem } else { Regions::Extent };
        let is_first = self.files.is_empty();
        self.files.push(Row::new(Some(file_id), regions, &scores));
        self.der += scores.der;
        self.jer += scores.jer;
        let corpus = Scores {
            der: self.der,
            jer: self.jer,
            num_reference_speakers: self.corpus.num_reference_speakers + scores.num_reference_speakers,
            num_hypothesis_speakers: self.corpus.num_hypothesis_speakers + scores.num_hypothesis_speakers,
        };
        let all = if is_first || self.convention.regions == regions { regions } else { Regions::Mixed };
        self.convention.regions = all;
        self.corpus = Row::new(None, all, &corpus);
    }

    /// Writes the convention on one line, then an aligned table with rates in percent of the
    /// reference speech.
    pub(super) fn write_table(&self, form: Form, out: &mut impl Write) -> io::Result<()> {
        let Convention { collar_s, skip_overlap, regions } = &self.convention;
        let overlap = if *skip_overlap { "skipped" } else { "scored" };
        let regions = match regions {
            Regions::Uem => "UEM",
            Regions::Extent => "extent of reference and hypothesis (no UEM)",
            Regions::Mixed => "UEM where there is one, else extent of reference and hypothesis",
        };
        form.remark(out, &format!("collar {collar_s} s on each side, overlap {overlap}, regions: {regions}"))?;
        let header = ["file", "DER %", "miss %", "false alarm %", "confusion %", "JER %", "speakers hyp/ref"];
        let mut rows = vec![header.map(str::to_owned)];
        rows.extend(self.files.iter().chain([&self.corpus]).map(Row::cells));
        form.table(out, &rows)
    }

    /// Writes the scores as JSON, with rates as fractions.
    pub(super) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::new(&ScoreOptions { collar_s: 0.25, skip_overlap: true });
        let der = DerComponents {
            total_s: 10.0,
            correct_s: 8.0,
            missed_detection_s: 1.0,
            false_alarm_s: 0.5,
            confusion_s: 1.0,
        };
        let jer = JerComponents { speaker_error: 0.5, num_speakers: 2 };
        let scores = Scores { der, jer, num_reference_speakers: 2, num_hypothesis_speakers: 3 };
        report.add("meeting".to_owned(), true, scores);
        let der = DerComponents { total_s: 30.0, correct_s: 30.0, ..DerComponents::default() };
        let jer = JerComponents { speaker_error: 0.0, num_speakers: 3 };
        report.add("b".to_owned(), false, Scores { der, jer, num_reference_speakers: 3, num_hypothesis_speakers: 3 });
        report
    }

    #[test]
    fn the_table_is_aligned_and_the_total_comes_from_sums() {
        let mut text = Vec::new();
        report().write_table(Form::Text, &mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "\
# collar 0.25 s on each side, overlap skipped, regions: UEM where there is one, else extent of reference and hypothesis
file     DER %  miss %  false alarm %  confusion %  JER %  speakers hyp/ref
meeting  25.00   10.00           5.00        10.00  25.00               3/2
b         0.00    0.00           0.00         0.00   0.00               3/3
TOTAL     6.25    2.50           1.25         2.50  10.00               6/5
"
        );
    }

    #[test]
    fn json_has_fractions_and_seconds() {
        let mut text = Vec::new();
        report().write_json(&mut text).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(json["convention"]["collar_s"], 0.25);
        assert_eq!(json["convention"]["regions"], "mixed");
        assert_eq!(json["files"][0]["file_id"], "meeting");
        assert_eq!(json["files"][0]["regions"], "uem");
        assert_eq!(json["corpus"]["der"], 0.0625);
        assert_eq!(json["corpus"]["confusion_s"], 1.0);
    }
}
