"""Writes fixtures/golden/metrics/cases.json: random annotations and their scores.

    python tools/reference/metrics.py fixtures/golden/metrics/cases.json [--md-eval md-eval-22.pl]

The scores are computed by pyannote.metrics and md-eval. Versions: pyannote.metrics 4.2.0,
pyannote.core 6.1.0, scipy 1.17.1, numpy 2.4.6; md-eval is NIST's version 22 from the dscore package
(github.com/nryant/dscore). Seeded. Without --md-eval the `md_eval` fields are null.

Times are whole microseconds, so that every program starts from the same numbers. `collar_s` is the
width on each side of a boundary, which is md-eval's `-c` and half of pyannote.metrics' `collar`.
"""

import argparse
import json
import re
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

warnings.filterwarnings("ignore", message="'uem' was approximated")

US = 1_000_000
OPTIONS = [(0.0, False), (0.25, False), (0.0, True), (0.25, True), (0.1, False)]


def random_turns(rng, speakers, number, grid_us, length_us, longest_us):
    """Turns (start, duration, speaker) that may overlap in any way, also with the same speaker."""
    turns = []
    for _ in range(number):
        start = int(rng.integers(0, length_us // grid_us)) * grid_us
        duration = int(rng.integers(0, longest_us // grid_us + 1)) * grid_us
        turns.append((start, duration, int(rng.integers(0, speakers))))
    return turns


def conversation(rng, speakers, number, grid_us):
    """Turn-taking: turns that touch, pause or overlap a little, none of one speaker overlapping."""
    turns, time, last = [], 0, {}
    for _ in range(number):
        duration = int(rng.integers(1, 8_000_000 // grid_us)) * grid_us
        shift = int(rng.integers(-1_500_000 // grid_us, 2_000_000 // grid_us)) * grid_us
        start = max(0, time + (0 if rng.random() < 0.3 else shift))
        speaker = int(rng.integers(0, speakers))
        start = max(start, last.get(speaker, 0))
        turns.append((start, duration, speaker))
        time = last[speaker] = start + duration
    return turns


def disturbed(rng, turns, speakers, grid_us):
    """A plausible hypothesis: moved boundaries, and wrong, missing and additional turns."""
    names = rng.permutation(speakers + 2)
    out = []
    for start, duration, speaker in turns:
        if rng.random() < 0.1:
            continue
        if rng.random() < 0.7:
            start = max(0, start + int(rng.integers(-400_000 // grid_us, 400_000 // grid_us + 1)) * grid_us)
            duration = max(0, duration + int(rng.integers(-400_000 // grid_us, 400_000 // grid_us + 1)) * grid_us)
        name = names[speaker] if rng.random() < 0.85 else rng.integers(0, speakers + 2)
        out.append((start, duration, int(name)))
    if rng.random() < 0.5:
        out += random_turns(rng, speakers, 2, grid_us, 30_000_000, 3_000_000)
    return out


def special_cases():
    """Corner cases by hand: (name, reference, hypothesis)."""
    s = lambda *turns: [(round(a * US), round(b * US), k) for a, b, k in turns]
    return [
        ("both empty", [], []),
        ("empty reference", [], s((1, 2, 0), (2, 2, 1))),
        ("empty hypothesis", s((1, 2, 0), (2, 2, 1)), []),
        ("only zero-length turns", s((1, 0, 0)), s((2, 0, 0))),
        ("zero-length among others", s((0, 2, 0), (1, 0, 1), (3, 0, 0)), s((0, 2, 0), (5, 0, 1))),
        ("one microsecond is nothing", s((0, 0.000001, 0), (1, 0.000002, 1)), s((0, 1, 0))),
        ("gap of a microsecond", s((0, 1, 0), (1.000001, 1, 0)), s((0, 2.000001, 0))),
        ("same turn twice in the reference", s((0, 2, 0), (0, 2, 0)), s((0, 2, 0))),
        ("same turn twice in the hypothesis", s((0, 2, 0)), s((0, 2, 0), (0, 2, 0))),
        ("same turn twice in both", s((0, 2, 0), (0, 2, 0)), s((0, 2, 1), (0, 2, 1))),
        ("one speaker overlaps itself", s((0, 4, 0), (2, 4, 0)), s((0, 6, 0))),
        ("nested", s((0, 10, 0), (2, 6, 1), (3, 2, 2), (4, 0.5, 3)), s((0, 10, 0), (2, 6, 1), (3, 2, 2))),
        ("touching turns", s((0, 1, 0), (1, 1, 1), (2, 1, 0)), s((0, 1, 1), (1, 1, 0), (2, 1, 1))),
        ("equally good mappings", s((0, 1, 0), (1, 1, 1)), s((0, 2, 0))),
        ("equally good mappings of unequal Jaccard index", s((0, 2, 0), (2, 2, 1), (4, 4, 1)), s((0, 4, 0))),
        ("one hypothesis speaker for all", s((0, 3, 0), (3, 2, 1), (6, 1, 2)), s((0, 8, 0))),
        ("one reference speaker, many clusters", s((0, 9, 0)), s(*((i, 1, i) for i in range(9)))),
        ("turns before and after the reference", s((5, 2, 0)), s((0, 1, 1), (5, 2, 0), (10, 3, 2))),
        ("false alarms only", s((5, 2, 0)), s((0, 1, 1), (10, 3, 2))),
        ("collars eat everything", s((0, 0.4, 0), (0.6, 0.3, 1)), s((0, 0.9, 0))),
    ]


def annotation(turns):
    out = Annotation(uri="x")
    for track, (start, duration, speaker) in enumerate(turns):
        out[Segment(start / US, start / US + duration / US), track] = f"s{speaker}"
    return out


def md_eval(binary, reference, hypothesis, uem, collar, skip_overlap):
    """Seconds [total, missed, false alarm, confusion] of md-eval, or None if it fails.

    It fails without reference speech.
    """
    if uem is None:
        used = [(s, s + d) for s, d, _ in reference + hypothesis if d > 1]
        uem = [(min(s for s, _ in used), max(e for _, e in used))] if used else []
    with tempfile.TemporaryDirectory() as folder:
        for name, turns in (("ref", reference), ("sys", hypothesis)):
            rows = (f"SPEAKER x 1 {s / US:.6f} {d / US:.6f} <NA> <NA> s{k} <NA> <NA>\n" for s, d, k in turns if d > 1)
            Path(folder, name).write_text("".join(rows))
        # md-eval refuses regions that overlap.
        regions = Timeline([Segment(*region) for region in uem]).support()
        Path(folder, "uem").write_text("".join(f"x 1 {r.start / US:.6f} {r.end / US:.6f}\n" for r in regions))
        command = ["perl", binary, "-af", "-r", "ref", "-s", "sys", "-u", "uem", "-c", str(collar)]
        text = subprocess.run(command + ["-1"] * skip_overlap, cwd=folder, capture_output=True, text=True).stdout
    labels = ("SCORED SPEAKER TIME", "MISSED SPEAKER TIME", "FALARM SPEAKER TIME", r"SPEAKER ERROR TIME")
    found = [re.findall(label + r" =\s*([\d.]+) secs", text) for label in labels]
    return [float(values[-1]) for values in found] if all(found) else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--md-eval")
    arguments = parser.parse_args()
    rng = np.random.default_rng(7)
    raw = [(name, reference, hypothesis, None) for name, reference, hypothesis in special_cases()]
    for i in range(110):
        speakers = int(rng.choice([1, 2, 3, 4, 6]))
        grid = int(rng.choice([1000, 1000, 100_000, 500_000]))
        reference = conversation(rng, speakers, int(rng.integers(1, 20)), grid)
        hypothesis = disturbed(rng, reference, speakers, grid)
        raw.append((f"conversation {i}", reference, hypothesis, random_uem(rng, i)))
    for i in range(110):
        grid = int(rng.choice([1, 1000, 100_000, 500_000]))
        speakers = rng.integers(1, 5, size=2)
        numbers = rng.integers(0, 14, size=2)
        sides = [random_turns(rng, speakers[k], numbers[k], grid, 30_000_000, 6_000_000) for k in (0, 1)]
        raw.append((f"anything {i}", *sides, random_uem(rng, i)))
    for i in range(10):
        # More speakers than letters, in whole half-seconds: equal co-occurrences abound.
        reference = random_turns(rng, 30, 70, 500_000, 60_000_000, 5_000_000)
        hypothesis = random_turns(rng, 33, 70, 500_000, 60_000_000, 5_000_000)
        raw.append((f"many speakers {i}", reference, hypothesis, None))

    cases = []
    for index, (name, reference, hypothesis, uem) in enumerate(raw):
        options = OPTIONS if index < len(special_cases()) else [OPTIONS[index % len(OPTIONS)]]
        for collar, skip_overlap in options:
            settings = {"collar": 2 * collar, "skip_overlap": skip_overlap}
            timeline = uem and Timeline([Segment(s / US, e / US) for s, e in uem])
            sides = annotation(reference), annotation(hypothesis)
            der = DiarizationErrorRate(**settings)(*sides, uem=timeline, detailed=True)
            jer = JaccardErrorRate(**settings)(*sides, uem=timeline, detailed=True)
            md = arguments.md_eval and md_eval(arguments.md_eval, reference, hypothesis, uem, collar, skip_overlap)
            cases.append(
                {
                    "name": name,
                    "reference": reference,
                    "hypothesis": hypothesis,
                    "uem": uem,
                    "collar_s": collar,
                    "skip_overlap": skip_overlap,
                    "total": der["total"],
                    "correct": der["correct"],
                    "missed_detection": der["missed detection"],
                    "false_alarm": der["false alarm"],
                    "confusion": der["confusion"],
                    "der": der["diarization error rate"],
                    "num_speakers": int(jer["speaker count"]),
                    "speaker_error": jer["speaker error"],
                    "jer": jer["jaccard error rate"],
                    "md_eval": md or None,
                }
            )

    corpora = []
    for collar, skip_overlap in OPTIONS:
        settings = {"collar": 2 * collar, "skip_overlap": skip_overlap}
        metrics = DiarizationErrorRate(**settings), JaccardErrorRate(**settings)
        for _, reference, hypothesis, uem in raw:
            timeline = uem and Timeline([Segment(s / US, e / US) for s, e in uem])
            for metric in metrics:
                metric(annotation(reference), annotation(hypothesis), uem=timeline)
        corpora.append({"collar_s": collar, "skip_overlap": skip_overlap, "der": abs(metrics[0]), "jer": abs(metrics[1])})
    with open(arguments.out, "w") as out:
        json.dump({"cases": cases, "corpora": corpora}, out, separators=(",", ":"))
        out.write("\n")


def random_uem(rng, i):
    """None, one region, or several that may touch and overlap, in microseconds."""
    if i % 3 == 0:
        return None
    if i % 3 == 1:
        return [(0, 30_000_000)]
    starts = sorted(int(t) * 1000 for t in rng.integers(0, 40_000, size=3))
    return [(start, start + int(rng.integers(1, 10_000)) * 1000) for start in starts]


if __name__ == "__main__":
    main()
