"""What cannot be looked up is never taken for sound."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from brizna.core.errors import InputError
from brizna.core.software import Distribution
from brizna.environment import audit_offline, audit_online

if TYPE_CHECKING:
    from pathlib import Path


def one(name: str, version: str, *, editable: bool = False) -> Distribution:
    return Distribution(name=name, version=version, digest="sha256:0", is_editable=editable)


def record(**fields: object) -> dict[str, object]:
    """Return a record of OSV about Grass.Blade: 1.0 up to 1.2, and 2.0rc1 by name."""
    return {
        "id": "PYSEC-2026-1",
        "modified": "2026-11-01T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Grass.Blade"},
                "versions": ["2.0rc1"],
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.2"}]},
                    {
                        "type": "ECOSYSTEM",
                        "events": [{"introduced": "3"}, {"last_affected": "3.1"}],
                    },
                ],
            }
        ],
        **fields,
    }


@pytest.mark.parametrize(
    ("version", "is_hit"),
    [
        *(("1.0", True), ("1.1+cpu", True), ("1.2", False), ("0.9", False), ("2.0rc1", True)),
        *(("2.0", False), ("3.1", True), ("3.1.post1", False), ("1.2rc1", True)),
    ],
)
def test_a_version_is_compared_as_pep_440_says(tmp_path: Path, version: str, is_hit: bool) -> None:
    (tmp_path / "a.json").write_text(json.dumps(record()))
    found = audit_offline([one("grass-blade", version)], snapshot=str(tmp_path))
    assert bool(found.found) == is_hit
    assert found.at == "2026-11-01T00:00:00Z"
    assert not found.unknown


def test_what_was_withdrawn_counts_not_and_what_cannot_be_compared_is_unknown(
    tmp_path: Path,
) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.json", json.dumps(record()))
        archive.writestr("b.json", json.dumps(record(id="X", withdrawn="2026-01-01T00:00:00Z")))
    snapshot = str(tmp_path / "all.zip")
    found = audit_offline(
        [one("grass-blade", "mowed"), one("own", "1", editable=True)], snapshot=snapshot
    )
    assert set(found.unknown) == {"grass-blade", "own"}
    assert audit_offline([one("grass-blade", "1.1")], snapshot=snapshot).found == {
        "grass-blade": ("PYSEC-2026-1",)
    }


def test_a_copy_without_records_of_pypi_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no records about PyPI"):
        audit_offline([one("a", "1")], snapshot=str(tmp_path))
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        audit_offline([one("a", "1")], snapshot=str(tmp_path))


def test_a_silent_osv_leaves_all_unknown_and_hears_no_more_than_names() -> None:
    def silent(_question: bytes) -> bytes:
        raise OSError("no route")

    def answers(question: bytes) -> bytes:
        asked = json.loads(question)["queries"]
        assert asked[0] == {"package": {"name": "a", "ecosystem": "PyPI"}, "version": "1"}
        return json.dumps({"results": [{"vulns": [{"id": "X"}]}, {}]}).encode()

    both = [one("a", "1+cpu"), one("b", "2")]
    assert set(audit_online(both, at="now", ask=silent).unknown) == {"a", "b"}
    assert set(audit_online(both, at="now", ask=lambda _: b'{"results": []}').unknown) == {"a", "b"}
    found = audit_online(both, at="now", ask=answers)
    assert found.found == {"a": ("X",)}
    assert not found.unknown
