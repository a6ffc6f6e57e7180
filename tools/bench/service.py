"""A service that a test starts, asks and kills. Needs Python 3.11 or later, and nothing else."""

import collections
import json
import os
import subprocess
import threading
import time
import urllib.request
from pathlib import Path


class Service:
    """A running service, with further options of the command."""

    def __init__(self, program: Path, data: Path, *options: str):
        command = [program, "serve", "--data", data, "--listen", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        lines = (line for line in self.process.stderr if line.startswith("listening on http://"))
        if (line := next(lines, None)) is None:
            raise SystemExit("the service does not start")
        self.address = line.removeprefix("listening on http://").strip()
        # The rest is read, so that the service never waits.
        threading.Thread(target=lambda: collections.deque(lines, maxlen=0), daemon=True).start()

    def read(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """The answer to a request."""
        request = urllib.request.Request(f"http://{self.address}{path}", body, {"Content-Type": kind}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"):
        """The answer as JSON."""
        return json.loads(self.read(method, path, body, kind))

    def send(self, audio: bytes) -> str:
        """Sends a recording; returns its id."""
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'
        return self.call("POST", "/v1/recordings", head + audio + b"\r\n--b--\r\n", "multipart/form-data; boundary=b")["id"]

    def until_done(self, recording: str):
        """The record of a recording whose work is over."""
        while (record := self.call("GET", f"/v1/recordings/{recording}"))["state"] in ("queued", "running"):
            time.sleep(0.05)
        return record

    def kill(self):
        """Ends the service without warning."""
        self.process.kill()
        self.process.wait()

    def cpu_s(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) / 1024
