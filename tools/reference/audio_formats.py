"""Makes small files in every supported audio format, and the audio that they must decode to.

Writes fixtures/audio/formats/ (the files, all made from one synthetic sentence of flite with a
quiet sweep under it) and fixtures/golden/audio/formats.{json,npy}. The latter have, for each file,
its rate, channels and number of samples at 16 kHz, and three excerpts (start, middle, end) of its
audio as decoded by ffmpeg, averaged over the channels and resampled by torchaudio.

    python tools/reference/audio_formats.py

Needs ffmpeg 5.1.9, flite 2.2, sox 14.4.2, flac 1.4.2, lame 3.100, opus-tools 0.1.10 and
vorbis-tools 1.4.2 (all Debian 12), and Python with numpy 2.3, torch 2.11 and torchaudio 2.11.
"""

import json
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
import torchaudio

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ROOT / "fixtures/audio/formats"
GOLDEN = ROOT / "fixtures/golden/audio"
EXCERPT = 400
SENTENCE = "Who said that, and when did she say it?"

# name -> sample rate, channels, seconds, the encoder's options.
FFMPEG = {
    "s16_16k_mono.wav": (16000, 1, 1.2, "-c:a pcm_s16le"),
    "s16_44k_stereo.wav": (44100, 2, 0.3, "-c:a pcm_s16le"),
    "u8_8k_mono.wav": (8000, 1, 1.2, "-c:a pcm_u8"),
    "s24_16k_mono.wav": (16000, 1, 1.0, "-c:a pcm_s24le"),
    "s32_22k_mono.wav": (22050, 1, 0.5, "-c:a pcm_s32le"),
    "f32_48k_mono.wav": (48000, 1, 0.3, "-c:a pcm_f32le"),
    "f64_16k_stereo.wav": (16000, 2, 0.2, "-c:a pcm_f64le"),
    "mulaw_8k_mono.wav": (8000, 1, 1.2, "-c:a pcm_mulaw"),
    "alaw_8k_mono.wav": (8000, 1, 1.2, "-c:a pcm_alaw"),
    "ima_adpcm_16k_mono.wav": (16000, 1, 1.2, "-c:a adpcm_ima_wav"),
    "ms_adpcm_22k_stereo.wav": (22050, 2, 1.0, "-c:a adpcm_ms"),
    "s16_16k_6ch.wav": (16000, 6, 0.2, "-c:a pcm_s16le"),
    "s16_96k_mono.wav": (96000, 1, 0.2, "-c:a pcm_s16le"),
    "s16be_16k_mono.aiff": (16000, 1, 0.8, "-c:a pcm_s16be"),
    "alac_44k_stereo.m4a": (44100, 2, 0.3, "-c:a alac"),
    "alac_44k_mono.caf": (44100, 1, 0.5, "-c:a alac"),
    "s16_16k_mono.caf": (16000, 1, 0.8, "-c:a pcm_s16le"),
    "flac_16k_mono.flac": (16000, 1, 1.2, "-c:a flac -sample_fmt s16"),
    "flac_24bit_48k_stereo.flac": (48000, 2, 0.3, "-c:a flac -sample_fmt s32 -bits_per_raw_sample 24"),
    "flac_16k_mono.oga": (16000, 1, 0.8, "-c:a flac -f ogg"),
    "aac_44k_stereo.m4a": (44100, 2, 1.2, "-c:a aac -aac_pns 0 -b:a 96k"),
    "aac_16k_mono.m4a": (16000, 1, 1.2, "-c:a aac -aac_pns 0 -b:a 32k -movflags +faststart"),
    "aac_48k_stereo.aac": (48000, 2, 1.0, "-c:a aac -aac_pns 0 -b:a 96k"),
    "aac_48k_stereo.mkv": (48000, 2, 1.0, "-c:a aac -aac_pns 0 -b:a 96k"),
    "mp3_44k_stereo.mp3": (44100, 2, 1.2, "-c:a libmp3lame -b:a 96k"),
    "mp3_24k_mono.mp3": (24000, 1, 1.2, "-c:a libmp3lame -q:a 5"),
    "mp2_48k_stereo.mp2": (48000, 2, 1.0, "-c:a mp2 -b:a 128k"),
    "vorbis_44k_stereo.ogg": (44100, 2, 1.2, "-c:a libvorbis -q:a 3"),
    "vorbis_16k_mono.webm": (16000, 1, 1.2, "-c:a libvorbis -q:a 2"),
    "opus_48k_stereo.webm": (48000, 2, 1.2, "-c:a libopus -b:a 64k"),
    "opus_48k_mono.mp4": (48000, 1, 1.2, "-c:a libopus -b:a 32k"),
    "opus_48k_6ch.mka": (48000, 6, 0.6, "-c:a libopus -b:a 160k"),
}
OPUSENC = {
    "opus_silk_16k_mono.opus": (16000, 1, 1.2, "--bitrate 12 --framesize 60"),
    "opus_hybrid_48k_mono.opus": (48000, 1, 1.2, "--bitrate 24"),
    "opus_celt_48k_stereo.opus": (48000, 2, 1.2, "--bitrate 96 --framesize 5"),
}


