"""What diffusers 0.42.1 makes of scheduler configurations: python make.py 1,2,10,50 > golden.json

Predictions and noise follow a formula that any language can repeat, so that only results are kept.
"""
import itertools
import json
import sys
import warnings

import numpy as np
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
)
from diffusers.utils import logging
import diffusers.schedulers.scheduling_euler_ancestral_discrete as ancestral
import diffusers.schedulers.scheduling_lcm as lcm

warnings.filterwarnings("ignore")
logging.set_verbosity_error()
SIZE = 8
SCHEDULERS = {
    "dpmpp_2m": (DPMSolverMultistepScheduler, {}),
    "dpmpp_2m_karras": (DPMSolverMultistepScheduler, {"use_karras_sigmas": True}),
    "ddim": (DDIMScheduler, {}),
    "lcm": (LCMScheduler, {}),
    "euler": (EulerDiscreteScheduler, {}),
    "euler_ancestral": (EulerAncestralDiscreteScheduler, {}),
}
BETAS = [("scaled_linear", 0.00085, 0.012), ("linear", 0.0001, 0.02), ("squaredcos_cap_v2", 0.0001, 0.02)]
STABLE_DIFFUSION = {
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "timestep_spacing": "leading",
    "prediction_type": "epsilon",
    "steps_offset": 1,
    "set_alpha_to_one": False,
    "clip_sample": False,
}
OPTIONS = [
    {"clip_sample": True},
    {"set_alpha_to_one": True},
    {"lower_order_final": False},
    {"euler_at_final": True},
    {"solver_type": "heun"},
    {"final_sigmas_type": "sigma_min"},
    {"rescale_betas_zero_snr": True},
    {"steps_offset": 0},
]


def wave(step, phase):
    index = np.arange(SIZE)
    return torch.tensor(np.sin(index * 12.9898 + step * 78.233 + phase) * 1.2, dtype=torch.float32)[None]


def configurations():
    for (kind, start, end), spacing, prediction in itertools.product(
        BETAS, ["leading", "linspace", "trailing"], ["epsilon", "v_prediction"]
    ):
        betas = {"beta_schedule": kind, "beta_start": start, "beta_end": end}
        yield {**STABLE_DIFFUSION, **betas, "timestep_spacing": spacing, "prediction_type": prediction}
    for option in OPTIONS:
        yield {**STABLE_DIFFUSION, **option}


def run(name, config, steps):
    cls, extra = SCHEDULERS[name]
    scheduler = cls.from_config({**config, **extra})
    scheduler.set_timesteps(steps)
    sigmas = getattr(scheduler, "sigmas", None)
    x = wave(0, 0.5) * scheduler.init_noise_sigma
    draws = iter(range(1, 10_000))
    draw = lambda shape, **_: wave(next(draws), 2.0).reshape(shape)
    lcm.randn_tensor = ancestral.randn_tensor = draw
    latents = []
    for index, t in enumerate(scheduler.timesteps):
        scheduler.scale_model_input(x, t)
        x = scheduler.step(wave(index, 1.0), t, x).prev_sample
        latents.append([float(v) for v in x[0, :3]])
    return {
        "timesteps": [float(t) for t in scheduler.timesteps],
        "sigmas": [] if sigmas is None else [float(s) for s in sigmas],
        "latents": latents[-2:],
        "initNoiseSigma": float(scheduler.init_noise_sigma),
    }


cases = []
for steps in map(int, sys.argv[1].split(",")):
    for config in configurations():
        for name in SCHEDULERS:
            case = {"name": name, "steps": steps, "config": config}
            try:
                result = run(name, config, steps)
                json.dumps(result, allow_nan=False)
                case["result"] = result
            except Exception as error:
                case["refused"] = f"{type(error).__name__}: {error}"
            cases.append(case)
print("[" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "]")
