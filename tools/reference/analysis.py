"""Writes saved analyses to fixtures/golden/analysis, following docs/analysis-format.md alone.

    python tools/reference/analysis.py

All files hold the same five chunks, and `expected.json` has their content. `f16.diarist` and
`f32.diarist` have format version 1. `v2_f16.diarist` and `v2_f32.diarist` have version 2 with
probabilities, `v2_none.diarist` has it without; `v2_f32.diarist` also holds subsegments. The values
of embeddings are multiples of 2^-10 below 1, so that both forms hold them exactly.

Made with Python 3.11 and numpy 2.4, seed 20.
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[2] / "fixtures/golden/analysis"
FRAMES, LOCALS, DIMENSION = 589, 3, 256
PLANES = LOCALS + 1
STEP, CHUNK = 32_000, 160_000
# Fbank frames (10 ms) of a subsegment, and from one to the next.
SUBSEGMENT, SHIFT = 80, 40


class File:
    """The bytes of a file, and the CRC-32 of all bytes except the checksums."""

    def __init__(self):
        self.bytes, self.crc = b"", 0

    def close(self, part):
        self.crc = zlib.crc32(part, self.crc)
        self.bytes += part + struct.pack("<I", self.crc)

    def record(self, kind, payload):
        self.close(struct.pack("<BI", kind, len(payload)) + payload)


def deflate(data):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def subsegments_of(first, num_chunks, is_last, subsegments):
    """The subsegments that end before the next chunk starts, and not before the first one does."""
    start, after = first * STEP // 160, (first + num_chunks) * STEP // 160
    end = after - STEP // 160 + CHUNK // 160
    of_block = [i for i in range(end // SHIFT + 1) if i * SHIFT < end and i * SHIFT + SUBSEGMENT > start]
    if not is_last:
        of_block = [i for i in of_block if i * SHIFT + SUBSEGMENT <= after]
    solo = [subsegments[i][0] if i in subsegments else 0 for i in of_block]
    while solo and solo[-1] == 0:
        solo.pop()
    values = [subsegments[i][1].tobytes() for i in of_block if i in subsegments]
    return struct.pack("<I", len(solo)) + bytes(solo) + b"".join(values)


def block(first, masks, values, dtype, planes, subsegments=b""):
    bits = np.zeros((masks.shape[0] * LOCALS, 592), dtype=np.uint8)
    bits[:, :FRAMES] = masks.reshape(-1, FRAMES)
    raw = np.packbits(bits, axis=1, bitorder="little").tobytes()
    values = np.ascontiguousarray(values.astype(dtype).reshape(-1)).view(np.uint8).reshape(-1, np.dtype(dtype).itemsize)
    raw += values[:, ::-1].T.tobytes()
    raw += np.diff(planes, axis=2, prepend=np.uint8(0)).tobytes() + subsegments
    return struct.pack("<II", first, masks.shape[0]) + deflate(raw)


def write(name, version, form, dtype, masks, rows, planes, num_samples, subsegments=None):
    description = {
        "diarist_version": "0.1.0",
        "file_id": "golden",
        "step_samples": STEP,
        "values": form,
        "trunk": "chunk",
        "precision": "f32",
        "instruction_set": "avx2",
        "segmentation_sha256": "a" * 64,
        "embedding_sha256": "b" * 64,
    }
    if version == 2:
        description["probabilities"] = "u8" if planes.size else "none"
    if subsegments is not None:
        description["subsegments"] = "i8"
    text = json.dumps(description).encode()
    file = File()
    file.close(b"\x89dia\r\n\x1a\n" + struct.pack("<HI", version, len(text)) + text)
    active = masks.any(axis=2)
    before = active[:2].sum()
    parts = [b"", b""]
    if subsegments is not None:
        parts = [subsegments_of(0, 2, False, subsegments), subsegments_of(2, len(masks) - 2, True, subsegments)]
    file.record(1, block(0, masks[:2], rows[:before], dtype, planes[:2], parts[0]))
    file.record(2, struct.pack("<QB", 1, 0) + bytes(range(32)))
    file.record(1, block(2, masks[2:], rows[before:], dtype, planes[2:], parts[1]))
    file.record(3, struct.pack("<Q", num_samples))
    (OUT / name).write_bytes(file.bytes)


def run_lengths(random):
    """The values of a plane, up and down in steps of any size, as lengths and values."""
    cuts = np.sort(random.choice(np.arange(1, FRAMES), size=5, replace=False))
    lengths = np.diff(cuts, prepend=0, append=FRAMES)
    return [(int(length), int(value)) for length, value in zip(lengths, random.integers(0, 256, size=6))]


def main():
    random = np.random.default_rng(20)
    OUT.mkdir(parents=True, exist_ok=True)
    active = [
        [[(0, 589)], [], [(63, 64), (100, 300)]],
        [[], [], []],
        [[(588, 589)], [(0, 1), (7, 9), (576, 588)], [(1, 588)]],
        [[], [(200, 201)], []],
        [[(5, 70)], [(64, 128)], []],
    ]
    masks = np.zeros((len(active), LOCALS, FRAMES), dtype=np.uint8)
    for chunk, locals_ in enumerate(active):
        for local, stretches in enumerate(locals_):
            for start, end in stretches:
                masks[chunk, local, start:end] = 1
    num_rows = int(masks.any(axis=2).sum())
    rows = random.integers(-1023, 1024, size=(num_rows, DIMENSION)) / 1024
    num_samples = (len(active) - 1) * STEP + CHUNK - 5
    planes = np.zeros((len(active), PLANES, FRAMES), dtype=np.uint8)
    runs = [[run_lengths(random) for _ in range(PLANES)] for _ in active]
    for chunk, of_chunk in enumerate(runs):
        for plane, of_plane in enumerate(of_chunk):
            planes[chunk, plane] = np.repeat([value for _, value in of_plane], [length for length, _ in of_plane])
    none = np.zeros((0, PLANES, FRAMES), dtype=np.uint8)
    write("f16.diarist", 1, "f16", "<f2", masks, rows, none, num_samples)
    write("f32.diarist", 1, "f32", "<f4", masks, rows, none, num_samples)
    write("v2_none.diarist", 2, "f16", "<f2", masks, rows, none, num_samples)
    write("v2_f16.diarist", 2, "f16", "<f2", masks, rows, planes, num_samples)
    subsegments = {}
    for index in [0, 1, 7, 8, 9, 10, 30, 43, 44]:
        values = random.integers(-126, 127, size=DIMENSION).astype(np.int8)
        values[random.integers(DIMENSION)] = random.choice([-127, 127])
        subsegments[index] = int(random.integers(3, 11)), values
    write("v2_f32.diarist", 2, "f32", "<f4", masks, rows, planes, num_samples, subsegments)
    expected = {
        "num_samples": num_samples,
        "active": active,
        "sums": [float(row.sum()) for row in rows],
        "ends": [(float(row[0]), float(row[-1])) for row in rows],
        "probabilities": runs,
        "subsegments": [
            (index, solo, int(values.sum(dtype=int)), int(values[0]), int(values[-1]))
            for index, (solo, values) in subsegments.items()
        ],
    }
    (OUT / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
