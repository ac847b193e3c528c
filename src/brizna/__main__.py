"""``python -m brizna``: the command line."""

from __future__ import annotations

import sys

from brizna.cli import main

sys.exit(main())
