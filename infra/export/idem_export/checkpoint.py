"""A checkpoint folder as diffusers and Arc2Face lay it out: networks, tokenizer and scheduler side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .errors import ExportError

# Arc2Face's name first, then Stable Diffusion's.
UNET_FOLDERS = ("arc2face", "unet")
TEXT_FOLDERS = ("encoder", "text_encoder")
UNET_WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
TEXT_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True)
class Checkpoint:
    """Folders that are known to hold what they should, and their parsed configurations."""

    unet: Path
    text: Path
    vae: Path
    tokenizer: Path
    unet_config: dict
    text_config: dict
    vae_config: dict
    scheduler_config: dict

    @property
    def latent_shape(self) -> list[int]:
        """Channels, height and width of the latents at the size the UNet was trained at."""
        size = self.unet_config.get("sample_size")
        if size is None:
            raise ExportError(f"{self.unet / 'config.json'} has no sample_size")
        height, width = size if isinstance(size, (list, tuple)) else (size, size)
        return [self.unet_config["in_channels"], height, width]

    @property
    def vae_scale(self) -> int:
        """Image pixels per latent pixel: each level of the VAE but the last halves the picture."""
        return 2 ** (len(self.vae_config["block_out_channels"]) - 1)

    @property
    def hidden_size(self) -> int:
        return self.text_config["hidden_size"]


def read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text("utf8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ExportError(f"Cannot read {path}: {error}") from error


def has_weights(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() or (folder / f"{name}.index.json").is_file() for name in names)


def network_folder(root: Path, what: str, candidates: tuple[str, ...], weights: tuple[str, ...]) -> Path:
    found = [root / name for name in candidates if (root / name).is_dir()]
    if not found:
        raise ExportError(f"{root} has no {what}: expected a folder {' or '.join(f'{c}/' for c in candidates)}")
    if not (found[0] / "config.json").is_file():
        raise ExportError(f"The {what} at {found[0]} has no config.json")
    if not has_weights(found[0], weights):
        raise ExportError(f"The {what} at {found[0]} has no weights: expected {' or '.join(weights)}")
    return found[0]


def open_checkpoint(root: Path) -> Checkpoint:
    """Finds every part under `root`. Raises ExportError naming the first part that is missing or does not fit."""
    if not root.is_dir():
        raise ExportError(f"{root} is not a folder")
    unet = network_folder(root, "UNet", UNET_FOLDERS, UNET_WEIGHTS)
    text = network_folder(root, "text encoder", TEXT_FOLDERS, TEXT_WEIGHTS)
    vae = network_folder(root, "VAE", ("vae",), UNET_WEIGHTS)
    tokenizer = root / "tokenizer"
    for name in ("vocab.json", "merges.txt"):
        if not (tokenizer / name).is_file():
            raise ExportError(f"{root} has no tokenizer: expected tokenizer/{name}")
    scheduler = root / "scheduler" / "scheduler_config.json"
    if not scheduler.is_file():
        raise ExportError(f"{root} has no scheduler: expected scheduler/scheduler_config.json")

    checkpoint = Checkpoint(
        unet=unet,
        text=text,
        vae=vae,
        tokenizer=tokenizer,
        unet_config=read_json(unet / "config.json"),
        text_config=read_json(text / "config.json"),
        vae_config=read_json(vae / "config.json"),
        scheduler_config=read_json(scheduler),
    )
    check_fit(checkpoint)
    return checkpoint


def check_fit(checkpoint: Checkpoint) -> None:
    unet, text, vae = checkpoint.unet_config, checkpoint.text_config, checkpoint.vae_config
    for config, folder, keys in (
        (unet, checkpoint.unet, ("in_channels", "cross_attention_dim")),
        (text, checkpoint.text, ("hidden_size", "max_position_embeddings")),
        (vae, checkpoint.vae, ("latent_channels", "block_out_channels")),
    ):
        for key in keys:
            if key not in config:
                raise ExportError(f"{folder / 'config.json'} has no {key}")
    if unet["cross_attention_dim"] != text["hidden_size"]:
        raise ExportError(
            f"The UNet attends to vectors of {unet['cross_attention_dim']}, the text encoder makes {text['hidden_size']}: "
            "they do not belong together"
        )
    if unet["in_channels"] != vae["latent_channels"]:
        raise ExportError(f"The UNet takes {unet['in_channels']} latent channels, the VAE has {vae['latent_channels']}")
    prediction = checkpoint.scheduler_config.get("prediction_type", "epsilon")
    if prediction not in ("epsilon", "v_prediction"):
        raise ExportError(f"The scheduler's prediction_type is {prediction}: expected epsilon or v_prediction")
