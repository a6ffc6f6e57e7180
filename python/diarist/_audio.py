"""Recordings in all their forms, sorted into the three that the compiled module takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from operator import index
from typing import Any, BinaryIO, Tuple, Union

from diarist._errors import InputError, OptionError

Source = Union["str | os.PathLike[str]", Tuple[bytes, str], Tuple[bytes, int, int]]
"""A file; the bytes of a file and its name; or samples as interleaved 32-bit floats of the machine,
their rate and the number of channels."""

SAMPLE_RATE = 16_000
"""Rate in Hz of samples that come without one."""
MAX_CHANNELS = 64
"""Most channels: an array with more rows has its axes swapped."""


def source(audio: Any, sample_rate: int | None) -> tuple[Source, str | None, int | None]:
    """The recording, its name if ``audio`` has one, and the channel of a file (from 1) if one is
    chosen.

    Raises OptionError if ``audio`` is not a recording, InputError if it cannot be used.
    """
    if isinstance(audio, Mapping):
        return _of_mapping(audio, sample_rate)
    found, name = _whole(audio, sample_rate)
    return found, name, None


def _whole(audio: Any, sample_rate: int | None) -> tuple[Source, str | None]:
    """A recording with all channels."""
    if isinstance(audio, tuple):
        if len(audio) != 2:
            raise OptionError(f"a recording as a tuple is (samples, rate), not {len(audio)} values")
        if sample_rate is not None:
            raise OptionError("the sample rate is given twice; leave sample_rate out")
        samples, rate = audio
        return of_array(samples, rate), None
    if _is_array(audio):
        return of_array(audio, SAMPLE_RATE if sample_rate is None else sample_rate), None
    if sample_rate is not None:
        raise OptionError("sample_rate is for arrays of samples; a file has its own rate")
    if isinstance(audio, (str, os.PathLike)):
        return os.fspath(audio), None
    if isinstance(audio, (bytes, bytearray, memoryview)):
        return (bytes(audio), "the recording"), None
    if hasattr(audio, "read"):
        return _of_file(audio)
    raise OptionError(
        f"a recording cannot be given as {type(audio).__name__}; "
        "give a path, bytes, a file, an array of samples, or (samples, rate)"
    )


def _of_mapping(audio: Mapping[str, Any], sample_rate: int | None) -> tuple[Source, str | None, int | None]:
    """A recording as pyannote.audio takes it: {"audio": path or file} or {"waveform": (channels,
    samples), "sample_rate": Hz}, with "uri" and "channel" (from 0) on request."""
    channel = audio.get("channel")
    if channel is not None and not (hasattr(channel, "__index__") and index(channel) >= 0):
        raise OptionError(f'"channel" is a number from 0 on, not {channel!r}')
    name = audio.get("uri")
    if "waveform" in audio:
        rate = audio.get("sample_rate", sample_rate)
        if rate is None:
            raise OptionError('a dictionary with "waveform" needs "sample_rate", too')
        samples = audio["waveform"]
        if channel is not None:
            num_channels = 1 if len(samples.shape) == 1 else samples.shape[0]
            if channel >= num_channels:
                raise OptionError(f"there is no channel {channel}, but {num_channels} from 0 on")
            samples = samples if len(samples.shape) == 1 else samples[channel]
        return of_array(samples, rate), name, None
    if "audio" in audio:
        if channel is not None and (_is_array(audio["audio"]) or isinstance(audio["audio"], tuple)):
            raise OptionError('"channel" is for a file or a "waveform"')
        found, own_name = _whole(audio["audio"], sample_rate)
        return found, name if name is not None else own_name, None if channel is None else index(channel) + 1
    raise OptionError('a dictionary needs "audio", or "waveform" and "sample_rate"')


def _of_file(file: BinaryIO) -> tuple[Source, str | None]:
    """The rest of an open file."""
    name = getattr(file, "name", None)
    named = isinstance(name, str) and not name.startswith("<")
    try:
        data = file.read()
    except OSError as error:
        raise InputError(f"{name if named else 'the file'}: cannot be read ({error})") from error
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise OptionError('the file was opened as text; open it with mode "rb"')
    stem = os.path.splitext(os.path.basename(str(name)))[0] if named else None
    return (bytes(data), str(name) if named else "the recording"), stem or None


def _is_array(audio: Any) -> bool:
    return hasattr(audio, "__array__") or hasattr(audio, "__dlpack__")


def of_array(samples: Any, rate: Any) -> Tuple[bytes, int, int]:
    """Samples of any number type, (samples,) or (channels, samples). Integers have the full scale
    of their type."""
    import numpy

    if hasattr(samples, "detach"):
        samples = samples.detach().cpu()
        if str(samples.dtype) == "torch.bfloat16":
            samples = samples.float()
    array = numpy.asarray(samples)
    try:
        hertz = int(rate)
    except (TypeError, ValueError):
        hertz = 0
    if hertz != rate or not 0 < hertz < 2**32:
        raise OptionError(f"a sample rate must be a whole number of Hz, not {rate!r}")
    if array.ndim not in (1, 2):
        raise InputError(f"an array of samples has the shape (samples,) or (channels, samples), not {array.shape}")
    channels = 1 if array.ndim == 1 else array.shape[0]
    if not 0 < channels <= MAX_CHANNELS:
        hint = "; transpose it" if array.shape[1] <= MAX_CHANNELS else ""
        raise InputError(
            f"an array of shape {array.shape} has {channels} channels, but 1 to {MAX_CHANNELS} are possible{hint}"
        )
    kind = array.dtype.kind
    if kind not in "fiu":
        raise InputError(f"samples are floats or integers, not {array.dtype}")
    if kind in "iu" and array.dtype.itemsize > 2 and array.size and 0 < abs(int(array.max())) < 2**15 > -int(array.min()):
        raise InputError(
            f"samples of {array.dtype} have its full scale, but these stay within 16 bits; convert them to int16"
        )
    floats = array.astype("=f4", copy=kind != "f")
    if kind != "f":
        # In place, since a day of audio is large.
        full_scale = 2.0 ** (8 * array.dtype.itemsize - 1)
        if kind == "u":
            floats -= full_scale
        floats /= full_scale
    # Interleaved: the channels of a moment are next to each other.
    return floats.T.tobytes() if array.ndim == 2 else floats.tobytes(), hertz, channels
