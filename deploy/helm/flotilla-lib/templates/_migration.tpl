{{/*
Before replicas of the new release start. The job and what it needs are hooks: of a first installation nothing else is there yet.
Account and policy come first (weight -1) and stay until the next ones take their place: were they deleted when they have succeeded, Helm
would take them from a job that it has given up and that still runs.
*/}}
{{- define "flotilla.migration" -}}
{{- if .Values.migration.enabled -}}
{{- $name := printf "%s-migration" .Release.Name -}}
{{ include "flotilla.account" (list . $name "migration" .Values.migration.workloadIdentity.clientId (include "flotilla.migrationHook" (list "-1" "before-hook-creation"))) }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "flotilla.metadata" (list . $name "migration") | nindent 2 }}
  annotations:
    {{- include "flotilla.migrationHook" (list "-1" "before-hook-creation") | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "flotilla.selector" (list . "migration") | nindent 6 }}
  policyTypes: [Ingress, Egress]
  egress:
    {{- include "flotilla.dnsOpening" . | nindent 4 }}
    {{- if not .Values.database.claim }}
    {{- include "flotilla.openings" (list . (list "database" "identity")) | trim | nindent 4 }}
    {{- end }}
---
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "flotilla.metadata" (list . $name "migration") | nindent 2 }}
  annotations:
    {{- include "flotilla.migrationHook" (list "0" "before-hook-creation,hook-succeeded") | nindent 4 }}
spec:
  backoffLimit: {{ .Values.migration.retries }}
  activeDeadlineSeconds: {{ .Values.migration.deadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "flotilla.podLabels" (list . "migration") | nindent 8 }}
        {{- if .Values.migration.workloadIdentity.clientId }}
        azure.workload.identity/use: "true"
        {{- end }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ $name }}
      {{- include "flotilla.podSecurity" . | nindent 6 }}
      containers:
        - name: migrate
          {{- include "flotilla.container" . | nindent 10 }}
          args: [/app/migrate.js, {{ .Chart.Name }}{{ if .Values.migration.afterRollback }}, --after-rollback{{ end }}]
          env:
            {{- include "flotilla.lines" (list (include "flotilla.logEnv" .) (include "flotilla.databaseEnv" .)) | nindent 12 }}
          resources:
            {{- toYaml .Values.migration.resources | nindent 12 }}
          volumeMounts:
            {{- include "flotilla.lines" (list (include "flotilla.tmpMount" .) (include "flotilla.dataMount" .)) | nindent 12 }}
      volumes:
        {{- include "flotilla.lines" (list (include "flotilla.tmpVolume" .) (include "flotilla.dataVolume" .)) | nindent 8 }}
{{- end }}
{{- end }}

{{/* Annotations of a hook: (list "weight" "delete policy") */}}
{{- define "flotilla.migrationHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ index . 0 | quote }}
helm.sh/hook-delete-policy: {{ index . 1 }}
{{- end }}
