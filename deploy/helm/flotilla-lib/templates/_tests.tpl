{{/*
What `helm test` asks of a release, from pods of its own image: the JavaScript that they have in common, then one test each. They meet
the same policies and the same security standard as the service.
*/}}
{{- define "flotilla.testPrelude" -}}
const { SERVICE_URL, TOKEN_URL, TOKEN_CLIENT_ID, TOKEN_CLIENT_SECRET, TOKEN_SCOPE } = process.env

// It takes a moment until the policies know a new pod, so a connection that fails is tried again.
async function ask(url, init) {
  for (let left = 20; ; left--) {
    try {
      return await fetch(url, { signal: AbortSignal.timeout(10_000), redirect: 'manual', ...init })
    } catch (error) {
      if (left === 0) throw new Error(`${url} cannot be reached: ${error.cause?.message ?? error.message}`)
      console.log(`${url}: ${error.cause?.message ?? error.message}; trying again`)
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}

async function expect(status, path, init = {}) {
  const answer = await ask(SERVICE_URL + path, init)
  const text = await answer.text()
  const line = `${init.method ?? 'GET'} ${path}: ${answer.status}`
  if (answer.status !== status) throw new Error(`${line}, not ${status}: ${text}`)
  console.log(line)
  return { headers: answer.headers, body: JSON.parse(text) }
}

// A token by client secret from TOKEN_URL; without that from Entra, for the pod's own identity.
async function authorization() {
  const { AZURE_AUTHORITY_HOST, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE } = process.env
  const form = { grant_type: 'client_credentials', scope: TOKEN_SCOPE }
  let url = TOKEN_URL
  if (url) Object.assign(form, { client_id: TOKEN_CLIENT_ID, client_secret: TOKEN_CLIENT_SECRET })
  else {
    const { readFileSync } = await import('node:fs')
    url = new URL(`${AZURE_TENANT_ID}/oauth2/v2.0/token`, AZURE_AUTHORITY_HOST).href
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const client_assertion = readFileSync(AZURE_FEDERATED_TOKEN_FILE, 'utf8')
    Object.assign(form, { client_id: AZURE_CLIENT_ID, client_assertion_type, client_assertion })
  }
  if (!form.scope) delete form.scope
  const answer = await ask(url, { method: 'POST', body: new URLSearchParams(form) })
  const body = await answer.json()
  if (!answer.ok) throw new Error(`${url} gives no token: ${answer.status} ${body.error}: ${body.error_description}`)
  return { authorization: `Bearer ${body.access_token}` }
}
{{- end }}

{{/* A pod of `helm test`: (list $ "name" "JavaScript") */}}
{{- define "flotilla.test" -}}
{{- $root := index . 0 -}}
{{- with $root -}}
apiVersion: v1
kind: Pod
metadata:
  {{- include "flotilla.metadata" (list . (printf "%s-test-%s" .Release.Name (index $ 1)) "test") | nindent 2 }}
    {{- if .Values.tests.workloadIdentity.clientId }}
    azure.workload.identity/use: "true"
    {{- end }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
    checkov.io/skip1: CKV_K8S_8=it ends by itself, within activeDeadlineSeconds
    checkov.io/skip2: CKV_K8S_9=nothing is sent to it
    {{- if .Values.tests.token.url }}
    ignore-check.kube-linter.io/env-var-secret: the stand-in's secret is known to everybody
    {{- end }}
spec:
  restartPolicy: Never
  activeDeadlineSeconds: 120
  serviceAccountName: {{ .Release.Name }}-test
  {{- include "flotilla.podSecurity" . | nindent 2 }}
  containers:
    - name: test
      {{- include "flotilla.container" . | nindent 6 }}
      args:
        - --input-type=module
        - --eval
        - |
          {{- include "flotilla.testPrelude" . | nindent 10 }}

          {{- index $ 2 | nindent 10 }}
      env:
        - name: SERVICE_URL
          value: http://{{ .Release.Name }}
        {{- with .Values.tests.token }}
        - name: TOKEN_URL
          value: {{ .url | quote }}
        - name: TOKEN_CLIENT_ID
          value: {{ .clientId | quote }}
        - name: TOKEN_CLIENT_SECRET
          value: {{ .clientSecret | quote }}
        - name: TOKEN_SCOPE
          value: {{ .scope | quote }}
        {{- end }}
      resources:
        requests: { cpu: 50m, memory: 64Mi, ephemeral-storage: 16Mi }
        limits: { memory: 192Mi, ephemeral-storage: 64Mi }
{{- end }}
{{- end }}

{{- define "flotilla.tests" -}}
{{- if .Values.tests.enabled -}}
{{- $own := include "own" . | fromYaml -}}
{{ include "flotilla.test" (list . "ready" "await expect(200, '/health/ready')") }}
---
{{ include "flotilla.test" (list . "no-token" (printf "await expect(401, '%s')" $own.read.path)) }}
---
{{ include "flotilla.test" (list . "read" (printf "await expect(%v, '%s', { headers: await authorization() })" $own.read.status $own.read.path)) }}
{{- end }}
{{- end }}
