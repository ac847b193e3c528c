"""``brizna report --as manager`` as a person types it."""

from __future__ import annotations

import json

import pytest

from brizna.cli import main


@pytest.fixture
def two_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["run", "--quiet", "--zone", "ES", "--store", str(tmp_path / "store")]
    assert main([*words, "--name", "one", "--tag", "team:vision", "--", "true"]) == 0
    assert main([*words, "--name", "two", "--tag", "project:x", "--", "false"]) == 1


@pytest.mark.usefixtures("two_runs")
def test_the_manager_gets_a_page_a_pdf_or_the_figures(brizna, tmp_path):
    assert brizna("report", "--as", "manager").stdout.startswith("<!doctype html>")
    assert brizna("report", "--as", "manager", "-o", "month.pdf").returncode == 0
    assert (tmp_path / "month.pdf").read_bytes().startswith(b"%PDF")
    done = brizna("report", "--as", "manager.pdf", "--team", "vision", "--figures", "--lang", "es")
    assert "Energía: " in done.stdout or "energía: " in done.stdout
    assert "--tag team:vision" in done.stdout
    told = json.loads(brizna("report", "--as", "manager", "--json").stdout)
    assert (told["schema"], told["runs"], told["failed"]) == ("brizna.overview/1", 2, 1)


@pytest.mark.usefixtures("two_runs")
def test_a_command_of_an_origin_gives_the_number_again(brizna):
    told = json.loads(brizna("report", "--as", "manager", "--json").stdout)
    words = told["explain"]["now"].split()
    again = json.loads(brizna(*words[1:]).stdout)
    [carbon] = [one["now"] for one in told["figures"] if one["figure"] == "carbon_g"]
    sums = again["whole"] or again["groups"][0]
    [value] = [one["value"] for one in sums["totals"] if one["figure"] == "carbon_g"]
    for end in ("low", "best", "high"):
        assert value[end] == pytest.approx(carbon[end])


@pytest.mark.usefixtures("two_runs")
def test_budgets_of_the_directory_are_taken_and_a_missing_file_is_wrong_use(brizna, tmp_path):
    text = '[[budget]]\nname = "all of it"\nlimit = "1 t"\nfrom = 2000-01-01\nto = 2099-12-31\n'
    (tmp_path / "budgets.toml").write_text(text, encoding="utf-8")
    assert "all of it" in brizna("report", "--as", "manager").stdout
    done = brizna("report", "--as", "manager", "--budgets", "none.toml")
    assert done.returncode == 2
    assert "none.toml" in done.stderr


@pytest.mark.usefixtures("two_runs")
@pytest.mark.parametrize(
    "words", [("last",), ("--period", "2999"), ("--facts", "x.toml"), ("--into", "card.md")]
)
def test_what_the_report_is_not_about_is_wrong_use(brizna, words):
    assert brizna("report", *words, "--as", "manager").returncode == 2
    assert brizna("report", "--as", "manager.docx").returncode == 2


def test_the_form_is_listed_with_its_media(brizna):
    listed = json.loads(brizna("report", "--list", "--json").stdout)
    [manager] = [one for one in listed if one["form"] == "manager"]
    assert manager["media"] == [".html", ".pdf"]
