"""Speaker diarization: who spoke when.

>>> import diarist
>>> diarizer = diarist.Diarizer()
>>> result = diarizer("meeting.mp3")
>>> print(result.to_rttm())

The networks are inside: no account, no download, no other package. Only arrays need NumPy, only
data frames pandas, only plots Matplotlib, only annotations of pyannote its package
``pyannote.core``, and only :mod:`diarist.ray` Ray.
"""

from diarist._analysis import Analysis
from diarist._annotation import Annotation, AnnotationLike, Segment, SegmentLike
from diarist._devices import devices
from diarist._diarist import __version__
from diarist._diarizer import Diarizer, FilesProgress
from diarist._errors import (
    AudioWarning,
    DeviceError,
    Error,
    InputError,
    InternalError,
    LabelsWarning,
    OptionError,
    OutputError,
    SpeakerBoundsError,
    WeightsError,
)
from diarist._labels import Labels, read, write
from diarist._live import Live, LiveResult
from diarist._pipeline import Pipeline
from diarist._recordings import find_recordings
from diarist._results import Candidate, Diarization, Identification, NumberOfSpeakers, Speaker, Voice
from diarist._scores import Score, Scores, read_bench, score
from diarist._speakers import Person, SpeakerDatabase, compare
from diarist._turns import Timeline, Turn
from diarist._words import Utterance, Word, assign

__all__ = [
    "Analysis",
    "Annotation",
    "AnnotationLike",
    "AudioWarning",
    "DeviceError",
    "Candidate",
    "Diarization",
    "Diarizer",
    "Error",
    "FilesProgress",
    "Identification",
    "InputError",
    "InternalError",
    "Labels",
    "LabelsWarning",
    "Live",
    "LiveResult",
    "NumberOfSpeakers",
    "OptionError",
    "OutputError",
    "Person",
    "Pipeline",
    "Score",
    "Scores",
    "Segment",
    "SegmentLike",
    "Speaker",
    "SpeakerBoundsError",
    "SpeakerDatabase",
    "Timeline",
    "Turn",
    "Utterance",
    "Voice",
    "WeightsError",
    "Word",
    "__version__",
    "assign",
    "compare",
    "devices",
    "find_recordings",
    "read",
    "read_bench",
    "score",
    "write",
]

# Messages and pickles name the package, not its private modules.
for _public in list(vars().values()):
    if isinstance(_public, type):
        _public.__module__ = __name__
del _public
