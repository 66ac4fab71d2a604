{{/* What is the payment service's own; the library makes everything else. */}}
{{- define "own" -}}
path: /api/v1/payments
# Nobody has paid for this order, and only a verified token is told so.
read: { path: /api/v1/payments/00000000-0000-7000-8000-000000000000, status: 404 }
secrets: [enduser-key, card-processor-key]
peers: [cardProcessor]
env:
  - name: CARD_PROCESSOR_URL
    value: {{ .Values.cardProcessor.url | quote }}
  - name: CARD_PROCESSOR_KEY_FILE
    value: {{ include "flotilla.secretFile" "card-processor-key" }}
{{- end }}
