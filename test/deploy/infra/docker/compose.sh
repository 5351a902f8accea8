#!/bin/bash
# shellcheck disable=SC2154
# Runs what infra/compose/compose.yaml describes, without an engine: PostgreSQL, Temporal's own server and tools and
# versitygw as programs of this machine, the API and the workers from a built root, each with the command and the
# environment that the file gives it, in a network of its own where the others have the names that the file gives them.
#   compose.sh WORK     takes root, PostgreSQL and Go (ten minutes at the first time); WORK is what build.sh left
set -euo pipefail

work=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../../../.." && pwd)
compose=$project/infra/compose
release=v1.32.0
state=$work/state logs=$work/logs tools=$work/tools

if [ -z "${IDEM_IN_NAMESPACES:-}" ]; then
  rm -rf "$state" "$logs"
  mkdir -p "$logs" "$state" "$tools"
  # Go names a program for its folder.
  build() { [ -e "$tools/$2" ] || { GOBIN=$tools/new go install "$1" && mv "$tools"/new/* "$tools/$2"; }; }
  build "go.temporal.io/server/cmd/server@$release" temporal-server
  build "go.temporal.io/server/cmd/tools/sql@$release" temporal-sql-tool
  build github.com/versity/versitygw/cmd/versitygw@v1.8.0 versitygw
  [ -e "$tools/temporal" ] || ln -s "$(cd "$project" && node --import tsx -e '
    import("./cli/stack/find-cli.ts").then(async ({ findTemporalCli }) =>
      console.log(await findTemporalCli({ cacheDir: process.cwd() + "/.cache", path: process.env.PATH })))')" "$tools/temporal"
  sh "$compose/setup.sh" "$state/env"
  (cd "$project" && node --import tsx test/deploy/infra/docker/compose-model.ts "$state/env") > "$state/model.json"
fi
. "$here/namespaces.sh"
source=$(go env GOMODCACHE)/go.temporal.io/server@$release
export PATH=$tools:$PATH

# Names, as the engine's name server has them.
echo '127.0.0.1 localhost' > "$state/hosts"
for name in postgres temporal temporal-schema temporal-setup storage api worker gpu; do
  network "${name//-/_}"
  echo "$address $name" >> "$state/hosts"
  printf -v "address_${name//-/_}" '%s' "$address"
done
mount --bind "$state/hosts" /etc/hosts

# `of SERVICE EXPRESSION`: of the service, `it`.
of() { node -p "const it = JSON.parse(require('fs').readFileSync(process.argv[1]))[process.argv[2]]; $2" "$state/model.json" "$1"; }
environment() { of "$1" 'Object.entries(it.environment).map((pair) => pair.join("=")).join("\n")'; }
# A service as a program of this machine: `native SERVICE [NAME=VALUE]… -- PROGRAM ARGUMENT…`.
native() {
  local service=$1 env
  shift
  mapfile -t env <<< "$(environment "$service")"
  while [ "$1" != -- ]; do env+=("$1") && shift; done
  shift
  # shellcheck disable=SC2016
  NAME=$service HOSTS=$state/hosts exec ip netns exec "${service//-/_}" unshare --mount --uts \
    sh -c 'hostname "$NAME"; mount --bind "$HOSTS" /etc/hosts; exec "$@"' \
    native env --ignore-environment "PATH=$PATH" "${env[@]}" "$@"
}
once() { (native "$@"); }
in_background() {
  native "$@" > "$logs/$1" 2>&1 &
  printf -v "pid_${1//-/_}" '%s' $!
}
answers() { bash -c "exec 3<> /dev/tcp/$1/$2" 2> /dev/null; }

# PostgreSQL, set up as its image does. That would be release 17.
bin=$(dirname "$(readlink -f "$(command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' | tail -n 1)")")
[ -x "$bin/initdb" ] || { echo 'PostgreSQL is not installed: apt-get install postgresql' >&2 && exit 1; }
install --directory --mode 0700 --owner postgres "$state/postgres"
password=$(of postgres it.environment.POSTGRES_PASSWORD)
as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
chmod 711 "$work" "$state"
install --mode 0600 --owner postgres <(echo "$password") "$state/password"
"${as_postgres[@]}" "$bin/initdb" --pgdata "$state/postgres" --username temporal --pwfile "$state/password" --auth-local trust \
  "$(of postgres it.environment.POSTGRES_INITDB_ARGS)" > "$logs/initdb"
echo 'host all all all scram-sha-256' >> "$state/postgres/pg_hba.conf"
start_postgres() {
  in_background postgres -- "${as_postgres[@]}" "$bin/postgres" -D "$state/postgres" -c 'listen_addresses=*' \
    -c "unix_socket_directories=$state/postgres"
  within 30 answers "$address_postgres" 5432
}
start_postgres
PGPASSWORD=$password "$bin/createdb" --host "$address_postgres" --username temporal temporal

check 'the healthcheck of postgres passes' once postgres -- "$bin/pg_isready" --host 127.0.0.1 --username temporal
for time in first second; do
  check "the schemas are made, the $time time" once temporal-schema "SCHEMA_FOLDER=$source/schema" -- sh "$compose/temporal-schema.sh"
done

start_temporal() {
  in_background temporal "DYNAMIC_CONFIG_FILE_PATH=$compose/dynamic-config.yaml" -- bash "$source/docker/scripts/sh/entrypoint.sh"
  within 60 answers "$address_temporal" 7233
}
check 'Temporal starts on PostgreSQL' start_temporal
for time in first second; do
  check "namespace and search attributes are made, the $time time" \
    once temporal-setup HOME=/tmp -- timeout 90 sh "$compose/temporal-setup.sh"
done

mkdir -p "$state/storage/idem"
mapfile -t command <<< "$(of storage 'it.command.join("\n")')"
in_background storage -- versitygw "${command[@]/#\/data/$state/storage}"
check 'the health of the storage is where the healthcheck looks' within 10 curl --silent --fail "http://$address_storage:7070/health"
check 'the storage refuses who does not sign' test "$(curl --silent --output /dev/null --write-out '%{http_code}' "http://$address_storage:7070/idem/x")" = 403

# The API and the workers, as images.
install --directory --mode 0700 --owner 1000 --group 1000 "$state/api"
options() {
  local line
  options=(-v "$state/hosts:/etc/hosts")
  while read -r line; do options+=(-e "$line"); done <<< "$(environment "$1")"
  [ "$1" != api ] || options+=(-v "$state/api:/var/lib/idem")
}
# shellcheck disable=SC2034
common=()
for name in api worker gpu; do
  options "$name"
  mapfile -t command <<< "$(of "$name" '(it.command ?? ["api"]).join("\n")')"
  start "$name" "${options[@]}" -- "${command[@]}"
done
api=http://$address_api:8787
check 'the API has a worker for every queue' within 90 curl --silent --fail --output /dev/null "$api/readyz"
for name in api worker gpu; do check "the healthcheck of $name passes" healthy "$name"; done
options api
check 'doctor misses nothing' contain api "${options[@]}" -e IDEM_PORT=8789 -- idem doctor
cp "$logs/check" "$logs/doctor"
token=$(contain api "${options[@]}" -- idem tokens create --tenant acme 2> "$logs/tokens")

ask() { curl --silent --header "authorization: Bearer $token" --header 'content-type: application/json' "$@"; }
field() { node -p "JSON.parse(require('fs').readFileSync(process.argv[1]))$2 ?? ''" "$1"; }
printf '{"input":{"input_image":"data:image/jpeg;base64,%s","num_images":1,"seed":7,"num_steps":5}}' \
  "$(base64 --wrap 0 "$project/samples/male_26.jpg")" > "$state/request.json"
within 5 ask --fail --output /dev/null "$api/v1/account"
ask --header 'prefer: wait=60' --data "@$state/request.json" "$api/v1/models/idem/arc2face/predictions" > "$state/prediction.json"
check 'a prediction with a photo succeeds' test "$(field "$state/prediction.json" .status)" = succeeded
output=$(field "$state/prediction.json" '.output?.[0]')
check 'its image is named by the address that is published' test "${output%%/idem/*}" = http://127.0.0.1:7070
# The published port.
curl --silent --fail --connect-to "::$address_storage:7070" --output "$state/image" "$output" || true
check 'its image is a PNG' test "$(head --bytes 8 "$state/image" 2> /dev/null | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a

# What is in the volumes is all that is kept.
kill "$pid_temporal" && wait "$pid_temporal" || true
kill -INT "$pid_postgres" && wait "$pid_postgres" || true
check 'readyz says that Temporal is away' test "$(curl --silent --output /dev/null --write-out '%{http_code}' "$api/readyz")" = 503
start_postgres
start_temporal || true
check 'all is ready again after a restart of PostgreSQL and Temporal' within 90 curl --silent --fail --output /dev/null "$api/readyz"
id=$(field "$state/prediction.json" .id)
ask "$api/v1/predictions/$id" > "$state/again.json"
check 'and the prediction is still there' test "$(field "$state/again.json" .status)" = succeeded

for name in gpu worker api; do
  signal TERM "$name"
  check "SIGTERM: $name ends with 0" ends_with 0 "$name"
done
finish
