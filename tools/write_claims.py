"""Write docs/explanation/claims.md: the figures of the reference documents, computed again.

python tools/write_claims.py > docs/explanation/claims.md
"""

from __future__ import annotations

import sys

from brizna.account import claims
from brizna.report import claims_lines

HEAD = """\
# Figures that the reference documents state

<!-- Written by tools/write_claims.py; a test compares: change the tables, not this. -->

Five public texts in Spanish set out what brizna is for. Each figure in them that can be checked is
a row of table `claims`, told in other words, with the formula and the sourced numbers (table
`claims_inputs`) that give it again. `brizna claims` prints this in Spanish or English, and
`brizna claims --json` gives each input with its source and year.

A figure **closes** where what is said and what is recomputed, with their ranges, lie within 5 % of
each other; it is **off** where they do not; and it **cannot be told** where nothing public says
what it was computed from. That a figure closes says that it follows from its source, not that the
source is right.

```text
"""


def main() -> None:
    lines = claims_lines(claims(), lang="en")
    sys.stdout.write(HEAD + "\n".join(line.rstrip() for line in lines) + "\n```\n")


if __name__ == "__main__":
    main()
