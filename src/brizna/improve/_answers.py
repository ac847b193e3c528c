"""Answers that are remembered: the latest, by a digest of what was asked."""

from __future__ import annotations

import sys
from collections import OrderedDict
from hashlib import sha256

from brizna.improve._requests import arrays_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_ENTRY = 3 * 64
"""Bytes of an entry beside its key and its arrays: places in the dictionary and in its order."""


class Answers:
    """The latest answers, each to exactly what was asked: the same bytes in the same shapes.

    Attributes:
        hits: How many requests were answered from memory.
    """

    __slots__ = ("_compute", "_known", "_most", "hits")

    def __init__(self, most: int, compute: Callable[[Any], Any]) -> None:
        """Hold at most so many answers; what is not among them is computed."""
        self._most = most
        self._compute = compute
        self._known: OrderedDict[bytes, Any] = OrderedDict()
        self.hits = 0

    def ask(self, request: Any) -> Any:
        """Return the answer to a request."""
        key = key_of_request(request)
        if key in self._known:
            self.hits += 1
            self._known.move_to_end(key)
            return self._known[key]
        self._known[key] = found = self._compute(request)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return found

    def forget(self) -> None:
        """Forget all answers."""
        self._known.clear()

    @property
    def size_bytes(self) -> int:
        """About how many bytes the answers that are held take with all that belongs to them."""
        return sum(
            _ENTRY + sys.getsizeof(key) + sys.getsizeof(answer) + sum(map(_size_of, answer))
            for key, answer in self._known.items()
        )


def key_of_request(request: Any) -> bytes:
    """Return a digest of a request: that of two is the same only where they are."""
    whole = sha256()
    for name, array in arrays_of(request).items():
        whole.update(f"{name!r} {array.dtype} {array.shape};".encode())
        whole.update(array.tobytes())
    return whole.digest()


def _size_of(array: Any) -> int:
    """Return the bytes of an array and of what it shares its numbers with."""
    own = sys.getsizeof(array)
    return own + (array.nbytes if getattr(array, "base", None) is not None else 0)
