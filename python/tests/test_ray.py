"""A cluster of two nodes on this machine, one of which dies."""

import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy
import pytest

import diarist

ray = pytest.importorskip("ray")
pyarrow = pytest.importorskip("pyarrow")
soundfile = pytest.importorskip("soundfile")

import pyarrow.parquet  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402

import diarist.ray  # noqa: E402

pytestmark = pytest.mark.ray

NUM_RECORDINGS = 10
PATIENCE_S = 180
"""Longest wait for a result, after which the work counts as hanging."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, samples):
    """Recordings of three minutes in which the same four people speak, and other files."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "deep" / ".hidden").mkdir(parents=True)
    for number in range(NUM_RECORDINGS):
        place = folder / "deep" if number % 2 else folder
        moved = numpy.roll(numpy.tile(samples, 4), 80_000 * number)
        soundfile.write(place / f"meeting {number}.wav", moved, 16_000)
    for other in ("notes.txt", ".hidden.wav", "deep/.hidden/x.wav"):
        (folder / other).write_text("no audio")
    return folder


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of one processor each; this process is connected to the first."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def clean(cluster, folder, tmp_path_factory):
    """The output of an undisturbed run, and the result of `merge`."""
    output = tmp_path_factory.mktemp("clean")
    report = diarist.ray.diarize(folder, output)
    assert (report.num_recordings, report.num_found, report.failed) == (NUM_RECORDINGS, 0, {})
    assert {event["node"] for event in events(output)} == {node["NodeID"] for node in ray.nodes()}
    return output, diarist.ray.merge(output)


def events(output):
    """Events of the workers, in the order of time."""
    lines = [line for file in (output / "log").iterdir() for line in file.read_text().splitlines(keepends=True)]
    # The last line of a killed process may be cut.
    found = [json.loads(line) for line in lines if line.endswith("\n")]
    return sorted(found, key=lambda event: event["time"])


def ends(output):
    return collections.Counter(event["recording"] for event in events(output) if event["event"] == "end")


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition stays false"
        time.sleep(0.02)


def test_turns_are_those_of_the_diarizer(clean, folder, diarizer):
    output, turns = clean
    paths = [str(path) for path in sorted(folder.rglob("meeting*.wav"))]
    expected = [
        {"recording": path, **dataclasses.asdict(turn)}
        for path in paths
        for turn in diarizer(path).turns
    ]
    assert [{**row, "name": None} for row in turns.to_pylist()] == expected
    assert pyarrow.parquet.read_table(output / "turns.parquet").equals(turns)
    assert turns.schema == diarist.ray.TURNS


def test_people_have_one_name_in_all_recordings(clean):
    _, turns = clean
    spoken = collections.defaultdict(set)
    for turn in turns.to_pylist():
        if turn["name"] is not None:
            spoken[turn["name"]].add(turn["recording"])
    everywhere = [name for name, recordings in spoken.items() if len(recordings) == NUM_RECORDINGS]
    assert len(everywhere) >= 3 and len(spoken) <= 5, spoken
    assert min(spoken) == "person-0001"


def test_known_people_keep_their_names(clean, tmp_path, samples, diarizer):
    output, unnamed = clean
    database = diarist.SpeakerDatabase(tmp_path / "people.db")
    longest = max(diarizer(samples).speakers, key=lambda speaker: speaker.voice.speech_s)
    database.enroll("Ann Lee", longest.voice)
    before = pathlib.Path(database.path).read_bytes()
    turns = diarist.ray.merge(output, speakers=database)
    names = {turn["name"] for turn in turns.to_pylist()}
    assert "Ann Lee" in names and "person-0001" in names
    assert pathlib.Path(database.path).read_bytes() == before
    again = diarist.ray.merge(output, speakers=database.path)
    assert again.equals(turns) and not turns.equals(unnamed)
    assert diarist.ray.merge(output).equals(unnamed)


def test_a_second_call_does_nothing_again(clean, folder):
    output, _ = clean
    seen = []
    report = diarist.ray.diarize(folder, output, progress=lambda done, total: seen.append((done, total)))
    assert (report.num_found, seen) == (NUM_RECORDINGS, [])
    assert set(ends(output).values()) == {1}
    with pytest.raises(diarist.OptionError, match="another folder"):
        diarist.ray.diarize(folder, output, profile="fast")


def test_a_killed_driver_is_followed_by_another(cluster, clean, folder, tmp_path):
    program = f"""
import diarist.ray, ray
ray.init(address={cluster.address!r}, log_to_driver=False)
diarist.ray.diarize({str(folder)!r}, {str(tmp_path)!r})
"""
    driver = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    (tmp_path / "log").mkdir()
    wait_until(lambda: sum(ends(tmp_path).values()) >= 2)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    killed, finished = time.time(), set(ends(tmp_path))
    assert 2 <= len(finished) < NUM_RECORDINGS
    report = diarist.ray.diarize(folder, tmp_path)
    assert report.num_found >= len(finished) and report.failed == {}
    assert not any(event["recording"] in finished for event in events(tmp_path) if event["time"] > killed)
    assert len(ends(tmp_path)) == NUM_RECORDINGS
    assert diarist.ray.merge(tmp_path).equals(clean[1])


