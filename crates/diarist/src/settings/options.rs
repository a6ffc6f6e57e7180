//! The table of options: the only definition of each.

use super::groups::Settings;
use super::profile::Profile;
use super::values::{Choice, Group, Value};
use crate::clustering::{self, AhcOptions, Method, RefinedOptions, VbxOptions};
use crate::error::{Error, Result};
use crate::inference::{EmbeddingMode, NUM_THREADS, STEP_S, TrunkPasses};
use crate::models::Precision;
use crate::range::Range;
use crate::timeline::{MIN_DURATION_OFF_S, OVERLAP_THRESHOLD, Reconstruction, SPEECH_THRESHOLD, TimelineSettings};

/// An option: a setting that users choose by name.
#[derive(Debug)]
pub struct OptionInfo {
    /// Name on the command line (after `--`), in configuration files and in JSON settings. Python's
    /// keyword has `_` for `-`.
    pub name: &'static str,
    /// The group of settings that it belongs to.
    pub group: Group,
    /// The kind of its values.
    pub kind: OptionKind,
    /// Default value in words.
    pub default: &'static str,
    /// Help in one sentence without a full stop. It begins with a verb or a noun.
    pub help: &'static str,
    /// Key in the options of JSON results. `None` for options that do not change results, or that
    /// other keys cover.
    pub result_key: Option<&'static str>,
    /// Whether the option belongs to one clustering method. The value of such an option in a
    /// configuration file is dropped if the caller chooses another method.
    pub of_method: bool,
    get: fn(&Settings) -> Option<Value>,
    set: fn(&mut Settings, Value) -> Result<()>,
}

/// The values that an option can have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionKind {
    /// A number in a range. The name stands for the value in help.
    Number(Range, &'static str),
    /// A whole number in a range.
    Count(Range),
    /// One of several names. The name stands for the value in help.
    Choice(&'static [Choice], &'static str),
    /// Text of a form that setting it checks. The name stands for the value in help.
    Text(&'static str),
    /// Path of a file.
    Path,
}

impl OptionInfo {
    /// The option of this name, in which `_` may stand for `-`.
    pub fn find(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| {
            option.name.len() == name.len()
                && option.name.chars().eq(name.chars().map(|c| if c == '_' { '-' } else { c }))
        })
    }

    /// The value in `settings`; `None` if the option does not apply there.
    pub fn get(&self, settings: &Settings) -> Option<Value> {
        (self.get)(settings)
    }

    /// Sets the value in `settings`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if the value is of another kind or outside its range, or
    /// the clustering method does not have the option.
    pub fn set(&self, settings: &mut Settings, value: Value) -> Result<()> {
        match (&self.kind, &value) {
            (OptionKind::Number(range, _), Value::Number(number)) => range.check(*number)?,
            (OptionKind::Count(range), Value::Count(count)) => range.check(*count as f64)?,
            (OptionKind::Choice(choices, _), Value::Name(name))
                if choices.iter().any(|choice| choice.name == *name) => {}
            (OptionKind::Path, Value::Path(_)) | (OptionKind::Text(_), Value::Text(_)) => {}
            _ => return Err(Error::invalid_option(format!("{value} is not a value of {}", self.name))),
        }
        (self.set)(settings, value)
    }
}

/// The options in force: the key in JSON results, and the value if the option applies.
pub fn options_in_force(settings: &Settings) -> impl Iterator<Item = (&'static str, Option<Value>)> {
    OPTIONS.iter().filter_map(|option| Some((option.result_key?, option.get(settings))))
}

macro_rules! as_kind {
    ($value:expr, $kind:ident) => {
        match $value {
            Value::$kind(value) => value,
            // `OptionInfo::set` has checked the kind.
            _ => return Err(Error::invalid_option("a value of another kind")),
        }
    };
}

/// The item of `all` with the name `name`.
fn named<T: Copy, const N: usize>(all: [T; N], name: &str, name_of: fn(T) -> &'static str) -> Result<T> {
    all.into_iter()
        .find(|item| name_of(*item) == name)
        .ok_or_else(|| Error::invalid_option(format!("{name} is unknown")))
}

