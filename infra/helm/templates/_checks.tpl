{{/* What a schema cannot say: values that need each other. */}}
{{- define "idem.checks" -}}
{{- $v := .Values -}}
{{- if not $v.publicUrl -}}{{ fail "publicUrl is required: the base of the URLs in answers, such as https://idem.example.com" }}{{- end -}}
{{- if and (not $v.temporal.address) (not $v.bundled.temporal.enabled) -}}{{ fail "temporal.address is required (host:port), or bundled.temporal.enabled for a trial" }}{{- end -}}
{{- if and $v.temporal.address $v.bundled.temporal.enabled -}}{{ fail "temporal.address and bundled.temporal.enabled exclude each other" }}{{- end -}}
{{- if and (not $v.storage.url) (not $v.bundled.storage.enabled) -}}{{ fail "storage.url is required (s3://bucket/prefix?…), or bundled.storage.enabled for a trial" }}{{- end -}}
{{- if and $v.storage.url $v.bundled.storage.enabled -}}{{ fail "storage.url and bundled.storage.enabled exclude each other" }}{{- end -}}
{{- if and $v.bundled.temporal.enabled (or $v.temporal.apiKey.secretName $v.temporal.tls.enabled) -}}{{ fail "the bundled Temporal has neither TLS nor API keys: leave temporal.tls and temporal.apiKey alone" }}{{- end -}}
{{- if and $v.temporal.tls.secretName (not $v.temporal.tls.enabled) -}}{{ fail "temporal.tls.secretName has no effect unless temporal.tls.enabled is true" }}{{- end -}}
{{- if and $v.gpu.enabled $v.temporal.tls.enabled (not $v.temporal.tls.secretName) (not $v.temporal.apiKey.secretName) -}}{{ fail "KEDA speaks TLS to Temporal with a client certificate or an API key only: set temporal.tls.secretName or temporal.apiKey.secretName" }}{{- end -}}
{{- if and $v.worker.previous (not $v.worker.buildId) -}}{{ fail "worker.previous needs worker.buildId: without one, no workflow is pinned to a build" }}{{- end -}}
{{- $seen := dict -}}
{{- range (include "idem.builds" . | fromJsonArray) -}}
{{- if hasKey $seen .suffix -}}{{ fail (printf "worker.buildId and worker.previous name the build %s twice" .id) }}{{- end -}}
{{- $_ := set $seen .suffix true -}}
{{- end -}}
{{- if and (ne $v.models.source "image") (not $v.models.path) -}}{{ fail "models.path is required with models.source pull and volume: the folder with manifest.json, \".\" for the volume's root" }}{{- end -}}
{{- if and (eq $v.models.source "pull") (not $v.models.pull.list) -}}{{ fail "models.pull.list is required with models.source pull" }}{{- end -}}
{{- if and $v.api.ingress.enabled (not $v.api.ingress.host) -}}{{ fail "api.ingress.host is required with api.ingress.enabled" }}{{- end -}}
{{- if and $v.metrics.podMonitor.enabled (not $v.metrics.enabled) -}}{{ fail "metrics.podMonitor.enabled needs metrics.enabled" }}{{- end -}}
{{- if has (int $v.metrics.port) (list 8787 8788) -}}{{ fail "metrics.port is taken: 8787 is the API's, 8788 the workers' health" }}{{- end -}}
{{- if and $v.gpu.enabled (contains "gpu" $v.worker.queues) -}}{{ fail "worker.queues names gpu, so diffusion would also run on the CPU: set gpu.enabled to false, or take gpu out" }}{{- end -}}
{{- range $scaled := list $v.api.autoscaling $v.worker.autoscaling -}}
{{- if gt (int $scaled.minReplicas) (int $scaled.maxReplicas) -}}{{ fail "autoscaling.minReplicas is more than maxReplicas" }}{{- end -}}
{{- end -}}
{{- if gt (int $v.gpu.minReplicaCount) (int $v.gpu.maxReplicaCount) -}}{{ fail "gpu.minReplicaCount is more than gpu.maxReplicaCount" }}{{- end -}}
{{- end -}}
