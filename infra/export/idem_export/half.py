"""fp16 for GPUs: fused attention and normalisation by onnxruntime's own optimiser, fp32 inputs and outputs."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.onnx_model import OnnxModel
from onnxruntime.transformers.optimizer import optimize_model

KINDS = {"text_encoder": "clip", "unet": "unet", "vae_decoder": "vae", "vae_encoder": "vae"}


# In half precision 999 radians are known to 0.5 only: PyTorch keeps the sinusoids of the timestep in fp32 too.
IN_FULL = "/time_proj/"


def convert(model: OnnxModel) -> onnx.ModelProto:
    in_full = [node.name for node in model.nodes() if IN_FULL in node.name]
    model.convert_float_to_float16(keep_io_types=True, node_block_list=in_full)
    return model.model


def plain_half(path: Path) -> onnx.ModelProto:
    """The network at `path` in half precision and nothing fused: what a CPU can run of the fp16 network's arithmetic."""
    return convert(OnnxModel(onnx.load(str(path))))


def to_half(path: Path, name: str) -> onnx.ModelProto:
    """The network at `path` fused for CUDA and in half precision; what stays in fp32 are its inputs and outputs."""
    kind = KINDS[name]
    options = FusionOptions(kind)
    if kind in ("unet", "vae"):
        # These need no padding or bias that the fused CUDA kernels lack.
        options.enable_packed_kv = options.enable_packed_qkv = False
    return convert(optimize_model(str(path), model_type=kind, opt_level=0, optimization_options=options, use_gpu=True))
