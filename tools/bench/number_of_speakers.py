#!/usr/bin/env python3
"""Fits the probabilities of the number of speakers, and checks how well they are calibrated.

    pip install numpy scipy
    cargo run --release -p diarist-research --bin number_of_speakers -- ami/*.diarist ... > dev.csv
    cargo run --release -p diarist-research --bin number_of_speakers -- held/*.diarist ... > new.csv
    number_of_speakers.py dev.csv new.csv

Each line of a table is a recording or a part of it: name, length of the part in seconds (0 for the
whole), speakers found, true speakers, and the evidence. The first table is fitted: weights of
multinomial logistic regression for "fewer than found" and "more than found" against "as found",
with a small penalty. Recordings have equal weight, and so do the lengths within a recording.
Prints the constants of crates/diarist/src/clustering/posterior.rs, the log loss of each
table against the rate of the first one, and the reliability. Figures of the first table are
cross-validated: the meeting that is judged is not fitted (its seeds are left out together).
"""

import re
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

PENALTY = 1.5
FOLDS = 10


def read(path):
    rows = [line.split(",") for line in Path(path).read_text().splitlines()]
    names = np.array([row[0] for row in rows])
    values = np.array([[float(value) for value in row[1:]] for row in rows])
    length, found, true, evidence = values[:, 0], values[:, 1], values[:, 2], values[:, 3:]
    parts = {}
    for key in zip(names, length):
        parts[key] = parts.get(key, 0) + 1
    lengths = {name: sum(1 for key in parts if key[0] == name) for name in set(names)}
    weight = np.array([1 / parts[key] / lengths[key[0]] for key in zip(names, length)])
    return {
        # The same meeting with other voices, and other parts of it, are one group.
        "group": np.array([re.sub(r"[a-d]?-\d+$", "", name) for name in names]),
        "length": length, "weight": weight * len(weight) / weight.sum(), "evidence": evidence,
        "right": 1 + np.sign(true - found).astype(int), "more": true - found,
    }


def part(table, which):
    return {name: values[which] for name, values in table.items()}


def probabilities(weights, evidence):
    """Of fewer, as many, and more speakers than found."""
    logits = np.hstack([np.ones((len(evidence), 1)), evidence]) @ weights.T
    logits = np.stack([logits[:, 0], np.zeros(len(logits)), logits[:, 1]], 1)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def loss(table, found):
    rows = np.arange(len(found))
    return -(table["weight"] * np.log(np.maximum(found[rows, table["right"]], 1e-6))).sum() / table["weight"].sum()


def fit(table):
    mean, scale = table["evidence"].mean(0), table["evidence"].std(0)
    scaled = (table["evidence"] - mean) / scale
    size = 1 + scaled.shape[1]

    def objective(values):
        weights = values.reshape(2, size)
        return loss(table, probabilities(weights, scaled)) * len(scaled) + PENALTY * (weights[:, 1:] ** 2).sum()

    weights = minimize(objective, np.zeros(2 * size)).x.reshape(2, size)
    weights[:, 1:] /= scale
    weights[:, 0] -= weights[:, 1:] @ mean
    return weights


def cross_validated(table):
    groups = sorted(set(table["group"]))
    found = np.zeros((len(table["group"]), 3))
    for fold in range(FOLDS):
        out = np.isin(table["group"], groups[fold::FOLDS])
        if out.any():
            found[out] = probabilities(fit(part(table, ~out)), table["evidence"][out])
    return found


def report(title, table, found, rate):
    base = np.tile(rate, (len(found), 1))
    print(f"\n{title}: {len(found)} parts, log loss {loss(table, found):.3f}, of the rate alone {loss(table, base):.3f}")
    whole = part(table, table["length"] == 0)
    of_whole = found[table["length"] == 0]
    print(f"whole recordings: {len(of_whole)}, log loss {loss(whole, of_whole):.3f}, "
          f"of the rate alone {loss(whole, base[: len(of_whole)]):.3f}")
    for label, which in (("all", np.ones(len(found), bool)), ("whole", table["length"] == 0)):
        for name, column in (("as found", 1), ("more", 2)):
            for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.01)):
                inside = which & (found[:, column] >= low) & (found[:, column] < high)
                if inside.any():
                    weight = table["weight"][inside]
                    mean = np.average(found[inside, column], weights=weight)
                    share = np.average(table["right"][inside] == column, weights=weight)
                    print(f"  {label:6} {name:9} {low:.1f} to {min(high, 1):.1f}: {inside.sum():4} parts, "
                          f"probability {mean:.2f}, true {share:.2f}")


def main():
    tables = [read(path) for path in sys.argv[1:]]
    first = tables[0]
    weights = fit(first)
    for name, row in zip(("FEWER", "MORE"), weights):
        print(f"const {name}: [f64; {len(row)}] = [{', '.join(f'{value:.3f}' for value in row)}];")
    for name, sign in (("FURTHER", 1), ("FURTHER_FEWER", -1)):
        distance = sign * first["more"]
        beyond, weight = distance[distance > 0], first["weight"][distance > 0]
        print(f"{name}: mean difference {np.average(beyond, weights=weight):.3f}, "
              f"so a factor of {1 - 1 / np.average(beyond, weights=weight):.2f}")
    rate = np.array([np.average(first["right"] == column, weights=first["weight"]) for column in range(3)])
    print(f"rate of fewer, as found, more: {np.round(rate, 3)}")
    report("first table, cross-validated", first, cross_validated(first), rate)
    for path, table in zip(sys.argv[2:], tables[1:]):
        report(path, table, probabilities(weights, table["evidence"]), rate)


if __name__ == "__main__":
    main()
