{{/* What is the inventory service's own; the library makes everything else. */}}
{{- define "own" -}}
path: /api/v1/stock
read: { path: /api/v1/stock, status: 200 }
secrets: [enduser-key]
peers: []
env: []
{{- end }}
