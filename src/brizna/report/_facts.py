"""What a person declares for the documents: what no meter can know, such as who publishes a model.

Each key is listed in `FACTS` with what it holds; another one is an error that names the nearest.
"""

from __future__ import annotations

from brizna.core.errors import InputError, Said
from brizna.core.factors import nearest
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar


class Fact(Record):
    """One thing that can be declared.

    Attributes:
        kind: The Python type of its value: str, float, bool, list (of texts) or dict (of texts and
            numbers).
        about: What it holds, in one line.
        choices: The values it can have; any if empty.
    """

    kind: type
    about: str
    choices: tuple[str, ...] = ()

    _forms: ClassVar = {}


FACTS: Mapping[str, Fact] = {
    "model": Fact(kind=str, about="name of the model"),
    "model_version": Fact(kind=str, about="its version"),
    "model_url": Fact(kind=str, about="where it is published"),
    "model_date": Fact(kind=str, about="day on which it was released, such as 2026-11-22"),
    "base_model": Fact(kind=str, about="the model that it was made from"),
    "description": Fact(kind=str, about="what the model is for, in a sentence"),
    "licence": Fact(kind=str, about="its licence, an SPDX identifier such as apache-2.0"),
    "architecture": Fact(kind=str, about="such as transformer, or decision tree"),
    "framework": Fact(kind=str, about="library that it was made with"),
    "framework_version": Fact(kind=str, about="version of that library"),
    "parameters": Fact(kind=float, about="how many parameters the model has"),
    "quantisation": Fact(kind=str, about="number format of the weights, such as int8"),
    "epochs": Fact(kind=float, about="how often the training went over its data"),
    "flop": Fact(kind=float, about="floating-point operations of the training"),
    "task": Fact(kind=str, about="what the model does, such as text-classification"),
    "stage": Fact(
        kind=str,
        about="what the runs did",
        choices=("training", "fine-tuning", "inference", "evaluation", "data-preparation"),
    ),
    "inputs": Fact(kind=list, about="what goes in: text, image, audio, video, tabular"),
    "outputs": Fact(kind=list, about="what comes out: text, image, audio, video, label"),
    "language": Fact(kind=list, about="languages of the model, such as en, es"),
    "data": Fact(kind=list, about="names of the data that was used"),
    "data_items": Fact(kind=float, about="how many examples the data had"),
    "data_source": Fact(
        kind=str, about="whose the data is", choices=("public", "private", "other")
    ),
    "data_bytes": Fact(kind=float, about="size of the data in bytes"),
    "queries": Fact(kind=float, about="how many requests the runs answered"),
    "quality": Fact(kind=float, about="what the model reached, in quality_metric"),
    "quality_metric": Fact(kind=str, about="what its quality was measured by, such as accuracy"),
    "publisher": Fact(kind=str, about="organisation that answers for the report"),
    "publisher_id": Fact(kind=str, about="its number in a register, such as a VAT number"),
    "department": Fact(kind=str, about="part of that organisation"),
    "contact": Fact(kind=str, about="whom to ask: an address, a page"),
    "author": Fact(kind=str, about="who wrote the report"),
    "country": Fact(kind=str, about="country of the machines, such as ES or Spain"),
    "location": Fact(kind=str, about="place of the machines, as one would name it"),
    "premises": Fact(
        kind=str,
        about="whose machines they are",
        choices=("on-premise", "private-cloud", "public-cloud", "other"),
    ),
    "instance": Fact(kind=str, about="kind of machine, as the provider calls it"),
    "supplier": Fact(kind=str, about="who supplies the electricity"),
    "provider": Fact(kind=str, about="who runs the machines, such as a cloud"),
    "region": Fact(kind=str, about="region of that provider"),
    "hardware": Fact(kind=str, about="machine in words, where the record does not know it"),
    "project": Fact(kind=str, about="project that the runs belong to"),
    "confidentiality": Fact(
        kind=str,
        about="who may read the report",
        choices=("public", "internal", "confidential", "secret"),
    ),
    "report_url": Fact(kind=str, about="where the report is published"),
    "fields": Fact(kind=dict, about="fields of regulatory forms, by id, that no record can fill"),
}
"""Every fact there is, by key."""

_KINDS = {
    str: Said("a text"),
    float: Said("a number from 0 up"),
    bool: Said("true or false"),
    list: Said("a list of texts"),
    dict: Said("a table of texts and numbers"),
}


class Facts(Record):
    """Facts that somebody declared.

    Attributes:
        values: By key; only those that were declared.
        origins: For each key the file that it was read from.
    """

    values: Mapping[str, Any] = {}
    origins: Mapping[str, str] = {}

    def __getitem__(self, key: str) -> Any:
        """Return a fact, or None where nobody declared it; a key that there is not is our slip."""
        assert key in FACTS, key
        return self.values.get(key)

    def over(self, others: Facts) -> Facts:
        """Return these and, where these say nothing, the others."""
        values = {**others.values, **self.values}
        for key in self.values.keys() & others.values.keys():
            if FACTS[key].kind is dict:
                values[key] = {**others.values[key], **self.values[key]}
        return Facts(values=values, origins={**others.origins, **self.origins})


def read_facts(table: Mapping[str, Any], *, where: str) -> Facts:
    """Return the facts of a table.

    Args:
        table: Keys of `FACTS` with their values.
        where: What to call its place in messages, such as its file.

    Raises:
        InputError: If a key is unknown, or a value cannot be.
    """
    for key, value in table.items():
        if key not in FACTS:
            raise InputError(
                "{where} declares {key!r}, which is nothing that a report can say.{hint} Known: "
                "{known}.",
                where=where,
                key=key,
                hint=nearest(key, FACTS),
                known=", ".join(FACTS),
            )
        wrong = _wrong(FACTS[key], value)
        if wrong is not None:
            raise InputError(
                "{key} is {value!r} ({where}), but {wrong} was expected.",
                key=key,
                value=value,
                where=where,
                wrong=wrong,
            )
    return Facts(values=dict(table), origins=dict.fromkeys(table, where))


def _wrong(fact: Fact, value: Any) -> Said | None:
    """Say what was expected instead of a value; nothing if it is right."""
    if fact.kind is float:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if is_number and 0 <= value < float("inf") else _KINDS[float]
    if fact.kind is list:
        parts: list[Any] = value if isinstance(value, list) else [None]  # pyright: ignore[reportUnknownVariableType]
        return None if all(isinstance(part, str) and part for part in parts) else _KINDS[list]
    if fact.kind is dict:
        inner: list[Any] = list(value.values()) if isinstance(value, dict) else [None]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType]
        good = all(isinstance(one, (str, int, float)) and one != "" for one in inner)
        return None if good else _KINDS[dict]
    if not isinstance(value, fact.kind) or value == "":
        return _KINDS[fact.kind]
    if fact.choices and value not in fact.choices:
        return Said("one of {choices}", choices=", ".join(fact.choices))
    return None
