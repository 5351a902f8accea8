"""Runs the exporter with a UNet that takes a mood, and a network that paints: python export_conditioned.py CHECKPOINT --out BUNDLE."""

from dataclasses import replace

import torch
from idem_export import build, onnx_export
from idem_export.network import Conditioning, Network, NetworkOutput
from torch import Tensor, nn


class Moody(nn.Module):
    """The UNet, with a mood added to every token of the prompt and a residual to the prediction."""

    def __init__(self, unet: nn.Module, hidden: int):
        super().__init__()
        self.unet = unet
        self.mood = nn.Linear(3, hidden, bias=False)

    def forward(self, sample, timestep, encoder_hidden_states, mood, mood_scale, residual) -> Tensor:
        moved = encoder_hidden_states + (self.mood(mood) * mood_scale[:, None])[:, None]
        return self.unet(sample, timestep, moved) + residual


class Painter(nn.Module):
    """Two outputs, of which the UNet takes the second."""

    def __init__(self, channels: int):
        super().__init__()
        self.strokes = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, sample: Tensor, colour: Tensor) -> tuple[Tensor, Tensor]:
        strokes = self.strokes(sample)
        return strokes, strokes * colour[:, :, None, None]


def describe_networks(networks, prompt, vae_encoder) -> list[Network]:
    torch.manual_seed(2)
    plain = onnx_export.describe_networks(networks, prompt, vae_encoder)
    at = next(k for k, network in enumerate(plain) if network.name == "unet")
    unet = plain[at]
    sample, channels = unet.inputs["sample"], unet.inputs["sample"].shape[1]
    row, picture = {0: "batch"}, unet.dynamic["sample"]
    moody = replace(
        unet,
        module=Moody(unet.module, networks.checkpoint.hidden_size).eval(),
        inputs=unet.inputs | {"mood": torch.randn(2, 3), "mood_scale": torch.rand(2), "residual": torch.randn_like(sample)},
        dynamic=unet.dynamic | {"mood": row, "mood_scale": row, "residual": picture},
        sources=unet.sources
        | {
            "mood": Conditioning("mood", default=0, unconditional="zeros"),
            "mood_scale": Conditioning("mood_scale", default=1),
            "residual": NetworkOutput("painter", "painted"),
        },
    )
    painter = Network(
        "painter",
        "conditioningNetworks",
        "unet",
        Painter(channels).eval(),
        {"sample": sample, "colour": torch.randn(2, channels)},
        ("strokes", "painted"),
        {"sample": picture, "colour": row, "strokes": picture, "painted": picture},
        sources={"sample": "latents", "colour": Conditioning("colour")},
    )
    return [*plain[:at], moody, *plain[at + 1 :], painter]


build.describe_networks = describe_networks
import idem_export.__main__  # noqa: E402, F401  runs the exporter
