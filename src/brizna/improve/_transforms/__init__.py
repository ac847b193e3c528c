"""Ways of changing a model: one a file. Their libraries are imported when they are applied."""

from __future__ import annotations

TRANSFORMS = (
    "brizna.improve._transforms._export:ExportOnnx",
    "brizna.improve._transforms._openvino:ConvertOpenVino",
)
"""The transforms."""
