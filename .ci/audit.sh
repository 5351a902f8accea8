#!/usr/bin/env bash
# Fails where a production dependency has a known vulnerability of level moderate or higher, or the audit went wrong.
# A registry that has no audits, as mirrors often do not, is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."

report=$(mktemp)
trap 'rm -f "$report"' EXIT
code=0
npm audit --omit=dev --audit-level=moderate --json >"$report" 2>/dev/null || code=$?

# `answered`, the HTTP status of a registry that refused, or `failed`.
outcome=$(node -e '
  const { readFileSync } = require("node:fs")
  let report = {}
  try { report = JSON.parse(readFileSync(process.argv[1], "utf8")) } catch {}
  console.log(report.auditReportVersion ? "answered" : (report.statusCode ?? "failed"))
' "$report")

case "$outcome" in
  answered)
    node -e '
      const { readFileSync } = require("node:fs")
      const { vulnerabilities, metadata } = JSON.parse(readFileSync(process.argv[1], "utf8"))
      for (const { name, severity, range, via } of Object.values(vulnerabilities)) {
        const why = via.map((item) => (typeof item === "string" ? `through ${item}` : `${item.title} ${item.url}`))
        console.log(`${severity}: ${name} ${range}: ${why.join("; ")}`)
      }
      console.log(`audit: ${metadata.vulnerabilities.total} vulnerable of ${metadata.dependencies.prod} packages`)
    ' "$report"
    exit "$code"
    ;;
  404 | 405 | 410 | 501)
    echo "=================================================================="
    echo "audit skipped: the registry does not answer audits (HTTP $outcome)"
    echo "=================================================================="
    ;;
  *)
    echo "audit failed ($outcome): $(head -c 2000 "$report")" >&2
    exit 1
    ;;
esac
