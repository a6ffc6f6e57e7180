"""Deterministic speech-like signals for the golden scripts.

With these signals, golden files can be made anew without any recording.

A voice is a glottal pulse train with a gliding pitch, shaped by three moving formants and switched
between voiced syllables, fricative noise and silence. It is not intelligible, but it has the
properties that the networks react to: harmonics, formants, syllable rhythm, and differences between
voices.

Only numpy's PCG64 generator and elementary functions are used. Results are rounded to 16 bit, which
hides last-digit differences between machines.
"""

import numpy as np

SAMPLE_RATE = 16_000
# Pitch in Hz and formant scale of each voice: a low, a high and a middle one.
VOICES = ((105.0, 1.0), (215.0, 1.17), (150.0, 1.08))
# First three formants in Hz of five vowels.
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))


def _resonator(signal: np.ndarray, frequency_hz: np.ndarray, bandwidth_hz: float) -> np.ndarray:
    """Two-pole resonator whose frequency moves sample by sample."""
    radius = np.exp(-np.pi * bandwidth_hz / SAMPLE_RATE)
    cosine = 2.0 * radius * np.cos(2.0 * np.pi * frequency_hz / SAMPLE_RATE)
    gain = 1.0 - radius
    out = np.zeros_like(signal)
    last, before = 0.0, 0.0
    for i in range(len(signal)):
        value = gain * signal[i] + cosine[i] * last - radius * radius * before
        out[i], before, last = value, last, value
    return out


def voice(index: int, num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Continuous speech-like sound of voice `index`, float64 with a peak of 1."""
    pitch_hz, formant_scale = VOICES[index]
    envelope = np.zeros(num_samples)
    noise_envelope = np.zeros(num_samples)
    formants = np.zeros((3, num_samples))
    position = 0
    vowel = np.array(VOWELS[0], dtype=float)
    while position < num_samples:
        length = int(rng.uniform(0.12, 0.28) * SAMPLE_RATE)
        end = min(position + length, num_samples)
        target = np.array(VOWELS[rng.integers(len(VOWELS))], dtype=float) * formant_scale
        glide = np.linspace(0.0, 1.0, end - position)
        formants[:, position:end] = vowel[:, None] * (1 - glide) + target[:, None] * glide
        shape = np.sin(np.pi * np.linspace(0.0, 1.0, end - position)) ** 0.6
        envelope[position:end] = shape * rng.uniform(0.6, 1.0)
        if rng.random() < 0.4:  # a fricative at the syllable's start
            stop = min(position + int(0.06 * SAMPLE_RATE), end)
            noise_envelope[position:stop] = 0.25
            envelope[position:stop] *= 0.2
        vowel = target
        position = end
    time_s = np.arange(num_samples) / SAMPLE_RATE
    pitch = pitch_hz * (1.0 + 0.12 * np.sin(2 * np.pi * 0.7 * time_s + index) + 0.03 * np.sin(2 * np.pi * 3.1 * time_s))
    phase = np.cumsum(pitch) / SAMPLE_RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    source = pulses - 0.97 * np.roll(pulses, 2) + 0.01 * rng.standard_normal(num_samples)
    voiced = sum(
        _resonator(source, formants[k], bandwidth) * weight
        for k, (bandwidth, weight) in enumerate(((70.0, 1.0), (100.0, 0.7), (140.0, 0.4)))
    )
    voiced /= np.max(np.abs(voiced))
    fricative = np.diff(rng.standard_normal(num_samples), prepend=0.0)
    fricative /= np.max(np.abs(fricative))
    signal = voiced * envelope + fricative * noise_envelope
    return signal / np.max(np.abs(signal))


def conversation(turns, num_samples: int, seed: int) -> np.ndarray:
    """Turns `(voice, start_s, end_s)` over a faint noise floor, as int16."""
    rng = np.random.default_rng(seed)
    mix = 0.0006 * rng.standard_normal(num_samples)
    for index, start_s, end_s in turns:
        start, end = int(start_s * SAMPLE_RATE), int(end_s * SAMPLE_RATE)
        ramp = np.minimum(1.0, np.minimum(np.arange(end - start), np.arange(end - start)[::-1]) / 400.0)
        mix[start:end] += 0.3 * voice(index, end - start, rng) * ramp
    return np.round(np.clip(mix, -1.0, 0.9999) * 32768.0).astype(np.int16)
