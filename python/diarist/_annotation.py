"""Turns as users of pyannote write them. The names and the order are those of pyannote.core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO, overload

if TYPE_CHECKING:
    from diarist._turns import Turn


@dataclass(frozen=True, order=True)
class Segment:
    """A stretch of time."""

    start: float
    """Start in seconds."""
    end: float
    """End in seconds."""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def middle(self) -> float:
        """The moment in the middle, in seconds."""
        return (self.start + self.end) / 2

    def __iter__(self) -> Iterator[float]:
        """Start and end, so that ``start, end = segment``."""
        return iter((self.start, self.end))

    def __str__(self) -> str:
        return f"[ {_clock(self.start)} -->  {_clock(self.end)}]"


def _clock(seconds: float) -> str:
    # Cut and not rounded, as pyannote.core does.
    minutes, milliseconds = divmod(int(seconds * 1000 + 1e-6), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


class Annotation:
    """The turns of a recording with the methods of ``pyannote.core.Annotation`` that readers of a
    result use. :meth:`diarist.Diarization.to_annotation` makes one of pyannote itself.

    >>> for turn, speaker in output.speaker_diarization:
    ...     print(f"{turn.start:.1f} s to {turn.end:.1f} s: {speaker}")
    """

    def __init__(self, uri: str, turns: Iterable[Turn], rttm: str) -> None:
        self.uri = uri
        """Name of the recording."""
        tracks = enumerate(turns)
        self._tracks = sorted((Segment(turn.start_s, turn.end_s), track, turn.speaker) for track, turn in tracks)
        self._rttm = rttm

    @overload
    def itertracks(self, yield_label: Literal[False] = False) -> Iterator[tuple[Segment, int]]: ...
    @overload
    def itertracks(self, yield_label: Literal[True]) -> Iterator[tuple[Segment, int, str]]: ...
    @overload
    def itertracks(self, yield_label: bool) -> Iterator[tuple[Segment, int] | tuple[Segment, int, str]]: ...
    def itertracks(self, yield_label: bool = False) -> Iterator[Any]:
        """Segment, track and, on request, speaker of each turn in the order of time."""
        return iter(self._tracks if yield_label else [(segment, track) for segment, track, _ in self._tracks])

    def itersegments(self) -> Iterator[Segment]:
        """The different segments in the order of time."""
        return iter(dict.fromkeys(segment for segment, _, _ in self._tracks))

    def labels(self) -> list[str]:
        """The speakers, sorted."""
        return sorted({label for _, _, label in self._tracks})

    def label_duration(self, label: str) -> float:
        """Seconds in which a speaker speaks."""
        total = end = 0.0
        for segment, _, other in self._tracks:
            if other == label:
                total += max(0.0, segment.end - max(segment.start, end))
                end = max(end, segment.end)
        return total

    def chart(self, percent: bool = False) -> list[tuple[str, float]]:
        """The speakers with their seconds of speech, or their shares, from the longest on."""
        chart = sorted(((label, self.label_duration(label)) for label in self.labels()), key=lambda item: -item[1])
        total = sum(duration for _, duration in chart) if percent else 1.0
        return [(label, duration / (total or 1.0)) for label, duration in chart]

    def to_rttm(self) -> str:
        """The turns as RTTM."""
        return self._rttm

    def write_rttm(self, file: TextIO) -> None:
        """Writes the turns as RTTM into an open file."""
        file.write(self._rttm)

    def __iter__(self) -> Iterator[tuple[Segment, str]]:
        """Segment and speaker of each turn in the order of time."""
        return ((segment, label) for segment, _, label in self._tracks)

    def __len__(self) -> int:
        """Number of different segments."""
        return len(set(self.itersegments()))

    def __bool__(self) -> bool:
        return bool(self._tracks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Annotation):
            return NotImplemented
        return (self.uri, self._tracks) == (other.uri, other._tracks)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "\n".join(f"{segment} {track} {label}" for segment, track, label in self._tracks)

    def __repr__(self) -> str:
        return f"<Annotation of {self.uri!r}: {len(self._tracks)} turns of {len(self.labels())} speakers>"


class SegmentLike(Protocol):
    """The part of ``pyannote.core.Segment`` that type checkers know; that package has no types."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def duration(self) -> float: ...
    @property
    def middle(self) -> float: ...


class AnnotationLike(Protocol):
    """The part of ``pyannote.core.Annotation`` that type checkers know; that package has no types.
    :class:`diarist.Annotation` has it, too."""

    @property
    def uri(self) -> Any: ...
    @overload
    def itertracks(self, yield_label: Literal[False] = False) -> Iterator[tuple[SegmentLike, Any]]: ...
    @overload
    def itertracks(self, yield_label: Literal[True]) -> Iterator[tuple[SegmentLike, Any, str]]: ...
    @overload
    def itertracks(self, yield_label: bool) -> Iterator[tuple[SegmentLike, Any] | tuple[SegmentLike, Any, str]]: ...
    def itersegments(self) -> Iterator[SegmentLike]: ...
    def labels(self) -> list[str]: ...
    def label_duration(self, label: str) -> float: ...
    def chart(self, percent: bool = False) -> list[tuple[str, float]]: ...
    def to_rttm(self) -> str: ...
    def write_rttm(self, file: TextIO) -> None: ...
    def __iter__(self) -> Iterator[tuple[SegmentLike, str]]: ...
    def __len__(self) -> int: ...
