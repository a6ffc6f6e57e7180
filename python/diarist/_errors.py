"""Faults by kind. The message of an exception has a hint for the next step."""


class Error(Exception):
    """Any fault that diarist reports."""


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


class InternalError(Error, RuntimeError):
    """A fault inside diarist; please report it."""


class AudioWarning(UserWarning):
    """A part of a recording was lost or replaced by silence."""
