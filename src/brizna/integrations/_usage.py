"""The tokens that a server of models says it used, as its OpenAI-compatible answers tell them."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

MOST_BYTES = 64 * 1024 * 1024
"""An answer longer than this is not kept to read its usage."""
_IN = ("prompt_tokens", "input_tokens")
_OUT = ("completion_tokens", "output_tokens")


class Usage:
    """What an answer told.

    Attributes:
        tokens_in: Of the prompt; None if it told no usage.
        tokens_out: Of the answer, reasoning included; 0 where there is none, such as embeddings.
        model: Which it was; None if it did not say.
    """

    __slots__ = ("model", "tokens_in", "tokens_out")

    def __init__(self, answer: bytes) -> None:
        """Read an answer, which is JSON, or a stream of events that are.

        Args:
            answer: All of it, as far as it came, not compressed.
        """
        self.tokens_in: int | None = None
        self.tokens_out: int | None = None
        self.model: str | None = None
        whole = read_json(answer)
        for event in [whole] if whole is not None else _events(answer):
            for told in (event, event.get("response")):
                if isinstance(told, dict):
                    self._take(told)  # pyright: ignore[reportUnknownArgumentType]

    def _take(self, told: Mapping[str, Any]) -> None:
        self.model = text_of(told, "model") or self.model
        usage = told.get("usage")
        if isinstance(usage, dict):
            self.tokens_in = _first(usage, _IN)  # pyright: ignore[reportUnknownArgumentType]
            self.tokens_out = _first(usage, _OUT)  # pyright: ignore[reportUnknownArgumentType]

    def counts(self) -> dict[str, float]:
        """Return what there is to count, by name."""
        told = {"tokens_in": self.tokens_in, "tokens_out": self.tokens_out}
        return {name: float(tokens) for name, tokens in told.items() if tokens}


def read_json(text: bytes) -> dict[str, Any] | None:
    """Return a JSON object; None if it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def text_of(told: Mapping[str, Any] | None, name: str) -> str | None:
    """Return a text in an object; None if there is none."""
    found = (told or {}).get(name)
    return found if isinstance(found, str) else None


def _first(usage: Mapping[str, Any], names: tuple[str, ...]) -> int:
    """Return the first that is a count; a server can say anything."""
    known = (usage.get(name) for name in names)
    return next((count for count in known if isinstance(count, int) and count >= 0), 0)


def _events(answer: bytes) -> Iterator[dict[str, Any]]:
    for line in answer.splitlines():
        if line.startswith(b"data:"):
            event = read_json(line[len(b"data:") :])
            if event is not None:
                yield event
