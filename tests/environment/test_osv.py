"""What cannot be looked up is never taken for sound."""

from __future__ import annotations

import json
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.core.software import Distribution
from brizna.environment import audit_by_pip_audit, audit_offline, audit_online
from brizna.environment._advisories import cvss_score, rating_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
    (known,) = audit_offline([one("grass-blade", "1.1")], snapshot=snapshot).found["grass-blade"]
    assert (known.id, known.fixed) == ("PYSEC-2026-1", ("1.2",))


def test_a_copy_without_records_of_pypi_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no records about PyPI"):
        audit_offline([one("a", "1")], snapshot=str(tmp_path))
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        audit_offline([one("a", "1")], snapshot=str(tmp_path))


ANOTHER = {
    "id": "GHSA-xxxx-xxxx-xxxx",
    "aliases": ["CVE-2026-1", "PYSEC-2026-1"],
    "modified": "2026-11-02T00:00:00Z",
    "database_specific": {"severity": "MODERATE"},
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "grass-blade"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]}],
        }
    ],
}


def test_what_several_databases_say_of_one_vulnerability_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(record(aliases=["CVE-2026-1"])))
    (tmp_path / "b.json").write_text(json.dumps(ANOTHER))
    (tmp_path / "c.json").write_text(json.dumps(record(id="PYSEC-2026-9")))
    found = audit_offline([one("grass-blade", "1.1")], snapshot=str(tmp_path)).found
    ghsa, alone = found["grass-blade"]
    assert ghsa.id == "GHSA-xxxx-xxxx-xxxx"
    assert ghsa.aliases == ("CVE-2026-1", "PYSEC-2026-1")
    assert ghsa.rating == "medium"
    assert alone.id == "PYSEC-2026-9"
    assert alone.rating is None


def test_what_is_private_or_of_no_version_that_can_be_compared_is_unknown(tmp_path: Path) -> None:
    bare = {"package": {"ecosystem": "PyPI", "name": "a"}, "ranges": [{"type": "GIT"}]}
    (tmp_path / "a.json").write_text(json.dumps(record(affected=[bare])))
    installed = [one("a", "1"), one("acme-core", "1")]
    found = audit_offline(installed, snapshot=str(tmp_path), private=["acme-*"])
    assert set(found.unknown) == {"a", "acme-core"}


@pytest.mark.parametrize("written", ["1.0", "1.0.0", "v1", "1"])
def test_a_version_that_is_named_counts_however_it_is_written(tmp_path: Path, written: str) -> None:
    named = {"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["mowed", written]}
    (tmp_path / "a.json").write_text(json.dumps(record(affected=[named])))
    assert audit_offline([one("a", "1.0")], snapshot=str(tmp_path)).found
    assert not audit_offline([one("a", "1.1")], snapshot=str(tmp_path)).found


@pytest.mark.parametrize(
    ("vector", "score", "rating"),
    [
        # FIRST, CVSS 3.1 Examples: CVE-2013-1937, CVE-2014-0160, CVE-2014-6271, CVE-2013-0375,
        # CVE-2012-1516, CVE-2009-0658, CVE-2014-2005, CVE-2016-1645 and CVE-2013-6014.
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "medium"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, "high"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, "medium"),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9, "critical"),
        ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8, "high"),
        ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8, "medium"),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 8.8, "high"),
        ("CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 9.3, "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, None),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", None, None),
        ("CVSS:3.1/AV:N", None, None),
        ("high", None, None),
    ],
)
def test_a_score_is_that_of_the_specification(
    vector: str, score: float | None, rating: str | None
) -> None:
    assert cvss_score(vector) == (None if score is None else pytest.approx(score))
    assert rating_of({"severity": [{"score": vector}]}) == rating


@pytest.fixture
def osv() -> Iterator[OsvFake]:
    """Serve the API of OSV on this machine, in the form that it documents."""
    fake = OsvFake()
    server = ThreadingHTTPServer(("127.0.0.1", 0), fake.handler())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fake.address = f"http://127.0.0.1:{server.server_port}"
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


