"""Grafana's own library of the dashboard's model reads our dashboards, and loses nothing."""

from __future__ import annotations

import json

import pytest

from brizna.report._grafana import dashboard

pytest.importorskip("grafana_foundation_sdk")

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus, timeseries


def lost(ours, theirs, place=""):
    """Yield what is in ours and not, or otherwise, in theirs; it may say more."""
    if isinstance(ours, dict):
        for name, value in ours.items():
            yield from lost(value, (theirs or {}).get(name), f"{place}/{name}")
    elif isinstance(ours, list):
        if len(ours) != len(theirs or []):
            yield place
        else:
            for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                yield from lost(one, other, f"{place}/{number}")
    elif ours != theirs:
        yield place


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_model_of_a_dashboard_takes_all_that_we_say(lang):
    register_default_plugins()
    read = model.Dashboard.from_json(dashboard(lang))
    assert list(lost(dashboard(lang), json.loads(json.dumps(read, cls=JSONEncoder)))) == []
    curves = [panel for panel in read.panels if panel.type_val == "timeseries"]
    assert all(isinstance(panel.options, timeseries.Options) for panel in curves)
    queries = [target for panel in read.panels for target in panel.targets]
    assert all(isinstance(target, prometheus.Dataquery) for target in queries)
