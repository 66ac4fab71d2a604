{{/* Where a secret is found in a container, wherever it comes from. */}}
{{- define "flotilla.secretFile" -}}
/mnt/secrets/{{ . }}
{{- end }}

{{- define "flotilla.secretMount" -}}
- name: secrets
  mountPath: /mnt/secrets
  readOnly: true
{{- end }}

{{/* Key Vault through the Secrets Store CSI driver; or, where there is none, a Secret with the same names. */}}
{{- define "flotilla.secretVolume" -}}
{{- $own := include "own" . | fromYaml -}}
- name: secrets
  {{- if .Values.secrets.secretName }}
  secret:
    secretName: {{ .Values.secrets.secretName | quote }}
    defaultMode: 0440
    items:
      {{- range $own.secrets }}
      - key: {{ . }}
        path: {{ . }}
      {{- end }}
  {{- else }}
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes:
      secretProviderClass: {{ .Release.Name }}
  {{- end }}
{{- end }}

{{- define "flotilla.secretproviderclass" -}}
{{- if not .Values.secrets.secretName -}}
{{- $own := include "own" . | fromYaml -}}
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  provider: azure
  parameters:
    usePodIdentity: "false"
    useVMManagedIdentity: "false"
    clientID: {{ .Values.workloadIdentity.clientId | quote }}
    keyvaultName: {{ .Values.secrets.keyVault.name | quote }}
    tenantId: {{ .Values.secrets.keyVault.tenantId | quote }}
    objects: |
      array:
        {{- range $own.secrets }}
        - |
          objectName: {{ . }}
          objectType: secret
        {{- end }}
{{- end }}
{{- end }}
