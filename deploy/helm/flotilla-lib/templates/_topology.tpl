{{/* The topics that each service hears. Made from libs/contracts; to change it: npm run charts -- --write */}}
{{- define "flotilla.subscriptions" -}}
order: [inventory, payments, notifications]
inventory: [orders]
payment: [orders]
notification: [orders]
{{- end }}
