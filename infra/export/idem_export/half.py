"""fp16 for GPUs: fused attention and normalisation by onnxruntime's own optimiser, fp32 inputs and outputs."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model

KINDS = {"text_encoder": "clip", "unet": "unet", "vae_decoder": "vae", "vae_encoder": "vae"}


def to_half(path: Path, name: str, *, heads: int = 0, hidden: int = 0) -> onnx.ModelProto:
    """The network at `path` fused for CUDA and in half precision; what stays in fp32 are its inputs and outputs."""
    kind = KINDS[name]
    options = FusionOptions(kind)
    if kind in ("unet", "vae"):
        # These need no padding or bias that the fused CUDA kernels lack.
        options.enable_packed_kv = options.enable_packed_qkv = False
    model = optimize_model(
        str(path), model_type=kind, num_heads=heads, hidden_size=hidden, opt_level=0, optimization_options=options, use_gpu=True
    )
    model.convert_float_to_float16(keep_io_types=True)
    return model.model
