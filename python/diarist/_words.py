"""Speakers for the words of a transcript."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass, field
from typing import Any, Literal, Mapping, Sequence, overload

from diarist import _diarist
from diarist._errors import LabelsWarning, OptionError, unreadable
from diarist._labels import one_recording
from diarist._turns import Timeline


@dataclass(frozen=True)
class Word:
    """A word of an utterance."""

    text: str
    start_s: float
    """Start in seconds."""
    end_s: float
    """End in seconds."""


@dataclass(frozen=True)
class Utterance:
    """Words that one speaker says without a long pause."""

    speaker: str | None
    """Name or label of the speaker; None if nobody speaks near the words."""
    start_s: float
    """Start in seconds."""
    end_s: float
    """End in seconds."""
    text: str
    """The words, with blanks between them."""
    words: list[Word] = field(repr=False)


@overload
def assign(
    transcript: str | os.PathLike[str] | bytes | Mapping[str, Any] | Sequence[Any],
    turns: Timeline | str | os.PathLike[str],
    *,
    format: None = None,
    fill: bool = False,
) -> list[Utterance]: ...
@overload
def assign(
    transcript: str | os.PathLike[str] | bytes | Mapping[str, Any] | Sequence[Any],
    turns: Timeline | str | os.PathLike[str],
    *,
    format: Literal["docx"],
    fill: bool = False,
) -> bytes: ...
@overload
def assign(
    transcript: str | os.PathLike[str] | bytes | Mapping[str, Any] | Sequence[Any],
    turns: Timeline | str | os.PathLike[str],
    *,
    format: Literal["txt", "srt", "vtt", "json", "html", "md"],
    fill: bool = False,
) -> str: ...
def assign(
    transcript: str | os.PathLike[str] | bytes | Mapping[str, Any] | Sequence[Any],
    turns: Timeline | str | os.PathLike[str],
    *,
    format: str | None = None,
    fill: bool = False,
) -> list[Utterance] | str | bytes:
    """Assigns speakers to the words of a transcript.

    >>> words = whisper.load_model("small").transcribe("meeting.mp3", word_timestamps=True)
    >>> for utterance in diarist.assign(words, diarizer("meeting.mp3")):
    ...     print(utterance.speaker, utterance.text)

    transcript: a file of a speech recogniser, its bytes, or its content as Python has it
        (docs/words.md has the layouts).
    turns: a result, or a file that :func:`diarist.read` reads. In a file with several recordings,
        the one named like the transcript is taken.
    format: None for a list of utterances; "txt", "srt", "vtt", "json", "html" or "md" for the text
        of a file, or "docx" for its bytes, as ``diarist assign`` writes them.
    fill: gives words near which nobody speaks to the nearest speaker.

    Raises :class:`diarist.InputError` if an input cannot be read. Warns with
    :class:`diarist.LabelsWarning` of words with impossible times or without a speaker.
    """
    place, stem = "the transcript", None
    if isinstance(transcript, (str, os.PathLike)):
        place = os.fspath(transcript)
        stem = os.path.splitext(os.path.basename(place))[0].replace(" ", "_")
        try:
            with open(place, "rb") as file:
                data = file.read()
        except OSError as error:
            raise unreadable(place, error) from error
    elif isinstance(transcript, (bytes, bytearray, memoryview)):
        data = bytes(transcript)
    else:
        try:
            data = json.dumps(transcript, default=float).encode()
        except (TypeError, ValueError) as error:
            raise OptionError(f"a transcript cannot be given as {type(transcript).__name__}; give a path, bytes, or JSON") from error
    labels = json.dumps(one_recording(turns, stem)._fields(False))
    found = _diarist.assign(data, place, labels, format or "json", fill)
    for number, losses in (
        (found["num_left_out"], "subtitles left out because their times cannot be read"),
        (found["num_impossible_times"], "words with impossible times"),
        (found["num_unknown"], "words near which nobody speaks"),
    ):
        if number:
            warnings.warn(f"{place}: {losses}: {number}", LabelsWarning, stacklevel=2)
    content: bytes = found["content"]
    if format == "docx":
        return content
    text = content.decode()
    if format is not None:
        return text
    utterances = json.loads(text)["utterances"]
    return [Utterance(**{**fields, "words": [Word(**word) for word in fields["words"]]}) for fields in utterances]
