#!/bin/sh
# Removes from a folder with node_modules what does not run on this machine's platform. Licence texts stay.
#   trim.sh FOLDER
set -eu

cd "$1/node_modules"
arch=$(node -p process.arch)
case $arch in
  x64) rust=x86_64-unknown-linux-gnu ;;
  arm64) rust=aarch64-unknown-linux-gnu ;;
  *) echo "No binaries for $arch" >&2 && exit 1 ;;
esac

# Everything in a folder but one entry, which has to be there.
keep() {
  [ -e "$1/$2" ] || { echo "$1 has no $2" >&2 && exit 1; }
  find "$1" -mindepth 1 -maxdepth 1 ! -name "$2" -exec rm -rf {} +
}

for napi in onnxruntime-node/bin/napi-v*; do
  keep "$napi" linux
  keep "$napi/linux" "$arch"
done
keep @temporalio/core-bridge/releases "$rust"
# The Rust source of the bridge, and TypeScript beside what was compiled from it.
(cd @temporalio/core-bridge && rm -rf sdk-core src bridge-macros ts scripts Cargo.toml Cargo.lock)
rm -rf @temporalio/*/src rxjs/src rxjs/dist/bundles rxjs/dist/esm rxjs/dist/esm5 rxjs/dist/types
# Of the viewer only the bundle and its style sheet are served.
rm -f swagger-ui-dist/swagger-ui-es-bundle*.js swagger-ui-dist/swagger-ui-standalone-preset.js swagger-ui-dist/log.*.txt
# Captions are written in one font.
keep dejavu-fonts-ttf/ttf DejaVuSans.ttf
find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.flow' \
  -o -name '*.tsbuildinfo' -o -iname 'changelog*.md' -o -iname 'history.md' \) -delete
# node:*-slim is glibc.
rm -rf @img/*musl* @esbuild/*musl* @swc/*musl*
find . -type d -empty -delete
