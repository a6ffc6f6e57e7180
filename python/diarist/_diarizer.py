"""The diarizer."""

from __future__ import annotations

import json
import math
import os
import warnings
from dataclasses import dataclass
from itertools import combinations
from operator import index
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Literal, Mapping, Optional, Sequence, Union

from diarist import _audio, _picture, _results, _settings
from diarist._analysis import Analysis
from diarist._diarist import Engine
from diarist._errors import AudioWarning, Error, OptionError
from diarist._recordings import find_recordings

if TYPE_CHECKING:
    from typing_extensions import Unpack

Progress = Callable[[float, Optional[float]], Any]
"""Receives the seconds of audio done, and those in all, or None if that is not known yet."""


@dataclass(frozen=True)
class FilesProgress:
    """Progress of :meth:`Diarizer.diarize_files`."""

    num_done: int
    """Recordings that are finished, with a result or an error."""
    num_files: int
    """Recordings in all."""
    path: str
    """The recording in work."""
    processed_s: float
    """Seconds of it that are done."""
    total_s: float | None
    """Its length in seconds; None if that is not known yet."""


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
        per_channel: Literal["one", "several"] | None = None,
        progress: Progress | None = None,
    ) -> _results.Diarization:
        """Diarizes a recording; a call of the diarizer does the same.

        audio: a path; the bytes of a file, or a file opened with mode "rb"; an array of samples
            (NumPy, PyTorch or an input of numpy.asarray) of shape (samples,) or (channels,
            samples), floats in [-1, 1] or integers, alone or as (samples, rate); or a dictionary
            as for pyannote.audio, {"audio": path} or {"waveform": samples, "sample_rate": rate},
            with "channel" (from 0) for one channel alone.
        sample_rate: rate in Hz of an array that comes alone. Default: 16000.
        file_id: name of the recording in results. Default: that of the file, without its
            extension.
        num_speakers, min_speakers, max_speakers: number of speakers, if it is known. These
            replace all three of the diarizer.
        per_channel: for telephone calls and podcasts, diarizes each channel of a file alone: "one"
            if one person speaks on each, "several" to tell the people on each apart.
        progress: called after every few seconds of audio with the seconds done and the seconds in
            all, or None if they are not known. An exception that it raises ends the call, as
            Ctrl-C does.

        Raises a :class:`diarist.Error`; warns with :class:`diarist.AudioWarning` if a part of the
        recording was lost.
        """
        bounds = (num_speakers, min_speakers, max_speakers)
        return self._diarize(audio, sample_rate, file_id, bounds, per_channel, progress)

    __call__ = diarize

    def _diarize(
        self,
        audio: Any,
        sample_rate: int | None,
        file_id: str | None,
        bounds: tuple[int | None, int | None, int | None],
        per_channel: str | None,
        progress: Progress | None,
    ) -> _results.Diarization:
        source, name, channel = _audio.source(audio, sample_rate)
        if channel is not None and per_channel is not None:
            raise OptionError("per_channel is for all channels; leave the choice of one out")
        if per_channel is not None and not isinstance(per_channel, str):
            raise OptionError(f"per_channel is one or several, not {per_channel!r}; leave it out for the mix")
        fields = self._engine.diarize(
            source,
            _bounds(*bounds),
            file_id=name if file_id is None else file_id,
            channels=channel if per_channel is None else per_channel,
            progress=progress,
        )
        result = _results.diarization(fields, _playable(source))
        _warn(result.file_id, result.warnings)
        return result

    def diarize_files(
        self,
        recordings: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        progress: Callable[[FilesProgress], Any] | None = None,
    ) -> Iterator[tuple[str, Union[_results.Diarization, Error]]]:
        """Diarizes many recordings, one after the other, each with all threads.

        >>> for path, result in diarizer.diarize_files("recordings/"):
        ...     if isinstance(result, diarist.Error):
        ...         print(path, "failed:", result)
        ...     else:
        ...         result.save(path + ".rttm")

        recordings: a folder, searched with all folders in it for audio files; or paths of files and
            folders.
        num_speakers, min_speakers, max_speakers: as in :meth:`diarize`, for every recording.
        progress: called with a :class:`diarist.FilesProgress` when a recording begins, after every
            few seconds of audio, and once at the end. An exception that it raises ends the call.

        Recordings of the same name in several folders are numbered: meeting, meeting_2.

        Yields each path with its result, or with the error if it cannot be diarized: a bad file
        does not end the others. Raises :class:`diarist.InputError` for a folder without audio, and
        :class:`diarist.OptionError` for impossible options.
        """
        paths = find_recordings(recordings)
        names = _unique([os.path.splitext(os.path.basename(path))[0] for path in paths])
        bounds = (num_speakers, min_speakers, max_speakers)

        def results() -> Iterator[tuple[str, Union[_results.Diarization, Error]]]:
            for num_done, path in enumerate(paths):

                def report(processed_s: float, total_s: float | None) -> None:
                    if progress:
                        progress(FilesProgress(num_done, len(paths), path, processed_s, total_s))

                report(0.0, None)
                try:
                    yield path, self._diarize(path, None, names[num_done], bounds, None, report if progress else None)
                except OptionError:
                    raise
                except Error as error:
                    yield path, error
            if progress:
                progress(FilesProgress(len(paths), len(paths), paths[-1], 0.0, None))

        return results()

    def analyze(
        self,
        audio: Any,
        *,
        sample_rate: int | None = None,
        file_id: str | None = None,
        progress: Progress | None = None,
    ) -> Analysis:
        """Runs the networks over a recording: the long part of :meth:`diarize`, whose arguments
        these are. :meth:`cluster` makes turns of the output in a moment.
        """
        source, name, channel = _audio.source(audio, sample_rate)
        networks, found = self._engine.analyze(
            source, file_id=name if file_id is None else file_id, channel=channel, progress=progress
        )
        _warn(networks.file_id, found)
        return Analysis(networks, _playable(source))

    def cluster(
        self,
        analysis: Analysis,
        *,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        same: Iterable[Sequence[float]] = (),
        different: Iterable[Sequence[float]] = (),
    ) -> _results.Diarization:
        """Makes turns of the output of the networks, without the recording.

        >>> analysis = diarizer.analyze("meeting.mp3")
        >>> result = diarizer.cluster(analysis, same=[(12.5, 340)], different=[(12.5, 60)])

        num_speakers, min_speakers, max_speakers: as in :meth:`diarize`.
        same: groups of two or more moments, in seconds, at which the same person speaks alone:
            their speakers become one.
        different: groups of two or more moments at which different people speak: if they were one
            speaker, that speaker is split.

        Raises :class:`diarist.OptionError` if nobody or several people speak at a moment, or if the
        moments contradict each other.
        """
        must_link = [pair for group in same for pair in _pairs(group)]
        cannot_link = [pair for group in different for pair in _pairs(group)]
        bounds = _bounds(num_speakers, min_speakers, max_speakers)
        fields = self._engine.cluster(analysis._networks, bounds, must_link, cannot_link)
        return _results.diarization(fields, analysis._audio)

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
        source, _, channel = _audio.source(clip, sample_rate)
        data, speech_s = self._engine.voice(source, min_speech=min_speech, channel=channel, progress=progress)
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
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items() if value is not None)})"


