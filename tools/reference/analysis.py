"""Writes saved analyses to fixtures/golden/analysis, following docs/analysis-format.md alone.

    python tools/reference/analysis.py

`f16.diarist` and `f32.diarist` hold the same five chunks, and `expected.json` has their content.
The values are multiples of 2^-10 below 1, so that both forms hold them exactly.

Made with Python 3.11 and numpy 2.4, seed 20.
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[2] / "fixtures/golden/analysis"
FRAMES, LOCALS, DIMENSION = 589, 3, 256
STEP, CHUNK = 32_000, 160_000


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


def block(first, masks, values, dtype):
    bits = np.zeros((masks.shape[0] * LOCALS, 592), dtype=np.uint8)
    bits[:, :FRAMES] = masks.reshape(-1, FRAMES)
    raw = np.packbits(bits, axis=1, bitorder="little").tobytes()
    planes = np.ascontiguousarray(values.astype(dtype).reshape(-1)).view(np.uint8).reshape(-1, np.dtype(dtype).itemsize)
    raw += planes[:, ::-1].T.tobytes()
    return struct.pack("<II", first, masks.shape[0]) + deflate(raw)


def write(name, form, dtype, masks, rows, num_samples):
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
    text = json.dumps(description).encode()
    file = File()
    file.close(b"\x89dia\r\n\x1a\n" + struct.pack("<HI", 1, len(text)) + text)
    active = masks.any(axis=2)
    before = active[:2].sum()
    file.record(1, block(0, masks[:2], rows[:before], dtype))
    file.record(2, struct.pack("<QB", 1, 0) + bytes(range(32)))
    file.record(1, block(2, masks[2:], rows[before:], dtype))
    file.record(3, struct.pack("<Q", num_samples))
    (OUT / name).write_bytes(file.bytes)


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
    write("f16.diarist", "f16", "<f2", masks, rows, num_samples)
    write("f32.diarist", "f32", "<f4", masks, rows, num_samples)
    expected = {
        "num_samples": num_samples,
        "active": active,
        "sums": [float(row.sum()) for row in rows],
        "ends": [(float(row[0]), float(row[-1])) for row in rows],
    }
    (OUT / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
