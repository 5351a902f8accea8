{{- define "idem.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "idem.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What every pod starts with. Service links would set TEMPORAL_PORT and the like. */}}
{{- define "idem.podStart" -}}
serviceAccountName: {{ include "idem.fullname" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "idem.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "idem.secretEnv" -}}
valueFrom:
  secretKeyRef:
    name: {{ .name }}
    key: {{ .key }}
{{- end -}}

{{/* The environment that the API and the workers share. */}}
{{- define "idem.env" -}}
{{- $v := .Values -}}
# The only place that may be written to.
- name: HOME
  value: /tmp
- name: IDEM_STATE
  value: /tmp/idem
- name: IDEM_PUBLIC_URL
  value: {{ $v.publicUrl | quote }}
- name: IDEM_STORAGE
  value: {{ include "idem.storageUrl" . | quote }}
{{- with include "idem.keysUrl" . }}
- name: IDEM_KEYS
  value: {{ . | quote }}
{{- end }}
- name: IDEM_RETENTION
  value: {{ $v.config.retention | quote }}
{{- if ne $v.models.source "image" }}
- name: IDEM_MODELS
  value: {{ printf "/models/%s" $v.models.path | clean }}
{{- end }}
- name: IDEM_ALLOW_PRIVATE_NETWORK
  value: {{ $v.config.allowPrivateNetwork | quote }}
- name: IDEM_WEBHOOK_SECRET
  {{- include "idem.secretEnv" (dict "name" $v.secrets.name "key" $v.secrets.keys.webhookSecret) | nindent 2 }}
- name: IDEM_ENCRYPTION_KEYS
  {{- include "idem.secretEnv" (dict "name" $v.secrets.name "key" $v.secrets.keys.encryptionKeys) | nindent 2 }}
{{- with $v.storage.credentials }}
- name: AWS_ACCESS_KEY_ID
  {{- include "idem.secretEnv" (dict "name" .secretName "key" .accessKeyIdKey) | nindent 2 }}
- name: AWS_SECRET_ACCESS_KEY
  {{- include "idem.secretEnv" (dict "name" .secretName "key" .secretAccessKeyKey) | nindent 2 }}
{{- end }}
- name: TEMPORAL_ADDRESS
  value: {{ include "idem.temporalAddress" . | quote }}
- name: TEMPORAL_NAMESPACE
  value: {{ $v.temporal.namespace | quote }}
{{- with $v.temporal.uiUrl }}
- name: IDEM_TEMPORAL_UI_URL
  value: {{ . | quote }}
{{- end }}
{{- with $v.temporal.apiKey }}
{{- if .secretName }}
- name: TEMPORAL_API_KEY
  {{- include "idem.secretEnv" (dict "name" .secretName "key" .key) | nindent 2 }}
{{- end }}
{{- end }}
{{- with $v.temporal.tls }}
{{- if .enabled }}
- name: TEMPORAL_TLS
  value: "true"
{{- if .secretName }}
- name: TEMPORAL_TLS_CLIENT_CERT_PATH
  value: /etc/idem/temporal-tls/{{ .certKey }}
- name: TEMPORAL_TLS_CLIENT_KEY_PATH
  value: /etc/idem/temporal-tls/{{ .keyKey }}
{{- if .caKey }}
- name: TEMPORAL_TLS_SERVER_CA_CERT_PATH
  value: /etc/idem/temporal-tls/{{ .caKey }}
{{- end }}
{{- end }}
{{- if .serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ .serverName | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if $v.metrics.enabled }}
- name: IDEM_METRICS_HOST
  value: 0.0.0.0
- name: IDEM_METRICS_PORT
  value: {{ $v.metrics.port | quote }}
{{- end }}
{{- with $v.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "idem.metricsPort" -}}
- name: metrics
  containerPort: {{ .Values.metrics.port }}
{{- end -}}

{{/* Takes (dict "root" $ "component" "api"): the API needs only the manifest of a pulled bundle. */}}
{{- define "idem.volumes" -}}
{{- $v := .root.Values -}}
- name: tmp
  emptyDir:
    sizeLimit: 1Gi
{{- if $v.temporal.tls.secretName }}
- name: temporal-tls
  secret:
    secretName: {{ $v.temporal.tls.secretName }}
    # 0440: for the group of the pod.
    defaultMode: 288
{{- end }}
{{- if eq .component "api" }}
- name: tokens
  secret:
    secretName: {{ $v.secrets.name }}
    defaultMode: 288
    items:
      - key: {{ $v.secrets.keys.tokens }}
        path: tokens
{{- end }}
{{- if ne $v.models.source "image" }}
- name: models
  {{- if and (eq .component "api") (eq $v.models.source "pull") }}
  emptyDir:
    sizeLimit: 16Mi
  {{- else }}
  {{- toYaml ($v.models.volume | default (dict "emptyDir" (dict "sizeLimit" "20Gi"))) | nindent 2 }}
  {{- end }}
{{- end }}
{{- if eq $v.models.source "pull" }}
- name: pull-list
  configMap:
    name: {{ include "idem.fullname" .root }}-models
{{- end }}
{{- end -}}

{{- define "idem.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .root.Values.temporal.tls.secretName }}
- name: temporal-tls
  mountPath: /etc/idem/temporal-tls
  readOnly: true
{{- end }}
{{- if eq .component "api" }}
- name: tokens
  mountPath: /etc/idem/tokens
  readOnly: true
{{- end }}
{{- if ne .root.Values.models.source "image" }}
- name: models
  mountPath: /models
  readOnly: true
{{- end }}
{{- end -}}

{{/* Takes root, component and image. Files that are present and correct are not fetched again; every file is held to its hash. */}}
{{- define "idem.pullModels" -}}
{{- $pull := .root.Values.models.pull -}}
initContainers:
  - name: pull-models
    image: {{ .image | quote }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    command: [node, --import, tsx, cli/models.ts]
    args: [pull, /etc/idem/models/{{ ternary "manifest.json" "all.json" (eq .component "api") }}, --out, /models]
    env:
      - name: HOME
        value: /tmp
      {{- with $pull.hubUrl }}
      - name: HF_ENDPOINT
        value: {{ . | quote }}
      {{- end }}
      {{- if $pull.tokenSecretName }}
      - name: HF_TOKEN
        {{- include "idem.secretEnv" (dict "name" $pull.tokenSecretName "key" $pull.tokenKey) | nindent 8 }}
      {{- end }}
    resources:
      requests: { cpu: 100m, memory: 256Mi }
      limits: { memory: 1Gi }
    securityContext:
      {{- include "idem.containerSecurity" .root | nindent 6 }}
    volumeMounts:
      - name: tmp
        mountPath: /tmp
      - name: models
        mountPath: /models
      - name: pull-list
        mountPath: /etc/idem/models
        readOnly: true
{{- end -}}

{{/* Takes root and the values of a role. */}}
{{- define "idem.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The pod of a worker. Takes root, component, role (its values), queues, image, build (of idem.builds) and, of a job, exitWhenIdle. */}}
{{- define "idem.workerPod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "idem.selector" (dict "root" $root "component" .component "build" .build.build) | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: {{ .component }}
    {{- if eq $root.Values.models.source "pull" }}
    checksum/models: {{ toJson $root.Values.models.pull.list | sha256sum }}
    {{- end }}
    {{- if .exitWhenIdle }}
    # It leaves by itself; until then no autoscaler takes its node.
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
    karpenter.sh/do-not-disrupt: "true"
    {{- end }}
spec:
  {{- include "idem.podStart" $root | nindent 2 }}
  terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
  {{- if .exitWhenIdle }}
  restartPolicy: Never
  {{- end }}
  {{- with .role.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- include "idem.placement" .role | nindent 2 }}
  {{- if eq $root.Values.models.source "pull" }}
  {{- include "idem.pullModels" . | nindent 2 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: {{ .image | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      # What `npm run worker` runs, without npm between it and the signals.
      command: [node, --import, tsx, cli/worker.ts]
      args: [--queues, {{ .queues | quote }}, --health-host, 0.0.0.0, --health-port, "8788"{{ with .exitWhenIdle }}, --exit-when-idle, {{ . | quote }}{{ end }}]
      ports:
        - name: health
          containerPort: 8788
        {{- if $root.Values.metrics.enabled }}
        {{- include "idem.metricsPort" $root | nindent 8 }}
        {{- end }}
      # Its networks are loaded, and it takes tasks.
      readinessProbe:
        httpGet: { path: /readyz, port: health }
        periodSeconds: 10
        timeoutSeconds: 5
      # Fails where a worker has failed for good.
      livenessProbe:
        httpGet: { path: /healthz, port: health }
        periodSeconds: 20
        timeoutSeconds: 10
        failureThreshold: 6
      # The address answers before anything is loaded.
      startupProbe:
        httpGet: { path: /healthz, port: health }
        periodSeconds: 5
        failureThreshold: 60
      env:
        {{- include "idem.env" $root | nindent 8 }}
        {{- with .build.id }}
        - name: IDEM_BUILD_ID
          value: {{ . | quote }}
        {{- end }}
        {{- if eq .component "gpu" }}
        - name: IDEM_EXECUTION_PROVIDER
          value: {{ .role.executionProvider | quote }}
        {{- end }}
      {{- $resources := deepCopy .role.resources }}
      {{- if and (eq .component "gpu") (gt (int .role.gpus) 0) }}
      {{- $limits := merge (dict "nvidia.com/gpu" (int .role.gpus)) ($resources.limits | default dict) }}
      {{- $_ := set $resources "limits" $limits }}
      {{- end }}
      resources:
        {{- toYaml $resources | nindent 8 }}
      securityContext:
        {{- include "idem.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        {{- include "idem.mounts" . | nindent 8 }}
  volumes:
    {{- include "idem.volumes" . | nindent 4 }}
{{- end -}}
