//! The table of kernels.

use std::fmt;

use diarist_gpu::Timing;

/// Rows of the kernels of each network, the slowest first, and of their sum.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Default)]
struct Row {
    network: String,
    /// Name of its file, the form of its numbers, its constants.
    kernel: String,
    num_dispatches: usize,
    seconds: f64,
    /// Seconds of the network.
    all_seconds: f64,
    flop: u64,
    bytes: u64,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.num_dispatches += other.num_dispatches;
        self.seconds += other.seconds;
        self.flop += other.flop;
        self.bytes += other.bytes;
    }
}

impl Table {
    /// Adds the dispatches of a network; those of equal kernels become one row.
    pub(crate) fn add(&mut self, network: &str, timings: Vec<Timing>) {
        let all_seconds = timings.iter().map(|timing| timing.seconds).sum();
        let mut all = Row { network: network.to_owned(), kernel: "all".to_owned(), all_seconds, ..Row::default() };
        let mut rows: Vec<Row> = Vec::new();
        for Timing { kernel, seconds, flop, bytes } in timings {
            let row = Row { kernel, seconds, flop, bytes, num_dispatches: 1, ..all.clone() };
            match rows.iter_mut().find(|other| other.kernel == row.kernel) {
                Some(other) => other.add(&row),
                None => rows.push(row),
            }
        }
        rows.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        rows.iter().for_each(|row| all.add(row));
        self.rows.extend(rows);
        self.rows.push(all);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "network           element  dispatches         ms  share   TFLOP/s      GB/s  kernel")?;
        self.rows.iter().try_for_each(|row| write!(f, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, kernel, num_dispatches, seconds, all_seconds, flop, bytes } = self;
        // The clock may stand still during a short kernel.
        let least = seconds.max(1e-9);
        let mut words = kernel.split(' ');
        let name = words.next().unwrap_or_default();
        let element = words.next().unwrap_or_default();
        let constants: String = words.map(|word| format!(" {word}")).collect();
        writeln!(
            f,
            "{network:<16}  {element:<7}  {num_dispatches:>10}  {:>9.3}  {:>4.1}%  {:>8.4}  {:>8.2}  {name}{constants}",
            1e3 * seconds,
            100.0 * seconds / all_seconds.max(1e-9),
            *flop as f64 * 1e-12 / least,
            *bytes as f64 * 1e-9 / least,
        )
    }
}
