#!/usr/bin/env python3
"""Compares back ends (clustering, and turns from clusters) on saved analyses, in seconds for a set.

    pip install numpy scipy
    for f in SET/*.wav; do diarist analyze "$f"; done
    back_ends.py --diarist diarist SET... -- "exact=--profile exact" "default=" "more=--fb 0.4"

A set is a folder with NAME.diarist, NAME.rttm and, if not all of the recording is scored, NAME.uem.
A second reference in SET/speech/NAME.rttm (without the pauses within turns) is scored as well: the
change that fills pauses gains on the first and loses on the second. Each variant is a name and the
options of `diarist cluster`; `{speakers}` in them stands for the true number of speakers.

Prints, for each set and variant: DER (collar 0, overlap scored), the same against the second
reference, misses, false alarms and confusion, recordings with the right number of speakers, the
difference to the first variant with a 95 % bootstrap interval over recordings, recordings that are
better and worse by more than 0.05 points, and the p value of a two-sided sign test. `--recordings`
adds a line for each recording, `--json FILE` writes everything.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

NAMES = ("der", "miss", "false_alarm", "confusion")


def read_rttm(text):
    fields = (line.split() for line in text.splitlines() if line.startswith("SPEAKER"))
    return [(float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields]


def seconds(reference, hypothesis, region):
    """Seconds of reference speech, missed, false and confused speech; speakers found and true."""
    names = [sorted({turn[2] for turn in turns}) for turns in (reference, hypothesis)]
    times = [t for turns in (reference, hypothesis) for turn in turns for t in turn[:2]]
    edges = np.unique(np.clip([*region, *times], *region))
    active = []
    for turns, own in zip((reference, hypothesis), names):
        changes = np.zeros((len(edges), len(own)), int)
        for start, end, name in turns:
            first, last = np.searchsorted(edges, np.clip([start, end], *region))
            changes[first, own.index(name)] += 1
            changes[last, own.index(name)] -= 1
        active.append(np.cumsum(changes, axis=0)[:-1] > 0)
    true, found = active
    length = np.diff(edges)
    shared = (true * length[:, None]).T @ found
    right = sum((true[:, i] & found[:, j]) @ length for i, j in zip(*linear_sum_assignment(-shared)))
    num_true, num_found = true.sum(axis=1), found.sum(axis=1)
    both = np.minimum(num_true, num_found) @ length
    return np.array([
        num_true @ length,
        np.maximum(num_true - num_found, 0) @ length,
        np.maximum(num_found - num_true, 0) @ length,
        both - right,
        len(names[1]),
        len(names[0]),
    ])


def rates(errors):
    """DER, misses, false alarms and confusion in per cent."""
    total = max(errors[0], 1e-9)
    return [100 * value / total for value in (sum(errors[1:4]), *errors[1:4])]


def recordings(folder):
    for analysis in sorted(Path(folder).glob("*.diarist")):
        reference = analysis.with_suffix(".rttm")
        if reference.exists():
            yield analysis, read_rttm(reference.read_text())


def region(analysis, references):
    uem = analysis.with_suffix(".uem")
    if uem.exists():
        field = uem.read_text().split()
        return float(field[2]), float(field[3])
    return 0.0, max(turn[1] for turns in references for turn in turns)


def run(diarist, options, analysis, reference):
    number = str(len({turn[2] for turn in reference}))
    arguments = [option.replace("{speakers}", number) for option in options.split()]
    done = subprocess.run([diarist, "cluster", "--format", "rttm", *arguments, analysis], capture_output=True, text=True)
    if done.returncode:
        print(f"{analysis}: {done.stderr.strip()}", file=sys.stderr)
    return read_rttm(done.stdout)


def score(args, folder, options):
    """Name, errors against the reference, and against the second one or None, of each recording."""
    items = list(recordings(folder))
    with ThreadPoolExecutor(args.jobs) as pool:
        found = list(pool.map(lambda item: run(args.diarist, options, *item), items))
    scores = []
    for (analysis, reference), turns in zip(items, found):
        speech = analysis.parent / "speech" / f"{analysis.stem}.rttm"
        second = read_rttm(speech.read_text()) if speech.exists() else None
        scored = region(analysis, [reference, turns])
        scores.append((
            analysis.stem,
            seconds(reference, turns, scored),
            None if second is None else seconds(second, turns, scored),
        ))
    return scores


def interval(differences, repeats=10_000, seed=0):
    """95 % bootstrap interval of the mean."""
    rng = np.random.default_rng(seed)
    means = differences[rng.integers(0, len(differences), (repeats, len(differences)))].mean(axis=1)
    return np.percentile(means, [2.5, 97.5])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--diarist", default="diarist")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--recordings", action="store_true")
    parser.add_argument("--json", type=Path)
    before = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
    after = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    parser.add_argument("sets", nargs="+")
    args = parser.parse_args(before)
    variants = dict(variant.split("=", 1) for variant in after or ["default="])
    report = []
    for folder in args.sets:
        print(f"{folder}\n{'variant':24} {'DER':>6} {'2nd':>6} {'miss':>6} {'FA':>6} {'conf':>6} {'right n':>8}"
              f"  {'difference':>10} {'95 % interval':>17} {'better':>7} {'worse':>6} {'p':>7}")
        base = None
        for name, options in variants.items():
            scores = score(args, folder, options)
            errors = np.array([s[1] for s in scores])
            second = [s[2] for s in scores if s[2] is not None]
            ders = np.array([rates(e)[0] for e in errors])
            base = ders if base is None else base
            change = ders - base
            better, worse = int((change < -0.05).sum()), int((change > 0.05).sum())
            p = binomtest(better, better + worse).pvalue if better + worse else 1.0
            low, high = interval(change)
            total = rates(errors.sum(axis=0))
            tight = rates(np.sum(second, axis=0))[0] if second else float("nan")
            right = int((errors[:, 4] == errors[:, 5]).sum())
            print(f"{name:24} {total[0]:6.2f} {tight:6.2f} {total[1]:6.2f} {total[2]:6.2f} {total[3]:6.2f} "
                  f"{right:3}/{len(scores):<4}  {change.mean():10.2f} {low:8.2f} {high:8.2f} {better:7} {worse:6} {p:7.3f}")
            report.append({
                "set": folder, "variant": name, "options": options, "right_number": right,
                "second_der": None if np.isnan(tight) else tight, **dict(zip(NAMES, total)),
                "recordings": [
                    {"name": s[0], "found": int(s[1][4]), "true": int(s[1][5]), **dict(zip(NAMES, rates(s[1])))}
                    for s in scores
                ],
            })
        if args.recordings:
            of_set = [entry for entry in report if entry["set"] == folder]
            for index, recording in enumerate(of_set[0]["recordings"]):
                cells = (entry["recordings"][index] for entry in of_set)
                print(f"  {recording['name']:20}", " | ".join(
                    f"{c['der']:6.2f} ({c['miss']:4.1f} {c['false_alarm']:4.1f} {c['confusion']:4.1f}) {c['found']}/{c['true']}"
                    for c in cells))
    if args.json:
        args.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
