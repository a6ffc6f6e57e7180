"""The diarizer as users of pyannote.audio call it."""

from __future__ import annotations

from typing import Any, Callable, Literal, TypeVar

from diarist._diarizer import Diarizer, Progress
from diarist._errors import OptionError
from diarist._results import Diarization

PIPELINES: dict[str, dict[str, Any]] = {
    "pyannote/speaker-diarization-community-1": {},
    "pyannote/speaker-diarization-3.1": {"clustering": "ahc"},
}
"""Pipelines of pyannote, with the options that make their results."""

_Pipeline = TypeVar("_Pipeline", bound="Pipeline")


class Pipeline(Diarizer):
    """A :class:`Diarizer` that is made and called as a pipeline of pyannote.audio.

    >>> from diarist import Pipeline                    # was: from pyannote.audio import Pipeline
    >>> pipeline = Pipeline.from_pretrained("pyannote/speaker-diarization-community-1")
    >>> output = pipeline("meeting.wav", num_speakers=2)
    >>> for turn, speaker in output.speaker_diarization:
    ...     print(f"{turn.start:.1f} s to {turn.end:.1f} s: {speaker}")
    """

    @classmethod
    def from_pretrained(
        cls: type[_Pipeline],
        checkpoint: str,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        use_auth_token: str | bool | None = None,
        cache_dir: Any = None,
    ) -> _Pipeline:
        """The pipeline with a name of pyannote's, with the profile "exact".

        The networks are inside diarist, so all arguments but the name are accepted and ignored.
        Raises :class:`diarist.OptionError` for a pipeline that diarist does not have.
        """
        options = PIPELINES.get(str(checkpoint))
        if options is None:
            raise OptionError(
                f"diarist has no pipeline {str(checkpoint)!r}, but {' and '.join(PIPELINES)}; "
                "for weights of your own, give Diarizer() their files"
            )
        return cls("exact", **options)

    def to(self: _Pipeline, device: Any) -> _Pipeline:
        """Returns the pipeline itself: diarist computes on the processor, not on ``device``."""
        return self

    def __call__(
        self,
        file: Any,
        *,
        sample_rate: int | None = None,
        file_id: str | None = None,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        per_channel: Literal["one", "several"] | None = None,
        progress: Progress | None = None,
        hook: Callable[..., Any] | None = None,
    ) -> Diarization:
        """Diarizes a recording as :meth:`Diarizer.diarize` does.

        hook: called as pyannote.audio calls it, such as its ``ProgressHook``: with the name of the
            step, None, and the keywords ``file``, ``total`` and ``completed``, in seconds.
        """

        def report(done_s: float, total_s: float | None) -> None:
            if progress:
                progress(done_s, total_s)
            if hook:
                hook("diarization", None, file=file, total=total_s, completed=done_s)

        reported = report if progress or hook else None
        bounds = (num_speakers, min_speakers, max_speakers)
        return self._diarize(file, sample_rate, file_id, bounds, per_channel, reported)
