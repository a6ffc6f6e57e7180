"""Results are those of the command, and plain values."""

import copy
import json
import pickle
import sys

import numpy
import pytest

import diarist

OPTIONS = [
    ({}, {}),
    ({"profile": "exact"}, {}),
    ({"profile": "fast", "precision": "f32"}, {"max_speakers": 3}),
    ({"clustering": "ahc", "min_cluster_size": 3, "threshold": 0.8, "min_duration_off": 0.3}, {}),
    ({"step": 2.5, "trunk": "chunk", "embedding_mode": "cached", "fa": 0.1, "fb": 0.5}, {"min_speakers": 2}),
    ({"embedding_mode": "skip"}, {}),
    ({}, {"num_speakers": 2}),
]


def flags(options):
    return [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]


@pytest.mark.parametrize(("options", "call"), OPTIONS)
def test_results_are_those_of_the_command(options, call, conversation, cli, without_timings):
    result = diarist.Diarizer(**options)(conversation, **call)
    arguments = ["diarize", *flags(options), *flags(call), conversation]
    assert result.turns
    assert result.to_rttm() == cli(*arguments)
    assert without_timings(result.to_json()) == without_timings(cli(*arguments, "--format", "json"))


@pytest.mark.parametrize("name", ["short.flac", "single.flac", "formats/mp3_44k_stereo.mp3"])
def test_other_recordings_are_those_of_the_command(name, diarizer, audio, cli, without_timings):
    result = diarizer(audio / name)
    assert result.to_rttm() == cli("diarize", audio / name)
    assert without_timings(result.to_json()) == without_timings(cli("diarize", "--format", "json", audio / name))


def test_the_exclusive_timeline_is_that_of_the_command(result, conversation, cli):
    assert result.to_rttm(exclusive=True) == cli("diarize", "--exclusive", conversation)
    assert result.to_rttm(exclusive=True) != result.to_rttm()


def test_fields_agree_with_the_document(result):
    document = json.loads(result.to_json())
    assert (result.file_id, round(result.duration_s, 3)) == ("conversation", document["duration_s"])
    assert (round(result.speech_s, 3), round(result.overlap_s, 3)) == (document["speech_s"], document["overlap_s"])

    def rounded(turns):
        return [{"start_s": round(t.start_s, 3), "end_s": round(t.end_s, 3), "speaker": t.speaker} for t in turns]

    for turns, written in ((result.turns, document["turns"]), (result.exclusive_turns, document["exclusive_turns"])):
        # Written with three decimals.
        assert [turn.confidence for turn in turns] == pytest.approx([turn.pop("confidence") for turn in written], abs=6e-4)
        assert rounded(turns) == written
    assert all(0 < turn.confidence <= 1 for turn in result.turns)
    assert [(s.label, round(s.speech_s, 3), s.num_turns) for s in result.speakers] == [
        (s["label"], s["speech_s"], s["num_turns"]) for s in document["speakers"]
    ]
    number, written = result.number_of_speakers, document["number_of_speakers"]
    assert round(number.probability, 3) == written["probability"] and number.runner_up == written["runner_up"]
    assert round(number.runner_up_probability, 3) == written["runner_up_probability"]
    assert result.embeddings.shape == (4, 256)
    expected = numpy.array([speaker["embedding"] for speaker in document["speakers"]], numpy.float32)
    assert numpy.array_equal(result.embeddings, expected)
    assert numpy.array_equal(result.speakers[1].embedding, expected[1])
    # A recording of a chunk or more gives voices their embeddings as they are.
    assert numpy.array_equal(result.speakers[1].voice.embedding, expected[1])
    assert all(0 < speaker.voice.speech_s <= speaker.speech_s for speaker in result.speakers)
    assert result.turns[0].duration_s == result.turns[0].end_s - result.turns[0].start_s
    assert result.warnings == []


def test_no_embeddings_are_rows_of_nan(conversation):
    result = diarist.Diarizer(embedding_mode="skip")(conversation)
    assert len(result.speakers) > 1
    assert result.embeddings.shape == (len(result.speakers), 256)
    assert numpy.isnan(result.embeddings).all()
    assert result.speakers[0].embedding is None and result.speakers[0].voice is None


def test_silence_has_no_speakers(diarizer):
    result = diarizer(numpy.zeros(48_000), file_id="a night")
    assert (result.turns, result.speakers, result.duration_s, result.file_id) == ([], [], 3.0, "a_night")
    assert result.to_rttm() == ""
    assert result.embeddings.shape == (0, 256)
    assert len(result.to_annotation()) == 0


def test_results_pickle_and_copy_by_value(result):
    for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert other == result and other is not result
        assert other.to_json() == result.to_json() and other.to_rttm() == result.to_rttm()
    assert "SPEAKER_00" in repr(result) and len(repr(result)) < 2000


def test_turns_become_an_annotation(result):
    annotation = result.to_annotation()
    assert annotation.uri == "conversation"
    tracks = [(segment.start, segment.end, label) for segment, _, label in annotation.itertracks(yield_label=True)]
    assert tracks == sorted((turn.start_s, turn.end_s, turn.speaker) for turn in result.turns)
    assert annotation.labels() == [speaker.label for speaker in result.speakers]
    exclusive = result.to_annotation(exclusive=True)
    assert len(list(exclusive.itertracks())) == len(result.exclusive_turns)
    assert exclusive.get_overlap().duration() == 0


def test_an_annotation_needs_pyannote_core(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyannote.core", None)
    with pytest.raises(ImportError, match="pip install pyannote.core"):
        result.to_annotation()
