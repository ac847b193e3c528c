"""What runs models: one runtime a file. Their libraries are imported when a model is opened."""

from __future__ import annotations

RUNTIMES = (
    "brizna.improve._runtimes._torch:TorchEager",
    "brizna.improve._runtimes._torch_compile:TorchCompiled",
    "brizna.improve._runtimes._onnxruntime:OnnxRuntime",
    "brizna.improve._runtimes._openvino:OpenVino",
    "brizna.improve._runtimes._openvino_writing:OpenVinoWriting",
    "brizna.improve._runtimes._torch_card:TorchCuda",
    "brizna.improve._runtimes._onnxruntime_card:OnnxRuntimeCuda",
    "brizna.improve._runtimes._onnxruntime_card:OnnxRuntimeTensorRt",
    "brizna.improve._runtimes._sklearn:Sklearn",
)
"""The runtimes, the plainest first."""
