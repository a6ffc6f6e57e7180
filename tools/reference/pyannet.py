"""Writes the golden files of the segmentation network: a seeded signal and pyannote.audio's own scores for it.

Run:      python pyannet.py CHECKPOINT OUT_DIR      (CHECKPOINT = segmentation-3.0 `pytorch_model.bin`,
                                                     OUT_DIR = fixtures/golden/pyannet)
Versions: Python 3.11, numpy 2, torch 2.11.0 (CPU), pyannote.audio 4.0.7

Writes
- `samples.npy`            int16 [160000], 16 kHz: ten seconds with two voices, silence and overlap
- `speech_scores.npy`      float32 [589, 7], log-probabilities of the whole chunk
- `padded_scores.npy`      float32 [589, 7], the same chunk with everything from sample 61,234 on replaced by zeros
- `silence_scores.npy`     float32 [589, 7], a chunk of zeros
- `sinc_filters.npy`       float32 [80, 251], the filters of the first layer
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
    with torch.inference_mode():
        for name, chunk in (("speech", speech), ("padded", padded), ("silence", np.zeros_like(speech))):
            scores = model(torch.from_numpy(chunk)[None, None])[0].numpy()
            np.save(out / f"{name}_scores.npy", scores)
            print(name, scores.shape, np.bincount(scores.argmax(1), minlength=7))
        filters = model.sincnet.conv1d[0].filterbank.filters()[:, 0].numpy()
        np.save(out / "sinc_filters.npy", filters.astype(np.float32))


if __name__ == "__main__":
    main()
