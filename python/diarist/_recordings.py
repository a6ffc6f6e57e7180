"""Audio files in folders."""

from __future__ import annotations

import os
import pathlib
from typing import Iterable, Iterator

from diarist._errors import InputError

AUDIO_EXTENSIONS = frozenset(
    "3g2 3ga 3gp 3gpp aac adts aif aifc aiff bwf caf f4a f4b f4v flac m4a m4b m4r m4v mka mkv mov mp1 mp2 "
    "mp3 mp4 mpa mpga oga ogg ogv opus qt rf64 w64 wav wave weba webm".split(),
)
"""Extensions of audio files in a folder, in lower case."""


def find_recordings(recordings: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    """The paths of recordings, in order: each folder stands for the audio files in it and in all
    folders in it, without hidden ones.

    Raises :class:`diarist.InputError` if a folder has none, or if there are none at all.
    """
    given = [recordings] if isinstance(recordings, (str, os.PathLike)) else recordings
    found: list[str] = []
    for entry in given:
        path = os.fspath(entry)
        found += below(path) if os.path.isdir(path) else [path]
    if not found:
        raise InputError("there is no recording; give a folder or paths of audio files")
    return list(dict.fromkeys(found))


def below(folder: str) -> list[str]:
    """The audio files below a folder, sorted."""
    found = sorted(str(path) for path in _walk(pathlib.Path(folder)))
    if not found:
        raise InputError(f"{folder}: no audio file; looked for {' '.join(sorted(AUDIO_EXTENSIONS))}")
    return found


def _walk(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        elif path.suffix[1:].lower() in AUDIO_EXTENSIONS and path.is_file():
            yield path
