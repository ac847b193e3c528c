"""Sample runs for the tests of reports."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def samples():
    """The module of sample runs that stands beside this file."""
    path = Path(__file__).with_name("sample_views.py")
    spec = importlib.util.spec_from_file_location("sample_views", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def view(samples):
    """A run with everything: two GPUs, a modelled memory, phases, a gap, a footprint."""
    return samples.view()
