"""The command line as a person uses it: a process of its own, in a store of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def brizna(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line and return what it printed; ``environ`` adds variables."""

    def call(
        *words: str, environ: dict[str, str] | None = None, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "brizna", *words],
            cwd=tmp_path,
            env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store"), **(environ or {})},
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def shown(brizna: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., Any]:
    """Run a command with ``--json`` and return what it says."""

    def call(*words: str, **options: Any) -> Any:
        done = brizna(*words, "--json", **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call
