"""What a person hands over beside the model: inputs, items to score, and how to score them.

Each is a reference ``module:function`` into their own code, called in the child processes that
need it; nothing of it is imported into the process that searches.
"""

from __future__ import annotations

import sys

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar


REFERENCES = (
    *("inputs", "items", "score", "metric", "groups", "calibration", "train", "loss", "student"),
    "trace",
)
"""What of it refers to a person's code."""


class Material(Record):
    """References to a person's own code.

    A request is what a model takes at once: an array, a tuple of arrays, or a dictionary of
    arrays by the names of the inputs; the first axis counts inferences.

    Attributes:
        path: Directories in which their modules are looked for, before all others.
        inputs: ``() -> list of requests``, representative of what will be asked.
        items: ``() -> list of anything``; each has a score of its own.
        score: ``(predict, items) -> one score for each item``. ``predict(request)`` gives a
            tuple of arrays. A score is a number, more is better; or what ``metric`` takes.
        metric: ``(scores) -> number``, more is better, where quality is no mean of the scores.
        groups: ``(items) -> for each item the names of its groups``, a name or a list of as many
            names for each, where items are not independent: the speaker, the two documents.
        calibration: ``() -> list of requests`` to set ranges of small numbers by; ``inputs`` if
            None.
        train: ``() -> list of (request, targets)``, to train a changed model further.
        loss: ``(outputs, targets) -> tensor``; cross-entropy of the first output if None.
        student: ``() -> torch.nn.Module``, untrained, to be taught by the model.
        trace: ``() -> list of requests`` in the order in which they came, repeats and all.
        options: Whatever else steps ask for, by name.
    """

    path: tuple[str, ...] = ()
    inputs: str | None = None
    items: str | None = None
    score: str | None = None
    metric: str | None = None
    groups: str | None = None
    calibration: str | None = None
    train: str | None = None
    loss: str | None = None
    student: str | None = None
    trace: str | None = None
    options: dict[str, Any] = {}

    _forms: ClassVar = {"path": tuple}

    def has(self, name: str) -> bool:
        """Return whether something of this name was handed over."""
        return getattr(self, name) is not None

    def function(self, name: str) -> Callable[..., Any]:
        """Return a person's function.

        Raises:
            InputError: If there is none, or it cannot be imported.
        """
        reference = getattr(self, name)
        if reference is None:
            raise InputError(
                "{name} is not given: expected a reference such as 'mymodule:{name}'. Add it to "
                "the configuration.",
                name=name,
            )
        return resolve(reference, path=self.path)

    def refuse_unknown(self) -> None:
        """Import everything that was handed over.

        Raises:
            InputError: If something cannot be.
        """
        for name in REFERENCES:
            if self.has(name):
                self.function(name)

    def listed(self, name: str, *given: Any) -> list[Any]:
        """Return what a person's function lists.

        Raises:
            InputError: If it fails, told by its name.
        """
        function = self.function(name)
        try:
            return list(function(*given))
        except Exception as error:  # a person's code: whatever it raises is told as theirs
            raise InputError(
                "{name} ({reference}) fails with {kind}: {why}. Expected it to return a list: "
                "call it by itself, and mend it.",
                name=name,
                reference=getattr(self, name),
                kind=type(error).__name__,
                why=" ".join(str(error).split()) or "-",
            ) from error

    def requests(self, name: str = "inputs") -> list[Any]:
        """Return requests: ``inputs``, or ``calibration`` or ``trace`` where they are given.

        Raises:
            InputError: If there are none.
        """
        chosen = name if getattr(self, name) is not None else "inputs"
        found = self.listed(chosen)
        if not found:
            raise InputError(
                "{reference} gave no requests: expected at least one, representative of what the "
                "model will be asked. Return a list of arrays.",
                reference=getattr(self, chosen),
            )
        return found


def resolve(reference: str, *, path: tuple[str, ...] = ()) -> Any:
    """Return what ``module:name`` refers to.

    Args:
        reference: Module and name, the latter possibly with dots.
        path: Directories to look in first; they stay on ``sys.path`` of this process.

    Raises:
        InputError: If it cannot be imported; what it raises on import is told.
    """
    from importlib import import_module

    module, _, name = reference.partition(":")
    if not module or not name:
        raise InputError(
            "The reference is {reference!r}: expected module:function, such as mymodel:load.",
            reference=reference,
        )
    sys.path[:0] = [place for place in path if place not in sys.path]
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise InputError(
            "{reference!r} cannot be imported ({error}): expected module:function, with the module "
            "beside the configuration or installed.",
            reference=reference,
            error=error,
        ) from error
    return found
