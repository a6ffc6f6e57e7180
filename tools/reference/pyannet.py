"""Writes the golden files of the segmentation network: a seeded signal and pyannote.audio's scores.

Run:      python pyannet.py CHECKPOINT OUT_DIR      (CHECKPOINT = segmentation-3.0
                                                     `pytorch_model.bin`,
                                                     OUT_DIR = fixtures/golden/pyannet)
Versions: Python 3.11, numpy 2.4.6, torch 2.11.0 (CPU), pyannote.audio 4.0.7

Writes
- `samples.npy`            int16 [160000], 16 kHz: ten seconds with two voices, silence and overlap
- `speech_scores.npy`      float32 [589, 7], log-probabilities of the whole chunk, see below
- `padded_scores.npy`      float32 [589, 7], the same chunk with zeros from sample 61,234 on
- `silence_scores.npy`     float32 [589, 7], a chunk of zeros
- `sinc_filters.npy`       float32 [80, 251], the filters of the first layer

Scores are computed in float64 and stored as float32. In float32, PyTorch's scores of silence differ
from them by 0.1, because every instance norm multiplies the last bit of a constant channel's mean
by 1 / sqrt(1e-5). Both precisions give the same classes in every frame, which the script checks.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from pyannote.audio import Model

import synthetic

TURNS = [(0, 0.6, 3.4), (1, 3.0, 5.6), (0, 6.1, 8.0), (1, 7.3, 9.6)]


def main() -> None:
    checkpoint, out = sys.argv[1], Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    model = Model.from_pretrained(checkpoint).eval()
    samples = synthetic.conversation(TURNS, 160_000, seed=31)
    speech = samples.astype(np.float32) / 32768.0
    padded = speech.copy()
    padded[61_234:] = 0.0
    np.save(out / "samples.npy", samples)
    chunks = {"speech": speech, "padded": padded, "silence": np.zeros_like(speech)}
    with torch.inference_mode():
        inputs = {name: torch.from_numpy(chunk)[None, None] for name, chunk in chunks.items()}
        single = {name: model(chunk)[0].numpy() for name, chunk in inputs.items()}
        model = model.double()
        for name, chunk in inputs.items():
            scores = model(chunk.double())[0].numpy()
            assert (scores.argmax(1) == single[name].argmax(1)).all(), name
            np.save(out / f"{name}_scores.npy", scores.astype(np.float32))
            difference = np.abs(scores - single[name]).max()
            print(name, scores.shape, np.bincount(scores.argmax(1), minlength=7), f"float32 differs by {difference:.1e}")
        filters = model.sincnet.conv1d[0].filterbank.filters()[:, 0].numpy()
        np.save(out / "sinc_filters.npy", filters.astype(np.float32))


if __name__ == "__main__":
    main()
