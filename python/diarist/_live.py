"""Live diarization."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from diarist import _audio, _results
from diarist._diarizer import Diarizer


@dataclass(frozen=True)
class LiveResult:
    """The result of :meth:`Live.finish`."""

    events: list[dict[str, Any]]
    """The last events, which close all turns."""
    diarization: _results.Diarization
    """The result of :meth:`Diarizer.diarize` for the same audio."""


class Live:
    """Diarizes audio while it arrives, with the settings and known people of a diarizer.

    >>> live = diarist.Live(diarist.Diarizer())
    >>> for block in blocks:
    ...     for event in live.push(block):
    ...         print(event)
    >>> result = live.finish().diarization

    latency_s: seconds from a moment to the decision about its speakers, 0.5 to 10. Default: 2.
    step_s: seconds of new audio between two runs of the networks, 0.25 to 10. Default: 0.5.

    It cannot be pickled, or used in a forked process.
    """

    def __init__(self, diarizer: Diarizer, *, latency_s: float | None = None, step_s: float | None = None) -> None:
        self._engine = diarizer._engine.live(latency_s=latency_s, step_s=step_s)

    def push(self, samples: Any) -> list[dict[str, Any]]:
        """Takes the next samples at 16 kHz: an array as for :meth:`Diarizer.diarize`.

        Returns the changes to the turns that they cause, in the form of ``diarist live --events``
        (docs/live.md). Raises :class:`diarist.InputError` for a sample that is not finite; the
        whole piece is rejected then, and further pieces can be pushed.
        """
        data, _, num_channels = _audio.of_array(samples, _audio.SAMPLE_RATE)
        events: list[dict[str, Any]] = json.loads(self._engine.push(data, num_channels))
        return events

    def finish(self, file_id: str = "audio") -> LiveResult:
        """Ends the recording; ``file_id`` names it in the result."""
        events, fields = self._engine.finish(file_id)
        return LiveResult(json.loads(events), _results.diarization(fields))
