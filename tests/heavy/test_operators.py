"""Energy by operator of a real network: all operators and the rest are the window."""

from __future__ import annotations

from math import fsum

import pytest

import brizna
from brizna.core.profile import Profile
from brizna.store import Store

torch = pytest.importorskip("torch")

from brizna.integrations.torch import profiled  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    path = tmp_path / "store"
    monkeypatch.setenv("BRIZNA_STORE", str(path))
    return Store(str(path))


def train(kind, steps=25):
    """Train a small network for real; return its last loss."""
    drawn = torch.Generator().manual_seed(1)
    x = torch.randn(128, 128, generator=drawn, dtype=kind)
    model = torch.nn.Sequential(
        torch.nn.Linear(128, 128), torch.nn.ReLU(), torch.nn.Linear(128, 1)
    ).to(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    first = loss = None
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (model(x) - x.sum(dim=1, keepdim=True) / 11).pow(2).mean()
        loss.backward()
        optimizer.step()
        first = loss.item() if first is None else first
    assert loss.item() < first


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_operators_of_a_training_sum_to_their_window(store):
    with brizna.measure("steps") as m:
        train(torch.float32, steps=3)
        with profiled(m) as operators:
            train(torch.double)
        with pytest.raises(brizna.UnavailableError):
            _ = operators.profile
    found = operators.profile
    (window,) = m.run.measurement.phases
    assert window.name == "operators"
    assert found.energy_j.best == window.energy_j.best  # its edges are known better by the end
    assert found.energy_j.best.value < m.energy.best.value
    assert fsum(part.share for part in found.parts) == pytest.approx(1)
    sums = fsum(part.self_j.best.value for part in found.parts)
    assert sums == pytest.approx(window.energy_j.best.value, rel=1e-9)
    names = [part.name for part in found.parts]
    assert any(name.endswith("mm [double]") for name in names)
    assert "outside" in [part.kind for part in found.parts]
    (kept,) = store.records(m.run.id, schema=Profile.schema)
    assert Profile.from_json(kept) == found


def test_the_block_around_is_found_and_its_absence_said():
    with pytest.raises(brizna.UnavailableError, match="no measured block"), profiled():
        pass
    with brizna.measure() as m:
        with profiled() as operators:
            torch.ones(64, 64) @ torch.ones(64, 64)
        with pytest.raises(ValueError, match="inside"), profiled(m):
            raise ValueError("inside")
    assert any("mm" in part.name for part in operators.profile.parts)
