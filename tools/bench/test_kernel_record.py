"""Tests of the comparison in kernel_record.py: `python3 tools/bench/test_kernel_record.py`."""

import pathlib
import tempfile
import unittest

import kernel_record
from kernel_record import FLOOR, NOISE_FACTOR, compare, summary

KEY = ("avx2", "resnet34 stem 3x3, f32")
QUIET = [1.000, 1.001, 0.999, 1.002, 0.998]
NOISY = [1.00, 1.04, 0.96, 1.08, 0.92]


def times(values, factor=1.0):
    return {KEY: summary([value * factor for value in values])}


class Comparison(unittest.TestCase):
    def test_equal_times_pass(self):
        self.assertEqual(compare(times(QUIET), times(QUIET)), [])

    def test_a_slower_kernel_fails(self):
        (fault,) = compare(times(QUIET), times(QUIET, 1.0 + 2 * FLOOR))
        self.assertIn("20% slower", fault)

    def test_a_faster_kernel_fails(self):
        (fault,) = compare(times(QUIET), times(QUIET, 1.0 - 2 * FLOOR))
        self.assertIn("20% faster", fault)

    def test_a_difference_below_the_floor_passes(self):
        self.assertEqual(compare(times(QUIET), times(QUIET, 1.0 + 0.9 * FLOOR)), [])

    def test_noise_of_the_record_or_of_the_run_raises_the_limit(self):
        slower = 1.0 + 1.5 * FLOOR
        self.assertEqual(len(compare(times(QUIET), times(QUIET, slower))), 1)
        self.assertEqual(compare(times(NOISY), times(QUIET, slower)), [])
        self.assertEqual(compare(times(QUIET), times(NOISY, slower)), [])

    def test_a_difference_beyond_the_noise_fails(self):
        mad = summary(NOISY)["mad"]
        self.assertEqual(len(compare(times(NOISY), times(QUIET, 1.0 + 1.1 * NOISE_FACTOR * mad))), 1)

    def test_missing_kernels_fail(self):
        self.assertEqual(len(compare({}, times(QUIET))), 1)
        self.assertEqual(len(compare(times(QUIET), {})), 1)

    def test_a_written_record_reads_back(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "record.csv"
            kernel_record.write(path, times(QUIET))
            self.assertEqual(compare(kernel_record.read(path), times(QUIET)), [])
            self.assertEqual(len(compare(kernel_record.read(path), times(QUIET, 1.2))), 1)


if __name__ == "__main__":
    unittest.main()
