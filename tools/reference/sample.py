"""Builds the sample recordings of fixtures/audio with a free speech synthesiser.

    apt install flite
    python tools/reference/sample.py fixtures/audio

flite is version 2.2; its voices rms, slt, awb and kal16 are compiled in (free licence, see
fixtures/MANIFEST). Packages: numpy 2.4, soundfile 0.14 (libsndfile 1.2). The script is seeded and
flite is deterministic, so the same versions give the same samples. fixtures/MANIFEST holds the
sha256 of the committed files.

`conversation.flac` is a talk of four voices with pauses, overlaps, a little noise and a different
level for everyone. Its reference is exact: every line is synthesised alone, and its speech bounds
are measured on that clean clip (leading and trailing silence is cut, and pauses of 0.3 s or more
split the turn). Only then is it mixed in at a known sample. `single.flac` has one voice, and
`short.flac` is shorter than one 10 s chunk.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

SAMPLE_RATE = 16_000
FRAME = SAMPLE_RATE // 100  # 10 ms
SILENCE_DB = -40.0  # frames this far below the clip's loudest frame are silence
SPLIT_PAUSE_S = 0.3

# speaker: flite voice, speed (longer is slower), RMS level of the speech in dB (0 is full scale)
VOICES = {
    "ada": ("slt", 1.00, -23.0),
    "ben": ("rms", 0.95, -26.0),
    "cal": ("awb", 1.05, -29.0),
    "dov": ("kal16", 1.00, -25.0),
}

# Speaker, seconds from the end of the talk so far to the start of this line (negative: overlap),
# text.
CONVERSATION = [
    ("ada", 0.60, "Good morning. Shall we start with the results from last week?"),
    ("ben", 0.45, "Yes, please. The new recordings arrived on Tuesday, and most of them are checked."),
    ("cal", 0.70, "I listened to about half of them. The room has a strong echo."),
    ("ada", -0.80, "Which room do you mean? The small one, or the large one upstairs?"),
    ("cal", 0.30, "The large one. We could hang a few curtains."),
    ("ben", 0.55, "That would help a little. I would rather move the microphones closer to the table."),
    ("dov", -0.95, "We tried that in the spring, and the voices became much easier to tell apart."),
    ("ada", 0.90, "Then let us do both."),
    ("dov", 0.40, "I can order the material today. It should be here by Friday."),
    ("ben", -0.60, "Friday is fine. I will bring the cables and the stands."),
    ("cal", 0.65, "And I will write down what we decided, so that nobody forgets it."),
    ("ada", 0.50, "Thank you all. See you on Friday."),
]

SINGLE = [
    ("ada", 0.40, "This recording has one voice only, and nobody else is in the room."),
    ("ada", 0.70, "It is here to show that a monologue stays a monologue, whatever the options are."),
    ("ada", 0.50, "After a short pause the same person goes on to speak."),
]

SHORT = [("ben", 0.25, "A recording may be shorter than one chunk.")]
SHORT_S = 3.3

NOISE_DB = -54.0


def synthesise(speaker: str, text: str) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The clip of one line, silence cut at both ends, and its turns as (start, end) samples."""
    voice, stretch, level_db = VOICES[speaker]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        subprocess.run(
            ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-t", text, "-o", str(path)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        clip, rate = soundfile.read(path, dtype="float64")
    assert rate == SAMPLE_RATE and clip.ndim == 1, (voice, rate, clip.shape)
    frames = clip[: len(clip) // FRAME * FRAME].reshape(-1, FRAME)
    energy_db = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    speech = np.flatnonzero(energy_db > energy_db.max() + SILENCE_DB)
    gaps = np.flatnonzero(np.diff(speech) > SPLIT_PAUSE_S * 100)
    starts = np.concatenate(([speech[0]], speech[gaps + 1]))
    ends = np.concatenate((speech[gaps], [speech[-1]])) + 1
    first, last = starts[0] * FRAME, ends[-1] * FRAME
    clip = clip[first:last]
    active = np.concatenate([clip[s * FRAME - first : e * FRAME - first] for s, e in zip(starts, ends)])
    clip *= 10 ** (level_db / 20) / np.sqrt(np.mean(active**2))
    return clip, [(s * FRAME - first, e * FRAME - first) for s, e in zip(starts, ends)]


def mix(lines: list[tuple[str, float, str]], seed: int, length_s: float | None = None):
    """The mixed recording and its turns (start, end, speaker) in samples."""
    placed, end = [], 0
    for speaker, gap_s, text in lines:
        clip, turns = synthesise(speaker, text)
        start = end + round(gap_s * SAMPLE_RATE)
        placed.append((speaker, start, clip, turns))
        end = max(end, start + len(clip))
    length = end + SAMPLE_RATE // 2 if length_s is None else round(length_s * SAMPLE_RATE)
    assert length >= end, f"the speech takes {end / SAMPLE_RATE:.2f} s"
    # Room noise: white noise with its treble taken off by a one-pole filter.
    noise = np.random.default_rng(seed).standard_normal(length)
    for index in range(1, length):
        noise[index] += 0.85 * noise[index - 1]
    recording = noise * 10 ** (NOISE_DB / 20) / np.std(noise)
    reference = []
    for speaker, start, clip, turns in placed:
        recording[start : start + len(clip)] += clip
        reference += [(start + s, start + e, speaker) for s, e in turns]
    assert np.abs(recording).max() < 1, "the mix clips"
    return recording, sorted(reference)


def write(folder: Path, name: str, recording: np.ndarray, reference) -> None:
    """Writes NAME.flac, NAME.rttm and NAME.uem."""
    soundfile.write(folder / f"{name}.flac", recording, SAMPLE_RATE, subtype="PCM_16")
    rows = [
        f"SPEAKER {name} 1 {start / SAMPLE_RATE:.3f} {(end - start) / SAMPLE_RATE:.3f} <NA> <NA> {speaker} <NA> <NA>\n"
        for start, end, speaker in reference
    ]
    (folder / f"{name}.rttm").write_text("".join(rows))
    (folder / f"{name}.uem").write_text(f"{name} 1 0.000 {len(recording) / SAMPLE_RATE:.3f}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, "conversation", *mix(CONVERSATION, seed=1))
    write(folder, "single", *mix(SINGLE, seed=2))
    write(folder, "short", *mix(SHORT, seed=3, length_s=SHORT_S))


if __name__ == "__main__":
    main()
