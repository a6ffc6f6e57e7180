"""The view in notebooks, pages and plots."""

import base64
import html.parser
import io
import pickle
import re
import sys

import numpy
import pytest

import diarist
from diarist import _picture

class Checker(html.parser.HTMLParser):
    """Collects the elements of a document, which must all be closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_view_has_a_lane_for_each_speaker_and_a_player(result, conversation):
    view = Checker(result._repr_html_())
    assert len(view.all("svg")) == 4 and len(view.all("tr")) == 5
    assert all(speaker.label in view.text for speaker in result.speakers)
    assert "conversation: 0:45, 4 speakers, 0:39 of speech" in view.text
    [player] = view.all("audio")
    head, data = player["src"].split(",")
    assert head == "data:audio/flac;base64" and base64.b64decode(data) == conversation.read_bytes()
    assert {rect["fill"] for rect in view.all("rect")} == {*_picture.COLOURS[:4], "#888888"}
    assert not view.all("script") and not view.all("link") and "http" not in result._repr_html_()


def test_shares_are_of_the_speech(result):
    shares = [int(share) for share in re.findall(r">(\d+)%<", result._repr_html_())]
    expected = [100 * speaker.speech_s / result.speech_s for speaker in result.speakers]
    assert shares == pytest.approx(expected, abs=3)


def test_sound_comes_from_paths_and_bytes(diarizer, conversation, audio, tmp_path, monkeypatch):
    data = conversation.read_bytes()
    for recording in (str(conversation), {"audio": conversation}, data, io.BytesIO(data)):
        assert Checker(diarizer(recording)._repr_html_()).all("audio")
    assert not Checker(diarizer(numpy.zeros(16_000))._repr_html_()).all("audio")
    # The path goes along with a result, the bytes do not.
    assert Checker(pickle.loads(pickle.dumps(diarizer(conversation)))._repr_html_()).all("audio")
    assert not Checker(pickle.loads(pickle.dumps(diarizer(data)))._repr_html_()).all("audio")
    path = tmp_path / "short.flac"
    path.write_bytes((audio / "short.flac").read_bytes())
    monkeypatch.chdir(tmp_path)
    found = diarizer("short.flac")
    monkeypatch.chdir("/")
    assert Checker(found._repr_html_()).all("audio")
    path.unlink()
    assert not Checker(found._repr_html_()).all("audio")


def test_large_recordings_have_no_player(result, monkeypatch):
    monkeypatch.setattr(_picture, "MAX_PLAYER_BYTES", 1000)
    assert not Checker(result._repr_html_()).all("audio")


def test_kinds_of_sound_are_told_by_their_first_bytes(audio):
    found = {path.suffix: _picture._media_type(path.read_bytes()) for path in sorted((audio / "formats").iterdir())}
    expected = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".webm": "audio/webm", ".aac": "audio/aac"}
    assert {suffix: found[suffix] for suffix in expected if suffix in found} == {s: k for s, k in expected.items() if s in found}
    assert _picture._media_type(b"") is None and _picture._media_type(b"no audio") is None


NASTY = '<script>alert(1)</script>"\'&$x$'


def test_everything_is_escaped():
    labels = diarist.Labels(NASTY, [diarist.Turn(0.0, 2.0, NASTY), diarist.Turn(1.0, 3.0, "</title><b>")])
    for text in (labels._repr_html_(), labels.to_format("html")):
        view = Checker(text)
        assert not view.all("script") and not view.all("b")
        assert NASTY in view.text and "</title><b>" in view.text


def test_pages_stand_alone(result, tmp_path):
    result.save(tmp_path / "a.html")
    page = Checker((tmp_path / "a.html").read_text()[len("<!doctype html>") :])
    assert len(page.all("audio")) == 1 and len(page.all("svg")) == 4
    assert any("default-src 'none'" in meta.get("content", "") for meta in page.all("meta"))
    assert result.to_format("HTML") == (tmp_path / "a.html").read_text()
    with pytest.raises(diarist.OptionError):
        diarist.read(tmp_path / "a.html")


def test_long_recordings_have_small_views():
    turns = [diarist.Turn(float(start), start + 0.9, f"S{start % 2}") for start in range(0, 86_400)]
    view = diarist.Labels("day", turns)._repr_html_()
    assert len(view) < 1_000_000 and "day</strong>: 24:00:00, 2 speakers, 21:36:00" in view


@pytest.mark.parametrize("end_s", [0.0, 0.4, 1.0, 7.9, 59.0, 61.0, 715.0, 5000.0, 90_000.0, 4e6])
def test_marks_are_few_and_within_the_lanes(end_s):
    labels = diarist.Labels("a", [diarist.Turn(0.0, end_s, "x")], duration_s=end_s)
    places = [float(place) for place in re.findall(r"left: ([\d.]+)%", labels._repr_html_())]
    assert 1 <= len(places) <= 10 and all(0 <= place <= 92 for place in places)
    assert all(b - a > 9.9 for a, b in zip(places, places[1:]))


def test_silence_has_a_view(diarizer):
    view = diarizer(numpy.zeros(48_000))._repr_html_()
    assert "0:03, 0 speakers, 0:00 of speech" in Checker(view).text


def test_plots_have_lanes(result):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import colors, pyplot

    axes = result.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == result.labels()
    assert [colors.to_hex(bars.get_facecolor()[0]) for bars in axes.collections] == _picture.COLOURS[:4]
    assert axes.get_xlim() == (0, result.duration_s)
    _, own = pyplot.subplots()
    assert diarist.Labels(NASTY, [diarist.Turn(0.0, 2.0, NASTY)]).plot(own) is own
    own.figure.savefig(io.BytesIO(), format="png")
    diarist.Labels("empty", []).plot().figure.savefig(io.BytesIO(), format="png")
    pyplot.close("all")


def test_plots_need_matplotlib(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        result.plot()
