"""``nox -s energy``: fail a change that takes more energy than the last commit."""

from __future__ import annotations

import nox


@nox.session
def energy(session: nox.Session) -> None:
    """Gate the training; options of brizna gate come after ``--``."""
    session.install("brizna")
    options = session.posargs or ["--base", "HEAD", "--by", "cpu"]
    session.run("brizna", "gate", *options, "--", "python", "train.py", success_codes=[0, 4])
