"""manifest.json of a bundle. The schema that Idem reads is in contracts/bundle-manifest.ts."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from .checkpoint import Checkpoint
from .faces import FaceModel
from .network import Network, describe_roles
from .prompt import Prompt

FORMAT = "idem-bundle/1"


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_file(path: Path, licence: str, source: str | None) -> dict:
    entry = {"sha256": sha256(path), "bytes": path.stat().st_size, "licence": licence}
    return entry | ({"source": source} if source else {})


def describe_diffusion(
    checkpoint: Checkpoint,
    prompt: Prompt,
    networks: list[Network],
    *,
    embedding_size: int,
    precision: str,
    lcm: bool,
    recogniser_sha256: str | None,
    preview: dict | None,
    timestep_spacing: str | None = None,
) -> dict:
    # LCM needs few steps and was distilled with the guidance inside; the others are Arc2Face's own defaults.
    defaults = ("lcm", 4, 1.0) if lcm else ("dpmpp_2m", 25, 3.0)
    diffusion = {
        "prompt": prompt.text,
        "inputIds": prompt.input_ids,
        "negativeInputIds": prompt.negative_input_ids,
        "idPosition": prompt.id_position,
        **describe_roles(networks),
        "latentShape": checkpoint.latent_shape,
        "vaeScale": checkpoint.vae_scale,
        "scalingFactor": checkpoint.vae_config.get("scaling_factor", 0.18215),
        "hiddenSize": checkpoint.hidden_size,
        "embeddingSize": embedding_size,
        "precision": precision,
        "scheduler": checkpoint.scheduler_config,
        "defaults": dict(zip(("scheduler", "num_steps", "guidance_scale"), defaults)),
    }
    if timestep_spacing:
        diffusion["timestepSpacing"] = timestep_spacing
    if recogniser_sha256:
        diffusion["recogniserSha256"] = recogniser_sha256
    if preview:
        diffusion["preview"] = preview
    return diffusion


def write_manifest(
    folder: Path,
    *,
    name: str,
    description: str,
    diffusion: dict,
    faces: list[FaceModel],
    licence: str,
    source: str | None,
) -> dict:
    """Hashes every file in `folder` and writes manifest.json. The version is a hash of all that the manifest says."""
    described = {model.file: (model.licence, model.source) for model in faces}
    body = {
        "format": FORMAT,
        "name": name,
        "description": description,
        "files": {p.name: describe_file(p, *described.get(p.name, (licence, source))) for p in sorted(folder.iterdir())},
        **{model.role: model.spec() for model in faces},
        "diffusion": diffusion,
    }
    version = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    manifest = {"format": FORMAT, "name": name, "version": version} | body
    partial = folder / "manifest.json.part"
    partial.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf8")
    os.replace(partial, folder / "manifest.json")
    return manifest
