"""Faults are exceptions of their kind, with a hint for the next step."""

import errno
import os
import pickle
import subprocess
import sys

import pytest

import diarist


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"profile": "best"}, diarist.OptionError, "profile is `best`, but must be one of exact, balanced, fast"),
        ({"precision": "f64"}, diarist.OptionError, "int8"),
        ({"step": "1"}, diarist.OptionError, "expected a number for step"),
        ({"step": 11}, diarist.OptionError, "step is 11"),
        ({"threshold": 3}, diarist.OptionError, "threshold is 3"),
        ({"threshold": float("nan")}, diarist.OptionError, "threshold is nan"),
        ({"clustering": "ahc", "fa": 0.1}, diarist.OptionError, "an option of refined or vbx clustering"),
        ({"min_cluster_size": 3}, diarist.OptionError, "an option of ahc clustering"),
        ({"min_cluster_size": -3}, diarist.OptionError, "a whole number for min-cluster-size"),
        ({"threads": 0}, diarist.OptionError, "threads is 0"),
        ({"threads": -1}, diarist.OptionError, "threads"),
        ({"threads": 1.5}, diarist.OptionError, "a whole number for threads"),
        ({"min_probability": 0.5}, diarist.OptionError, "speaker database"),
        ({"embedding_mode": "cached", "trunk": "shared"}, diarist.OptionError, "cache"),
        ({"config": "missing.toml"}, diarist.InputError, "missing.toml"),
        ({"segmentation": "missing.safetensors"}, diarist.WeightsError, "missing.safetensors"),
        ({"embedding": __file__}, diarist.WeightsError, "test_errors.py"),
        ({"speakers": "missing.db"}, diarist.InputError, "missing.db"),
    ],
)
def test_options_out_of_their_range(options, error, words):
    with pytest.raises(error) as raised:
        diarist.Diarizer(**options)
    assert words in str(raised.value)


def test_names_of_options_are_checked():
    with pytest.raises(TypeError, match="tresholt"):
        diarist.Diarizer(tresholt=0.5)
    with pytest.raises(TypeError, match="profile"):
        diarist.Diarizer("fast", profile="exact")
    assert all(f"\n{name}: " in diarist.Diarizer.__doc__ for name in ("profile", "threads", "config", "speakers"))


@pytest.mark.parametrize(
    ("bounds", "error", "words"),
    [
        ({"num_speakers": 0}, diarist.OptionError, ""),
        ({"num_speakers": -2}, diarist.OptionError, "a whole number for num-speakers"),
        ({"num_speakers": 2.0}, diarist.OptionError, "a whole number for num-speakers"),
        ({"min_speakers": 3, "max_speakers": 2}, diarist.OptionError, ""),
        ({"num_speakers": 1000}, diarist.SpeakerBoundsError, "speakers"),
    ],
)
def test_numbers_of_speakers(diarizer, conversation, bounds, error, words):
    with pytest.raises(error) as raised:
        diarizer(conversation, **bounds)
    assert words in str(raised.value)


def test_options_may_be_numbers_of_numpy(conversation):
    numpy = pytest.importorskip("numpy")
    diarizer = diarist.Diarizer("fast", num_speakers=numpy.int64(2), threshold=numpy.float32(0.5))
    assert repr(diarizer) == "Diarizer(profile='fast', num_speakers=2, threshold=0.5)"
    assert len(diarizer(conversation).speakers) == 2
    assert len(diarizer.diarize(conversation, num_speakers=numpy.uint8(3)).speakers) == 3


def test_devices(conversation):
    devices = diarist.devices()
    assert devices[0]["device"] == "cpu" and devices[0]["gpu"] is None
    with pytest.raises(diarist.DeviceError, match="device `cpu`"):
        diarist.Diarizer(device="gpu:99")(conversation)
    with pytest.raises(diarist.OptionError, match="cuda"):
        diarist.Diarizer(device="cuda")
    assert diarist.Diarizer("fast", device="cpu")(conversation).turns


