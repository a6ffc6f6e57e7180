"""Writes the golden files of the filterbank: seeded signals, and their features by torchaudio.

Run:      python fbank.py OUT_DIR        (OUT_DIR = fixtures/golden/fbank)
Versions: Python 3.11, numpy 2.4.6, torch 2.11.0 (CPU), torchaudio 2.11.0

Writes `<name>_samples.npy` (int16, 16 kHz) and `<name>_features.npy` (float32, [frames, 80]). The
features are those of pyannote.audio's WeSpeaker front end before it subtracts the mean: 80 bins,
25 ms every 10 ms, Hamming window, no dither, no energy, samples scaled to 16 bit.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torchaudio.compliance.kaldi as kaldi

import synthetic


def signals() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20)
    time_s = np.arange(8000) / synthetic.SAMPLE_RATE
    tones = sum(np.sin(2 * np.pi * hz * time_s) * gain for hz, gain in ((60, 0.2), (437, 0.3), (2750, 0.05), (7900, 0.1)))
    speech = synthetic.conversation([(0, 0.0, 0.45), (1, 0.5, 1.0)], 16_000, seed=21)
    speech[8800:9700] = 0  # digital silence inside: whole frames at the floor, and frames half in it
    return {
        "silence": np.zeros(1000, np.int16),
        "noise": np.round(rng.uniform(-1, 1, 8000) * 32767).astype(np.int16),
        "quiet": rng.integers(-1, 2, 4000).astype(np.int16),  # one step of the converter
        "tones": np.round(tones * 32767).astype(np.int16),
        "offset": np.full(900, 12_345, np.int16),  # constant: the frame's mean must go first
        "speech": speech,
    }


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, samples in signals().items():
        waveform = torch.from_numpy(samples.astype(np.float32) / 32768.0)[None] * 32768.0
        features = kaldi.fbank(
            waveform, num_mel_bins=80, frame_length=25, frame_shift=10, sample_frequency=16_000,
            dither=0.0, window_type="hamming", use_energy=False,
        )
        np.save(out / f"{name}_samples.npy", samples)
        np.save(out / f"{name}_features.npy", features.numpy())
        print(name, samples.shape, tuple(features.shape), float(features.min()), float(features.max()))


if __name__ == "__main__":
    main()
