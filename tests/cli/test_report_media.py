"""``brizna report`` writes a form in the medium that its file's suffix or its name says."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("typst")


@pytest.fixture
def a_run(brizna):
    done = brizna("run", "--quiet", "--zone", "ES", "--name", "one", "--", "true")
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("a_run")
@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".pdf", b"%PDF-1.7"), (".html", b"<!doctype html>"), (".json", b"{"), (".md", b"# ")],
)
def test_the_suffix_of_the_file_chooses_the_medium(brizna, tmp_path, suffix, start):
    path = tmp_path / f"sheet{suffix}"
    done = brizna("report", "one", "--as", "ai-act", "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert path.read_bytes().startswith(start)


@pytest.mark.usefixtures("a_run")
def test_the_name_of_the_form_can_say_the_medium_and_wins(brizna, tmp_path):
    told = json.loads(brizna("report", "one", "--as", "mdf.json").stdout)
    assert (told["schema"], told["form"]) == ("brizna.sheet/1", "mdf")
    path = tmp_path / "sheet.txt"
    assert brizna("report", "one", "--as", "mdf.html", "-o", str(path)).returncode == 0
    assert path.read_bytes().startswith(b"<!doctype html>")


@pytest.mark.usefixtures("a_run")
def test_a_medium_that_a_form_has_not_is_wrong_use(brizna):
    done = brizna("report", "one", "--as", "mdf.docx")
    assert done.returncode == 2
    assert "docx" in done.stderr


@pytest.mark.usefixtures("a_run")
def test_what_the_sheet_lacks_is_said_in_the_language_of_the_reader(brizna):
    done = brizna("report", "one", "--as", "ghg", "--lang", "es")
    assert "brizna mide electricidad" in done.stderr
    assert "Alcance 2" in done.stdout


def test_forms_of_several_media_are_listed_with_them(brizna):
    listed = {
        form["form"]: form for form in json.loads(brizna("report", "--list", "--json").stdout)
    }
    assert listed["mdf"]["media"] == [".md", ".html", ".pdf", ".json"]
    assert listed["json"]["media"] == [".json"]
    assert "(.md .html .pdf .json)" in brizna("report", "--list").stdout


@pytest.mark.usefixtures("a_run")
@pytest.mark.parametrize("form", ["mdf", "json", "csv", "manager"])
def test_a_file_that_ends_as_no_medium_of_the_form_is_wrong_use(brizna, tmp_path, form):
    done = brizna("report", "--as", form, "-o", "report.docx")
    assert done.returncode == 2
    assert ".docx" in done.stderr
    assert not (tmp_path / "report.docx").exists()


@pytest.mark.usefixtures("a_run")
def test_an_unknown_form_names_the_manager_and_the_bundle_too(brizna):
    done = brizna("report", "--as", "nonsense")
    assert done.returncode == 2
    assert "manager, bundle" in done.stderr


@pytest.mark.usefixtures("a_run")
@pytest.mark.parametrize("form", ["mdf", "json", "pdf", "bundle", "manager"])
def test_the_instant_can_be_set_so_that_the_same_records_give_the_same_bytes(
    brizna, tmp_path, form
):
    suffix = {"pdf": ".pdf", "bundle": ".zip"}.get(form, "")
    for number in (1, 2):
        done = brizna(
            *("report", "--as", form, "-o", f"{number}{suffix}"),
            environ={"SOURCE_DATE_EPOCH": "2000000000"},
        )
        assert done.returncode == 0, done.stderr
    first, second = ((tmp_path / f"{number}{suffix}").read_bytes() for number in (1, 2))
    assert first == second
    if form == "json":
        assert b"2033-05-18T03:33:20Z" in first


@pytest.mark.usefixtures("a_run")
def test_an_instant_that_cannot_be_is_wrong_use(brizna):
    done = brizna("report", "--as", "json", environ={"SOURCE_DATE_EPOCH": "today"})
    assert done.returncode == 2
    assert "SOURCE_DATE_EPOCH" in done.stderr


@pytest.mark.usefixtures("a_run")
@pytest.mark.parametrize("form", ["manager", "bundle"])
def test_nothing_to_report_about_is_told_by_the_status(brizna, form):
    assert brizna("report", "--team", "nobody", "--as", form, "-o", "none").returncode == 3


def test_a_bundle_of_an_empty_store_is_told_by_the_status(brizna):
    words = ("--as", "bundle", "-o", "none.zip", "--store", "empty")
    assert brizna("report", *words).returncode == 3
