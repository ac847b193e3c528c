"""Requests as torch's exporters and tracers take them."""

from __future__ import annotations

from typing import Any

from brizna.improve._requests import arrays_of, request_like


def tensors_of(request: Any) -> Any:
    """Return a request in its own form, with tensors."""
    import torch

    return request_like(
        request, {key: torch.from_numpy(array) for key, array in arrays_of(request).items()}
    )
