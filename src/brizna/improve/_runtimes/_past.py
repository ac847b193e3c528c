"""Keys and values that a torch module keeps while it writes: how, and how many bytes."""

from __future__ import annotations

from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

_PARTS = ("keys", "values", "_quantized_keys", "_quantized_values")


def writers(module: Any) -> Iterator[Any]:
    """Yield the parts of a module that write token by token, as transformers' models do."""
    for part in module.modules():
        can = getattr(part, "can_generate", None)
        if hasattr(part, "generation_config") and callable(can) and can():
            yield part


def asked_of(module: Any) -> list[str]:
    """Return how the writing parts of a module are asked to keep keys and values."""
    return sorted({_asked(part.generation_config) for part in writers(module)})


def _asked(config: Any) -> str:
    kind = getattr(config, "cache_implementation", None) or "plain"
    if kind != "quantized":
        return str(kind)
    said: dict[str, Any] = dict(getattr(config, "cache_config", None) or {})
    bits = said.get("nbits")
    return str(said.get("backend", "?")) + ("" if bits is None else f"-{bits}")


class Watch:
    """Sees what a module keeps while it writes, for as long as its ``with``.

    Attributes:
        kinds: Classes of what keeps the keys and values of a layer.
        size_bytes: The most that was kept at a time.
    """

    def __init__(self, module: Any) -> None:
        """Watch the writing parts of a module."""
        self.kinds: set[str] = set()
        self.size_bytes = 0
        self._parts = list(writers(module))
        self._hooks: list[Any] = []

    def __enter__(self) -> Self:
        self._hooks = [
            part.register_forward_hook(self._look, with_kwargs=True) for part in self._parts
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _look(self, _module: Any, _places: Any, named: dict[str, Any], _output: Any) -> None:
        layers: Any = getattr(named.get("past_key_values"), "layers", None) or ()
        self.kinds |= {type(layer).__name__ for layer in layers}
        now = sum(_bytes_of(getattr(layer, name, None)) for layer in layers for name in _PARTS)
        self.size_bytes = max(self.size_bytes, now)


def _bytes_of(kept: Any) -> int:
    """Return the bytes of tensors, however they are wrapped."""
    if isinstance(kept, (tuple, list)):
        return sum(_bytes_of(one) for one in kept)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(kept, dict):
        return sum(_bytes_of(one) for one in kept.values())  # pyright: ignore[reportUnknownVariableType]
    inner = getattr(kept, "__tensor_flatten__", None)
    if inner is not None:
        return sum(_bytes_of(getattr(kept, name)) for name in inner()[0])
    return int(kept.numel() * kept.element_size()) if hasattr(kept, "element_size") else 0
