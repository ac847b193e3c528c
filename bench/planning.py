"""Try the planner on history: ``python bench/planning.py --data FOLDER --json FILE``.

Reads the files that `on_history.series` names, which others publish; takes a few minutes. The whole
table of the cheapest windows goes to the place that ``--windows`` says.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from on_history import awhile, forecasts, issued, series, tables, windows

from brizna.core.version import VERSION

PARTS = ("windows", "awhile", "issued", "overall", "forecasts")


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; return the exit code."""
    options = _parse(arguments)
    kept = options.json
    results = json.loads(kept.read_text(encoding="utf-8")) if kept and kept.exists() else {}
    if options.data is not None:
        results |= _described(options.data)
        for part in options.only or PARTS:
            _say(f"{part} ...")
            results[part] = _FIND[part](options)
        if kept is not None:
            kept.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.markdown or kept is None:
        print(tables.markdown(results), end="")
    return 0


def _described(folder):
    return {
        "schema": "bench.planning/1",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": VERSION,
        "python": platform.python_version(),
        "files": series.digests(folder),
    }


def _windows(options):
    rows = []
    for zone, signal in series.zones(options.data).items():
        _say(f"  {zone}")
        rows += windows.rows_of(zone, signal)
    if options.windows is not None:
        windows.write(options.windows, rows)
    return windows.means(rows)


def _awhile(options):
    germany = series.germany(options.data)
    return {"rules": awhile.trials(germany), "after_friday": awhile.after_friday(germany)}


def _issued(options):
    return [
        row
        for zone, (came, forecasts) in series.issued(options.data).items()
        for row in issued.rows_of(zone, came, forecasts)
    ]


def _overall(options):
    return [
        issued.overall(zone, came, forecasts)
        for zone, (came, forecasts) in series.issued(options.data).items()
    ]


def _forecasts(options):
    history = series.history(options.data)
    return [
        row
        for zone, (came, told) in series.issued(options.data).items()
        for row in forecasts.rows_of(zone, history[zone], came, told)
    ]


_FIND = {
    "windows": _windows,
    "awhile": _awhile,
    "issued": _issued,
    "overall": _overall,
    "forecasts": _forecasts,
}


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="bench/planning.py", description=__doc__)
    parser.add_argument("--data", metavar="FOLDER", type=Path, help="where the files are")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part")
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep the results in a file")
    parser.add_argument("--windows", metavar="FILE", type=Path, help="the table of windows, CSV")
    parser.add_argument("--markdown", action="store_true", help="print the tables of the page")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
