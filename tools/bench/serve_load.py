#!/usr/bin/env python3
"""Puts load on a service: many live streams, or many uploads.

    pip install -r tools/bench/requirements.txt
    tools/bench/serve_load.py live fixtures/audio/conversation.flac target/release/diarist --streams 8 16 32
    tools/bench/serve_load.py uploads fixtures/audio/conversation.flac target/release/diarist

`live` starts a service and lets streams talk to `/v1/live` in real time, in pieces of 0.1 s, each
from another place of the recording, which is repeated, and begins at a random time within 10 s.
Beside them, one client sends but never reads, and one sends garbage in several forms. The first
15 s of a stream are not counted: windows are short there. A row tells, for each number of streams:

- latency: the time from sending the last sample of a window to receiving the events of that window.
  Waits that belong to the method (`--latency`, half a step) are not in it.
- CPU seconds of the service per second of audio, its busy cores, its resident memory at the end,
  and those of this program for comparison.
- `behind`: reports of the service that it is too slow.

With several programs, each number of streams is measured with one after the other, `--rounds`
times, so that a drift of the machine's speed affects all of them alike.

`cpu` lets streams send as fast as the service takes their audio, without other clients, and tells
the CPU seconds of the service per second of audio.

`uploads` sends a recording again and again, several at a time, and tells the memory on the way.
Needs Linux and Python 3.11 or later.
"""

import argparse
import asyncio
import json
import math
import os
import random
import socket
import statistics
import tempfile
import threading
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import websockets

from service import Service

RATE = 16_000
PIECE = RATE // 10
STEP_S = 0.5
WARM_UP_S = 15.0
SPREAD_S = 10.0


@dataclass
class Heard:
    """Measurements of all streams."""

    latencies: list[float] = field(default_factory=list)
    num_behind: int = 0
    num_results: int = 0
    faults: list[str] = field(default_factory=list)


def samples_of(service: Service, audio: Path) -> bytes:
    """The recording as 16-bit samples, decoded by the service."""
    recording = service.send(audio.read_bytes())
    service.until_done(recording)
    with wave.open(BytesIO(service.read("GET", f"/v1/recordings/{recording}/audio.wav"))) as file:
        assert file.getframerate() == RATE and file.getnchannels() == 1
        return file.readframes(file.getnframes())


async def talk(
    socket_: websockets.ClientConnection, samples: bytes, first: int, seconds: float, sent: list[float], speed: float = 1
):
    """Sends samples, `speed` times as fast as they were spoken. Notes when each piece was sent."""
    num_pieces, start = len(samples) // (2 * PIECE), time.monotonic()
    for index in range(round(seconds * RATE / PIECE)):
        await asyncio.sleep(max(0.0, start + index * PIECE / RATE / speed - time.monotonic()))
        at = (first + index) % num_pieces * 2 * PIECE
        sent.append(time.monotonic())
        await socket_.send(samples[at : at + 2 * PIECE])
    await socket_.send('{"type": "finish"}')


