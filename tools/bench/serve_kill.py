#!/usr/bin/env python3
"""Kills a service again and again, and checks that nothing that it acknowledged is lost.

Run with Python 3.11 or later, without other packages:

    tools/bench/serve_kill.py target/release/diarist fixtures/audio/short.flac --kills 100

Each round starts the service, sends a recording and a correction, and kills it with SIGKILL after a
random time. In the end, every acknowledged recording must be done, and every acknowledged
correction in force.
"""

import argparse
import json
import random
import tempfile
import time
import urllib.error
from pathlib import Path

from service import Service

# The queue holds the recordings of all kills.
OPTIONS = ("--profile", "fast", "--max-jobs", "1000")


def rename(service: Service, recording: str, revision: int) -> int:
    """Gives the first speaker a name with the revision in it; returns the new revision."""
    correction = {"kind": "rename", "speaker": "SPEAKER_00", "name": f"name {revision}"}
    body = json.dumps({"revision": revision, "correction": correction}).encode()
    return service.call("POST", f"/v1/recordings/{recording}/corrections", body)["revision"]


def main():
    """Kills, and checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("audio", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    audio = args.audio.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(args.program, Path(folder), *OPTIONS)
        corrected = service.send(audio)
        service.until_done(corrected)
        acknowledged, revision, num_corrections = [corrected], 0, 0
        for _ in range(args.kills):
            try:
                acknowledged.append(service.send(audio))
                revision = rename(service, corrected, revision)
                num_corrections += 1
                time.sleep(rng.uniform(0.0, 1.0))
            except (OSError, urllib.error.URLError):
                raise SystemExit("the service refuses a request before it is killed")
            service.kill()
            service = Service(args.program, Path(folder), *OPTIONS)
            state = service.call("GET", f"/v1/recordings/{corrected}/result")
            name = state["result"]["speakers"][0]["name"]
            if state["revision"] != revision or name != f"name {revision - 1}":
                raise SystemExit(f"a correction is lost: {name!r} at revision {state['revision']}, not {revision}")
        states = [service.until_done(recording)["state"] for recording in acknowledged]
        service.kill()
    if set(states) != {"done"}:
        raise SystemExit(f"recordings are lost: {states}")
    print(f"{args.kills} kills: {len(acknowledged)} recordings and {num_corrections} corrections, none lost")


if __name__ == "__main__":
    main()
