"""Whoever reads Spanish reads what went wrong in Spanish, with the same exit codes."""

from __future__ import annotations

import json
import os

import pytest

SPANISH = {"BRIZNA_LANG": "es"}


def failed(done, code):
    """Return what a command that failed with this code said."""
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert done.stderr.startswith("brizna: ")
    return done.stderr.removeprefix("brizna: ").strip()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("shw",), 2, "'shw' no es una orden. ¿Quizá 'show'?"),
        (("runs", "lst"), 2, "'lst' no es algo que se pueda hacer con ejecuciones."),
        (("show", "nothing"), 2, "Aún no hay ninguna ejecución en este almacén."),
        (("show", "last", "more"), 2, "argumentos no reconocidos: more. Consulte:"),
        (("compare",), 2, "faltan estos argumentos:"),
        (("runs", "list", "--limit", "x"), 2, "argumento --limit: valor de int no válido: 'x'"),
        (("runs", "prune"), 2, "¿Qué ejecuciones? Indique --keep-last"),
        (("runs", "import", "none.zip"), 2, "No se puede leer 'none.zip'"),
        (("account", "none.json"), 2, "No se puede leer 'none.json'"),
        (("mark", "train"), 3, "Este proceso no está dentro de ninguna ejecución"),
        (("mark", "--end"), 3, "no hay nada que marcar ni contar"),
        (("run",), 125, "no se ha dado ninguna orden"),
        (("run", "--interval", "0", "--", "true"), 125, "interval es '0' (opción), pero se"),
        (("run", "--pue", "low", "--", "true"), 125, "pero se esperaba: un número."),
        (("run", "--zone", "Spian", "--", "true"), 125, "¿Quizá ES (España)"),
        (("run", "--unit", "few", "--", "true"), 125, "--unit es 'few', pero se esperaban"),
        (("run", "--", "no-such-command"), 127, "No se encontró la orden 'no-such-command'"),
    ],
)
def test_wrong_use_is_told_in_spanish(brizna, words, code, said):
    assert said in failed(brizna(*words, environ={**SPANISH, "BRIZNA_RUN": ""}), code)


@pytest.mark.parametrize("place", [("--lang", "es"), ("--lang=es",)])
def test_the_option_chooses_the_language_of_errors(brizna, place):
    assert "no es una orden" in failed(brizna(*place, "shw"), 2)


def test_what_is_no_case_is_told_in_spanish(brizna):
    said = failed(brizna("account", "-", given="four devices", environ=SPANISH), 2)
    assert said.startswith("la entrada estándar no es JSON: ")
    case = {"energy_kwh": 1, "functional_unit": {"name": "answer", "count": 0}}
    said = failed(brizna("account", "-", given=json.dumps(case), environ=SPANISH), 2)
    assert "debe ser mayor que 0" in said
    case = {"devices": [{"power_w": 300, "number": 4}], "duration_h": 1}
    said = failed(brizna("account", "-", given=json.dumps(case), environ=SPANISH), 2)
    assert "devices[0] tiene un campo 'number' que brizna no conoce." in said


def test_a_variable_that_is_no_setting_is_told_in_spanish(brizna):
    done = brizna("doctor", environ={**SPANISH, "BRIZNA_ZON": "ES"})
    assert "La variable de entorno BRIZNA_ZON define 'zon'" in failed(done, 2)


def test_a_run_that_means_several_is_told_in_spanish(brizna):
    for _ in range(2):
        brizna("run", "--quiet", "--name", "twice", "--", "true")
    said = failed(brizna("show", "twice", environ=SPANISH), 2)
    assert said.startswith("'twice' se refiere a 2 ejecuciones;")


def test_a_changed_record_is_told_in_spanish_wherever_it_is_met(brizna, tmp_path):
    brizna("run", "--quiet", "--name", "one", "--", "true")
    record = next((tmp_path / "store" / "runs").glob("*/run.json"))
    record.write_bytes(record.read_bytes().replace(b'"one"', b'"two"'))
    assert "se cambió después" in failed(brizna("show", environ=SPANISH), 1)
    listed = brizna("runs", "list", environ=SPANISH)
    assert "se cambió después" in listed.stderr
    assert "was" not in listed.stderr


def test_an_error_inside_an_error_is_told_in_spanish(brizna, tmp_path):
    brizna("run", "--quiet", "--name", "one", "--", "true")
    record = next((tmp_path / "store" / "runs").glob("*/run.json"))
    record.write_bytes(b"{")
    (record.parent / "journal.jsonl").unlink()
    listed = brizna("runs", "list", environ=SPANISH).stderr
    assert "run.json: " in listed
    assert brizna("show", environ=SPANISH).returncode == 1


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_store_that_cannot_be_written_is_one_warning_in_the_language(brizna, tmp_path, lang):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = brizna("run", "--store", str(tmp_path / "file"), "--lang", lang, "--", "true")
    assert done.returncode == 0
    warning = done.stderr.splitlines()[-1]
    spanish = "No se puede crear ninguna ejecución" in warning and "No se pudieron" in warning
    english = "No run can be made" in warning and "events could not be written" in warning
    assert (english, spanish) == (lang == "en", lang == "es")


def test_where_a_setting_comes_from_is_told_in_spanish(brizna):
    shown = brizna("config", "show", "--origin", environ={**SPANISH, "BRIZNA_PUE": "1.2"}).stdout
    assert "entorno BRIZNA_PUE" in shown
    assert "por defecto" in shown


def test_the_doctor_says_in_spanish_how_the_zone_is_known(brizna):
    assert "Zona: FR (indicada)" in brizna("doctor", "--zone", "FR", environ=SPANISH).stdout


@pytest.mark.skipif(os.name == "nt", reason="there is no procfs")
def test_what_is_damaged_in_a_journal_is_told_in_spanish(brizna, tmp_path):
    brizna("run", "--quiet", "--zone", "ES", "--", "true")
    journal = next((tmp_path / "store" / "runs").glob("*/journal.jsonl"))
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:-2], b"0" + lines[-2][1:], lines[-1]]))
    for made in journal.parent.glob("*.json"):
        made.unlink()
    for made in journal.parent.glob("records/*"):
        made.unlink()
    assert "1 línea del diario está dañada" in brizna("show", environ=SPANISH).stdout
