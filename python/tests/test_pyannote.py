"""Programs for pyannote.audio, with one line changed."""

import io
import sys

import numpy
import pytest

import diarist

NAME = "pyannote/speaker-diarization-community-1"


@pytest.fixture(scope="module")
def pipeline():
    return diarist.Pipeline.from_pretrained(NAME, token="hf_xxx")


@pytest.fixture(scope="module")
def output(pipeline, conversation):
    return pipeline(str(conversation))


def test_pipelines_are_known_by_name(pipeline):
    assert repr(pipeline) == "Pipeline(profile='exact')"
    assert isinstance(pipeline, diarist.Diarizer) and pipeline.to("cuda") is pipeline
    older = diarist.Pipeline.from_pretrained("pyannote/speaker-diarization-3.1", use_auth_token=True, cache_dir="x")
    assert repr(older) == "Pipeline(profile='exact', clustering='ahc')"
    for name in ("pyannote/speaker-diarization@2.1", "pyannote/segmentation-3.0", "config.yaml", ""):
        with pytest.raises(diarist.OptionError, match=f"no pipeline '{name}', but {NAME}"):
            diarist.Pipeline.from_pretrained(name)


def test_the_output_has_the_fields_of_pyannote(output, conversation):
    expected = diarist.Diarizer("exact")(conversation)
    assert output == expected
    tracks = [(turn.start, turn.end, label) for turn, _, label in output.speaker_diarization.itertracks(yield_label=True)]
    assert tracks == [(turn.start, turn.end, speaker) for turn, speaker in output.speaker_diarization]
    assert tracks == [(turn.start, turn.end, label) for turn, _, label in output.itertracks(yield_label=True)]
    assert sorted(tracks) == sorted((turn.start_s, turn.end_s, turn.speaker) for turn in expected.turns)
    exclusive = [turn for turn, _ in output.exclusive_speaker_diarization]
    assert len(exclusive) == len(expected.exclusive_turns)
    assert all(one.end <= other.start for one, other in zip(exclusive, exclusive[1:]))
    assert output.speaker_diarization.labels() == output.labels() == [speaker.label for speaker in expected.speakers]
    assert numpy.array_equal(output.speaker_embeddings, expected.embeddings)
    assert output.speaker_diarization.uri == "conversation"
    file = io.StringIO()
    output.speaker_diarization.write_rttm(file)
    assert file.getvalue() == expected.to_rttm()
    assert list(output.serialize()) == ["diarization", "exclusive_diarization"]
    assert output.serialize()["diarization"][0].keys() == {"start", "end", "speaker"}


def test_the_methods_agree_with_those_of_pyannote_core(output):
    theirs, ours = output.to_annotation(), output.speaker_diarization
    assert list(map(tuple, ours.itersegments())) == [(segment.start, segment.end) for segment in theirs.itersegments()]
    assert [(tuple(s), label) for s, label in ours] == [((s.start, s.end), label) for s, _, label in theirs.itertracks(yield_label=True)]
    assert (ours.uri, ours.labels(), len(ours), bool(ours)) == (theirs.uri, theirs.labels(), len(theirs), bool(theirs))
    assert [name for name, _ in ours.chart()] == [name for name, _ in theirs.chart()]
    assert [seconds for _, seconds in ours.chart()] == pytest.approx([seconds for _, seconds in theirs.chart()])
    assert sum(share for _, share in ours.chart(percent=True)) == pytest.approx(1)
    first, same = next(iter(ours))[0], next(theirs.itersegments())
    assert str(first) == str(same) and (first.duration, first.middle) == (same.duration, same.middle)
    assert eval("ours == again", {"ours": ours, "again": output.speaker_diarization})


def test_the_type_does_not_depend_on_packages(output, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyannote.core", None)
    assert type(output.speaker_diarization) is diarist.Annotation
    assert type(next(iter(output.speaker_diarization))[0]) is diarist.Segment


def test_hooks_and_numbers_of_speakers(pipeline, samples):
    calls = []

    def hook(step, artifact, file=None, total=None, completed=None):
        calls.append((step, artifact, total, completed))

    recording = {"waveform": samples[None], "sample_rate": 16_000, "uri": "a"}
    output = pipeline(recording, num_speakers=2, hook=hook)
    assert (output.file_id, len(output.labels())) == ("a", 2)
    assert calls and calls[-1] == ("diarization", None, output.duration_s, output.duration_s)


def test_silence_and_skipped_embeddings(diarizer):
    output = diarizer(numpy.zeros(48_000))
    assert (list(output.speaker_diarization), output.labels(), output.speaker_embeddings) == ([], [], None)
    assert not output.speaker_diarization and output.speaker_diarization.chart(percent=True) == []
