#!/bin/sh
# Makes the namespace TEMPORAL_NAMESPACE and Idem's search attributes; run again, it changes nothing.
set -eu

until temporal operator cluster health; do sleep 1; done
temporal operator namespace describe > /dev/null 2>&1 || temporal operator namespace create --retention 72h
# A namespace is known everywhere some seconds after it was made.
until temporal operator search-attribute create \
  --name IdemTenant --type Keyword --name IdemModel --type Keyword --name IdemStatus --type Keyword \
  --name IdemFailure --type Keyword --name IdemExpiresAt --type Datetime; do sleep 1; done
