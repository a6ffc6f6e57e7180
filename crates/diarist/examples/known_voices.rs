//! Names the speakers of a recording after people who are known from clips. In a clip one person
//! speaks alone, for at least 5 s.
//!
//! ```text
//! ffmpeg -v error -ss 4.3 -t 5.3 -i fixtures/audio/conversation.flac /tmp/ben.wav
//! cargo run --release -p diarist --example known_voices --features speaker-database -- \
//!     fixtures/audio/conversation.flac Ada fixtures/audio/single.flac Ben /tmp/ben.wav
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::path::Path;
use std::process::ExitCode;

use diarist::{Diarizer, Result, Settings, SpeakerDatabase};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (recording, people) = match &arguments[..] {
        [recording, people @ ..] if !people.is_empty() && people.len() % 2 == 0 => (recording, people.as_chunks().0),
        _ => {
            eprintln!("usage: known_voices RECORDING NAME CLIP [NAME CLIP]...");
            return ExitCode::from(2);
        }
    };
    match run(recording, people) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(recording: &str, people: &[[String; 2]]) -> Result<()> {
    let diarizer = Diarizer::new(&Settings::default())?;
    let path = std::env::temp_dir().join(format!("known-voices-{}.db", std::process::id()));
    let named = name_speakers(&diarizer, &path, recording, people);
    // A real program keeps the database; this one starts anew each time.
    let _ = std::fs::remove_file(&path);
    named
}

fn name_speakers(diarizer: &Diarizer, path: &Path, recording: &str, people: &[[String; 2]]) -> Result<()> {
    let mut database = SpeakerDatabase::open_or_create(path)?;
    for [name, clip] in people {
        diarizer.enroll(&mut database, name, clip.as_str())?;
    }
    let result = diarizer.with_speakers(&database, None)?.diarize(recording)?;
    for speaker in &result.speakers {
        let best = speaker.identification.as_ref().and_then(|found| found.best.as_ref());
        match (&speaker.name, best) {
            (Some(name), Some(best)) => println!("{} is {name}, probability {:.3}", speaker.label, best.probability),
            (_, Some(best)) => println!("{} is unknown; {} is the most similar", speaker.label, best.name),
            (_, None) => println!("{} is unknown", speaker.label),
        }
    }
    for turn in &result.annotation().turns {
        println!("{:8.2} s {:8.2} s  {}", turn.start_s, turn.end_s, turn.speaker);
    }
    Ok(())
}
