"""The two networks that a bundle takes as they are: the face detector and the face recogniser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from .errors import ExportError


@dataclass(frozen=True)
class FaceModel:
    role: str  # the manifest's field: detector or recogniser
    path: Path
    licence: str
    source: str | None
    settings: dict

    @property
    def file(self) -> str:
        return self.path.name

    def spec(self) -> dict:
        return {"file": self.file} | self.settings


def shape_of(value: onnx.ValueInfoProto) -> list[int]:
    """Dimensions, 0 for a dynamic one."""
    return [d.dim_value for d in value.type.tensor_type.shape.dim]


def load_graph(path: Path) -> onnx.GraphProto:
    try:
        return onnx.load(path, load_external_data=False).graph
    except Exception as error:  # protobuf has errors of its own for a file that is not ONNX
        raise ExportError(f"{path} is not an ONNX network: {error}") from error


def detector(path: Path, settings: dict, licence: str, source: str | None) -> FaceModel:
    load_graph(path)
    return FaceModel("detector", path, licence, source, settings)


def recogniser(path: Path, channels: str, mean: float, std: float, licence: str, source: str | None) -> FaceModel:
    """Raises ExportError unless the network takes one square picture and gives one vector."""
    graph = load_graph(path)
    constants = {i.name for i in graph.initializer}
    picture, vector = [i for i in graph.input if i.name not in constants], graph.output
    if len(picture) != 1 or len(vector) != 1:
        raise ExportError(f"{path} is not a face recogniser: {len(picture)} inputs and {len(vector)} outputs, expected one each")
    size, out = shape_of(picture[0]), shape_of(vector[0])
    if len(size) != 4 or size[1] != 3 or size[2] != size[3] or size[2] == 0:
        raise ExportError(f"{path} is not a face recogniser: its input is {size}, expected [n,3,size,size]")
    if len(out) != 2 or out[1] == 0:
        raise ExportError(f"{path} is not a face recogniser: its output is {out}, expected [n,dimensions]")
    settings = {"sizePx": size[2], "channels": channels, "mean": mean, "std": std, "dimensions": out[1]}
    return FaceModel("recogniser", path, licence, source, settings)
