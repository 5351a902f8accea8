"""What one network of a bundle is: its module, an example batch, and what the manifest declares of its inputs."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor, nn


@dataclass(frozen=True)
class Conditioning:
    """An input's source: a value that an image may be requested with."""

    name: str
    default: float | None = None
    unconditional: str = "same"  # or zeros: what the unconditional half of a guided image gets

    def source(self) -> dict:
        return {"conditioning": self.name}

    def declaration(self, example: Tensor) -> dict:
        """What the manifest says of it; `example` is a batch of values."""
        default = {} if self.default is None else {"default": self.default}
        return {"dims": list(example.shape[1:]), **default, "unconditional": self.unconditional}


@dataclass(frozen=True)
class NetworkOutput:
    """An input's source: an output of a conditioning network."""

    network: str
    output: str

    def source(self) -> dict:
        return {"network": self.network, "output": self.output}


# `latents`, `timestep` and `prompt`, which every row of a batch has, or one of the above.
Source = str | Conditioning | NetworkOutput


@dataclass(frozen=True)
class Network:
    """One network to export. `inputs` is an example batch that the trace and the check against PyTorch use."""

    name: str
    role: str  # the manifest's field; conditioningNetworks for a conditioning network
    kind: str  # of onnxruntime's transformer optimiser: clip, unet or vae
    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]
    dynamic: dict[str, dict[int, str]]
    # Where each input's value comes from; the manifest declares it for the UNet and for conditioning networks.
    sources: dict[str, Source] = field(default_factory=dict)

    @property
    def file(self) -> str:
        return f"{self.name}.onnx"

    def run(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The module's outputs in PyTorch."""
        found = self.module(*inputs.values())
        return found if isinstance(found, tuple) else (found,)

    def spec(self) -> dict:
        """What the manifest says of the network."""
        inputs = {name: source if isinstance(source, str) else source.source() for name, source in self.sources.items()}
        return {"file": self.file} | ({"inputs": inputs} if inputs else {})

    def conditionings(self) -> dict[str, dict]:
        """What the manifest says of the conditionings that the network takes."""
        return {
            source.name: source.declaration(self.inputs[name])
            for name, source in self.sources.items()
            if isinstance(source, Conditioning)
        }


def describe_roles(networks: list[Network]) -> dict:
    """The part of the manifest's `diffusion` that names the networks, their inputs and the conditionings."""
    single = {network.role: network.spec() for network in networks if network.role != "conditioningNetworks"}
    conditioning = {network.name: network.spec() for network in networks if network.role == "conditioningNetworks"}
    declared = {name: value for network in networks for name, value in network.conditionings().items()}
    return (
        single
        | ({"conditionings": declared} if declared else {})
        | ({"conditioningNetworks": conditioning} if conditioning else {})
    )
