"""Fused operators by onnxruntime's own transformer optimiser, and fp16 for GPUs."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.onnx_model import OnnxModel
from onnxruntime.transformers.optimizer import optimize_model

# In half precision 999 radians are known to 0.5 only: PyTorch keeps the sinusoids of the timestep in fp32 too.
IN_FULL = "/time_proj/"


def fuse(path: Path, kind: str, *, gpu: bool) -> OnnxModel:
    """The network at `path` with attention, normalisation and activations as one operator each.

    `gpu` adds what onnxruntime has kernels for on GPUs alone: convolution and group norm in NHWC, bias with split GELU.
    """
    options = FusionOptions(kind)
    # Packed Q, K and V is a layout of the older fused kernels; flash attention takes them apart.
    options.enable_packed_kv = options.enable_packed_qkv = False
    if not gpu:
        options.enable_nhwc_conv = options.enable_group_norm = options.enable_skip_group_norm = False
        options.enable_bias_splitgelu = options.enable_bias_add = False
    return optimize_model(
        str(path), model_type=kind, opt_level=0, optimization_options=options, use_gpu=gpu
    )


def to_half(path: Path, kind: str, *, gpu: bool = True) -> onnx.ModelProto:
    """The network at `path` fused and in half precision; its inputs and outputs stay fp32."""
    model = fuse(path, kind, gpu=gpu)
    in_full = [node.name for node in model.nodes() if IN_FULL in node.name]
    model.convert_float_to_float16(keep_io_types=True, node_block_list=in_full)
    return model.model
