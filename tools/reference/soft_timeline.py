"""Writes fixtures/golden/timeline/soft.json: soft reconstruction of random analyses.

    python tools/reference/soft_timeline.py fixtures/golden/timeline/soft.json

Versions: numpy 2.4.6, Python 3.11+. Seeded.

An independent implementation of the definition, with whole tables [frames, clusters] and times in
seconds (see `crates/diarist/src/timeline/soft.rs`).

Probabilities of a chunk are given as `[number of frames, first speaker, second, third, overlap]`,
in units of 1/255. Embeddings and centroids have 8 values; value `j` belongs at place `33 * j` of
256, and all others are zero. Stretches are `[cluster, start, end, mean certainty]`, in frames.
"""

import json
import sys

import numpy as np

FRAMES, LOCAL, RATE = 589, 3, 16000
STEP, MIDDLE = 270 / RATE, 0.5 * 991 / RATE
LENGTH, SHIFT, DIMENSION = 0.8, 0.4, 8
SHARPNESS, EVIDENCE, FALL, MIN_SECOND = 15.0, 3.0, 0.9, 0.02
CLASSES = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 1, 0, 1], [1, 0, 1, 1], [0, 1, 1, 1]])


def random_chunk(rng, spread):
    """Runs of frames with the probabilities of a softmax over random scores."""
    runs, left = [], FRAMES
    while left:
        length = min(left, int(rng.integers(1, 120)))
        weights = np.exp(rng.normal(0, spread, 7))
        planes = np.floor(weights / weights.sum() @ CLASSES * 255 + 0.5).astype(int)
        runs.append([length, *planes.tolist()])
        left -= length
    return runs


def start_frame(seconds):
    return int(np.rint(seconds / STEP))


def expected(chunks, step, num_samples, hard, centroids, subsegments, thresholds, cap):
    """Two lists of stretches: of all turns, and of exclusive ones."""
    count = len(chunks)
    starts = [start_frame(c * step) for c in range(count)]
    frames = start_frame(10.0 + (count - 1) * step) + 1
    clusters = max([len(centroids)] + [k + 1 for row in hard for k in row if k is not None])
    covering = np.zeros(frames)
    speech, overlap = np.zeros(frames), np.zeros(frames)
    votes = np.zeros((frames, clusters))
    for runs, owners, start in zip(chunks, hard, starts):
        table = np.repeat([run[1:] for run in runs], [run[0] for run in runs], axis=0)
        covering[start : start + FRAMES] += 1
        speech[start : start + FRAMES] += table[:, :3].sum(1) - table[:, 3]
        overlap[start : start + FRAMES] += table[:, 3]
        for k in range(clusters):
            own = [s for s in range(LOCAL) if owners[s] == k]
            if own:
                votes[start : start + FRAMES, k] += table[:, own].max(1)
    one = 255 * np.maximum(covering, 1)
    speech, overlap, votes = speech / one, overlap / one, votes / one[:, None]

    middles = np.arange(frames) * STEP + MIDDLE
    lengths = np.linalg.norm(np.array(centroids).reshape(-1, DIMENSION), axis=1)
    voices = [k for k in range(len(centroids)) if lengths[k] > 0]
    evidence, weights = np.zeros((frames, clusters)), np.zeros(frames)
    for index, solo, embedding in subsegments if voices else []:
        cosines = np.array([np.dot(embedding, centroids[k]) / lengths[k] / np.linalg.norm(embedding) for k in voices])
        posterior = np.zeros(clusters)
        posterior[voices] = np.exp(SHARPNESS * cosines) / np.exp(SHARPNESS * cosines).sum()
        offset = np.abs(middles - (SHIFT * index + LENGTH / 2)) / (LENGTH / 2)
        weight = np.where(offset < 1, solo * (1 - FALL * offset), 0.0)
        evidence += weight[:, None] * posterior
        weights += weight
    evidence /= np.where(weights > 0, weights, 1)[:, None]
    scores = votes + EVIDENCE * evidence * np.clip(speech - overlap, 0, 1)[:, None]

    counts = (speech > thresholds[0]).astype(int) + ((speech > thresholds[0]) & (overlap > thresholds[1]))
    counts[middles >= num_samples / RATE - 1e-6] = 0
    order = np.argsort(-scores, axis=1, kind="stable")
    timelines = []
    for limit in (2 if cap is None else cap, 1):
        certainty = np.full((frames, clusters), np.nan)
        second = np.zeros(frames)
        for t in range(frames):
            for rank, k in enumerate(order[t, : min(counts[t], limit)]):
                if scores[t, k] == 0:
                    continue
                total = overlap[t] if rank else speech[t]
                share = votes[t, k] / max(total, votes[t, k])
                if rank == 0 and weights[t] > 0:
                    share = evidence[t, k]
                certainty[t, k] = share * min(total, 1)
            # The only cluster is followed by one for the second speaker of overlap.
            if clusters == 1 and min(counts[t], limit) > 1 and scores[t, 0] > 0:
                second[t] = overlap[t]
        if clusters == 1 and (second > 0).sum() >= MIN_SECOND * (~np.isnan(certainty)).sum():
            certainty = np.column_stack([certainty, np.where(second > 0, second, np.nan)])
        stretches = []
        for k in range(certainty.shape[1]):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], ~np.isnan(certainty[:, k]), [0]]).astype(int)))
            for start, end in edges.reshape(-1, 2):
                stretches.append([k, int(start), int(end), float(certainty[start:end, k].mean())])
        timelines.append(stretches)
    return timelines