class OsvFake:
    """Answers questions about versions from records, one id a page."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, object]] = {}
        self.asked: list[tuple[str, object]] = []
        self.address = ""

    def answer(self, path: str, question: dict[str, list[dict[str, object]]]) -> object:
        self.asked.append((path, question))
        if path != "/v1/querybatch":
            return self.records.get(path.rpartition("/")[2])
        ids = list(self.records)
        results: list[dict[str, object]] = []
        for query in question["queries"]:
            page = int(str(query.get("page_token", "0")))
            hit = query["package"] == {"name": "grass-blade", "ecosystem": "PyPI"}
            told: dict[str, object] = {"vulns": [{"id": ids[page]}]} if hit else {}
            if hit and page + 1 < len(ids):
                told["next_page_token"] = str(page + 1)
            results.append(told)
        return {"results": results}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                self.told(fake.answer(self.path, json.loads(self.rfile.read(length))))

            def do_GET(self) -> None:
                self.told(fake.answer(self.path, {}))

            def told(self, answer: object) -> None:
                data = json.dumps(answer).encode()
                self.send_response(404 if answer is None else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def test_osv_is_asked_to_the_last_page_and_for_what_each_id_means(osv: OsvFake) -> None:
    osv.records = {
        "PYSEC-2026-1": record(aliases=["CVE-2026-1"]),
        "GHSA-xxxx-xxxx-xxxx": ANOTHER,
        "PYSEC-2026-7": record(id="PYSEC-2026-7", withdrawn="2026-01-01T00:00:00Z"),
    }
    installed = [
        *(one("grass-blade", "1.1+cpu"), one("b", "2"), one("acme-x", "1")),
        one("own", "0", editable=True),
    ]
    found = audit_online(
        installed, at="2026-11-22T00:00:00Z", private=["acme-*"], address=osv.address
    )
    assert found.source == "127.0.0.1"
    (known,) = found.found["grass-blade"]
    assert known.names == {"GHSA-xxxx-xxxx-xxxx", "CVE-2026-1", "PYSEC-2026-1"}
    assert set(found.unknown) == {"acme-x", "own"}
    assert "acme" not in json.dumps(osv.asked)
    _, first = osv.asked[0]
    assert first == {
        "queries": [
            {"package": {"name": "grass-blade", "ecosystem": "PyPI"}, "version": "1.1"},
            {"package": {"name": "b", "ecosystem": "PyPI"}, "version": "2"},
        ]
    }


def test_a_vulnerability_of_which_osv_says_no_more_is_still_one(osv: OsvFake) -> None:
    osv.records = {"PYSEC-2026-1": None}  # type: ignore[dict-item]
    found = audit_online([one("grass-blade", "1")], at="now", address=osv.address)
    assert [known.id for known in found.found["grass-blade"]] == ["PYSEC-2026-1"]


def test_a_silent_osv_leaves_all_unknown() -> None:
    def silent(_path: str, _question: bytes | None) -> bytes:
        raise OSError("no route")

    def endless(_path: str, question: bytes | None) -> bytes:
        queries = json.loads(question or b"")["queries"]
        return json.dumps({"results": [{"next_page_token": "x"} for _ in queries]}).encode()

    both = [one("a", "1+cpu"), one("b", "2")]
    for ask in (silent, endless, lambda *_: b'{"results": []}', lambda *_: b"[]"):
        assert set(audit_online(both, at="now", ask=ask).unknown) == {"a", "b"}
    with pytest.raises(InputError, match="expected an address"):
        audit_online(both, at="now", address="file:///etc/passwd")


def test_pip_audits_report_is_read_and_what_it_skips_is_unknown() -> None:
    """The form is that of pip-audit 2.9 with --format json."""

    def run(command: Sequence[str]) -> tuple[int, bytes, bytes]:
        with open(command[-1], encoding="utf-8") as file:
            assert file.read() == "a==1\nb==2\nc==3\nd==4\n"
        fixed = {"id": "PYSEC-2026-1", "fix_versions": ["2"], "aliases": ["CVE-2026-1"]}
        rows = [
            {"name": "A", "version": "1", "vulns": [fixed | {"description": "..."}]},
            {"name": "b", "version": "2", "vulns": []},
            {"name": "c", "skip_reason": "Dependency not found on PyPI"},
        ]
        return 1, json.dumps({"dependencies": rows, "fixes": []}).encode(), b"Found 1"

    installed = [one("a", "1+cpu"), one("b", "2"), one("c", "3"), one("d", "4"), one("acme-x", "1")]
    found = audit_by_pip_audit(installed, at="now", private=["acme-*"], run=run)
    assert [(known.id, known.fixed) for known in found.found["a"]] == [("PYSEC-2026-1", ("2",))]
    assert set(found.unknown) == {"c", "d", "acme-x"}
    with pytest.raises(UnavailableError, match=r"pip install pip-audit.*--online"):
        audit_by_pip_audit(
            installed, at="now", run=lambda _: (1, b"", b"No module named pip_audit")
        )
