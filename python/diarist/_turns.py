"""Turns, and what results of all kinds have in common: files, annotations, pictures."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Iterable, TextIO

from diarist import _diarist, _picture
from diarist._annotation import Annotation, AnnotationLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE = "html"
"""The only format that this package writes itself, and cannot read."""


@dataclass(frozen=True)
class Turn:
    """A stretch of speech of one speaker."""

    start_s: float
    """Start in seconds."""
    end_s: float
    """End in seconds."""
    speaker: str
    """Label of the speaker: ``SPEAKER_00``, ``SPEAKER_01``, ... or the name in a file."""
    name: str | None = None
    """Name of the known person who the speaker is; None if nobody was recognised."""
    confidence: float | None = None
    """Certainty of the turn from 0 to 1: the share of the time in which turns as certain as this
    one have the right speaker."""
    channel: int | None = None
    """Channel of the recording, from 1; None unless channels were diarized apart."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


class Timeline:
    """Turns of one recording: the common part of :class:`diarist.Diarization` and
    :class:`diarist.Labels`."""

    if TYPE_CHECKING:

        @property
        def file_id(self) -> str: ...
        @property
        def turns(self) -> list[Turn]: ...
        @property
        def duration_s(self) -> float | None: ...

    _readable_formats: frozenset[str] = frozenset()
    """Formats for people, which get turns without crumbs."""

    def _timeline(self, exclusive: bool) -> list[Turn]:
        """The turns, or the exclusive ones; raises InputError if there are none of these."""
        raise NotImplementedError

    def _exclusive(self) -> list[Turn] | None:
        """The exclusive turns; None if there is no such timeline."""
        raise NotImplementedError

    def _display_names(self) -> dict[str, str]:
        """Names in place of labels."""
        return {}

    def _recording(self) -> str | bytes | None:
        """The recording to play: a path or the bytes of a file."""
        return None

    def to_format(self, format: str, *, exclusive: bool = False) -> str:
        """The turns as the text of a file, with the names of known people.

        format: "rttm", "json", "csv", "srt", "vtt", "audacity", "textgrid", "eaf", "uem" or "html",
            as ``diarist convert`` has them (docs/formats.md). An extension of such a file is
            possible as well.
        exclusive: the exclusive timeline, with at most one speaker at every moment.

        Raises :class:`diarist.OptionError` for another format.
        """
        name = "txt" if format.lower() == "audacity" else format
        if name.lower() == PAGE:
            return _picture.page(self.file_id, self._lanes(exclusive), self._end_s(), self._recording())
        return write([self], f"x.{name}", exclusive=exclusive, readable=name.lower() in self._readable_formats)

    def to_rttm(self, *, exclusive: bool = False) -> str:
        """The turns as RTTM, one line each, with the names of known people."""
        return self.to_format("rttm", exclusive=exclusive)

    def to_srt(self, *, exclusive: bool = False) -> str:
        """The turns as SubRip subtitles, with the names of known people."""
        return self.to_format("srt", exclusive=exclusive)

    def save(self, path: str | os.PathLike[str], *, exclusive: bool = False) -> None:
        """Writes a file whose extension chooses the format of :meth:`to_format`: ``.rttm``,
        ``.json``, ``.csv``, ``.srt``, ``.vtt``, ``.txt`` (Audacity), ``.TextGrid``, ``.eaf``,
        ``.uem`` or ``.html``. The file is written whole or not at all.

        Raises :class:`diarist.OptionError` for another extension, :class:`diarist.OutputError` if
        the file cannot be written.
        """
        extension = os.path.splitext(path)[1][1:]
        if extension.lower() != PAGE:
            _diarist.check_format(path)
        # JSON may hold voices.
        _diarist.write_text(path, self.to_format(extension, exclusive=exclusive), is_json(extension))

    def to_annotation(self, *, exclusive: bool = False, names: bool = True) -> AnnotationLike:
        """The turns as a ``pyannote.core.Annotation``, with the names of known people unless
        ``names`` is False.

        Needs the package ``pyannote.core``; raises ImportError without it.
        """
        try:
            from pyannote.core import Annotation as Theirs
            from pyannote.core import Segment
        except ImportError as error:
            raise ImportError("to_annotation() needs pyannote.core; install it with: pip install pyannote.core") from error
        turns = self._named(exclusive) if names else self._timeline(exclusive)
        annotation = Theirs(uri=self.file_id)
        for track, turn in enumerate(turns):
            annotation[Segment(turn.start_s, turn.end_s), track] = turn.speaker
        found: AnnotationLike = annotation
        return found

    @property
    def speaker_diarization(self) -> Annotation:
        """The turns with the methods of an annotation of pyannote, whose package is not needed."""
        return Annotation(self.file_id, self._named(False), self.to_rttm())

    @property
    def exclusive_speaker_diarization(self) -> Annotation:
        """As :attr:`speaker_diarization`, with at most one speaker at every moment."""
        return Annotation(self.file_id, self._named(True), self.to_rttm(exclusive=True))

    def itertracks(self, yield_label: bool = False) -> Any:
        """As :meth:`diarist.Annotation.itertracks` of :attr:`speaker_diarization`, which is what
        versions of pyannote.audio before 4 return."""
        return self.speaker_diarization.itertracks(yield_label)

    def labels(self) -> list[str]:
        """The speakers, sorted, with the names of known people."""
        return self.speaker_diarization.labels()

    def write_rttm(self, file: TextIO) -> None:
        """Writes the turns as RTTM into an open file."""
        file.write(self.to_rttm())

    def plot(self, ax: Axes | None = None, *, exclusive: bool = False) -> Axes:
        """Draws a lane for each speaker, into ``ax`` if it is given. Needs Matplotlib."""
        return _picture.plot(self.file_id, self._lanes(exclusive), self._end_s(), ax)

    def _repr_html_(self) -> str:
        """The view in a notebook: lanes, speaking time, and a player if the recording is a file of
        at most 10 MB that browsers play."""
        return _picture.fragment(self.file_id, self._lanes(False), self._end_s(), self._recording())

    def _lanes(self, exclusive: bool) -> list[_picture.Lane]:
        lanes: dict[str, list[tuple[float, float]]] = {}
        for turn in sorted(_readable(self._named(exclusive)), key=lambda turn: turn.speaker):
            lanes.setdefault(turn.speaker, []).append((turn.start_s, turn.end_s))
        return [_picture.Lane(name, sorted(times)) for name, times in lanes.items()]

    def _end_s(self) -> float:
        return max([self.duration_s or 0.0, *(turn.end_s for turn in self.turns)])

    def _named(self, exclusive: bool) -> list[Turn]:
        """The turns with one name for each speaker."""
        names = self._display_names()
        return [
            replace(turn, speaker=names.get(turn.speaker, turn.speaker), name=None)
            for turn in self._timeline(exclusive)
        ]

    def _fields(self, exclusive: bool, readable: bool = False) -> dict[str, Any]:
        """The fields that the compiled module reads."""
        turns = _readable(self._named(exclusive)) if readable else self._named(exclusive)
        others = None if exclusive or self._exclusive() is None else self._named(True)
        return {
            "file_id": self.file_id,
            "turns": [asdict(turn) for turn in turns],
            "exclusive_turns": None if others is None else [asdict(turn) for turn in others],
            "duration_s": self.duration_s,
        }


def is_json(extension: str) -> bool:
    """Whether files with an extension are JSON."""
    return extension.lower() in ("json", "jsonl")


def write(recordings: Iterable[Timeline], name: str, *, exclusive: bool = False, readable: bool = False) -> str:
    """The text of a file with recordings; ``name`` has the extension of the format."""
    return _diarist.write_labels(json.dumps([recording._fields(exclusive, readable) for recording in recordings]), name)


def _readable(turns: list[Turn]) -> list[Turn]:
    """The turns as people read them: short pauses closed, crumbs left out."""
    return [Turn(**turn) for turn in json.loads(_diarist.readable(json.dumps([asdict(turn) for turn in turns])))]
