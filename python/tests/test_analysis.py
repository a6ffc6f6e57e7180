"""Analyses: kept, opened, and clustered again with constraints."""

import pickle

import pytest

import diarist


@pytest.fixture(scope="module")
def analysis(diarizer, conversation):
    return diarizer.analyze(conversation)


def turns(result):
    return [(turn.start_s, turn.end_s, turn.speaker) for turn in result.turns]


def moment(result, speaker, index=0):
    """A moment at which only `speaker` speaks."""
    own = sorted((t for t in result.exclusive_turns if t.speaker == speaker), key=lambda t: -t.duration_s)
    return (own[index].start_s + own[index].end_s) / 2


def test_clusters_are_those_of_one_call(diarizer, analysis, result, samples):
    assert (analysis.file_id, analysis.duration_s) == ("conversation", result.duration_s)
    found = diarizer.cluster(analysis)
    assert turns(found) == turns(result) and found.embeddings.tolist() == result.embeddings.tolist()
    assert len(diarizer.cluster(analysis, num_speakers=2).speakers) == 2
    assert len(diarizer.cluster(analysis, max_speakers=3).speakers) <= 3
    seen = []
    array = diarizer.analyze((samples, 16_000), file_id="a b", progress=lambda *now: seen.append(now))
    assert array.file_id == "a_b" and seen and turns(diarizer.cluster(array)) == turns(result)


def test_files_are_those_of_the_command(diarizer, analysis, conversation, tmp_path, cli):
    ours, theirs = tmp_path / "a.diarist", tmp_path / "b.diarist"
    analysis.save(ours)
    cli("analyze", "-o", theirs, conversation)
    assert ours.read_bytes() == theirs.read_bytes()
    opened = diarist.Analysis.open(theirs)
    assert diarizer.cluster(opened).to_rttm() == cli("cluster", ours)
    assert diarizer.cluster(opened, num_speakers=2).to_rttm() == cli("cluster", "--num-speakers", "2", ours)
    ours.write_bytes(theirs.read_bytes()[:-20])
    with pytest.raises(diarist.InputError, match="not whole"):
        diarist.Analysis.open(ours)
    assert diarist.Analysis.open(ours, partial=True).file_id == "conversation"
    with pytest.raises(FileNotFoundError, match="missing.diarist"):
        diarist.Analysis.open(tmp_path / "missing.diarist")
    with pytest.raises(diarist.InputError):
        diarist.Analysis.open(conversation)


def test_analyses_pickle_to_the_last_bit(diarizer, analysis):
    other = pickle.loads(pickle.dumps(analysis))
    assert diarizer.cluster(other) == diarizer.cluster(analysis)
    assert repr(other) == repr(analysis) == "<Analysis of 'conversation', 44.9 s>"


def test_constraints_hold(diarizer, analysis, result, tmp_path, cli):
    a, b = moment(result, "SPEAKER_00"), moment(result, "SPEAKER_01")
    joined = diarizer.cluster(analysis, same=[(a, b)])
    assert len(joined.speakers) == len(result.speakers) - 1

    def speaker(found, time):
        return next(turn.speaker for turn in found.exclusive_turns if turn.start_s <= time < turn.end_s)

    assert speaker(joined, a) == speaker(joined, b)
    parted = diarizer.cluster(analysis, num_speakers=2, different=[[a, b]])
    assert speaker(parted, a) != speaker(parted, b)
    third = moment(result, "SPEAKER_02")
    three = diarizer.cluster(analysis, same=[(a, b, third)])
    assert len({speaker(three, time) for time in (a, b, third)}) == 1
    analysis.save(tmp_path / "a.diarist")
    opened = diarist.Analysis.open(tmp_path / "a.diarist")
    assert diarizer.cluster(opened, same=[(a, b)]).to_rttm() == cli("cluster", "--must-link", f"{a},{b}", tmp_path / "a.diarist")


@pytest.mark.parametrize(
    ("constraints", "words"),
    [
        ({"same": [(1.0,)]}, "needs two moments"),
        ({"same": [("a", "b")]}, "moments in seconds"),
        ({"same": [3.5]}, "moments in seconds"),
        ({"same": [(-1, 5)]}, "not a moment"),
        ({"different": [(5, float("nan"))]}, "not a moment"),
        ({"different": [(5, 5)]}, "cannot be different"),
        ({"same": [(5, 1e9)]}, "nobody speaks"),
    ],
)
def test_impossible_constraints_are_refused(diarizer, analysis, constraints, words):
    with pytest.raises(diarist.OptionError, match=words):
        diarizer.cluster(analysis, **constraints)


def test_constraints_need_embeddings(conversation):
    diarizer = diarist.Diarizer(embedding_mode="skip")
    analysis = diarizer.analyze(conversation)
    assert diarizer.cluster(pickle.loads(pickle.dumps(analysis))).turns == diarizer(conversation).turns
    with pytest.raises(diarist.OptionError, match="without embeddings"):
        diarizer.cluster(analysis, same=[(1, 5)])
