//! Runs a recording through the networks while it is read.
//!
//! Chunks are processed in waves, each by one call of the machine that has the networks (the module
//! `backend`). The result of a chunk does not depend on its wave.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::analysis::saved::{Header, Probabilities, StoredSubsegments, Values};
use crate::analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Slot, Subsegments};
use crate::audio::{AudioSource, Repeated};
use crate::clock::Instant;
use crate::error::Result;
use crate::segmentation::CHUNK_SAMPLES;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

use super::backend::{Backend, Notices, Run, Wave, WaveOutput};
use super::beginning::Beginning;
use super::cache_use::CacheUse;
use super::checkpoint::{Checkpoint, Listener, mark};
use super::chunk_model::ChunkState;
use super::intake::Intake;
use super::machine;
use super::networks::{Networks, check_finite};
use super::recording::{Progress, Recording, check_cancel};
use super::settings::{AnalysisSettings, EmbeddingMode};
use super::threads::Threads;
use super::timings::Timings;
use super::wave::{ChunkEmbeddings, WaveSpan};
use super::windows::Windows;

/// Runs the networks over recordings, with one pool of threads. Results are the same for any number
/// of threads.
#[derive(Debug)]
pub struct Analyzer {
    settings: AnalysisSettings,
    pub(crate) networks: Arc<Networks>,
    threads: Threads,
    backend: Box<dyn Backend>,
    notices: Notices,
    windows: Windows,
}

/// An analysis, with timings and warnings.
#[derive(Debug, Clone)]
pub struct Analyzed {
    /// The output of the networks.
    pub analysis: Analysis,
    /// Seconds of the stages up to the embeddings; `total_s` begins when the recording is opened.
    pub timings: Timings,
    /// Hits of the cache in the mode [`EmbeddingMode::Cached`].
    pub cache_use: Option<CacheUse>,
    /// Parts of the recording that were lost or changed, one sentence each.
    pub warnings: Vec<String>,
    /// Share of the analyzed audio that is the recording itself: less than 1 if a short recording
    /// was repeated ([`Recording::repeated`]).
    pub share: f64,
    /// All samples (16 kHz mono) of a recording shorter than a chunk; `None` if a checkpoint held
    /// the whole analysis.
    pub short_recording: Option<Vec<f32>>,
}

impl Analyzer {
    /// Loads the networks that `settings` choose, and starts threads.
    ///
    /// # Errors
    /// As [`Networks::load`] and [`Self::with_networks`].
    pub fn new(settings: &AnalysisSettings) -> Result<Self> {
        settings.validate()?;
        let threads = Threads::start(settings)?;
        let networks = threads.install(|| Networks::load(settings))?;
        Self::with_threads(networks.into(), threads, settings)
    }

    /// Starts threads for networks that are loaded already. Several analyzers may share networks.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for settings outside their range,
    /// [`crate::ErrorKind::Device`] if a GPU was asked for by name and cannot be used,
    /// [`crate::ErrorKind::Internal`] if the system refuses to start threads.
    pub fn with_networks(networks: impl Into<Arc<Networks>>, settings: &AnalysisSettings) -> Result<Self> {
        settings.validate()?;
        Self::with_threads(networks.into(), Threads::start(settings)?, settings)
    }

    fn with_threads(networks: Arc<Networks>, threads: Threads, settings: &AnalysisSettings) -> Result<Self> {
        let notices = Notices::default();
        let backend = machine::backend(&networks, settings, &threads, &notices)?;
        let (settings, windows) = (settings.clone(), Windows::default());
        Ok(Self { settings, networks, threads, backend, notices, windows })
    }

    #[cfg(test)]
    pub(super) fn with_backend(
        networks: Arc<Networks>,
        settings: &AnalysisSettings,
        backend: Box<dyn Backend>,
        notices: Notices,
    ) -> Result<Self> {
        let (threads, windows) = (Threads::start(settings)?, Windows::default());
        Ok(Self { settings: settings.clone(), networks, threads, backend, notices, windows })
    }

    /// The settings in force.
    pub fn settings(&self) -> &AnalysisSettings {
        &self.settings
    }

    /// The networks that run.
    pub fn networks(&self) -> &Arc<Networks> {
        &self.networks
    }

    /// Number of computing threads.
    pub fn num_threads(&self) -> usize {
        self.threads.count()
    }

