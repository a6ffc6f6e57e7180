//! The thread of one stream: audio in, events out, and the recording at the end.

use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use diarist::parts::audio::{self, AudioSource, PcmFormat, Selection};
use diarist::parts::settings::Choices;
use diarist::{Live, LiveEvent};
use serde_json::json;
use tokio::sync::mpsc;

use super::intake::{Arrival, Intake};
use super::{Encoding, Heard, Piece, Running, Slot, Wanted, fault, repair, wav};
use crate::error::{Reason, Refusal};
use crate::results::document;
use crate::store::State;

/// The machine is too slow if the newest audio has waited for longer than this.
const BEHIND: Duration = Duration::from_secs(3);

/// A stream before its first sample.
pub(super) struct Listener {
    pub(super) slot: Slot,
    pub(super) wanted: Wanted,
    pub(super) queue: mpsc::Receiver<Piece>,
    pub(super) heard: mpsc::Sender<Heard>,
    pub(super) running: Arc<Running>,
}

/// The part of a stream that tells others about it.
struct Speaker {
    heard: mpsc::Sender<Heard>,
    running: Arc<Running>,
}

impl Speaker {
    fn say(&self, heard: Heard) {
        self.send(heard, false);
    }

    /// Says the result, or the fault that leaves none.
    fn say_last(&self, heard: Heard) {
        self.send(heard, true);
    }

    fn send(&self, heard: Heard, is_last: bool) {
        self.running.show(&heard, is_last);
        // The client may be gone; its stream still becomes a recording.
        let _ = self.heard.blocking_send(heard);
    }

    fn events(&self, heard_s: f64, events: Vec<LiveEvent>) {
        events.into_iter().for_each(|event| self.say(Heard::Event { heard_s, event }));
    }
}

impl Listener {
    /// Listens until the stream ends, then stores its result.
    pub(super) fn run(self) {
        let Self { slot, wanted, queue, heard, running } = self;
        let speaker = Speaker { heard, running };
        let listened = catch_unwind(AssertUnwindSafe(|| listen(&slot, &wanted, queue, &speaker)));
        let reason = match listened {
            Ok(Ok(())) => None,
            Ok(Err(refusal)) => Some(refusal.reason),
            Err(_) => Some(Refusal::internal("the engine of a live stream failed").reason),
        };
        if let Some(reason) = reason {
            tracing::warn!("{}: {}", slot.id, reason.message);
            if let Err(error) = slot.app.store.set_state(&slot.id, State::Failed, Some(&reason)) {
                tracing::error!("{}: its state cannot be stored: {error}", slot.id);
            }
            speaker.say_last(fault(0.0, &reason));
        }
        slot.app.announce(&slot.id);
    }
}

fn listen(slot: &Slot, wanted: &Wanted, queue: mpsc::Receiver<Piece>, speaker: &Speaker) -> Result<(), Refusal> {
    let (app, id) = (&slot.app, &slot.id);
    let folder = app.folder.recording(id);
    let mut file = File::options().create_new(true).write(true).open(folder.audio())?;
    if let Encoding::Raw(samples) = wanted.encoding {
        file.write_all(&wav::head(samples, 0))?;
    }
    let (named, place) = app.engine.for_stream()?;
    let mut live = Live::new(&named.diarizer, &wanted.settings)?;
    let created = app.row(id)?.created;
    speaker.say(Heard::Notice { heard_s: 0.0, fields: json!({ "event": "recording", "id": id, "created": created }) });
    app.announce(id);
    let intake = Intake::new(queue, file);
    let arrival = intake.arrival();
    let mut warnings = Vec::new();
    // The audio before a fault is kept.
    if let Err(error) = follow(app.options.max_duration_s, wanted, intake, &arrival, &mut live, speaker, &mut warnings)
    {
        warnings.push(error.to_string());
        speaker.say(fault(live.duration_s(), &Reason::from(&error)));
    }
    repair(&folder.audio())?;
    // The next start takes it up again.
    if *app.stop.borrow() {
        return Ok(());
    }
    let heard_s = live.duration_s();
    // Clustering runs on the threads of recordings, and knows people who were added meanwhile.
    let at_end = app.engine.named(&Choices::default())?;
    let finished = live.finish_with(&crate::jobs::file_id(&wanted.name), &at_end.diarizer)?;
    drop(place);
    speaker.events(heard_s, finished.events);
    finished.analysis.save(folder.analysis())?;
    warnings.extend(finished.diarization.warnings.iter().cloned());
    warnings.extend(at_end.warning);
    app.store.set_speakers(id, &finished.diarization)?;
    let is_kept = app.store.set_done(id, heard_s, &warnings)?;
    if !is_kept && app.store.get(id)?.is_none() {
        folder.remove()?;
    }
    app.metrics.clip_done(heard_s);
    let result = document(&finished.diarization)?;
    speaker.say_last(Heard::Notice { heard_s, fields: json!({ "event": "result", "result": result }) });
    Ok(())
}

/// Reads the stream to its end.
fn follow(
    max_s: f64,
    wanted: &Wanted,
    intake: Intake,
    arrival: &Arrival,
    live: &mut Live,
    speaker: &Speaker,
    warnings: &mut Vec<String>,
) -> diarist::Result<()> {
    let mut source: Box<dyn AudioSource> = match wanted.encoding {
        Encoding::Raw(samples) => {
            let format = if samples.is_float { PcmFormat::F32le } else { PcmFormat::S16le };
            Box::new(audio::pcm(intake, format, samples.rate, samples.channels)?)
        }
        Encoding::Container => audio::open_stream("the stream", intake, None, Selection::default())?,
    };
    let (mut samples, mut was_behind) = (Vec::new(), false);
    while source.read(&mut samples)? {
        let events = live.push(&samples)?;
        samples.clear();
        let heard_s = live.duration_s();
        speaker.events(heard_s, events);
        let behind = arrival.get().map_or(Duration::ZERO, |arrived| arrived.elapsed());
        if behind > BEHIND && !was_behind {
            let seconds = (behind.as_secs_f64() * 1e3).round() / 1e3;
            speaker.say(Heard::Notice { heard_s, fields: json!({ "event": "behind", "seconds": seconds }) });
        }
        was_behind = behind > BEHIND;
        if heard_s > max_s {
            return Err(diarist::Error::input(format!("the stream is longer than {max_s} s and ends here"))
                .hint("open another stream"));
        }
    }
    warnings.extend(source.warnings().iter().cloned());
    Ok(())
}
