"""UNet calls by diffusers in PyTorch: python step.py UNET_FOLDER ROWS THREADS, then one line a call on stdin.

Answers a line on stdin with the milliseconds of one call. Needs: torch diffusers.
"""
import sys
import time

import torch
from diffusers import UNet2DConditionModel

folder, rows, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32).eval()
size = unet.config.sample_size
sample = torch.randn(rows, unet.config.in_channels, size, size)
prompt = torch.randn(rows, 77, unet.config.cross_attention_dim)
timestep = torch.full((rows,), 500.0)
for _ in sys.stdin:
    with torch.inference_mode():
        start = time.perf_counter()
        unet(sample, timestep, prompt)
    print((time.perf_counter() - start) * 1000, flush=True)
