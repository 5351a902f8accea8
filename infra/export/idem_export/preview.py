"""A linear map from latents to a small picture, so that a run can be watched without decoding it."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DPMSolverMultistepScheduler

from .networks import Networks
from .prompt import Prompt

# Latent pixels enough for a map with five numbers a colour, and pictures enough to see more than one face.
PIXELS, LEAST_IMAGES, STEPS, GUIDANCE = 4096, 2, 8, 3.0


@torch.no_grad()
def generate(networks: Networks, prompt: Prompt, images: int) -> torch.Tensor:
    """Finished latents [images,c,h,w] of random unit vectors, DPM-Solver++ 2M."""
    channels, height, width = networks.checkpoint.latent_shape
    random = torch.Generator().manual_seed(0)
    faces = F.normalize(torch.randn(images, networks.embedding_size, generator=random), dim=1)
    latents = torch.randn(images, channels, height, width, generator=random)
    ids, empty = (torch.tensor([x]) for x in (prompt.input_ids, prompt.negative_input_ids))
    face = networks.text(ids.repeat(images, 1), faces, torch.full((images,), prompt.id_position))
    plain = networks.text(empty, faces[:1], torch.tensor([-1]))

    scheduler = DPMSolverMultistepScheduler.from_config(networks.checkpoint.scheduler_config)
    scheduler.set_timesteps(STEPS)
    for t in scheduler.timesteps:
        for_face, for_nobody = (
            torch.cat([networks.unet(row[None], t.float()[None], c[None]) for row, c in zip(latents, embeds)])
            for embeds in (face, plain.expand_as(face))
        )
        latents = scheduler.step(for_nobody + GUIDANCE * (for_face - for_nobody), t, latents).prev_sample
    return latents


@torch.no_grad()
def fit_preview(networks: Networks, prompt: Prompt) -> dict:
    """Least squares of decoded pictures, averaged down to the latents' size and in [-1,1], on the latents.

    `factors` has one row a latent channel with what a unit of it adds to red, green and blue; `bias` is what zero makes.
    """
    _, height, width = networks.checkpoint.latent_shape
    latents = generate(networks, prompt, max(LEAST_IMAGES, math.ceil(PIXELS / (height * width))))
    pictures = torch.cat([networks.vae_decoder(row[None]) for row in latents]).clamp(-1, 1)
    small = F.avg_pool2d(pictures, networks.checkpoint.vae_scale)

    def rows(images: torch.Tensor) -> np.ndarray:
        return images.permute(0, 2, 3, 1).reshape(-1, images.shape[1]).double().numpy()

    inputs, colours = rows(latents), rows(small)
    solution, *_ = np.linalg.lstsq(np.column_stack([inputs, np.ones(len(inputs))]), colours, rcond=None)
    rounded = np.round(solution, 6).tolist()
    return {"factors": rounded[:-1], "bias": rounded[-1]}
