#!/usr/bin/env python3
"""Times commands in turn, A B C A B C ..., and prints CPU and wall seconds, peak memory and ratios.

    interleaved.py [--runs N] NAME=COMMAND [NAME=COMMAND ...]

Because the commands take turns, a drift of the machine's speed affects all of them alike. So quote
the ratios rather than the times. A shell runs each command and discards its stdout. CPU seconds are
the user and system time of the process and its children; peak memory is that of the largest single
process. Needs Python 3.9 and no packages.
"""

import argparse
import os
import statistics
import subprocess
import time


def run(command):
    start = time.perf_counter()
    process = subprocess.Popen(["sh", "-c", "exec " + command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"exit status {os.waitstatus_to_exitcode(status)}: {command}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "peak": usage.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("commands", nargs="+", metavar="NAME=COMMAND")
    args = parser.parse_args()
    commands = [command.split("=", 1) for command in args.commands]
    results = {name: [] for name, _ in commands}
    for round_number in range(args.runs):
        for name, command in commands:
            results[name].append(run(command))
            r = results[name][-1]
            print(f"round {round_number + 1} {name}: cpu {r['cpu']:.2f} s, wall {r['wall']:.2f} s, peak {r['peak']:.0f} MiB", flush=True)
    median = {n: {k: statistics.median(r[k] for r in rs) for k in rs[0]} for n, rs in results.items()}
    first = commands[0][0]
    print(f"\nmedians of {args.runs}; ratios to {first}")
    for name, m in median.items():
        cpu, wall = m["cpu"] / median[first]["cpu"], m["wall"] / median[first]["wall"]
        print(f"{name:12} cpu {m['cpu']:8.2f} s ({cpu:5.2f})  wall {m['wall']:8.2f} s ({wall:5.2f})  peak {m['peak']:6.0f} MiB")


if __name__ == "__main__":
    main()
