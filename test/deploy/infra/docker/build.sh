#!/bin/bash
# Builds the target `cpu` without a Docker engine: buildah in a chroot, on a Debian made by debootstrap with this machine's
# Node in place of the official image. Prints sizes; leaves the root and the configuration of the image behind.
#   build.sh WORK     takes root, buildah and debootstrap; leaves WORK/root, WORK/config.json and WORK/sizes.txt
set -euo pipefail

# buildah leaves mounts behind: these go with the script, and what it remembers of them.
if [ -z "${IDEM_MOUNTS:-}" ]; then
  export IDEM_MOUNTS=1
  exec unshare --mount bash "$0" "$@"
fi
work=$(mkdir -p "$1" && cd "$1" && pwd)
project=$(cd "$(dirname "$0")/../../../.." && pwd)
suite=bookworm
rm -rf "$work/run"
store=(--root "$work/storage" --runroot "$work/run" --storage-driver "${IDEM_STORAGE_DRIVER:-overlay}")
node=$(readlink -f "$(command -v node)")
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")

seconds() { echo "$1: $((SECONDS - started)) s" | tee -a "$work/sizes.txt"; started=$SECONDS; }
started=$SECONDS
: > "$work/sizes.txt"

if [ ! -e "$work/base/.done" ]; then
  rm -rf "$work/base"
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 "$suite" "$work/base" > "$work/debootstrap.log"
  touch "$work/base/.done"
fi
rm -rf "$work"/base/var/cache/apt/archives/*.deb "$work"/base/var/lib/apt/lists/*
install -m 755 "$node" "$work/base/usr/local/bin/node"
mkdir -p "$work/base/usr/local/lib/node_modules" "$work/base/usr/local/etc"
rm -rf "$work/base/usr/local/lib/node_modules/npm"
cp -r "$npm" "$work/base/usr/local/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$work/base/usr/local/bin/npm"
# A network with certificates of its own.
cp /etc/ssl/certs/ca-certificates.crt "$work/base/etc/ssl/certs/ca-certificates.crt"
echo 'cafile=/etc/ssl/certs/ca-certificates.crt' > "$work/base/usr/local/etc/npmrc"
seconds 'base, by debootstrap'

tar --create --directory "$work/base" --file "$work/base.tar" .
base=$(buildah "${store[@]}" from scratch)
buildah "${store[@]}" add --quiet "$base" "$work/base.tar" / > /dev/null
buildah "${store[@]}" commit --quiet --rm "$base" idem-base > /dev/null
rm "$work/base.tar"
seconds 'base, as an image'

buildah "${store[@]}" bud --isolation chroot --format docker --layers --pull-never \
  --build-arg NODE_IMAGE=localhost/idem-base \
  --file "$project/infra/docker/Dockerfile" --target cpu --tag idem:test "$project" > "$work/build.log" 2>&1 ||
  { tail -n 40 "$work/build.log" >&2 && exit 1; }
seconds 'target cpu'

container=$(buildah "${store[@]}" from --pull-never localhost/idem:test)
buildah "${store[@]}" inspect --type image localhost/idem:test > "$work/image.json"
node -e '
  const { Docker: { config }, OCIv1: { history } } = JSON.parse(require("fs").readFileSync(process.argv[1]))
  require("fs").writeFileSync(process.argv[2], JSON.stringify({ config, history }, null, 2))
' "$work/image.json" "$work/config.json"
rm -rf "$work/root"
cp -a "$(buildah "${store[@]}" mount "$container")" "$work/root"
buildah "${store[@]}" umount "$container" > /dev/null
buildah "${store[@]}" rm "$container" > /dev/null

# Layers as a registry has them: the first one is the base.
rm -rf "$work/oci"
buildah "${store[@]}" push --quiet --format oci localhost/idem:test "oci:$work/oci:test"
node "$project/test/deploy/infra/docker/layers.js" "$work/oci" | tee -a "$work/sizes.txt"