def run(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def source(folder, rate, channels, seconds):
    """Writes the sentence as WAV (24 bit).

    The channels differ in level, and each has a sweep that is heard in every excerpt.
    """
    speech = folder / "speech.wav"
    if not speech.exists():
        run(["flite", "-voice", "slt", "-t", SENTENCE, "-o", str(speech)])
    path = folder / f"source_{rate}_{channels}_{seconds}.wav"
    mono = folder / f"mono_{rate}_{seconds}.wav"
    sweep = folder / f"sweep_{rate}_{seconds}.wav"
    top = min(3400, int(rate * 0.45))
    run(["sox", "-R", str(speech), "-b", "24", "-r", str(rate), str(mono), "gain", "-n", "-6", "trim", "0.15", str(seconds),
         "pad", "0", "1", "trim", "0", str(seconds)])
    run(["sox", "-R", "-n", "-b", "24", "-r", str(rate), str(sweep), "synth", str(seconds), "sine", f"200:{top}",
         "gain", "-20"])
    mixed = folder / f"mixed_{rate}_{seconds}.wav"
    run(["sox", "-R", "-m", "-v", "1", str(mono), "-v", "1", str(sweep), "-b", "24", str(mixed)])
    gains = [f"1v{1.0 - 0.12 * channel:.2f}" for channel in range(channels)]
    run(["sox", "-R", str(mixed), "-b", "24", str(path), "remix", *gains])
    return path


def decode(path, seconds):
    """The audio as ffmpeg decodes it: mono 16 kHz f32, and the file's rate and channels.

    ffmpeg 5.1 leaves the padding of the encoder at the end of MP4 and Matroska, so the length of
    the source is used for those. Its own Opus decoder resamples the frames of SILK differently from
    libopus, so libopus decodes.
    """
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "stream=codec_name,sample_rate,channels", "-of", "json",
         str(path)], check=True, capture_output=True).stdout
    stream = json.loads(probe)["streams"][0]
    rate, channels = int(stream["sample_rate"]), stream["channels"]
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", *(["-c:a", "libopus"] if stream["codec_name"] == "opus" else []), "-i", str(path), "-map", "0:a:0", "-f", "f64le", "-c:a", "pcm_f64le", "-"],
        check=True, capture_output=True).stdout
    frames = np.frombuffer(raw, "<f8").reshape(-1, channels).astype(np.float32)
    if path.suffix in {".m4a", ".mp4", ".mka", ".webm", ".opus"}:
        frames = frames[: round(seconds * rate)]
    mono = torch.from_numpy(frames).mean(dim=1)
    return torchaudio.functional.resample(mono, rate, 16000).numpy(), rate, channels


def main():
    FILES.mkdir(parents=True, exist_ok=True)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name, (rate, channels, seconds, options) in FFMPEG.items():
            src = source(folder, rate, channels, seconds)
            run(["ffmpeg", "-y", "-i", str(src), "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact",
                 *options.split(), str(FILES / name)])
        for name, (rate, channels, seconds, options) in OPUSENC.items():
            src = source(folder, rate, channels, seconds)
            run(["opusenc", "--serial", "1", *options.split(), str(src), str(FILES / name)])
        # A video with one picture track and one audio track, and one without audio.
        src = source(folder, 48000, 1, 1.0)
        video = ["-f", "lavfi", "-i", "testsrc=size=32x32:rate=5:duration=1", "-pix_fmt", "yuv420p", "-c:v", "mpeg4"]
        bitexact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
        run(["ffmpeg", "-y", *video[:4], "-i", str(src), *video[4:], "-c:a", "aac", "-aac_pns", "0", "-b:a", "48k", *bitexact,
             str(FILES / "video_aac_48k_mono.mp4")])
        run(["ffmpeg", "-y", *video[:4], *video[4:], *bitexact, str(FILES / "video_only.mp4")])
        # A codec that diarist refuses by name.
        run(["ffmpeg", "-y", "-i", str(source(folder, 48000, 2, 0.3)), "-c:a", "ac3", "-b:a", "64k", *bitexact,
             str(FILES / "ac3_48k_stereo.mkv")])
        # AAC that a decoder of its own reads; the tests look at its length and loudness.
        run(["ffmpeg", "-y", "-i", str(source(folder, 48000, 6, 0.3)), "-c:a", "aac", "-b:a", "64k", *bitexact,
             str(FILES / "aac_48k_6ch.m4a")])

    entries, excerpts = [], []
    without_reference = {"video_only.mp4", "ac3_48k_stereo.mkv", "aac_48k_6ch.m4a"}
    for path in sorted(FILES.iterdir()):
        if path.name in without_reference:
            continue
        seconds = ({**FFMPEG, **OPUSENC}.get(path.name) or (0, 0, 1.0))[2]
        audio, rate, channels = decode(path, seconds)
        # Block codecs fill their last block with zeros, which must not be compared.
        starts = [0, len(audio) // 2, min(len(audio), round(seconds * 16000)) - EXCERPT]
        excerpts.append([audio[start : start + EXCERPT] for start in starts])
        entries.append({"name": path.name, "sample_rate": rate, "channels": channels, "num_samples": len(audio),
                        "starts": starts})
    np.save(GOLDEN / "formats.npy", np.array(excerpts, dtype=np.float32))
    (GOLDEN / "formats.json").write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
