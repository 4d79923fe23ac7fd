{{- define "zoo.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "zoo.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "zoo.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "zoo.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What all pods of this release have, and nobody else's. */}}
{{- define "zoo.own" -}}
app.kubernetes.io/name: {{ include "zoo.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What the servers have. */}}
{{- define "zoo.servers" -}}
{{ include "zoo.own" . }}
app.kubernetes.io/component: server
{{- end }}

{{- define "zoo.labels" -}}
{{ include "zoo.own" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "zoo.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
{{- end }}

{{- define "zoo.secret" -}}
{{ .Values.operator.existingSecret | default (include "zoo.fullname" .) }}
{{- end }}

{{/* The host of server N: list of the root and N. */}}
{{- define "zoo.host" -}}
{{- $root := index . 0 -}}
{{ include "zoo.fullname" $root }}-{{ index . 1 }}.{{ include "zoo.fullname" $root }}-headless.{{ $root.Release.Namespace }}.svc.{{ $root.Values.clusterDomain }}
{{- end }}

{{/* zoo.cfg: these settings, those of the values over them, and the servers. */}}
{{- define "zoo.cfg" -}}
{{- $settings := dict
      "dataDir" "/data"
      "tickTime" 2000
      "initLimit" 30
      "syncLimit" 5
      "quorumListenOnAllIPs" true
      "standaloneEnabled" false
      "admin.keysFile" "/operator/keys"
      "admin.serverAddress" "0.0.0.0"
      "admin.serverPort" 8080 }}
{{- if .Values.persistence.log.enabled }}
{{- $_ := set $settings "dataLogDir" "/log" }}
{{- end }}
{{- if .Values.metrics }}
{{- $_ := set $settings "metricsProvider.className" "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider" }}
{{- $_ := set $settings "metricsProvider.httpPort" 7000 }}
{{- end }}
{{- range $key, $value := .Values.config }}
{{- /* A number of the values is a float64, which would be printed as 1e+06. */}}
{{- $whole := and (kindIs "float64" $value) (eq (toString (floor $value)) (toString $value)) }}
{{- $_ := set $settings $key (ternary (int64 $value) $value $whole) }}
{{- end }}
{{- range $key, $value := $settings }}
{{ $key }}={{ $value }}
{{- end }}
{{- range $id := untilStep 1 (int (add1 .Values.replicas)) 1 }}
server.{{ $id }}={{ include "zoo.host" (list $ $id) }}:2888:3888;2181
{{- end }}
{{- end }}

{{- define "zoo.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "zoo.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}
