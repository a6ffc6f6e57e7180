#!/usr/bin/env python3
"""Streams hours of audio through `diarist live` and records its memory and CPU time on the way.

    tools/bench/live_long.py BINARY WAV HOURS [-o CSV] [--plot SVG] [-- OPTIONS...]

WAV (16-bit PCM) is repeated for HOURS hours, each time a little louder or softer, so that no two
rounds have the same samples. The CSV has one row per 10 minutes of audio: seconds heard, resident
MiB, and CPU seconds per second of audio since the row before. The process is stopped at the end of
the stream, so the final clustering is not included. The plot needs matplotlib.
"""
import argparse
import array
import json
import os
import subprocess
import sys
import threading
import wave

ROW_S = 600


def feed(path, hours, stdin):
    with wave.open(path) as file:
        rate, channels, samples = file.getframerate(), file.getnchannels(), array.array("h", file.readframes(1 << 30))
    left, step = int(hours * 3600 * rate) * channels, 0
    try:
        while left > 0:
            gain = 0.6 + 0.37 * (step * 7 % 10) / 10
            for start in range(0, min(len(samples), left), rate * channels):
                block = samples[start : start + rate * channels]
                stdin.write(array.array("h", (int(value * gain) for value in block)).tobytes())
            left, step = left - len(samples), step + 1
        stdin.close()
    except BrokenPipeError:
        pass


def usage(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20, (int(fields[11]) + int(fields[12])) / ticks


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("binary")
    options.add_argument("wav")
    options.add_argument("hours", type=float)
    options.add_argument("-o", "--output")
    options.add_argument("--plot")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    arguments, extra = options.parse_args(words[:end]), words[end + 1 :]
    with wave.open(arguments.wav) as file:
        rate, channels = file.getframerate(), file.getnchannels()
    command = [arguments.binary, "live", "--rate", str(rate), "--channels", str(channels), *extra, "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False)
    threading.Thread(target=feed, args=(arguments.wav, arguments.hours, process.stdin), daemon=True).start()
    rows, last_cpu, last_heard = [], 0.0, 0.0
    for line in process.stdout:
        heard = json.loads(line)["heard_s"]
        if heard >= (len(rows) + 1) * ROW_S:
            memory, cpu = usage(process.pid)
            rows.append((heard, memory, (cpu - last_cpu) / (heard - last_heard)))
            last_cpu, last_heard = cpu, heard
            print("%.0f s: %.1f MiB, %.4f CPU s per s" % rows[-1], file=sys.stderr)
        if heard >= arguments.hours * 3600 - 30:
            break
    process.kill()
    if arguments.output:
        with open(arguments.output, "w") as file:
            file.write("heard_s,resident_mib,cpu_s_per_s\n")
            file.writelines("%.1f,%.2f,%.5f\n" % row for row in rows)
    if arguments.plot:
        import matplotlib

        matplotlib.use("svg")
        import matplotlib.pyplot as plt

        figure, (memory, work) = plt.subplots(2, 1, sharex=True, figsize=(7, 4))
        hours = [row[0] / 3600 for row in rows]
        memory.plot(hours, [row[1] for row in rows], color="#2a6f97")
        memory.set(ylabel="resident MiB", ylim=(0, 1.15 * max(row[1] for row in rows)))
        work.plot(hours, [row[2] for row in rows], color="#2a6f97")
        work.set(ylabel="CPU s per s", xlabel="hours of audio", ylim=(0, 1.15 * max(row[2] for row in rows)))
        figure.tight_layout()
        figure.savefig(arguments.plot, metadata={"Date": None})


if __name__ == "__main__":
    main()
