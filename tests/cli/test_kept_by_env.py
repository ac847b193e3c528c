"""What `brizna env` found and kept is evidence for `brizna check`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from brizna.cli import main


@pytest.fixture
def carry_out(tmp_path, capsys):
    """Return a function that carries out a command and returns its exit code and what it said."""
    home = ["--store", str(tmp_path / "store"), "--keys", str(tmp_path / "ring"), "--lang", "en"]

    def run(*words):
        code = main([*words, *home])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def one(tmp_path):
    """Return an environment with one distribution."""
    site = tmp_path / "one" / "lib" / "python3.11" / "site-packages"
    info = site / "blade-1.2.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "one" / "pyvenv.cfg").write_text("version = 3.11.9\n")
    (info / "RECORD").write_text("blade-1.2.dist-info/RECORD,,\n")
    return str(tmp_path / "one")


def test_what_was_found_is_evidence_for_the_project(carry_out, one, tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    select = ["--select", "BRZ-P006", "--select", "BRZ-P014", "--json"]

    def results():
        told = json.loads(carry_out("check", *select)[1])
        return {row["rule"]: row["result"] for row in told["verdicts"]}

    assert set(results().values()) == {"cannot-tell"}
    (tmp_path / "osv").mkdir()
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    affected = {"package": {"name": "blade", "ecosystem": "PyPI"}, "versions": ["1.1"]}
    record = {"id": "X", "modified": now, "affected": [affected]}
    (tmp_path / "osv" / "x.json").write_text(json.dumps(record))
    assert carry_out("env", "audit", one, "--snapshot", str(tmp_path / "osv"), "--save")[0] == 0
    assert results()["BRZ-P014"] == "pass"
    affected["versions"] = ["1.2"]
    (tmp_path / "osv" / "x.json").write_text(json.dumps(record))
    assert carry_out("env", "audit", one, "--snapshot", str(tmp_path / "osv"), "--save")[0] == 1
    assert results()["BRZ-P014"] == "fail"


def test_who_published_is_unknown_until_an_index_was_asked(carry_out, one, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"blade==1.2 --hash=sha256:{'ab' * 32}\n")
    code, said, _ = carry_out("env", "attested", one, "--lock", str(lock), "--save")
    assert code == 4
    assert "no index was asked yet" in said
    assert carry_out("env", "attested", one, "--lock", str(lock), "--strict")[0] == 1
    told = json.loads(carry_out("env", "attested", one, "--lock", str(lock), "--json")[1])
    assert [row["name"] for row in told["published"]] == ["blade"]
    assert told["verification"]["form"] == "attestations"
    said = carry_out("check", "--select", "BRZ-P015", "--json")[1]
    assert [row["result"] for row in json.loads(said)["verdicts"]] == ["cannot-tell"]
