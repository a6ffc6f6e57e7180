//! The sound of a recording for a page: its outline, and audio that browsers play.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diarist::Result;
use maud::{Markup, PreEscaped, html};

#[cfg(feature = "sound")]
use crate::opus::Stream;
use crate::peaks::{bytes, largest, read};

/// Peaks in an outline, at most. The page draws finer ones when it is zoomed.
const MAX_OUTLINE: usize = 2000;

/// The sound of a recording.
#[derive(Debug)]
pub struct Sound {
    /// Length of the recording in seconds.
    pub duration_s: f64,
    /// Largest magnitudes of equal stretches.
    peaks: Vec<f32>,
    player: Player,
}

#[derive(Debug)]
enum Player {
    /// Opus in Ogg.
    #[cfg_attr(not(feature = "sound"), expect(dead_code, reason = "a small build has no encoder"))]
    Inside(Vec<u8>),
    /// A file beside the page.
    Beside(String),
}

impl Sound {
    /// Reads the recording at `audio` for the page that will be at `page` (`None` for stdout). The
    /// page holds the sound, or plays the file if `is_linked`.
    pub fn of(audio: &Path, page: Option<&Path>, is_linked: bool) -> Result<Self> {
        if is_linked { Self::link(audio, address(audio, page)) } else { Self::embed(audio) }
    }

    /// Reads the recording at `path`, which becomes part of the page.
    #[cfg(feature = "sound")]
    fn embed(path: &Path) -> Result<Self> {
        let mut stream = Stream::new()?;
        let (duration_s, peaks) = read(path, |samples| stream.push(samples))?;
        Ok(Self { duration_s, peaks, player: Player::Inside(stream.finish()?) })
    }

    /// An error: a small binary has no encoder.
    #[cfg(not(feature = "sound"))]
    fn embed(path: &Path) -> Result<Self> {
        Err(diarist::Error::invalid_option("this small build of diarist cannot put sound into a page")
            .hint("let the page play the file with --link-audio")
            .at(path.display().to_string()))
    }

    /// Reads the recording at `path`, which the page plays from `address`.
    fn link(path: &Path, address: String) -> Result<Self> {
        let (duration_s, peaks) = read(path, |_| Ok(()))?;
        Ok(Self { duration_s, peaks, player: Player::Beside(address) })
    }

    /// The elements of the page for the sound: the player, and the peaks as bytes.
    pub(super) fn markup(&self) -> Markup {
        html! {
            (self.player())
            script #peaks type="text/plain" { (PreEscaped(STANDARD.encode(bytes(&self.peaks)))) }
        }
    }

