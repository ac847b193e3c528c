"""Channels are shown inside one another, and what none of the inner ones has is shown too."""

from __future__ import annotations

from copy import deepcopy

import pytest

from brizna.core.estimate import Estimate
from brizna.core.quantities import Energy
from brizna.report import explain_lines, show_lines
from brizna.report._forest import channel_rows, has_inner
from brizna.report._format import Format


def channel(name, kind, energy_j, **about):
    energy = Estimate(Energy(energy_j), basis="metered").doubted_by(f"meter:{name}", 0.9, 1.1)
    return {
        "id": name,
        "kind": kind,
        "method": "pdu-power",
        "basis": "metered",
        "parent": None,
        "scope": "machine",
        "energy_j": energy.to_json(),
        "reason": None,
        "mirror_of": None,
        "device": None,
        "gaps": [],
        **about,
    }


@pytest.fixture
def fresh(view):
    """Return a view that may be changed: the other is everybody's."""
    return deepcopy(view)


@pytest.fixture
def walled(fresh):
    """Return a view of a machine behind a plug: the packages lie inside it."""
    untold = Estimate(Energy(360.0), basis="metered").doubted_by("meter:pdu/wall", 0.5, 1.5)
    fresh["measurement"]["channels"] = [
        channel("rapl/package-0", "cpu", 720.0, parent="pdu/wall"),
        channel("pdu/wall", "node", 1080.0, untold_j=untold.to_json()),
        channel("ipmi/bmc", "node", 1000.0, mirror_of="pdu/wall"),
    ]
    return fresh


def test_the_inner_stands_below_the_outer_and_the_rest_after_it(walled):
    rows = channel_rows(walled, Format("en"))
    assert [row[0] for row in rows] == [
        "pdu/wall",
        "  rapl/package-0",
        "  not told apart",
        "ipmi/bmc",
    ]
    assert rows[2][1] == "100 mWh"
    assert rows[2][2]
    assert rows[3][3] == "the same energy as pdu/wall"


def test_a_run_shows_what_is_not_told_apart_with_its_interval(walled):
    shown = "\n".join(show_lines(walled, lang="en", width=120))
    (line,) = [line for line in shown.splitlines() if "not told apart" in line]
    assert "100 mWh" in line
    assert "50" in line
    explained = "\n".join(explain_lines(walled, lang="es"))
    assert "sin distinguir" in explained
    assert "dentro: CPU (rapl/package-0)" in explained


def test_a_flat_run_has_nothing_inside(fresh):
    fresh["measurement"]["channels"] = [channel("rapl/package-0", "cpu", 1.0)]
    assert not has_inner(fresh)
    assert len(channel_rows(fresh, Format("en"))) == 1


def test_the_page_lists_what_lies_inside_what(walled):
    pytest.importorskip("jinja2", reason="the extra report is not installed")
    from brizna.report import html_report

    page = html_report(walled, lang="en", series={}).decode()
    assert "What lies inside what" in page
    assert "not told apart" in page
