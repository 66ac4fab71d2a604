{{- define "flotilla.notes" -}}
{{- $own := include "own" . | fromYaml -}}
{{ .Chart.Name }} {{ include "flotilla.version" . }} is in namespace {{ .Release.Namespace }}, release {{ .Release.Name }}.

  kubectl --namespace {{ .Release.Namespace }} rollout status deployment/{{ .Release.Name }}
  {{- if .Values.tests.enabled }}
  helm test {{ .Release.Name }} --namespace {{ .Release.Namespace }} --logs
  {{- end }}

It answers {{ $own.path }}{{ with .Values.httpRoute.gateway.name }} through gateway {{ . }}{{ end }} to pods of namespace {{ include "flotilla.gatewayNamespace" . }} only,
and reaches {{ include "flotilla.peerNames" . | fromJsonArray | sortAlpha | join ", " }}, and nothing else.
{{- if eq .Values.autoscaling.by "none" }}
Nothing scales it: it has {{ .Values.replicas }} replicas.
{{- else }}
It has {{ .Values.autoscaling.minReplicas }} to {{ .Values.autoscaling.maxReplicas }} replicas, by {{ .Values.autoscaling.by }}.
{{- end }}
{{- if eq (include "flotilla.leastReplicas" . | int) 1 }}
With one replica there is no disruption budget, and a drained node costs requests.
{{- end }}
{{- end }}