    /// Runs `work` on the analyzer's threads. Parallel loops inside it use only these threads.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.threads.install(work)
    }

    /// Runs the networks over a recording, which is the expensive part of a diarization.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the recording cannot be read; with a checkpoint also
    /// [`crate::ErrorKind::Output`] if its file cannot be written or is in use, and
    /// [`crate::ErrorKind::InvalidOption`] or [`crate::ErrorKind::Input`] if it was made with other
    /// settings or from another recording. Messages name the recording's file.
    pub fn analyze<'a>(&self, recording: impl Into<Recording<'a>>) -> Result<Analyzed> {
        let recording = recording.into();
        let place = recording.place();
        self.open_and_run(recording).map_err(|error| error.at_place(place.as_deref()))
    }

    fn open_and_run(&self, mut recording: Recording<'_>) -> Result<Analyzed> {
        let header = self.header(recording.file_id())?;
        let checkpoint = recording.checkpoint.take().map(|path| Checkpoint::open(&path, header.clone())).transpose()?;
        let mut progress = recording.progress.take();
        let cancel = recording.cancel;
        let clock = Instant::now();
        let (is_open, is_repeated) = (recording.place().is_none(), recording.is_repeated);
        let mut source = recording.open()?;
        let opening_s = source.times().opening.as_secs_f64();
        let mut repeated = None;
        let input: &mut dyn AudioSource = match is_repeated {
            true => repeated.insert(Repeated::new(source.as_mut())),
            false => source.as_mut(),
        };
        let mut beginning = Beginning::new(input);
        let mut work = Work::new(self, header);
        work.timings.decode_s = opening_s;
        let mut tell = |now: Progress| progress.iter_mut().for_each(|progress| progress(now));
        self.threads.install(|| work.all(&mut beginning, checkpoint, &mut tell))?;
        // A call that was cancelled after the last read ends, too.
        cancel.map_or(Ok(()), check_cancel)?;
        work.timings.total_s = clock.elapsed().as_secs_f64() + if is_open { opening_s } else { 0.0 };
        let short_recording = beginning.whole(work.done.geometry.num_samples);
        Ok(Analyzed {
            analysis: work.done,
            timings: work.timings,
            cache_use: (self.settings.embedding_mode == EmbeddingMode::Cached).then_some(work.cache_use),
            share: repeated.map_or(1.0, |repeated| repeated.share()),
            warnings: source.warnings().iter().cloned().chain(self.notices.take()).collect(),
            short_recording,
        })
    }

    /// The header of an exact saved analysis of the recording `file_id`.
    pub(super) fn header(&self, file_id: &str) -> Result<Header> {
        let mut origin = self.networks.origin(file_id, &self.settings);
        self.backend.note(&mut origin);
        Ok(Header {
            origin,
            step_samples: self.settings.step_samples()?,
            values: if self.settings.has_embeddings() { Values::F32 } else { Values::None },
            probabilities: Probabilities::U8,
            subsegments: if self.settings.has_subsegments() { StoredSubsegments::I8 } else { StoredSubsegments::None },
            corrections: false,
        })
    }

    /// Faults of the machine since the last call that did not end the work, one sentence each.
    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.notices.take()
    }

    /// Runs both networks over a window of a live stream, at most 10 s of finite samples, and calls
    /// `work` with the result. All of it runs on the analyzer's threads, and the windows of several
    /// streams go through the segmentation network together.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if an embedding is not finite, and those of `work`.
    pub(crate) fn window<R: Send>(
        &self,
        audio: &[f32],
        work: impl FnOnce(&ChunkState) -> Result<R> + Send,
    ) -> Result<R> {
        self.windows.run(&self.networks, &self.threads, audio, work)
    }

    /// Begins the work on a recording.
    pub(super) fn start(&self) -> Box<dyn Run> {
        self.backend.start()
    }
}

/// The analysis of one recording, wave after wave.
struct Work<'a> {
    analyzer: &'a Analyzer,
    /// The analysis of all chunks so far.
    done: Analysis,
    cache_use: CacheUse,
    timings: Timings,
    run: Box<dyn Run>,
}

/// Stores a wave: its masks and probabilities, all embeddings so far, the index of the first new
/// row among them, and the subsegments that are known with the wave.
type Store<'a> = dyn FnMut(&[ChunkMasks], &[ChunkProbabilities], &Embeddings, usize, &Subsegments) -> Result<()> + 'a;

impl<'a> Work<'a> {
    fn new(analyzer: &'a Analyzer, header: Header) -> Self {
        let done = Analysis::empty(header.origin, header.step_samples);
        Self { analyzer, done, cache_use: CacheUse::default(), timings: Timings::default(), run: analyzer.start() }
    }

