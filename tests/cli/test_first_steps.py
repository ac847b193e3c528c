"""What a newcomer meets first: languages, settings files, and what is said of wrong input."""

from __future__ import annotations

import pytest

EMPTY = {"en": "No runs yet.", "es": "Aún no hay ejecuciones."}


def test_settings_file_chooses_the_language(brizna, tmp_path):
    (tmp_path / "brizna.toml").write_text('lang = "es"\n', encoding="utf-8")
    assert EMPTY["es"] in brizna("runs").stdout
    assert EMPTY["en"] in brizna("runs", "--lang", "en").stdout
    assert EMPTY["en"] in brizna("runs", environ={"BRIZNA_LANG": "en"}).stdout


def test_settings_file_wins_over_the_language_of_the_system(brizna, tmp_path):
    (tmp_path / "brizna.toml").write_text('lang = "en"\n', encoding="utf-8")
    assert EMPTY["en"] in brizna("runs", environ={"LANG": "es_ES.UTF-8"}).stdout


def test_broken_settings_file_keeps_nobody_from_the_help(brizna, tmp_path):
    (tmp_path / "brizna.toml").write_text("zon = 1\n", encoding="utf-8")
    assert brizna("run", "--help").returncode == 0
    assert "Did you mean 'zone'?" in brizna("doctor").stderr


@pytest.mark.parametrize("words", [("--lang", "es"), ("--lang=es",)])
def test_language_may_stand_before_the_command(brizna, words):
    assert EMPTY["es"] in brizna(*words, "runs").stdout
    assert "uso: brizna ORDEN" in brizna(*words, "--help").stdout


def test_terminal_without_micro_sign_shows_a_letter_for_it(brizna):
    plain = {"PYTHONIOENCODING": "ascii"}
    brizna("run", "--zone", "ES", "--quiet", "--", "true")
    shown = brizna("show", environ=plain).stdout
    assert shown.isascii()
    assert "?" not in shown


def test_case_that_is_no_json_is_wrong_use(brizna):
    done = brizna("account", "-", given="four devices for ten hours")
    assert done.returncode == 2
    assert "is not JSON" in done.stderr
    assert "Restore" not in done.stderr


def test_config_shows_the_settings_without_being_told_to(brizna):
    assert brizna("config").stdout == brizna("config", "show").stdout


def test_an_age_without_a_unit_removes_nothing(brizna):
    done = brizna("runs", "prune", "--older-than", "30")
    assert done.returncode == 2
    assert "30d" in done.stderr


def test_prune_without_a_limit_names_the_options(brizna):
    done = brizna("runs", "prune")
    assert done.returncode == 2
    assert "--keep-last, --older-than" in done.stderr


def test_number_in_words_is_refused_in_plain_words(brizna):
    assert "but a number was expected" in brizna("run", "--pue", "low", "--", "true").stderr


def test_missing_archive_is_wrong_use(brizna):
    done = brizna("runs", "import", "nowhere.zip")
    assert done.returncode == 2
    assert "runs export" in done.stderr


@pytest.mark.parametrize(
    ("text", "code"), [("tool = 3", 0), ("[tool]\nbrizna = 3", 2), ("[tool.brizna]\nzone = 3", 2)]
)
def test_strange_project_file_is_refused_or_left_to_its_owner(brizna, tmp_path, text, code):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    done = brizna("config")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_unit_of_work_that_cannot_divide_is_refused_before_the_command_starts(brizna):
    done = brizna("run", "--unit", "inf answers", "--", "echo", "started")
    assert (done.returncode, done.stdout) == (125, "")


def test_tag_that_no_run_has_is_said(brizna):
    brizna("run", "--quiet", "--tag", "one", "--", "true")
    assert "No run has the tag 'two'" in brizna("runs", "list", "--tag", "two").stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--fix", "--baseline"), "one at a time"),
        (("--duration", "10s"), "add --baseline"),
        (("--baseline", "--duration", "5s"), "at least 10 s"),
    ],
)
def test_options_of_doctor_that_do_not_go_together_are_refused_at_once(brizna, options, said):
    done = brizna("doctor", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Watching" not in done.stderr


def test_doctor_says_where_the_zone_comes_from(brizna, tmp_path):
    shown = brizna("doctor", environ={"BRIZNA_ZONE": "ES"}).stdout
    assert "Zone: ES (from the environment, BRIZNA_ZONE)" in shown
    (tmp_path / "brizna.toml").write_text('zone = "FR"\n', encoding="utf-8")
    shown = brizna("doctor").stdout
    assert "Zone: FR (" in shown
    assert "brizna.toml)" in shown
