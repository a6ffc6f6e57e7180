"""Results of a diarization: plain values that can be pickled, compared and printed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from diarist._turns import Timeline, Turn, is_json

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

DIMENSION = 256
"""Values in an embedding."""


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
    display_name: str = ""
    """Name in files: that of the known person, or else the label. No two speakers share one."""

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
class NumberOfSpeakers:
    """Certainty of the number of speakers. Speakers with less than 2 s of speech do not count as
    true ones."""

    probability: float
    """Probability that the recording has as many speakers as the result."""
    runner_up: int
    """The likeliest other number. It can be likelier than that of the result."""
    runner_up_probability: float
    """Probability of that number."""


@dataclass(frozen=True)
class Diarization(Timeline):
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
    number_of_speakers: NumberOfSpeakers | None
    """Certainty of the number of speakers; None if it is not known: with other clustering than
    ``refined``, without subsegments, for a recording of a single chunk, or with a told number."""
    _json: str = field(repr=False, compare=False)
    _audio: str | bytes | None = field(default=None, repr=False, compare=False)

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

    @property
    def speaker_embeddings(self) -> NDArray[numpy.float32] | None:
        """:attr:`embeddings` in the order of :meth:`labels`, under pyannote.audio's name for them;
        None if embeddings were skipped. Needs NumPy."""
        if all(speaker.data is None for speaker in self.speakers):
            return None
        names = [speaker.display_name for speaker in self.speakers]
        return self.embeddings[[names.index(label) for label in self.labels()]]

    def to_json(self) -> str:
        """Everything as JSON on one line, as ``diarist diarize --format json`` writes it
        (docs/output-json.md)."""
        return self._json

    def to_format(self, format: str, *, exclusive: bool = False) -> str:
        if is_json(format):
            return self._json + "\n"
        return super().to_format(format, exclusive=exclusive)

    to_format.__doc__ = Timeline.to_format.__doc__

    def serialize(self) -> dict[str, list[dict[str, Any]]]:
        """Both timelines as lists of dictionaries, with the fields that pyannote.audio has."""

        def turns(exclusive: bool) -> list[dict[str, Any]]:
            return [
                {"start": round(turn.start_s, 3), "end": round(turn.end_s, 3), "speaker": turn.speaker}
                for turn in self._named(exclusive)
            ]

        return {"diarization": turns(False), "exclusive_diarization": turns(True)}

    _readable_formats = frozenset(["srt", "vtt"])

    def _timeline(self, exclusive: bool) -> list[Turn]:
        return self.exclusive_turns if exclusive else self.turns

    def _exclusive(self) -> list[Turn] | None:
        return self.exclusive_turns

    def _display_names(self) -> dict[str, str]:
        return {speaker.label: speaker.display_name for speaker in self.speakers if speaker.display_name}

    def _recording(self) -> str | bytes | None:
        return self._audio

    def __getstate__(self) -> dict[str, Any]:
        # The sound of a recording does not travel with its result, but its path does.
        return {**self.__dict__, "_audio": self._audio if isinstance(self._audio, str) else None}


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
        display_name=fields["display_name"],
    )


def _turns(text: str) -> list[Turn]:
    """Turns from JSON with the fields of :class:`Turn`."""
    return [Turn(**fields) for fields in json.loads(text)]


def diarization(fields: dict[str, Any], audio: str | bytes | None = None) -> Diarization:
    """The result in the form of the compiled module, as a class; ``audio`` is the path or the bytes
    of the recording, for the player in notebooks."""
    number = fields["number_of_speakers"]
    return Diarization(
        file_id=fields["file_id"],
        duration_s=fields["duration_s"],
        speech_s=fields["speech_s"],
        overlap_s=fields["overlap_s"],
        turns=_turns(fields["turns"]),
        exclusive_turns=_turns(fields["exclusive_turns"]),
        speakers=[_speaker(speaker, fields["model"]) for speaker in fields["speakers"]],
        warnings=fields["warnings"],
        number_of_speakers=NumberOfSpeakers(*number) if number else None,
        _json=fields["json"],
        _audio=audio,
    )
