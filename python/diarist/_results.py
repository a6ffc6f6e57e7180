"""What a diarization gives: plain values, which pickle, compare and print."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray
    from pyannote.core import Annotation

DIMENSION = 256
"""Values in an embedding."""


@dataclass(frozen=True)
class Turn:
    """A stretch of time in which one speaker speaks; start and end in seconds."""

    start: float
    end: float
    speaker: str
    """Label of the speaker: ``SPEAKER_00``, ``SPEAKER_01``, ..."""
    name: str | None = None
    """Name of the known person who the speaker is, if somebody was recognised."""
    confidence: float | None = None
    """How sure it is, from 0 to 1: the share of the windows of 10 s around it that hear this speaker there. Not a probability."""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True)
class Candidate:
    """A known person whom a voice may belong to."""

    name: str
    probability: float
    """How likely it is this person, if before anything is heard a known and an unknown speaker are equally likely."""
    log_ratio: float
    """Logarithm to base 10 of how much likelier the cosine is for this person than for somebody else."""
    cosine: float
    """Cosine of the voice and the person's voice, both relative to the mean of all voices."""


@dataclass(frozen=True)
class Identification:
    """Who a voice may be."""

    best: Candidate | None
    """The likeliest person, None if there is none left."""
    runner_up: Candidate | None
    """The next likeliest person."""
    is_known: bool
    """Is it the likeliest person? Otherwise it is somebody unknown."""

    @property
    def name(self) -> str | None:
        """Name of the person, None for somebody unknown."""
        return self.best.name if self.best and self.is_known else None


@dataclass(frozen=True)
class Voice:
    """A voice as one recording shows it, for :class:`diarist.SpeakerDatabase` and :func:`diarist.compare`."""

    data: bytes = field(repr=False)
    """The embedding: 256 32-bit floats, not normalised."""
    speech_s: float
    """Seconds of speech, without anybody else's, that it was made from."""
    model: str
    """Which network made it; voices of different ones cannot be compared."""

    @property
    def embedding(self) -> NDArray[numpy.float32]:
        """The 256 values as an array; needs NumPy."""
        return to_array(self.data)


@dataclass(frozen=True)
class Speaker:
    """One speaker of a recording."""

    label: str
    """Label as in the turns."""
    speech_s: float
    """Seconds of speech, overlapped speech included."""
    num_turns: int
    voice: Voice | None
    """The voice, ready to be compared; None for who has no embedding or never speaks alone."""
    identification: Identification | None = None
    """Who it may be, if names were looked for and there is a voice."""
    data: bytes | None = field(default=None, repr=False)
    """The embedding of the diarization: 256 32-bit floats, not normalised; None if there is none."""

    @property
    def name(self) -> str | None:
        """Name of the known person who it is, if somebody was recognised."""
        return self.identification.name if self.identification else None

    @property
    def embedding(self) -> NDArray[numpy.float32] | None:
        """The 256 values as an array, None if there are none; needs NumPy. Compare by cosine similarity."""
        return None if self.data is None else to_array(self.data)


@dataclass(frozen=True)
class Diarization:
    """Who spoke when in one recording. Times are seconds of the original recording."""

    file_id: str
    """Name of the recording, RTTM's second field."""
    duration_s: float
    """Length of the recording."""
    speech_s: float
    """Time in which at least one speaker is active."""
    overlap_s: float
    """Time in which at least two speakers are active."""
    turns: list[Turn] = field(repr=False)
    """Turns in the order of their start; those of different speakers may overlap."""
    exclusive_turns: list[Turn] = field(repr=False)
    """The same with at most one speaker at every moment."""
    speakers: list[Speaker]
    """Speakers in the order of their labels."""
    _rttm: str = field(repr=False)
    _exclusive_rttm: str = field(repr=False)
    _json: str = field(repr=False, compare=False)

    @property
    def embeddings(self) -> NDArray[numpy.float32]:
        """Embeddings of the speakers, [speakers, 256], not normalised; rows of NaN for who has none. Needs NumPy."""
        import numpy

        rows = numpy.full((len(self.speakers), DIMENSION), numpy.nan, numpy.float32)
        for row, speaker in zip(rows, self.speakers):
            if speaker.data is not None:
                row[:] = to_array(speaker.data)
        return rows

    def to_rttm(self, *, exclusive: bool = False) -> str:
        """The turns as RTTM, one line each, as ``diarist diarize`` writes them; with names of people who were recognised."""
        return self._exclusive_rttm if exclusive else self._rttm

    def to_json(self) -> str:
        """Everything as JSON on one line, as ``diarist diarize --format json`` writes it (docs/output-json.md)."""
        return self._json

    def to_annotation(self, *, exclusive: bool = False, names: bool = True) -> Annotation:
        """The turns as a ``pyannote.core.Annotation``, with names of people who were recognised unless ``names`` is False.

        Needs the package ``pyannote.core``; raises ImportError without it.
        """
        try:
            from pyannote.core import Annotation, Segment
        except ImportError as error:
            raise ImportError("to_annotation() needs pyannote.core; install it with: pip install pyannote.core") from error
        annotation = Annotation(uri=self.file_id)
        for track, turn in enumerate(self.exclusive_turns if exclusive else self.turns):
            label = turn.name if names and turn.name is not None else turn.speaker
            annotation[Segment(turn.start, turn.end), track] = label
        return annotation


def to_array(data: bytes) -> NDArray[numpy.float32]:
    """The floats of an embedding; a copy, which can be changed."""
    import numpy

    return numpy.frombuffer(data, numpy.float32).copy()


def identification(found: tuple[Any, Any, bool] | None) -> Identification | None:
    """What the module tells of who a voice may be."""
    if found is None:
        return None
    best, runner_up, is_known = found
    return Identification(Candidate(*best) if best else None, Candidate(*runner_up) if runner_up else None, is_known)


def _speaker(fields: dict[str, Any], model: str) -> Speaker:
    voice = None
    if fields["voice"]:
        data, speech_s = fields["voice"]
        voice = Voice(data, speech_s, model)
    return Speaker(
        label=fields["label"],
        speech_s=fields["speech_s"],
        num_turns=fields["num_turns"],
        voice=voice,
        identification=identification(fields["found"]),
        data=fields["embedding"],
    )


def diarization(fields: dict[str, Any]) -> Diarization:
    """What the module gives for a recording."""
    speakers = [_speaker(speaker, fields["model"]) for speaker in fields["speakers"]]
    names = {speaker.label: speaker.name for speaker in speakers}

    def turns(key: str) -> list[Turn]:
        return [Turn(start, end, label, names.get(label), sure) for start, end, label, sure in fields[key]]

    return Diarization(
        file_id=fields["file_id"],
        duration_s=fields["duration_s"],
        speech_s=fields["speech_s"],
        overlap_s=fields["overlap_s"],
        turns=turns("turns"),
        exclusive_turns=turns("exclusive_turns"),
        speakers=speakers,
        _rttm=fields["rttm"],
        _exclusive_rttm=fields["exclusive_rttm"],
        _json=fields["json"],
    )
