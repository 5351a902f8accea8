"""python -m idem_export CHECKPOINT --out BUNDLE: the command behind `npm run models -- export`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from .checkpoint import open_checkpoint
from .errors import ExportError


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="models export", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="folder with arc2face/ or unet/, encoder/ or text_encoder/, vae/, tokenizer/, scheduler/")
    parser.add_argument("--out", type=Path, required=True, help="the bundle to make; must not exist yet")
    parser.add_argument("--name", help="name of the bundle; the folder's by default")
    parser.add_argument("--description", default="")
    parser.add_argument("--licence", default="not stated", help="of the checkpoint's networks")
    parser.add_argument("--source", help="where the checkpoint comes from")
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32", help="fp32 for the CPU, fp16 for GPUs")
    parser.add_argument("--lora", type=Path, help="LoRA to merge into the UNet, such as LCM-LoRA")
    parser.add_argument("--embedding-size", type=int, default=512, help="length of the face vector")
    parser.add_argument(
        "--timestep-spacing",
        choices=("leading", "linspace", "trailing"),
        help="in place of the scheduler file's, where that is PNDM's default and no choice",
    )
    parser.add_argument("--vae-encoder", action="store_true", help="export the VAE's encoder too")
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--detector-kind", choices=("yunet", "scrfd"))
    parser.add_argument("--detector-licence", default="not stated")
    parser.add_argument("--recogniser", type=Path)
    parser.add_argument("--recogniser-licence", default="not stated")
    parser.add_argument("--recogniser-sha256", help="of the recogniser that the diffusion was trained with")
    options = parser.parse_args()
    if options.detector and not options.detector_kind:
        parser.error("--detector needs --detector-kind")
    return options


def say(text: str) -> None:
    print(text, flush=True)


def face_models(options: argparse.Namespace) -> list:
    from . import faces
    from .manifest import sha256

    found = []
    if options.detector:
        found.append(faces.detector(options.detector, options.detector_kind, options.detector_licence, None))
    if options.recogniser:
        pinned = options.recogniser_sha256
        if pinned and sha256(options.recogniser) != pinned:
            raise ExportError(
                f"{options.recogniser} is not the recogniser that the diffusion was trained with: its sha256 is "
                f"{sha256(options.recogniser)}, expected {pinned}. Arc2Face needs its own arcface.onnx, not antelopev2's glintr100"
            )
        found.append(faces.recogniser(options.recogniser, "rgb", 127.5, 127.5, options.recogniser_licence, None))
    return found


def write_network(network, raw: Path, path: Path, precision: str) -> str:
    """Writes the exported network `raw` at `path` in its precision; says how far it is from PyTorch."""
    import onnx

    from .check import NoCpuKernel, compare
    from .half import plain_half, to_half
    from .weights import save, store_as_fp16

    if precision == "fp32":
        model = onnx.load(str(raw))
        store_as_fp16(model)
        save(model, path)
        return f"differs from PyTorch by at most {compare(network, path, precision):.2g}"

    exact = compare(network, raw, "fp32")
    save(to_half(raw, network.name), path)
    try:
        return f"differs from PyTorch by at most {compare(network, path, precision):.2g} ({exact:.2g} in fp32)"
    except NoCpuKernel:
        unfused = raw.with_name("unfused.onnx")
        save(plain_half(raw), unfused)
        difference = compare(network, unfused, precision)
        return (
            f"before fusion differs from PyTorch by at most {difference:.2g} ({exact:.2g} in fp32); "
            "fused it has kernels for GPUs only and was not run here"
        )


def export(options: argparse.Namespace, folder: Path) -> None:
    checkpoint = open_checkpoint(options.checkpoint)
    # Slow to load, and not needed to say that a file is missing.
    from .manifest import describe_diffusion, sha256, write_manifest
    from .networks import load_networks
    from .onnx_export import describe_networks, export_network
    from .preview import fit_preview
    from .prompt import tokenise

    models = face_models(options)
    prompt = tokenise(checkpoint)
    say(f"prompt       '{prompt.text}', the face takes position {prompt.id_position}")
    networks = load_networks(checkpoint, options.embedding_size, options.lora)
    for network in describe_networks(networks, prompt, options.vae_encoder):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            raw = export_network(network, Path(scratch))
            checked = write_network(network, raw, folder / f"{network.name}.onnx", options.precision)
        say(f"{network.name:<13}{checked}; {time.monotonic() - started:.0f} s")
    for model in models:
        shutil.copy(model.path, folder / model.file)
    preview = fit_preview(networks, prompt)
    say("preview      linear map fitted")
    recogniser = options.recogniser_sha256 or next((sha256(m.path) for m in models if m.role == "recogniser"), None)
    diffusion = describe_diffusion(
        checkpoint,
        prompt,
        embedding_size=options.embedding_size,
        precision=options.precision,
        lcm=options.lora is not None,
        vae_encoder=options.vae_encoder,
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


def main() -> int:
    options = arguments()
    started = time.monotonic()
    out = options.out.absolute()
    try:
        if out.exists():
            raise ExportError(f"{out} exists already; choose another folder or remove it")
        out.parent.mkdir(parents=True, exist_ok=True)
        # Built aside and renamed at the end: a bundle is there whole or not at all.
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            export(options, folder)
            os.chmod(folder, 0o755)
            folder.rename(out)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except ExportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    size = sum(p.stat().st_size for p in out.iterdir())
    say(f"bundle       {out}, {size / 1e6:.0f} MB, {time.monotonic() - started:.0f} s")
    return 0


sys.exit(main())
