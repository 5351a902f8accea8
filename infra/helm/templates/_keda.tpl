{{/* The trigger of one build's gpu workers. Takes root and build; with running, running predictions count as work. */}}
{{- define "idem.trigger" -}}
{{- $v := .root.Values -}}
type: temporal
metadata:
  endpoint: {{ include "idem.temporalAddress" .root | quote }}
  namespace: {{ $v.temporal.namespace | quote }}
  taskQueue: gpu
  queueTypes: activity
  targetQueueSize: {{ $v.gpu.targetQueueSize | quote }}
  activationTargetQueueSize: "0"
  {{- if .build.id }}
  workerDeploymentName: idem
  workerDeploymentBuildId: {{ .build.id | quote }}
  {{- end }}
  {{- if .running }}
  # No workflow ever runs on gpu: those of the control queue are counted.
  includeRunningWorkflowCount: "true"
  workflowTaskQueueForCount: control
  {{- end }}
  {{- if $v.temporal.apiKey.secretName }}
  enableTLS: "true"
  {{- end }}
  {{- with $v.temporal.tls.serverName }}
  tlsServerName: {{ . | quote }}
  {{- end }}
{{- if include "idem.temporalAuth" .root }}
authenticationRef:
  name: {{ include "idem.fullname" .root }}-temporal
{{- end }}
{{- end -}}

{{/* What KEDA shows to Temporal; empty where nothing is needed. */}}
{{- define "idem.temporalAuth" -}}
{{- with .Values.temporal.apiKey }}
{{- if .secretName }}
- parameter: apiKey
  name: {{ .secretName }}
  key: {{ .key }}
{{- end }}
{{- end }}
{{- with .Values.temporal.tls }}
{{- if .secretName }}
- parameter: cert
  name: {{ .secretName }}
  key: {{ .certKey }}
- parameter: key
  name: {{ .secretName }}
  key: {{ .keyKey }}
{{- if .caKey }}
- parameter: ca
  name: {{ .secretName }}
  key: {{ .caKey }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
