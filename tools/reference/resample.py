"""Resamples a signal to 16 kHz with torchaudio, from every rate that recordings commonly have.

Writes fixtures/golden/audio/resample_<rate>_in.npy and _out.npy (f32, one dimension). The signal is
a sweep with speech-like bursts.

    python tools/reference/resample.py

Needs Python with numpy 2.3, torch 2.11, torchaudio 2.11.
"""

import pathlib

import numpy as np
import torch
import torchaudio

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "fixtures/golden/audio"
RATES = [8000, 11025, 22050, 24000, 32000, 44100, 48000, 96000]
SECONDS = 0.25


def signal(rate, rng):
    """A sweep over the whole band plus decaying pulses at 120 Hz, as f32."""
    n = int(rate * SECONDS) + 7
    t = np.arange(n) / rate
    sweep = 0.3 * np.sin(2 * np.pi * (50 * t + (rate / 2 - 50) / (2 * SECONDS) * t**2))
    phase = (t * 120) % 1
    pulses = 0.4 * np.exp(-phase * 9) * np.sin(2 * np.pi * 700 * t)
    return (sweep + pulses + 0.01 * rng.standard_normal(n)).astype(np.float32)


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for rate in RATES:
        source = signal(rate, rng)
        target = torchaudio.functional.resample(torch.from_numpy(source), rate, 16000).numpy()
        np.save(GOLDEN / f"resample_{rate}_in.npy", source)
        np.save(GOLDEN / f"resample_{rate}_out.npy", target)


if __name__ == "__main__":
    main()
