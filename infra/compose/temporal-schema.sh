#!/bin/sh
# Makes Temporal's two databases and brings their schemas to this release; run again, it changes nothing.
set -eu

folder=${SCHEMA_FOLDER:-/etc/temporal/schema}/postgresql/v12
for part in temporal visibility; do
  case $part in
    temporal) export SQL_DATABASE=temporal ;;
    visibility) export SQL_DATABASE=temporal_visibility ;;
  esac
  temporal-sql-tool create
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-dir "$folder/$part/versioned"
done
