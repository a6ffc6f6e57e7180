"""The diarizer."""

from __future__ import annotations

import json
import math
import os
import warnings
from operator import index
from typing import TYPE_CHECKING, Any, Callable, Literal, Mapping, Optional

from diarist import _audio, _results, _settings
from diarist._diarist import Engine
from diarist._errors import AudioWarning, OptionError

if TYPE_CHECKING:
    from typing_extensions import Unpack

Progress = Callable[[float, Optional[float]], Any]
"""Receives the seconds of audio done, and those in all, or None if that is not known yet."""


class Diarizer:
    __doc__ = f"""Diarizes recordings: who spoke when.

>>> diarizer = diarist.Diarizer()
>>> for turn in diarizer("meeting.mp3").turns:
...     print(f"{{turn.start_s:.1f}} s to {{turn.end_s:.1f}} s: {{turn.speaker}}")

Several threads may use a diarizer at once. It can be pickled (as its settings, without the
networks) and used in a forked process. Results are the same, bit for bit, for any number of
threads.

The keywords are the options of ``diarist diarize``, with the same defaults. The profile may come
first, without its name.

{_settings.HELP}
config: A configuration file, such as ``diarist tune`` writes, for the options that are not given.
speakers: A speaker database (:class:`diarist.SpeakerDatabase` or its path) to take names from.
min_probability: Least probability of a person to be named. Default: 0.9.
"""

    def __init__(
        self,
        profile: Literal["exact", "balanced", "fast"] | None = None,
        /,
        *,
        config: str | os.PathLike[str] | None = None,
        speakers: str | os.PathLike[str] | None = None,
        min_probability: float | None = None,
        **settings: Unpack[_settings.Settings],
    ) -> None:
        chosen: dict[str, Any] = {**settings}
        for name in chosen:
            if name not in _settings.Settings.__annotations__:
                raise TypeError(f"Diarizer() got an unexpected keyword argument {name!r}")
        if profile is not None:
            if "profile" in chosen:
                raise TypeError("Diarizer() got multiple values for argument 'profile'")
            chosen = {"profile": profile, **chosen}
        if min_probability is not None and speakers is None:
            raise OptionError("min_probability is for names; give a speaker database, too")
        self._settings = _json(chosen)
        self._options: dict[str, Any] = {
            "config": _path(config),
            "speakers": _path(speakers),
            "min_probability": min_probability,
        }
        self._engine = Engine(self._settings, **self._options)

    def diarize(
        self,
        audio: Any,
        *,
        sample_rate: int | None = None,
        file_id: str | None = None,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        progress: Progress | None = None,
    ) -> _results.Diarization:
        """Diarizes a recording; a call of the diarizer does the same.

        audio: a path; the bytes of a file, or a file opened with mode "rb"; an array of samples
            (NumPy, PyTorch or an input of numpy.asarray) of shape (samples,) or (channels,
            samples), floats in [-1, 1] or integers, alone or as (samples, rate); or a dictionary
            as for pyannote.audio, {"audio": path} or {"waveform": samples, "sample_rate": rate}.
        sample_rate: rate in Hz of an array that comes alone. Default: 16000.
        file_id: name of the recording in results. Default: that of the file, without its
            extension.
        num_speakers, min_speakers, max_speakers: number of speakers, if it is known. These
            replace all three of the diarizer.
        progress: called after every few seconds of audio with the seconds done and the seconds in
            all, or None if they are not known. An exception that it raises ends the call, as
            Ctrl-C does.

        Raises a :class:`diarist.Error`; warns with :class:`diarist.AudioWarning` if a part of the
        recording was lost.
        """
        source, name = _audio.source(audio, sample_rate)
        bounds = {"num_speakers": num_speakers, "min_speakers": min_speakers, "max_speakers": max_speakers}
        fields = self._engine.diarize(
            source,
            _json(bounds),
            file_id=name if file_id is None else file_id,
            progress=progress,
        )
        result = _results.diarization(fields)
        for warning in result.warnings:
            warnings.warn(f"{result.file_id}: {warning}", AudioWarning, stacklevel=2)
        return result

    __call__ = diarize

    def voice(
        self,
        clip: Any,
        *,
        sample_rate: int | None = None,
        min_speech: float = 5.0,
        progress: Progress | None = None,
    ) -> _results.Voice:
        """The voice of a clip in which one person speaks, for enrolling or comparing.

        ``clip`` is given as ``audio`` in :meth:`diarize`. Raises :class:`diarist.InputError` if
        nobody speaks, for less than ``min_speech`` seconds, or if several people do.
        """
        source, _ = _audio.source(clip, sample_rate)
        data, speech_s = self._engine.voice(source, min_speech=min_speech, progress=progress)
        return _results.Voice(data, speech_s, self.model)

    @property
    def threads(self) -> int:
        """Number of threads that compute."""
        return self._engine.threads

    @property
    def model(self) -> str:
        """Name of the embedding network. Voices of different networks cannot be compared."""
        return self._engine.model

    def __getstate__(self) -> tuple[str, dict[str, Any]]:
        return self._settings, self._options

    def __setstate__(self, state: tuple[str, dict[str, Any]]) -> None:
        self._settings, self._options = state
        self._engine = Engine(self._settings, **self._options)

    def __repr__(self) -> str:
        given = {**json.loads(self._settings), **self._options}
        return f"Diarizer({', '.join(f'{name}={value!r}' for name, value in given.items() if value is not None)})"


def _path(path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else os.fspath(path)


def _json(settings: Mapping[str, Any]) -> str:
    """Settings in the form that the library reads. The library checks their types and ranges."""
    given = {name: value for name, value in settings.items() if value is not None}
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise OptionError(f"{name} is {value}, but must be a finite number")
    return json.dumps(given, default=_plain)


def _plain(value: Any) -> Any:
    """A value that JSON has no form for, such as a number of NumPy, as one that it has."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    for convert in (index, float):
        try:
            return convert(value)
        except (TypeError, ValueError):
            pass
    raise OptionError(f"an option cannot be given as {type(value).__name__}")
