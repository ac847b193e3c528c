"""brizna improve beside a simulated card: what it draws is in the joules of each trial."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from brizna.core.errors import UnavailableError
from brizna.improve._artefact import to_toml
from brizna.testing import build_fake_nvml, fake_config

CARD_W = 400.0


@pytest.fixture
def found(tmp_path):
    """Return what a study of one model finds beside a card that draws a constant power."""
    try:
        build_fake_nvml(tmp_path)
    except UnavailableError as error:
        pytest.skip(str(error))
    config = fake_config(transforms=["fold"], repeats=2, window="300ms")
    (tmp_path / "improve.toml").write_text(to_toml(config))
    environ = {
        **os.environ,
        "LD_LIBRARY_PATH": str(tmp_path),
        "FAKE_NVML_POWER_W": str(CARD_W),
        "BRIZNA_STORE": str(tmp_path / "store"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "brizna", "improve", "improve.toml", "--json"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 4), done.stderr
    return json.loads(done.stdout)


def test_the_card_s_joules_are_in_those_of_the_requests(found):
    row = next(row for row in found["rows"] if row["name"] == found["base"])
    # the fake model takes 1 ms of processor time for an inference; the card draws all the while
    assert row["energy_j"]["best"] > 1000 * 1e-3 * CARD_W * 0.9
    assert any("nvml" in name for name in row["energy_j"]["doubts"])
    is_counted = row["energy_j"]["basis"] == "metered"
    assert found["is_proxy"] is not is_counted
