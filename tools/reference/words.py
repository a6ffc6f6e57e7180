"""Writes transcripts in the layouts of several recognisers, and expected results for them.

    python tools/reference/words.py

Writes to fixtures/golden/words. The layouts follow the source code of the programs (docs/words.md
names the files). The speaker of a word is found here on a grid of milliseconds: the speaker who is
active in most of it. The subtitles are written from that, and read back with pysrt and webvtt-py,
which must find the same times, speakers and words.

Made with Python 3.11, pysrt 1.1.2, webvtt-py 0.6.0.
"""

import json
from pathlib import Path

import pysrt
import webvtt

OUT = Path(__file__).resolve().parents[2] / "fixtures/golden/words"

# Text of a word, its tokens, start and end in milliseconds; a list for each segment.
SEGMENTS = [
    [("Good", ["Good"], 310, 520), ("morning,", ["mor", "ning", ","], 520, 1040), ("everyone.", ["every", "one", "."], 1040, 1760)],
    [("Shall", ["Shall"], 2400, 2600), ("we", ["we"], 2600, 2720), ("begin?", ["begin", "?"], 2720, 3200),
     ("Yes,", ["Yes", ","], 3400, 3720), ("room", ["room"], 3720, 4000), ("42", ["4", "2"], 4000, 4480), ("is", ["is"], 4480, 4600),
     ("free.", ["free", "."], 4600, 5040)],
    [("Fine.", ["F", "ine", "."], 8000, 8560)],
]
TURNS = [("ann", 300, 3250), ("bob", 3300, 5100), ("ann", 7900, 8700)]


def s(milliseconds):
    return milliseconds / 1000


def text_of(segment):
    return " ".join(word for word, *_ in segment)


