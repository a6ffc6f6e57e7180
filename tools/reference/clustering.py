"""Writes fixtures/golden/clustering/: results of SciPy, scikit-learn and pyannote.audio.

    python tools/reference/clustering.py fixtures/golden/clustering

Versions: pyannote.audio 4.0.7, scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6, safetensors. Run it
at the root of the repository: the PLDA model is read from crates/diarist-weights/data. Seeded.

The recordings are made up. Their speakers are drawn from the PLDA model (latent mean ~ N(0, psi),
latent embedding ~ N(mean, noise)) and mapped back through its transform to 256 dimensions, so the
embeddings are distributed like real ones. Each slot is active in one range of frames of its chunk.
Inactive slots get one common finite embedding, as the real network gives for an empty mask.

Per recording NAME:
  NAME_embeddings.npy   f32 [slots, 256], active slots in the order of chunk, local speaker
  NAME.json             slots [chunk, local, first frame, end frame] and all results (`describe`)
  NAME_plda.npy         f64 [training rows, 128] (one recording), signs of features as stored
  NAME_gamma.npy        f64 [training rows, speakers]
linkage.json: trees and flat clusters of small sets of points.
"""

import contextlib
import io
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from pyannote.audio.core.plda import PLDA
from pyannote.audio.pipelines.clustering import AgglomerativeClustering, VBxClustering
from pyannote.audio.utils.vbx import cluster_vbx
from pyannote.core import SlidingWindow, SlidingWindowFeature
from safetensors.numpy import load_file
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans

FRAMES, LOCAL = 589, 3
THRESHOLD, FA, FB = 0.6, 0.07, 0.8
AHC_THRESHOLD, AHC_MIN_SIZE = 0.7045654963945799, 12
BOUNDS = [  # num, min, max
    (None, None, None), (1, None, None), (2, None, None), (3, None, None), (4, None, None), (7, None, None), (11, None, None),
    (None, 2, None), (None, 9, None), (None, None, 2), (None, None, 3), (None, 2, 4), (None, 6, 12),
]

MODEL = load_file("crates/diarist-weights/data/plda-community-1.safetensors")