fn vbx(settings: &Settings) -> Option<&VbxOptions> {
    settings.clustering.method.vbx()
}

fn refined(settings: &Settings) -> Option<&RefinedOptions> {
    match &settings.clustering.method {
        Method::Refined(options) => Some(options),
        Method::Vbx(_) | Method::Ahc(_) => None,
    }
}

fn ahc(settings: &Settings) -> Option<&AhcOptions> {
    match &settings.clustering.method {
        Method::Ahc(options) => Some(options),
        Method::Refined(_) | Method::Vbx(_) => None,
    }
}

/// The settings of the timeline, if turns follow from probabilities.
fn by_probabilities(settings: &Settings) -> Option<&TimelineSettings> {
    Some(&settings.timeline).filter(|timeline| timeline.reconstruction == Reconstruction::Probabilities)
}

fn vbx_mut<'a>(settings: &'a mut Settings, name: &str) -> Result<&'a mut VbxOptions> {
    settings.clustering.method.vbx_mut().ok_or_else(|| of_other_method(name, "refined or vbx"))
}

fn ahc_mut<'a>(settings: &'a mut Settings, name: &str) -> Result<&'a mut AhcOptions> {
    match &mut settings.clustering.method {
        Method::Ahc(options) => Ok(options),
        Method::Refined(_) | Method::Vbx(_) => Err(of_other_method(name, "ahc")),
    }
}

fn of_other_method(name: &str, method: &str) -> Error {
    Error::invalid_option(format!("{name} is an option of {method} clustering"))
        .hint(format!("leave it out, or choose {method} as clustering"))
}

