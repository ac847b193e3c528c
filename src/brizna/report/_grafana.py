"""A dashboard for Grafana, from the tables ``panels`` and ``metrics``.

The classic model of a dashboard, which every version since 9 imports; its data source is a
variable, so that it belongs to no installation. Pure: the same tables give the same JSON.
"""

from __future__ import annotations

from brizna.core._tables import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SCHEMA_VERSION = 39
"""Of the classic model, as Grafana 10 writes it; later versions bring it up to date."""
_COLUMNS = 24
_HEIGHTS = {"stat": 4}
_HEIGHT = 8
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WORDS = {
    "en": {
        "title": "brizna: energy and carbon of AI runs",
        "about": "Made by brizna metrics --dashboard en from its table of metrics.",
        "datasource": "Data source",
        "instance": "Machine",
        "run": "Run",
    },
    "es": {
        "title": "brizna: energía y carbono de las ejecuciones de IA",
        "about": "Hecho por brizna metrics --dashboard es a partir de su tabla de métricas.",
        "datasource": "Fuente de datos",
        "instance": "Máquina",
        "run": "Ejecución",
    },
}


def dashboard(lang: str) -> dict[str, Any]:
    """Return the dashboard as Grafana imports it.

    Args:
        lang: Language of its titles.
    """
    words = _WORDS[lang]
    return {
        "uid": f"brizna-{lang}",
        "title": words["title"],
        "description": words["about"],
        "tags": ["brizna", "energy", "carbon"],
        "timezone": "browser",
        "editable": True,
        "graphTooltip": 1,
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": words["datasource"],
                    "type": "datasource",
                    "query": "prometheus",
                    "refresh": 1,
                },
                _variable("instance", words, "label_values(brizna_build_info, instance)"),
                _variable(
                    "run", words, 'label_values(brizna_run_info{instance=~"$instance"}, run)'
                ),
            ]
        },
        "annotations": {"list": []},
        "links": [],
        "panels": _panels(lang),
    }


def panels() -> tuple[Mapping[str, str], ...]:
    """Return the rows of the table of panels."""
    return load("brizna.report", "panels").rows


def exprs_of(panel: Mapping[str, str]) -> list[str]:
    """Return the queries of a panel."""
    return panel["exprs"].split(" ;; ")


def _variable(name: str, words: Mapping[str, str], query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": words[name],
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panels(lang: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    x = y = height = 0
    for number, row in enumerate(panels(), 1):
        width = int(row["width"])
        if x + width > _COLUMNS:
            x, y, height = 0, y + height, 0
        tall = _HEIGHTS.get(row["type"], _HEIGHT)
        made.append(
            {
                "id": number,
                "type": row["type"],
                "title": row[lang],
                "description": row[f"about_{lang}"],
                "datasource": _SOURCE,
                "gridPos": {"x": x, "y": y, "w": width, "h": tall},
                "fieldConfig": {"defaults": {"unit": row["unit"]}, "overrides": []},
                "options": _options(row["type"]),
                "targets": _targets(row),
            }
        )
        x, height = x + width, max(height, tall)
    return made


def _targets(row: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the queries of a panel; those over the whole range are asked once, for its end."""
    pairs = zip(exprs_of(row), row["legends"].split(" ;; "), strict=True)
    at_once = row["type"] in ("stat", "bargauge")
    return [
        {
            "refId": chr(ord("A") + place),
            "datasource": _SOURCE,
            "expr": expr,
            "legendFormat": legend,
            "instant": at_once,
            "range": not at_once,
        }
        for place, (expr, legend) in enumerate(pairs)
    ]


def _options(kind: str) -> dict[str, Any]:
    if kind == "timeseries":
        return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}}
    reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    if kind == "stat":
        return {"reduceOptions": reduced, "colorMode": "none", "graphMode": "none"}
    return {"reduceOptions": reduced, "orientation": "horizontal", "displayMode": "basic"}
