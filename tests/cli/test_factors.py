"""The numbers behind the figures: listed, looked up, compared, and a person's own over them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ADD = (
    *("factors", "add", "grid/ES", "--value", "45", "--low", "40", "--high", "52"),
    *("--unit", "g/kWh", "--source", "our roof", "--valid-from", "2026-01-01"),
)


def test_the_whole_set_has_a_digest_that_changes_with_a_factor(brizna, shown):
    shipped = shown("factors", "list")
    assert len(shipped["factors"]) > 1000
    assert brizna(*ADD).returncode == 0
    own = shown("factors", "list", "--factors", "factors.csv", "--as-of", "2026-11-22")
    assert shipped["digest"] != own["digest"]
    assert {one["id"] for one in own["factors"]} ^ {one["id"] for one in shipped["factors"]} == {
        "grid/ES/2023",
        "own/grid/ES/2026-01-01",
    }


def test_a_factor_is_shown_with_every_source_that_speaks_of_it(brizna):
    told = brizna("factors", "show", "grid/ES/2023").stdout
    assert "174.05 gCO2e/kWh" in told
    assert "over the sources" in told
    assert told.count("  also") == 2
    assert "sha256:" in told


def test_words_narrow_the_list_and_a_wrong_one_is_told(brizna):
    assert "1 factor, sha256:" in brizna("factors", "list", "embodied/default-gpu").stderr
    done = brizna("factors", "show", "grid/EZ")
    assert done.returncode == 3
    assert "Did you mean 'grid/" in done.stderr
    assert "Did you mean 'list'?" in brizna("factors", "lst").stderr


def test_a_run_is_accounted_for_under_the_projects_own_factors(brizna, shown, tmp_path):
    brizna(*ADD)
    (tmp_path / "brizna.toml").write_text('factors = ["factors.csv"]\n', encoding="utf-8")
    (tmp_path / "below").mkdir()
    brizna("run", "--zone", "ES", "--quiet", "--", "true")
    footprint = shown("show")["footprint"]
    intensity = footprint["assumptions"]["intensity_g_per_kwh"]
    assert intensity["best"] == 45
    [own] = [one for one in footprint["factors"] if one["id"].startswith("own/")]
    assert own["table"].endswith("factors.csv:2")
    assert own["source"] == "our roof"
    assert brizna("show", "--recompute").returncode == 0


def test_other_factors_move_figures_and_the_parts_sum(brizna, shown):
    brizna("run", "--zone", "ES", "--quiet", "--", "true")
    brizna(*ADD)
    found = shown("show", "--recompute", "--factors", "factors.csv")
    [carbon] = [one for one in found["moved"] if one["figure"] == "carbon_operational_g"]
    assert carbon["after"] - carbon["before"] == pytest.approx(
        sum(part["change"] for part in carbon["parts"])
    )
    told = brizna("show", "--recompute", "--factors", "factors.csv").stdout
    assert "carbon intensity +100%" in told
    assert "new: our roof" in told
    assert "No figure moves" in brizna("show", "--recompute", "--as-of", "2026-11-22").stdout


def test_sets_are_compared_whatever_they_come_from(brizna, shown, tmp_path):
    brizna("run", "--zone", "ES", "--quiet", "--", "true")
    brizna(*ADD)
    (tmp_path / "old.json").write_text(brizna("factors", "list", "--json").stdout, "utf-8")
    assert shown("factors", "diff", "old.json", "shipped") == []
    assert "The same factors" in brizna("factors", "diff", "last", "shipped").stdout
    changed = shown("factors", "diff", "shipped", "factors.csv", "--as-of", "2026-02-01")
    assert {(one["before"] is None, one["after"] is None) for one in changed} == {
        (False, True),
        (True, False),
    }
    earlier = shown("factors", "diff", "shipped", "shipped", "--as-of", "2022-12-31")
    assert earlier == []


def test_a_case_is_accounted_for_as_of_a_day(shown):
    case = json.dumps({"energy_kwh": 1, "zone": "ES"})
    now = shown("account", "-", given=case)["footprint"]
    then = shown("account", "-", "--as-of", "2021-12-31", given=case)["footprint"]
    assert {one["id"] for one in then["factors"]} ^ {one["id"] for one in now["factors"]} == {
        "grid/ES/2023",
        "grid/ES/2021",
        "origin/ES/2022",
        "origin/ES/2021",
    }


def test_a_factor_stated_later_than_asked_for_is_told_where_none_is_older(brizna):
    facts = {"energy_kwh": 1, "duration_h": 1, "machine": "server-dell-poweredge-r740"}
    case = json.dumps({**facts, "pue": 1.2, "intensity_g_per_kwh": 100})
    told = brizna("account", "-", "--as-of", "2005-12-31", given=case).stderr
    assert "Stated after 2005-12-31" in told
    assert "embodied/server-dell-poweredge-r740 (20" in told
    assert "Stated after" not in brizna("account", "-", given=case).stderr


def test_a_wrong_table_or_day_stops_before_the_command_starts(brizna, tmp_path):
    (tmp_path / "mine.csv").write_text("id,value\n", "utf-8")
    done = brizna("run", "--factors", "mine.csv", "--", "touch", "started")
    assert done.returncode == 125
    assert "lacks the columns unit, source" in done.stderr
    assert not (tmp_path / "started").exists()
    assert "is not a day" in brizna("factors", "list", "--as-of", "soon").stderr
    assert "cannot be read" in brizna("factors", "list", "--factors", "none.csv").stderr


def test_adding_a_wrong_row_leaves_the_table_as_it_was(brizna, tmp_path):
    brizna(*ADD)
    before = (tmp_path / "factors.csv").read_bytes()
    assert brizna(*ADD[:3], "--value", "4", "--unit", "pounds", "--source", "x").returncode == 2
    assert brizna(*ADD, "--per", "card").returncode == 2
    assert (tmp_path / "factors.csv").read_bytes() == before
    assert brizna(*ADD[:-2]).returncode == 0
    assert (tmp_path / "factors.csv").read_text("utf-8").count("grid/ES") == 2


def test_adding_a_number_that_cannot_be_writes_nothing(brizna, tmp_path):
    for words, told in (
        (("pue/default", "--value", "0.5", "--unit", "1"), "expected a number from 1 up"),
        (("grid/ES", "--value", "-4", "--unit", "g/kWh"), "expected a number from 0 up"),
        (("grid/ES", "--value", "4", "--unit", "L/kWh"), "give the same kind of unit"),
        (("transfer/aws/out", "--value", "4", "--unit", "1"), "USD per GB: give the same kind"),
    ):
        done = brizna("factors", "add", *words, "--source", "x")
        assert done.returncode == 2
        assert told in done.stderr
    assert not (tmp_path / "factors.csv").exists()


def test_adding_a_row_twice_is_refused_and_an_unknown_id_is_told(brizna):
    words = ("factors", "add", "grid/EZ", "--value", "4", "--unit", "g/kWh", "--source", "x")
    assert "has the id grid/EZ" in brizna(*words).stderr
    done = brizna(*words)
    assert done.returncode == 2
    assert "factors.csv:2 and factors.csv:3 both state grid/EZ" in done.stderr


@pytest.mark.parametrize("form", ["utf-8-sig", "cp1252", "utf-16"])
def test_a_table_that_a_spanish_spreadsheet_wrote_is_read_and_added_to(brizna, tmp_path, form):
    table = "id;value;unit;source\r\ngrid/ES;45,5;g/kWh;tejado y año\r\n"
    (tmp_path / "mine.csv").write_bytes(table.encode(form))
    told = brizna("factors", "show", "own/grid/ES", "--factors", "mine.csv").stdout
    assert "45.5 g/kWh" in told
    assert "tejado y año" in told
    words = ("grid/FR", "--value", "40.5", "--unit", "g/kWh", "--source", "x")
    assert brizna("factors", "add", *words, "--file", "mine.csv").returncode == 0
    assert "grid/FR;40,5;" in (tmp_path / "mine.csv").read_text("utf-8")
    assert "40.5 g/kWh" in brizna("factors", "show", "own/grid/FR", "--factors", "mine.csv").stdout


def test_rows_that_several_add_at_once_are_all_kept(tmp_path):
    words = ["--value", "4", "--unit", "g/kWh", "--source", "x", "--file", "mine.csv"]
    start = [sys.executable, "-m", "brizna", "factors", "add"]
    going = [
        subprocess.Popen([*start, f"grid/{zone}", *words], cwd=tmp_path, stderr=subprocess.DEVNULL)
        for zone in ("ES", "FR", "DE", "IT")
    ]
    assert [one.wait(60) for one in going] == [0, 0, 0, 0]
    rows = (tmp_path / "mine.csv").read_text("utf-8").splitlines()[1:]
    assert sorted(row.partition(",")[0] for row in rows) == [
        *("grid/DE", "grid/ES", "grid/FR", "grid/IT")
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_a_column_that_the_table_lacks_is_added_to_it(brizna, tmp_path):
    first = ("grid/ES", "--value", "45", "--unit", "g/kWh", "--source", "our roof, meter 3")
    assert brizna("factors", "add", *first).returncode == 0
    later = ("grid/ES", "--value", "40", "--unit", "g/kWh", "--source", "contract")
    assert brizna("factors", "add", *later, "--valid-to", "2026-12-31").returncode == 0
    header, one, other = (tmp_path / "factors.csv").read_text("utf-8").splitlines()
    assert header.endswith(",valid_to")
    assert one.endswith(",")
    assert other.endswith(",2026-12-31")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_table_that_cannot_be_written_is_told_in_a_sentence(brizna, tmp_path):
    words = ("grid/ES", "--value", "4", "--unit", "g/kWh", "--source", "x", "--file")
    done = brizna("factors", "add", *words, str(tmp_path / "none" / "mine.csv"))
    assert done.returncode == 2
    assert "Name a table in one that can." in done.stderr
    limited = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-m", "brizna"]
    done = subprocess.run(
        [*limited, "factors", "add", *words, "full.csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("brizna: full.csv cannot be written: ")
    assert not list(tmp_path.iterdir())


def test_rows_with_days_count_where_a_run_tells_the_day_and_are_told_where_nobody_does(
    brizna, shown
):
    brizna("run", "--zone", "ES", "--quiet", "--", "true")
    brizna(*ADD)
    for words in (("last", "in-force", "--factors", "factors.csv"), ("last", "factors.csv")):
        found = shown("factors", "diff", *words)
        assert [(one["id"], one["after"] is None) for one in found] == [
            ("grid/ES/2023", True),
            ("own/grid/ES/2026-01-01", False),
        ]
    dayless = ("diff", "shipped", "in-force"), ("diff", "shipped", "factors.csv"), ("list",)
    for words in dayless:
        told = brizna("factors", *words, "--factors", "factors.csv").stderr
        assert "no day was named, so they do not count: factors.csv:2. Name one" in told
        dated = brizna("factors", *words, "--factors", "factors.csv", "--as-of", "2026-02-01")
        assert "no day was named" not in dated.stderr


def test_a_row_that_speaks_of_nothing_is_told_once_where_it_counts_for_nothing(brizna):
    brizna("factors", "add", "grif/ES", "--value", "4", "--unit", "g/kWh", "--source", "x")
    case = json.dumps({"energy_kwh": 1, "zone": "ES"})
    done = brizna("account", "-", "--factors", "factors.csv", given=case)
    assert done.returncode == 0
    assert done.stderr.count("nothing here rests on them: grif/ES (factors.csv:2)") == 1
    assert "rests on them" not in brizna("account", "-", given=case).stderr
