"""Faults by kind. The message of an exception has a hint for the next step."""

from __future__ import annotations

import errno
import os


class Error(Exception):
    """Any fault that diarist reports.

    A fault about a file that is missing, may not be read or written, or is a folder, is also a
    ``FileNotFoundError``, a ``PermissionError`` or an ``IsADirectoryError``, with ``filename``.
    """

    def __str__(self) -> str:
        # An OSError with a number would put it before the message.
        message = getattr(self, "strerror", None)
        return message if isinstance(message, str) else super().__str__()


class OptionError(Error, ValueError):
    """An option is outside its range, or two options contradict each other."""


class InputError(Error, OSError, ValueError):
    """The input cannot be read, or is not usable audio (or not a speaker database, ...)."""


class WeightsError(Error):
    """Network weights are missing, damaged, or of another architecture."""


class OutputError(Error, OSError):
    """A file cannot be written."""


class SpeakerBoundsError(Error, ValueError):
    """The requested number of speakers cannot be honoured for this recording."""


class DeviceError(Error, RuntimeError):
    """The device that was asked for cannot be used, or failed."""


class InternalError(Error, RuntimeError):
    """A fault inside diarist; please report it."""


class AudioWarning(UserWarning):
    """A part of a recording was lost or replaced by silence."""


class LabelsWarning(UserWarning):
    """A part of a file with turns or words was left out."""


class MissingInputError(InputError, FileNotFoundError):
    """An input does not exist."""


class ForbiddenInputError(InputError, PermissionError):
    """An input may not be read."""


class InputIsFolderError(InputError, IsADirectoryError):
    """An input is a folder."""


class MissingWeightsError(WeightsError, FileNotFoundError):
    """A file of weights does not exist."""


class MissingFolderError(OutputError, FileNotFoundError):
    """The folder of an output does not exist."""


class ForbiddenOutputError(OutputError, PermissionError):
    """An output may not be written."""


class OutputIsFolderError(OutputError, IsADirectoryError):
    """An output is a folder."""


_KINDS = (OptionError, InputError, WeightsError, OutputError, SpeakerBoundsError, DeviceError, InternalError)
_OF_SYSTEM: dict[tuple[type[Error], int], type[Error]] = {
    (InputError, errno.ENOENT): MissingInputError,
    (InputError, errno.EACCES): ForbiddenInputError,
    (InputError, errno.EISDIR): InputIsFolderError,
    (WeightsError, errno.ENOENT): MissingWeightsError,
    (OutputError, errno.ENOENT): MissingFolderError,
    (OutputError, errno.EACCES): ForbiddenOutputError,
    (OutputError, errno.EISDIR): OutputIsFolderError,
}


def fault(kind: str, message: str, system: str | None = None, place: str | os.PathLike[str] | None = None) -> Error:
    """The exception for a fault of the compiled module: the name of its class, and, if the system
    refused a file, the name of the fault in ``errno`` and the file."""
    base = next(error for error in _KINDS if error.__name__ == kind)
    number = getattr(errno, system) if system else 0
    of_system = _OF_SYSTEM.get((base, number))
    return of_system(number, message, place) if of_system else base(message)


def unreadable(place: str, error: OSError) -> Error:
    """The exception for a file that Python cannot read."""
    number = error.errno or 0
    return fault("InputError", f"{place}: cannot be read ({error.strerror or error})", errno.errorcode.get(number), place)
