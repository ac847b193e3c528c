"""``brizna verify`` as a person types it: exit codes, languages, SARIF."""

from __future__ import annotations

import json
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets" / "verify"
SOUND = str(ASSETS / "sound" / "codecarbon-2.csv")
BROKEN = str(ASSETS / "broken" / "emissions-in-grams.csv")
WARNED = str(ASSETS / "broken" / "boamps-without-quality.json")


def test_exit_codes_tell_right_wrong_and_unknown(brizna, tmp_path):
    (tmp_path / "card.md").write_text("---\nco2_eq_emissions: 3\n---\n")
    assert brizna("verify", SOUND).returncode == 0
    assert brizna("verify", SOUND, BROKEN).returncode == 1
    assert brizna("verify", "card.md").returncode == 4
    assert brizna("verify", "card.md", SOUND).returncode == 4
    assert brizna("verify", "card.md", "--strict").returncode == 1
    assert brizna("verify", WARNED).returncode == 0
    assert brizna("verify", WARNED, "--fail-on", "warning").returncode == 1
    assert brizna("verify", "nothing-of-this-name").returncode == 2
    assert brizna("verify", SOUND, "--fail-on", "grave").returncode == 2


def test_json_and_sarif_hold_the_same_findings(brizna, tmp_path):
    done = brizna("verify", BROKEN, "--json", "--sarif", "out.sarif")
    assert done.returncode == 1
    [told] = json.loads(done.stdout)
    assert told["schema"] == "brizna.verification/1"
    failed = [one["rule"] for one in told["verdicts"] if one["result"] == "fail"]
    [run] = json.loads((tmp_path / "out.sarif").read_text())["runs"]
    assert [one["ruleId"] for one in run["results"]] == failed == ["BRZ-V011"]


def test_a_measured_run_is_verified_and_packed(brizna, tmp_path):
    assert brizna("run", "--zone", "FR", "--tag", "audit", "--", "true").returncode == 0
    assert brizna("run", "--zone", "ES", "--tag", "audit", "--", "true").returncode == 0
    done = brizna("verify", "last")
    assert done.returncode == 0, done.stdout
    done = brizna("report", "--tag", "audit", "--as", "bundle", "-o", "audit.zip")
    assert done.returncode == 0, done.stderr
    digest = next(line for line in done.stderr.splitlines() if line.startswith("sha256:"))
    done = brizna("verify", "audit.zip", "--digest", digest, "--lang", "es")
    assert done.returncode == 0, done.stdout
    assert "verificado" in done.stdout
    (tmp_path / "audit.zip").write_bytes((tmp_path / "audit.zip").read_bytes() + b"x")
    assert brizna("verify", "audit.zip").returncode == 1


def test_rules_are_listed(brizna):
    told = json.loads(brizna("verify", "--list", "--json").stdout)
    assert {"id", "severity", "title", "todo", "reference"} == set(told[0])
    assert "BRZ-V012" in brizna("verify", "--list", "--lang", "es").stdout