def load_plda():
    """pyannote's PLDA of the model in the repository, and the signs of features that it chose."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        np.savez(folder / "xvec_transform.npz", **{key: MODEL[key] for key in ("mean1", "mean2", "lda")})
        np.savez(folder / "plda.npz", **{key: MODEL[key] for key in ("mu", "tr", "psi")})
        plda = PLDA(folder / "xvec_transform.npz", folder / "plda.npz")
    # features of the unit vectors around mu are the rows of pyannote's matrix, transposed
    rows = plda._plda_tf(np.eye(128) + MODEL["mu"]).T
    signs = np.sign(np.sum(rows * MODEL["tr"], axis=1))
    assert np.allclose(rows * signs[:, None], MODEL["tr"], atol=1e-9)
    return plda, signs


PLDA_MODEL, SIGNS = load_plda()


class AHC31(AgglomerativeClustering):
    """speaker-diarization-3.1: every active slot takes part (inactive ones are NaN here)."""

    def filter_embeddings(self, embeddings, segmentations=None, min_active_ratio=0.0):
        return super().filter_embeddings(embeddings, segmentations, min_active_ratio=0.0)


def embeddings_of(rng, voices, noise):
    """Embeddings [len(voices), 256] of the speakers `voices`.

    They have 128 latent means, and 128 coordinates that the PLDA does not use.
    """
    num = len(voices)
    drawn = voices + noise * rng.uniform(0.5, 1.5, (num, 1)) * rng.standard_normal((num, 256))
    latent, unseen = drawn[:, :128], drawn[:, 128:]
    z = np.linalg.solve(MODEL["tr"], latent.T).T + MODEL["mu"]
    y = 27.7 * z / np.linalg.norm(z, axis=1, keepdims=True) + MODEL["mean2"]
    lda = MODEL["lda"].astype(np.float64)
    b = np.linalg.lstsq(lda.T, y.T, rcond=None)[0].T
    null = np.linalg.svd(lda.T)[2][128:]
    rest = np.sqrt(np.maximum(256.0 - np.sum(b**2, axis=1), 0.0))
    free = unseen @ null
    b += free * (rest / np.linalg.norm(free, axis=1))[:, None]
    length = rng.uniform(3.9, 5.2, (num, 1))
    return (length * b / np.linalg.norm(b, axis=1, keepdims=True) + MODEL["mean1"]).astype(np.float32)


def recording(seed, num_speakers, num_chunks, noise, max_active=3, longest=320):
    rng = np.random.default_rng(seed)
    spread = np.concatenate([np.sqrt(MODEL["psi"]), np.ones(128)])
    speakers = rng.standard_normal((num_speakers, 256)) * spread
    slots, voices = [], []
    for chunk in range(num_chunks):
        active = min(max_active, 1 + int(rng.integers(0, 5) >= 2) + int(rng.integers(0, 6) == 5))
        for local in sorted(rng.choice(LOCAL, active, replace=False)):
            length = int(rng.integers(20, longest))
            start = int(rng.integers(0, FRAMES - length))
            slots.append([chunk, int(local), start, start + length])
            voices.append(speakers[rng.integers(0, num_speakers)])
    return slots, embeddings_of(rng, np.array(voices), noise)


def arrays(slots, rows, inactive):
    num_chunks = 1 + max(slot[0] for slot in slots)
    data = np.zeros((num_chunks, FRAMES, LOCAL), dtype=np.float32)
    embeddings = np.empty((num_chunks, LOCAL, 256), dtype=np.float32)
    embeddings[:] = inactive
    for (chunk, local, start, end), row in zip(slots, rows):
        data[chunk, start:end, local] = 1.0
        embeddings[chunk, local] = row
    return embeddings, SlidingWindowFeature(data, SlidingWindow(start=0.0, duration=10.0, step=1.0))


def hard_of(slots, hard):
    return [None if hard[chunk, local] < 0 else int(hard[chunk, local]) for chunk, local, _, _ in slots]


def call(clustering, slots, rows, inactive, num, low, high):
    """Calls it with bounds, as the pipeline does; None where pyannote.audio fails."""
    embeddings, segmentations = arrays(slots, rows, inactive)
    low = num or low or 1
    high = num or high or np.inf
    if low == high:
        num = low
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            hard, _, centroids = clustering(
                embeddings=embeddings, segmentations=segmentations, num_clusters=num, min_clusters=low, max_clusters=high
            )
    except ValueError:
        return None
    sums = np.asarray(centroids, dtype=np.float64).sum(axis=1)
    return {"hard": hard_of(slots, hard), "centroid_sums": [float(x) if np.isfinite(x) else None for x in sums]}


def save(path, array):
    """.npy in row-major order, whatever the layout in memory."""
    np.save(path, np.ascontiguousarray(array))


def describe(folder, name, slots, rows, kmeans=(), bounds=BOUNDS, with_plda=False):
    rows = np.ascontiguousarray(rows)
    save(folder / f"{name}_embeddings.npy", rows)
    filler = np.full(256, 0.03, dtype=np.float32)
    vbx = VBxClustering(plda=PLDA_MODEL, metric="cosine", constrained_assignment=True)
    free = VBxClustering(plda=PLDA_MODEL, metric="cosine", constrained_assignment=False)
    for pipeline in (vbx, free):
        pipeline.instantiate({"threshold": THRESHOLD, "Fa": FA, "Fb": FB})
    ahc = AHC31(metric="cosine")
    ahc.instantiate({"threshold": AHC_THRESHOLD, "method": "centroid", "min_cluster_size": AHC_MIN_SIZE})
    result = {"slots": slots}

    embeddings, segmentations = arrays(slots, rows, filler)
    _, chunk_index, local_index = vbx.filter_embeddings(embeddings, segmentations)
    order = {(chunk, local): row for row, (chunk, local, _, _) in enumerate(slots)}
    train_rows = [order[int(c), int(s)] for c, s in zip(chunk_index, local_index)]
    result["train_rows"] = train_rows
    train = rows[train_rows]
    if len(train) >= 2:
        unit = train / np.linalg.norm(train, axis=1, keepdims=True)
        flat = fcluster(linkage(unit, method="centroid", metric="euclidean"), THRESHOLD, criterion="distance") - 1
        labels = np.unique(flat, return_inverse=True)[1]
        features = PLDA_MODEL(train)
        with contextlib.redirect_stdout(io.StringIO()):
            gamma, pi = cluster_vbx(labels, features, PLDA_MODEL.phi, Fa=FA, Fb=FB, maxIters=20)
        result["ahc_labels"] = labels.tolist()
        result["pi"] = pi.tolist()
        save(folder / f"{name}_gamma.npy", gamma)
        if with_plda:
            save(folder / f"{name}_plda.npy", features * SIGNS)
        result["kmeans"] = [
            {"num_clusters": k,
             "labels": KMeans(n_clusters=k, n_init=3, random_state=42).fit_predict(unit.copy()).tolist()}
            for k in kmeans
        ]
    nan = np.full(256, np.nan, dtype=np.float32)
    result["bounds"] = [
        {"num": num, "min": low, "max": high,
         "vbx": call(vbx, slots, rows, filler, num, low, high),
         "vbx_unconstrained": call(free, slots, rows, filler, num, low, high),
         "ahc": call(ahc, slots, rows, nan, num, low, high)}
        for num, low, high in bounds
    ]
    (folder / f"{name}.json").write_text(json.dumps(result, allow_nan=False) + "\n")
    print(name, len(slots), "slots,", len(train_rows), "in training,",
          "ahc", 1 + max(result.get("ahc_labels", [0])),
          "kept", int(np.sum(np.array(result.get("pi", [])) > 1e-7)),
          "clusters", [len((b["vbx"] or {}).get("centroid_sums", [])) for b in result["bounds"]],
          [len((b["ahc"] or {}).get("centroid_sums", [])) for b in result["bounds"]])


def trees(folder):
    rng = np.random.default_rng(7)
    sets = [np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.87]])]
    sets += [rng.standard_normal((num, dimension)) for num, dimension in ((2, 3), (5, 2), (17, 2), (40, 3), (60, 9))]
    result = []
    for points in sets:
        tree = linkage(points, method="centroid", metric="euclidean")
        thresholds = [float(x) for x in np.quantile(tree[:, 2], [0.1, 0.4, 0.6, 0.8, 0.95])] + [0.9]
        thresholds = [x * 1.0001 for x in thresholds]  # not on a height
        result.append({
            "points": points.tolist(),
            "merges": tree.tolist(),
            "cuts": [{"threshold": t, "labels": (fcluster(tree, t, criterion="distance") - 1).tolist()} for t in thresholds],
        })
    (folder / "linkage.json").write_text(json.dumps(result, allow_nan=False) + "\n")


def main():
    warnings.filterwarnings("ignore")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    trees(folder)
    describe(folder, "meeting", *recording(1, 5, 75, 0.7), kmeans=(1, 2, 3, 5, 8, 20), with_plda=True)
    describe(folder, "crowd", *recording(2, 8, 160, 0.8), kmeans=(1, 2, 3, 4, 6, 12, 30))
    describe(folder, "pair", *recording(3, 2, 40, 0.7, longest=500), kmeans=(2, 3, 5))
    describe(folder, "solo", *recording(4, 1, 30, 0.7, longest=500), kmeans=(2, 4))
    # One slot; two and eight equal slots; slots of which at most one has enough clean speech.
    none, one = [(None, None, None)], [(None, None, None), (1, None, None)]
    slots, rows = recording(5, 3, 12, 1.0)
    describe(folder, "one_slot", slots[:1], rows[:1], bounds=one)
    long = [[chunk, 0, 0, 200] for chunk in range(8)]
    describe(folder, "two_equal", long[:2], rows[[0, 0]], bounds=one)
    describe(folder, "all_equal", long, rows[[0] * 8], bounds=one)
    short = [[chunk, local, 0, 100 + 30 * (chunk == 2)] for chunk in range(4) for local in range(1 + chunk % 2)]
    describe(folder, "short_slots", short, rows[: len(short)], bounds=none)


if __name__ == "__main__":
    main()
