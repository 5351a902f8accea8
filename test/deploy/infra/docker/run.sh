#!/bin/bash
# Runs the roles of a built image, each as a container would run it, against a real Temporal server, up to an image that
# the API hands out. Prints `ok` or `FAILED` for each check; ends with their number, and with 1 where one failed.
#   run.sh WORK     takes root; WORK is what build.sh left
set -euo pipefail

work=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../../../.." && pwd)
# Found, or fetched, while there is a network.
export TEMPORAL_CLI=${TEMPORAL_CLI:-$(cd "$project" && node --import tsx -e '
  import("./cli/stack/find-cli.ts").then(async ({ findTemporalCli }) =>
    console.log(await findTemporalCli({ cacheDir: ".cache", path: process.env.PATH })))')}
. "$here/namespaces.sh"
state=$work/state logs=$work/logs
rm -rf "$state" "$logs"
mkdir -p "$logs" "$state/temporal"
install --directory --mode 0700 --owner 1000 --group 1000 "$state/idem"
common=(-e TEMPORAL_ADDRESS=10.99.0.1:7233 -v "$state/idem:/var/lib/idem")

attributes=$(cd "$project" && node --import tsx -p '
  Object.entries(require("./contracts/search-attributes.ts").searchAttributes).map(([name, type]) => `--search-attribute ${name}=${type}`).join(" ")')
# shellcheck disable=SC2086
HOME=$state/temporal "$TEMPORAL_CLI" server start-dev --headless --ip 0.0.0.0 --log-level error $attributes > "$logs/temporal" 2>&1 &

for name in api worker gpu once; do
  network "$name"
  printf -v "address_$name" '%s' "$address"
done

# What is in the image.
root=$work/root
# Binaries that the image's own node could not load: of another system, or of another machine by their ELF headers.
machine() { od --skip-bytes 18 --read-bytes 2 --format x2 --address-radix n "$1"; }
foreign() {
  find "$root/app" -type f \( -name '*.dylib' -o -name '*.dll' -o -name '*.exe' -o -path '*musl*/*.node' \)
  find "$root/app" -type f \( -name '*.node' -o -name '*.so' -o -name '*.so.*' -o -path '*/@esbuild/*/bin/esbuild' \) | while read -r file; do
    [ "$(machine "$file")" = "$(machine "$root/usr/local/bin/node")" ] || echo "$file"
  done
}
check 'no tests, secrets, state or sources of the chart are in the image' \
  not ls "$root"/app/test "$root"/app/.git "$root"/app/.idem "$root"/app/.cache "$root"/app/infra/helm "$root"/app/infra/compose
check 'no binaries of other platforms' none "$(foreign)"
check 'what development needs is not there' not ls -d "$root"/app/node_modules/{vitest,typescript,miniflare,@biomejs}
check 'the SBOM lists every installed package' node "$here/sbom.js" "$root"

# What it is allowed to.
check 'the root cannot be written to' not contain once -- touch /app/here
check 'the user is 1000, without capabilities' contain once -- sh -c \
  'test "$(id -u):$(id -g)" = 1000:1000 && ! grep -E "^Cap...:.*[1-9a-f]" /proc/self/status'
check 'an unknown role is run as a command' test "$(contain once -- node -p 6*7)" = 42

# Roles.
refusal=$(contain once "${common[@]}" -- api 2>&1) && refusal='it started'
check 'an API without tokens refuses to listen beyond loopback, and says why' grep 'Set IDEM_TOKENS' <<< "$refusal"
token=$(contain once "${common[@]}" -- tokens create --tenant acme 2> "$logs/tokens")
check 'tokens create writes to the volume' test -s "$state/idem/tokens.json"
check 'models verify finds the bundle of the image whole' contain once -- models verify models/demo
api=http://$address_api:8787
common+=(-e IDEM_TOKENS=/var/lib/idem/tokens.json -e "IDEM_PUBLIC_URL=$api")
within 20 bash -c "exec 3<> /dev/tcp/10.99.0.1/7233" 2> /dev/null
started=$(date +%s%N)
start api
start worker -- worker --queues control,cpu
start gpu -e IDEM_EXECUTION_PROVIDER=cpu -- worker --queues gpu
check 'the API answers outside of its container' within 60 curl --silent --fail --output /dev/null "$api/healthz"
api_ms=$((($(date +%s%N) - started) / 1000000))
check 'workers poll every queue' within 60 curl --silent --fail --output /dev/null "$api/readyz"
ready_ms=$((($(date +%s%N) - started) / 1000000))
for name in api worker gpu; do check "HEALTHCHECK finds $name well" healthy "$name"; done
check 'HEALTHCHECK finds a container without a role unwell' not healthy once
check 'the page is served' sh -c "curl --silent --fail $api/ | grep --quiet '<title>'"
check 'a request without a token is refused' test "$(curl --silent --output /dev/null --write-out '%{http_code}' "$api/v1/predictions")" = 401
check 'doctor misses nothing' contain once "${common[@]}" -- idem doctor
cp "$logs/check" "$logs/doctor"

# A prediction.
printf '{"input":{"input_image":"data:image/jpeg;base64,%s","num_images":1,"seed":7,"num_steps":5}}' \
  "$(base64 --wrap 0 "$project/samples/male_26.jpg")" > "$state/request.json"
ask() { curl --silent --header "authorization: Bearer $token" --header 'content-type: application/json' "$@"; }
field() { node -p "JSON.parse(require('fs').readFileSync(process.argv[1]))$2 ?? ''" "$1"; }
ask --header 'prefer: wait=60' --data "@$state/request.json" "$api/v1/models/idem/arc2face/predictions" > "$state/prediction.json"
check 'a prediction with a photo succeeds' test "$(field "$state/prediction.json" .status)" = succeeded || cat "$state/prediction.json"
output=$(field "$state/prediction.json" '.output?.[0]')
curl --silent --fail --output "$state/image" "$output" || true
check 'its image is a PNG' test "$(head --bytes 8 "$state/image" 2> /dev/null | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a
check 'generate makes one through the API' contain once "${common[@]}" -e "IDEM_API_TOKEN=$token" -- \
  generate samples/female_13.jpg -n 1 --steps 4 --seed 3 --images none -o /tmp/out --api "$api"

# Stopping.
signal TERM gpu
check 'SIGTERM: a gpu worker ends with 0' ends_with 0 gpu
signal TERM worker
check 'SIGTERM: a worker for workflows and photos ends with 0' ends_with 0 worker
check 'an idle worker leaves by itself with 0' contain once "${common[@]}" -- worker --queues cpu --exit-when-idle 1s
signal TERM api
check 'SIGTERM: the API ends with 0' ends_with 0 api

echo "the API answered after $api_ms ms, every queue had a worker after $ready_ms ms (all roles started at once)" | tee "$work/times.txt"
finish
