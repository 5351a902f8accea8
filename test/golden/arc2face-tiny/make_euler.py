"""What huggingface diffusers makes of the tiny checkpoint with its two Euler samplers: python make_euler.py CHECKPOINT EXPECTED

Reads face_embeddings, initial_latents, prompt_embeds and negative_prompt_embeds in EXPECTED; writes euler_20 and
euler_ancestral_20 (latents after every step, images), euler_ancestral_noise.npy [19,2,4,16,16] and euler.json there.
Needs: torch diffusers pillow.
"""
import json, sys
from pathlib import Path
import numpy as np, torch
from PIL import Image
from diffusers import AutoencoderKL, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, PNDMScheduler, UNet2DConditionModel
import diffusers.schedulers.scheduling_euler_ancestral_discrete as ancestral

checkpoint, expected = Path(sys.argv[1]), Path(sys.argv[2])
STEPS, GUIDANCE = 20, 3.0
SD15 = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000,
            set_alpha_to_one=False, skip_prk_steps=True, steps_offset=1, trained_betas=None)
unet = UNet2DConditionModel.from_pretrained(checkpoint / "arc2face", torch_dtype=torch.float32).eval()
vae = AutoencoderKL.from_pretrained(checkpoint / "vae", torch_dtype=torch.float32).eval()
load = lambda name: torch.from_numpy(np.load(expected / f"{name}.npy"))
initial, cond, uncond = load("initial_latents"), load("prompt_embeds"), load("negative_prompt_embeds")
noises = torch.randn(STEPS - 1, *initial.shape, generator=torch.Generator().manual_seed(5))
np.save(expected / "euler_ancestral_noise.npy", noises.numpy())
facts = {}


@torch.no_grad()
def run(name, scheduler):
    scheduler.set_timesteps(STEPS)
    x, trail = initial.clone() * scheduler.init_noise_sigma, []
    for k, t in enumerate(scheduler.timesteps):
        ancestral.randn_tensor = lambda *a, **kw: noises[k] if k < STEPS - 1 else torch.zeros_like(x)
        inp = scheduler.scale_model_input(x, t)
        eps, un = unet(inp, t, cond).sample, unet(inp, t, uncond.repeat(2, 1, 1)).sample
        x = scheduler.step(un + GUIDANCE * (eps - un), t, x).prev_sample
        trail.append(x.clone())
    image = (vae.decode(x / vae.config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)
    facts[name] = dict(steps=STEPS, guidance=GUIDANCE, timesteps=[float(t) for t in scheduler.timesteps], sigmas=[float(s) for s in scheduler.sigmas])
    np.save(expected / f"{name}.latents.npy", torch.stack(trail).numpy())
    for i in range(2):
        Image.fromarray((image[i].permute(1, 2, 0).numpy() * 255).round().astype("uint8")).save(expected / f"{name}.{i}.png")


base = PNDMScheduler(**SD15).config
run("euler_20", EulerDiscreteScheduler.from_config(base))
run("euler_ancestral_20", EulerAncestralDiscreteScheduler.from_config(base))
(expected / "euler.json").write_text(json.dumps(facts))
