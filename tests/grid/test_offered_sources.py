"""Sources that other packages offer."""

from __future__ import annotations

import pytest

from brizna.core.errors import UnavailableError
from brizna.grid import Access, Web, open_source


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """Install a package that offers sources."""
    (tmp_path / "brizna_other.py").write_text(
        "class Mine:\n"
        "    name, home, needs_key = 'mine', 'https://mine.example', False\n"
        "    quantities = ('price',)\n"
        "    def __init__(self, access):\n        self.access = access\n"
        "    def ask(self, asked):\n        return asked\n"
        "class Half:\n    def __init__(self, access):\n        pass\n",
        encoding="utf-8",
    )
    about = tmp_path / "brizna_other-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: brizna-other\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        "[brizna.sources]\nmine = brizna_other:Mine\nhalf = brizna_other:Half\n"
        "gone = brizna_gone:Gone\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return Access(Web())


def test_a_source_of_another_package_is_opened_by_its_name(offered):
    assert open_source("mine", offered).quantities == ("price",)


def test_what_is_offered_and_is_none_is_refused(offered):
    with pytest.raises(UnavailableError, match="lacks a method"):
        open_source("half", offered)
    with pytest.raises(UnavailableError, match="cannot be loaded"):
        open_source("gone", offered)
