"""Pictures of turns: the view in notebooks, and plots."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from diarist._diarist import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_PLAYER_BYTES = 10_000_000
"""Largest recording that a view holds: a notebook keeps it in its file, a third larger."""
WIDTH = 1000
"""Width of a lane in its own units."""
TICK_STEPS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400)

_TYPES = (
    (0, b"RIFF", "audio/wav"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "audio/webm"),
    (4, b"ftyp", "audio/mp4"),
)


@dataclass(frozen=True)
class Lane:
    """The turns of one speaker in the order of time."""

    name: str
    times: list[tuple[float, float]]

    @property
    def speech_s(self) -> float:
        """Seconds in which the speaker speaks."""
        return sum(end - start for start, end in _joined(self.times, 0.0))


def page(title: str, lanes: list[Lane], end_s: float, recording: str | bytes | None) -> str:
    """A page for browsers with :func:`fragment`, without scripts."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; media-src data:">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
</head>
<body>
{fragment(title, lanes, end_s, recording)}
</body>
</html>
"""


def fragment(title: str, lanes: list[Lane], end_s: float, recording: str | bytes | None) -> str:
    """HTML without scripts: a lane for each speaker with speaking time, and a player."""
    speech_s = sum(end - start for start, end in _joined(sorted(time for lane in lanes for time in lane.times), 0.0))
    speakers = "1 speaker" if len(lanes) == 1 else f"{len(lanes)} speakers"
    parts = [
        '<div style="font-family: sans-serif; max-width: 70em">',
        f"<p><strong>{escape(title)}</strong>: {clock(end_s)}, {speakers}, {clock(speech_s)} of speech</p>",
        _player(recording),
    ]
    if lanes:
        heads = "".join(f'<th style="text-align: left">{head}</th>' for head in ("Speaker", "Speech", "Share", "Turns"))
        rows = "".join(_row(index, lane, end_s, speech_s) for index, lane in enumerate(lanes))
        parts.append(
            '<table style="width: 100%; border-collapse: collapse">'
            f'<thead><tr>{heads}<th style="width: 60%">{_axis(end_s)}</th></tr></thead><tbody>{rows}</tbody></table>'
        )
    return "\n".join([*filter(None, parts), "</div>"])


def _row(index: int, lane: Lane, end_s: float, speech_s: float) -> str:
    colour = COLOURS[index % len(COLOURS)]
    scale = WIDTH / end_s if end_s > 0 else 0.0
    # Turns that would touch are one, so a day of speech is no larger than an hour.
    bars = "".join(
        f'<rect x="{start * scale:.2f}" y="0" width="{max(1.0, (end - start) * scale):.2f}" height="10" fill="{colour}">'
        f"<title>{escape(lane.name)}: {clock(start)} to {clock(end)}</title></rect>"
        for start, end in _joined(lane.times, end_s / WIDTH / 2)
    )
    share = lane.speech_s / speech_s if speech_s > 0 else 0.0
    cells = (
        f'<span style="color: {colour}" aria-hidden="true">&#9632;</span> {escape(lane.name)}',
        clock(lane.speech_s),
        f"{share:.0%}",
        str(len(lane.times)),
    )
    plain = "".join(f'<td style="text-align: left; white-space: nowrap; padding-right: 1em">{cell}</td>' for cell in cells)
    return (
        f'<tr>{plain}<td style="width: 60%"><svg viewBox="0 0 {WIDTH} 10" preserveAspectRatio="none" width="100%" '
        f'height="18" role="img" aria-label="Turns of {escape(lane.name)}">'
        f'<rect x="0" y="4.5" width="{WIDTH}" height="1" fill="#888888" opacity="0.3"></rect>{bars}</svg></td></tr>'
    )


def _axis(end_s: float) -> str:
    """Round times over the lanes; no label reaches beyond the end."""
    step = next((step for step in TICK_STEPS_S if end_s / step <= 8), end_s / 8)
    shares = [index * step / end_s for index in range(int(end_s / step) + 1)] if end_s > 0 else [0.0]
    labels = "".join(
        f'<span style="position: absolute; left: {share:.2%}">{clock(share * end_s)}</span>'
        for share in shares
        if share <= 0.92
    )
    return f'<div style="position: relative; height: 1.2em; font-weight: normal; font-size: 85%; text-align: left">{labels}</div>'


def _player(recording: str | bytes | None) -> str:
    data = _content(recording)
    kind = data and _media_type(data)
    if not data or not kind:
        return ""
    source = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return f'<audio controls preload="metadata" style="width: 100%" src="{source}"></audio>'


def _content(recording: str | bytes | None) -> bytes | None:
    """The bytes of the recording; None if there is none, or if it is too large."""
    if isinstance(recording, bytes):
        return recording if len(recording) <= MAX_PLAYER_BYTES else None
    try:
        if recording is None or not os.path.isfile(recording) or os.path.getsize(recording) > MAX_PLAYER_BYTES:
            return None
        with open(recording, "rb") as file:
            return file.read(MAX_PLAYER_BYTES)
    except OSError:
        return None


def _media_type(data: bytes) -> str | None:
    """The type of a file that browsers play; None for any other."""
    for offset, magic, kind in _TYPES:
        if data[offset : offset + len(magic)] == magic:
            return kind
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        # ADTS has the layer 0.
        return "audio/aac" if data[1] & 0x06 == 0 else "audio/mpeg"
    return None


def _joined(times: list[tuple[float, float]], gap_s: float) -> list[tuple[float, float]]:
    """Stretches of time in order, of which those with at most ``gap_s`` between them are one."""
    joined: list[tuple[float, float]] = []
    for start, end in times:
        if joined and start <= joined[-1][1] + gap_s:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def clock(seconds: float) -> str:
    """A time as m:ss or h:mm:ss."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def plot(title: str, lanes: list[Lane], end_s: float, ax: Axes | None) -> Axes:
    """Draws a lane for each speaker."""
    try:
        from matplotlib import pyplot
        from matplotlib.ticker import FuncFormatter
    except ImportError as error:
        raise ImportError("plot() needs Matplotlib; install it with: pip install matplotlib") from error
    if ax is None:
        _, ax = pyplot.subplots(figsize=(10, 1 + 0.4 * max(1, len(lanes))), layout="constrained")
    for index, lane in enumerate(lanes):
        bars = [(start, end - start) for start, end in lane.times]
        ax.broken_barh(bars, (index - 0.4, 0.8), facecolors=COLOURS[index % len(COLOURS)])
    # A dollar sign in a name is no formula.
    ax.set_yticks(range(len(lanes)), [lane.name.replace("$", r"\$") for lane in lanes])
    ax.set_ylim(len(lanes) - 0.4 if lanes else 0.6, -0.6)
    ax.set_xlim(0, end_s or 1)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: clock(value)))
    ax.set_title(title.replace("$", r"\$"))
    return ax
