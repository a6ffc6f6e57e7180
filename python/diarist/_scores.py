"""Error rates."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Mapping, Sequence, Union

from diarist import _diarist
from diarist._errors import InputError, OptionError, unreadable
from diarist._labels import Labels, one_recording, read
from diarist._turns import Timeline

if TYPE_CHECKING:
    import pandas

Turns = Union[Timeline, "str | os.PathLike[str]", Mapping[str, Timeline], Sequence[Timeline]]
"""Turns of one recording or several: a result, a file or a folder of them, or results by name."""
Regions = Union["str | os.PathLike[str]", Mapping[str, Sequence["tuple[float, float]"]], Sequence["tuple[float, float]"]]
"""Scored regions: a UEM file, or pairs of start and end in seconds, of one recording or by name."""

EXTENSIONS = ("rttm", "textgrid", "eaf", "json", "csv", "vtt", "srt", "txt")
"""Extensions of files with turns in a folder, in lower case: the first that any file has."""


@dataclass(frozen=True)
class Score:
    """Error rates as fractions, and their parts in seconds."""

    der: float
    """Diarization error rate: missed detection, false alarm and confusion; it can exceed 1."""
    missed_detection: float
    """Missed speech, as a fraction of the reference speech."""
    false_alarm: float
    """Speech where the reference has none or less, as a fraction of the reference speech."""
    confusion: float
    """Speech of a wrong speaker, as a fraction of the reference speech."""
    jer: float
    """Jaccard error rate."""
    total_s: float
    """Reference speech; overlapped speech counts once for each turn."""
    correct_s: float
    """Speech of the right speaker."""
    missed_detection_s: float
    false_alarm_s: float
    confusion_s: float
    num_reference_speakers: int
    num_hypothesis_speakers: int


@dataclass(frozen=True)
class Scores:
    """Error rates of recordings by their names, and of all together."""

    files: dict[str, Score]
    total: Score
    """From sums of seconds, not from means over the recordings."""

    @property
    def der(self) -> float:
        """Diarization error rate of all recordings, as a fraction."""
        return self.total.der

    @property
    def jer(self) -> float:
        """Jaccard error rate of all recordings, as a fraction."""
        return self.total.jer

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each recording and one, TOTAL, for all, with the fields of
        :class:`diarist.Score`. Needs pandas."""
        rows = {**self.files, "TOTAL": self.total}
        columns = [field.name for field in fields(Score)]
        return _frame([asdict(score) for score in rows.values()], columns, list(rows))


def score(
    reference: Turns,
    hypothesis: Turns,
    *,
    collar: float = 0.0,
    skip_overlap: bool = False,
    uem: Regions | None = None,
) -> Scores:
    """Error rates of ``hypothesis`` against ``reference``, as ``diarist score`` computes them.

    >>> print(diarist.score("meeting.rttm", diarizer("meeting.mp3")).der)

    reference, hypothesis: a result, or a file that :func:`diarist.read` reads; or, for several
        recordings, a file or a folder of files of one format, a list, or a dictionary by name.
        Two single recordings are a pair whatever their names; others are matched by name. A missing
        hypothesis counts as empty.
    collar: seconds on each side of every reference boundary that are not scored (pyannote.metrics
        counts both sides: twice this).
    skip_overlap: leaves regions out where reference turns overlap.
    uem: scored regions; a recording without any is left out. Default: the extent of both.

    Raises :class:`diarist.InputError` if there is nothing to score.
    """
    references, hypotheses = _by_name(reference), _by_name(hypothesis)
    if len(references) == len(hypotheses) == 1:
        hypotheses = dict(zip(references, hypotheses.values()))
    unknown = [name for name in hypotheses if name not in references]
    if unknown and not any(name in references for name in hypotheses):
        raise InputError(f"no recording is in both: {unknown[0]} is not in the reference; give both the same names")
    regions = _regions(uem, list(references))
    pairs = []
    for name, truth in references.items():
        if uem is None or name in regions:
            found = hypotheses.get(name, Labels(name, []))
            pairs.append((name, [truth._fields(False), found._fields(False), regions.get(name)]))
    if not pairs:
        raise InputError("nothing to score: no recording of the reference has a scored region")
    *found_scores, total = json.loads(_diarist.score(json.dumps([pair for _, pair in pairs]), collar, skip_overlap))
    return Scores({name: Score(**values) for (name, _), values in zip(pairs, found_scores)}, Score(**total))


