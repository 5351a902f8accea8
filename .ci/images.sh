#!/usr/bin/env bash
# Builds the cpu image without a container engine and runs the API and the workers from its root: two to six minutes.
# Takes root and Debian or Ubuntu; where buildah or debootstrap cannot be had it says so, which CI does not forgive.
#   .ci/images.sh [WORK]     keeps what it built in WORK, for the next time
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
  echo "images SKIPPED: $1"
  [ -z "${CI:-}" ] || exit 1
  exit 0
}
[ "$(id -u)" = 0 ] || skip 'not root'
# Each with the package that brings it.
for tool in buildah:buildah debootstrap:debootstrap ip:iproute2 pgrep:procps curl:curl; do
  command -v "${tool%:*}" > /dev/null && continue
  { apt-get update && apt-get install --yes --no-install-recommends "${tool#*:}"; } > /dev/null 2>&1 ||
    skip "${tool%:*} is not installed, and apt-get does not bring it"
done

work=${1:-}
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
test/deploy/infra/docker/build.sh "$work"
test/deploy/infra/docker/run.sh "$work"
