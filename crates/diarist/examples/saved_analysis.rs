//! Runs the networks over a recording once, and looks for another number of speakers later.
//!
//! ```text
//! cargo run --release -p diarist --example saved_analysis -- \
//!     fixtures/audio/conversation.flac /tmp/conversation.diarist
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;
use std::time::Instant;

use diarist::{Analysis, Diarizer, Result, Settings};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [recording, saved] = &arguments[..] else {
        eprintln!("usage: saved_analysis RECORDING SAVED");
        return ExitCode::from(2);
    };
    match run(recording, saved) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(recording: &str, saved: &str) -> Result<()> {
    let diarizer = Diarizer::new(&Settings::default())?;
    let clock = Instant::now();
    diarizer.analyze(recording)?.save(saved)?;
    println!("{recording} was analyzed in {:.1} s and saved as {saved}", clock.elapsed().as_secs_f64());

    let analysis = Analysis::open(saved)?;
    for num_speakers in [None, Some(2), Some(3)] {
        let clock = Instant::now();
        let result = diarizer.with_num_speakers(num_speakers, None, None)?.cluster(&analysis)?;
        let elapsed_ms = clock.elapsed().as_secs_f64() * 1e3;
        match num_speakers {
            Some(number) => println!("\n{number} speakers, as asked for ({elapsed_ms:.0} ms)"),
            None => println!("\n{} speakers, as found ({elapsed_ms:.0} ms)", result.speakers.len()),
        }
        for speaker in &result.speakers {
            println!("{}: {:.1} s in {} turns", speaker.label, speaker.speech_s, speaker.num_turns);
        }
    }
    Ok(())
}
