"""Compare brizna's own cost with its peers': ``python bench/run.py [--quick] [--only NAME]``.

Makes an environment for each tool below ``bench/.venvs``; takes about half an hour in full.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from overhead import tables
from overhead.contestants import ALL
from overhead.environments import prepare
from overhead.measures import QUICK, Budget, Stage, moving_counters
from overhead.processes import Unmeasured
from overhead.results import collect, describe
from overhead.rows import BY_KEY


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; return the exit code."""
    options = _parse(arguments)
    if options.read is not None:
        results = json.loads(options.read.read_text(encoding="utf-8"))
    else:
        results = compare(options.only, QUICK if options.quick else Budget())
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        parts = (tables.bar_table(results), tables.markdown(results), tables.reasons(results))
        print("\n".join(parts), end="")
    else:
        print(tables.text(results), end="")
    return 0


def compare(only: list[str], budget: Budget) -> dict:
    """Prepare the environments, take the figures and return the results.

    Args:
        only: Names of tools and rows; all tools, or all rows, if none is named.
        budget: How long it may take.
    """
    tools = [one for one in ALL if one.name in only or one.name == "bare"]
    contestants = tools if len(tools) > 1 else list(ALL)
    keys = [key for key in BY_KEY if key in only] or list(BY_KEY)
    environments, absent = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        for one in contestants:
            _say(f"environment of {one.name} ...")
            folder = Path(scratch, one.name)
            folder.mkdir()
            try:
                environments[one.name] = prepare(one, scratch=folder)
            except Unmeasured as reason:
                absent[one.name] = str(reason)
        counters = str(Path(scratch, "powercap"))
        stage = Stage(environments=environments, budget=budget, counters=counters)
        present = [one for one in contestants if one.name in environments]
        results = describe(stage, present)
        if "brizna" in environments:
            with moving_counters(environments["brizna"], counters):
                results["rows"] = collect(stage, present, keys=keys, say=_say)
        else:
            results["rows"] = collect(stage, present, keys=keys, say=_say)
    for cells in results["rows"].values():
        cells |= {name: {"reason": reason} for name, reason in absent.items()}
    return results


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    names = [*(one.name for one in ALL), *BY_KEY]
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        choices=names,
        help=f"only this tool or row; may be given again: {', '.join(names)}",
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: minutes, and noisy")
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep all samples in a file")
    parser.add_argument(
        "--from",
        metavar="FILE",
        dest="read",
        type=Path,
        help="show what an earlier run kept; nothing is measured",
    )
    parser.add_argument("--markdown", action="store_true", help="print tables for the docs")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
