"""Writes fixtures/golden/timeline/cases.json: speaker count, discrete diarization and turns.

    python tools/reference/timeline.py fixtures/golden/timeline/cases.json

Versions: pyannote.audio 4.0.7, pyannote.core 6.1.0, numpy 2.4.6, Python 3.11+. Seeded.

The input is random masks, and pyannote's own functions do the work (`speaker_count`,
`Inference.aggregate`, `reconstruct`, `to_annotation`). Run it on x86-64 with AVX-512: these
functions leave the order of equal votes to numpy's argsort, whose vectorised form orders ties
differently from the scalar form (see `crates/diarist/src/timeline/vote_order.rs`). The file also
holds numpy's order for random votes.
"""

import json
import sys

import numpy as np
from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
from pyannote.audio.pipelines.utils import SpeakerDiarizationMixin
from pyannote.core import SlidingWindow, SlidingWindowFeature

FRAMES, LOCAL, RATE = 589, 3, 16000
FIELD = SlidingWindow(start=0.0, duration=991 / RATE, step=270 / RATE)


class BackEnd(SpeakerDiarizationMixin):
    reconstruct = SpeakerDiarization.reconstruct


def random_masks(rng, chunks, activity):
    """Zeros and ones [chunks, FRAMES, LOCAL] in runs of a plausible length.

    Some local speakers stay silent.
    """
    masks = np.zeros((chunks, FRAMES, LOCAL), dtype=np.float32)
    for c in range(chunks):
        for s in range(LOCAL):
            if rng.random() > activity:
                continue
            for _ in range(rng.integers(1, 4)):
                start = rng.integers(0, FRAMES)
                masks[c, start : start + rng.integers(1, 300), s] = 1.0
    return masks


def runs(column):
    """[start, end, start, end, ...] of the frames that are 1."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], column, [0]])))
    return edges.tolist()


def case(rng, name, chunks, step_samples, clusters, activity=0.8, max_speakers=None, min_duration_off=0.0, assigned=0.9, full=False):
    step = step_samples / RATE
    masks = random_masks(rng, chunks, activity)
    if full:
        masks[:] = 1.0
    hard = np.full((chunks, LOCAL), -2)
    for c in range(chunks):
        for s in range(LOCAL):
            if rng.random() < assigned:
                hard[c, s] = rng.integers(0, clusters)
    window = SlidingWindow(start=0.0, duration=10.0, step=step)
    segmentations = SlidingWindowFeature(masks, window)
    count = BackEnd.speaker_count(segmentations, FIELD, warm_up=(0.0, 0.0))
    counts = count.data[:, 0].astype(int)
    hard[masks.sum(axis=1) == 0] = -2
    if hard.max() < 0:
        active = np.argwhere(masks.sum(axis=1) > 0)
        hard[tuple(active[0])] = 0
    back_end = BackEnd()
    count.data = np.minimum(count.data, np.inf if max_speakers is None else max_speakers).astype(np.int8)
    discrete = back_end.reconstruct(segmentations, hard.copy(), count)
    diarization = back_end.to_annotation(discrete, min_duration_off=min_duration_off)
    count.data = np.minimum(count.data, 1).astype(np.int8)
    solo = back_end.reconstruct(segmentations, hard.copy(), count)
    exclusive = back_end.to_annotation(solo, min_duration_off=min_duration_off)
    labels = diarization.labels()
    mapping = dict(zip(labels, back_end.classes()))
    diarization, exclusive = diarization.rename_labels(mapping), exclusive.rename_labels(mapping)
    diarization.uri = exclusive.uri = name

    def turns(annotation):
        # Times as text: readers of JSON numbers may be one unit off in the last place.
        found = sorted((s.start, s.end, label) for s, _, label in annotation.itertracks(yield_label=True))
        return [[repr(float(start)), repr(float(end)), label] for start, end, label in found]

    return {
        "name": name,
        "step_samples": step_samples,
        "max_speakers": max_speakers,
        "min_duration_off_s": min_duration_off,
        "masks": [[runs(masks[c, :, s]) for s in range(LOCAL)] for c in range(chunks)],
        "hard": [[None if k < 0 else int(k) for k in row] for row in hard],
        "num_frames": len(counts),
        # For each possible number of speakers 1, 2, 3: the frames that have it.
        "counts": [runs((counts == n).astype(int)) for n in (1, 2, 3)],
        "discrete": [runs(column) for column in discrete.data.T],
        "exclusive_discrete": [runs(column) for column in solo.data.T],
        "labels": [int(k) for k in labels],
        "turns": turns(diarization),
        "exclusive_turns": turns(exclusive),
        "rttm": sorted(diarization.to_rttm().splitlines()),
    }


def main(path):
    rng = np.random.default_rng(20)
    cases = []

    def add(name, *args, **kwargs):
        cases.append(case(rng, name, *args, **kwargs))

    for i in range(4):
        add(f"one-chunk-{i}", 1, 16000, 3)
    for i in range(3):
        add(f"two-chunks-{i}", 2, 16000, 2)
    # Fewer clusters than simultaneous speakers: clusters without votes are switched on.
    for i in range(3):
        add(f"zero-votes-{i}", 6, 16000, 1 + i % 2, activity=1.0, assigned=0.6)
    add("all-active", 4, 16000, 2, full=True)
    for clusters in (2, 3, 5, 12, 16):
        add(f"step-1-{clusters}-clusters", 14, 16000, clusters)
    for step in (4320, 8000, 12320, 40000, 80000, 159000, 160000):
        add(f"step-{step}", 9, step, 4)
    # Two chunks at a time cover most frames: every other mean is half-way.
    for i in range(3):
        add(f"half-way-{i}", 6, 80000, 4, activity=0.9)
    for cap in (1, 2):
        add(f"at-most-{cap}", 10, 16000, cap, max_speakers=cap)
    for gap in (0.1, 0.5, 2.0):
        add(f"gaps-{gap}", 10, 16000, 4, min_duration_off=gap)
    add("sparse", 30, 16000, 11, activity=0.25)
    orders = []
    for clusters in (2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17, 33, 64, 100, 256):
        votes = rng.integers(0, 5, clusters)
        orders.append({"votes": votes.tolist(), "order": np.argsort(-votes[None].astype(np.float32), axis=-1)[0].tolist()})
    with open(path, "w") as out:
        json.dump({"cases": cases, "orders": orders}, out, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
