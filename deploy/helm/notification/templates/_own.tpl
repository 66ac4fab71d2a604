{{/* What is the notification service's own; the library makes everything else. */}}
{{- define "own" -}}
path: /api/v1/notifications
read: { path: '/api/v1/notifications?orderId=00000000-0000-7000-8000-000000000000', status: 200 }
secrets: [enduser-key{{ if .Values.mail.credentials }}, smtp-credentials{{ end }}]
peers: [cosmos, mail]
problems:
  {{- if not .Values.cosmos.endpoint }}
  - 'cosmos.endpoint: name the Cosmos DB account'
  {{- end }}
  {{- if and .Values.cosmos.endpoint (not .Values.cosmos.standInKey) (not .Values.workloadIdentity.clientId) }}
  - 'workloadIdentity.clientId: cosmos.endpoint is spoken to by workload identity, so name one'
  {{- end }}
  {{- if not .Values.mail.url }}
  - 'mail.url: name the mail server'
  {{- end }}
  {{- if not .Values.mail.from }}
  - 'mail.from: say who writes, with an address that the mail server may send from'
  {{- end }}
  {{- if not .Values.mail.domain }}
  - 'mail.domain: name the domain of that address'
  {{- end }}
env:
  - name: COSMOS_ENDPOINT
    value: {{ .Values.cosmos.endpoint | quote }}
  {{- with .Values.cosmos.standInKey }}
  - name: COSMOS_KEY
    value: {{ . | quote }}
  {{- end }}
  - name: COSMOS_DATABASE
    value: {{ .Values.cosmos.database | quote }}
  - name: COSMOS_CONTAINER
    value: {{ .Values.cosmos.container | quote }}
  - name: SMTP_URL
    value: {{ .Values.mail.url | quote }}
  {{- if .Values.mail.credentials }}
  - name: SMTP_CREDENTIALS_FILE
    value: {{ include "flotilla.secretFile" "smtp-credentials" }}
  {{- end }}
  - name: MAIL_FROM
    value: {{ .Values.mail.from | quote }}
  - name: MAIL_DOMAIN
    value: {{ .Values.mail.domain | quote }}
{{- end }}
