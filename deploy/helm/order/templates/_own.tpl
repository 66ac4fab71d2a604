{{/* What is the order service's own; the library makes everything else. */}}
{{- define "own" -}}
path: /api/v1/orders
read: { path: /api/v1/orders, status: 200 }
secrets: [enduser-key]
peers: []
env:
  - name: ORDER_DEADLINE_SECONDS
    value: {{ .Values.deadlineSeconds | int | quote }}
{{- end }}
