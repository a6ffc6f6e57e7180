"""Many recordings on many machines, with Ray; needs the packages ``ray[data]`` and ``pyarrow``.

:func:`diarize` diarizes a folder or a list of recordings on all machines of a cluster. It continues
where it stopped if a machine is lost or the call itself is killed. :func:`merge` makes one table of
all turns, in which a person has one name in all recordings. :class:`Diarizer` is an actor for data
sets of ``ray.data``.

All machines must see the recordings and the output folder under the same paths, and have diarist
installed.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import shutil
import socket
import time
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence, Union

import pyarrow
import pyarrow.parquet
import ray
import ray.exceptions

from diarist import _diarizer, _recordings
from diarist._errors import Error, InputError, OptionError
from diarist._results import Diarization, Voice
from diarist._speakers import SpeakerDatabase
from diarist._turns import Turn

ENROLL_SPEECH_S = 5.0
"""Least seconds of speech of a voice that is kept for other recordings."""
LEARN_PROBABILITY = 0.99
"""Least probability at which a voice is added to the person who was recognised."""
MAX_RETRIES = 3
"""Number of times that a recording starts again after its machine or process was lost."""

_COLUMN_TYPES = {"float": pyarrow.float64(), "int": pyarrow.int64(), "str": pyarrow.string()}
_TURN_FIELDS = [
    (field.name, _COLUMN_TYPES[str(field.type).split(" | ")[0]]) for field in dataclasses.fields(Turn)
]
_TURN = pyarrow.struct(_TURN_FIELDS)
_SPEAKER = pyarrow.struct(
    [
        ("label", pyarrow.string()),
        ("speech_s", pyarrow.float64()),
        ("embedding", pyarrow.binary()),
        ("voice", pyarrow.binary()),
        ("voice_speech_s", pyarrow.float64()),
        ("name", pyarrow.string()),
    ],
)
SCHEMA = pyarrow.schema(
    [
        ("recording", pyarrow.string()),
        ("duration_s", pyarrow.float64()),
        ("model", pyarrow.string()),
        ("turns", pyarrow.list_(_TURN)),
        ("speakers", pyarrow.list_(_SPEAKER)),
        ("error", pyarrow.string()),
    ],
)
"""Columns of :class:`Diarizer`: a row for each recording. Embeddings are 256 32-bit floats."""

TURNS = pyarrow.schema([("recording", pyarrow.string()), *_TURN_FIELDS])
"""Columns of :func:`merge`: a row for each turn, with the fields of :class:`diarist.Turn`.
``speaker`` is the label in the recording, ``name`` the name of the person in all recordings."""

Recordings = Union[str, "os.PathLike[str]", Sequence[str]]


@dataclasses.dataclass(frozen=True)
class Report:
    """Outcome of :func:`diarize`."""

    num_recordings: int
    """Recordings in all."""
    num_found: int
    """Those of them that were finished before the call."""
    failed: dict[str, str] = dataclasses.field(default_factory=dict)
    """Errors of recordings that could not be diarized, by path. The next call tries them again."""


class Diarizer:
    """Diarizes the recordings of a data set, one row each (:data:`SCHEMA`), as an actor for
    ``ray.data.Dataset.map_batches``.

    >>> recordings = ray.data.from_items([{"path": path} for path in paths])
    >>> recordings.map_batches(diarist.ray.Diarizer, batch_size=1, num_cpus=1, concurrency=8)

    A recording that cannot be diarized has a row with the ``error``, and stops no other.

    column: the column of the paths.
    output: a folder that keeps the row of each finished recording. A recording with a row is not
        diarized again, neither if Ray repeats a batch of a lost machine nor if the data set is run
        anew. Errors are not kept.
    settings: those of :class:`diarist.Diarizer`. The default of ``threads`` is 1.
    """

    def __init__(self, *, column: str = "path", output: str | os.PathLike[str] | None = None, **settings: Any) -> None:
        self._column = column
        self._ledger = None if output is None else _Ledger(output)
        self._diarizer = _diarizer.Diarizer(**{"threads": 1, **settings})

    def __call__(self, batch: Any) -> pyarrow.Table:
        """Diarizes a batch of rows: a ``pyarrow.Table``, a data frame, or a dictionary of
        columns."""
        column = batch[self._column]
        paths = column.to_pylist() if hasattr(column, "to_pylist") else column
        rows = [self.diarize(str(path)) for path in paths]
        return pyarrow.Table.from_pylist(rows, schema=SCHEMA)

    def diarize(self, recording: str) -> dict[str, Any]:
        """The row of one recording."""
        found = self._ledger.read(recording) if self._ledger else None
        if found is not None:
            return found
        if self._ledger:
            self._ledger.log("begin", recording)
        try:
            row = _row(recording, self._diarizer(recording), self._diarizer.model)
        except Error as error:
            row = {**dict.fromkeys(SCHEMA.names), "recording": recording, "error": str(error)}
        if self._ledger:
            if row["error"] is None:
                self._ledger.write(row)
            self._ledger.log("end" if row["error"] is None else "fail", recording)
        return row


def diarize(
    recordings: Recordings,
    output: str | os.PathLike[str],
    *,
    column: str = "path",
    num_cpus: int = 1,
    progress: Callable[[int, int], Any] | None = None,
    **settings: Any,
) -> Report:
    """Diarizes recordings on all machines of the cluster that Ray is connected to.

    recordings: a folder, searched with all folders in it for audio files; a Parquet file with
        their paths; or the paths.
    output: a folder, created if missing. Its folder ``parts`` has a Parquet file for each finished
        recording (:data:`SCHEMA`).
    column: the column of the paths in a Parquet file.
    num_cpus: threads for each recording. The cluster diarizes as many recordings at a time as it
        has processors for.
    progress: called with the number of recordings done and their number in all.
    settings: those of :class:`diarist.Diarizer`.

    A recording whose machine is lost starts again on another one. A finished recording is never
    diarized again, neither then nor by the next call with the same output. That call must have the
    same settings.
    """
    if "threads" in settings:
        raise OptionError("num_cpus is the number of threads of a recording; leave threads out")
    if "speakers" in settings:
        raise OptionError("names are given afterwards; leave speakers to merge()")
    if not ray.is_initialized():
        ray.init()
    settings = {
        name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in settings.items()
    }
    paths = find_recordings(recordings, column=column)
    ledger = _Ledger(output)
    ledger.claim(settings)
    missing = [path for path in paths if not ledger.has(path)]
    num_found = len(paths) - len(missing)
    task = ray.remote(num_cpus=num_cpus, max_retries=MAX_RETRIES)(_task).options(name="diarist")
    arguments = json.dumps({"output": str(ledger.folder), "threads": num_cpus, **settings}, sort_keys=True)
    failed = {}
    for count, (path, error) in enumerate(_run(missing, lambda path: task.remote(arguments, path), num_cpus), 1):
        if error is not None:
            failed[path] = error
        if progress:
            progress(num_found + count, len(paths))
    return Report(len(paths), num_found, failed)


def find_recordings(recordings: Recordings, *, column: str = "path") -> list[str]:
    """The paths of the recordings in a folder, a Parquet file or a list, each once, in order.

    Raises :class:`diarist.InputError` if there are none.
    """
    if not isinstance(recordings, (str, os.PathLike)):
        found = [os.fspath(path) for path in recordings]
    elif os.path.isdir(recordings):
        found = _recordings.below(os.fspath(recordings))
    else:
        try:
            table = pyarrow.parquet.read_table(recordings, columns=[column])
        except (OSError, pyarrow.ArrowException) as error:
            raise InputError(f"{os.fspath(recordings)}: neither a folder nor a Parquet file ({error})") from error
        if column not in table.column_names:
            raise InputError(f"{os.fspath(recordings)}: there is no column {column!r}; give the name of the column of the paths")
        found = [str(path) for path in table[column].to_pylist() if path is not None]
    if not found:
        raise InputError("there is no recording; give a folder or paths of audio files")
    return list(dict.fromkeys(os.path.abspath(path) for path in found))


def merge(
    output: str | os.PathLike[str],
    *,
    speakers: str | os.PathLike[str] | None = None,
    min_probability: float = 0.9,
) -> pyarrow.Table:
    """Makes one table (:data:`TURNS`) of all finished recordings in ``output``, and writes it there
    as ``turns.parquet``.

    People in the database ``speakers`` get their names. Any other voice with at least 5 s of speech
    is kept as a new person, ``person-0001`` and so on, and recognised in the recordings that
    follow. All other speakers have no name. The people are kept in ``output/speakers.db``, which
    starts as a copy of ``speakers`` and can take its place for the next recordings. The file
    ``speakers`` does not change. Recordings are taken in the order of their paths, so the same
    parts give the same table.
    """
    ledger = _Ledger(output)
    people = _People(ledger.folder / "speakers.db", speakers, min_probability)
    tables = []
    for part in ledger.parts():
        names = people.names(part)
        rows = [{"recording": part["recording"], **turn, "name": names.get(turn["speaker"])} for turn in part["turns"]]
        tables.append(pyarrow.Table.from_pylist(rows, schema=TURNS))
    table = pyarrow.concat_tables(tables) if tables else TURNS.empty_table()
    _write(table, ledger.folder / "turns.parquet")
    return table


class _People:
    """All people found so far."""

    def __init__(self, path: pathlib.Path, known: str | os.PathLike[str] | None, min_probability: float) -> None:
        self._database = SpeakerDatabase(path)
        self._min_probability = min_probability
        path.unlink(missing_ok=True)
        if known is not None:
            SpeakerDatabase(known).people()
            # Copies the access rights, too, because voice prints are personal data.
            shutil.copy(known, path)
        self._num_names = 0
        self._names = {person.name for person in self._database.people()} if known is not None else set()

    def names(self, part: Mapping[str, Any]) -> dict[str, str]:
        """Names of the labels of a recording that have one. Keeps the voices of the recording."""
        speakers = [speaker for speaker in part["speakers"] if speaker["voice"] is not None]
        voices = [Voice(speaker["voice"], speaker["voice_speech_s"], part["model"]) for speaker in speakers]
        found: list[Any] = [None] * len(voices)
        if self._names:
            found = self._database.identify(voices, min_probability=self._min_probability)
        names, learned = {}, []
        for speaker, voice, identification in zip(speakers, voices, found):
            name = identification.name if identification else None
            is_long = voice.speech_s >= ENROLL_SPEECH_S
            if name is None and is_long:
                name = self._new_name()
                self._database.enroll(name, voice, source=part["recording"])
            elif name is not None and is_long and identification.best.probability >= LEARN_PROBABILITY:
                learned.append((name, voice))
            if name is not None:
                names[speaker["label"]] = name
        if learned:
            self._database.learn(part["recording"], learned)
        return names

    def _new_name(self) -> str:
        while True:
            self._num_names += 1
            name = f"person-{self._num_names:04}"
            if name not in self._names:
                self._names.add(name)
                return name


class _Ledger:
    """The finished recordings: a whole file for each."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = pathlib.Path(folder).absolute()
        for name in ("parts", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def claim(self, settings: dict[str, Any]) -> None:
        """Refuses settings that differ from those of the parts in the folder."""
        path, text = self.folder / "options.json", json.dumps(settings, sort_keys=True)
        if path.exists() and path.read_text() != text:
            raise OptionError(
                f"{self.folder}: was made with the settings {path.read_text()}, not {text}; choose another folder"
            )
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(text)
        os.replace(temporary, path)

    def has(self, recording: str) -> bool:
        """Whether the recording is finished."""
        return self._part(recording).exists()

    def read(self, recording: str) -> dict[str, Any] | None:
        """The row of the recording; None if it is not finished."""
        try:
            return _read(self._part(recording))
        except FileNotFoundError:
            return None

    def write(self, row: dict[str, Any]) -> None:
        """Keeps the row of a recording."""
        _write(pyarrow.Table.from_pylist([row], schema=SCHEMA), self._part(row["recording"]))

    def parts(self) -> Iterator[dict[str, Any]]:
        """The rows of all finished recordings, by path."""
        files = (self.folder / "parts").glob("*.parquet")
        recordings = [(pyarrow.parquet.read_table(file, columns=["recording"])[0][0].as_py(), file) for file in files]
        return (_read(file) for _, file in sorted(recordings))

    def log(self, event: str, recording: str) -> None:
        """Records that this process begins, ends or fails a recording."""
        node = ray.get_runtime_context().get_node_id() if ray.is_initialized() else "local"
        line = json.dumps({"time": time.time(), "event": event, "recording": recording, "node": node})
        with open(self.folder / "log" / f"{node}-{os.getpid()}.jsonl", "a") as file:
            file.write(line + "\n")

    def _part(self, recording: str) -> pathlib.Path:
        digest = hashlib.sha256(recording.encode(errors="surrogateescape")).hexdigest()
        return self.folder / "parts" / f"{digest[:32]}.parquet"


@functools.lru_cache(maxsize=1)
def _actor(arguments: str) -> Diarizer:
    """The networks, which a process loads once."""
    return Diarizer(**json.loads(arguments))


def _task(arguments: str, recording: str) -> str | None:
    """Diarizes one recording. Returns the error, if there was one."""
    error: str | None = _actor(arguments).diarize(recording)["error"]
    return error


def _run(paths: Iterable[str], submit: Callable[[str], Any], num_cpus: int) -> Iterator[tuple[str, str | None]]:
    """Submits a task for each path, only a few more at a time than the cluster can run. Returns
    paths and errors as the tasks end."""
    waiting = iter(paths)
    running: dict[Any, str] = {}
    while True:
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        slots = 2 * int(resources.get("CPU", 0) // num_cpus) + 2
        while len(running) < slots and (path := next(waiting, None)) is not None:
            running[submit(path)] = path
        if not running:
            return
        done, _ = ray.wait(list(running), timeout=1.0)
        for reference in done:
            path = running.pop(reference)
            try:
                yield path, ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                # A task returns the fault of a recording. An exception is a fault of the settings,
                # which all tasks have.
                if isinstance(error.cause, Error):
                    raise error.cause from error
                yield path, f"{path}: {error.cause!r}"
            except ray.exceptions.RayError as error:
                yield path, f"{path}: {' '.join(str(error).split())}"


def _row(recording: str, result: Diarization, model: str) -> dict[str, Any]:
    speakers = [
        {
            "label": speaker.label,
            "speech_s": speaker.speech_s,
            "embedding": speaker.data,
            "voice": speaker.voice.data if speaker.voice else None,
            "voice_speech_s": speaker.voice.speech_s if speaker.voice else None,
            "name": speaker.name,
        }
        for speaker in result.speakers
    ]
    turns = [dataclasses.asdict(turn) for turn in result.turns]
    row = {"recording": recording, "duration_s": result.duration_s, "model": model, "turns": turns}
    return {**row, "speakers": speakers, "error": None}


def _read(file: pathlib.Path) -> dict[str, Any]:
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(file, schema=SCHEMA).to_pylist()
    return rows[0]


def _write(table: pyarrow.Table, path: pathlib.Path) -> None:
    """Writes a file so that it exists only as a whole, even if the machine fails meanwhile."""
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}")
    with open(temporary, "wb") as file:
        pyarrow.parquet.write_table(table, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
