"""The machines that the networks can run on."""

from __future__ import annotations

import json
from typing import Any

from diarist import _diarist


def devices() -> list[dict[str, Any]]:
    """The machines that the networks can run on: the CPU, then all GPUs.

    Each is a dictionary with `device` (a value of the option `device`), `name`, and `gpu`, which is
    None for the CPU. A build without the feature `gpu` knows the CPU only.
    """
    found: list[dict[str, Any]] = json.loads(_diarist.devices())
    return found
