{{/* Port of an http(s) URL. */}}
{{- define "idem.portOfUrl" -}}
{{- $url := urlParse . -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "80" "443" (eq $url.scheme "http")) -}}
{{- end -}}

{{/* Port of the artifact store: of the endpoint in its URL, or 443 of AWS if it has none. */}}
{{- define "idem.storagePort" -}}
{{- $option := regexFind "[?&]endpoint=[^&]+" (include "idem.storageUrl" .) -}}
{{- if $option -}}
{{- include "idem.portOfUrl" (regexReplaceAll "^.endpoint=" $option "" | replace "%3A" ":" | replace "%2F" "/") -}}
{{- else -}}443{{- end -}}
{{- end -}}

{{- define "idem.temporalPort" -}}
{{- regexFind ":[0-9]+$" (include "idem.temporalAddress" .) | trimPrefix ":" -}}
{{- end -}}
