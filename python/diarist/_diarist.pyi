"""The compiled module. Use the package `diarist`: this module may change with any version."""

import os
from typing import Any, Callable, Optional, Tuple, Union, final

from diarist._results import Voice

__version__: str
__all__ = ["Engine", "LiveEngine", "__version__", "compare", "enroll", "identify", "learn", "people", "remove", "rename"]

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
        progress: _Progress | None = None,
    ) -> dict[str, Any]: ...
    def voice(self, audio: _Audio, *, min_speech: float, progress: _Progress | None = None) -> tuple[bytes, float]: ...
    def live(self, *, latency_s: float | None = None, step_s: float | None = None) -> LiveEngine: ...

@final
class LiveEngine:
    def push(self, samples: bytes, num_channels: int) -> str: ...
    def finish(self, file_id: str) -> tuple[str, dict[str, Any]]: ...

def people(path: str | os.PathLike[str]) -> list[dict[str, Any]]: ...
def enroll(path: str | os.PathLike[str], name: str, samples: list[tuple[Voice, str]]) -> None: ...
def learn(path: str | os.PathLike[str], recording: str, samples: list[tuple[str, Voice]]) -> list[str]: ...
def remove(path: str | os.PathLike[str], name: str) -> None: ...
def rename(path: str | os.PathLike[str], old: str, new: str) -> None: ...
def identify(path: str | os.PathLike[str], voices: list[Voice], min_probability: float) -> list[_Found]: ...
def compare(a: Voice, b: Voice) -> tuple[float, float]: ...
