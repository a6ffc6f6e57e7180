//! Where the time of a recording went, as a table.

use diarist::pipeline::Timings;

/// One row per stage, what lies between them, and the total; shares are of the total.
pub(crate) fn rows(file_id: &str, timings: &Timings, duration_s: f64) -> Vec<[String; 4]> {
    let total_s = timings.total_s.max(1e-6);
    let row = |name: &str, wall_s: f64, beside_s: f64| {
        let beside = if beside_s > 0.0 { format!("{beside_s:.3}") } else { String::new() };
        [name.to_owned(), format!("{wall_s:.3}"), format!("{:.1}", 100.0 * wall_s / total_s), beside]
    };
    let mut rows = vec![[file_id, "wall s", "%", "beside embedding s"].map(str::to_owned)];
    rows.extend(timings.stages().iter().map(|stage| row(stage.name, stage.wall_s, stage.beside_s)));
    rows.push(row("other", timings.other_s(), 0.0));
    rows.push(row("total", timings.total_s, 0.0));
    rows.push(["times real time".to_owned(), format!("{:.1}", duration_s / total_s), String::new(), String::new()]);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_stage_and_adds_up() {
        let timings =
            Timings { decode_s: 0.5, embedding_s: 1.0, total_s: 2.0, resample_beside_s: 0.25, ..Timings::default() };
        let rows = rows("talk", &timings, 50.0);
        let find = |name: &str| rows.iter().find(|row| row[0] == name).unwrap()[1..].join("|");
        assert_eq!(rows[0][0], "talk");
        assert_eq!(find("decode"), "0.500|25.0|");
        assert_eq!(find("resample"), "0.000|0.0|0.250");
        assert_eq!(find("other"), "0.500|25.0|");
        assert_eq!(find("total"), "2.000|100.0|");
        assert_eq!(find("times real time"), "25.0||");
        assert_eq!(rows.len(), 12);
    }
}
