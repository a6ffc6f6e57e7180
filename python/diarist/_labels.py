"""Files with turns."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass, field
from typing import Iterable

from diarist import _diarist, _turns
from diarist._errors import InputError, LabelsWarning, OptionError, OutputError
from diarist._turns import Timeline, Turn


@dataclass(frozen=True)
class Labels(Timeline):
    """The turns of one recording from a file, or made by hand."""

    file_id: str
    """Name of the recording."""
    turns: list[Turn] = field(repr=False)
    """Turns in the order of their start."""
    exclusive_turns: list[Turn] | None = field(default=None, repr=False)
    """Turns with at most one speaker at every moment; None if there is no such timeline (only JSON
    has one)."""
    duration_s: float | None = None
    """Length of the recording in seconds; None if the file does not tell it."""

    @property
    def speakers(self) -> list[str]:
        """The speakers, sorted."""
        return sorted({turn.speaker for turn in self.turns})

    def _timeline(self, exclusive: bool) -> list[Turn]:
        if not exclusive:
            return self.turns
        if self.exclusive_turns is None:
            raise InputError(f"{self.file_id}: there is no exclusive timeline; only JSON has one")
        return self.exclusive_turns

    def _exclusive(self) -> list[Turn] | None:
        return self.exclusive_turns


def read(path: str | os.PathLike[str], *, format: str | None = None) -> list[Labels]:
    """Reads the turns in a file: one item for each recording, at least one.

    >>> [meeting] = diarist.read("meeting.TextGrid")
    >>> meeting.save("meeting.rttm")

    path: an RTTM, JSON, CSV, SRT, WebVTT, Audacity, TextGrid or EAF file (docs/formats.md).
    format: its format, as in :meth:`Labels.to_format`. Default: that of its extension.

    Raises :class:`diarist.OptionError` if the extension is not that of a format,
    :class:`diarist.InputError` if the file cannot be read. Warns with
    :class:`diarist.LabelsWarning` of parts without a speaker or a time.
    """
    name = os.fspath(path) if format is None else f"x.{'txt' if format.lower() == 'audacity' else format}"
    found = []
    for fields in json.loads(_diarist.read_labels(path, name)):
        for number, losses in (
            (fields.pop("num_left_out"), "without a speaker or a time"),
            (len(fields.pop("unreadable_lines")), "whose times cannot be read"),
        ):
            if number:
                warnings.warn(f"{os.fspath(path)}: {number} {losses} left out", LabelsWarning, stacklevel=2)
        for timeline in ("turns", "exclusive_turns"):
            if fields[timeline] is not None:
                fields[timeline] = [Turn(**turn) for turn in fields[timeline]]
        found.append(Labels(**fields))
    return found


def write(path: str | os.PathLike[str], recordings: Iterable[Timeline], *, exclusive: bool = False) -> None:
    """Writes several recordings into one file, whose extension chooses the format: RTTM, JSON, CSV
    or UEM. :meth:`Labels.save` writes one recording in any format.

    Raises :class:`diarist.OptionError` for another extension, :class:`diarist.OutputError` if the
    format holds one recording only, or if the file cannot be written.
    """
    _diarist.check_format(path)
    recordings = [recordings] if isinstance(recordings, Timeline) else list(recordings)
    names = [recording.file_id for recording in recordings]
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise OutputError(f"two recordings are named {twice}; give each a file_id of its own")
    is_json = _turns.is_json(os.path.splitext(path)[1][1:])
    if is_json:
        text = "".join(recording.to_format("json", exclusive=exclusive) for recording in recordings)
    else:
        text = _turns.write(recordings, os.fspath(path), exclusive=exclusive)
    _diarist.write_text(path, text, is_json)


def one_recording(turns: Timeline | str | os.PathLike[str], file_id: str | None) -> Timeline:
    """The only recording that is given, or the one with the name ``file_id``."""
    if isinstance(turns, Timeline):
        return turns
    if not isinstance(turns, (str, os.PathLike)):
        raise OptionError(f"turns are a result or the path of a file, not {type(turns).__name__}")
    found = read(turns)
    if len(found) > 1:
        named = [recording for recording in found if recording.file_id == file_id]
        if not named:
            name = f", and none is named {file_id}" if file_id else ""
            raise InputError(f"{os.fspath(turns)}: there are {len(found)} recordings here{name}; give one of read()")
        return named[0]
    return found[0]
