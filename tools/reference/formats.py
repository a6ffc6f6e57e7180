"""Writes fixtures/golden/formats: one recording in every format, by diarist and by other programs.

    python tools/reference/formats.py target/release/diarist

`meeting.json` is the recording. `diarist convert` makes `ours.*` from it, and the parsers of other
programs read these files here. `theirs_*` are files that other programs wrote. `expected.json` has
the turns that the parsers found, and those of `theirs_*`: for each format a list of
[start in ms, end in ms, speaker]. Praat itself is among the programs: parselmouth is its code.

Made with Python 3.11 and the versions in tools/reference/formats.requirements.txt.
"""

import csv
import html
import json
import subprocess
import sys
from pathlib import Path

import parselmouth
import pympi
import pysrt
import webvtt
from parselmouth.praat import call
from praatio import textgrid
from praatio.utilities.constants import Interval
from pyannote.core import Annotation, Segment
from pyannote.database.util import load_rttm, load_uem

OUT = Path(__file__).resolve().parents[2] / "fixtures/golden/formats"
DURATION_MS = 4_000_000
# Overlap of two and of three, a turn of a millisecond, turns that touch, and names with
# characters that some formats must escape.
TURNS = [
    (31, 9802, "SPEAKER_00"),
    (500, 501, 'Zoë "Zed" O\'Neill'),
    (1250, 3000, "山田 太郎"),
    (1500, 2000, "a<b>&amp;c"),
    (2000, 4125, "Dr. Lee: chair, retired"),
    (3000, 3500, "山田 太郎"),
    (3_599_999, 3_600_000, "😀 [x"),
]


def ms(seconds):
    return round(float(seconds) * 1000)


def ordered(turns):
    return sorted([start, end, name] for start, end, name in turns)


def ours(name):
    return str(OUT / f"ours.{name}")


def theirs(name):
    return str(OUT / f"theirs_{name}")


def write_ours(program):
    turns = [{"start_s": a / 1000, "end_s": b / 1000, "speaker": name} for a, b, name in TURNS]
    meeting = OUT / "meeting.json"
    meeting.write_text(json.dumps({"file_id": "meeting", "duration_s": DURATION_MS / 1000, "turns": turns}, ensure_ascii=False, indent=1) + "\n")
    for extension in ["json", "rttm", "csv", "srt", "vtt", "txt", "TextGrid", "eaf", "uem"]:
        subprocess.run([program, "convert", "--quiet", meeting, ours(extension)], check=True)


def read_ours():
    found = {}
    annotation = load_rttm(ours("rttm"))["meeting"]
    found["rttm"] = [(ms(s.start), ms(s.end), name) for s, _, name in annotation.itertracks(yield_label=True)]
    assert [(s.start, s.end) for s in load_uem(ours("uem"))["meeting"]] == [(0, DURATION_MS / 1000)]
    with open(ours("csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file_id"] for row in rows} == {"meeting"}
    found["csv"] = [(ms(row["start_s"]), ms(row["end_s"]), row["speaker"]) for row in rows]
    turns = json.loads(Path(ours("json")).read_text())["turns"]
    found["json"] = [(ms(turn["start_s"]), ms(turn["end_s"]), turn["speaker"]) for turn in turns]
    # There is no parser for Audacity's labels. Its manual gives: start, tab, end, tab, text.
    labels = [line.split("\t") for line in Path(ours("txt")).read_text().splitlines()]
    found["txt"] = [(ms(start), ms(end), name) for start, end, name in labels]
    cues = pysrt.open(ours("srt"), encoding="utf-8", error_handling=pysrt.ERROR_RAISE)
    assert [cue.index for cue in cues] == list(range(1, len(cues) + 1))
    found["srt"] = [(cue.start.ordinal, cue.end.ordinal, cue.text[1:-1]) for cue in cues]
    captions = webvtt.read(ours("vtt"))
    assert all(caption.voice for caption in captions)
    found["vtt"] = [(vtt_ms(c.start), vtt_ms(c.end), html.unescape(c.voice)) for c in captions]
    grid = textgrid.openTextgrid(ours("TextGrid"), includeEmptyIntervals=False)
    assert grid.maxTimestamp == DURATION_MS / 1000
    praatio = [(ms(e.start), ms(e.end), tier.name.replace('""', '"')) for tier in grid.tiers for e in tier.entries]
    praat = read_with_praat(ours("TextGrid"))
    assert ordered(praatio) == ordered(praat)
    found["TextGrid"] = praat
    document = pympi.Elan.Eaf(ours("eaf"))
    for tier in document.get_tier_names():
        assert document.get_parameters_for_tier(tier)["PARTICIPANT"] == tier
    found["eaf"] = [(start, end, tier) for tier in document.get_tier_names() for start, end, _ in document.get_annotation_data_for_tier(tier)]
    return found


def vtt_ms(stamp):
    hours, minutes, seconds = stamp.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + ms(seconds)


