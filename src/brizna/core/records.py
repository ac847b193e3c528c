"""Records: frozen, slotted, keyword-only values that survive encode and decode unchanged.

A class that inherits from `Record` lists its fields as annotations, like a dataclass, at a
fraction of a dataclass's import time (this is on the way of every ``brizna run``)::

    class Gap(Record):
        reason: str
        end_us: int | None = None

Fields that JSON cannot hold by itself say how to read them back in ``_forms``, a mapping from
field name to a function; ``to_json`` writes them through their own ``to_json``. Fields that a
schema got after records of it were kept stand in ``_later``: ``to_json`` leaves them out where
they say nothing, so that an older record has the bytes it always had. Fields named with a unit
suffix (``energy_j``) hold estimates or plain numbers in that unit.
"""

from __future__ import annotations

from brizna.core.errors import SchemaError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> object:
        """Stand in for typing's decorator, whose module is too slow to import here."""
        return lambda decorated: decorated


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _RecordType(type):
    """Makes slots of the annotated fields and keeps their defaults.

    Needs ``from __future__ import annotations`` in the defining module: only then do all Python
    versions leave plain text annotations in the class namespace.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _RecordType:
        fields = [
            field
            for field, kind in namespace.get("__annotations__", {}).items()
            if not str(kind).startswith("ClassVar")
        ]
        defaults = {field: namespace.pop(field) for field in fields if field in namespace}
        namespace["__slots__"] = tuple(fields)
        made = super().__new__(cls, name, bases, namespace)
        inherited_fields: tuple[str, ...] = ()
        inherited_defaults: dict[str, Any] = {}
        for base in bases:
            inherited_fields += getattr(base, "_fields", ())
            inherited_defaults.update(getattr(base, "_defaults", {}))
        made._fields = (*inherited_fields, *fields)  # pyright: ignore[reportAttributeAccessIssue]
        made._defaults = {**inherited_defaults, **defaults}  # pyright: ignore[reportAttributeAccessIssue]
        return made


class Record(metaclass=_RecordType):
    """A frozen value with named fields; equal when type and fields are equal."""

    _fields: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]
    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    _later: ClassVar[tuple[str, ...]] = ()
    schema: ClassVar[str | None] = None
    """Name and version of a record that is stored on its own, e.g. ``brizna.run/1``."""

    def __init__(self, **values: Any) -> None:
        fields = self._fields
        for name in values:
            if name not in fields:
                raise TypeError(
                    f"{type(self).__name__} has no field {name!r}: {', '.join(fields)}."
                )
        keep = object.__setattr__
        for name in fields:
            if name in values:
                keep(self, name, values[name])
            elif name in self._defaults:
                keep(self, name, self._defaults[name])
            else:
                raise TypeError(f"{type(self).__name__} needs {name!r}.")
        self._check()

    def _check(self) -> None:
        """Validate the fields; raise InputError where one cannot be right."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: use replace().")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen.")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._fields)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self._fields)))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({inner})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._fields}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """Return the names of the fields."""
        return cls._fields

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return type(self)(**{**self.__getstate__(), **changes})

    def to_json(self) -> dict[str, Any]:
        """Return the record's JSON value, ``schema`` first where it has one."""
        head = {"schema": self.schema} if self.schema else {}
        later, defaults = self._later, self._defaults
        return head | {
            name: _plain(getattr(self, name))
            for name in self._fields
            if name not in later or getattr(self, name) != defaults.get(name)
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the record that `to_json` wrote.

        Raises:
            SchemaError: If it is another record, another version, or lacks a field, or if a field
                holds what it cannot.
        """
        if not hasattr(data, "items"):
            raise SchemaError(
                "Expected a {kind} as a JSON object, but saw {data!r:.80}.",
                kind=cls.__name__,
                data=data,
            )
        values = dict(data)
        seen = values.pop("schema", None)
        if seen != cls.schema:
            raise SchemaError(
                "This record says schema {seen!r}, but {expected!r} was expected. A newer number "
                "needs a newer brizna: pip install --upgrade brizna.",
                seen=seen,
                expected=cls.schema,
            )
        missing = [n for n in cls._fields if n not in values and n not in cls._defaults]
        unknown = [name for name in values if name not in cls._fields]
        if missing or unknown:
            raise SchemaError(
                "A {kind} record lacks {missing} and has unknown {unknown}: it was changed by "
                "hand or written by another version.",
                kind=cls.schema or cls.__name__,
                missing=missing,
                unknown=unknown,
            )
        forms = cls._forms
        try:
            for name, form in forms.items():
                if values.get(name) is not None:
                    values[name] = form(values[name])
            return cls(**values)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise SchemaError(
                "A {kind} record cannot be right ({error}): restore it from a copy.",
                kind=cls.schema or cls.__name__,
                error=error,
            ) from error


def each(form: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the form of a list whose members have this form."""
    return lambda data: tuple(map(form, data))


def _plain(value: Any) -> Any:
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value
