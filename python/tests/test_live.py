"""Audio while it arrives."""

import numpy
import pytest

import diarist


def test_the_result_is_that_of_the_whole_recording(diarizer, samples):
    live = diarist.Live(diarizer, step_s=1)
    samples = samples[:320_000]
    result = diarizer(samples, file_id="conversation")
    events = []
    for piece in numpy.array_split(samples, [5, 16_000, 16_000, 100_000]):
        events += live.push(piece)
    end = live.finish("conversation")
    assert end.diarization == result
    assert end.diarization.to_rttm() == result.to_rttm()
    turns = {}
    for event in events + end.events:
        if event["event"] == "opened":
            turns[event["turn"]] = [event["start_s"], None]
        elif event["event"] == "closed":
            turns[event["turn"]][1] = event["end_s"]
    assert len(turns) > 1 and all(end_s is not None for _, end_s in turns.values())
    with pytest.raises(diarist.OptionError, match="has ended"):
        live.push(samples)
    with pytest.raises(diarist.OptionError, match="has ended"):
        live.finish()


def test_channels_are_averaged_and_bad_pieces_rejected(diarizer, samples):
    live, other = (diarist.Live(diarizer, latency_s=1, step_s=1) for _ in range(2))
    short = samples[:80_000] / 2**15
    with pytest.raises(diarist.InputError, match="finite"):
        live.push(numpy.array([0, numpy.inf]))
    assert live.push(numpy.stack([short, short])) == other.push(short)
    assert live.finish() == other.finish()


def test_settings_are_checked(diarizer):
    with pytest.raises(diarist.OptionError, match="latency"):
        diarist.Live(diarizer, latency_s=20)
    with pytest.raises(diarist.OptionError, match="embeddings"):
        diarist.Live(diarist.Diarizer(embedding_mode="skip"))
