//! Times the whole pipeline on a GPU beside the CPU, in every profile.
//!
//!     cargo bench -p diarist --features gpu --bench gpu -- [SECONDS] [DEVICE] [IN_FLIGHT]
//!
//! The recording is the sample of four voices, repeated up to SECONDS (3600). The CPU takes at most
//! 600 s of it, with all threads. IN_FLIGHT recordings (4) are then diarized at the same time.
//! Rates are seconds of audio for each second of the clock, from samples in memory to turns, with
//! the networks loaded. The GPU runs once before it is timed. DER is that of its turns against
//! those of the CPU in the same profile, over the time that both have.
#![allow(clippy::print_stdout, reason = "a bench reports on stdout")]

use std::path::Path;
use std::time::Instant;

use diarist::parts::audio::{self, AudioSource};
use diarist::parts::inference::{Device, devices};
use diarist::parts::metrics::{ScoreOptions, score};
use diarist::{Diarization, Diarizer, Profile, Recording, Result, Settings};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |index: usize, default: usize| {
        arguments.get(index).map_or(default, |text| text.parse().expect("a whole number"))
    };
    let (seconds, in_flight) = (number(0, 3600), number(2, 4));
    let device: Device = arguments.get(1).map_or("gpu", String::as_str).parse()?;
    let samples = repeated_sample(16_000 * seconds)?;
    let on_cpu = &samples[..samples.len().min(16_000 * 600)];
    for info in devices() {
        println!("{}: {}", info.device, info.name);
    }
    println!("{seconds} s on {device}, the first {} s on the CPU", on_cpu.len() / 16_000);
    println!("profile   | CPU, x real time | GPU | GPU, {in_flight} recordings | GPU / CPU | DER of the GPU, %");
    for profile in Profile::ALL {
        let diarizer = |device: Device| {
            let mut settings = Settings::from(profile);
            settings.analysis.device = device;
            Diarizer::new(&settings)
        };
        let (cpu, gpu) = (diarizer(Device::Cpu)?, diarizer(device)?);
        let (cpu_rate, expected) = rate(on_cpu, || diarize(&cpu, on_cpu))?;
        let found = diarize(&gpu, on_cpu)?;
        let (gpu_rate, _) = rate(&samples, || diarize(&gpu, &samples))?;
        let clock = Instant::now();
        std::thread::scope(|scope| {
            let runs: Vec<_> = (0..in_flight).map(|_| scope.spawn(|| diarize(&gpu, &samples).map(drop))).collect();
            runs.into_iter().try_for_each(|run| run.join().expect("no panic"))
        })?;
        let together = (in_flight * samples.len()) as f64 / 16_000.0 / clock.elapsed().as_secs_f64();
        let (expected, found) = (expected.annotation(), found.annotation());
        let der = 100.0 * score(&expected, &found, None, &ScoreOptions::default())?.der.der();
        println!(
            "{:<9} | {cpu_rate:16.1} | {gpu_rate:.1} | {together:.1} | {:.2} | {der:.3}",
            profile.name(),
            together / cpu_rate
        );
    }
    Ok(())
}

/// The sample of four voices again and again, `[len]`, 16 kHz.
fn repeated_sample(len: usize) -> Result<Vec<f32>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/audio/conversation.flac");
    let mut source = audio::open(Path::new(path))?;
    let mut sample = Vec::new();
    while source.read(&mut sample)? {}
    Ok(sample.iter().copied().cycle().take(len).collect())
}

fn diarize(diarizer: &Diarizer, samples: &[f32]) -> Result<Diarization> {
    diarizer.diarize(Recording::from_samples("sample", samples))
}

fn rate(samples: &[f32], run: impl FnOnce() -> Result<Diarization>) -> Result<(f64, Diarization)> {
    let clock = Instant::now();
    let result = run()?;
    Ok((samples.len() as f64 / 16_000.0 / clock.elapsed().as_secs_f64(), result))
}
