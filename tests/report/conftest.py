"""Sample runs for the tests of reports."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def samples():
    """The module of sample runs that stands beside this file."""
    return _beside("sample_views")


@pytest.fixture(scope="session")
def overviews():
    """The module of sample periods that stands beside this file."""
    return _beside("overviews")


@pytest.fixture(scope="session")
def fronts():
    """The module of records whose pages show a front, which stands beside this file."""
    return _beside("fronts")


def _beside(name):
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def view(samples):
    """A run with everything: two GPUs, a modelled memory, phases, a gap, a footprint."""
    return samples.view()
