"""Speakers for the words of a transcript."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence, overload

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
) -> list[Utterance]: ...
@overload
def assign(
    transcript: str | os.PathLike[str] | bytes | Mapping[str, Any] | Sequence[Any],
    turns: Timeline | str | os.PathLike[str],
    *,
    format: str,
) -> str: ...
def assign(
    transcript: str | os.PathLike[str] | bytes | Mapping[str, Any] | Sequence[Any],
    turns: Timeline | str | os.PathLike[str],
    *,
    format: str | None = None,
) -> list[Utterance] | str:
    """Assigns speakers to the words of a transcript.

    >>> words = whisper.load_model("small").transcribe("meeting.mp3", word_timestamps=True)
    >>> for utterance in diarist.assign(words, diarizer("meeting.mp3")):
    ...     print(utterance.speaker, utterance.text)

    transcript: a file of a speech recogniser, its bytes, or its content as Python has it
        (docs/words.md has the layouts).
    turns: a result, or a file that :func:`diarist.read` reads. In a file with several recordings,
        the one named like the transcript is taken.
    format: None for a list of utterances; or "txt", "srt", "vtt" or "json" for the text of a file,
        as ``diarist assign`` writes it.

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
    text, num_impossible, num_unknown = _diarist.assign(data, place, labels, format or "json")
    for number, fault_of_words in ((num_impossible, "impossible times"), (num_unknown, "no speaker")):
        if number:
            have = "1 word has" if number == 1 else f"{number} words have"
            warnings.warn(f"{place}: {have} {fault_of_words}", LabelsWarning, stacklevel=2)
    if format is not None:
        return text
    utterances = json.loads(text)["utterances"]
    return [Utterance(**{**fields, "words": [Word(**word) for word in fields["words"]]}) for fields in utterances]
