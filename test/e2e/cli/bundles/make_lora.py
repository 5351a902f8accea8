"""A LoRA as LCM-LoRA's file is laid out, and what the UNet with it says: python make_lora.py UNET_FOLDER OUT

OUT gets lora.safetensors (kohya's names, rank 2, alpha 1, on attention and on convolutions), sample.npy, prompt.npy and noise_pred.npy.
The weights are added here by hand, not by peft.
"""
import sys
from pathlib import Path
import numpy as np, torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

unet, out = UNet2DConditionModel.from_pretrained(sys.argv[1], torch_dtype=torch.float32).eval(), Path(sys.argv[2])
torch.manual_seed(5)
rank, alpha, state = 2, 1.0, {}
layers = [n for n, _ in unet.named_modules() if n.endswith(("attn1.to_q", "attn2.to_v", "resnets.0.conv1"))]
with torch.no_grad():
    for name in layers:
        weight = unet.get_submodule(name).weight
        down = torch.randn(rank, *weight.shape[1:])
        up = torch.randn(weight.shape[0], rank, *[1] * (weight.ndim - 2)) / 20
        weight += alpha / rank * (up.flatten(1) @ down.flatten(1)).view_as(weight)
        key = "lora_unet_" + name.replace(".", "_")
        state |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": torch.tensor(alpha)}
    sample, prompt = torch.randn(1, 4, 16, 16), torch.randn(1, 77, unet.config.cross_attention_dim)
    result = unet(sample, torch.tensor([500.0]), prompt, return_dict=False)[0]
save_file(state, out / "lora.safetensors")
for name, value in (("sample", sample), ("prompt", prompt), ("noise_pred", result)):
    np.save(out / f"{name}.npy", value.numpy())
