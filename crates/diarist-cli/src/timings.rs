//! The time of each stage of a recording, as a table.

use diarist::Diarization;

/// A row for each stage, one for the time between stages, and the total; shares are of the total.
pub(crate) fn rows(result: &Diarization) -> Vec<[String; 4]> {
    let (file_id, timings) = (result.file_id.as_str(), &result.timings);
    let total_s = timings.total_s.max(1e-6);
    let row = |name: &str, wall_s: f64, beside_s: f64| {
        let beside = if beside_s > 0.0 { format!("{beside_s:.3}") } else { String::new() };
        [name.to_owned(), format!("{wall_s:.3}"), format!("{:.1}", 100.0 * wall_s / total_s), beside]
    };
    let mut rows = vec![[file_id, "wall s", "%", "beside networks s"].map(str::to_owned)];
    rows.extend(timings.stages().iter().map(|stage| row(stage.name, stage.wall_s, stage.beside_s)));
    rows.push(row("other", timings.other_s(), 0.0));
    rows.push(row("total", timings.total_s, 0.0));
    rows.push([
        "times real time".to_owned(),
        format!("{:.1}", result.duration_s / total_s),
        String::new(),
        String::new(),
    ]);
    if let Some(cache_use) = &result.cache_use {
        let found = format!("{}/{}", cache_use.num_hits, cache_use.num_chunks);
        let share = format!("{:.1}", 100.0 * cache_use.hit_rate());
        rows.push(["chunks in the cache".to_owned(), found, share, String::new()]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use diarist::parts::inference::{CacheUse, Timings};

    use super::*;

    #[test]
    fn the_table_has_every_stage_and_adds_up() {
        let mut result = Diarization::default();
        (result.file_id, result.duration_s) = ("talk".to_owned(), 50.0);
        result.timings =
            Timings { decode_s: 0.5, embedding_s: 1.0, total_s: 2.0, resample_beside_s: 0.25, ..Timings::default() };
        result.cache_use = Some(CacheUse { num_chunks: 8, num_hits: 3 });
        let rows = rows(&result);
        let find = |name: &str| rows.iter().find(|row| row[0] == name).unwrap()[1..].join("|");
        assert_eq!(rows[0][0], "talk");
        assert_eq!(find("decode"), "0.500|25.0|");
        assert_eq!(find("resample"), "0.000|0.0|0.250");
        assert_eq!(find("other"), "0.500|25.0|");
        assert_eq!(find("total"), "2.000|100.0|");
        assert_eq!(find("times real time"), "25.0||");
        assert_eq!(find("chunks in the cache"), "3/8|37.5|");
        assert_eq!(rows.len(), 14);
    }
}
