"""Files with turns, in every format that the command has."""

import pickle

import pytest

import diarist

FORMATS = ["rttm", "csv", "srt", "vtt", "audacity", "textgrid", "eaf", "uem"]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_that_of_the_command(format, result, conversation, cli):
    assert result.to_format(format) == cli("diarize", "--format", format, conversation)
    assert result.to_format(format, exclusive=True) == cli("diarize", "--exclusive", "--format", format, conversation)


def test_the_extension_chooses_the_format(result, tmp_path):
    for name, format in [("a.RTTM", "rttm"), ("a.TextGrid", "textgrid"), ("a.eaf", "eaf"), ("a.txt", "audacity"), ("a.vtt", "vtt")]:
        result.save(tmp_path / name)
        assert (tmp_path / name).read_text() == result.to_format(format)
    result.save(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == result.to_json() + "\n"
    result.save(str(tmp_path / "b.srt"), exclusive=True)
    assert (tmp_path / "b.srt").read_text() == result.to_srt(exclusive=True)


@pytest.mark.parametrize("name", ["a.docx", "a", "a.", "a.mp3", ".srt"])
def test_other_extensions_are_refused_and_nothing_is_written(name, result, tmp_path):
    with pytest.raises(diarist.OptionError, match="extension is not that of a format; choose one of rttm, json"):
        result.save(tmp_path / name)
    with pytest.raises(diarist.OptionError):
        diarist.write(tmp_path / name, [result])
    with pytest.raises(diarist.OptionError):
        diarist.read(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_other_formats_are_refused(result):
    for format in ("docx", "", "sr t"):
        with pytest.raises(diarist.OptionError):
            result.to_format(format)


@pytest.mark.parametrize("name", ["a.rttm", "a.json", "a.csv", "a.srt", "a.vtt", "a.txt", "a.TextGrid", "a.eaf"])
def test_files_are_read_back(name, result, tmp_path):
    # Subtitles of a result have its turns without crumbs, those of labels have them all.
    diarist.Labels(result.file_id, result.turns, result.exclusive_turns).save(tmp_path / name)
    [found] = diarist.read(tmp_path / name)
    assert found.file_id == ("conversation" if name in ("a.rttm", "a.json", "a.csv") else "a")
    assert found.speakers == result.labels()
    times = [(turn.start_s, turn.end_s, turn.speaker) for turn in found.turns]
    expected = sorted((turn.start_s, turn.end_s, turn.speaker) for turn in result.turns)
    assert [time[2] for time in times] == [time[2] for time in expected]
    for one, other in zip(times, expected):
        assert one[:2] == pytest.approx(other[:2], abs=0.0011)
    assert pickle.loads(pickle.dumps(found)) == found


def test_conversion_is_that_of_the_command(result, tmp_path, cli):
    result.save(tmp_path / "a.json")
    [found] = diarist.read(tmp_path / "a.json")
    assert len(found.exclusive_turns) == len(result.exclusive_turns)
    for name in ("b.eaf", "b.rttm", "b.csv", "b.json", "b.TextGrid"):
        found.save(tmp_path / name)
        cli("convert", tmp_path / "a.json", tmp_path / f"c_{name}")
        assert (tmp_path / name).read_text() == (tmp_path / f"c_{name}").read_text()
    with pytest.raises(diarist.InputError, match="no exclusive timeline"):
        diarist.read(tmp_path / "b.rttm")[0].save(tmp_path / "d.rttm", exclusive=True)


def test_several_recordings_in_one_file(result, tmp_path):
    other = diarist.Labels("b", [diarist.Turn(0.5, 2.0, "Ann Lee"), diarist.Turn(1.0, 1.5, "Bob")])
    for name in ("all.rttm", "all.csv", "all.json"):
        diarist.write(tmp_path / name, [result, other])
        found = diarist.read(tmp_path / name)
        assert [recording.file_id for recording in found] == ["b", "conversation"] or [
            recording.file_id for recording in found
        ] == ["conversation", "b"]
        assert sorted(len(recording.turns) for recording in found) == [2, len(result.turns)]
    with pytest.raises(diarist.OutputError, match="SRT holds one recording"):
        diarist.write(tmp_path / "all.srt", [result, other])
    assert not (tmp_path / "all.srt").exists()
    with pytest.raises(diarist.OutputError, match="two recordings are named b"):
        diarist.write(tmp_path / "twice.rttm", [other, other])
    diarist.write(tmp_path / "one.rttm", other)
    assert len(diarist.read(tmp_path / "one.rttm")[0].turns) == 2


def test_parts_that_are_left_out_are_told(tmp_path):
    path = tmp_path / "notes.srt"
    path.write_text("1\n00:00:00,500 --> 00:00:02,500\n[Ann] good morning\n\n2\n00:00:03,000 --> 00:00:04,000\nno name\n\n")
    with pytest.warns(diarist.LabelsWarning, match="1 without a speaker"):
        [found] = diarist.read(path)
    assert [(turn.start_s, turn.end_s, turn.speaker) for turn in found.turns] == [(0.5, 2.5, "Ann")]
    (tmp_path / "none.rttm").write_text("")
    assert [(labels.file_id, labels.turns) for labels in diarist.read(tmp_path / "none.rttm")] == [("none", [])]
    (tmp_path / "data").write_text("SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\n")
    assert diarist.read(tmp_path / "data", format="rttm")[0].speakers == ["x"]


def test_impossible_turns_are_refused(tmp_path):
    for turn, words in [(diarist.Turn(2.0, 1.0, "x"), "impossible"), (diarist.Turn(0.0, 1.0, " "), "no name")]:
        with pytest.raises(diarist.OutputError, match=words):
            diarist.Labels("a", [turn]).save(tmp_path / "a.rttm")
    (tmp_path / "a.rttm").write_text("Dear all,\n")
    with pytest.raises(diarist.InputError, match="a.rttm: line 1"):
        diarist.read(tmp_path / "a.rttm")
