"""The three networks as PyTorch modules with the inputs and outputs that a bundle promises."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.utils import logging as diffusers_logging
from torch import Tensor, nn
from transformers import CLIPTextModel
from transformers.utils import logging as transformers_logging

from .checkpoint import Checkpoint
from .errors import ExportError


class TextEncoder(nn.Module):
    """input_ids [b,n], face_embedding [b,d], face_position [b] (-1: none) → prompt_embeds [b,n,hidden]."""

    def __init__(self, model: CLIPTextModel):
        super().__init__()
        text = getattr(model, "text_model", model)
        self.embeddings, self.layers, self.norm = text.embeddings, text.encoder.layers, text.final_layer_norm
        self.hidden = model.config.hidden_size

    def forward(self, input_ids: Tensor, face_embedding: Tensor, face_position: Tensor) -> Tensor:
        length = input_ids.shape[1]
        places = torch.arange(length)
        face = F.pad(face_embedding, (0, self.hidden - face_embedding.shape[1]))[:, None]
        here = (places[None] == face_position[:, None])[..., None]
        hidden = torch.where(here, face, self.embeddings.token_embedding(input_ids))
        hidden = hidden + self.embeddings.position_embedding(places)[None]
        causal = torch.full((length, length), torch.finfo(torch.float32).min).triu(1)[None, None]
        for layer in self.layers:
            out = layer(hidden, attention_mask=causal)
            hidden = out[0] if isinstance(out, tuple) else out
        return self.norm(hidden)


class Unet(nn.Module):
    """sample [b,c,h,w], timestep float [b], encoder_hidden_states [b,n,hidden] → noise_pred [b,c,h,w]."""

    def __init__(self, model: UNet2DConditionModel):
        super().__init__()
        self.model = model

    def forward(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> Tensor:
        return self.model(sample, timestep, encoder_hidden_states, return_dict=False)[0]


class VaeDecoder(nn.Module):
    """latents [b,c,h,w] as the UNet has them → image [b,3,f*h,f*w], about [-1,1]."""

    def __init__(self, model: AutoencoderKL):
        super().__init__()
        self.model, self.scale = model, model.config.scaling_factor

    def forward(self, latents: Tensor) -> Tensor:
        return self.model.decode(latents / self.scale, return_dict=False)[0]


class VaeEncoder(nn.Module):
    """image [b,3,f*h,f*w] in [-1,1] → latents [b,c,h,w]: the mean of the posterior, scaled."""

    def __init__(self, model: AutoencoderKL):
        super().__init__()
        self.model, self.scale = model, model.config.scaling_factor

    def forward(self, image: Tensor) -> Tensor:
        return self.model.encode(image, return_dict=False)[0].mode() * self.scale


@dataclass
class Networks:
    checkpoint: Checkpoint
    embedding_size: int
    text: TextEncoder
    unet: Unet
    vae_decoder: VaeDecoder
    vae_encoder: VaeEncoder


def load_part(kind, folder: Path, what: str):
    # from_pretrained reads a .bin with torch.load(weights_only=True): no code of the file is run.
    try:
        return kind.from_pretrained(str(folder), torch_dtype=torch.float32, low_cpu_mem_usage=True).eval()
    except Exception as error:  # each library has its own errors for a missing tensor, a wrong shape, an unsafe pickle
        if "weights_only" in str(error):  # torch's own text advises to switch the guard off
            raise ExportError(f"The {what} at {folder} holds more than tensors, which is not loaded: it could run code") from error
        raise ExportError(f"Cannot load the {what} from {folder}: {error}") from error


def load_networks(checkpoint: Checkpoint, embedding_size: int, lora: Path | None = None) -> Networks:
    """Loads the networks in fp32. Raises ExportError when the face vector is longer than the text encoder's hidden size."""
    if checkpoint.hidden_size < embedding_size:
        raise ExportError(
            f"The text encoder's hidden size {checkpoint.hidden_size} is smaller than the face vector's {embedding_size}: "
            "the vector does not fit a token's place"
        )
    for log in (diffusers_logging, transformers_logging):
        log.set_verbosity(logging.CRITICAL)
        log.disable_progress_bar()
    unet = load_part(UNet2DConditionModel, checkpoint.unet, "UNet")
    if lora:
        from .lora import merge_lora

        merge_lora(unet, lora)
    vae = load_part(AutoencoderKL, checkpoint.vae, "VAE")
    text = load_part(CLIPTextModel, checkpoint.text, "text encoder")
    return Networks(checkpoint, embedding_size, TextEncoder(text), Unet(unet), VaeDecoder(vae), VaeEncoder(vae))