def test_a_data_set_goes_through_actors(clean, folder, tmp_path):
    output, turns = clean
    broken = tmp_path / "broken.wav"
    broken.write_text("no audio")
    paths = [*diarist.ray.find_recordings(folder)[:3], str(broken)]
    pyarrow.parquet.write_table(pyarrow.table({"file": paths}), tmp_path / "list.parquet")
    assert diarist.ray.find_recordings(tmp_path / "list.parquet", column="file") == paths
    arguments = {"column": "file", "output": str(tmp_path / "kept")}
    for num_begun in (4, 5):
        rows = (
            ray.data.read_parquet(str(tmp_path / "list.parquet"))
            .map_batches(diarist.ray.Diarizer, batch_size=1, num_cpus=1, concurrency=1, fn_constructor_kwargs=arguments)
            .take_all()
        )
        rows.sort(key=lambda row: paths.index(row["recording"]))
        assert [row["error"] for row in rows[:3]] == [None] * 3
        assert "broken.wav: is a text file" in rows[3]["error"]
        flat = [{"recording": row["recording"], **turn} for row in rows[:3] for turn in row["turns"]]
        assert flat == [{**row, "name": None} for row in turns.to_pylist() if row["recording"] in paths]
        # A finished recording is not diarized again, a failed one is.
        assert sum(event["event"] == "begin" for event in events(tmp_path / "kept")) == num_begun
    assert len(diarist.ray.merge(tmp_path / "kept").group_by("recording").aggregate([])) == 3


def test_faults_are_reported_and_stop_nothing(cluster, tmp_path, audio):
    broken = tmp_path / "broken.wav"
    broken.write_text("no audio")
    report = diarist.ray.diarize([str(broken), str(audio / "short.flac"), str(broken)], tmp_path / "output")
    assert (report.num_recordings, report.num_found, list(report.failed)) == (2, 0, [str(broken)])
    assert "is a text file" in report.failed[str(broken)]
    with pytest.raises(diarist.InputError, match="no audio file"):
        diarist.ray.diarize(tmp_path / "output" / "log", tmp_path / "output")
    with pytest.raises(diarist.InputError, match="neither a folder nor"):
        diarist.ray.diarize(broken, tmp_path / "output")
    with pytest.raises(diarist.OptionError, match="num_cpus"):
        diarist.ray.diarize(audio, tmp_path / "other", threads=2)
    with pytest.raises(diarist.OptionError, match="merge"):
        diarist.ray.diarize(audio, tmp_path / "other", speakers="people.db")
    with pytest.raises(diarist.OptionError, match="must be one of"):
        diarist.ray.diarize(audio, tmp_path / "other", profile="best")


def test_a_killed_node_changes_nothing(cluster, clean, folder, tmp_path):
    """The last test: the cluster has one node afterwards."""
    lost = next(node for node in cluster.worker_nodes)
    lost_id = lost.node_id
    (tmp_path / "log").mkdir()

    def busy():
        """Whether the node has finished a recording and begun another."""
        own = collections.Counter(event["event"] for event in events(tmp_path) if event["node"] == lost_id)
        return own["end"] >= 1 and own["begin"] > own["end"]

    def kill():
        wait_until(busy)
        finished = {event["recording"] for event in events(tmp_path) if event["event"] == "end"}
        for process in [*children(lost.all_processes["raylet"][0].process.pid), lost.all_processes["raylet"][0].process.pid]:
            os.kill(process, signal.SIGKILL)
        return time.time(), finished

    with concurrent.futures.ThreadPoolExecutor() as threads:
        killer = threads.submit(kill)
        report = diarist.ray.diarize(folder, tmp_path)
        killed, finished = killer.result()

    assert report.failed == {} and report.num_recordings == NUM_RECORDINGS
    assert 1 <= len(finished) < NUM_RECORDINGS - 1
    told = events(tmp_path)
    assert not any(event["node"] == lost_id and event["time"] > killed for event in told)
    # The other node began the recording of the lost one, and no finished one.
    begun = collections.Counter(event["recording"] for event in told if event["event"] == "begin")
    assert sorted(begun.values()) == [1] * (NUM_RECORDINGS - 1) + [2]
    assert not any(event["recording"] in finished for event in told if event["event"] == "begin" and event["time"] > killed)
    assert len(ends(tmp_path)) == NUM_RECORDINGS and set(ends(tmp_path).values()) == {1}
    assert diarist.ray.merge(tmp_path).equals(clean[1])


def children(process):
    """All processes below a process."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    below = collections.defaultdict(list)
    for line in listed.splitlines():
        own, parent = map(int, line.split())
        below[parent].append(own)
    found = list(below[process])
    for child in found:
        found += below[child]
    return found