    fn player(&self) -> Markup {
        match &self.player {
            Player::Inside(bytes) => html! {
                audio #audio preload="auto" {}
                // Base64 needs no escaping in HTML.
                script #sound type="text/plain" data-type="audio/ogg" { (PreEscaped(STANDARD.encode(bytes))) }
            },
            Player::Beside(address) => html! { audio #audio preload="metadata" src=(address) {} },
        }
    }

    /// The message on the page if the sound cannot be played.
    pub(super) fn fault(&self) -> String {
        match &self.player {
            Player::Inside(_) => "This browser cannot play the recording (Opus in Ogg); current ones can.".to_owned(),
            Player::Beside(address) => {
                format!(
                    "The recording cannot be played: {address} is missing, or this browser does not play its format."
                )
            }
        }
    }

    /// The waveform as a path, mirrored about the middle of `height`.
    pub(super) fn outline(&self, width: f64, height: f64) -> String {
        let largest = largest(&self.peaks);
        let length = self.peaks.len().div_ceil(MAX_OUTLINE).max(1);
        let peaks: Vec<f32> = self.peaks.chunks(length).map(|part| part.iter().copied().fold(0.0, f32::max)).collect();
        let x = |index: usize| (index * length) as f64 * width / self.peaks.len().max(1) as f64;
        let reach = |peak: f32| (f64::from(peak) / largest * (height / 2.0 - 3.0)).max(0.5);
        let mut path = format!("M0 {}", height / 2.0);
        for (index, &peak) in peaks.iter().enumerate() {
            path += &format!("L{:.1} {:.1}", x(index), height / 2.0 - reach(peak));
        }
        for (index, &peak) in peaks.iter().enumerate().rev() {
            path += &format!("L{:.1} {:.1}", x(index), height / 2.0 + reach(peak));
        }
        path + "Z"
    }
}

/// The file at `audio` as a relative address from the page.
pub fn address(audio: &Path, page: Option<&Path>) -> String {
    // A report may name a recording that is no longer there.
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| absolute(path));
    let folder = page.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    let (audio, folder) = (whole(audio), whole(folder.unwrap_or(Path::new("."))));
    let common = audio.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| "..".to_owned());
    let down = audio.components().skip(common).map(|part| percent_encoded(&part.as_os_str().to_string_lossy()));
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// A name as part of an address (RFC 3986 section 2).
fn percent_encoded(name: &str) -> String {
    name.bytes().fold(String::new(), |text, byte| match byte {
        b'-' | b'.' | b'_' | b'~' => text + &char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => text + &char::from(byte).to_string(),
        _ => text + &format!("%{byte:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio").join(name)
    }

    #[cfg(feature = "sound")]
    fn decoded(path: &Path) -> Vec<f32> {
        let mut samples = Vec::new();
        use diarist::parts::audio::AudioSource;
        let mut file = diarist::parts::audio::open(path).unwrap();
        while file.read(&mut samples).unwrap() {}
        samples
    }

    #[cfg(feature = "sound")]
    #[test]
    fn the_embedded_sound_is_the_recording() {
        let sound = Sound::embed(&sample("short.flac")).unwrap();
        let Player::Inside(bytes) = &sound.player else { panic!("the sound is not in the page") };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.ogg");
        std::fs::write(&path, bytes).unwrap();
        let (ours, original) = (decoded(&path), decoded(&sample("short.flac")));
        // Conversion between 16 and 48 kHz may round the last sample away.
        assert!(ours.len().abs_diff(original.len()) <= 2, "{} of {} samples", ours.len(), original.len());
        assert_eq!(sound.duration_s, original.len() as f64 / 16e3);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let likeness = |a: &[f32], b: &[f32]| dot(a, b) / (dot(&ours, &ours) * dot(&original, &original)).sqrt();
        let alike = likeness(&ours, &original);
        // A codec at this rate keeps the sound, not the waveform: 0.82 was measured.
        assert!(alike > 0.75, "{alike}");
        // The shift is below half a millisecond.
        assert!(alike > likeness(&ours[8..], &original) && alike > likeness(&ours, &original[8..]));
        // 24 kbit/s, and the overhead of Ogg.
        let rate = bytes.len() as f64 * 8.0 / sound.duration_s;
        assert!((12e3..32e3).contains(&rate), "{rate}");
    }

    #[test]
    fn a_linked_recording_is_found_from_the_page() {
        let folder = tempfile::tempdir().unwrap();
        let (audio, pages) = (folder.path().join("my audio/ö#1.wav"), folder.path().join("pages"));
        fs::create_dir_all(audio.parent().unwrap()).unwrap();
        fs::create_dir(&pages).unwrap();
        fs::write(&audio, "").unwrap();
        assert_eq!(address(&audio, Some(&pages.join("x.html"))), "../my%20audio/%C3%B6%231.wav");
        assert_eq!(address(&audio, Some(&audio.with_file_name("x.html"))), "%C3%B6%231.wav");
        let sound = Sound::of(&sample("short.flac"), None, true).unwrap();
        let markup = sound.markup().into_string();
        assert!(
            markup.contains("src=\"") && markup.contains("audio/short.flac\"") && !markup.contains("base64"),
            "{markup}"
        );
        assert!(sound.outline(1000.0, 72.0).starts_with("M0 36L0.0 "));
        // One peak every 10 ms, for 9.8 s.
        let peaks = markup.split("id=\"peaks\" type=\"text/plain\">").nth(1).unwrap().split('<').next().unwrap();
        assert_eq!(STANDARD.decode(peaks).unwrap().len(), (sound.duration_s * 100.0).ceil() as usize);
        let fine = Sound { peaks: vec![0.5; 5000], ..sound };
        assert_eq!(fine.outline(1000.0, 72.0).matches('L').count(), 2 * 1667);
    }
}
