"""``brizna charge`` and ``brizna budget``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

RUN = ("run", "--zone", "ES", "--quiet", "--name", "t", "--tag", "team:a")


def test_a_failed_run_is_charged_to_the_one_that_succeeds(brizna, shown):
    assert brizna(*RUN, "--", "false").returncode == 1
    assert brizna(*RUN, "--stage", "pre-training", "--", "true").returncode == 0
    found = shown("charge", "--tag", "team:a")
    [run] = found["runs"]
    assert len(run["failed_runs"]) == 1
    own, lost = (run[part]["energy_j"]["best"] for part in ("own", "failed"))
    assert run["together"]["energy_j"]["best"] == pytest.approx(own + lost)
    assert "(1)" in brizna("charge").stdout
    assert shown("show")["tags"] == ["team:a", "stage:pre-training"]


def test_idle_time_of_a_reservation_is_charged_too(brizna, shown):
    brizna(*RUN, "--", "true")
    started = datetime.fromisoformat(shown("show")["started"])
    times = [one.isoformat() for one in (started - timedelta(hours=1), datetime.now(UTC))]
    words = ("--reserved", *times, "--idle-power", "100")
    found = shown("charge", *words, "--zone", "ES")
    [run] = found["runs"]
    assert run["idle"]["energy_j"]["best"] == pytest.approx(100 * 3600, rel=0.01)
    assert run["idle"]["carbon_g"]["best"] > 0
    assert brizna("charge", *words[:3]).returncode == 2
    coming = f"{started + timedelta(days=1):%Y-%m-%dT%H:%M}"
    done = brizna("charge", "--reserved", times[0], coming, "--idle-power", "100")
    assert done.returncode == 2
    assert "still to come" in done.stderr


def test_a_stage_that_does_not_exist_is_refused_before_anything_runs(brizna):
    done = brizna(*RUN, "--stage", "trianing", "--", "true")
    assert done.returncode == 125
    assert "no stage of an AI system" in done.stderr


def test_budgets_of_a_file_stand_as_the_runs_say(brizna, shown, tmp_path):
    brizna(*RUN, "--", "true")
    year = shown("show")["started"][:4]
    file = tmp_path / "budgets.toml"
    text = '[[budget]]\nname = "{}"\nlimit = "{}"\nfrom = {y}-01-01\nto = {y}-12-31\ntags = [{}]\n'
    file.write_text(text.format("big", "5 MWh", '"team:a"', y=year), encoding="utf-8")
    assert brizna("budget").returncode == 0
    [state] = shown("budget")
    assert state["state"] == "kept"
    assert state["runs"] == 1
    file.write_text(text.format("tiny", "1e-9 kg", "", y=year), encoding="utf-8")
    done = brizna("budget", "--lang", "es")
    assert done.returncode == 1
    assert "superado" in done.stdout


def test_one_budget_can_be_given_in_words(brizna, shown):
    brizna(*RUN, "--", "true")
    year = shown("show")["started"][:4]
    period = ("--from", f"{year}-01-01", "--to", f"{year}-12-31")
    done = brizna("budget", "--limit", "3 EUR", *period)
    assert done.returncode == 4  # no tariff was given: nobody knows what it cost
    assert "at least this was spent" in done.stdout
    assert brizna("budget", "--limit", "3 EUR", *period, "--strict").returncode == 1
    assert brizna("budget", "--limit", "3 apples", *period).returncode == 2
    assert brizna("budget", "--limit", "3 kg").returncode == 2
    assert brizna("budget", "none.toml").returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("budget", "--limit", "1 kg", "--from", "2026-01-01", "--to", "2026-12-31"),
        ("charge",),
        ("runs", "total"),
        ("sci", "--unit", "1 run"),
        ("reuse", "--find", "x", "--also"),
    ],
)
def test_a_store_that_was_named_and_is_not_there_is_wrong_use(brizna, words):
    """The sum of a store that was mistyped is no zero."""
    named = ("nowhere",) if words[-1] == "--also" else ("--store", "nowhere")
    done = brizna(*words, *named)
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "No runs are kept" in done.stderr
    assert "No se guardan" in brizna(*words, *named, "--lang", "es").stderr


def test_a_store_that_nobody_named_and_is_not_there_yet_is_said(brizna, tmp_path):
    home = {"BRIZNA_STORE": "", "XDG_DATA_HOME": str(tmp_path / "data")}
    done = brizna("runs", "total", environ=home)
    assert done.returncode == 0
    assert "No run has been kept in" in done.stderr


def test_the_last_day_of_a_budget_is_told_as_it_was_given(brizna):
    brizna(*RUN, "--", "true")
    words = ("budget", "--limit", "1 MWh", "--from", "2026-01-01", "--to")
    assert "2026-01-01 to 2099-12-31, both" in brizna(*words, "2099-12-31").stdout
    done = brizna(*words, "2025-12-31")
    assert done.returncode == 2
    assert "2025-12-31" in done.stderr
    assert "2026-01-01:" not in done.stderr.replace("2025-12-31:", "")


THIS_CENTURY = ("--from", "2026-01-01", "--to", "2099-12-31")
SUMS = (
    ("budget", "--limit", "5 MWh", *THIS_CENTURY),
    ("charge",),
    ("bill", "bill.csv"),
    ("runs", "total"),
)
BILL = (
    "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,"
    "ConsumedUnit,ResourceId,ServiceCategory\n"
    "3.06,USD,Usage,2026-01-01T00:00:00Z,2099-12-31T00:00:00Z,1,Hours,i-1,Compute\n"
)


def spoil(path):
    """Flip a byte in the middle of a file and return the name that its trouble is told under."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(data)
    for cache in path.parents[1].glob("index*"):
        cache.unlink()


@pytest.mark.parametrize("kept_as", ["run", "pack"])
def test_no_sum_passes_over_what_cannot_be_read(brizna, tmp_path, kept_as):
    brizna(*RUN, "--", "true")
    brizna(*RUN, "--", "true")
    (tmp_path / "bill.csv").write_text(BILL, encoding="utf-8")
    store = tmp_path / "store"
    if kept_as == "pack":
        assert brizna("runs", "pack", "--keep-last", "1").returncode == 0
        [path] = (store / "packs").iterdir()
        named = path.name
    else:
        path = min((store / "runs").iterdir()) / "run.json"
        named = path.parent.name
    spoil(path)
    for words in SUMS:
        done = brizna(*words)
        assert done.returncode == 4, words
        assert named in done.stdout + done.stderr
        assert "at least" in done.stdout + done.stderr
        found = json.loads(brizna(*words, "--json").stdout)
        assert list((found[0] if words[0] == "budget" else found)["unreadable"]) == [named]
    assert "no se puede leer" in brizna("charge", "--lang", "es").stdout


def test_a_limit_that_was_reached_already_is_not_foretold(brizna):
    brizna(*RUN, "--", "true")
    done = brizna("budget", "--limit", "1e-12 kg", *THIS_CENTURY)
    assert done.returncode == 1
    assert "at this pace" not in done.stdout
    assert "has been reached" in done.stdout


def test_where_no_run_counts_nothing_is_charged_in_a_sentence(brizna):
    brizna(*RUN, "--", "true")
    done = brizna("charge", "--tag", "team:nobody")
    assert done.returncode == 0
    assert done.stdout == "No run that has ended counts, so there is nothing to charge.\n"


def test_an_empty_word_finds_nothing_to_reuse(brizna):
    brizna(*RUN, "--", "true")
    done = brizna("reuse", "--find", "")
    assert done.returncode == 2
    assert "--find is empty" in done.stderr
