"""A random checkpoint of Stable Diffusion 1.5's full size in Arc2Face's layout, for measuring: python make_full_size_checkpoint.py TOKENIZER OUT

TOKENIZER is a folder with CLIP's own vocab.json and merges.txt. fp16 safetensors, about 2 GB. Needs: torch diffusers transformers.
"""
import json, shutil, sys
from pathlib import Path
import torch
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

tokenizer, out = Path(sys.argv[1]), Path(sys.argv[2])
torch.manual_seed(0)
torch.set_default_dtype(torch.float16)
UNet2DConditionModel(sample_size=64, in_channels=4, out_channels=4, layers_per_block=2, block_out_channels=(320, 640, 1280, 1280),
    cross_attention_dim=768, attention_head_dim=8).save_pretrained(out / "arc2face")
AutoencoderKL(in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, sample_size=512).save_pretrained(out / "vae")
CLIPTextModel(CLIPTextConfig(vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
    max_position_embeddings=77, projection_dim=768, bos_token_id=49406, eos_token_id=49407)).save_pretrained(out / "encoder")
PNDMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", set_alpha_to_one=False, skip_prk_steps=True,
    steps_offset=1).save_pretrained(out / "scheduler")
(out / "tokenizer").mkdir(parents=True, exist_ok=True)
for name in ("vocab.json", "merges.txt"):
    shutil.copyfile(tokenizer / name, out / "tokenizer" / name)
special = {k: "<|endoftext|>" for k in ("eos_token", "pad_token", "unk_token")} | {"bos_token": "<|startoftext|>"}
(out / "tokenizer/special_tokens_map.json").write_text(json.dumps(special))
(out / "tokenizer/tokenizer_config.json").write_text(json.dumps(special | dict(tokenizer_class="CLIPTokenizer", model_max_length=77, do_lower_case=True)))
