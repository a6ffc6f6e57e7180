//! Audio from a source on a thread of its own, so that it is taken as it comes while the networks
//! compute.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use diarist::Error;
use diarist::parts::audio::AudioSource;
use diarist::parts::segmentation::SAMPLE_RATE;

/// Most pieces that wait. A source that cannot wait counts its losses.
const MAX_WAITING: usize = 64;
/// Longest piece of a file at the speed of playback: it arrives when its end would be heard.
const PIECE_SAMPLES: usize = SAMPLE_RATE as usize / 10;

/// A source of audio for live diarization.
pub(super) struct LiveInput {
    /// Name of the recording.
    pub(super) name: String,
    pub(super) source: Box<dyn AudioSource>,
    /// Samples (16 kHz) lost by a source that cannot wait, since they were last asked for.
    pub(super) lost: Arc<AtomicUsize>,
    /// A value that must live while the source is read.
    pub(super) keep: Option<Box<dyn Any>>,
}

impl LiveInput {
    /// A source that waits until it is read.
    pub(super) fn patient(name: String, source: Box<dyn AudioSource>) -> Self {
        Self { name, source, lost: Arc::default(), keep: None }
    }
}

/// The next part of the input.
#[derive(Debug)]
pub(super) enum Piece {
    /// Samples, the number of those before them that were lost, and when they arrived.
    Samples { samples: Vec<f32>, lost: usize, arrived: Instant },
    /// Nothing came in time.
    Nothing,
    /// The input is over.
    End,
    /// The input cannot be read any further.
    Fault(Error),
}

/// The receiving end of a source.
pub(super) struct Feed {
    pieces: Receiver<Piece>,
    _keep: Option<Box<dyn Any>>,
}

impl Feed {
    /// Starts reading, at the speed of playback if `paced`.
    pub(super) fn start(input: LiveInput, paced: bool) -> Self {
        let LiveInput { mut source, lost, keep, .. } = input;
        let (sender, pieces) = sync_channel(MAX_WAITING);
        thread::spawn(move || {
            let source = source.as_mut();
            let last = if paced { read_paced(source, &sender) } else { read(source, &lost, &sender) };
            // The receiver may be gone.
            let _ = sender.send(last);
        });
        Self { pieces, _keep: keep }
    }

    /// The next piece, waiting for at most `timeout`.
    pub(super) fn next(&self, timeout: Duration) -> Piece {
        match self.pieces.recv_timeout(timeout) {
            Ok(piece) => piece,
            Err(RecvTimeoutError::Timeout) => Piece::Nothing,
            Err(RecvTimeoutError::Disconnected) => Piece::End,
        }
    }
}

fn read(source: &mut dyn AudioSource, lost: &AtomicUsize, sender: &SyncSender<Piece>) -> Piece {
    loop {
        let mut samples = Vec::new();
        match source.read(&mut samples) {
            Ok(true) => {
                let lost = lost.swap(0, Ordering::Relaxed);
                if sender.send(Piece::Samples { samples, lost, arrived: Instant::now() }).is_err() {
                    return Piece::End;
                }
            }
            Ok(false) => return Piece::End,
            Err(error) => return Piece::Fault(error),
        }
    }
}

fn read_paced(source: &mut dyn AudioSource, sender: &SyncSender<Piece>) -> Piece {
    let start = Instant::now();
    let mut num_samples = 0;
    loop {
        let mut block = Vec::new();
        match source.read(&mut block) {
            Ok(true) => {}
            Ok(false) => return Piece::End,
            Err(error) => return Piece::Fault(error),
        }
        for piece in block.chunks(PIECE_SAMPLES) {
            num_samples += piece.len();
            let due = start + Duration::from_secs_f64(num_samples as f64 / f64::from(SAMPLE_RATE));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if sender.send(Piece::Samples { samples: piece.to_vec(), lost: 0, arrived: due }).is_err() {
                return Piece::End;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use diarist::parts::audio::SliceSource;

    use super::*;

    /// A source that breaks after its samples.
    struct Broken(Option<Vec<f32>>);

    impl AudioSource for Broken {
        fn read(&mut self, out: &mut Vec<f32>) -> diarist::Result<bool> {
            let samples = self.0.take().ok_or_else(|| Error::input("the device is gone"))?;
            out.extend(samples);
            Ok(true)
        }
    }

    fn samples_of(feed: &Feed) -> (Vec<f32>, Piece) {
        let mut all = Vec::new();
        loop {
            match feed.next(Duration::from_secs(10)) {
                Piece::Samples { samples, .. } => all.extend(samples),
                last => return (all, last),
            }
        }
    }

    #[test]
    fn everything_arrives_in_order_paced_or_not() {
        let signal: Vec<f32> = (0..5000).map(|i| i as f32).collect();
        let signal: &'static [f32] = signal.leak();
        for paced in [false, true] {
            let feed = Feed::start(LiveInput::patient(String::new(), Box::new(SliceSource::new(signal))), paced);
            let (found, last) = samples_of(&feed);
            assert!(matches!(last, Piece::End) && found == signal, "paced: {paced}");
        }
    }

    #[test]
    fn a_fault_comes_after_the_audio_before_it() {
        let feed = Feed::start(LiveInput::patient(String::new(), Box::new(Broken(Some(vec![1.0; 10])))), false);
        let (found, last) = samples_of(&feed);
        assert!(matches!(last, Piece::Fault(error) if error.to_string().contains("gone")) && found.len() == 10);
    }
}
