"""All that a bundle consists of, made in one folder."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import onnx

from . import faces
from .check import NoCpuKernel, compare
from .checkpoint import Checkpoint
from .errors import ExportError
from .half import to_half
from .manifest import describe_diffusion, sha256, write_manifest
from .networks import load_networks
from .network import Network
from .onnx_export import describe_networks, export_network
from .preview import fit_preview
from .prompt import tokenise
from .weights import save, store_as_fp16


def say(text: str) -> None:
    print(text, flush=True)


def face_models(options: argparse.Namespace) -> list[faces.FaceModel]:
    found = []
    if options.detector:
        found.append(
            faces.detector(options.detector, options.detector_settings, options.detector_licence, options.detector_source)
        )
    if options.recogniser:
        pinned, own = options.recogniser_sha256, sha256(options.recogniser)
        if pinned and own != pinned:
            raise ExportError(
                f"{options.recogniser} is not the recogniser that the diffusion was trained with: its sha256 is {own}, "
                f"expected {pinned}. Arc2Face needs its own arcface.onnx, not antelopev2's glintr100"
            )
        found.append(
            faces.recogniser(options.recogniser, "rgb", 127.5, 127.5, options.recogniser_licence, options.recogniser_source)
        )
    return found


def take_face_model(model: faces.FaceModel, folder: Path) -> None:
    if (folder / model.file).exists():
        raise ExportError(f"The {model.role} cannot be called {model.file}: the bundle has another file of that name")
    shutil.copyfile(model.path, folder / model.file)


def take_network(network: Network, source: Path, folder: Path, precision: str) -> str:
    """Copies a network that was exported earlier; says how far it is from PyTorch."""
    name = network.file
    if not (source / name).is_file():
        raise ExportError(f"{source} has no {name}")
    for file in (name, f"{name}.data"):
        if (source / file).is_file():
            shutil.copyfile(source / file, folder / file)
    return f"differs from PyTorch by at most {compare(network, folder / name, precision):.2g}"


def make_network(network: Network, folder: Path, precision: str) -> str:
    """Exports a network in its precision; says how far it is from PyTorch."""
    path = folder / network.file
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}-") as scratch:
        raw = export_network(network, Path(scratch))
        if precision == "fp32":
            model = onnx.load(str(raw))
            store_as_fp16(model)
            save(model, path)
            return f"differs from PyTorch by at most {compare(network, path, precision):.2g}"

        save(to_half(raw, network.kind), path)
        try:
            return f"differs from PyTorch by at most {compare(network, path, precision):.2g}"
        except NoCpuKernel:
            # What of the fusions a CPU can run, attention among it, is checked in place of the whole.
            runnable = Path(scratch) / "runnable.onnx"
            save(to_half(raw, network.kind, gpu=False), runnable)
            difference = compare(network, runnable, precision)
            return (
                f"differs from PyTorch by at most {difference:.2g} without the operators that have kernels for GPUs only; "
                "with them it loads on a GPU alone and was not run here"
            )


def build(checkpoint: Checkpoint, options: argparse.Namespace, folder: Path) -> None:
    """Fills the empty `folder`; the manifest comes last. Raises ExportError where a network is not what it should be."""
    models = face_models(options)
    prompt = tokenise(checkpoint)
    say(f"prompt       '{prompt.text}', the face takes position {prompt.id_position}")
    networks = load_networks(checkpoint, options.embedding_size, options.lora)
    described = describe_networks(networks, prompt, options.vae_encoder)
    for network in described:
        started = time.monotonic()
        if options.networks:
            checked = take_network(network, options.networks, folder, options.precision)
        else:
            checked = make_network(network, folder, options.precision)
        say(f"{network.name:<13}{checked}; {time.monotonic() - started:.0f} s")
    for model in models:
        take_face_model(model, folder)
    started = time.monotonic()
    preview = fit_preview(networks)
    say(f"preview      linear map fitted; {time.monotonic() - started:.0f} s")
    recogniser = options.recogniser_sha256 or next((sha256(m.path) for m in models if m.role == "recogniser"), None)
    diffusion = describe_diffusion(
        checkpoint,
        prompt,
        described,
        embedding_size=options.embedding_size,
        precision=options.precision,
        lcm=options.lora is not None,
        recogniser_sha256=recogniser,
        preview=preview,
        timestep_spacing=options.timestep_spacing,
    )
    write_manifest(
        folder,
        name=options.name or options.out.name,
        description=options.description,
        diffusion=diffusion,
        faces=models,
        licence=options.licence,
        source=options.source,
    )
