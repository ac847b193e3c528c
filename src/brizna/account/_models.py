"""What language models and accelerators are: facts that estimates before a run start from."""

from __future__ import annotations

from functools import cache
from math import inf

from brizna.account._factors import ROOM
from brizna.core._tables import load
from brizna.core.errors import CoverageError, InputError, IntegrityError
from brizna.core.factors import nearest
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.core._tables import Table

_MODEL = "model/"


class LanguageModel(Record):
    """How a language model is built; None where nobody says.

    Attributes:
        name: What it is called; a model without a name is one doubt with all of its size.
        total_b: Parameters, in 1e9.
        active_b: Of these used for a token; all of them in a model without experts.
        weight_bits: Of one parameter as it is served.
        layers: How many.
        cache_numbers: In the cache of keys and values for one token, over all layers.
        experts_used: Share of its routed experts that a token visits.
        expert_layers: Share of the layers that have experts.
    """

    name: str
    total_b: float
    active_b: float
    weight_bits: float = 16
    layers: float | None = None
    cache_numbers: float | None = None
    experts_used: float | None = None
    expert_layers: float | None = None

    def _check(self) -> None:
        if not 0 < self.active_b <= self.total_b < inf:
            raise InputError(
                "{name} has {active} of {total} (1e9) parameters active for a token: expected "
                "more than 0, and of all parameters no more than there are.",
                name=self.name,
                active=self.active_b,
                total=self.total_b,
            )
        if not 1 <= self.weight_bits <= 64:
            raise InputError(
                "A weight of {bits} bits: expected 1 to 64, such as 16 or 8.", bits=self.weight_bits
            )
        for name in ("layers", "cache_numbers", "experts_used", "expert_layers"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise InputError("{name} is {value}: expected more than 0.", name=name, value=value)

    @property
    def has_experts(self) -> bool:
        """Whether a token uses only a part of the parameters."""
        return self.active_b < self.total_b

    @property
    def is_built_as_known(self) -> bool:
        """Whether its layers, cache and experts are known, not taken from models of its size."""
        parts = [self.layers, self.cache_numbers]
        return None not in ([*parts, self.experts_used] if self.has_experts else parts)


class Accelerator(Record):
    """What an accelerator can do.

    Attributes:
        name: What it is called.
        power_w: The highest that its maker states.
        idle_w: Idle; None where nobody states it.
        memory_gb: Of one.
        bandwidth_gb_s: Of its memory.
        tflops_16: Dense peak of 16-bit operations, in 1e12 a second.
        tflops_8: Of 8-bit ones; None where it has none.
    """

    name: str
    power_w: float
    idle_w: float | None
    memory_gb: float
    bandwidth_gb_s: float
    tflops_16: float
    tflops_8: float | None

    def tflops(self, bits: float) -> float:
        """Return the dense peak for weights of so many bits, in 1e12 operations a second."""
        return self.tflops_8 if bits <= 8 and self.tflops_8 is not None else self.tflops_16


def find_model(name: str) -> LanguageModel | None:
    """Return the model that is called so, with or without its maker; None if it is not known.

    A dated or tagged version counts as the model that its name starts with only where the table
    says so: sizes of other versions differ.
    """
    place = _model_places().get(plain(name))
    return None if place is None else _models()[place]


def known_models() -> tuple[str, ...]:
    """Return the models whose size and build the tables have."""
    return tuple(model.name for model in _models())


def every_model() -> tuple[LanguageModel, ...]:
    """Return the models whose size and build the tables have."""
    return _models()


def every_accelerator() -> tuple[Accelerator, ...]:
    """Return the accelerators that the table has."""
    return _accelerators()


def find_accelerator(name: str) -> Accelerator:
    """Return an accelerator by its name or a short one, such as ``H100`` or ``A100 PCIe 80GB``.

    Raises:
        CoverageError: If the table has none of that name; names the nearest ones.
    """
    places = _accelerator_places()
    place = places.get(_card(name))
    if place is None:
        raise CoverageError(
            "{name!r} is not among the accelerators that brizna knows.{hint} Known: {known}.",
            name=name,
            hint=nearest(_card(name), places),
            known=", ".join(one.name for one in _accelerators()),
        )
    return _accelerators()[place]


@cache
def _models() -> tuple[LanguageModel, ...]:
    data = load(ROOM, "models")
    found: list[LanguageModel] = []
    for row, cells in enumerate(data.rows):
        layers, experts = data.number(row, "layers"), data.number(row, "experts")
        used, places = data.number(row, "experts_used"), data.number(row, "expert_layers")
        found.append(
            LanguageModel(
                name=cells["id"].removeprefix(_MODEL),
                total_b=number(data, row, "total_b"),
                active_b=number(data, row, "active_b"),
                weight_bits=number(data, row, "weight_bits"),
                layers=layers,
                cache_numbers=data.number(row, "cache_numbers"),
                experts_used=used / experts if used and experts else None,
                expert_layers=places / layers if places and layers else None,
            )
        )
    return tuple(found)


@cache
def _model_places() -> Mapping[str, int]:
    places: dict[str, int] = {}
    for place, cells in enumerate(load(ROOM, "models").rows):
        full = plain(cells["id"].removeprefix(_MODEL))
        names = (full, full.rpartition("/")[2], *plain(cells["names"]).split())
        places |= {name: place for name in names if name not in places}
    return places


@cache
def _accelerators() -> tuple[Accelerator, ...]:
    data = load(ROOM, "compute")
    return tuple(
        Accelerator(
            name=cells["name"],
            power_w=number(data, row, "power_w"),
            idle_w=data.number(row, "idle_w"),
            memory_gb=number(data, row, "memory_gb"),
            bandwidth_gb_s=number(data, row, "bandwidth_gb_s"),
            tflops_16=number(data, row, "tflops_16"),
            tflops_8=data.number(row, "tflops_8"),
        )
        for row, cells in enumerate(data.rows)
    )


@cache
def _accelerator_places() -> Mapping[str, int]:
    places: dict[str, int] = {}
    for place, cells in enumerate(load(ROOM, "compute").rows):
        for name in (cells["name"], cells["names"], cells["id"].rpartition("/")[2]):
            places.setdefault(_card(name), place)
    return places


def _card(name: str) -> str:
    words = name.casefold().replace("-", " ").replace("(per gpu)", " ").split()
    return " ".join(word for word in words if word not in ("nvidia", "amd", "intel", "google"))


def plain(name: str) -> str:
    """Return a name as names are compared."""
    return name.strip().casefold()


def number(data: Table, row: int, column: str) -> float:
    """Return the number in a cell that may not be empty.

    Raises:
        IntegrityError: If it is.
    """
    value = data.number(row, column)
    if value is None:
        raise IntegrityError(
            "{table}, line {line}: no {column}.",
            table=data.path,
            line=data.lines[row],
            column=column,
        )
    return value
