"""One recording in all forms of input."""

import io
import pathlib
import warnings

import numpy
import pytest

import diarist


def turns(result):
    return [(turn.start_s, turn.end_s, turn.speaker) for turn in result.turns]


def test_files_and_their_bytes(diarizer, conversation, result):
    data = conversation.read_bytes()
    with open(conversation, "rb") as file:
        from_file = diarizer(file)
    assert diarizer(str(conversation)) == result
    assert from_file == result
    assert diarizer({"audio": conversation}) == result
    assert diarizer({"audio": str(conversation), "uri": "conversation"}) == result
    for audio in (data, bytearray(data), memoryview(data), io.BytesIO(data), {"audio": io.BytesIO(data)}):
        assert diarizer(audio, file_id="conversation") == result
    assert diarizer(data).file_id == "audio"


def test_every_format_in_memory(diarizer, audio):
    def outcome(recording):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = diarizer(recording, file_id="x")
            except diarist.InputError as error:
                return str(error).split(": ", 1)[1]
        return found, [str(warning.message) for warning in caught]

    outcomes = {path.name: (outcome(path), outcome(path.read_bytes())) for path in (audio / "formats").iterdir()}
    assert len(outcomes) > 30
    assert {name: a for name, (a, _) in outcomes.items()} == {name: b for name, (_, b) in outcomes.items()}
    assert sum(isinstance(a, tuple) for a, _ in outcomes.values()) > 30


def test_arrays_of_every_type(diarizer, samples, result):
    wide = samples.astype(numpy.int64)
    exact = [
        samples,
        samples.astype(">i2"),
        samples[None],
        (wide << 16).astype(numpy.int32),
        wide << 48,
        (wide + 2**15).astype(numpy.uint16),
        (samples / 2**15).astype(numpy.float32),
        samples / 2**15,
        numpy.stack([samples, samples]),
        numpy.stack([samples, samples], axis=1).T,
        numpy.repeat(samples, 3)[::3],
    ]
    for array in exact:
        assert turns(diarizer(array)) == turns(result), (array.dtype, array.shape)
    assert turns(diarizer((samples, 16_000))) == turns(result)
    assert turns(diarizer({"waveform": samples, "sample_rate": 16_000})) == turns(result)


