"""An error's message is a template with values: it survives copies, and every raise fits it."""

from __future__ import annotations

import ast
import copy
import pickle
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core import errors
from brizna.core.errors import BriznaError, CoverageError, InputError, Said

SOURCE = Path(__file__).resolve().parents[2] / "src" / "brizna"
MARKS = {name for name, kind in vars(errors).items() if isinstance(kind, type)}


def calls():
    """Yield every call of an error or `Said` in the package with the place where it stands."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKS:
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def literal(call):
    """Return a call's template, None where it is a plain value that was said elsewhere."""
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) else None


def test_a_message_without_values_is_taken_as_it_is():
    assert str(InputError('Give {"power_w": 300}.')) == 'Give {"power_w": 300}.'


def test_values_stand_where_the_template_names_them():
    error = InputError("{name!r} is not a unit; known: {known}.", name="Wh", known="J, W")
    assert str(error) == "'Wh' is not a unit; known: J, W."
    assert (error.text, error.values["name"]) == ("{name!r} is not a unit; known: {known}.", "Wh")


def test_a_hint_is_a_value_that_is_said_too():
    hint = Said(" Did you mean {name}?", name="ES")
    assert str(InputError("{text} is no zone.{hint}", text="EZ", hint=hint)) == (
        "EZ is no zone. Did you mean ES?"
    )


@given(st.text(), st.floats(allow_nan=False), st.text(alphabet="{}ab"))
def test_an_error_crosses_to_another_process_and_back(name, value, nested):
    hint = Said("{what}", what=nested)
    error = CoverageError(
        "{name} is {value}.{hint}", name=name, value=value, hint=hint, cause=InputError(nested)
    )
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):  # noqa: S301 - ours
        assert type(again) is CoverageError
        assert (str(again), again.text) == (str(error), error.text)
        assert str(again.values["cause"]) == nested


@pytest.mark.parametrize("kind", BriznaError.__subclasses__())
def test_every_error_takes_values(kind):
    assert str(kind("It is {count}.", count=2)) == "It is 2."


def test_no_message_is_put_together_before_it_can_be_translated():
    put_together = {
        where: ast.unparse(call)
        for where, call in calls()
        if call.args and not isinstance(call.args[0], (ast.Constant, ast.Name, ast.Attribute))
    }
    assert not put_together


def test_each_message_names_just_the_values_that_it_is_given():
    wrong = {}
    for where, call in calls():
        text, given_names = literal(call), {keyword.arg for keyword in call.keywords}
        if text is None or not given_names:
            continue
        named = {field for _, field, _, _ in Formatter().parse(text) if field is not None}
        if named != given_names or not all(name.isidentifier() for name in named):
            wrong[where] = (named, given_names)
    assert not wrong


def test_a_message_without_values_names_none():
    assert not [
        where for where, call in calls() if not call.keywords and "{" in (literal(call) or "")
    ]


def test_values_are_kept_apart_by_words_so_that_a_stored_sentence_can_be_read_back():
    touching = []
    for where, call in calls():
        if not call.keywords or not literal(call):
            continue
        parts = list(Formatter().parse(literal(call)))
        if any(not words and index for index, (words, field, _, _) in enumerate(parts) if field):
            touching.append(where)
    assert not touching
