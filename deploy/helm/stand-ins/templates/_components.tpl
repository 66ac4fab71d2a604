{{/* The stand-ins that keep something: their arguments, their ports, and who may call them (by namespace and app). */}}
{{- define "standIns.components" -}}
service-bus:
  args: [--port, "5672", --admin-port, "8080", --config, /etc/flotilla/service-bus.json]
  ports: { http: 8080, amqp: 5672 }
  callers: [order, inventory, payment, notification]
cosmos:
  args: [--port, "8080"]
  ports: { http: 8080 }
  callers: [notification]
card-processor:
  args: [--port, "8080"]
  ports: { http: 8080 }
  callers: [payment]
mailbox:
  args: [--port, "8080", --smtp-port, "2525"]
  ports: { http: 8080, smtp: 2525 }
  callers: [notification]
# Whoever needs a token may ask for one.
identity:
  args: [--port, "8080", --issuer, "http://identity.{{ .Release.Namespace }}"]
  ports: { http: 8080 }
  callers: []
{{- end }}

{{- define "standIns.validate" -}}
{{- with include "flotilla.resourceProblems" (list "resources" .Values.resources) | fromJsonArray }}{{ fail (printf "\n%s cannot be rendered:\n- %s" $.Chart.Name (join "\n- " .)) }}{{ end -}}
{{- end }}

{{/* The ports of a Service: HTTP at 80 and, for clients that take 443 where a URL names no port (Stripe's), at 8080; others as they are. */}}
{{- define "standIns.servicePorts" -}}
{{- range $name, $port := . }}
- name: {{ $name }}
  port: {{ eq $name "http" | ternary 80 $port }}
  targetPort: {{ $name }}
{{- end }}
- name: http-alt
  port: 8080
  targetPort: http
{{- end }}

{{- define "standIns.containerPorts" -}}
{{- range $name, $port := . }}
- name: {{ $name }}
  containerPort: {{ $port }}
{{- end }}
{{- end }}

{{- define "standIns.probes" -}}
startupProbe:
  httpGet: { path: /health/ready, port: http }
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /health/ready, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /health/ready, port: http }
  periodSeconds: 5
  timeoutSeconds: 2
  failureThreshold: 2
{{- end }}
