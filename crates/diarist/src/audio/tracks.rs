//! The choice of one audio track of a file.

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::formats::{FormatReader, Track, TrackType};

use super::codecs::{self, CONVERT};
use crate::error::{Error, Result};

/// The reason to refuse a film without sound.
pub(super) const NO_AUDIO: &str = "the file has pictures but no audio";

/// The part of a file's sound to decode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Selection {
    /// Number of the track, counted from 1 among the file's audio tracks. `None` takes the track
    /// that the file marks as its default one, else the first.
    pub track: Option<usize>,
    /// Number of the channel, counted from 1. `None` mixes all channels.
    pub channel: Option<usize>,
}

/// A track, and the decoder of its packets.
pub(super) struct Chosen {
    pub(super) track: Track,
    pub(super) decoder: Box<dyn AudioDecoder>,
    /// A note about the tracks that were not chosen, if the caller had no wish.
    pub(super) note: Option<String>,
}

/// Chooses the track; `passed_over` are the ids of tracks that players leave out by default.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if there is no such track or no decoder for it.
pub(super) fn choose(format: &dyn FormatReader, selection: Selection, passed_over: &[u32]) -> Result<Chosen> {
    let tracks: Vec<&Track> = format.tracks().iter().filter(|track| audio_params(track).is_some()).collect();
    if let Some(number) = selection.track {
        let track = number.checked_sub(1).and_then(|index| tracks.get(index)).ok_or_else(|| {
            Error::input(format!("the file has no audio track {number}")).hint(match tracks.len() {
                0 => "it has no audio".to_owned(),
                1 => "it has only one".to_owned(),
                count => format!("its audio tracks have the numbers 1 to {count}"),
            })
        })?;
        let decoder = codecs::decoder(audio_params(track).expect("an audio track")).map_err(undecodable)?;
        return Ok(Chosen { track: (*track).clone(), decoder, note: None });
    }
    let mut order: Vec<(usize, &Track)> = tracks.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, track)| passed_over.contains(&track.id));
    let mut refused = None;
    for (index, track) in order {
        match codecs::decoder(audio_params(track).expect("an audio track")) {
            Ok(decoder) => {
                let note = (tracks.len() > 1)
                    .then(|| format!("the file has {} audio tracks; track {} was used", tracks.len(), index + 1));
                return Ok(Chosen { track: track.clone(), decoder, note });
            }
            Err(reason) => {
                let _ = refused.get_or_insert(reason);
            }
        }
    }
    Err(match refused {
        Some(reason) => undecodable(reason),
        None if format.tracks().iter().any(|track| track.track_type() == Some(TrackType::Video)) => {
            Error::input(NO_AUDIO).hint("check that the recording has sound")
        }
        None => Error::input("the file has no audio that diarist can decode").hint(CONVERT),
    })
}

/// The codec of a track with sound.
pub(super) fn audio_params(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref().and_then(|params| params.audio())
}

fn undecodable(reason: String) -> Error {
    Error::input(reason).hint(CONVERT)
}
