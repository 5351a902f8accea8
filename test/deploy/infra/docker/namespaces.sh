# shellcheck shell=bash disable=SC2154
# For scripts that run containers without an engine: sourced with `work` and `here` set; `logs`, a folder, and `common`, the
# options of all containers, come after it.

# Networks, mounts and processes of its own: nothing is in the way, and nothing stays.
if [ -z "${IDEM_IN_NAMESPACES:-}" ]; then
  export IDEM_IN_NAMESPACES=1
  unshare --net --mount --pid --fork --mount-proc --kill-child bash "$0" "$work" &
  # Asked to end, unshare waits for its child all the same; when it is killed, all that is inside goes with it.
  trap 'kill -KILL $!' TERM INT
  wait $!
  exit
fi
mount --types tmpfs tmpfs /run/netns 2> /dev/null || { mkdir -p /run/netns && mount --types tmpfs tmpfs /run/netns; }
ip link set lo up
ip link add idem type bridge
ip addr add 10.99.0.1/24 dev idem
ip link set idem up

passed=0 failed=0
check() {
  local what=$1
  shift
  if "$@" > "$logs/check" 2>&1; then
    passed=$((passed + 1)) && echo "ok      $what"
  else
    failed=$((failed + 1)) && echo "FAILED  $what" && sed 's/^/        /' "$logs/check" | tail -n 20
  fi
}
not() { ! "$@"; }
none() { [ -z "$1" ] || { echo "$1" && return 1; }; }
within() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do [ $SECONDS -lt $until ] && sleep 0.1 || return 1; done
}

# A network of its own for each container.
addresses=1
network() {
  addresses=$((addresses + 1))
  ip netns add "$1"
  ip link add "$1" type veth peer name eth0 netns "$1"
  ip link set "$1" master idem up
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" addr add "10.99.0.$addresses/24" dev eth0
  address=10.99.0.$addresses
}
contain() { "$here/contain.sh" "$work" "$@"; }
# In the background; pid_NAME is the parent of process 1.
start() {
  local name=$1
  shift
  "$here/contain.sh" "$work" "$name" "${common[@]}" "$@" > "$logs/$name" 2>&1 &
  printf -v "pid_${name}" '%s' $!
}
# What the engine would signal: process 1 of the container.
signal() {
  local pid="pid_$2"
  kill "-$1" "$(pgrep --parent "${!pid}")"
}
ends_with() {
  local pid="pid_$2" code=0
  within 60 not kill -0 "${!pid}" || kill -9 "${!pid}"
  wait "${!pid}" || code=$?
  [ "$code" = "$1" ] || { echo "exit code $code" && tail -n 20 "$logs/$2" && return 1; }
}
# The HEALTHCHECK of the image, in the network of a container.
healthy() { contain "$1" -- node infra/docker/healthcheck.js; }

finish() {
  echo "$passed passed, $failed failed"
  [ $failed = 0 ]
}
