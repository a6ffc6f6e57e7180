#!/usr/bin/env python3
"""Compares saved analyses of the same recordings, made on two machines or in two precisions.

    diarist analyze --device cpu -o cpu/meeting.diarist meeting.wav
    diarist analyze --device gpu:0 -o gpu/meeting.diarist meeting.wav
    compare_analyses.py cpu gpu

Takes two folders, and compares the files with the same names: frames in which a mask differs,
probabilities that differ, and the lowest cosine of two embeddings of the same local speaker. Prints
a row for each file and one for all. Needs Python 3.9. docs/analysis-format.md describes the files.
"""

import argparse
import json
import math
import pathlib
import struct
import zlib

FRAMES, SPEAKERS, DIMENSION = 589, 3, 256
MASK_BYTES = 74
CHUNKS, END = 1, 3


def records(data):
    """Description of a file, and the kind and payload of each of its records."""
    (length,) = struct.unpack_from("<I", data, 10)
    description = json.loads(data[14 : 14 + length])
    place, found = 14 + length + 4, []
    while place < len(data):
        kind, length = struct.unpack_from("<BI", data, place)
        found.append((kind, data[place + 5 : place + 5 + length]))
        place += 5 + length + 4
    if not found or found[-1][0] != END:
        raise SystemExit("an analysis is incomplete; run diarist analyze again")
    return description, found


def read(path):
    """Masks, probabilities and embeddings of a file, each a list with an item for each chunk."""
    description, found = records(path.read_bytes())
    width = {"none": 0, "f16": 2, "f32": 4}[description["values"]]
    masks, probabilities, embeddings = [], [], []
    for payload in (payload for kind, payload in found if kind == CHUNKS):
        (num_chunks,) = struct.unpack_from("<I", payload, 4)
        data = zlib.decompress(payload[8:], wbits=-15)
        ends = [MASK_BYTES * index for index in range(SPEAKERS * num_chunks + 1)]
        of_record = [int.from_bytes(data[a:b], "little") for a, b in zip(ends, ends[1:])]
        place = ends[-1]
        num_active = sum(mask != 0 for mask in of_record)
        num_values = DIMENSION * num_active
        planes = [data[place + k * num_values : place + (k + 1) * num_values] for k in range(width)]
        place += width * num_values
        values = bytes(byte for number in zip(*reversed(planes)) for byte in number)
        numbers = struct.unpack(f"<{num_values}{'e' if width == 2 else 'f'}", values) if width else ()
        rows = iter(numbers[i : i + DIMENSION] for i in range(0, len(numbers), DIMENSION))
        for chunk in range(num_chunks):
            of_chunk = of_record[SPEAKERS * chunk : SPEAKERS * (chunk + 1)]
            masks.append(of_chunk)
            embeddings.append([next(rows, None) if mask else None for mask in of_chunk])
            if description.get("probabilities") == "u8":
                probabilities.append(data[place : place + (SPEAKERS + 1) * FRAMES])
                place += (SPEAKERS + 1) * FRAMES
    return masks, probabilities, embeddings


def values_of(row):
    """The values of a chunk's planes from their differences."""
    values = []
    for plane in range(0, len(row), FRAMES):
        value = 0
        for difference in row[plane : plane + FRAMES]:
            value = (value + difference) % 256
            values.append(value)
    return values


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def compare(one, other):
    """Counts of frames, of probabilities and of embeddings, and how far they differ."""
    (masks, probabilities, embeddings), (masks_b, probabilities_b, embeddings_b) = read(one), read(other)
    if len(masks) != len(masks_b):
        raise SystemExit(f"{one} and {other} have {len(masks)} and {len(masks_b)} chunks: not the same recording or step")
    different = 0
    for own, others in zip(masks, masks_b):
        union = 0
        for a, b in zip(own, others):
            union |= a ^ b
        different += bin(union).count("1")
    pairs = [(a, b) for p, q in zip(probabilities, probabilities_b) for a, b in zip(values_of(p), values_of(q))]
    steps = [abs(a - b) for a, b in pairs if a != b]
    rows = [(a, b) for p, q in zip(embeddings, embeddings_b) for a, b in zip(p, q) if a and b]
    lowest = min((cosine(a, b) for a, b in rows), default=1.0)
    return [len(masks) * FRAMES, different, len(pairs), len(steps), max(steps, default=0), len(rows), lowest]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("one", type=pathlib.Path)
    parser.add_argument("other", type=pathlib.Path)
    arguments = parser.parse_args()
    names = sorted(path.name for path in arguments.one.glob("*.diarist") if (arguments.other / path.name).exists())
    if not names:
        raise SystemExit("the folders have no files *.diarist with the same names")
    print("| file | frames | that differ | probabilities | that differ | by at most, of 255 | embeddings | lowest cosine |")
    print("|---|---|---|---|---|---|---|---|")
    total = [0, 0, 0, 0, 0, 0, 1.0]
    for name in names:
        row = compare(arguments.one / name, arguments.other / name)
        total = [a + b for a, b in zip(total[:4], row[:4])] + [
            max(total[4], row[4]),
            total[5] + row[5],
            min(total[6], row[6]),
        ]
        print(f"| {name} | " + " | ".join(map(str, row[:6])) + f" | {row[6]:.9f} |")
    print("| all | " + " | ".join(map(str, total[:6])) + f" | {total[6]:.9f} |")


if __name__ == "__main__":
    main()
