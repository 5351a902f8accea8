#!/usr/bin/env bash
# The whole pipeline on this machine's GPU, against diffusers on the same card: see --help.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'HELP'
The whole pipeline on an NVIDIA card, against diffusers in PyTorch (fp16) on the same card, in turns: seconds for 4 images of 25
steps at Stable Diffusion 1.5's full size. Makes everything that it needs, in a folder of its own, and writes bench/gpu.md.

  bench/gpu.sh
  bench/gpu.sh --provider cpu --tiny --repeats 2 --out /tmp/gpu.md     the same on the CPU, to try the script

Needs Linux on x64, Node 20.12 or newer, Python 3.11 or newer with venv, NVIDIA's driver (for CUDA 13), some 25 GB of disk.

  --provider NAME     cuda or cpu (cuda)
  --tiny              the tiny checkpoint of the tests in place of one of full size with random weights
  --checkpoint DIR    a checkpoint of your own in their place
  --images N, --steps N, --repeats N      4, 25, 10
  --python FILE       a Python that has what infra/export/requirements.txt lists; none is made then
  --work DIR          where environment, checkpoint and bundle are made and kept (.cache/gpu)
  --out FILE          (bench/gpu.md; on the CPU none)
  --help

With cuda it puts onnxruntime's CUDA libraries beside onnxruntime-node's own, in node_modules.
HELP
}

wrong() { echo "error: $1" >&2; echo "See --help." >&2; exit 2; }
fail() { echo "error: $1" >&2; exit 1; }
say() { echo "== $1" >&2; }

command="bench/gpu.sh${*:+ $*}"
provider=cuda tiny='' checkpoint='' images=4 steps=25 repeats=10 python='' work=.cache/gpu out=''
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) usage; exit ;;
    --tiny) tiny=1; shift; continue ;;
    --provider | --checkpoint | --images | --steps | --repeats | --python | --work | --out)
      [ $# -ge 2 ] || wrong "$1 takes a value"
      printf -v "${1#--}" %s "$2"; shift 2 ;;
    *) wrong "there is no option $1" ;;
  esac
done
for name in images steps repeats; do
  [[ "${!name}" =~ ^[1-9][0-9]{0,3}$ ]] || wrong "--$name takes a whole number from 1, not \"${!name}\""
done
[ -z "$tiny" ] || [ -z "$checkpoint" ] || wrong "--tiny and --checkpoint are two checkpoints"
case "$provider" in cuda | cpu) ;; *) wrong "--provider is cuda or cpu, not \"$provider\"" ;; esac
[ -z "$checkpoint" ] || [ -d "$checkpoint" ] || wrong "--checkpoint: there is no folder $checkpoint"

if [ "$provider" = cuda ]; then
  command -v nvidia-smi >/dev/null || fail "there is no NVIDIA card to be seen: nvidia-smi, which comes with the driver, is not there. --provider cpu --tiny tries the script without one"
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader >&2 || fail "nvidia-smi finds no NVIDIA card"
fi
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 12) ? 0 : 1)' ||
  fail "Node 20.12 or newer is needed"
mkdir -p "$work"
work=$(cd "$work" && pwd)

if [ ! -d node_modules/onnxruntime-node ]; then
  say "npm ci"
  ONNXRUNTIME_NODE_INSTALL=skip npm ci --no-audit --no-fund >&2
fi

if [ -z "$python" ]; then
  python="$work/venv/bin/python"
  if ! cmp -s infra/export/requirements.txt "$work/venv/installed"; then
    say "a Python environment with torch and diffusers: some gigabytes, minutes, once"
    python3 -m venv --clear "$work/venv" || fail "Python 3.11 or newer with venv is needed"
    "$python" -m pip install --quiet --disable-pip-version-check -r infra/export/requirements.txt
    cp infra/export/requirements.txt "$work/venv/installed"
  fi
fi
"$python" -c 'import torch, diffusers' || fail "$python has no torch and diffusers"

if [ "$provider" = cuda ]; then
  version=$(node -p 'require("onnxruntime-node/package.json").version')
  beside=$PWD/node_modules/onnxruntime-node/bin/napi-v6/linux/x64
  gpu="$work/onnxruntime-gpu"
  if [ ! -e "$gpu/$version" ]; then
    say "onnxruntime's CUDA libraries, release $version"
    # cuRAND is the one library that onnxruntime asks for and torch does not bring along.
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "$gpu" "onnxruntime-gpu==$version" "nvidia-curand>=10.4,<11"
    touch "$gpu/$version"
  fi
  cp "$gpu"/onnxruntime/capi/libonnxruntime_providers_{shared,cuda}.so "$beside/"
  # CUDA and cuDNN came with torch, as nvidia's packages.
  libraries=$("$python" -c 'import glob, os, sys, sysconfig
folders = [sysconfig.get_path("purelib"), sys.argv[1]]
print(":".join(lib for folder in folders for lib in sorted(glob.glob(os.path.join(folder, "nvidia/*/lib")))))' "$gpu")
  export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  missing=$(ldd "$beside/libonnxruntime_providers_cuda.so" | sed -n 's/^[[:space:]]*\(.*\) => not found$/\1/p' | grep -v '^libcuda[.]' || true)
  [ -z "$missing" ] || fail "onnxruntime's CUDA library lacks ${missing//$'\n'/, }"
  "$python" -c 'import sys, torch; sys.exit(0 if torch.cuda.is_available() else 1)' ||
    fail "PyTorch cannot use the card: is the driver new enough for CUDA $("$python" -c 'import torch; print(torch.version.cuda)')?"
fi

tiny_checkpoint=test/golden/arc2face-tiny/checkpoint
name=own
if [ -n "$tiny" ]; then
  name=tiny checkpoint=$tiny_checkpoint
elif [ -z "$checkpoint" ]; then
  name=full checkpoint="$work/checkpoint"
  if [ ! -e "$checkpoint/made" ]; then
    say "a checkpoint of full size with random weights"
    rm -rf "$checkpoint"
    # Any tokenizer does that has the words of the prompt: the time is the same.
    "$python" -W ignore bench/make_full_size_checkpoint.py "$tiny_checkpoint/tokenizer" "$checkpoint"
    touch "$checkpoint/made"
  fi
fi

precision=$([ "$provider" = cuda ] && echo fp16 || echo fp32)
bundle="$work/bundle-$name-$precision"
# A checkpoint of one's own may have changed.
[ "$name" != own ] || rm -rf "$bundle"
if [ ! -d "$bundle" ]; then
  say "export in $precision"
  npm run --silent models -- export "$checkpoint" --out "$bundle" --precision "$precision" --python "$python" >&2
fi

[ -n "$out" ] || [ "$provider" = cpu ] || out=bench/gpu.md
say "$repeats runs of each, in turns"
exec node --import tsx bench/gpu/compare.ts --bundle "$bundle" --checkpoint "$checkpoint" --python "$python" --provider "$provider" \
  --images "$images" --steps "$steps" --repeats "$repeats" \
  --command "$command" ${out:+--out "$out"}
