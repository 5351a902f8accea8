"""Merges a LoRA (LCM-LoRA, for one) into the UNet's weights, so that the bundle needs nothing of it at run time."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders import StableDiffusionLoraLoaderMixin

from .errors import ExportError


def merge_lora(unet: UNet2DConditionModel, path: Path, scale: float = 1.0) -> None:
    """Adds the LoRA's weights to the UNet's, in place. Raises ExportError when it fits none of its layers."""
    if not path.is_file():
        raise ExportError(f"There is no LoRA file {path}")
    before = torch.cat([p.detach().flatten()[:64] for n, p in unet.named_parameters() if "to_q" in n]).clone()
    try:
        state, alphas = StableDiffusionLoraLoaderMixin.lora_state_dict(
            str(path.parent), weight_name=path.name, unet_config=unet.config
        )
        StableDiffusionLoraLoaderMixin.load_lora_into_unet(state, network_alphas=alphas, unet=unet)
        unet.fuse_lora(lora_scale=scale)
        unet.unload_lora()
    except Exception as error:  # peft, safetensors and diffusers each have errors of their own
        raise ExportError(f"Cannot merge the LoRA {path}: {error}") from error
    after = torch.cat([p.detach().flatten()[:64] for n, p in unet.named_parameters() if "to_q" in n])
    if torch.equal(before, after):
        raise ExportError(f"The LoRA {path} changes none of the UNet's attention weights: it belongs to another network")
