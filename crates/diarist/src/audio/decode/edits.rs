//! The decoder's way through the parts of a recording that an edit list names.

use symphonia::core::formats::{SeekMode, SeekTo};
use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;

use super::super::contain::contain;
use super::super::header::seconds;
use super::super::timeline::Next;
use super::PacketDecoder;

/// Audio that is decoded and dropped before a place in the middle of a track, in seconds. Packets
/// of all codecs depend on fewer before them.
const PREROLL_S: f64 = 0.2;

impl PacketDecoder {
    /// Whether no packet follows in a track of known length.
    pub(super) fn is_last(&self, packet: &Packet) -> bool {
        let end = packet.pts.get().saturating_add_unsigned(packet.dur.get());
        self.outside
            .movie
            .track(self.track_id)
            .is_some_and(|boxes| !boxes.is_fragmented && u64::try_from(end).is_ok_and(|end| end >= boxes.num_ticks))
    }

    /// Cuts off frames that are not part of the recording, and advances.
    pub(super) fn cut(&mut self, mono: &mut Vec<f32>) {
        let mut rest = std::mem::take(mono);
        while !rest.is_empty() {
            match self.parts.next(self.position, self.sample_rate) {
                Next::Drop(frames) => {
                    let frames = frames.min(rest.len() as u64);
                    rest.drain(..frames as usize);
                    self.position += frames;
                }
                Next::Take(frames) => {
                    let frames = frames.min(rest.len() as u64);
                    self.position += frames;
                    match mono.is_empty() && frames == rest.len() as u64 {
                        true => *mono = std::mem::take(&mut rest),
                        false => mono.extend(rest.drain(..frames as usize)),
                    }
                }
                Next::Silence(_) => {
                    // The rest comes after the silence, before more of a gap.
                    rest.append(&mut self.pending);
                    std::mem::swap(&mut self.pending, &mut rest);
                    break;
                }
                // The rest of the packet is not part of the recording.
                Next::Back | Next::End => break,
            }
        }
        if self.padding.frames > 0 {
            self.held.append(mono);
            let ready = self.held.len().saturating_sub(self.padding.frames as usize);
            mono.extend(self.held.drain(..ready));
        }
        self.count(mono);
    }

    /// Goes back to the start of the next part of the edit list.
    pub(super) fn rewind(&mut self) {
        let start_s = self.parts.start_s();
        let time_base = self.format.tracks().iter().find(|track| track.id == self.track_id).and_then(|t| t.time_base);
        let sought = time_base.and_then(|time_base| {
            let ticks = (start_s - PREROLL_S).max(0.0) / seconds(time_base, 1);
            let to = SeekTo::Timestamp { ts: Timestamp::new(ticks as i64), track_id: self.track_id };
            let sought = contain(|| self.format.seek(SeekMode::Accurate, to)).ok()?.ok()?;
            Some(seconds(time_base, sought.actual_ts.get()))
        });
        self.pending.clear();
        self.gap = 0;
        self.is_at_end = false;
        self.parts.went_back();
        match sought {
            Some(time_s) => {
                self.decoder.reset();
                self.position = (time_s * f64::from(self.sample_rate)).round().max(0.0) as u64;
            }
            None => {
                self.faults.cut_off(self.time_s, "the edit list goes back to an earlier part");
                self.parts.clear();
            }
        }
    }
}
