#!/bin/sh
# Runs a role by its name; anything else is run as it is. `exec`, so that node gets the signals.
set -eu

role=${1:-api}
[ $# -eq 0 ] || shift

idem() { exec node --import tsx "$@"; }

case $role in
  api) idem api/node.ts "$@" ;;
  # Of two --health-port the last one counts.
  worker) idem cli/worker.ts --health-port "${IDEM_HEALTH_PORT:-8788}" "$@" ;;
  models | tokens | doctor | generate | faces | diffuse) idem "cli/$role.ts" "$@" ;;
  *) exec "$role" "$@" ;;
esac
