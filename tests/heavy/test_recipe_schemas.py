"""The recipes hold to the schemas of the hosts that they are for."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(
        find_spec("check_jsonschema") is None, reason="check-jsonschema is not installed"
    ),
]


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("action.yml", "vendor.github-actions"),
        ("examples/gate/gitlab-ci.yml", "vendor.gitlab-ci"),
    ],
)
def test_a_recipe_holds_to_its_hosts_schema(path, schema):
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
