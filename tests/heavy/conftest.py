"""Tests with libraries that are large or not ours: marked, so that `make fast` does without them.

A warning of somebody else's library is that library's affair; one of ours stays an error.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Read by the libraries when they are imported: one thread, no calls home, no banner.
os.environ.update(
    {
        "HF_HUB_OFFLINE": "1",
        "KERAS_BACKEND": "torch",
        "OMP_NUM_THREADS": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "TOKENIZERS_PARALLELISM": "false",
        "WANDB_MODE": "offline",
    }
)

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Mark what lies here."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.heavy)
            item.add_marker(pytest.mark.filterwarnings("default", "error:::brizna"))
