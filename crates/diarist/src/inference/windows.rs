//! Runs the networks over the windows of live streams, for several streams at the same time.
//!
//! All streams that share an analyzer compute on its threads, and put their windows into one queue.
//! A thread that becomes free takes the windows that wait there, up to [`MAX_WINDOWS`], through the
//! segmentation network in one call. It does not wait for more of them, so a stream alone has no
//! delay. A stream gives a window only after the one before, and windows are taken in their order.
//! So the queue has at most one window of each stream, and no stream comes before the others twice.
//!
//! The embedding network runs over one window after the other: its products are large enough with a
//! single one.

use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::models::pyannet::{Chunks, PyanNet, Workspace};
use crate::segmentation::CHUNK_SAMPLES;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

use super::chunk_model::ChunkState;
use super::networks::Networks;
use super::pool::Pool;
use super::scores::ChunkScoreOptions;
use super::threads::Threads;

/// Largest number of windows in a call of the segmentation network. From four on, the time per
/// window hardly falls (docs/adr/0007), and the first window of the call waits for the last.
const MAX_WINDOWS: usize = 4;

/// The windows that wait, and memory for those in work.
#[derive(Debug, Default)]
pub(super) struct Windows {
    waiting: Mutex<VecDeque<Waiting>>,
    batches: Pool<Batch>,
    chunks: Pool<ChunkState>,
}

/// A window that waits for the segmentation network.
#[derive(Debug)]
struct Waiting {
    /// All [`CHUNK_SAMPLES`] samples.
    signal: Vec<f32>,
    done: SyncSender<Segmented>,
}

#[derive(Debug)]
struct Segmented {
    signal: Vec<f32>,
    masks: ChunkMasks,
    probabilities: ChunkProbabilities,
}

/// Memory for the windows of one call.
#[derive(Debug, Default)]
struct Batch {
    workspace: Workspace,
    /// The samples of one window after the other.
    signal: Vec<f32>,
    masks: Vec<ChunkMasks>,
    probabilities: Vec<ChunkProbabilities>,
}

impl Windows {
    /// Runs both networks over a window, and calls `work` with the result on one of `threads`.
    /// `audio` has at most [`CHUNK_SAMPLES`] finite samples; a shorter window is padded with zeros.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if an embedding is not finite, [`ErrorKind::Internal`] if the network
    /// panics in the call of another stream that has the window, and those of `work`.
    pub(super) fn run<R: Send>(
        &self,
        networks: &Networks,
        threads: &Threads,
        audio: &[f32],
        work: impl FnOnce(&ChunkState) -> Result<R> + Send,
    ) -> Result<R> {
        let mut signal = Vec::with_capacity(CHUNK_SAMPLES);
        signal.extend_from_slice(audio);
        signal.resize(CHUNK_SAMPLES, 0.0);
        let (done, segmented) = sync_channel(1);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(Waiting { signal, done });
        // Either this call takes the window, or an earlier one has taken it.
        threads.install(|| self.segment_some(&networks.segmentation));
        let Segmented { signal, masks, probabilities } =
            segmented.recv().map_err(|_| Error::new(ErrorKind::Internal, "the segmentation of a window failed"))?;
        threads.install(|| {
            self.chunks.with(|chunk| {
                let options = ChunkScoreOptions::default();
                chunk.run_segmented(networks, &signal, (masks, probabilities), &[], &options)?;
                work(chunk)
            })
        })
    }

    /// Segments the windows that have waited longest.
    fn segment_some(&self, network: &PyanNet) {
        let taken: Vec<Waiting> = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let num_taken = waiting.len().min(MAX_WINDOWS);
            waiting.drain(..num_taken).collect()
        };
        if taken.is_empty() {
            return;
        }
        self.batches.with(|Batch { workspace, signal, masks, probabilities }| {
            signal.clear();
            taken.iter().for_each(|window| signal.extend_from_slice(&window.signal));
            masks.resize(taken.len(), ChunkMasks::default());
            probabilities.resize_with(taken.len(), ChunkProbabilities::default);
            let chunks = Chunks { signal, step_samples: CHUNK_SAMPLES, num_chunks: taken.len() };
            network.forward(chunks, workspace, masks, probabilities);
            for ((window, masks), probabilities) in taken.into_iter().zip(masks.drain(..)).zip(probabilities.drain(..))
            {
                // A stream that has panicked waits no longer.
                let _ = window.done.send(Segmented { signal: window.signal, masks, probabilities });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segmentation::SAMPLE_RATE;

    /// Ten seconds of a voice-like buzz with pauses.
    fn signal(pitch_hz: f32) -> Vec<f32> {
        let seconds = |sample| sample as f32 / SAMPLE_RATE as f32;
        let buzz =
            |t: f32| (1..20).map(|k| (std::f32::consts::TAU * pitch_hz * k as f32 * t).sin() / k as f32).sum::<f32>();
        (0..CHUNK_SAMPLES).map(seconds).map(|t| if t.fract() < 0.7 { 0.1 * buzz(t) } else { 0.0 }).collect()
    }

    #[test]
    fn windows_that_wait_are_segmented_together_as_each_alone() {
        let networks = Networks::embedded().unwrap();
        let windows = Windows::default();
        let signals: Vec<Vec<f32>> = (0..MAX_WINDOWS + 2).map(|index| signal(100.0 + 30.0 * index as f32)).collect();
        let results: Vec<_> = signals
            .iter()
            .map(|signal| {
                let (done, result) = sync_channel(1);
                windows.waiting.lock().unwrap().push_back(Waiting { signal: signal.clone(), done });
                result
            })
            .collect();
        let num_left = |windows: &Windows| windows.waiting.lock().unwrap().len();
        windows.segment_some(&networks.segmentation);
        assert_eq!(num_left(&windows), 2);
        windows.segment_some(&networks.segmentation);
        windows.segment_some(&networks.segmentation);
        assert_eq!(num_left(&windows), 0);
        let mut workspace = Workspace::default();
        for (signal, result) in signals.iter().zip(results) {
            let (mut masks, mut probabilities) = ([ChunkMasks::default()], [ChunkProbabilities::default()]);
            networks.segmentation.forward(Chunks::one(signal), &mut workspace, &mut masks, &mut probabilities);
            let found = result.try_recv().unwrap();
            assert_eq!((&found.signal, &found.masks, &found.probabilities), (signal, &masks[0], &probabilities[0]));
            assert_ne!(found.probabilities, ChunkProbabilities::default());
        }
    }
}
