#!/usr/bin/env python3
"""Compares the speed of the kernels with the record of this processor, or writes a new record.

    kernel_record.py check [--rounds N]
    kernel_record.py write [--rounds N]

A round is one run of `cargo bench -p diarist-kernels --bench ops -- --record`, which gives the
least processor time of each kernel on each instruction set except `portable`. A record is a file
in `benches/record`, named after the processor. It holds the median over the rounds and its noise:
the median absolute deviation (MAD), the fastest and the slowest round.

`check` exits with 1 if a median differs from the record by more than FLOOR and more than
NOISE_FACTOR times the noise, or if a kernel has no record. Other work on the machine slows the
kernels down, even in processor time where two threads share a core: it widens the noise, and with
it the differences that pass. Needs Python 3.9 and cargo.
"""

import argparse
import csv
import datetime
import pathlib
import platform
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDS = ROOT / "benches" / "record"
COLUMNS = ["isa", "name", "unit", "median", "mad", "min", "max", "rounds", "rustc", "date"]
# Differences below 10 % come from the state of a shared machine and the layout of the program.
FLOOR = 0.10
# In a normal distribution 1.48 MAD are one standard deviation, so 2.7 of these are allowed.
NOISE_FACTOR = 4.0


def processor():
    """The processor's model as a file name; family and model number tell equal names apart."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
        fields = [re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE) for key in ("model name", "cpu family", "model")]
        name = "{} family {} model {}".format(*(field.group(1) for field in fields))
    except (OSError, AttributeError):
        name = platform.processor() or platform.machine()
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def measure(rounds):
    """Least processor times in ms of each (instruction set, kernel), one for each round."""
    command = ["cargo", "bench", "-q", "-p", "diarist-kernels", "--bench", "ops", "--", "--record"]
    times = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in output.splitlines():
            isa, name, milliseconds = line.split("\t")
            times.setdefault((isa, name), []).append(float(milliseconds))
    return times


def summary(times):
    """Median of `times` and its noise, as columns of a record."""
    median = statistics.median(times)
    mad = statistics.median(abs(time - median) for time in times)
    return {"median": median, "mad": mad, "min": min(times), "max": max(times), "rounds": len(times)}


def allowed(record, found):
    """Largest difference of the medians of two summaries that passes, relative to `record`."""
    return max(FLOOR, NOISE_FACTOR * max(record["mad"], found["mad"]) / record["median"])


def compare(record, found):
    """Faults of the summaries `found` against `record`, both by (instruction set, kernel)."""
    faults = []
    for key in sorted(record.keys() | found.keys()):
        name = " ".join(key)
        if key not in record:
            faults.append(f"{name}: not in the record")
        elif key not in found:
            faults.append(f"{name}: in the record, but not measured")
        else:
            before, after = record[key]["median"], found[key]["median"]
            limit = allowed(record[key], found[key])
            change = after / before - 1
            if abs(change) > limit:
                word = "slower" if change > 0 else "faster"
                faults.append(
                    f"{name}: {after:.4g} ms is {abs(change):.0%} {word} than {before:.4g} ms, {limit:.0%} is allowed"
                )
    return faults


def read(path):
    """Summaries of the record in `path` by (instruction set, kernel)."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["isa"], row["name"]): {key: float(row[key]) for key in ("median", "mad")} for row in rows}


def write(path, found):
    """Writes the summaries `found` as the record in `path`."""
    rustc = subprocess.run(["rustc", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[1]
    date = datetime.date.today().isoformat()
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for (isa, name), row in found.items():
            times = {key: format(row[key], ".4g") for key in ("median", "mad", "min", "max")}
            about = {"isa": isa, "name": name, "unit": "ms", "rounds": row["rounds"], "rustc": rustc, "date": date}
            writer.writerow(about | times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["check", "write"])
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    path = RECORDS / f"{processor()}.csv"
    if args.action == "check" and not path.exists():
        raise SystemExit(f"there is no record of this processor: {path}")
    found = {key: summary(times) for key, times in measure(args.rounds).items()}
    if args.action == "write":
        write(path, found)
        print(f"{path}: {len(found)} kernels")
        return
    faults = compare(read(path), found)
    print("\n".join(faults) if faults else f"{len(found)} kernels are as fast as in the record")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
