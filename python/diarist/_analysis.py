"""The output of the networks, to be clustered again and again."""

from __future__ import annotations

import os

from diarist import _diarist


class Analysis:
    """The output of the networks for one recording, of :meth:`diarist.Diarizer.analyze` or from a
    file. It takes about 5 MB per hour in a file, and 7 MB pickled.

    >>> analysis = diarizer.analyze("meeting.mp3")
    >>> analysis.save("meeting.diarist")
    >>> analysis = diarist.Analysis.open("meeting.diarist")
    >>> result = diarizer.cluster(analysis, num_speakers=4)
    """

    def __init__(self, networks: _diarist.Networks, audio: str | bytes | None = None) -> None:
        self._networks = networks
        self._audio = audio

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, partial: bool = False) -> Analysis:
        """Reads a file that :meth:`save`, ``diarist analyze`` or ``diarist diarize --checkpoint``
        wrote. With ``partial``, a file that is not whole is read up to its end.

        Raises :class:`diarist.InputError` if the file cannot be used.
        """
        return cls(_diarist.open_analysis(path, partial))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Saves a file for :meth:`open` and ``diarist cluster``. Embeddings are rounded to 16 bits.
        The file is written whole or not at all."""
        self._networks.save(path)

    @property
    def file_id(self) -> str:
        """Name of the recording."""
        return self._networks.file_id

    @property
    def duration_s(self) -> float:
        """Length of the recording in seconds."""
        return self._networks.duration_s

    def __reduce__(self) -> tuple[object, ...]:
        # The sound of a recording does not travel along, but its path does.
        path = self._audio if isinstance(self._audio, str) else None
        return _from_bytes, (self._networks.to_bytes(), path)

    def __repr__(self) -> str:
        return f"<Analysis of {self.file_id!r}, {self.duration_s:.1f} s>"


def _from_bytes(data: bytes, path: str | None) -> Analysis:
    return Analysis(_diarist.analysis_from_bytes(data), path)
