"""Requests: what a model is given at once, whatever their form, and how rows are put together."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def arrays_of(request: Any) -> dict[str | int, Any]:
    """Return the arrays of a request by name, or by place where it names none."""
    import numpy as np

    parts: Any = {0: request}
    if isinstance(request, dict):
        parts = request  # pyright: ignore[reportUnknownVariableType]
    elif isinstance(request, (tuple, list)):
        parts = dict(enumerate(request))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return {key: np.asarray(value) for key, value in parts.items()}  # pyright: ignore[reportUnknownVariableType]


def request_like(request: Any, arrays: dict[str | int, Any]) -> Any:
    """Return arrays in the form of a request."""
    if isinstance(request, dict):
        return dict(arrays)
    if isinstance(request, (tuple, list)):
        return tuple(arrays[place] for place in range(len(arrays)))
    return arrays[0]


def feed(request: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the arrays of a request by the names of a model's inputs.

    Names that the model does not have are left out: an exporter drops inputs that change nothing.
    """
    arrays = arrays_of(request)
    if isinstance(request, dict):
        return {str(name): array for name, array in arrays.items() if name in names}
    return {name: arrays[place] for place, name in enumerate(names) if place in arrays}


def rows_of(request: Any) -> int:
    """Return how many inferences a request asks for: the length of its first axis."""
    first = next(iter(arrays_of(request).values()))
    return int(first.shape[0]) if first.ndim else 1


def length_of(request: Any) -> int:
    """Return the length of its second axis, which batching may have to pad; 1 without one."""
    return max(
        (array.shape[1] for array in arrays_of(request).values() if array.ndim > 1), default=1
    )


def changing_axes(requests: Sequence[Any]) -> dict[str | int, tuple[int, ...]]:
    """Return, for each array, the axes whose lengths may differ: the first, and those that do."""
    shapes: dict[str | int, list[tuple[int, ...]]] = {}
    for request in requests:
        for key, array in arrays_of(request).items():
            shapes.setdefault(key, []).append(array.shape)
    return {
        key: tuple(
            axis
            for axis in range(len(seen[0]))
            if axis == 0 or len({shape[axis] for shape in seen}) > 1
        )
        for key, seen in shapes.items()
    }


def at_least_two_rows(request: Any) -> Any:
    """Return a request with two rows or more: exporters take one row for a constant."""
    import numpy as np

    if rows_of(request) > 1:
        return request
    twice = {
        key: np.concatenate([array, array]) if array.ndim else array
        for key, array in arrays_of(request).items()
    }
    return request_like(request, twice)


def grouped(requests: Sequence[Any], *, batch: int, by_length: bool) -> list[list[Any]]:
    """Return the same rows, each a request of its own, in groups of a given number.

    Args:
        requests: All of one form.
        batch: Rows of each group but the last.
        by_length: Whether rows are sorted by their length before, so that less is padded.
    """
    rows = [row for request in requests for row in _rows(request)]
    if by_length:
        rows.sort(key=length_of)
    return [rows[start : start + batch] for start in range(0, len(rows), batch)]


def _rows(request: Any) -> list[Any]:
    arrays = arrays_of(request)
    return [
        request_like(request, {key: array[place : place + 1] for key, array in arrays.items()})
        for place in range(rows_of(request))
    ]


def stacked(rows: Sequence[Any]) -> Any:
    """Return rows as one request, padded with zeros behind to the longest of them."""
    import numpy as np

    every = [arrays_of(row) for row in rows]
    stacked: dict[str | int, Any] = {}
    for key, first in every[0].items():
        shapes = [arrays[key].shape for arrays in every]
        widest = tuple(max(lengths) for lengths in zip(*shapes, strict=True))
        padded = [
            np.pad(
                arrays[key], [(0, w - n) for w, n in zip(widest, arrays[key].shape, strict=True)]
            )
            for arrays in every
        ]
        stacked[key] = np.concatenate(padded) if first.ndim else first
    return request_like(rows[0], stacked)
