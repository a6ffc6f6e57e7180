"""Fixtures of the tests. They run over an installed wheel: see `.ci/run python`."""

import json
import os
import pathlib
import subprocess

import diarist
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_sessionstart(session):
    if ROOT in pathlib.Path(diarist.__file__).resolve().parents and ".venv" not in diarist.__file__:
        pytest.exit(f"these tests are for an installed wheel, not for {diarist.__file__}", returncode=2)


@pytest.fixture(scope="session")
def audio():
    """Folder of the sample recordings."""
    return ROOT / "fixtures" / "audio"


@pytest.fixture(scope="session")
def conversation(audio):
    """45 s of four voices, 16 kHz mono in 16 bits."""
    return audio / "conversation.flac"


@pytest.fixture(scope="session")
def samples(conversation):
    """The samples of the conversation, int16."""
    import soundfile

    values, rate = soundfile.read(conversation, dtype="int16")
    assert rate == 16_000
    return values


@pytest.fixture(scope="session")
def diarizer():
    return diarist.Diarizer(threads=2)


@pytest.fixture(scope="session")
def result(diarizer, conversation):
    """The conversation, diarized with the default options."""
    return diarizer(conversation)


@pytest.fixture(scope="session")
def cli():
    """Runs the `diarist` command at DIARIST_CLI and returns its output."""
    command = os.environ["DIARIST_CLI"]

    def run(*arguments):
        done = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def without_timings():
    """A JSON document without the parts that differ from run to run."""

    def of(text):
        document = json.loads(text)
        assert document.pop("timings")["total_s"] > 0
        return document

    return of