def _by_name(turns: Turns) -> dict[str, Timeline]:
    if isinstance(turns, Mapping):
        return {name: one_recording(recording, name) for name, recording in turns.items()}
    if isinstance(turns, Timeline):
        return {turns.file_id: turns}
    found: list[Timeline] = []
    if isinstance(turns, (str, os.PathLike)):
        for file in _files(os.fspath(turns)):
            found += read(file)
    elif isinstance(turns, (list, tuple)) and not hasattr(turns, "_fields"):
        for entry in turns:
            found += read(entry) if isinstance(entry, (str, os.PathLike)) else [one_recording(entry, None)]
    else:
        raise OptionError(f"turns are a result, the path of a file, or several of these, not {type(turns).__name__}")
    by_name: dict[str, Timeline] = {}
    for recording in found:
        if recording.file_id in by_name:
            raise InputError(f"there are two recordings named {recording.file_id}; keep one of them")
        by_name[recording.file_id] = recording
    return by_name


def _files(path: str) -> list[str]:
    """The file itself, or those with turns in a folder, sorted."""
    if not os.path.isdir(path):
        return [path]
    names: dict[str, list[str]] = {}
    for name in sorted(os.listdir(path)):
        names.setdefault(os.path.splitext(name)[1][1:].lower(), []).append(name)
    found = next((names[extension] for extension in EXTENSIONS if extension in names), None)
    if found is None:
        raise InputError(f"{path}: no file with turns in this folder; looked for {' '.join(EXTENSIONS)}")
    return [os.path.join(path, name) for name in found]


def _regions(uem: Regions | None, names: list[str]) -> dict[str, list[tuple[float, float]]]:
    if uem is None:
        return {}
    if isinstance(uem, (str, os.PathLike)):
        return _diarist.read_uem(uem)
    if isinstance(uem, Mapping):
        return {name: list(regions) for name, regions in uem.items()}
    return {name: list(uem) for name in names}


def read_bench(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """The figures of ``diarist bench --output-dir``: a row for each recording and one, TOTAL, for
    all. ``path`` is ``report.json`` or its folder. Needs pandas.

    The columns are ``duration_s``, ``processing_s``, ``rtfx`` (seconds of audio per second), rates
    as fractions, and their parts in seconds.
    """
    place = os.path.join(path, "report.json") if os.path.isdir(path) else os.fspath(path)
    try:
        with open(place, encoding="utf-8") as file:
            report = json.load(file)
        rows = {entry["file_id"]: entry["figures"] for entry in report["files"]}
        rows["TOTAL"] = report["corpus"]
        figures: list[dict[str, Any]] = []
        for row in rows.values():
            speed = row["duration_s"] / row["processing_s"] if row["processing_s"] > 0 else 0.0
            figures.append({**row, "rtfx": speed})
    except OSError as error:
        raise unreadable(place, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place}: this is not a report of diarist; give the report.json of diarist bench") from error
    return _frame(figures, list(figures[0]), list(rows))


def _frame(rows: list[dict[str, Any]], columns: list[str], names: list[str]) -> pandas.DataFrame:
    try:
        import pandas
    except ImportError as error:
        raise ImportError("a data frame needs pandas; install it with: pip install pandas") from error
    return pandas.DataFrame(rows, columns=columns, index=pandas.Index(names, name="recording"))
