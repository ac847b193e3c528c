"""Compare what brizna and its peers report with what is true: ``python bench/truth.py``.

Simulates a machine of known power: counters where the kernel shows them, in a name space of mounts
of its own, and graphics cards behind the driver's library. Takes a quarter of an hour, little
processor time, Linux and root. Makes an environment for each tool below ``bench/.venvs``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from over_true import tables
from over_true.contestants import TOOLS
from over_true.machine import build_cards, hide_own_counters
from over_true.results import SCHEMA, collect
from over_true.rows import BY_KEY
from over_true.trials import Stage
from overhead.environments import HOME, distributions, prepare
from overhead.processes import Unmeasured

OWN = HOME / "truth"
"""Where brizna is installed for this comparison: the other one installs it anew at its start."""


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; return the exit code."""
    options = _parse(arguments)
    if options.read is not None:
        results = json.loads(options.read.read_text(encoding="utf-8"))
    else:
        try:
            results = compare(options.only)
        except Unmeasured as reason:
            _say(str(reason))
            return 3
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        parts = (tables.setting(results), tables.markdown(results), tables.notes(results))
        print("\n".join(parts), end="")
    else:
        print(tables.text(results), end="")
    return 0


def compare(only: list[str]) -> dict:
    """Prepare the environments, put every tool under every condition and return the results.

    Args:
        only: Names of tools and rows; all tools, or all rows, if none is named.

    Raises:
        Unmeasured: If no machine can be simulated here.
    """
    tools = [one for one in TOOLS if one.name in only] or list(TOOLS)
    keys = [key for key in BY_KEY if key in only] or list(BY_KEY)
    environments, absent = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        for one in [TOOLS[0], *(one for one in tools if one is not TOOLS[0])]:
            _say(f"environment of {one.name} ...")
            home = OWN if one is TOOLS[0] else HOME
            try:
                environments[one.name] = prepare(one, scratch=Path(scratch), home=home)
            except Unmeasured as reason:
                absent[one.name] = str(reason)
        if TOOLS[0].name in absent:
            raise Unmeasured(f"brizna moves the simulated counters: {absent[TOOLS[0].name]}")
        hide_own_counters()
        cards, no_cards = Path(scratch), ""
        try:
            build_cards(environments[TOOLS[0].name], cards)
        except Unmeasured as reason:
            cards, no_cards = None, str(reason)
        stage = Stage(environments=environments, cards=cards, no_cards=no_cards)
        present = [one for one in tools if one.name in environments]
        results = {**describe(stage), "rows": collect(stage, present, keys=keys, say=_say)}
    for cells in results["rows"].values():
        cells |= {name: {"outcome": "absent", "note": why} for name, why in absent.items()}
    return results


def describe(stage: Stage) -> dict:
    """Return what ran, and on what."""
    return {
        "schema": SCHEMA,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            one.name: distributions(stage.environments[one.name])[one.distribution]
            for one in TOOLS
            if one.name in stage.environments
        },
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "processors": os.cpu_count(),
            "load_1_min": round(os.getloadavg()[0], 2),
        },
    }


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/truth.py", description=__doc__)
    names = [*(one.name for one in TOOLS), *BY_KEY]
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        choices=names,
        help=f"only this tool or row; may be given again: {', '.join(names)}",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep everything in a file")
    parser.add_argument(
        "--from",
        metavar="FILE",
        dest="read",
        type=Path,
        help="show what an earlier run kept; nothing is measured",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table for the docs")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
