//! Counters for monitoring, in the text format of Prometheus.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

/// A route and the status of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

/// The end of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ending {
    result: Result,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Result {
    Done,
    Failed,
}

impl EncodeLabelValue for Result {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        let text = match self {
            Self::Done => "done",
            Self::Failed => "failed",
        };
        EncodeLabelValue::encode(&text, encoder)
    }
}

/// All counters of the service.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Histogram,
    recordings: Family<Ending, Counter>,
    audio_seconds: Counter<f64, AtomicU64>,
    work_seconds: Counter<f64, AtomicU64>,
    queued: Gauge,
    streams: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("diarist");
        let requests = Family::default();
        let request_seconds = Histogram::new(exponential_buckets(0.001, 4.0, 9));
        let recordings = Family::default();
        let (audio_seconds, work_seconds) = (Counter::default(), Counter::default());
        let (queued, streams) = (Gauge::default(), Gauge::default());
        registry.register("requests", "Answered requests", requests.clone());
        registry.register_with_unit("request", "Time until the answer begins", Unit::Seconds, request_seconds.clone());
        registry.register("recordings", "Recordings whose work is over", recordings.clone());
        registry.register_with_unit("audio", "Length of all finished recordings", Unit::Seconds, audio_seconds.clone());
        registry.register_with_unit("work", "Time of work on finished recordings", Unit::Seconds, work_seconds.clone());
        registry.register("queued", "Recordings that wait", queued.clone());
        registry.register("streams", "Live streams", streams.clone());
        Self { registry, requests, request_seconds, recordings, audio_seconds, work_seconds, queued, streams }
    }
}

impl Metrics {
    /// Counts an answer.
    pub(crate) fn request(&self, method: &str, route: &str, status: u16, time: Duration) {
        let labels = Request { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.observe(time.as_secs_f64());
    }

    pub(crate) fn job_done(&self, duration_s: f64, time: Duration) {
        self.recordings.get_or_create(&Ending { result: Result::Done }).inc();
        self.audio_seconds.inc_by(duration_s);
        self.work_seconds.inc_by(time.as_secs_f64());
    }

    pub(crate) fn job_failed(&self) {
        self.recordings.get_or_create(&Ending { result: Result::Failed }).inc();
    }

    /// Counts a clip that was diarized while its caller waited.
    pub(crate) fn clip_done(&self, duration_s: f64) {
        self.recordings.get_or_create(&Ending { result: Result::Done }).inc();
        self.audio_seconds.inc_by(duration_s);
    }

    /// All counters as text.
    pub(crate) fn text(&self, num_queued: usize, num_streams: usize) -> String {
        self.queued.set(i64::try_from(num_queued).unwrap_or(i64::MAX));
        self.streams.set(i64::try_from(num_streams).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
