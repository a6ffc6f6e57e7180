"""The pipeline."""

from __future__ import annotations

import json
import os
import warnings
from operator import index
from typing import Any, Callable, Literal, Optional

from diarist import _audio, _results
from diarist._diarist import Engine
from diarist._errors import AudioWarning, OptionError

Progress = Callable[[float, Optional[float]], Any]
"""Gets the seconds of audio done, and those in all or None if that is not known yet."""


class Pipeline:
    """Diarizes recordings: who spoke when.

    >>> pipeline = diarist.Pipeline()
    >>> for turn in pipeline("meeting.mp3").turns:
    ...     print(f"{turn.start:.1f} s to {turn.end:.1f} s: {turn.speaker}")

    A pipeline can be used by several threads at once, pickled (the options, not the networks), and used on in a forked process.
    Results are the same, bit for bit, for any number of threads.

    The options are those of ``diarist diarize``, with the same defaults:

    profile: how exact and how fast, a set of values for step, trunk and precision, which win over it. ``"exact"`` computes what
        pyannote's community-1 does, ``"balanced"`` (the default) nearly the same much faster, ``"fast"`` does with half as many chunks.
    precision: arithmetic of the networks.
    step: seconds between the starts of the 10 s chunks, at most 10.
    trunk: over what the trunk of the embedding network runs: each chunk, or the recording once.
    embedding_mode: how embeddings are computed; the result is the same with all but ``"skip"``, which leaves them out.
    clustering: how speakers are told apart, as in community-1 (``"vbx"``, the default) or speaker-diarization-3.1 (``"ahc"``).
    threshold, fa, fb, min_cluster_size: values of the clustering; fa and fb are for vbx, min_cluster_size for ahc.
    min_duration_off: silences of one speaker that are shorter than this many seconds are filled.
    config: a file that ``diarist tune`` wrote, for the options that are not given here.
    segmentation, embedding: files with weights to use in place of those inside.
    num_threads: threads that compute; all that the machine has if not given.
    speakers: a speaker database (:class:`diarist.SpeakerDatabase` or its path) to take names from.
    min_probability: how likely a person must be to be named, 0.9 if not given.
    """

    def __init__(
        self,
        profile: Literal["exact", "balanced", "fast"] | None = None,
        *,
        precision: Literal["f32", "f16", "bf16", "int8"] | None = None,
        step: float | None = None,
        trunk: Literal["chunk", "shared"] | None = None,
        embedding_mode: Literal["full", "fast", "cached", "skip"] | None = None,
        clustering: Literal["vbx", "ahc"] | None = None,
        threshold: float | None = None,
        fa: float | None = None,
        fb: float | None = None,
        min_cluster_size: int | None = None,
        min_duration_off: float | None = None,
        config: str | os.PathLike[str] | None = None,
        segmentation: str | os.PathLike[str] | None = None,
        embedding: str | os.PathLike[str] | None = None,
        num_threads: int | None = None,
        speakers: str | os.PathLike[str] | None = None,
        min_probability: float | None = None,
    ) -> None:
        method = {
            "profile": profile,
            "precision": precision,
            "step": step,
            "trunk": trunk,
            "embedding-mode": embedding_mode,
            "clustering": clustering,
            "threshold": threshold,
            "fa": fa,
            "fb": fb,
            "min-cluster-size": min_cluster_size,
            "min-duration-off": min_duration_off,
        }
        self._options: dict[str, Any] = {
            "config": _path(config),
            "segmentation": _path(segmentation),
            "embedding": _path(embedding),
            "num_threads": _count("num_threads", num_threads),
            "speakers": _path(speakers),
            "min_probability": min_probability,
        }
        if min_probability is not None and speakers is None:
            raise OptionError("min_probability is for names; give a speaker database, too")
        self._method = json.dumps({name: value for name, value in method.items() if value is not None})
        self._engine = Engine(self._method, **self._options)

    def __call__(
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
        """Diarizes a recording.

        audio: a path; the bytes of a file, or a file opened with mode "rb"; an array of samples (NumPy, PyTorch or what NumPy takes) of
            the shape (samples,) or (channels, samples), floats in [-1, 1] or integers, alone or as (samples, rate); or a dictionary as
            for pyannote.audio, {"audio": path} or {"waveform": samples, "sample_rate": rate}.
        sample_rate: rate in Hz of an array that comes alone; 16000 if not given.
        file_id: name of the recording in results; that of the file, without its extension, if not given.
        num_speakers, min_speakers, max_speakers: how many speakers there are, if that is known.
        progress: called every few seconds of audio with the seconds done and the seconds in all, or None if they are not known. What it
            raises ends the call, as Ctrl-C does.

        Raises a :class:`diarist.Error`; warns with :class:`diarist.AudioWarning` if some of the recording is missing.
        """
        source, name = _audio.source(audio, sample_rate)
        fields = self._engine.diarize(
            source,
            file_id=name if file_id is None else file_id,
            num_speakers=_count("num_speakers", num_speakers),
            min_speakers=_count("min_speakers", min_speakers),
            max_speakers=_count("max_speakers", max_speakers),
            progress=progress,
        )
        for warning in fields["warnings"]:
            warnings.warn(f"{fields['file_id']}: {warning}", AudioWarning, stacklevel=2)
        return _results.diarization(fields)

    def voice(
        self,
        clip: Any,
        *,
        sample_rate: int | None = None,
        min_speech: float = 5.0,
        progress: Progress | None = None,
    ) -> _results.Voice:
        """The voice of a clip in which one person speaks, to be enrolled or compared; ``clip`` as ``audio`` of a call.

        Raises :class:`diarist.InputError` if nobody speaks, for less than ``min_speech`` seconds, or if several people do.
        """
        source, _ = _audio.source(clip, sample_rate)
        data, speech_s = self._engine.voice(source, min_speech=min_speech, progress=progress)
        return _results.Voice(data, speech_s, self.model)

    @property
    def num_threads(self) -> int:
        """Number of threads that compute."""
        return self._engine.num_threads

    @property
    def model(self) -> str:
        """Name of the embedding network: voices of different ones cannot be compared."""
        return self._engine.model

    def __getstate__(self) -> tuple[str, dict[str, Any]]:
        return self._method, self._options

    def __setstate__(self, state: tuple[str, dict[str, Any]]) -> None:
        self._method, self._options = state
        self._engine = Engine(self._method, **self._options)

    def __repr__(self) -> str:
        options = {name.replace("-", "_"): value for name, value in json.loads(self._method).items()}
        options.update((name, value) for name, value in self._options.items() if value is not None)
        return f"Pipeline({', '.join(f'{name}={value!r}' for name, value in options.items())})"


def _path(path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else os.fspath(path)


def _count(name: str, value: int | None) -> int | None:
    """A number that the module can take; whether it makes sense is for the library to say."""
    if value is None:
        return None
    try:
        count = index(value)
    except TypeError:
        count = -1
    if not 0 <= count < 2**32:
        raise OptionError(f"{name} must be a whole number from 1 on, not {value!r}")
    return count
