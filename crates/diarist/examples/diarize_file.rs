//! Prints who speaks when in a recording.
//!
//! ```text
//! cargo run --release -p diarist --example diarize_file -- fixtures/audio/conversation.flac
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use diarist::{Diarizer, Progress, Recording, Settings};

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: diarize_file RECORDING");
        return ExitCode::from(2);
    };
    match diarize(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn diarize(path: &str) -> diarist::Result<()> {
    let mut settings = Settings::default();
    // Short pauses do not end a turn.
    settings.timeline.min_duration_off_s = 0.3;
    let diarizer = Diarizer::new(&settings)?;
    let result = diarizer.diarize(Recording::new(path).with_progress(show))?;
    for warning in &result.warnings {
        eprintln!("warning: {warning}");
    }
    for turn in &result.turns {
        println!("{:8.2} s {:8.2} s  {}", turn.start_s, turn.end_s, turn.speaker);
    }
    println!();
    for speaker in &result.speakers {
        let share = 100.0 * speaker.speech_s / result.duration_s;
        println!("{}: {:.1} s of speech, {share:.0} % of the recording", speaker.label, speaker.speech_s);
    }
    Ok(())
}

fn show(progress: Progress) {
    match progress.total_s {
        Some(total_s) => eprintln!("{:.0} of {total_s:.0} s", progress.processed_s),
        None => eprintln!("{:.0} s", progress.processed_s),
    }
}
