"""PyTorch modules to ONNX files: batch and size dynamic, names as a bundle promises."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor

from .network import Network
from .networks import Networks
from .prompt import Prompt

OPSET = 18


def describe_networks(networks: Networks, prompt: Prompt, vae_encoder: bool) -> list[Network]:
    checkpoint, n = networks.checkpoint, len(prompt.input_ids)
    channels = checkpoint.latent_shape[0]
    # A side that every level of the UNet and the VAE can halve, small so that the trace is quick, and not square.
    side = 2 ** len(checkpoint.unet_config["block_out_channels"])
    random = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random)

    latents = normal(2, channels, side, side // 2)
    picture = {0: "batch", 2: "height", 3: "width"}
    image = {0: "batch", 2: "image_height", 3: "image_width"}
    found = [
        Network(
            "text_encoder",
            "textEncoder",
            "clip",
            networks.text,
            {
                "input_ids": torch.tensor([prompt.input_ids, prompt.negative_input_ids]),
                "face_embedding": torch.nn.functional.normalize(normal(2, networks.embedding_size), dim=1),
                "face_position": torch.tensor([prompt.id_position, -1]),
            },
            ("prompt_embeds",),
            {name: {0: "batch"} for name in ("input_ids", "face_embedding", "face_position", "prompt_embeds")},
        ),
        Network(
            "unet",
            "unet",
            "unet",
            networks.unet,
            {
                "sample": latents,
                "timestep": torch.tensor([999.0, 1.0]),
                "encoder_hidden_states": normal(2, n, checkpoint.hidden_size),
            },
            ("noise_pred",),
            {"sample": picture, "timestep": {0: "batch"}, "encoder_hidden_states": {0: "batch"}, "noise_pred": picture},
            sources={"sample": "latents", "timestep": "timestep", "encoder_hidden_states": "prompt"},
        ),
        Network(
            "vae_decoder",
            "vaeDecoder",
            "vae",
            networks.vae_decoder,
            {"latents": latents},
            ("image",),
            {"latents": picture, "image": image},
        ),
    ]
    if vae_encoder:
        scale = checkpoint.vae_scale
        pixels = normal(2, 3, side * scale, side // 2 * scale).clamp(-1, 1)
        dynamic = {"image": image, "latents": picture}
        found.append(
            Network("vae_encoder", "vaeEncoder", "vae", networks.vae_encoder, {"image": pixels}, ("latents",), dynamic)
        )
    return found


@torch.no_grad()
def export_network(network: Network, folder: Path) -> Path:
    """Writes NAME.onnx in `folder`; over 2 GB the exporter puts weights into files beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / network.file
    with warnings.catch_warnings():
        # The trace warns of every Python branch on a shape. The check at another size shows that none was frozen wrongly.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            network.module,
            tuple(network.inputs.values()),
            str(path),
            input_names=list(network.inputs),
            output_names=list(network.outputs),
            dynamic_axes=network.dynamic,
            opset_version=OPSET,
            # The TorchScript exporter: ten times as fast as the other one on these networks, and the same numbers.
            dynamo=False,
        )
    return path
