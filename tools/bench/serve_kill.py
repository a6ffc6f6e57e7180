"""Kills a service again and again, and checks that nothing that it acknowledged is lost.

Run with Python 3.11 or later, without other packages:

    python tools/bench/serve_kill.py target/release/diarist fixtures/audio/short.flac --kills 100

Each round starts the service, sends a recording and a correction, and kills it with SIGKILL after a
random time. In the end, every acknowledged recording must be done, and every acknowledged
correction in force.
"""

import argparse
import collections
import json
import random
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path


class Service:
    """A running service."""

    def __init__(self, program: Path, data: Path):
        command = [program, "serve", "--profile", "fast", "--data", data, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        lines = (line for line in self.process.stderr if line.startswith("listening on http://"))
        if (line := next(lines, None)) is None:
            raise SystemExit("the service does not start")
        self.address = line.removeprefix("listening on http://").strip()
        # The rest is read, so that the service never waits.
        threading.Thread(target=lambda: collections.deque(lines, maxlen=0), daemon=True).start()

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"):
        """The answer as JSON."""
        request = urllib.request.Request(f"http://{self.address}{path}", body, {"Content-Type": kind}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def send(self, audio: bytes) -> str:
        """Sends a recording; returns its id."""
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'
        return self.call("POST", "/v1/recordings", head + audio + b"\r\n--b--\r\n", "multipart/form-data; boundary=b")["id"]

    def rename(self, recording: str, revision: int) -> int:
        """Gives the first speaker a name with the revision in it; returns the new revision."""
        correction = {"kind": "rename", "speaker": "SPEAKER_00", "name": f"name {revision}"}
        body = json.dumps({"revision": revision, "correction": correction}).encode()
        return self.call("POST", f"/v1/recordings/{recording}/corrections", body)["revision"]

    def until_done(self, recording: str):
        """The record of a recording whose work is over."""
        while (record := self.call("GET", f"/v1/recordings/{recording}"))["state"] in ("queued", "running"):
            time.sleep(0.05)
        return record

    def kill(self):
        """Ends the service without warning."""
        self.process.kill()
        self.process.wait()


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
        service = Service(args.program, Path(folder))
        corrected = service.send(audio)
        service.until_done(corrected)
        acknowledged, revision, num_corrections = [corrected], 0, 0
        for _ in range(args.kills):
            try:
                acknowledged.append(service.send(audio))
                revision = service.rename(corrected, revision)
                num_corrections += 1
                time.sleep(rng.uniform(0.0, 1.0))
            except (OSError, urllib.error.URLError):
                raise SystemExit("the service refuses a request before it is killed")
            service.kill()
            service = Service(args.program, Path(folder))
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