/// Every option, in the order in which values are applied: a profile sets the values of the options
/// after it, and a clustering method those of its own options.
pub static OPTIONS: [OptionInfo; 22] = [
    OptionInfo {
        name: "num-speakers",
        group: Group::Clustering,
        kind: OptionKind::Count(SPEAKERS),
        default: "any number",
        help: "Exact number of speakers",
        result_key: None,
        of_method: false,
        get: |settings| settings.clustering.num_speakers.map(Value::Count),
        set: |settings, value| {
            settings.clustering.num_speakers = Some(as_kind!(value, Count));
            Ok(())
        },
    },
    OptionInfo {
        name: "min-speakers",
        group: Group::Clustering,
        kind: OptionKind::Count(SPEAKERS),
        default: "1",
        help: "Smallest number of speakers",
        result_key: Some("min_speakers"),
        of_method: false,
        get: |settings| settings.clustering.bounds().ok().map(|bounds| Value::Count(bounds.min())),
        set: |settings, value| {
            settings.clustering.min_speakers = Some(as_kind!(value, Count));
            Ok(())
        },
    },
    OptionInfo {
        name: "max-speakers",
        group: Group::Clustering,
        kind: OptionKind::Count(SPEAKERS),
        default: "any number",
        help: "Largest number of speakers",
        result_key: Some("max_speakers"),
        of_method: false,
        get: |settings| settings.clustering.bounds().ok()?.max().map(Value::Count),
        set: |settings, value| {
            settings.clustering.max_speakers = Some(as_kind!(value, Count));
            Ok(())
        },
    },
    OptionInfo {
        name: "profile",
        group: Group::Profile,
        kind: OptionKind::Choice(
            &[
                Choice { name: "exact", help: "Computes what pyannote community-1 computes" },
                Choice {
                    name: "balanced",
                    help: "Runs the trunk of the embedding network once over the recording instead of over each chunk, \
                           and in int8",
                },
                Choice { name: "fast", help: "Also halves the number of chunks" },
            ],
            "PROFILE",
        ),
        default: "balanced",
        help: "Balance of accuracy and speed: a set of values for step, trunk, precision, clustering and reconstruction; each \
               can also be given alone, and wins",
        result_key: None,
        of_method: false,
        get: |_| None,
        set: |settings, value| {
            let profile = named(Profile::ALL, as_kind!(value, Name), Profile::name)?;
            let of_profile = profile.analysis();
            let analysis = &mut settings.analysis;
            (analysis.step_s, analysis.trunk, analysis.precision) =
                (of_profile.step_s, of_profile.trunk, of_profile.precision);
            settings.clustering.method = profile.clustering();
            settings.timeline.reconstruction = profile.reconstruction();
            Ok(())
        },
    },
    OptionInfo {
        name: "step",
        group: Group::Analysis,
        kind: OptionKind::Number(STEP_S, "SECONDS"),
        default: "1; fast: 2",
        help: "Seconds between the starts of the 10 s chunks, at most 10: a longer step is faster and less exact",
        result_key: Some("step_s"),
        of_method: false,
        get: |settings| Some(Value::Number(settings.analysis.step_s)),
        set: |settings, value| {
            settings.analysis.step_s = as_kind!(value, Number);
            settings.analysis.step_samples().map(drop)
        },
    },
    OptionInfo {
        name: "trunk",
        group: Group::Analysis,
        kind: OptionKind::Choice(
            &[
                Choice { name: "chunk", help: "One pass over each chunk, as in pyannote" },
                Choice { name: "shared", help: "One pass over the recording, in pieces of 10 s" },
            ],
            "PASSES",
        ),
        default: "shared; exact and cached embeddings: chunk",
        help: "Passes of the embedding network's trunk",
        result_key: Some("trunk"),
        of_method: false,
        get: |settings| Some(Value::Name(settings.analysis.trunk.name())),
        set: |settings, value| {
            settings.analysis.trunk = named(TrunkPasses::ALL, as_kind!(value, Name), TrunkPasses::name)?;
            Ok(())
        },
    },
    OptionInfo {
        name: "precision",
        group: Group::Analysis,
        kind: OptionKind::Choice(
            &[
                Choice { name: "f32", help: "32-bit floats" },
                Choice {
                    name: "f16",
                    help: "16-bit floats for stored weights and activations, with 32-bit arithmetic",
                },
                Choice { name: "bf16", help: "bfloat16 with 32-bit sums; faster on processors with AVX-512 BF16" },
                Choice { name: "int8", help: "8-bit integers with exact sums" },
            ],
            "PRECISION",
        ),
        default: "int8; exact and other weights: f32",
        help: "Arithmetic of the networks: bf16 and int8 are faster and less exact",
        result_key: None,
        of_method: false,
        get: |settings| Some(Value::Name(settings.analysis.precision_in_force().name())),
        set: |settings, value| {
            settings.analysis.precision = Some(named(Precision::ALL, as_kind!(value, Name), Precision::name)?);
            Ok(())
        },
    },
    OptionInfo {
        name: "embedding-mode",
        group: Group::Analysis,
        kind: OptionKind::Choice(
            &[
                Choice { name: "full", help: "Chunk after chunk on one thread" },
                Choice { name: "fast", help: "Chunks in parallel" },
                Choice {
                    name: "cached",
                    help: "As fast, but looks up chunks that the same call has heard before, bit for bit",
                },
                Choice {
                    name: "skip",
                    help: "No embeddings, for statistics of speech and overlap: after a pause of 10 s a speaker counts as a \
                           new one",
                },
            ],
            "MODE",
        ),
        default: "fast",
        help: "Computation of speaker embeddings; the result is the same with all but skip",
        result_key: Some("embedding_mode"),
        of_method: false,
        get: |settings| Some(Value::Name(settings.analysis.embedding_mode.name())),
        set: |settings, value| {
            settings.analysis.embedding_mode = named(EmbeddingMode::ALL, as_kind!(value, Name), EmbeddingMode::name)?;
            Ok(())
        },
    },
    OptionInfo {
        name: "segmentation",
        group: Group::Analysis,
        kind: OptionKind::Path,
        default: "the embedded ones",
        help: "Segmentation weights to use instead of the embedded ones",
        result_key: None,
        of_method: false,
        get: |settings| settings.analysis.segmentation.clone().map(Value::Path),
        set: |settings, value| {
            settings.analysis.segmentation = Some(as_kind!(value, Path));
            Ok(())
        },
    },
    OptionInfo {
        name: "embedding",
        group: Group::Analysis,
        kind: OptionKind::Path,
        default: "the embedded ones",
        help: "Embedding weights to use instead of the embedded ones",
        result_key: None,
        of_method: false,
        get: |settings| settings.analysis.embedding.clone().map(Value::Path),
        set: |settings, value| {
            settings.analysis.embedding = Some(as_kind!(value, Path));
            Ok(())
        },
    },
    OptionInfo {
        name: "device",
        group: Group::Analysis,
        kind: OptionKind::Text("DEVICE"),
        default: "auto",
        help: "Machine that runs the networks: cpu, gpu, gpu:N for GPU N of `diarist devices`, or auto for the faster one",
        result_key: None,
        of_method: false,
        get: |settings| Some(Value::Text(settings.analysis.device.to_string())),
        set: |settings, value| {
            settings.analysis.device = as_kind!(value, Text).parse()?;
            Ok(())
        },
    },
    OptionInfo {
        name: "threads",
        group: Group::Analysis,
        kind: OptionKind::Count(NUM_THREADS),
        default: "all that the machine has",
        help: "Number of threads that compute; the result does not depend on it",
        result_key: None,
        of_method: false,
        get: |settings| settings.analysis.num_threads.map(Value::Count),
        set: |settings, value| {
            settings.analysis.num_threads = Some(as_kind!(value, Count));
            Ok(())
        },
    },
    OptionInfo {
        name: "clustering",
        group: Group::Clustering,
        kind: OptionKind::Choice(
            &[
                Choice {
                    name: "refined",
                    help: "VBx, and tests that find speakers with similar voices and brief ones",
                },
                Choice { name: "vbx", help: "As in pyannote community-1" },
                Choice { name: "ahc", help: "As in pyannote speaker-diarization-3.1" },
            ],
            "METHOD",
        ),
        default: "refined; exact: vbx",
        help: "Clustering method",
        result_key: Some("clustering"),
        of_method: false,
        get: |settings| Some(Value::Name(settings.clustering.method.name())),
        set: |settings, value| {
            settings.clustering.method = match as_kind!(value, Name) {
                "ahc" => Method::Ahc(AhcOptions::default()),
                "vbx" => Method::Vbx(VbxOptions::default()),
                _ => Method::Refined(RefinedOptions::default()),
            };
            Ok(())
        },
    },
    OptionInfo {
        name: "threshold",
        group: Group::Clustering,
        kind: OptionKind::Number(clustering::ranges::THRESHOLD, "DISTANCE"),
        default: "0.6; ahc: 0.7046",
        help: "Distance from 0 to 2 up to which agglomerative clustering joins voices",
        result_key: Some("threshold"),
        of_method: true,
        get: |settings| {
            let threshold = vbx(settings).map(|options| options.threshold);
            threshold.or(ahc(settings).map(|options| options.threshold)).map(Value::Number)
        },
        set: |settings, value| {
            let threshold = as_kind!(value, Number);
            match &mut settings.clustering.method {
                Method::Ahc(options) => options.threshold = threshold,
                method => method.vbx_mut().into_iter().for_each(|options| options.threshold = threshold),
            }
            Ok(())
        },
    },
    OptionInfo {
        name: "fa",
        group: Group::Clustering,
        kind: OptionKind::Number(clustering::ranges::FA, "WEIGHT"),
        default: "0.07",
        help: "Weight of the voices against the prior, above 0; not for ahc",
        result_key: Some("fa"),
        of_method: true,
        get: |settings| vbx(settings).map(|options| Value::Number(options.fa)),
        set: |settings, value| {
            vbx_mut(settings, "fa")?.fa = as_kind!(value, Number);
            Ok(())
        },
    },
    OptionInfo {
        name: "fb",
        group: Group::Clustering,
        kind: OptionKind::Number(clustering::ranges::FB, "WEIGHT"),
        default: "0.6; vbx: 0.8",
        help: "Weight of the penalty on speakers, above 0: higher gives fewer of them; not for ahc",
        result_key: Some("fb"),
        of_method: true,
        get: |settings| vbx(settings).map(|options| Value::Number(options.fb)),
        set: |settings, value| {
            vbx_mut(settings, "fb")?.fb = as_kind!(value, Number);
            Ok(())
        },
    },
    OptionInfo {
        name: "sensitivity",
        group: Group::Clustering,
        kind: OptionKind::Number(clustering::ranges::SENSITIVITY, "S"),
        default: "0",
        help: "Inclination to more speakers, between -1 and 1: above 0 finds more speakers, below 0 fewer; only refined",
        result_key: Some("sensitivity"),
        of_method: true,
        get: |settings| refined(settings).map(|options| Value::Number(options.sensitivity)),
        set: |settings, value| {
            let sensitivity = as_kind!(value, Number);
            match &mut settings.clustering.method {
                Method::Refined(options) => options.sensitivity = sensitivity,
                Method::Vbx(_) | Method::Ahc(_) => return Err(of_other_method("sensitivity", "refined")),
            }
            Ok(())
        },
    },
    OptionInfo {
        name: "min-cluster-size",
        group: Group::Clustering,
        kind: OptionKind::Count(clustering::ranges::MIN_CLUSTER_SIZE),
        default: "12",
        help: "Smallest group of embeddings that is a speaker; smaller ones join the nearest larger one; only ahc",
        result_key: Some("min_cluster_size"),
        of_method: true,
        get: |settings| ahc(settings).map(|options| Value::Count(options.min_cluster_size)),
        set: |settings, value| {
            ahc_mut(settings, "min-cluster-size")?.min_cluster_size = as_kind!(value, Count);
            Ok(())
        },
    },
    OptionInfo {
        name: "reconstruction",
        group: Group::Timeline,
        kind: OptionKind::Choice(
            &[
                Choice {
                    name: "probabilities",
                    help: "By the probabilities of the segmentation network and the voice of each moment",
                },
                Choice { name: "votes", help: "By the votes of chunks, as in pyannote" },
            ],
            "WAY",
        ),
        default: "probabilities; exact: votes",
        help: "Way from speakers to turns",
        result_key: Some("reconstruction"),
        of_method: false,
        get: |settings| Some(Value::Name(settings.timeline.reconstruction.name())),
        set: |settings, value| {
            settings.timeline.reconstruction = named(Reconstruction::ALL, as_kind!(value, Name), Reconstruction::name)?;
            Ok(())
        },
    },
    OptionInfo {
        name: "speech-threshold",
        group: Group::Timeline,
        kind: OptionKind::Number(SPEECH_THRESHOLD, "PROBABILITY"),
        default: "0.5",
        help: "Probability above which somebody speaks: lower finds more speech, and more that is none",
        result_key: Some("speech_threshold"),
        of_method: false,
        get: |settings| by_probabilities(settings).map(|timeline| Value::Number(timeline.speech_threshold)),
        set: |settings, value| {
            settings.timeline.speech_threshold = as_kind!(value, Number);
            Ok(())
        },
    },
    OptionInfo {
        name: "overlap-threshold",
        group: Group::Timeline,
        kind: OptionKind::Number(OVERLAP_THRESHOLD, "PROBABILITY"),
        default: "0.3",
        help: "Probability above which two people speak at the same time",
        result_key: Some("overlap_threshold"),
        of_method: false,
        get: |settings| by_probabilities(settings).map(|timeline| Value::Number(timeline.overlap_threshold)),
        set: |settings, value| {
            settings.timeline.overlap_threshold = as_kind!(value, Number);
            Ok(())
        },
    },
    OptionInfo {
        name: "min-duration-off",
        group: Group::Timeline,
        kind: OptionKind::Number(MIN_DURATION_OFF_S, "SECONDS"),
        default: "0",
        help: "Fills silences of one speaker that are shorter than this",
        result_key: Some("min_duration_off_s"),
        of_method: false,
        get: |settings| Some(Value::Number(settings.timeline.min_duration_off_s)),
        set: |settings, value| {
            settings.timeline.min_duration_off_s = as_kind!(value, Number);
            Ok(())
        },
    },
];

/// Allowed numbers of speakers.
const SPEAKERS: Range = Range::closed("the number of speakers", 1.0, 1e6);
