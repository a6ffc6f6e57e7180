"""Speaker diarization: who spoke when.

>>> import diarist
>>> pipeline = diarist.Pipeline()
>>> result = pipeline("meeting.mp3")
>>> print(result.to_rttm())

The networks are inside: no account, no download, no other package. NumPy is needed for arrays only, pyannote.core for annotations,
Ray for :mod:`diarist.ray`.
"""

from diarist._diarist import __version__
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
from diarist._pipeline import Pipeline
from diarist._results import Candidate, Diarization, Identification, Speaker, Turn, Voice
from diarist._speakers import Person, SpeakerDatabase, compare

__all__ = [
    "AudioWarning",
    "Candidate",
    "Diarization",
    "Error",
    "Identification",
    "InputError",
    "InternalError",
    "OptionError",
    "OutputError",
    "Person",
    "Pipeline",
    "Speaker",
    "SpeakerBoundsError",
    "SpeakerDatabase",
    "Turn",
    "Voice",
    "WeightsError",
    "__version__",
    "compare",
]

# Messages and pickles name classes as users do.
for _public in list(vars().values()):
    if isinstance(_public, type):
        _public.__module__ = __name__
del _public
