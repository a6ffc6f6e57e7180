"""Known people, in the same file as those of the command."""

import pickle

import pytest

import diarist


@pytest.fixture
def database(tmp_path, diarizer, audio):
    """Knows the voice of single.flac."""
    people = diarist.SpeakerDatabase(tmp_path / "people.db")
    people.enroll("Zoë Sólo", diarizer.voice(audio / "single.flac"), source="single.flac")
    return people


def test_people_come_and_go(database, diarizer, samples, audio, tmp_path):
    (person,) = database.people()
    assert (person.name, person.num_enrolled, person.num_learned) == ("Zoë Sólo", 1, 0)
    voice = diarizer.voice(audio / "single.flac")
    assert voice.speech_s == person.speech_s and voice.embedding.shape == (256,)
    assert database.learn("a meeting", [("Zoë Sólo", voice)]) == ["Zoë Sólo"]
    database.rename("Zoë Sólo", "Zoë")
    assert [(person.name, person.num_learned) for person in database.people()] == [("Zoë", 1)]
    database.remove("Zoë")
    assert database.people() == []
    for call in (lambda: database.remove("Zoë"), lambda: database.enroll(" ", voice), lambda: database.learn("x", [("A", voice)])):
        with pytest.raises(diarist.InputError):
            call()
    with pytest.raises(diarist.InputError, match="there is no speaker database"):
        diarist.SpeakerDatabase(tmp_path / "other.db").people()
    with pytest.raises(diarist.OutputError, match="cannot be made"):
        diarist.SpeakerDatabase(tmp_path / "no" / "folder.db").enroll("A", voice)


def test_names_are_those_of_the_command(database, audio, cli, without_timings):
    diarizer = diarist.Diarizer(speakers=database)
    for name in ("single.flac", "short.flac", "conversation.flac"):
        result = diarizer(audio / name)
        arguments = ["diarize", "--speakers", database.path, audio / name]
        assert result.to_rttm() == cli(*arguments)
        document = without_timings(cli(*arguments, "--format", "json"))
        assert without_timings(result.to_json()) == document
        assert [speaker.name for speaker in result.speakers] == [speaker.get("name") for speaker in document["speakers"]]
        assert [turn.name for turn in result.turns] == [turn.get("name") for turn in document["turns"]]
    found = diarizer(audio / "single.flac").speakers[0].identification
    assert (found.is_known, found.name, found.runner_up) == (True, "Zoë Sólo", None)
    assert found.best.probability > 0.99 and 0 < found.best.cosine <= 1
    annotation = diarizer(audio / "single.flac").to_annotation()
    assert annotation.labels() == ["Zoë Sólo"]
    assert diarizer(audio / "single.flac").to_annotation(names=False).labels() == ["SPEAKER_00"]


def test_a_diarizer_with_names_pickles(database, audio):
    diarizer = pickle.loads(pickle.dumps(diarist.Diarizer(speakers=database, min_probability=0.5)))
    assert diarizer(audio / "single.flac").speakers[0].name == "Zoë Sólo"


def test_voices_of_a_result_are_identified(database, diarizer, audio):
    single, many = diarizer(audio / "single.flac"), diarizer(audio / "conversation.flac")
    (known,) = database.identify([speaker.voice for speaker in single.speakers])
    assert known.name == "Zoë Sólo"
    voices = [speaker.voice for speaker in many.speakers]
    found = database.identify([None, *voices])
    assert found[0] is None
    named = diarist.Diarizer(speakers=database)(audio / "conversation.flac")
    assert found[1:] == [speaker.identification for speaker in named.speakers]
    assert database.identify([]) == []


def test_voices_are_compared(diarizer, samples, audio):
    first = diarizer.voice(audio / "single.flac")
    cosine, log_ratio = diarist.compare(first, diarizer.voice(str(audio / "single.flac")))
    assert cosine == pytest.approx(1, abs=1e-9) and log_ratio > 2  # A sum of squares, rounded.
    others = [speaker.voice for speaker in diarizer(samples).speakers if speaker.voice.speech_s > 5]
    assert len(others) > 1
    assert diarist.compare(others[0], others[1])[1] < 0
    foreign = diarist.Voice(first.data, first.speech_s, "another-network")
    with pytest.raises(diarist.OptionError, match="cannot be compared"):
        diarist.compare(first, foreign)


def test_several_voices_are_no_clip(diarizer, conversation, samples):
    with pytest.raises(diarist.InputError, match="conversation.flac: .*cut the clip"):
        diarizer.voice(conversation)
    with pytest.raises(diarist.InputError, match="nobody speaks"):
        diarizer.voice((samples * 0, 16_000))


def test_names_need_embeddings(database):
    with pytest.raises(diarist.OptionError, match="without embeddings"):
        diarist.Diarizer(speakers=database, embedding_mode="skip")
    with pytest.raises(diarist.OptionError, match="probability"):
        diarist.Diarizer(speakers=database, min_probability=1.5)
