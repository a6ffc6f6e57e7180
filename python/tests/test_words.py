"""Speakers for words, as the command assigns them."""

import json

import pytest

import diarist


@pytest.fixture(scope="module")
def transcript(result):
    """A transcript with a word for each half second."""
    words = [{"word": f" w{half}.", "start": half / 2, "end": half / 2 + 0.4} for half in range(int(2 * result.duration_s))]
    segments = [{"id": 0, "start": 0.0, "end": result.duration_s, "text": "", "words": words}]
    return {"text": "", "segments": segments, "language": "en"}


@pytest.fixture
def files(transcript, result, tmp_path):
    (tmp_path / "conversation.json").write_text(json.dumps(transcript))
    result.save(tmp_path / "turns.json")
    return tmp_path / "conversation.json", tmp_path / "turns.json"


@pytest.mark.filterwarnings("ignore::diarist.LabelsWarning")
@pytest.mark.parametrize("format", ["txt", "srt", "vtt", "json", "html", "md"])
def test_texts_are_those_of_the_command(format, transcript, files, result, cli):
    expected = cli("assign", "--format", format, *files)
    assert diarist.assign(*files, format=format) == expected
    assert diarist.assign(str(files[0]), result, format=format) == expected
    assert diarist.assign(transcript, files[1], format=format) == expected
    assert diarist.assign(files[0].read_bytes(), diarist.read(files[1])[0], format=format) == expected


def test_utterances_are_values(transcript, result):
    utterances = diarist.assign(transcript, result)
    assert {utterance.speaker for utterance in utterances} - {None} == set(result.labels())
    first = utterances[0]
    assert first.words[0] == diarist.Word("w0.", 0.0, 0.4) and first.text.startswith("w0. ")
    early = diarist.Labels("a", [turn for turn in result.turns if turn.end_s < 40])
    with pytest.warns(diarist.LabelsWarning, match="the transcript: words near which nobody speaks: [0-9]+"):
        assert diarist.assign(transcript, early)[-1].speaker is None
    assert all(utterance.speaker for utterance in diarist.assign(transcript, early, fill=True))
    assert diarist.assign(transcript, result, format="docx").startswith(b"PK")
    assert sum(len(utterance.words) for utterance in utterances) == len(transcript["segments"][0]["words"])
    assert all(one.start_s <= other.start_s for one, other in zip(utterances, utterances[1:]))


def test_the_recording_is_found_by_name(transcript, files, result, tmp_path):
    other = diarist.Labels("b", [diarist.Turn(0.0, 60.0, "Bob")])
    diarist.write(tmp_path / "all.rttm", [result, other])
    (tmp_path / "b.json").write_bytes(files[0].read_bytes())
    assert {utterance.speaker for utterance in diarist.assign(tmp_path / "b.json", tmp_path / "all.rttm")} == {"Bob"}
    (tmp_path / "c.json").write_bytes(files[0].read_bytes())
    with pytest.raises(diarist.InputError, match="2 recordings here, and none is named c"):
        diarist.assign(tmp_path / "c.json", tmp_path / "all.rttm")


def test_faults_name_the_transcript(result, tmp_path):
    with pytest.raises(FileNotFoundError, match="missing.json: cannot be read"):
        diarist.assign(tmp_path / "missing.json", result)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(diarist.InputError, match="a.json: "):
        diarist.assign(tmp_path / "a.json", result)
    with pytest.raises(diarist.InputError, match="the transcript: "):
        diarist.assign({"a": 1}, result)
    with pytest.raises(diarist.OptionError, match="pdf is not a format of transcripts"):
        diarist.assign({"segments": []}, result, format="pdf")
    with pytest.raises(diarist.OptionError, match="a transcript cannot be given as object"):
        diarist.assign(object(), result)
    with pytest.raises(diarist.OptionError, match="turns are a result or the path"):
        diarist.assign({"segments": []}, 5)
