"""Results of a diarization: plain values that can be pickled, compared and printed."""

from __future__ import annotations

import json
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
    """A stretch of speech of one speaker."""

    start_s: float
    """Start in seconds."""
    end_s: float
    """End in seconds."""
    speaker: str
    """Label of the speaker: ``SPEAKER_00``, ``SPEAKER_01``, ..."""
    name: str | None = None
    """Name of the known person who the speaker is; None if nobody was recognised."""
    confidence: float | None = None
    """Certainty of the turn from 0 to 1: the share of chunks around it that hear the speaker. It is
    not a probability."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Candidate:
    """A known person whom a voice may belong to."""

    name: str
    probability: float
    """Probability that it is this person, if a known and an unknown speaker are equally likely
    before anything is heard."""
    log_ratio: float
    """Logarithm to base 10 of the likelihood ratio: of the cosine for this person to that for
    somebody else."""
    cosine: float
    """Cosine of the voice and the person's voice, both relative to the mean of all voices."""


@dataclass(frozen=True)
class Identification:
    """The people whom a voice may belong to."""

    best: Candidate | None
    """The likeliest person; None if nobody else is left."""
    runner_up: Candidate | None
    """The next likeliest person."""
    is_known: bool
    """Whether it is the likeliest person. Otherwise it is somebody unknown."""

    @property
    def name(self) -> str | None:
        """Name of the person; None for somebody unknown."""
        return self.best.name if self.best and self.is_known else None


@dataclass(frozen=True)
class Voice:
    """A voice in one recording, for :class:`diarist.SpeakerDatabase` and
    :func:`diarist.compare`."""

    data: bytes = field(repr=False)
    """The embedding: 256 32-bit floats, not normalised."""
    speech_s: float
    """Seconds of speech that it was made from, in which nobody else speaks."""
    model: str
    """Name of the network that made it. Voices of different networks cannot be compared."""

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
    """Number of turns."""
    voice: Voice | None
    """Voice to compare with those of known people; None without an embedding, or for a speaker who
    never speaks alone."""
    identification: Identification | None = None
    """Likeliest known people; None if none were known, or without a voice."""
    data: bytes | None = field(default=None, repr=False)
    """The embedding of the diarization: 256 32-bit floats, not normalised; None if there is
    none."""

    @property
    def name(self) -> str | None:
        """Name of the known person; None if nobody was recognised."""
        return self.identification.name if self.identification else None

    @property
    def embedding(self) -> NDArray[numpy.float32] | None:
        """The 256 values as an array; None if there are none. Compare by cosine similarity. Needs
        NumPy."""
        return None if self.data is None else to_array(self.data)


@dataclass(frozen=True)
class Diarization:
    """The diarization of one recording: who spoke when."""

    file_id: str
    """Name of the recording, RTTM's second field."""
    duration_s: float
    """Length of the recording in seconds."""
    speech_s: float
    """Seconds in which at least one speaker is active."""
    overlap_s: float
    """Seconds in which at least two speakers are active."""
    turns: list[Turn] = field(repr=False)
    """Turns in the order of their start; those of different speakers may overlap."""
    exclusive_turns: list[Turn] = field(repr=False)
    """Turns with at most one speaker at every moment."""
    speakers: list[Speaker]
    """Speakers in the order of their labels."""
    warnings: list[str] = field(repr=False)
    """Parts of the recording that were lost or changed, one sentence each."""
    _rttm: str = field(repr=False)
    _exclusive_rttm: str = field(repr=False)
    _json: str = field(repr=False, compare=False)

    @property
    def embeddings(self) -> NDArray[numpy.float32]:
        """Embeddings of the speakers, [speakers, 256], not normalised; a row of NaN for a speaker
        without one. Needs NumPy."""
        import numpy

        rows = numpy.full((len(self.speakers), DIMENSION), numpy.nan, numpy.float32)
        for row, speaker in zip(rows, self.speakers):
            if speaker.data is not None:
                row[:] = to_array(speaker.data)
        return rows

    def to_rttm(self, *, exclusive: bool = False) -> str:
        """The turns as RTTM, one line each, as ``diarist diarize`` writes them, with the names of
        known people."""
        return self._exclusive_rttm if exclusive else self._rttm

    def to_json(self) -> str:
        """Everything as JSON on one line, as ``diarist diarize --format json`` writes it
        (docs/output-json.md)."""
        return self._json

    def to_annotation(self, *, exclusive: bool = False, names: bool = True) -> Annotation:
        """The turns as a ``pyannote.core.Annotation``, with the names of known people unless
        ``names`` is False.

        Needs the package ``pyannote.core``; raises ImportError without it.
        """
        try:
            from pyannote.core import Annotation, Segment
        except ImportError as error:
            raise ImportError("to_annotation() needs pyannote.core; install it with: pip install pyannote.core") from error
        annotation = Annotation(uri=self.file_id)
        for track, turn in enumerate(self.exclusive_turns if exclusive else self.turns):
            label = turn.name if names and turn.name is not None else turn.speaker
            annotation[Segment(turn.start_s, turn.end_s), track] = label
        return annotation


def to_array(data: bytes) -> NDArray[numpy.float32]:
    """The floats of an embedding, as a copy that can be changed."""
    import numpy

    return numpy.frombuffer(data, numpy.float32).copy()


def identification(found: tuple[Any, Any, bool] | None) -> Identification | None:
    """The identification in the form of the compiled module, as a class."""
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


def _turns(text: str) -> list[Turn]:
    """Turns from JSON with the fields of :class:`Turn`."""
    return [Turn(**fields) for fields in json.loads(text)]


def diarization(fields: dict[str, Any]) -> Diarization:
    """The result in the form of the compiled module, as a class."""
    return Diarization(
        file_id=fields["file_id"],
        duration_s=fields["duration_s"],
        speech_s=fields["speech_s"],
        overlap_s=fields["overlap_s"],
        turns=_turns(fields["turns"]),
        exclusive_turns=_turns(fields["exclusive_turns"]),
        speakers=[_speaker(speaker, fields["model"]) for speaker in fields["speakers"]],
        warnings=fields["warnings"],
        _rttm=fields["rttm"],
        _exclusive_rttm=fields["exclusive_rttm"],
        _json=fields["json"],
    )