def _bounds(num_speakers: int | None, min_speakers: int | None, max_speakers: int | None) -> str:
    return _json({"num_speakers": num_speakers, "min_speakers": min_speakers, "max_speakers": max_speakers})


def _pairs(moments: Sequence[float]) -> list[tuple[float, float]]:
    try:
        times = [float(moment) for moment in moments]
    except (TypeError, ValueError) as error:
        raise OptionError(f"a constraint is a group of moments in seconds, not {moments!r}") from error
    if len(times) < 2:
        raise OptionError(f"a constraint needs two moments, and {times} has {len(times)}")
    return list(combinations(times, 2))


def _playable(source: _audio.Source) -> str | bytes | None:
    """The recording for the player in notebooks; None for samples, and for too many bytes."""
    if not isinstance(source, tuple):
        return os.path.abspath(source)
    data = source[0]
    return data if len(source) == 2 and len(data) <= _picture.MAX_PLAYER_BYTES else None


def _warn(file_id: str, found: list[str]) -> None:
    for warning in found:
        warnings.warn(f"{file_id}: {warning}", AudioWarning, stacklevel=4)


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


def _unique(names: list[str]) -> list[str]:
    """``names`` with ``_2``, ``_3``, ... behind those that occurred before."""
    given, counts = set(names), dict.fromkeys(names, 0)
    unique = []
    for name in names:
        counts[name] += 1
        while counts[name] > 1 and f"{name}_{counts[name]}" in given:
            counts[name] += 1
        unique.append(name if counts[name] == 1 else f"{name}_{counts[name]}")
    return unique