def test_short_types_are_scaled(diarizer, samples):
    coarse = (samples // 256).astype(numpy.int8)
    for array in (coarse, (coarse.astype(numpy.int16) + 128).astype(numpy.uint8), (coarse / 128).astype(numpy.float16)):
        assert turns(diarizer(array)) == turns(diarizer(coarse / 128)), array.dtype


def test_channels_are_averaged(diarizer, samples):
    left, right = samples // 2, numpy.roll(samples, 8_000) // 2
    both = (left.astype(numpy.float32) / 2**15 + right.astype(numpy.float32) / 2**15) / 2
    assert turns(diarizer(numpy.stack([left, right]))) == turns(diarizer(both))


def test_rates_are_those_given(diarizer, samples, result):
    twice = numpy.repeat(samples, 2)
    assert diarizer((twice, 32_000)).duration_s == result.duration_s
    assert diarizer(twice, sample_rate=32_000) == diarizer((twice, 32_000.0))
    assert len(diarizer((twice, 32_000)).speakers) == 4


def test_tensors(diarizer, samples, result):
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(samples)
    for array in (tensor, tensor[None], tensor.double() / 2**15, (tensor / 2**15).requires_grad_()):
        assert turns(diarizer((array, 16_000))) == turns(result), (array.dtype, array.shape)
    assert turns(diarizer({"waveform": tensor[None] / 2**15, "sample_rate": 16_000})) == turns(result)
    assert len(diarizer((tensor / 2**15).bfloat16()).speakers) >= 1


@pytest.mark.parametrize(
    ("audio", "error", "words"),
    [
        (17, diarist.OptionError, "cannot be given as int"),
        (None, diarist.OptionError, "NoneType"),
        ((1, 2, 3), diarist.OptionError, "(samples, rate)"),
        ({"path": "a.wav"}, diarist.OptionError, '"waveform"'),
        ({"waveform": numpy.zeros(10)}, diarist.OptionError, '"sample_rate"'),
        ({"audio": "a.wav", "channel": -1}, diarist.OptionError, "a number from 0 on"),
        ({"audio": "a.wav", "channel": "left"}, diarist.OptionError, "a number from 0 on"),
        ({"audio": numpy.zeros(9), "channel": 0}, diarist.OptionError, "for a file"),
        ({"waveform": numpy.zeros((2, 9)), "sample_rate": 8000, "channel": 2}, diarist.OptionError, "no channel 2"),
        (io.StringIO("text"), diarist.OptionError, '"rb"'),
        (b"", diarist.InputError, "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), diarist.InputError, "a picture (PNG)"),
        (bytes(5000), diarist.InputError, "not audio"),
        ("missing.wav", diarist.InputError, "missing.wav: no such file"),
        (pathlib.Path("/"), diarist.InputError, "a directory"),
        (numpy.zeros((2, 2, 2)), diarist.InputError, "(2, 2, 2)"),
        (numpy.zeros((500, 2)), diarist.InputError, "transpose"),
        (numpy.zeros((0, 500)), diarist.InputError, "0 channels"),
        (numpy.float32(1), diarist.InputError, "()"),
        (numpy.array(["a"]), diarist.InputError, "floats or integers"),
        (numpy.zeros(9, complex), diarist.InputError, "complex128"),
        (numpy.zeros(9, bool), diarist.InputError, "bool"),
        (numpy.array([0, numpy.nan, 0]), diarist.InputError, "sample 1 "),
        ((numpy.zeros(9), 0), diarist.OptionError, "whole number of Hz"),
        ((numpy.zeros(9), 44.1), diarist.OptionError, "44.1"),
        ((numpy.zeros(9), "fast"), diarist.OptionError, "'fast'"),
        ((numpy.zeros(9), 1), diarist.InputError, "1 Hz"),
    ],
)
def test_an_unusable_recording_is_refused(diarizer, audio, error, words):
    with pytest.raises(error) as raised:
        diarizer(audio)
    assert words in str(raised.value)
    assert isinstance(raised.value, diarist.Error)


def test_a_rate_is_given_once_and_only_for_samples(diarizer, conversation):
    for audio in (conversation, b"", {"audio": conversation}, (numpy.zeros(9), 8_000)):
        with pytest.raises(diarist.OptionError, match="sample_rate|twice"):
            diarizer(audio, sample_rate=16_000)


def test_a_recording_that_is_cut_off_gives_a_warning(diarizer, audio):
    data = (audio / "conversation.flac").read_bytes()
    with pytest.warns(diarist.AudioWarning, match="audio: "):
        result = diarizer(data[: len(data) // 2])
    assert 5 < result.duration_s < 40
    assert len(result.warnings) == 1


@pytest.fixture(scope="module")
def call(samples, tmp_path_factory):
    """A file with the conversation on the right channel, and a part of it, later, on the left."""
    import soundfile

    left = numpy.zeros_like(samples)
    left[-160_000:] = samples[:160_000]
    right = samples.copy()
    right[-160_000:] = 0
    path = tmp_path_factory.mktemp("call") / "call.wav"
    soundfile.write(path, numpy.stack([left, right], axis=1), 16_000, subtype="PCM_16")
    return path, left, right


def test_one_channel_is_chosen(diarizer, call):
    path, left, right = call
    for channel, samples in enumerate((left, right)):
        expected = turns(diarizer(samples))
        assert expected
        assert turns(diarizer({"audio": path, "channel": channel})) == expected
        assert turns(diarizer({"audio": path.read_bytes(), "channel": numpy.int64(channel)})) == expected
        assert turns(diarizer({"waveform": numpy.stack([left, right]), "sample_rate": 16_000, "channel": channel})) == expected
        assert turns(diarizer.cluster(diarizer.analyze({"audio": path, "channel": channel}))) == expected
    with pytest.raises(diarist.Error, match="channel"):
        diarizer({"audio": path, "channel": 2})


def test_channels_are_speakers(diarizer, call, cli):
    path, _, _ = call
    result = diarizer(path, per_channel="one")
    assert result.labels() == ["CHANNEL_1", "CHANNEL_2"] and {turn.channel for turn in result.turns} == {1, 2}
    assert result.to_rttm() == cli("diarize", "--per-channel", path)
    assert diarizer(path, per_channel="several").to_rttm() == cli("diarize", "--per-channel=several", path)
    with pytest.raises(diarist.OptionError, match="one or several"):
        diarizer(path, per_channel="two")


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32"])
def test_wide_integers_with_narrow_samples_are_refused(diarizer, dtype):
    samples = numpy.array([0, 100, 3000, 32_000] * 8000, dtype)
    with pytest.raises(diarist.InputError, match="convert them to int16"):
        diarizer(samples)


def test_channels_are_not_numbers(diarizer, audio):
    for wrong in (True, False, 1):
        with pytest.raises(diarist.OptionError, match="per_channel is one or several, not"):
            diarizer(audio / "short.flac", per_channel=wrong)


def test_recordings_of_the_same_name_are_numbered():
    from diarist._diarizer import _unique

    assert _unique(["a", "a", "a_2", "b", "a"]) == ["a", "a_3", "a_2", "b", "a_4"]
