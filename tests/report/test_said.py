"""What other rooms say reaches people in their language: errors, hints in them, stored notes."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import CoverageError, InputError, IntegrityError, Said
from brizna.core.factors import nearest
from brizna.core.quantities import CarbonIntensity, Duration
from brizna.grid import find_zone, intensity
from brizna.report import said, stored

TOOL = Path(__file__).resolve().parents[2] / "tools" / "texts.py"


@pytest.fixture(scope="module")
def tool():
    """The script that keeps translations in step."""
    spec = importlib.util.spec_from_file_location("texts_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_error_is_english_for_python_and_spanish_for_who_reads_spanish():
    error = InputError("The interval is {interval_s} s: expected more than 0.", interval_s=0.5)
    assert str(error) == "The interval is 0.5 s: expected more than 0."
    assert said(error, "en") == str(error)
    assert said(error, "es") == "El intervalo es de 0,5 s: se esperaba más de 0."


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (Duration, "foo", "'foo' no sirve de duración: se esperaban un número y una unidad"),
        (Duration, "nan", "nan no sirve de duración: se esperaba un número finito de s."),
        (CarbonIntensity, "x", "'x' no sirve de intensidad de carbono:"),
    ],
)
def test_what_is_no_quantity_is_told_with_the_word_for_its_kind(kind, text, told):
    with pytest.raises(InputError) as caught:
        kind.parse(text)
    assert said(caught.value, "es").startswith(told)
    assert f" is no {kind.noun}: expected" in str(caught.value)


def test_an_error_inside_an_error_is_in_the_same_language():
    inner = InputError("A tariff needs a currency, and a currency a tariff: give both.")
    outer = IntegrityError(
        "A {kind} record cannot be right ({error}): restore it from a copy.",
        kind="brizna.run/1",
        error=inner,
    )
    assert str(inner) in str(outer)
    assert said(inner, "es") in said(outer, "es")
    assert "tariff" not in said(outer, "es")


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("spian", ["spain"], " ¿Quizá 'spain'?"),
        ("aab", ["aaa", "aabb"], " ¿Quizá 'aabb' o 'aaa'?"),
        ("qqqq", ["spain"], ""),
    ],
)
def test_what_may_have_been_meant_is_suggested_in_the_language_of_the_error(name, known, told):
    assert said(nearest(name, known), "es") == told


def test_a_zone_is_suggested_by_its_name_in_the_language():
    with pytest.raises(InputError, match="ES \\(Spain\\)") as caught:
        find_zone("Spian")
    assert "ES (España)" in said(caught.value, "es")


def test_what_the_tables_say_of_a_zone_is_told_in_the_language():
    with pytest.raises(CoverageError, match="isolated") as caught:
        intensity("ES-IB")
    assert "aislado" in said(caught.value, "es")


def test_a_stored_sentence_is_recognised_by_the_words_around_its_values():
    assert stored("damaged journal: 3 lines lost", "es") == "diario dañado: 3 líneas perdidas"
    assert stored("damaged journal: 3 lines lost", "en") == "damaged journal: 3 lines lost"


def test_a_stored_sentence_inside_another_is_translated_too_and_a_name_is_not():
    text = "not known in the run name: unreadable: Permission denied"
    assert stored(text, "es") == "no se conoce en la ejecución name: ilegible: permiso denegado"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("9 events could not be written: full.", "No se pudieron escribir 9 eventos: full."),
        ("9 events could not be written: ", "9 events could not be written: "),
        ("/a: only 3 of 12 bytes were taken", "/a: solo se aceptaron 3 de 12 bytes"),
        (
            "0.3 (0.1 to 0.4) W: Someone, no year stated",
            "0.3 (0.1 a 0.4) W: Someone, año no indicado",
        ),
    ],
)
def test_values_are_found_wherever_they_stand(text, told):
    assert stored(text, "es") == told


@pytest.mark.parametrize(
    "text", ["unreadable: " * 20_000, "." * 20_000, "(" * 9_000 + " to " * 9_000 + ")" * 9_000]
)
def test_a_record_that_somebody_made_to_be_hard_to_read_is_shown_at_once(text):
    assert len(stored(text, "es")) > 1_000


def test_a_full_stop_that_was_added_hides_no_sentence():
    assert stored("fewer than two readings.", "es") == "menos de dos lecturas."


def test_a_sentence_that_nobody_translated_stays_as_it_is():
    assert stored("My own meter is on holiday {today}.", "es") == (
        "My own meter is on holiday {today}."
    )


@given(st.text(max_size=60))
def test_any_text_can_be_shown(text):
    assert isinstance(stored(text, "es"), str)
    assert repr(text) in said(Said("There is no file {name!r}.", name=text), "es")


@pytest.mark.parametrize(
    ("read", "given", "told"),
    [
        (json.loads, "[1 2]", "se esperaba el separador ',': línea 1, columna 4 (carácter 3)"),
        (tomllib.loads, "a = ", "valor no válido (al final del documento)"),
        (bytes.decode, b"\xff{", ("el byte 0xff de la posición 0 no se puede leer como utf-8: "
            "byte inicial no válido")),
        (open, "/none/all", "[error 2] no existe ese archivo o carpeta: '/none/all'"),
    ],
)  # fmt: skip
def test_what_python_says_of_bytes_it_cannot_read_is_told_in_the_language_of_the_whole(
    read, given, told
):
    with pytest.raises((ValueError, OSError)) as caught:
        read(given)
    message = InputError("{path!r} cannot be read: {reason}.", path="x", reason=caught.value)
    assert said(message, "es") == f"No se puede leer 'x': {told}."
    assert said(message, "en") == f"'x' cannot be read: {caught.value}."


def test_a_translation_uses_the_values_of_its_template_in_the_same_form(tool):
    for message in tool.read("es"):
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        for form in filter(None, forms):
            fields = {tuple(field[1:]) for field in tool.Formatter().parse(form) if field[1]}
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            asked = {
                tuple(field[1:])
                for template in ids
                for field in tool.Formatter().parse(template)
                if field[1]
            }
            assert fields == asked, message.id
