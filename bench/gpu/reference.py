"""Arc2Face's pipeline by diffusers in PyTorch: python reference.py CHECKPOINT cuda|cpu, then one request a line on stdin.

A request is {"embedding": […], "images": 4, "steps": 25, "guidance": 3, "save": "images.npy" or null}; the answer {"seconds": …}. Image k
begins from PyTorch's CPU generator of seed k. fp16 on cuda, fp32 on the CPU. Needs: torch diffusers transformers.
"""
import json
import sys
import time
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

root, device = Path(sys.argv[1]), sys.argv[2]
dtype = torch.float16 if device == "cuda" else torch.float32
if len(sys.argv) > 3 and device == "cpu":
    torch.set_num_threads(int(sys.argv[3]))
load = lambda kind, *names: kind.from_pretrained(next(root / n for n in names if (root / n).is_dir()), torch_dtype=dtype).eval()
tokenizer = CLIPTokenizer.from_pretrained(root / "tokenizer")
config = json.loads((root / "scheduler/scheduler_config.json").read_text())
# PNDM's spacing is its class's default and no choice of the checkpoint's: the solver has its own.
config.pop("timestep_spacing", None)
pipe = StableDiffusionPipeline(
    vae=load(AutoencoderKL, "vae"),
    text_encoder=load(CLIPTextModel, "encoder", "text_encoder"),
    tokenizer=tokenizer,
    unet=load(UNet2DConditionModel, "arc2face", "unet"),
    scheduler=DPMSolverMultistepScheduler.from_config(PNDMScheduler.from_config(config).config),
    safety_checker=None,
    feature_extractor=None,
    requires_safety_checker=False,
).to(device)
pipe.set_progress_bar_config(disable=True)
identity = tokenizer.encode("id", add_special_tokens=False)[0]


def encode(text, face=None):
    """Arc2Face's project_face_embs: the face vector, padded, takes the place of the token `id`."""
    ids = tokenizer(text, padding="max_length", max_length=pipe.text_encoder.config.max_position_embeddings, return_tensors="pt").input_ids
    embedding = getattr(pipe.text_encoder, "text_model", pipe.text_encoder).embeddings.token_embedding
    def replace(_module, _args, output):
        output[:, ids[0].tolist().index(identity), :] = 0
        output[:, ids[0].tolist().index(identity), : len(face)] = torch.tensor(face, dtype=dtype, device=device)
        return output
    hook = embedding.register_forward_hook(replace) if face else None
    result = pipe.text_encoder(ids.to(device)).last_hidden_state
    if hook:
        hook.remove()
    return result


def synchronise():
    if device == "cuda":
        torch.cuda.synchronize()


def run(request):
    n, channels, size = request["images"], pipe.unet.config.in_channels, pipe.unet.config.sample_size
    noise = [torch.randn(1, channels, size, size, generator=torch.Generator().manual_seed(k)) for k in range(n)]
    synchronise()
    start = time.perf_counter()
    images = pipe(
        prompt_embeds=encode("photo of a id person", request["embedding"]),
        negative_prompt_embeds=encode(""),
        num_images_per_prompt=n,
        num_inference_steps=request["steps"],
        guidance_scale=request["guidance"],
        latents=torch.cat(noise).to(device, dtype),
        output_type="np",
    ).images
    synchronise()
    seconds = time.perf_counter() - start
    if request.get("save"):
        np.save(request["save"], images.astype("float32"))
    return {"seconds": seconds}


with torch.inference_mode():
    print(json.dumps({
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "device": torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads",
        "dtype": str(dtype).removeprefix("torch."),
    }), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
