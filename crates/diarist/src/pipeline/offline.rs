//! The offline pipeline itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::audio::AudioSource;
use crate::clustering::{self, Clusters, Plda, SpeakerBounds};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::analysis::{Header, Values};
use crate::timeline::intervals::{covered_s, overlaps};
use crate::timeline::{self, Segment, TimelineOptions, Timelines};

use super::analysis::Analysis;
use super::analyze::{self, Job, Workspaces};
use super::cache::CacheUse;
use super::checkpoint::Checkpoint;
use super::constraints::{People, with_united_masks};
use super::models::{Models, Origin};
use super::options::{DiarizationOptions, EmbeddingMode, Progress};
use super::result::{Diarization, SpeakerSummary};
use super::stitch::stitch;
use super::timings::Timings;

/// How often clustering is repeated until constraints and bounds agree.
const MAX_ATTEMPTS: usize = 4;

/// Diarizes recordings with one set of models and one pool of threads. Results are the same for any number of threads.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) models: Arc<Models>,
    threads: rayon::ThreadPool,
    pub(super) workspaces: Workspaces,
}

impl Pipeline {
    /// A pipeline that computes on `num_threads` threads, or on all that the machine offers. Several pipelines can share models.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] for 0 threads, [`ErrorKind::Internal`] if the system refuses to start them.
    pub fn new(models: impl Into<Arc<Models>>, num_threads: Option<usize>) -> Result<Self> {
        if num_threads == Some(0) {
            return Err(Error::invalid_option("the number of threads must be at least 1"));
        }
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(num_threads.unwrap_or(0))
            .thread_name(|index| format!("diarist-{index}"))
            .build()
            .map_err(|error| Error::new(ErrorKind::Internal, "cannot start threads").caused_by(error))?;
        Ok(Self { models: models.into(), threads, workspaces: Workspaces::default() })
    }

