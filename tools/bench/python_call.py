"""Measures the overhead of calling diarist from Python.

    python tools/bench/python_call.py DIARIST RECORDING [--runs 25] [--threads 1]

The overhead is the wall time of a call minus the time that the library reports. Calls take turns
with runs of the command, whose wall time is printed beside. Needs the diarist package; prints
medians to stdout.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import diarist


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def process_seconds(code):
    return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("diarist")
    parser.add_argument("recording")
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()

    diarizer = diarist.Diarizer(threads=arguments.threads)
    diarizer(arguments.recording)
    command = [arguments.diarist, "diarize", "--threads", str(arguments.threads), "--format", "json", arguments.recording]
    calls, overheads, commands = [], [], []
    for _ in range(arguments.runs):
        wall_s, result = seconds(lambda: diarizer(arguments.recording))
        calls.append(wall_s)
        overheads.append(wall_s - json.loads(result.to_json())["timings"]["total_s"])
        commands.append(seconds(lambda: subprocess.run(command, capture_output=True, check=True))[0])
    call_s, overhead_s, command_s = map(statistics.median, (calls, overheads, commands))
    print(f"call {1e3 * call_s:.1f} ms, of which overhead {1e3 * overhead_s:.2f} ms; command {1e3 * command_s:.1f} ms")
    print(f"overhead / command {100 * overhead_s / command_s:.2f} %")
    for code in ("pass", "import diarist", "import diarist; diarist.Diarizer(threads=1)", "import numpy"):
        process_seconds(code)
        print(f"{code}: {1e3 * statistics.median(process_seconds(code) for _ in range(21)):.1f} ms")


if __name__ == "__main__":
    main()
