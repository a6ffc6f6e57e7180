"""What can go wrong, by kind; the message says what to do next."""


class Error(Exception):
    """Any fault that diarist reports."""


class OptionError(Error, ValueError):
    """An option is outside its range, or two options contradict each other."""


class InputError(Error, OSError, ValueError):
    """The input cannot be read, or is not usable audio (or no speaker database, ...)."""


class WeightsError(Error):
    """Network weights are missing, damaged, or of another architecture."""


class OutputError(Error, OSError):
    """A file cannot be written."""


class SpeakerBoundsError(Error, ValueError):
    """The requested number of speakers cannot be honoured for this recording."""


class InternalError(Error, RuntimeError):
    """A fault inside diarist; please report it."""


class AudioWarning(UserWarning):
    """Some of a recording is missing or was replaced by silence."""
