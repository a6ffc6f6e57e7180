"""Known people."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Iterable, Sequence

from diarist import _diarist
from diarist._results import Identification, Voice, identification


@dataclass(frozen=True)
class Person:
    """A known person, with a summary of their samples."""

    name: str
    created: str
    """When the person was first enrolled, UTC, as ``2026-01-31T12:00:00Z``."""
    num_enrolled: int
    """Number of enrolled samples."""
    num_learned: int
    """Number of learned samples."""
    speech_s: float
    """Seconds of speech in all samples."""


class SpeakerDatabase:
    """A file that keeps people with their voices, the same as that of ``diarist speakers``
    (docs/voices.md).

    >>> people = diarist.SpeakerDatabase("people.db")
    >>> people.enroll("Ann Lee", diarist.Diarizer().voice("ann.wav"), source="ann.wav")
    >>> diarist.Diarizer(speakers=people)("meeting.mp3").speakers[0].name
    'Ann Lee'

    The file is opened for each call, so several processes may use it. The first :meth:`enroll`
    creates it. Voice prints are biometric data: enroll only people who agreed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def people(self) -> list[Person]:
        """All people, by name."""
        return [Person(**person) for person in _diarist.people(self.path)]

    def enroll(self, name: str, *voices: Voice, source: str = "") -> None:
        """Adds voices to a person: all of them or none. A missing person is created. ``source``
        describes the origin of the voices.

        Raises :class:`diarist.InputError` for an unusable name, or if the person would have more
        than 50 samples.
        """
        _diarist.enroll(self.path, name, [(voice, source) for voice in voices])

    def learn(self, recording: str, voices: Iterable[tuple[str, Voice]]) -> list[str]:
        """Adds voices of known people that were recognised in a recording. They form one batch,
        which ``diarist speakers undo`` removes.

        Returns the people that got a sample. A person with 50 samples gets no more.
        """
        return _diarist.learn(self.path, recording, list(voices))

    def identify(self, voices: Sequence[Voice | None], *, min_probability: float = 0.9) -> list[Identification | None]:
        """Identifies the speakers of one recording, with None for a missing voice. No person is two
        of the speakers."""
        found = iter(_diarist.identify(self.path, [voice for voice in voices if voice is not None], min_probability))
        return [None if voice is None else identification(next(found)) for voice in voices]

    def rename(self, old: str, new: str) -> None:
        """Gives a person another name."""
        _diarist.rename(self.path, old, new)

    def remove(self, name: str) -> None:
        """Removes a person with all samples."""
        _diarist.remove(self.path, name)

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"SpeakerDatabase({self.path!r})"


def compare(a: Voice, b: Voice) -> tuple[float, float]:
    """Likeness of two voices: their cosine relative to the mean of all voices, and the logarithm to
    base 10 of the likelihood ratio, of one person to two people."""
    return _diarist.compare(a, b)