    /// Analyzes all of `source`, and resumes at the end of `checkpoint`.
    fn all(
        &mut self,
        source: &mut dyn AudioSource,
        checkpoint: Option<Checkpoint>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<()> {
        let Some(mut checkpoint) = checkpoint else {
            return self.rest(source, &mut |_, _, _, _, _| Ok(()), progress);
        };
        let heard = Mutex::default();
        let mut listener = Listener::new(source, &heard);
        let clock = Instant::now();
        let step_samples = self.done.geometry.step_samples;
        let first = |next| self.run.first_resumed(next, step_samples);
        let (done, is_all) = checkpoint.resume(&mut listener, first)?;
        self.timings.add_reading(clock.elapsed(), Duration::ZERO, Duration::ZERO);
        self.done = done;
        if !is_all {
            let mut store = |masks: &[_], probabilities: &[_], rows: &Embeddings, first_row, subsegments: &_| {
                checkpoint.push(masks, probabilities, rows, first_row, subsegments, &mark(&heard))
            };
            self.rest(&mut listener, &mut store, progress)?;
        }
        checkpoint.finish(self.done.geometry.num_samples)
    }

    /// Analyzes the remaining chunks. `source` begins at the chunk [`Run::first_resumed`].
    fn rest(
        &mut self,
        source: &mut dyn AudioSource,
        store: &mut Store<'_>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<()> {
        let Self { analyzer, done, cache_use, timings, run } = self;
        let settings = &analyzer.settings;
        let step_samples = done.geometry.step_samples;
        let wave_chunks = analyzer.backend.wave_chunks();
        let mut intake = resume(run.as_mut(), source, done)?;
        let mut output = WaveOutput::default();
        let Analysis { masks, probabilities, embeddings, subsegments, .. } = done;
        loop {
            let first_chunk = masks.len();
            let (clock, before) = (Instant::now(), intake.source_times());
            let first_kept = run.first_kept(first_chunk, step_samples);
            let num_chunks = intake.read_chunks(first_kept, first_chunk, wave_chunks, run.samples_beyond())?;
            let resampling = intake.source_times().resampling - before.resampling;
            timings.add_reading(clock.elapsed(), resampling, Duration::ZERO);
            if num_chunks == 0 {
                break;
            }

            let (clock, before) = (Instant::now(), intake.source_times());
            let all_chunks = intake.all_chunks();
            let (reader, window) = intake.split();
            let wave = Wave { window, span: WaveSpan { first_chunk, num_chunks, step_samples, all_chunks } };
            // One thread reads the next wave meanwhile. With a single thread, reading ahead would
            // save no time.
            let ahead = if rayon::current_num_threads() > 1 { wave_chunks * step_samples } else { 0 };
            let ((read, read_end), (computed, start, end)) = rayon::join(
                || (reader.read_ahead(ahead), clock.elapsed()),
                || {
                    let start = clock.elapsed();
                    let computed = run.compute(&wave, &mut output);
                    (computed, start, clock.elapsed())
                },
            );
            read?;
            computed?;
            let resampling = intake.source_times().resampling - before.resampling;
            timings.add_reading(read_end, resampling, read_end.min(end).saturating_sub(start));
            timings.add_networks(&output.timings);

            let clock = Instant::now();
            *cache_use = [*cache_use, output.cache_use].into_iter().sum();
            let first_row = embeddings.len();
            let computed = settings.has_embeddings().then_some(output.embeddings.as_slice());
            collect(first_chunk, &output.masks, computed, embeddings)?;
            timings.embedding_s += clock.elapsed().as_secs_f64();
            store(&output.masks, &output.probabilities, embeddings, first_row, &output.subsegments)?;
            masks.extend_from_slice(&output.masks);
            probabilities.append(&mut output.probabilities);
            subsegments.append(&mut output.subsegments);

            progress(progress_after(&intake, masks.len(), step_samples));
        }
        done.geometry = intake.geometry();
        Ok(())
    }
}

/// The intake of a recording of which the chunks in `done` are analyzed already. Brings `run` to
/// the state after them.
fn resume<'a>(run: &mut dyn Run, source: &'a mut dyn AudioSource, done: &Analysis) -> Result<Intake<'a>> {
    let (next, step_samples) = (done.masks.len(), done.geometry.step_samples);
    let first = run.first_resumed(next, step_samples);
    let mut intake = Intake::new(source, step_samples, first);
    if first < next {
        intake.read_chunks(first, first, next - first, CHUNK_SAMPLES)?;
        let all_chunks = intake.all_chunks();
        let span = WaveSpan { first_chunk: next, num_chunks: 0, step_samples, all_chunks };
        run.resume(&Wave { window: intake.window(), span }, &done.probabilities)?;
    }
    Ok(intake)
}

/// Appends the slots of a wave, with their embeddings unless embeddings are skipped.
pub(super) fn collect(
    first_chunk: usize,
    wave_masks: &[ChunkMasks],
    wave_embeddings: Option<&[ChunkEmbeddings]>,
    embeddings: &mut Embeddings,
) -> Result<()> {
    for (i, masks) in wave_masks.iter().enumerate() {
        for local in (0..masks.speakers.len()).filter(|&local| !masks.speakers[local].is_empty()) {
            let slot = Slot { chunk: (first_chunk + i) as u32, local: local as u8 };
            let Some(values) = &wave_embeddings else {
                embeddings.slots.push(slot);
                continue;
            };
            let embedding = &values[i][local * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION];
            check_finite(embedding)?;
            embeddings.push(slot, embedding);
        }
    }
    Ok(())
}

fn progress_after(intake: &Intake<'_>, chunks_done: usize, step_samples: usize) -> Progress {
    let geometry = intake.geometry();
    let read = ChunkGeometry { num_samples: (chunks_done * step_samples) as u64, ..geometry };
    let total_s = intake.total_s();
    if intake.all_chunks() == Some(chunks_done) {
        return Progress { processed_s: geometry.duration_s(), total_s };
    }
    Progress { processed_s: total_s.map_or(read.duration_s(), |total| total.min(read.duration_s())), total_s }
}
