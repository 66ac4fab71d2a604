{{/* A service account: (list $ "name" "component" "client id" "annotations as YAML"). Its token is never mounted but by workload identity. */}}
{{- define "flotilla.account" -}}
{{- $root := index . 0 -}}
{{- $clientId := index . 3 -}}
{{- $annotations := index . 4 | default "{}" | fromYaml -}}
{{- if $clientId }}{{ $_ := set $annotations "azure.workload.identity/client-id" $clientId }}{{ end -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "flotilla.metadata" (list $root (index . 1) (index . 2)) | nindent 2 }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}

{{- define "flotilla.serviceaccounts" -}}
{{ include "flotilla.account" (list . .Release.Name "service" .Values.workloadIdentity.clientId "") }}
{{- if .Values.tests.enabled }}
---
{{ include "flotilla.account" (list . (printf "%s-test" .Release.Name) "test" .Values.tests.workloadIdentity.clientId "") }}
{{- end }}
{{- end }}