def dump(name, value):
    (OUT / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def transcripts():
    words = [word for segment in SEGMENTS for word in segment]
    tokens = [
        ((" " if index == 0 else "") + part, start + (end - start) * index // len(parts), start + (end - start) * (index + 1) // len(parts))
        for _, parts, start, end in words
        for index, part in enumerate(parts)
    ]

    def whisper(lead, extra):
        return [
            {"id": i, "seek": 0, "start": s(seg[0][2]), "end": s(seg[-1][3]), "text": " " + text_of(seg), "tokens": [50364],
             "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 1.1, "no_speech_prob": 0.01,
             "words": [{"word": lead + w, "start": s(a), "end": s(b), extra: 0.98} for w, _, a, b in seg]}
            for i, seg in enumerate(SEGMENTS)
        ]

    full = " ".join(text_of(segment) for segment in SEGMENTS)
    dump("whisper.json", {"text": " " + full, "segments": whisper(" ", "probability"), "language": "en"})
    dump("faster_whisper.json", whisper(" ", "probability"))
    aligned = whisper("", "score")
    for segment in aligned:
        for word in segment["words"]:
            if word["word"] == "42":
                del word["start"], word["end"], word["score"]
    dump("whisperx.json", {"segments": aligned, "word_segments": [w for seg in aligned for w in seg["words"]], "language": "en"})
    bare = [{key: value for key, value in seg.items() if key != "words"} for seg in whisper("", "score")]
    stamps = [{"word": w, "start": s(a), "end": s(b)} for w, _, a, b in words]
    dump("whisper_api.json", {"task": "transcribe", "language": "english", "duration": 9.0, "text": full, "words": stamps, "segments": bare})

    def offsets(a, b):
        def stamp(t):
            return f"{t // 3600000:02}:{t // 60000 % 60:02}:{t // 1000 % 60:02},{t % 1000:03}"
        return {"timestamps": {"from": stamp(a), "to": stamp(b)}, "offsets": {"from": a, "to": b}}

    def cpp(segment):
        inner = [t for t in tokens if segment[0][2] <= t[1] < segment[-1][3]]
        first, last = segment[0][2], segment[-1][3]
        special = [{"text": "[_BEG_]", **offsets(first, first), "id": 50364, "p": 0.9, "t_dtw": -1}]
        end = [{"text": "[_TT_250]", **offsets(last, last), "id": 50614, "p": 0.4, "t_dtw": -1}]
        spoken = [{"text": t, **offsets(a, b), "id": 1, "p": 0.9, "t_dtw": -1} for t, a, b in inner]
        return {**offsets(first, last), "text": " " + text_of(segment), "tokens": special + spoken + end}

    dump("whisper_cpp.json", {"systeminfo": "AVX = 1", "model": {"type": "base"}, "params": {"language": "en"},
                              "result": {"language": "en"}, "transcription": [cpp(segment) for segment in SEGMENTS]})
    nemo = [{"word": w, "start_offset": a // 80, "end_offset": b // 80, "start": s(a), "end": s(b)} for w, _, a, b in words]
    dump("nemo.json", [{"text": full, "timestamp": {"word": nemo, "segment": [{"segment": full, "start": 0.31, "end": 8.56}]}}])
    dump("fluidaudio_words.json", {"audioFile": "a.wav", "mode": "batch", "modelVersion": "v3", "text": full, "confidence": 0.9,
                                   "wordTimings": [{"word": w, "startTime": s(a), "endTime": s(b), "confidence": 0.9} for w, _, a, b in words]})
    dump("fluidaudio_tokens.json", {"text": full, "confidence": 0.9, "duration": 9.0, "processingTime": 0.1,
                                    "tokenTimings": [{"token": t, "tokenId": 1, "startTime": s(a), "endTime": s(b), "confidence": 0.9} for t, a, b in tokens]})
    sentences = [{"text": text_of(seg), "start": s(seg[0][2]), "end": s(seg[-1][3]), "duration": s(seg[-1][3] - seg[0][2]), "confidence": 0.9,
                  "tokens": [{"text": t, "start": s(a), "end": s(b), "duration": s(b - a), "confidence": 0.9}
                             for t, a, b in tokens if seg[0][2] <= a < seg[-1][3]]} for seg in SEGMENTS]
    dump("parakeet_mlx.json", {"text": full, "sentences": sentences})
    dump("expected.json", {"words": [[w, s(a), s(b)] for w, _, a, b in words]})
    return words


def speaker(start, end):
    active = {name: sum(a <= t < b for n, a, b in TURNS if n == name for t in range(start, end)) for name, *_ in TURNS}
    return max(active, key=active.get)


def utterances(words):
    groups = []
    for word, _, start, end in words:
        who = speaker(start, end)
        if groups and groups[-1][0] == who and start - groups[-1][3] <= 1500:
            groups[-1][1].append(word)
            groups[-1][3] = end
        else:
            groups.append([who, [word], start, end])
    return groups


def clock(t, mark):
    return f"{t // 3600000:02}:{t // 60000 % 60:02}:{t // 1000 % 60:02}{mark}{t % 1000:03}"


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    groups = utterances(transcripts())
    rttm = [f"SPEAKER x 1 {s(a):.3f} {s(b - a):.3f} <NA> <NA> {name} <NA> <NA>\n" for name, a, b in TURNS]
    (OUT / "turns.rttm").write_text("".join(rttm))
    (OUT / "expected.txt").write_text("".join(f"[0:00:{a // 1000:02}] {who}: {' '.join(said)}\n" for who, said, a, _ in groups))
    srt = [f"{i}\n{clock(a, ',')} --> {clock(b, ',')}\n{who}: {' '.join(said)}\n\n" for i, (who, said, a, b) in enumerate(groups, 1)]
    (OUT / "expected.srt").write_text("".join(srt))
    vtt = [f"{clock(a, '.')} --> {clock(b, '.')}\n<v {who}>{' '.join(said)}\n\n" for who, said, a, b in groups]
    (OUT / "expected.vtt").write_text("WEBVTT\n\n" + "".join(vtt))

    expected = [(a, b, who, " ".join(said)) for who, said, a, b in groups]
    found = [(c.start.ordinal, c.end.ordinal, *c.text.split(": ", 1)) for c in pysrt.open(OUT / "expected.srt")]
    assert found == expected, found
    found = [(clock(a, "."), clock(b, "."), who, said) for a, b, who, said in expected]
    assert [(c.start, c.end, c.voice, c.text) for c in webvtt.read(OUT / "expected.vtt")] == found, found


if __name__ == "__main__":
    main()
