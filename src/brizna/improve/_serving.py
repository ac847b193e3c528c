"""How a model is run: the runtime, its precision and threads, and how requests are put together."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model


class Serving(Record):
    """How a model is run.

    Attributes:
        runtime: Name of the runtime.
        precision: What it is asked to compute in: ``fp32``, ``bf16``, ``fp16``.
        threads: How many threads compute one request; the same for all runtimes.
        batch: Rows that are put together before the model is called; None leaves requests be.
        bucket: Whether requests are sorted by their length before they are put together.
        cache: How many latest requests are answered from memory; 0 for none.
        options: Further options of the runtime, by name.
    """

    runtime: str
    precision: str = "fp32"
    threads: int = 1
    batch: int | None = None
    bucket: bool = False
    cache: int = 0
    options: dict[str, Any] = {}

    def _check(self) -> None:
        if self.threads < 1 or (self.batch is not None and self.batch < 1) or self.cache < 0:
            raise InputError(
                "A serving has {threads} threads, batches of {batch} and a cache of {cache}: "
                "expected at least 1, 1 and 0.",
                threads=self.threads,
                batch=self.batch,
                cache=self.cache,
            )

    @property
    def name(self) -> str:
        """What it is called in a table, such as ``openvino bf16 2 threads``."""
        parts = [self.runtime, self.precision]
        parts += [f"{key}={value}" for key, value in sorted(self.options.items())]
        if self.threads > 1:
            parts.append(f"threads={self.threads}")
        if self.batch is not None:
            parts.append(f"batch={self.batch}")
        if self.bucket:
            parts.append("by-length")
        if self.cache:
            parts.append(f"cache={self.cache}")
        return " ".join(parts)


class Session(Protocol):
    """A model that is loaded and ready.

    One that computes on a card says so in ``device``, such as ``cuda:0``; then processor seconds
    are no measure of it. If answers may be there later than `predict` returns, it has ``settle()``,
    which waits for them.
    """

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Return the outputs for a request, as arrays, in the order of the model's outputs."""
        ...

    def used(self) -> dict[str, Any]:
        """Return what is really used: precision, threads, device, version of the runtime."""
        ...


@runtime_checkable
class Runtime(Protocol):
    """What runs models of some kinds.

    Attributes:
        name: What it is called.
        takes: Kinds of models it runs.
        distributions: What must be installed.
        extra: Extra of brizna that installs them; empty for none.

    One that takes long to load, as it compiles, says ``compiles = True``: it is tried last. One
    with options worth a trial for the variants that take least gives them, one dictionary a trial,
    by a method ``further(model)``.
    """

    name: ClassVar[str]
    takes: ClassVar[tuple[str, ...]]
    distributions: ClassVar[tuple[str, ...]]
    extra: ClassVar[str]

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return the ways of running it that are worth a trial here, the plainest first."""
        ...

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why it cannot run a model of a kind that it takes; None if it can."""
        ...

    def open(self, model: Model, serving: Serving, material: Material) -> Session:
        """Load a model. What this and the session raise becomes a row with the reason."""
        ...
