"""Speaker diarization: who spoke when.

>>> import diarist
>>> diarizer = diarist.Diarizer()
>>> result = diarizer("meeting.mp3")
>>> print(result.to_rttm())

The networks are inside: no account, no download, no other package. Only arrays need NumPy, only
annotations pyannote.core, and only :mod:`diarist.ray` Ray.
"""

from diarist._diarist import __version__
from diarist._diarizer import Diarizer
from diarist._errors import (
    AudioWarning,
    Error,
    InputError,
    InternalError,
    OptionError,
    OutputError,
    SpeakerBoundsError,
    WeightsError,
)
from diarist._live import Live, LiveResult
from diarist._results import Candidate, Diarization, Identification, Speaker, Turn, Voice
from diarist._speakers import Person, SpeakerDatabase, compare

__all__ = [
    "AudioWarning",
    "Candidate",
    "Diarization",
    "Diarizer",
    "Error",
    "Identification",
    "InputError",
    "InternalError",
    "Live",
    "LiveResult",
    "OptionError",
    "OutputError",
    "Person",
    "Speaker",
    "SpeakerBoundsError",
    "SpeakerDatabase",
    "Turn",
    "Voice",
    "WeightsError",
    "__version__",
    "compare",
]

# Messages and pickles name the package, not its private modules.
for _public in list(vars().values()):
    if isinstance(_public, type):
        _public.__module__ = __name__
del _public
