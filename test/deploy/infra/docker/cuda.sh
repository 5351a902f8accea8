#!/bin/bash
# Builds the target `cuda` on the base that build.sh made, in place of NVIDIA's, and looks at what lies beside the binding.
# That shows that every step works but for the base; it has no CUDA, so nothing runs on a GPU.
#   cuda.sh WORK [LIBRARIES]     takes root; WORK is what build.sh left, LIBRARIES a folder with CUDA's and cuDNN's
set -euo pipefail

# buildah leaves mounts behind: these go with the script, and what it remembers of them.
if [ -z "${IDEM_MOUNTS:-}" ]; then
  export IDEM_MOUNTS=1
  exec unshare --mount bash "$0" "$@"
fi
work=$(cd "$1" && pwd)
libraries=${2:-}
project=$(cd "$(dirname "$0")/../../../.." && pwd)
rm -rf "$work/run"
store=(--root "$work/storage" --runroot "$work/run" --storage-driver "${IDEM_STORAGE_DRIVER:-overlay}")
# What onnxruntime 1.30.0 is linked with; the driver brings libcuda.so.1, the base the others.
expected='libcublas.so.13 libcublasLt.so.13 libcuda.so.1 libcudart.so.13 libcurand.so.10'

buildah "${store[@]}" bud --isolation chroot --format docker --layers --pull-never \
  --build-arg NODE_IMAGE=localhost/idem-base --build-arg CUDA_IMAGE=localhost/idem-base \
  --file "$project/infra/docker/Dockerfile" --target cuda --tag idem:test-cuda "$project" > "$work/cuda.log" 2>&1 ||
  { tail -n 40 "$work/cuda.log" >&2 && exit 1; }
container=$(buildah "${store[@]}" from --pull-never localhost/idem:test-cuda)
trap 'buildah "${store[@]}" rm "$container" > /dev/null' EXIT
root=$(buildah "${store[@]}" mount "$container")

folder=app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64
ls "$root/$folder"/{onnxruntime_binding.node,libonnxruntime_providers_shared.so,libonnxruntime_providers_cuda.so} > /dev/null
ls "$root"/usr/share/doc/onnxruntime-gpu/{LICENSE,ThirdPartyNotices.txt} > /dev/null
linked=$(readelf --dynamic "$root/$folder/libonnxruntime_providers_cuda.so" | grep --only-matching --extended-regexp 'lib(cu|nv)[a-zA-Z]*\.so\.[0-9]+' | LC_ALL=C sort | tr '\n' ' ')
[ "$linked" = "$(tr ' ' '\n' <<< "$expected" | LC_ALL=C sort | tr '\n' ' ')" ] || { echo "linked with $linked" >&2 && exit 1; }
echo "ok  the providers lie beside the binding, linked with $linked"

# With the libraries nothing but the driver may be missing.
missing=$(LD_LIBRARY_PATH=$libraries ldd "$root/$folder/libonnxruntime_providers_cuda.so" | awk '/not found/ { print $1 }' | sort --unique | tr '\n' ' ')
if [ -n "$libraries" ]; then
  [ "$missing" = 'libcuda.so.1 ' ] || { echo "not found: $missing" >&2 && exit 1; }
  ls "$libraries"/{libcudnn.so.9,libcufft.so.12} > /dev/null
  echo 'ok  with the libraries given, the driver alone is missing; those that are opened later are there'
fi

# onnxruntime gets as far as CUDA's libraries, and says which it lacks.
doctor=$(buildah "${store[@]}" run --isolation chroot "$container" -- idem doctor || true)
grep --quiet 'libcublas.so.13' <<< "$doctor" || { echo "$doctor" >&2 && exit 1; }
echo "ok  doctor says what CUDA lacks:"
grep --after-context 1 'provider cuda' <<< "$doctor"
