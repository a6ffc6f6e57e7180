"""Writes the golden files of k-means on a line: seeded values and scikit-learn's sums of squares.

Run:      python kmeans1d.py OUT_DIR        (OUT_DIR = fixtures/golden/kmeans1d)
Versions: Python 3.11, numpy 2.4.6, scikit-learn 1.9.1

Writes `values.npy` (float32, all samples one after the other) and `inertia.json`, which has
`[start, end, clusters, inertia]` for each sample and number of clusters; the inertia is the least
of ten starts. The samples resemble the weights of a network, with many small values and few large
ones: a whole tensor, one channel, and a sample with values that repeat.
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans


def samples() -> list[np.ndarray]:
    rng = np.random.default_rng(40)
    return [
        rng.laplace(0, 0.02, 8000),
        rng.standard_t(4, 1152) * 0.05,
        rng.normal(0.01, 0.1, 288),
        np.round(rng.normal(0, 0.04, 3000), 4),
    ]


def main(out_dir: Path) -> None:
    out_dir.mkdir(parents=True, exist_ok=True)
    values, rows = np.zeros(0, np.float32), []
    for sample in samples():
        sample = sample.astype(np.float32)
        start, values = len(values), np.concatenate([values, sample])
        for clusters in (16, 64, 256):
            result = KMeans(clusters, n_init=10, random_state=0).fit(sample[:, None].astype(np.float64))
            rows.append([start, len(values), clusters, result.inertia_])
    np.save(out_dir / "values.npy", values)
    (out_dir / "inertia.json").write_text("[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
