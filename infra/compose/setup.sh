#!/bin/sh
# Makes the secrets of compose.yaml, once, in .env beside it, readable by its owner alone.
#   sh infra/compose/setup.sh [FILE]
set -eu

file=${1:-$(cd "$(dirname "$0")" && pwd)/.env}
if [ -e "$file" ]; then
  echo "$file is there already: left as it is"
  exit 0
fi
bytes() { head -c "$1" /dev/urandom; }
hex() { bytes "$1" | od -An -v -tx1 | tr -d ' \n'; }
base64_of() { bytes "$1" | base64 | tr -d '\n'; }

umask 077
# In one go: what another run finds is whole.
cat > "$file.part" <<END
# Made by setup.sh. Without IDEM_ENCRYPTION_KEYS nothing that is stored can be read again: keep a copy.
POSTGRES_PASSWORD=$(hex 24)
STORAGE_ACCESS_KEY=$(hex 10)
STORAGE_SECRET_KEY=$(hex 24)
IDEM_WEBHOOK_SECRET=whsec_$(base64_of 32)
IDEM_ENCRYPTION_KEYS=k1:$(base64_of 32)
IDEM_CODEC_TOKEN=$(hex 24)
END
mv "$file.part" "$file"
echo "made $file"
