"""Ways of changing a model: one a file. Their libraries are imported when they are applied."""

from __future__ import annotations

TRANSFORMS = (
    "brizna.improve._transforms._prune:PruneChannels",
    "brizna.improve._transforms._mask:MaskWeights",
    "brizna.improve._transforms._factorise:Factorise",
    "brizna.improve._transforms._distil:Distil",
    "brizna.improve._transforms._finetune:FineTune",
    "brizna.improve._transforms._adapter:TrainAdapter",
    "brizna.improve._transforms._adapter:MergeAdapter",
    "brizna.improve._transforms._attention:ExchangeAttention",
    "brizna.improve._transforms._cast:CastTorch",
    "brizna.improve._transforms._past:KeepInFewerBits",
    "brizna.improve._transforms._export:ExportOnnx",
    "brizna.improve._transforms._estimator:ExportSklearn",
    "brizna.improve._transforms._normalise:NormaliseOnnx",
    "brizna.improve._transforms._specialise:SpecialiseOnnx",
    "brizna.improve._transforms._fuse:FuseOnnx",
    "brizna.improve._transforms._openvino:ConvertOpenVino",
    "brizna.improve._transforms._quantise_onnx:QuantizeOnnxDynamic",
    "brizna.improve._transforms._quantise_onnx:QuantizeOnnxStatic",
    "brizna.improve._transforms._weights_onnx:ShrinkWeightsOnnx",
    "brizna.improve._transforms._half_onnx:HalfOnnx",
    "brizna.improve._transforms._quantise_openvino:QuantizeOpenVino",
    "brizna.improve._transforms._quantise_openvino:ShrinkWeightsOpenVino",
    "brizna.improve._transforms._torchao:QuantizeTorch",
    "brizna.improve._transforms._quantise_aware:QuantizeAware",
)
"""The transforms."""
