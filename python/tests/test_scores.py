"""Error rates, as the command computes them."""

import json

import pytest

import diarist
from diarist import Labels, Turn

A = Labels("a", [Turn(0.0, 10.0, "Ann"), Turn(8.0, 15.0, "Bob")])
A_FOUND = Labels("a", [Turn(0.0, 9.0, "S0"), Turn(9.0, 16.0, "S1")])
B = Labels("b", [Turn(0.0, 5.0, "Ann")])


def rates(score):
    return score.der, score.missed_detection_s, score.false_alarm_s, score.confusion_s


def test_a_pair():
    scores = diarist.score(A, A_FOUND)
    # 17 s of speech; 8 to 10 s has one speaker in place of two, 15 to 16 s nobody.
    assert rates(scores.files["a"]) == pytest.approx((3 / 17, 2.0, 1.0, 0.0))
    assert scores.total == scores.files["a"] and scores.der == scores.total.der and scores.jer == scores.total.jer
    assert rates(diarist.score(A, A_FOUND, skip_overlap=True).total) == pytest.approx((1 / 13, 0.0, 1.0, 0.0))
    assert rates(diarist.score(A, A_FOUND, uem=[(0.0, 15.0)]).total) == pytest.approx((2 / 17, 2.0, 0.0, 0.0))
    assert diarist.score(A, A_FOUND, collar=1.0).der < scores.der
    assert diarist.score(A, Labels("other name", A.turns)).der == 0


def test_several_recordings():
    scores = diarist.score([A, B], [A_FOUND])
    assert list(scores.files) == ["a", "b"] and scores.files["b"].der == 1
    assert scores.der == pytest.approx(8 / 22)
    by_name = diarist.score({"x": A, "y": B}, {"y": Labels("?", B.turns), "x": A_FOUND})
    assert (by_name.files["x"], by_name.files["y"].der) == (scores.files["a"], 0)
    assert list(diarist.score([A, B], [A_FOUND, B], uem={"b": [(0, 1)]}).files) == ["b"]


def test_folders_are_scored_as_by_the_command(tmp_path, result, cli):
    for folder, recordings in (("ref", [A, B, result]), ("hyp", [A_FOUND, B, result])):
        (tmp_path / folder).mkdir()
        for number, recording in enumerate(recordings):
            recording.save(tmp_path / folder / f"{number}.rttm")
    (tmp_path / "all.uem").write_text("a 1 1 14\nb 1 0 6\nconversation 1 0 40\n")
    for options, flags in [
        ({}, []),
        ({"collar": 0.25, "skip_overlap": True}, ["--collar", "0.25", "--skip-overlap"]),
        ({"uem": tmp_path / "all.uem"}, ["--uem", tmp_path / "all.uem"]),
    ]:
        scores = diarist.score(tmp_path / "ref", str(tmp_path / "hyp"), **options)
        expected = json.loads(cli("score", "--json", *flags, tmp_path / "ref", tmp_path / "hyp"))
        for row, found in zip([*expected["files"], expected["corpus"]], [*scores.files.values(), scores.total]):
            for name in ("der", "jer", "missed_detection", "false_alarm", "confusion", "total_s", "confusion_s"):
                assert getattr(found, name) == pytest.approx(row[name]), name


def test_what_cannot_be_scored(tmp_path):
    with pytest.raises(diarist.InputError, match="no recording is in both: b is not in the reference"):
        diarist.score({"a": A}, [B, Labels("c", [])])
    with pytest.raises(diarist.InputError, match="nothing to score"):
        diarist.score(A, A_FOUND, uem={"z": [(0, 1)]})
    with pytest.raises(diarist.InputError, match="two recordings named a"):
        diarist.score([A, A], A)
    with pytest.raises(diarist.InputError, match="no file with turns"):
        diarist.score(tmp_path, A)
    with pytest.raises(FileNotFoundError):
        diarist.score(tmp_path / "missing.rttm", A)
    for collar in (-1.0, float("inf")):
        with pytest.raises(diarist.OptionError, match="collar"):
            diarist.score(A, A, collar=collar)


def test_scores_are_a_data_frame():
    pytest.importorskip("pandas")
    frame = diarist.score([A, B], [A_FOUND, B]).to_dataframe()
    assert list(frame.index) == ["a", "b", "TOTAL"] and frame.index.name == "recording"
    assert frame.loc["a", "missed_detection_s"] == 2 and frame.loc["TOTAL", "num_reference_speakers"] == 3


def test_the_figures_of_bench_are_a_data_frame(tmp_path, audio, cli):
    pytest.importorskip("pandas")
    dataset = tmp_path / "data"
    dataset.mkdir()
    (dataset / "single.flac").write_bytes((audio / "single.flac").read_bytes())
    Labels("single", [Turn(0.0, 5.0, "x")]).save(dataset / "single.rttm")
    cli("bench", "--quiet", "--output-dir", tmp_path / "report", dataset)
    frame = diarist.read_bench(tmp_path / "report")
    assert list(frame.index) == ["single", "TOTAL"]
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert frame.loc["TOTAL", "der"] == report["corpus"]["der"] and frame.loc["single", "rtfx"] > 0
    assert frame.equals(diarist.read_bench(str(tmp_path / "report" / "report.json")))
    for content in ("{}", "[]", "no", '{"files": 1}'):
        (tmp_path / "other.json").write_text(content)
        with pytest.raises(diarist.InputError, match="not a report"):
            diarist.read_bench(tmp_path / "other.json")
    with pytest.raises(FileNotFoundError):
        diarist.read_bench(tmp_path / "none.json")


def test_paths_stand_in_lists_and_dictionaries(tmp_path):
    A.save(tmp_path / "a.rttm")
    path = tmp_path / "a.rttm"
    for given in (path, [path], {"a": path}, [A], {"a": A}):
        assert diarist.score(given, A).der == 0.0
    for wrong in (7, A.turns, {"a": 7}):
        with pytest.raises(diarist.OptionError, match="turns are a result"):
            diarist.score(wrong, A)