def test_no_choice_of_speakers_without_embeddings(conversation):
    with pytest.raises(diarist.OptionError, match="without embeddings"):
        diarist.Diarizer(embedding_mode="skip")(conversation, num_speakers=2)


def test_errors_are_of_python_kinds_too():
    kinds = {
        diarist.OptionError: ValueError,
        diarist.InputError: OSError,
        diarist.OutputError: OSError,
        diarist.SpeakerBoundsError: ValueError,
        diarist.DeviceError: RuntimeError,
        diarist.InternalError: RuntimeError,
        diarist.WeightsError: Exception,
    }
    for kind, base in kinds.items():
        assert issubclass(kind, diarist.Error) and issubclass(kind, base)
        assert kind.__module__ == "diarist"
        error = pickle.loads(pickle.dumps(kind("a.wav: no such file; check the path")))
        assert type(error) is kind and str(error) == "a.wav: no such file; check the path"


def test_missing_files_are_file_not_found_errors(diarizer, result, tmp_path):
    path = str(tmp_path / "missing.x")
    people = diarist.SpeakerDatabase(path)
    for call, kind in [
        (lambda: diarizer(path), diarist.InputError),
        (lambda: diarizer({"audio": path}), diarist.InputError),
        (lambda: diarizer.voice(path), diarist.InputError),
        (lambda: diarizer.analyze(path), diarist.InputError),
        (lambda: diarist.Analysis.open(path), diarist.InputError),
        (lambda: diarist.read(path, format="rttm"), diarist.InputError),
        (lambda: diarist.Diarizer(config=path), diarist.InputError),
        (lambda: diarist.Diarizer(speakers=path), diarist.InputError),
        (people.people, diarist.InputError),
        (lambda: diarist.Diarizer(embedding=path), diarist.WeightsError),
        (lambda: result.save(tmp_path / "no" / "a.rttm"), diarist.OutputError),
    ]:
        with pytest.raises(FileNotFoundError) as raised:
            call()
        error = raised.value
        assert isinstance(error, kind) and error.errno == errno.ENOENT
        assert error.filename == str(tmp_path / "no" / "a.rttm" if kind is diarist.OutputError else path)
        assert str(error).startswith(error.filename + ": ")
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.filename) == (type(error), str(error), error.filename)


def test_other_refusals_of_the_system(diarizer, result, tmp_path):
    for call in (lambda: diarizer(tmp_path), lambda: diarist.SpeakerDatabase(tmp_path).people()):
        with pytest.raises(IsADirectoryError) as raised:
            call()
        assert isinstance(raised.value, diarist.InputError) and raised.value.filename == str(tmp_path)
    (tmp_path / "a.rttm").mkdir()
    with pytest.raises(diarist.OutputError):
        result.save(tmp_path / "a.rttm")
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(diarist.InputError, match="a.wav: ") as raised:
        diarizer(tmp_path / "a.wav")
    assert type(raised.value) is diarist.InputError


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything may be read here")
def test_forbidden_files_are_permission_errors(diarizer, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    path.chmod(0)
    with pytest.raises(PermissionError) as raised:
        diarizer(path)
    assert isinstance(raised.value, diarist.InputError)


def test_nothing_but_python_is_needed(conversation):
    program = f"""
import sys
packages = ["numpy", "pandas", "matplotlib", "torch", "pyannote.core", "ray", "pyarrow"]
sys.modules.update(dict.fromkeys(packages))
import diarist
result = diarist.Diarizer()({str(conversation)!r})
print(len(result.speakers), len(result.to_rttm().splitlines()) == len(result.turns))
assert len(list(result.speaker_diarization)) == len(result.turns) and "<svg" in result._repr_html_()
assert diarist.score(result, result).der == 0
for needs in (lambda: result.embeddings, result.to_annotation, result.plot, diarist.score(result, result).to_dataframe):
    try:
        needs()
    except ImportError as error:
        print("ImportError")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout == "4 True\n" + 4 * "ImportError\n", done.stderr
