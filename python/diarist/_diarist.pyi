"""The compiled module. Use the package `diarist`: this module may change with any version."""

import os
from typing import Any, Callable, Optional, Tuple, Union, final

from diarist._results import Voice

__version__: str
COLOURS: list[str]
__all__ = [
    "COLOURS",
    "Engine",
    "LiveEngine",
    "Networks",
    "__version__",
    "analysis_from_bytes",
    "assign",
    "check_format",
    "compare",
    "devices",
    "enroll",
    "identify",
    "learn",
    "open_analysis",
    "people",
    "read_labels",
    "read_uem",
    "readable",
    "remove",
    "rename",
    "score",
    "write_labels",
    "write_text",
]

_Audio = Union[str, os.PathLike[str], Tuple[bytes, str], Tuple[bytes, int, int]]
_Progress = Callable[[float, Optional[float]], Any]
_Candidate = Tuple[str, float, float, float]
_Found = Tuple[Optional[_Candidate], Optional[_Candidate], bool]

@final
class Engine:
    def __new__(
        cls,
        settings: str,
        *,
        config: str | os.PathLike[str] | None = None,
        speakers: str | os.PathLike[str] | None = None,
        min_probability: float | None = None,
    ) -> Engine: ...
    @property
    def threads(self) -> int: ...
    @property
    def model(self) -> str: ...
    def diarize(
        self,
        audio: _Audio,
        bounds: str,
        *,
        file_id: str | None = None,
        channels: int | str | None = None,
        progress: _Progress | None = None,
    ) -> dict[str, Any]: ...
    def analyze(
        self,
        audio: _Audio,
        *,
        file_id: str | None = None,
        channel: int | None = None,
        progress: _Progress | None = None,
    ) -> tuple[Networks, list[str]]: ...
    def cluster(
        self,
        networks: Networks,
        bounds: str,
        must_link: list[tuple[float, float]],
        cannot_link: list[tuple[float, float]],
    ) -> dict[str, Any]: ...
    def voice(
        self,
        audio: _Audio,
        *,
        min_speech: float,
        channel: int | None = None,
        progress: _Progress | None = None,
    ) -> tuple[bytes, float]: ...
    def live(self, *, latency_s: float | None = None, step_s: float | None = None) -> LiveEngine: ...

@final
class LiveEngine:
    def push(self, samples: bytes, num_channels: int) -> str: ...
    def finish(self, file_id: str) -> tuple[str, dict[str, Any]]: ...

@final
class Networks:
    @property
    def file_id(self) -> str: ...
    @property
    def duration_s(self) -> float: ...
    def save(self, path: str | os.PathLike[str]) -> None: ...
    def to_bytes(self) -> bytes: ...

def devices() -> str: ...
def open_analysis(path: str | os.PathLike[str], is_partial: bool) -> Networks: ...
def analysis_from_bytes(data: bytes) -> Networks: ...
def check_format(path: str | os.PathLike[str]) -> None: ...
def write_text(path: str | os.PathLike[str], text: str, is_private: bool) -> None: ...
def read_labels(path: str | os.PathLike[str], name: str | os.PathLike[str]) -> str: ...
def write_labels(recordings: str, name: str | os.PathLike[str]) -> str: ...
def readable(turns: str) -> str: ...
def assign(transcript: bytes, place: str, labels: str, format: str, fill: bool) -> dict[str, Any]: ...
def read_uem(path: str | os.PathLike[str]) -> dict[str, list[tuple[float, float]]]: ...
def score(pairs: str, collar_s: float, skip_overlap: bool) -> str: ...
def people(path: str | os.PathLike[str]) -> list[dict[str, Any]]: ...
def enroll(path: str | os.PathLike[str], name: str, samples: list[tuple[Voice, str]]) -> None: ...
def learn(path: str | os.PathLike[str], recording: str, samples: list[tuple[str, Voice]]) -> list[str]: ...
def remove(path: str | os.PathLike[str], name: str) -> None: ...
def rename(path: str | os.PathLike[str], old: str, new: str) -> None: ...
def identify(path: str | os.PathLike[str], voices: list[Voice], min_probability: float) -> list[_Found]: ...
def compare(a: Voice, b: Voice) -> tuple[float, float]: ...
