"""Writes the golden files of the embedding network: seeded features and pyannote.audio's output.

Run:      python resnet34.py CHECKPOINT OUT_DIR      (CHECKPOINT = `embedding` folder of a
                                                      community-1 pipeline,
                                                      OUT_DIR = fixtures/golden/resnet34)
Versions: Python 3.11, numpy 2, torch 2.11.0 (CPU), pyannote.audio 4.0.7

Writes
- `masks.npy`                uint8 [masks, 589]: full, two random ones, two frames, one frame, none
- for each of `chunk` (998 frames), `short` (200) and `tiny` (9):
  - `<name>_fbank.npy`       int16 [frames, 80], log-mel features times 256: smooth random fields,
                             with the mean and the spread of speech
  - `<name>_embeddings.npy`  float32 [masks, 256]
  - `<name>_trunk.npy`       float32 [ceil(trunk frames / 16), 10, 16]: the trunk's features of
                             every 16th frame, every frequency, every 16th channel

The mean over time is subtracted before the network, as in pyannote.audio's front end.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from pyannote.audio import Model

LENGTHS = {"chunk": 998, "short": 200, "tiny": 9}


def make_fbank(num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """Smoothed noise around a falling spectrum, as int16 in steps of 1/256.

    The noise is smooth along time and frequency.
    """
    field = rng.standard_normal((num_frames + 8, 80 + 4))
    field = sum(field[i : i + num_frames] for i in range(9)) / 3.0
    field = sum(field[:, i : i + 80] for i in range(5)) / np.sqrt(5.0)
    level = np.linspace(12.0, 7.0, 80)[None]
    return np.round((level + 2.5 * field + 0.5 * rng.standard_normal(field.shape)) * 256).astype(np.int16)


def make_masks(rng: np.random.Generator) -> np.ndarray:
    masks = np.zeros((6, 589), np.uint8)
    masks[0] = 1
    masks[1, 100:350] = 1
    masks[1, 420:431] = 1
    masks[2] = rng.random(589) < 0.3
    masks[3, [0, 584]] = 1  # the first and the last frame that the 125 trunk frames use
    masks[4, 0] = 1
    return masks


def main() -> None:
    checkpoint, out = sys.argv[1], Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    resnet = Model.from_pretrained(checkpoint).eval().resnet
    rng = np.random.default_rng(40)
    masks = make_masks(rng)
    np.save(out / "masks.npy", masks)
    for name, num_frames in LENGTHS.items():
        fbank = make_fbank(num_frames, rng)
        features = torch.from_numpy(fbank.astype(np.float32) / 256)[None]
        with torch.inference_mode():
            trunk = resnet.forward_frames(features - features.mean(dim=1, keepdim=True))
            weights = torch.from_numpy(masks.astype(np.float32))[None]
            embeddings = resnet.forward_embedding(trunk, weights=weights)[1][0].numpy()
        sample = trunk[0].permute(2, 1, 0)[::16, :, ::16].contiguous().numpy()
        np.save(out / f"{name}_fbank.npy", fbank)
        np.save(out / f"{name}_embeddings.npy", embeddings)
        np.save(out / f"{name}_trunk.npy", sample)
        print(name, fbank.shape, tuple(trunk.shape), embeddings.shape, float(np.abs(embeddings).max()), float(sample.max()))


if __name__ == "__main__":
    main()
