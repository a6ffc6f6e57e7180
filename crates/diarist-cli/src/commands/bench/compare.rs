//! Two reports side by side.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use diarist::parts::files;
use diarist::{Error, Result};

use super::record::{Figures, Report};
use super::statistics;
use crate::table::Form;

/// Reads `report.json` of an earlier run, or of the folder of one.
pub(super) fn read(path: &Path) -> Result<Report> {
    let path = &if path.is_dir() { path.join("report.json") } else { path.to_owned() };
    let bytes = files::read(path)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Error::input("not a report of `diarist bench`")
            .caused_by(error)
            .hint("give the report.json of a run with --output-dir")
            .at(path.display().to_string())
    })
}

/// Writes a row for each file of both reports: both error rates, the difference in points, and the
/// ratio of the speeds. Then how far the totals depend on the choice of files.
pub(super) fn write(first: &Report, second: &Report, form: Form, out: &mut impl Write) -> io::Result<()> {
    form.remark(out, &format!("A: {}; {}", first.setup.convention(), first.setup.conditions()))?;
    form.remark(out, &format!("B: {}; {}", second.setup.convention(), second.setup.conditions()))?;
    let others: BTreeMap<&str, &Figures> =
        second.files.iter().map(|file| (file.file_id.as_str(), &file.figures)).collect();
    let common: Vec<(&str, &Figures, &Figures)> = first
        .files
        .iter()
        .filter_map(|file| Some((file.file_id.as_str(), &file.figures, *others.get(file.file_id.as_str())?)))
        .collect();
    let header = ["file", "DER % A", "DER % B", "B - A", "JER % A", "JER % B", "B - A", "speed B / A"];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(common.iter().map(|(file_id, a, b)| cells(file_id, a, b)));
    let total = |side: fn(&(&str, &Figures, &Figures)) -> Figures| {
        let all: Vec<Figures> = common.iter().map(side).collect();
        Figures::sum(all.iter())
    };
    rows.push(cells("TOTAL", &total(|(_, a, _)| **a), &total(|(_, _, b)| **b)));
    form.table(out, &rows)?;
    for line in certainty(&common) {
        form.remark(out, &line)?;
    }
    let left_out = first.files.len() + second.files.len() - 2 * common.len();
    if left_out > 0 {
        form.remark(out, &format!("{left_out} files are only in one report and not counted"))?;
    }
    Ok(())
}

/// Intervals of both rates and of their difference, and the paired test; nothing for a single file.
fn certainty(common: &[(&str, &Figures, &Figures)]) -> Vec<String> {
    let pairs: Vec<(&Figures, &Figures)> = common.iter().map(|&(_, a, b)| (a, b)).collect();
    let (a, b): (Vec<&Figures>, Vec<&Figures>) = pairs.iter().copied().unzip();
    let (Some(of_a), Some(of_b), Some(difference)) =
        (statistics::interval(&a), statistics::interval(&b), statistics::difference(&pairs))
    else {
        return Vec::new();
    };
    let percent = |(low, high): (f64, f64)| format!("{:.2} to {:.2} %", 100.0 * low, 100.0 * high);
    let (low, high) = difference.interval;
    vec![
        format!(
            "95 % intervals of the DER by bootstrap over {} files: A {}, B {}, B - A {:+.2} to {:+.2} points",
            pairs.len(),
            percent(of_a),
            percent(of_b),
            100.0 * low,
            100.0 * high
        ),
        format!("paired permutation test over files: p = {:.4} (small if A and B differ)", difference.p),
    ]
}

fn cells(name: &str, a: &Figures, b: &Figures) -> [String; 8] {
    let percent = |rate: f64| format!("{:.2}", 100.0 * rate);
    let points = |a: f64, b: f64| format!("{:+.2}", 100.0 * (b - a));
    let speed = if a.rtfx() > 0.0 { format!("{:.2}", b.rtfx() / a.rtfx()) } else { "-".to_owned() };
    [
        name.to_owned(),
        percent(a.der),
        percent(b.der),
        points(a.der, b.der),
        percent(a.jer),
        percent(b.jer),
        points(a.jer, b.jer),
        speed,
    ]
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{figures, report};
    use super::*;

    #[test]
    fn common_files_are_compared_and_the_others_counted() {
        let a =
            report(&[("x", figures(1.0, 10.0, 4.0)), ("y", figures(0.0, 30.0, 4.0)), ("z", figures(9.0, 9.0, 1.0))]);
        let b = report(&[("y", figures(3.0, 30.0, 2.0)), ("x", figures(1.0, 10.0, 2.0))]);
        let mut text = Vec::new();
        write(&a, &b, Form::Text, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[3], ["x", "10.00", "10.00", "+0.00", "10.00", "10.00", "+0.00", "2.00"]);
        assert_eq!(lines[4], ["y", "0.00", "10.00", "+10.00", "0.00", "10.00", "+10.00", "2.00"]);
        assert_eq!(lines[5][..4], ["TOTAL", "2.50", "10.00", "+7.50"]);
        // Two files: each of the four exchanges has the same difference, and a resample has one
        // file twice, or both.
        assert!(text.contains("over 2 files: A 0.00 to 10.00 %, B 10.00 to 10.00 %, B - A +0.00 to +10.00 points"));
        assert!(text.contains("p = 1.0000"), "{text}");
        assert_eq!(text.lines().last(), Some("# 1 files are only in one report and not counted"));
    }

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        assert!(read(&path).unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&path, "{}").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("not a report"));
    }
}
