//! Diarizes speech while it arrives on standard input as raw samples: 16 kHz mono, 16-bit
//! little-endian.
//!
//! ```text
//! ffmpeg -v error -i fixtures/audio/conversation.flac -f s16le -ar 16000 -ac 1 - |
//!     cargo run --release -p diarist --example live_stdin
//! arecord -q -f S16_LE -r 16000 -c 1 | cargo run --release -p diarist --example live_stdin
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::io::{self, Read};

use diarist::{Diarizer, Live, LiveEvent, LiveSettings, Settings};

/// Bytes in 0.1 s of audio.
const BLOCK_BYTES: u64 = 3200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let diarizer = Diarizer::new(&Settings::default())?;
    let mut live = Live::new(&diarizer, &LiveSettings { latency_s: 1.0, ..LiveSettings::default() })?;
    let mut stdin = io::stdin().lock();
    let mut bytes = Vec::new();
    // `take` fills a block even if a pipe hands out less, so a sample is never cut in two.
    while stdin.by_ref().take(BLOCK_BYTES).read_to_end(&mut bytes)? > 0 {
        let (samples, rest) = bytes.as_chunks();
        if !rest.is_empty() {
            eprintln!("the input ends in the middle of a sample");
        }
        let samples: Vec<f32> = samples.iter().map(|bytes| f32::from(i16::from_le_bytes(*bytes)) / 32_768.0).collect();
        let events = live.push(&samples)?;
        events.iter().for_each(|event| show(event, live.duration_s()));
        bytes.clear();
    }
    let end_s = live.duration_s();
    let result = live.finish("stdin")?;
    result.events.iter().for_each(|event| show(event, end_s));

    println!("\nThe whole recording, clustered once more:");
    for turn in &result.diarization.turns {
        println!("{:8.2} s {:8.2} s  {}", turn.start_s, turn.end_s, turn.speaker);
    }
    Ok(())
}

fn show(event: &LiveEvent, now_s: f64) {
    match event {
        LiveEvent::Opened { turn, speaker, start_s } => {
            println!("{now_s:7.1} s: speaker {speaker} speaks from {start_s:.2} s on (turn {turn})");
        }
        LiveEvent::Closed { turn, end_s } => println!("{now_s:7.1} s: turn {turn} ends at {end_s:.2} s"),
        LiveEvent::Relabelled { turn, speaker } => {
            println!("{now_s:7.1} s: turn {turn} is of speaker {speaker} after all");
        }
        LiveEvent::Moved { turn, start_s, end_s } => {
            println!("{now_s:7.1} s: turn {turn} is from {start_s:.2} s to {end_s:.2} s after all");
        }
        LiveEvent::Removed { turn } => println!("{now_s:7.1} s: turn {turn} was none"),
        LiveEvent::Merged { speaker, into } => println!("{now_s:7.1} s: speakers {speaker} and {into} are one person"),
        _ => {}
    }
}
