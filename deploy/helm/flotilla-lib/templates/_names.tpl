{{/* The labels that select the pods of one component of a release: (list $ "service") */}}
{{- define "flotilla.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The version that runs: of the image, or of the chart that was made with it. */}}
{{- define "flotilla.version" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Labels of a pod: (list $ "service"). Without the chart's version, which alone is no reason to roll. */}}
{{- define "flotilla.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "flotilla.selector" . }}
app.kubernetes.io/part-of: flotilla
app.kubernetes.io/version: {{ include "flotilla.version" $root | quote }}
{{- end }}

{{/* Metadata of an object: (list $ "name" "component") */}}
{{- define "flotilla.metadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "flotilla.podLabels" (list $root (index . 2)) | nindent 2 }}
  app.kubernetes.io/managed-by: {{ $root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "flotilla.image" -}}
{{ .Values.image.repository }}:{{ include "flotilla.version" . }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}
