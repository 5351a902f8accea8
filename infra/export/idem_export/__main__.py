"""python -m idem_export CHECKPOINT --out BUNDLE: the command behind `npm run models -- export`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from .checkpoint import open_checkpoint
from .errors import ExportError


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="models export", description=__doc__, allow_abbrev=False)
    parser.add_argument("checkpoint", type=Path, help="folder with arc2face/ or unet/, encoder/ or text_encoder/, vae/, tokenizer/, scheduler/")
    parser.add_argument("--out", type=Path, required=True, help="the bundle to make; must not exist yet")
    parser.add_argument("--name", help="name of the bundle; the folder's by default")
    parser.add_argument("--description", default="")
    parser.add_argument("--licence", default="not stated", help="of the checkpoint's networks")
    parser.add_argument("--source", help="where the checkpoint comes from")
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32", help="fp32 for the CPU, fp16 for GPUs")
    parser.add_argument("--lora", type=Path, help="LoRA to merge into the UNet, such as LCM-LoRA")
    parser.add_argument("--networks", type=Path, help="takes NAME.onnx from this folder, checked, in place of exporting them")
    parser.add_argument("--embedding-size", type=int, default=512, help="length of the face vector")
    parser.add_argument(
        "--timestep-spacing",
        choices=("leading", "linspace", "trailing"),
        help="in place of the scheduler file's, where that is PNDM's default and no choice",
    )
    parser.add_argument("--vae-encoder", action="store_true", help="export the VAE's encoder too")
    parser.add_argument("--detector", type=Path)
    # `models export` takes --detector-kind, and sends the settings of that detector, which only it knows.
    parser.add_argument("--detector-settings", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--detector-licence", default="not stated")
    parser.add_argument("--detector-source")
    parser.add_argument("--recogniser", type=Path)
    parser.add_argument("--recogniser-licence", default="not stated")
    parser.add_argument("--recogniser-source")
    parser.add_argument("--recogniser-sha256", help="of the recogniser that the diffusion was trained with")
    options = parser.parse_args()
    if bool(options.detector) != bool(options.detector_settings):
        parser.error("--detector and --detector-kind need each other")
    if options.embedding_size < 1:
        parser.error("--embedding-size is a positive number")
    for name in ("detector", "recogniser", "lora"):
        file = getattr(options, name)
        if file and not file.is_file():
            parser.error(f"--{name}: there is no file {file}")
    return options


def export(options: argparse.Namespace) -> None:
    out = options.out.absolute()
    if out.exists():
        raise ExportError(f"{out} exists already; choose another folder or remove it")
    checkpoint = open_checkpoint(options.checkpoint)
    from .build import build  # torch and its friends: slow to load, and not needed to say that a file is missing

    started = time.monotonic()
    out.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and renamed at the end: a bundle is there whole or not at all.
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        build(checkpoint, options, folder)
        # What temporary files were made for this user alone, the service's user has to read.
        for path in folder.iterdir():
            path.chmod(0o644)
        folder.chmod(0o755)
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    size = sum(p.stat().st_size for p in out.iterdir())
    print(f"bundle       {out}, {size / 1e6:.0f} MB, {time.monotonic() - started:.0f} s", flush=True)


def main() -> int:
    try:
        export(arguments())
    except (ExportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: stopped; nothing was left behind", file=sys.stderr)
        return 130
    return 0


sys.exit(main())
