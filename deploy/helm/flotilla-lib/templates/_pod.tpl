{{/* What every pod of the fleet is held to: the restricted Pod Security Standard. User 65532 is that of the distroless images. */}}
{{- define "flotilla.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "flotilla.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  capabilities:
    drop: [ALL]
  readOnlyRootFilesystem: true
  runAsNonRoot: true
{{- end }}

{{- define "flotilla.container" -}}
image: {{ include "flotilla.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "flotilla.containerSecurity" . }}
{{- end }}

{{/* The folder for temporary files, the only one that is written to. */}}
{{- define "flotilla.tmpVolume" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmpSize }}
{{- end }}

{{- define "flotilla.tmpMount" -}}
- name: tmp
  mountPath: /tmp
{{- end }}

{{/* SQLite files, where there is no Azure SQL. */}}
{{- define "flotilla.dataVolume" -}}
{{- if and (hasKey .Values "database") .Values.database.claim -}}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.database.claim | quote }}
{{- end }}
{{- end }}

{{- define "flotilla.dataMount" -}}
{{- if and (hasKey .Values "database") .Values.database.claim -}}
- name: data
  mountPath: /data
{{- end }}
{{- end }}

{{/* The variables that name the database; the migration has them too. */}}
{{- define "flotilla.databaseEnv" -}}
{{- with .Values.database -}}
{{- if .claim -}}
- name: DATABASE_FILE
  value: /data/{{ $.Chart.Name }}.db
{{- else -}}
- name: DATABASE_CONNECTION_STRING
  value: {{ printf "Server=%s;Database=%s;Max Pool Size=%d" .server .name (int .poolSize) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "flotilla.logEnv" -}}
- name: LOG_LEVEL
  value: {{ .Values.logLevel }}
- name: SERVICE_VERSION
  value: {{ include "flotilla.version" . | quote }}
{{- end }}

{{/* What every service reads: libs/host/src/settings.ts. */}}
{{- define "flotilla.sharedEnv" -}}
- name: PORT
  value: "8080"
{{ include "flotilla.logEnv" . }}
- name: OIDC_ISSUERS
  value: {{ join "," .Values.oidc.issuers | quote }}
- name: OIDC_AUDIENCES
  value: {{ join "," .Values.oidc.audiences | quote }}
- name: ENDUSER_KEY_FILE
  value: {{ include "flotilla.secretFile" "enduser-key" }}
{{- if .Values.broker.namespace }}
- name: SERVICEBUS_NAMESPACE
  value: {{ .Values.broker.namespace | quote }}
{{- else }}
- name: SERVICEBUS_CONNECTION_STRING
  value: {{ .Values.broker.connectionString | quote }}
{{- end }}
{{- with .Values.telemetry.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ $.Values.telemetry.sampleRatio | quote }}
{{- end }}
{{- end }}

{{/* A list without the lines of parts that said nothing. */}}
{{- define "flotilla.lines" -}}
{{- $parts := list -}}
{{- range . -}}{{- if trim . -}}{{- $parts = append $parts (trim .) -}}{{- end -}}{{- end -}}
{{- join "\n" $parts -}}
{{- end }}