async def stream(address: str, samples: bytes, index: int, seconds: float, heard: Heard):
    """One listener: sends, and measures the latency of every window that has events."""
    await asyncio.sleep(random.Random(index).uniform(0.0, SPREAD_S))
    async with websockets.connect(f"ws://{address}/v1/live?name=load{index}", max_size=None) as socket_:
        sent: list[float] = []
        talker = asyncio.create_task(talk(socket_, samples, 41 * index, seconds, sent))
        last = ""
        async for message in socket_:
            now, line = time.monotonic(), json.loads(message)
            last = line["event"]
            if last == "behind":
                heard.num_behind += 1
            elif last == "error":
                heard.faults.append(line["error"]["message"])
            elif last not in ("recording", "result", "labelled") and not talker.done():
                # The window ends at the last multiple of the step.
                end = int(line["heard_s"] / STEP_S + 1e-6) * STEP_S
                if end >= WARM_UP_S:
                    heard.latencies.append(now - sent[round(end * RATE) // PIECE - 1])
        await talker
        if last == "result":
            heard.num_results += 1


async def stalled(address: str, samples: bytes, seconds: float):
    """Sends in real time, and reads nothing."""
    host, port = address.split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.setblocking(False)
    # At most one message is taken from the connection.
    async with websockets.connect(
        f"ws://{address}/v1/live?name=stalled", sock=connection, max_queue=1, close_timeout=1, ping_interval=None
    ) as socket_:
        await talk(socket_, samples, 0, seconds, [])


async def garbage(address: str, until: float):
    """Sends what no client should: neither HTTP nor WebM nor JSON, NaN as samples, too much."""
    rng, (host, port) = random.Random(0), address.split(":")
    while time.monotonic() < until:
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(rng.randbytes(5000))
        writer.close()
        for query, messages in [
            ("?encoding=webm", [rng.randbytes(20_000)]),
            ("?encoding=f32le", [b"\xff" * 4000]),
            ("", ["nonsense", '{"type": 5}', rng.randbytes(3333)]),
            ("", [bytes(2 << 20)]),
        ]:
            try:
                async with websockets.connect(f"ws://{address}/v1/live{query}", close_timeout=2) as socket_:
                    for message in messages:
                        await socket_.send(message)
                    await socket_.send('{"type": "finish"}')
                    async for _ in socket_:
                        pass
            except websockets.exceptions.WebSocketException:
                pass
        await asyncio.sleep(0.5)


async def load(service: Service, samples: bytes, num_streams: int, seconds: float) -> tuple[Heard, float, float]:
    """Runs all clients; returns what was heard, and CPU seconds of the service and the clients."""
    heard, start = Heard(), time.monotonic()
    clients = [stream(service.address, samples, index, seconds, heard) for index in range(num_streams)]
    clients += [stalled(service.address, samples, seconds), garbage(service.address, start + seconds)]
    tasks = [asyncio.create_task(client) for client in clients]
    await asyncio.sleep(WARM_UP_S + SPREAD_S)
    before = service.cpu_s(), time.process_time()
    await asyncio.sleep(seconds - WARM_UP_S - SPREAD_S)
    cpu_s, own_s = service.cpu_s() - before[0], time.process_time() - before[1]
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, BaseException):
            heard.faults.append(repr(ended))
    return heard, cpu_s, own_s


async def drain(address: str, samples: bytes, index: int, seconds: float) -> str:
    """One stream without a pace; returns its last event."""
    # The service answers no pings while audio waits.
    async with websockets.connect(
        f"ws://{address}/v1/live?name=load{index}", max_size=None, ping_interval=None
    ) as socket_:
        talker = asyncio.create_task(talk(socket_, samples, 41 * index, seconds, [], math.inf))
        events = [json.loads(message)["event"] async for message in socket_]
        await talker
        return events[-1]


def measure_cpu(program: Path, audio: Path, num_streams: int, seconds: float, options: list[str]):
    """Prints the CPU seconds of streams without a pace."""

    async def all_streams() -> list[str]:
        return await asyncio.gather(*(drain(service.address, samples, i, seconds) for i in range(num_streams)))

    with tempfile.TemporaryDirectory() as folder:
        service = Service(program, Path(folder), "--max-streams", str(num_streams), *options)
        try:
            samples = samples_of(service, audio)
            before, start = service.cpu_s(), time.monotonic()
            ends = asyncio.run(all_streams())
            cpu_s, wall_s = service.cpu_s() - before, time.monotonic() - start
            resident_mib = service.resident_mib()
        finally:
            service.kill()
    print(
        f"{program}: {num_streams} streams: {cpu_s / (num_streams * seconds):.4f} CPU s per s, {wall_s:.1f} s, "
        f"{resident_mib:.0f} MiB, results {ends.count('result')}",
        flush=True,
    )


def measure(program: Path, audio: Path, num_streams: int, seconds: float, options: list[str]):
    """Prints a row."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(program, Path(folder), "--max-streams", str(num_streams + 2), *options)
        try:
            samples = samples_of(service, audio)
            heard, cpu_s, own_s = asyncio.run(load(service, samples, num_streams, seconds))
            resident_mib = service.resident_mib()
        finally:
            service.kill()
    counted_s = seconds - WARM_UP_S - SPREAD_S
    percentiles = statistics.quantiles(heard.latencies, n=100)
    # The client that reads nothing is a stream as well.
    per_audio_s = cpu_s / (counted_s * (num_streams + 1))
    print(
        f"{program}: {num_streams} streams: latency p50 {percentiles[49]:.3f} p99 {percentiles[98]:.3f} "
        f"max {max(heard.latencies):.3f} s of {len(heard.latencies)}; {per_audio_s:.4f} CPU s per s, "
        f"{cpu_s / counted_s:.2f} cores (this program {own_s / counted_s:.2f}); {resident_mib:.0f} MiB; "
        f"behind {heard.num_behind}; results {heard.num_results}; faults {heard.faults}",
        flush=True,
    )


def upload(program: Path, audio: Path, num_uploads: int, at_a_time: int, options: list[str]):
    """Sends a recording many times; prints memory on the way."""
    bytes_, lock, num_done, start = audio.read_bytes(), threading.Lock(), 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(program, Path(folder), *options)

        def one(_index: int) -> str:
            nonlocal num_done
            state = service.until_done(service.send(bytes_))["state"]
            with lock:
                num_done += 1
                if num_done in (1, 10, 25) or num_done % 50 == 0:
                    handles = len(os.listdir(f"/proc/{service.process.pid}/fd"))
                    threads = len(os.listdir(f"/proc/{service.process.pid}/task"))
                    print(
                        f"after {num_done}: {service.resident_mib():.1f} MiB, {handles} open files, {threads} threads, "
                        f"{service.cpu_s():.1f} CPU s, {time.monotonic() - start:.1f} s",
                        flush=True,
                    )
            return state

        try:
            with ThreadPoolExecutor(at_a_time) as pool:
                states = list(pool.map(one, range(num_uploads)))
        finally:
            service.kill()
    print(f"{states.count('done')} of {num_uploads} are done")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["live", "cpu", "uploads"])
    parser.add_argument("audio", type=Path)
    parser.add_argument("programs", type=Path, nargs="+")
    parser.add_argument("--streams", type=int, nargs="+", default=[8], help="numbers of live streams")
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds of each stream")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--at-a-time", type=int, default=8)
    parser.add_argument("--options", default="", help="further options of diarist serve, as one word")
    args = parser.parse_args()
    options = args.options.split()
    if args.kind == "uploads":
        for program in args.programs:
            upload(program, args.audio, args.uploads, args.at_a_time, options)
    else:
        for _ in range(args.rounds):
            for num_streams in args.streams:
                for program in args.programs:
                    run = measure if args.kind == "live" else measure_cpu
                    run(program, args.audio, num_streams, args.seconds, options)


if __name__ == "__main__":
    main()