def read_with_praat(path):
    grid = parselmouth.read(path)
    turns = []
    for tier in range(1, call(grid, "Get number of tiers") + 1):
        name, end = call(grid, "Get tier name", tier), 0.0
        for interval in range(1, call(grid, "Get number of intervals", tier) + 1):
            assert call(grid, "Get start time of interval", tier, interval) == end
            start, end = end, call(grid, "Get end time of interval", tier, interval)
            if call(grid, "Get label of interval", tier, interval):
                turns.append((ms(start), ms(end), name))
        assert end == DURATION_MS / 1000
    return turns


def names():
    return sorted({name for _, _, name in TURNS})


def of(name):
    return [(a, b) for a, b, other in TURNS if other == name]


def write_theirs():
    found = {}
    single = [(a, b, "".join(c if c.isalnum() else "_" for c in name)) for a, b, name in TURNS]
    annotation = Annotation(uri="meeting")
    for index, (a, b, name) in enumerate(single):
        annotation[Segment(a / 1000, b / 1000), index] = name
    with open(theirs("pyannote.rttm"), "w") as file:
        annotation.write_rttm(file)
    found["pyannote.rttm"] = single

    with open(theirs("excel.csv"), "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, dialect="excel", delimiter=";")
        writer.writerow(["Speaker", "Start", "Duration"])
        writer.writerows((name, a / 1000, (b - a) / 1000) for a, b, name in TURNS)
    found["excel.csv"] = TURNS

    for name, encoding in [("pysrt.srt", "utf-8"), ("pysrt_utf16.srt", "utf-16")]:
        file = pysrt.SubRipFile()
        for index, (a, b, speaker) in enumerate(TURNS):
            file.append(pysrt.SubRipItem(index + 1, pysrt.SubRipTime(milliseconds=a), pysrt.SubRipTime(milliseconds=b), f"{speaker.replace(':', ',')}: words: more\nand more"))
        file.save(theirs(name), encoding=encoding, eol="\r\n")
        found[name] = [(a, b, speaker.replace(":", ",")) for a, b, speaker in TURNS]

    file = webvtt.WebVTT()
    for a, b, speaker in TURNS:
        stamp = lambda t: f"{t // 3_600_000:02}:{t // 60_000 % 60:02}:{t / 1000 % 60:06.3f}"
        file.captions.append(webvtt.Caption(stamp(a), stamp(b), f"<v {html.escape(speaker, quote=False)}>words", identifier="cue"))
    file.save(theirs("webvtt_py.vtt"))
    found["webvtt_py.vtt"] = TURNS

    grid = textgrid.Textgrid(0, DURATION_MS / 1000)
    for name in names():
        entries = [Interval(a / 1000, b / 1000, "words") for a, b in of(name)]
        grid.addTier(textgrid.IntervalTier(name, entries, 0, DURATION_MS / 1000))
    grid.addTier(textgrid.PointTier("bells", [(1.5, "ding")], 0, DURATION_MS / 1000))
    for name, form in [("praatio_long.TextGrid", "long_textgrid"), ("praatio_short.TextGrid", "short_textgrid")]:
        grid.save(theirs(name), format=form, includeBlankSpaces=True)
        found[name] = TURNS

    grid = call("Create TextGrid", 0, DURATION_MS / 1000, " ".join(f"t{i}" for i in range(len(names()))) + " bells", "bells")
    for tier, name in enumerate(names(), 1):
        call(grid, "Set tier name", tier, name)
        for a, b in of(name):
            for time in (a, b):
                try:
                    call(grid, "Insert boundary", tier, time / 1000)
                except parselmouth.PraatError:
                    pass  # The point exists already: the turn before ends here.
            interval = call(grid, "Get interval at time", tier, (a + b) / 2000)
            call(grid, "Set interval text", tier, interval, 'said "so" – 言った')
    for name, command in [("praat_utf16.TextGrid", "Save as text file"), ("praat_short_utf16.TextGrid", "Save as short text file")]:
        call(grid, command, theirs(name))
        assert Path(theirs(name)).read_bytes()[:2] in (b"\xfe\xff", b"\xff\xfe"), "Praat writes UTF-16 where ASCII does not do"
        found[name] = TURNS

    document = pympi.Elan.Eaf(author="")
    document.adocument["DATE"] = "2026-01-01T00:00:00+00:00"
    document.remove_tier("default")
    for name in names():
        document.add_tier(name if name != "SPEAKER_00" else "words@0", part=name if name == "SPEAKER_00" else None)
        for a, b in of(name):
            document.add_annotation(name if name != "SPEAKER_00" else "words@0", a, b, "words")
    document.add_linguistic_type("gloss", "Symbolic_Association", timealignable=False)
    document.add_tier("gloss", "gloss", "words@0")
    document.add_ref_annotation("gloss", "words@0", 31, "of no account")
    Path(theirs("pympi.eaf")).unlink(missing_ok=True)
    document.to_file(theirs("pympi.eaf"), pretty=True)
    found["pympi.eaf"] = TURNS
    return found


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    write_ours(sys.argv[1])
    found = {f"ours.{key}": ordered(turns) for key, turns in read_ours().items()}
    found |= {f"theirs_{key}": ordered(turns) for key, turns in write_theirs().items()}
    lines = [f" {json.dumps(key)}: {json.dumps(turns, ensure_ascii=False)}" for key, turns in found.items()]
    (OUT / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
