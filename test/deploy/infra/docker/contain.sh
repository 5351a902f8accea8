#!/bin/bash
# Runs one process of an image's root as a container engine would, with what Linux brings: network, processes and mounts
# of its own, the root read-only, `/tmp` fresh, the image's user without capabilities, the image's environment alone.
#   contain.sh IMAGE NAME [-e KEY=VALUE]… [-v DIR:PATH]… [-- ARGUMENT…]     -v takes files too
# IMAGE has `root` and `config.json`, as build.sh leaves them. NAME is a network namespace that exists.
set -euo pipefail

image=$1 name=$2
shift 2
config() { node -p 'const { config } = JSON.parse(require("fs").readFileSync(process.argv[1])); '"$1" "$image/config.json"; }
mapfile -t env <<< "$(config 'config.Env.join("\n")')"
volumes=()
while [ $# -gt 0 ]; do
  case $1 in
    -e) env+=("$2") && shift 2 ;;
    -v) volumes+=("$2") && shift 2 ;;
    --) shift && break ;;
    *) echo "contain.sh: $1?" >&2 && exit 2 ;;
  esac
done
mapfile -t command <<< "$(config 'config.Entrypoint.join("\n")')"
if [ $# -gt 0 ]; then command+=("$@"); else mapfile -t -O "${#command[@]}" command <<< "$(config 'config.Cmd.join("\n")')"; fi
export ROOT="$image/root" FOLDER USER_ID GROUP_ID VOLUMES="${volumes[*]}"
FOLDER=$(config config.WorkingDir)
IFS=: read -r USER_ID GROUP_ID <<< "$(config config.User)"

# shellcheck disable=SC2016
exec ip netns exec "$name" unshare --mount --pid --ipc --uts --fork --kill-child bash -euc '
  # Engines make mount points too.
  for volume in $VOLUMES; do [ -e "$ROOT${volume#*:}" ] || touch "$ROOT${volume#*:}"; done
  mount --bind "$ROOT" "$ROOT"
  mount --options remount,bind,ro "$ROOT"
  mount --types proc proc "$ROOT/proc"
  mount --types tmpfs --options mode=755 tmpfs "$ROOT/dev"
  for device in null zero full random urandom; do
    touch "$ROOT/dev/$device"
    mount --bind "/dev/$device" "$ROOT/dev/$device"
  done
  mkdir --mode 1777 "$ROOT/dev/shm"
  mount --types tmpfs tmpfs "$ROOT/tmp"
  for volume in $VOLUMES; do mount --bind "${volume%%:*}" "$ROOT${volume#*:}"; done
  # As process 1, which gets the signals.
  exec chroot "$ROOT" setpriv --reuid "$USER_ID" --regid "$GROUP_ID" --clear-groups --bounding-set=-all --inh-caps=-all \
    --no-new-privs env --ignore-environment --chdir "$FOLDER" "$@"
' contain "${env[@]}" "${command[@]}"
