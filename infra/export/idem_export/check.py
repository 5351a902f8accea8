"""Runs an exported network beside its PyTorch original."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from .errors import ExportError
from .network import Network

# Largest difference that is rounding and not a mistake, relative to the size of the output.
TOLERANCE = {"fp32": 1e-3, "fp16": 5e-2}


def variants(network: Network) -> list[dict[str, Tensor]]:
    """The example batch, one row of it, and for pictures twice the size: shapes must not be frozen."""
    one = {name: value[:1] for name, value in network.inputs.items()}
    larger = {
        name: value.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) if value.ndim == 4 else value
        for name, value in network.inputs.items()
    }
    changed = any(value.ndim == 4 for value in network.inputs.values())
    return [network.inputs, one, *([larger] if changed else [])]


class NoCpuKernel(Exception):
    """The network has an operator that onnxruntime implements for GPUs only."""


def open_session(path: Path) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # the class is named only in onnxruntime's private module
        if "NOT_IMPLEMENTED" in str(error):
            raise NoCpuKernel(path.name) from error
        raise ExportError(f"onnxruntime cannot load {path.name}: {error}") from error


def half_precision(network: Network, inputs: dict[str, Tensor]) -> list[np.ndarray]:
    """What PyTorch itself makes of the inputs in half precision."""
    half = {
        # The timestep's sinusoids are in fp32 in PyTorch too.
        name: value.half() if value.is_floating_point() and network.sources.get(name) != "timestep" else value
        for name, value in inputs.items()
    }
    found = replace(network, module=copy.deepcopy(network.module).half()).run(half)
    return [output.float().numpy() for output in found]


@torch.no_grad()
def compare(network: Network, path: Path, precision: str) -> float:
    """Largest absolute difference to PyTorch in fp32 over all shapes tried.

    Raises ExportError when it is no rounding: more than `TOLERANCE`, and in fp16 also more than PyTorch itself loses in half
    precision, which on some networks is a lot. Raises NoCpuKernel where the network cannot run here.
    """
    session = open_session(path)
    worst = 0.0
    for inputs in variants(network):
        outputs = session.run(list(network.outputs), {name: value.numpy() for name, value in inputs.items()})
        for k, (found, tensor) in enumerate(zip(outputs, network.run(inputs), strict=True)):
            expected = tensor.numpy()
            if found.shape != expected.shape:
                raise ExportError(f"{path.name} returns {found.shape} where PyTorch returns {expected.shape}")
            difference = float(np.abs(found - expected).max())
            limit = TOLERANCE[precision] * max(1.0, float(np.abs(expected).max()))
            if precision == "fp16" and difference > limit:
                limit = max(limit, float(np.abs(half_precision(network, inputs)[k] - expected).max()))
            if not difference <= limit:
                raise ExportError(f"{path.name} differs from PyTorch by {difference:.3g}, more than {limit:.3g}")
            worst = max(worst, difference)
    return worst