def case(rng, name, count, clusters, step_samples=16000, spread=3.0, with_subsegments=True, with_centroids=True, thresholds=(0.5, 0.3), cap=None, zero_centroids=0, kept=0.8, certain=False):
    chunks = [random_chunk(rng, spread) for _ in range(count)]
    if certain:  # 0 or 255, so that many scores are equal.
        for run in (run for runs in chunks for run in runs):
            run[1:] = (255 * CLASSES[rng.integers(0, 7)]).tolist()
    hard = [[int(rng.integers(0, clusters)) if rng.random() < 0.9 else None for _ in range(LOCAL)] for _ in range(count)]
    # No analysis has less than its chunks need; the last chunk ends in silence.
    num_samples = 160000 + (count - 1) * step_samples - int(rng.integers(0, min(step_samples, 16000)))
    # Exact in 32 bits.
    centroids = np.round(64 * rng.normal(0, 1, (clusters, DIMENSION))) / 64
    centroids[: zero_centroids] = 0
    centroids = centroids.tolist() if with_centroids else []
    subsegments = []
    for index in range(int(num_samples / RATE / SHIFT) if with_subsegments else 0):
        if rng.random() < kept:
            embedding = (centroids or np.eye(DIMENSION))[rng.integers(0, clusters)] + rng.normal(0, 0.4, DIMENSION)
            values = np.round(127 * embedding / np.abs(embedding).max()).astype(int)
            subsegments.append([index, int(rng.integers(3, 11)), values.tolist()])
    active, exclusive = expected(chunks, step_samples / RATE, num_samples, hard, centroids, subsegments, thresholds, cap)
    return {
        "name": name,
        "step_samples": step_samples,
        "num_samples": num_samples,
        "chunks": chunks,
        "hard": hard,
        "centroids": centroids,
        "subsegments": subsegments,
        "speech_threshold": thresholds[0],
        "overlap_threshold": thresholds[1],
        "max_speakers": cap,
        "active": active,
        "exclusive": exclusive,
    }


def main(path):
    rng = np.random.default_rng(50)
    cases = []

    def add(name, *args, **kwargs):
        cases.append(case(rng, name, *args, **kwargs))

    for i in range(3):
        add(f"one-chunk-{i}", 1, 3)
    for clusters in (1, 2, 3, 5, 9):
        add(f"{clusters}-clusters", 8, clusters)
    for step in (4320, 8000, 40000, 80000, 160000):
        add(f"step-{step}", 6, 4, step_samples=step)
    for speech, overlap in ((0.5, 0.6), (0.2, 0.1), (0.8, 0.3), (0.3, 0.9)):
        add(f"thresholds-{speech}-{overlap}", 7, 4, thresholds=(speech, overlap), spread=1.5)
    for cap in (1, 2):
        add(f"at-most-{cap}", 6, 3, cap=cap)
    add("no-subsegments", 8, 4, with_subsegments=False)
    add("no-centroids", 8, 4, with_centroids=False)
    add("zero-centroids", 8, 5, zero_centroids=2)
    add("few-subsegments", 12, 4, kept=0.2)
    for i in range(3):
        add(f"equal-votes-{i}", 6, 4 + i, step_samples=40000, with_subsegments=False, certain=True)
    add("certain", 6, 3, certain=True)
    with open(path, "w") as out:
        json.dump({"cases": cases}, out, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
