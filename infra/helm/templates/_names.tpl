{{- define "idem.fullname" -}}
{{- if contains "idem" .Release.Name -}}{{ .Release.Name | trunc 30 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-idem" (.Release.Name | trunc 25 | trimSuffix "-") }}
{{- end -}}
{{- end -}}

{{/* Takes (dict "root" $ "component" "api"), and "build" for workers. */}}
{{- define "idem.selector" -}}
app.kubernetes.io/name: idem
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .build }}
build-id: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "idem.labels" -}}
{{ include "idem.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{/* The builds that have workers, newest first: [{build, suffix, tag, gpuTag, current}]. */}}
{{- define "idem.builds" -}}
{{- $builds := list -}}
{{- $worker := .Values.worker -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- $gpuTag := .Values.gpu.image.tag | default $tag -}}
{{- $suffix := ternary (printf "-%s" (replace "." "-" $worker.buildId)) "" (ne $worker.buildId "") -}}
{{- $builds = append $builds (dict "build" ($worker.buildId | default "none") "id" $worker.buildId "suffix" $suffix "tag" $tag "gpuTag" $gpuTag "current" true) -}}
{{- range $worker.previous -}}
{{- $builds = append $builds (dict "build" .buildId "id" .buildId "suffix" (printf "-%s" (replace "." "-" .buildId)) "tag" .tag "gpuTag" (.gpuTag | default .tag) "current" false) -}}
{{- end -}}
{{- $builds | toJson -}}
{{- end -}}

{{/* With the namespace: KEDA asks from another one. */}}
{{- define "idem.temporalAddress" -}}
{{- if .Values.bundled.temporal.enabled -}}{{ include "idem.fullname" . }}-temporal.{{ .Release.Namespace }}.svc:7233
{{- else -}}{{ .Values.temporal.address }}
{{- end -}}
{{- end -}}

{{/* Takes the name of a bucket beside the root. */}}
{{- define "idem.bundledBucket" -}}
s3://{{ .bucket }}?endpoint=http://{{ include "idem.fullname" .root }}-storage.{{ .root.Release.Namespace }}.svc:7070&region=us-east-1
{{- end -}}

{{- define "idem.keysBucket" -}}
{{ .Values.bundled.storage.bucket }}-keys
{{- end -}}

{{/* Empty where keys lie with the artifacts. */}}
{{- define "idem.keysUrl" -}}
{{- if .Values.storage.keysUrl -}}{{ .Values.storage.keysUrl }}
{{- else if .Values.bundled.storage.enabled -}}
{{ include "idem.bundledBucket" (dict "root" . "bucket" (include "idem.keysBucket" .)) }}
{{- end -}}
{{- end -}}

{{- define "idem.storageUrl" -}}
{{- if .Values.bundled.storage.enabled -}}
{{ include "idem.bundledBucket" (dict "root" . "bucket" .Values.bundled.storage.bucket) }}
{{- else -}}{{ .Values.storage.url }}
{{- end -}}
{{- end -}}

{{/* A selector of this release's pods, or of some of its components. */}}
{{- define "idem.peers" -}}
matchLabels:
  app.kubernetes.io/name: idem
  app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .components }}
matchExpressions:
  - key: app.kubernetes.io/component
    operator: In
    values: [{{ join ", " . }}]
{{- end }}
{{- end -}}
