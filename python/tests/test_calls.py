"""Calls: progress, cancelling, threads, processes."""

import concurrent.futures
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest

import diarist

PATIENCE_S = 120
"""Longest wait for a result, after which the work counts as hanging."""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@pytest.fixture(scope="module")
def long(samples):
    """Three minutes."""
    return numpy.tile(samples, 4)


def test_progress_is_reported(diarizer, long):
    seen = []
    result = diarizer(long, progress=lambda done_s, total_s: seen.append((done_s, total_s)))
    assert len(seen) > 2
    assert seen == sorted(seen) and all(total_s == result.duration_s for _, total_s in seen)
    assert seen[-1][0] == result.duration_s


def test_an_exception_of_progress_ends_the_call(diarizer, long, conversation, result):
    calls = []

    def progress(done_s, total_s):
        calls.append(done_s)
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        diarizer(long, progress=progress)
    assert len(calls) == 1
    assert diarizer(conversation) == result


@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way there")
def test_ctrl_c_ends_the_call(conversation):
    # An hour and a half with the exact profile on one thread takes many minutes.
    program = f"""
import diarist, numpy, signal, soundfile
# A shell in the background lets its children ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
samples, _ = soundfile.read({str(conversation)!r}, dtype="int16")
diarizer = diarist.Diarizer("exact", threads=1)
print("ready", flush=True)
try:
    diarizer(numpy.tile(samples, 120))
except KeyboardInterrupt:
    print("interrupted", len(diarizer({str(conversation)!r}).speakers), flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert (output, process.returncode) == ("interrupted 4\n", 0)


def test_other_threads_run_meanwhile(diarizer, long):
    with concurrent.futures.ThreadPoolExecutor() as threads:
        call = threads.submit(diarizer, long)
        turns_of_this_thread = 0
        while not call.done():
            time.sleep(0.001)
            turns_of_this_thread += 1
    # Without the lock's release this thread would wait for the whole call.
    assert turns_of_this_thread > 20


def test_one_diarizer_serves_several_threads(diarizer, conversation, result, samples):
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(diarizer, conversation) for _ in range(4)]
        others = [threads.submit(diarizer, samples[: 16_000 * seconds]) for seconds in (7, 15, 20)]
        assert all(call.result(PATIENCE_S) == result for call in calls)
        for call, seconds in zip(others, (7, 15, 20)):
            assert call.result(PATIENCE_S) == diarizer(samples[: 16_000 * seconds])


def test_the_number_of_threads_does_not_matter(conversation, result):
    for threads in (1, 3):
        diarizer = diarist.Diarizer(threads=threads)
        assert diarizer.threads == threads
        assert diarizer(conversation) == result


def test_diarizers_pickle_as_options(conversation):
    diarizer = diarist.Diarizer("fast", clustering="ahc", min_duration_off=0.5, threads=1)
    data = pickle.dumps(diarizer)
    assert len(data) < 1000
    other = pickle.loads(data)
    assert repr(other) == repr(diarizer) == "Diarizer(profile='fast', clustering='ahc', min_duration_off=0.5, threads=1)"
    assert other(conversation) == diarizer(conversation)


def in_forked_child(work):
    """Result of `work` in a child of this process."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(work()))
    child.start()
    try:
        assert receiver.poll(PATIENCE_S), "the child hangs"
        return receiver.recv()
    finally:
        child.kill()
        child.join()


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_goes_on_with_the_diarizer(diarizer, conversation, result):
    assert diarizer(conversation) == result
    assert in_forked_child(lambda: diarizer(conversation)) == result
    assert in_forked_child(lambda: in_forked_child(lambda: diarizer(conversation))) == result
    assert diarizer(conversation) == result


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_call(diarizer, conversation, result, long):
    found = []

    def progress(done_s, total_s):
        if not found:
            found.append(in_forked_child(lambda: diarizer(conversation)))

    whole = diarizer(long, progress=progress)
    assert found == [result]
    assert whole == diarizer(long)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_ends_without_having_used_the_diarizer(conversation):
    program = f"""
import diarist, multiprocessing
diarizer = diarist.Diarizer(threads=2)
diarizer({str(conversation)!r})
child = multiprocessing.get_context("fork").Process(target=lambda: globals().pop("diarizer"))
child.start()
child.join()
print(child.exitcode)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr


@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=needs_fork)])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_process_pools(method, diarizer, conversation, result):
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as processes:
        calls = [processes.submit(diarizer, conversation) for _ in range(3)]
        assert all(call.result(PATIENCE_S) == result for call in calls)


def test_many_files_are_diarized_and_bad_ones_stop_nothing(diarizer, audio, tmp_path):
    (tmp_path / "b" / ".hidden").mkdir(parents=True)
    data = (audio / "short.flac").read_bytes()
    for name in ("b/x.flac", "z.FLAC", "b/.hidden/y.flac", ".y.flac", "notes.txt"):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "broken.wav").write_text("no audio")
    seen = []
    found = dict(diarizer.diarize_files(tmp_path, max_speakers=1, progress=seen.append))
    paths = [str(tmp_path / name) for name in ("b/x.flac", "broken.wav", "z.FLAC")]
    assert list(found) == diarist.find_recordings(tmp_path) == paths
    assert isinstance(found[paths[1]], diarist.InputError) and "is a text file" in str(found[paths[1]])
    assert found[paths[0]].file_id == "x" and found[paths[0]].turns == found[paths[2]].turns
    assert found[paths[0]].turns == diarizer(paths[0], max_speakers=1).turns
    assert (seen[0].num_done, seen[0].num_files, seen[0].path, seen[0].processed_s) == (0, 3, paths[0], 0.0)
    assert seen[-1].num_done == 3 and any(now.processed_s == now.total_s for now in seen)
    assert [now.num_done for now in seen] == sorted(now.num_done for now in seen)


def test_lists_of_files(diarizer, audio, tmp_path):
    given = [audio / "short.flac", str(tmp_path / "missing.wav"), audio / "short.flac"]
    (path, result), (missing, error) = diarizer.diarize_files(iter(given))
    assert (path, missing) == (str(given[0]), given[1])
    assert result == diarizer(given[0]) and isinstance(error, FileNotFoundError)
    with pytest.raises(diarist.InputError, match="no audio file"):
        diarizer.diarize_files(tmp_path)
    with pytest.raises(diarist.InputError, match="there is no recording"):
        diarizer.diarize_files([])
    with pytest.raises(diarist.OptionError):
        next(diarizer.diarize_files(given, num_speakers=0))

    def stop(now):
        raise LookupError("enough")

    with pytest.raises(LookupError):
        next(diarizer.diarize_files(given, progress=stop))
