"""How weights lie on disk: as fp16 where that loses nothing, and outside the graph's file where they pass 2 GB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# A protobuf file ends at 2 GiB; the graph itself and a margin have to fit as well.
LARGEST_FILE = 2 * 1024**3 - 64 * 1024**2
# Below this a Cast node costs more bytes than it saves.
SMALLEST_STORED = 256


def store_as_fp16(model: onnx.ModelProto) -> None:
    """Replaces each fp32 weight that fp16 holds exactly by its fp16 copy and a Cast, which runs once, at load."""
    graph, kept, casts = model.graph, [], []
    for tensor in graph.initializer:
        half = exact_half(tensor)
        if half is None:
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(half, f"{tensor.name}.fp16"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}.fp16"], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(casts + nodes)


def exact_half(tensor: TensorProto) -> np.ndarray | None:
    if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST_STORED:
        return None
    full = numpy_helper.to_array(tensor)
    with np.errstate(over="ignore"):
        half = full.astype(np.float16)
    return half if np.array_equal(half.astype(np.float32), full) else None


def save(model: onnx.ModelProto, path: Path) -> None:
    """Writes one file, or two (NAME.onnx and NAME.onnx.data) when one would pass 2 GB."""
    bytes_of_weights = sum(len(t.raw_data) for t in model.graph.initializer)
    if bytes_of_weights < LARGEST_FILE:
        onnx.save(model, str(path))
        return
    data = f"{path.name}.data"
    (path.parent / data).unlink(missing_ok=True)  # onnx appends to a file that is there
    onnx.save(model, str(path), save_as_external_data=True, all_tensors_to_one_file=True, location=data)
