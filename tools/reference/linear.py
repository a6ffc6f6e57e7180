"""Writes the golden files of the linear forms: seeded weights, and their integers and scales.

Run:      python linear.py OUT_DIR        (OUT_DIR = fixtures/golden/linear)
Versions: Python 3.11, numpy 2.4.6

For each tensor, the weights are rounded as in SQuant (Guo et al., ICLR 2022; the steps SQuant-K and
SQuant-C), in double precision and without regard to speed.

Writes `tensors.json`: `[shape, steps, scales, integers]` for each tensor and kind of steps, and
`values.npy` (float32, the weights of all tensors one after the other).
"""

import json
import sys
from pathlib import Path

import numpy as np

SHAPES = [(4, 6, 3, 3), (3, 8, 5), (3, 40), (8, 16, 5, 5)]


def scale(channel: np.ndarray, size: int, steps: str) -> np.float32:
    finest = np.abs(channel).max() / 127
    if steps == "finest":
        return np.float32(finest)
    # The step in relation to the root mean square grows with the root of the tensor's size.
    coarse = np.sqrt(np.mean(channel**2)) / 3.4 / max(1.0, np.sqrt(589_824 / size))
    return np.float32(max(finest, coarse))


def turn(weights: np.ndarray, integers: np.ndarray, positions: list[int], sign: float) -> None:
    """Moves the worst of `positions` whose error has this sign to its other integer."""
    errors = [sign * (integers[i] - weights[i]) for i in positions]
    integers[positions[int(np.argmax(errors))]] -= sign


def rounded(weights: np.ndarray, kernel_len: int) -> np.ndarray:
    """`weights` in steps."""
    integers = np.rint(weights)
    kernels = [list(range(start, start + kernel_len)) for start in range(0, len(weights), kernel_len)]

    def error(kernel: list[int]) -> float:
        return float(np.sum(integers[kernel] - weights[kernel]))

    for kernel in kernels:
        while abs(error(kernel)) > 0.5:
            turn(weights, integers, kernel, np.sign(error(kernel)))
    while abs(total := sum(error(kernel) for kernel in kernels)) > 0.5:
        worst = max(kernels, key=lambda kernel: np.sign(total) * error(kernel))
        turn(weights, integers, worst, np.sign(total))
    return integers


def main(out_dir: Path) -> None:
    out_dir.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(41)
    values, rows = [], []
    for shape in SHAPES:
        # Channels of different sizes, with a few large values. The last tensor has none, so that
        # its steps follow from its size.
        tensor = rng.standard_t(5, shape)
        tensor *= rng.uniform(0.01, 0.1, (shape[0],) + (1,) * (len(shape) - 1))
        tensor = tensor.astype(np.float32)
        if shape == SHAPES[-1]:
            tensor = rng.uniform(-0.1, 0.1, shape).astype(np.float32)
        values.append(tensor.ravel())
        channels = tensor.reshape(shape[0], -1).astype(np.float64)
        kernel_len = int(np.prod(shape[2:])) if len(shape) > 2 else channels.shape[1]
        for steps in ("finest", "by size"):
            scales = [scale(channel, tensor.size, steps) for channel in channels]
            integers = [rounded(channel / float(s), kernel_len).astype(int).tolist() for channel, s in zip(channels, scales)]
            rows.append([list(shape), steps, [float(s) for s in scales], sum(integers, [])])
    np.save(out_dir / "values.npy", np.concatenate(values))
    (out_dir / "tensors.json").write_text("[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