    /// Number of threads that compute.
    pub fn num_threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Runs `work` on the pipeline's threads: parallel loops in it, with [`Self::cluster`] inside them, use no others.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.threads.install(work)
    }

    /// Diarizes the recording that `source` streams; `file_id` names it in the result.
    ///
    /// `progress` is called after every few seconds of audio.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] for options outside their range, [`ErrorKind::Input`] from the source,
    /// [`ErrorKind::SpeakerBounds`] if the number of speakers asked for cannot be had.
    pub fn diarize(
        &self,
        file_id: &str,
        source: &mut dyn AudioSource,
        options: &DiarizationOptions,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Diarization> {
        self.timed_diarization(file_id, source, options, None, progress)
    }

    /// As [`Self::diarize`], with all that the networks give stored in the file `checkpoint` as it comes. If an earlier call with the
    /// same recording and options was interrupted, this one goes on where that one stopped, and the result is that of a call
    /// without interruption, bit for bit. The file becomes a saved analysis ([`crate::formats::analysis`]).
    ///
    /// # Errors
    /// As [`Self::diarize`]; [`ErrorKind::Output`] if the file cannot be written or is in use, [`ErrorKind::InvalidOption`] or
    /// [`ErrorKind::Input`] if it was made with other options or of another recording; then it stays as it is.
    pub fn diarize_with_checkpoint(
        &self,
        file_id: &str,
        source: &mut dyn AudioSource,
        options: &DiarizationOptions,
        checkpoint: &Path,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Diarization> {
        options.validate()?;
        let header = self.header(file_id, options, Values::F32)?;
        let checkpoint = Checkpoint::open(checkpoint, header)?;
        self.timed_diarization(file_id, source, options, Some(checkpoint), progress)
    }

    fn timed_diarization(
        &self,
        file_id: &str,
        source: &mut dyn AudioSource,
        options: &DiarizationOptions,
        checkpoint: Option<Checkpoint>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Diarization> {
        let clock = Instant::now();
        let opening_s = source.times().opening.as_secs_f64();
        let mut timings = Timings { decode_s: opening_s, ..Timings::default() };
        let (analysis, cache_use) = self.timed_analysis(source, options, checkpoint, &mut timings, progress)?;
        let mut result =
            self.threads.install(|| timed_clustering(file_id, &analysis, options, &self.models.plda, timings))?;
        result.cache_use = (options.embedding_mode == EmbeddingMode::Cached).then_some(cache_use);
        result.timings.total_s = opening_s + clock.elapsed().as_secs_f64();
        Ok(result)
    }

    /// Runs the networks over a recording: the expensive part, independent of every option but the chunk step.
    ///
    /// # Errors
    /// As [`Self::diarize`].
    pub fn analyze(
        &self,
        source: &mut dyn AudioSource,
        options: &DiarizationOptions,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Analysis> {
        Ok(self.timed_analysis(source, options, None, &mut Timings::default(), progress)?.0)
    }

    /// Turns an analysis into turns. One without embeddings ([`EmbeddingMode::Skip`]) is joined by overlap.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] for options outside their range, [`ErrorKind::SpeakerBounds`] if the number of
    /// speakers asked for cannot be had.
    pub fn cluster(&self, file_id: &str, analysis: &Analysis, options: &DiarizationOptions) -> Result<Diarization> {
        self.threads.install(|| whole_clustering(file_id, analysis, options, &self.models.plda))
    }

    /// What stands at the beginning of a saved analysis that this pipeline makes with `options`: [`Values::None`] in place of
    /// `values` if these skip embeddings.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] for options outside their range.
    pub fn header(&self, file_id: &str, options: &DiarizationOptions, values: Values) -> Result<Header> {
        let Origin { segmentation_sha256, embedding_sha256, precision, isa } = self.models.origin.clone();
        Ok(Header {
            diarist_version: env!("CARGO_PKG_VERSION").to_owned(),
            file_id: file_id.to_owned(),
            step_samples: options.step_samples()?,
            values: if options.embedding_mode == EmbeddingMode::Skip { Values::None } else { values },
            trunk: options.trunk.name().to_owned(),
            precision: precision.name().to_owned(),
            instruction_set: isa.name().to_owned(),
            segmentation_sha256,
            embedding_sha256,
        })
    }

    fn timed_analysis(
        &self,
        source: &mut dyn AudioSource,
        options: &DiarizationOptions,
        checkpoint: Option<Checkpoint>,
        timings: &mut Timings,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(Analysis, CacheUse)> {
        options.validate()?;
        let job = Job { models: &self.models, workspaces: &self.workspaces, options };
        self.threads.install(|| analyze::analyze(job, source, checkpoint, timings, progress))
    }
}

/// [`Pipeline::cluster`] without a pipeline: with the PLDA model of the program, on the threads of the caller or of the machine. The step
/// of `options` must be that of the analysis.
///
/// # Errors
/// As [`Pipeline::cluster`].
pub fn cluster(file_id: &str, analysis: &Analysis, options: &DiarizationOptions) -> Result<Diarization> {
    whole_clustering(file_id, analysis, options, &Plda::embedded()?)
}

fn whole_clustering(
    file_id: &str,
    analysis: &Analysis,
    options: &DiarizationOptions,
    plda: &Plda,
) -> Result<Diarization> {
    let clock = Instant::now();
    let mut result = timed_clustering(file_id, analysis, options, plda, Timings::default())?;
    result.timings.total_s = clock.elapsed().as_secs_f64();
    Ok(result)
}

fn timed_clustering(
    file_id: &str,
    analysis: &Analysis,
    options: &DiarizationOptions,
    plda: &Plda,
    mut timings: Timings,
) -> Result<Diarization> {
    options.validate()?;
    let clock = Instant::now();
    let clusters = clusters(analysis, options, plda)?;
    timings.clustering_s = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let timeline_options =
        TimelineOptions { max_speakers: options.bounds.max(), min_duration_off_s: options.min_duration_off_s };
    let mut timelines = if options.constraints.is_empty() {
        timeline::build(analysis, &clusters, &timeline_options)
    } else {
        timeline::build(&with_united_masks(analysis, &clusters.hard), &clusters, &timeline_options)
    };
    file_id.clone_into(&mut timelines.diarization.file_id);
    file_id.clone_into(&mut timelines.exclusive.file_id);
    let speakers = summaries(&timelines, &clusters);
    let segments: Vec<Segment> = timelines.diarization.turns.iter().map(|turn| turn.segment).collect();
    let (speech_s, overlap_s) = (covered_s(segments.iter().copied()), covered_s(overlaps(&segments)));
    timings.timeline_s = clock.elapsed().as_secs_f64();

    honour(options.bounds, speakers.len())?;
    Ok(Diarization {
        diarization: timelines.diarization,
        exclusive: timelines.exclusive,
        confidences: timelines.confidences,
        exclusive_confidences: timelines.exclusive_confidences,
        speakers,
        duration_s: analysis.geometry.duration_s(),
        speech_s,
        overlap_s,
        timings,
        cache_use: None,
    })
}

fn clusters(analysis: &Analysis, options: &DiarizationOptions, plda: &Plda) -> Result<Clusters> {
    let Analysis { embeddings, masks, geometry } = analysis;
    if embeddings.are_skipped() {
        return match options.constraints.is_empty() {
            true => stitch(masks, geometry),
            false => Err(Error::invalid_option("speakers cannot be linked without embeddings")
                .hint("analyze the recording in another embedding mode")),
        };
    }
    let method = options.method_for_step();
    let found = |bounds| clustering::cluster(embeddings, masks, &method, bounds, plda);
    if options.constraints.is_empty() {
        return found(options.bounds);
    }
    let people = People::new(&options.constraints, analysis)?;
    let mut bounds = options.bounds;
    for _ in 0..MAX_ATTEMPTS {
        let before = found(bounds)?;
        let num_before = before.num_occupied();
        let after = people.apply(before, analysis)?;
        let num_after = after.num_occupied();
        let wanted = options.bounds.clamp(num_after);
        if wanted == num_after {
            return Ok(after);
        }
        // As many more or fewer as the constraints take away or add.
        let num_asked = (num_before + wanted).saturating_sub(num_after).max(1);
        bounds = SpeakerBounds::new(Some(num_asked), None, None)?;
    }
    Err(Error::new(ErrorKind::SpeakerBounds, "the constraints and the number of speakers cannot be had together")
        .hint("leave one of them out"))
}

fn summaries(timelines: &Timelines, clusters: &Clusters) -> Vec<SpeakerSummary> {
    let speakers = timelines.labels.iter().enumerate().map(|(index, &cluster)| {
        let label = timeline::label_name(index);
        let turns = || timelines.diarization.turns.iter().filter(|turn| turn.speaker == label);
        SpeakerSummary {
            speech_s: covered_s(turns().map(|turn| turn.segment)),
            num_turns: turns().count(),
            // A frame may hold more speakers than there are clusters; such a speaker has turns but no embedding.
            embedding: clusters.centroids.get(cluster as usize).cloned(),
            label,
        }
    });
    speakers.collect()
}

/// Clustering keeps to the bounds, but a cluster can still lose every frame to louder ones in the timeline.
fn honour(bounds: SpeakerBounds, num_speakers: usize) -> Result<()> {
    let too_few = num_speakers < bounds.min() && (num_speakers > 0 || bounds.min() > 1);
    if too_few {
        return Err(Error::new(
            ErrorKind::SpeakerBounds,
            format!("at least {} speakers were asked for, but only {num_speakers} can be told apart", bounds.min()),
        )
        .hint("lower the number of speakers, or leave it out"));
    }
    Ok(())
}
