"""Writes fixtures/golden/bench/cases.json: intervals and tests of error rates over recordings.

    python tools/reference/bench.py fixtures/golden/bench/cases.json

Computed by scipy.stats.bootstrap (percentile method, 200,000 resamples) and
scipy.stats.permutation_test (exact: every exchange of A and B). Versions: scipy 1.17.1, numpy
2.4.6. Seeded. A case has the seconds of error of A and of B, and the seconds of reference speech,
of each recording; intervals are fractions with a confidence of 95 %.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy import stats


def interval(statistic, *data):
    found = stats.bootstrap(
        data, statistic, paired=True, vectorized=True, n_resamples=200_000, batch=10_000, method="percentile",
        confidence_level=0.95, rng=np.random.default_rng(7),
    ).confidence_interval
    return [found.low, found.high]


def case(rng, num, shift):
    total = np.round(rng.uniform(20, 900, num), 1)
    a = np.round(total * rng.beta(2, 10, num), 1)
    b = np.round(np.clip(a + total * rng.normal(shift, 0.03, num), 0, None), 1)

    def rate(error, total, axis):
        return error.sum(axis=axis) / total.sum(axis=axis)

    def difference(a, b, total, axis):
        return (b - a).sum(axis=axis) / total.sum(axis=axis)

    def paired(a, b, axis):
        return (b - a).sum(axis=axis)

    test = stats.permutation_test(
        (a, b), paired, permutation_type="samples", vectorized=True, n_resamples=np.inf, alternative="two-sided"
    )
    return {
        "a_s": a.tolist(),
        "b_s": b.tolist(),
        "total_s": total.tolist(),
        "interval_a": interval(rate, a, total),
        "interval_difference": interval(difference, a, b, total),
        "p": float(test.pvalue),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    rng = np.random.default_rng(20)
    cases = [case(rng, num, shift) for num, shift in [(3, 0.0), (8, 0.02), (12, 0.01), (14, -0.04)]]
    output.write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
