{{/* How many replicas there are at least. */}}
{{- define "flotilla.leastReplicas" -}}
{{ eq .Values.autoscaling.by "none" | ternary .Values.replicas .Values.autoscaling.minReplicas }}
{{- end }}

{{/* How many replicas there are at most; in a rollout those that end are beside them. */}}
{{- define "flotilla.mostReplicas" -}}
{{ eq .Values.autoscaling.by "none" | ternary .Values.replicas .Values.autoscaling.maxReplicas }}
{{- end }}

{{- define "flotilla.deployment" -}}
{{- include "flotilla.validate" . -}}
{{- $own := include "own" . | fromYaml -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  {{- if eq .Values.autoscaling.by "none" }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  minReadySeconds: 5
  progressDeadlineSeconds: {{ .Values.progressDeadlineSeconds }}
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 25%
  selector:
    matchLabels:
      {{- include "flotilla.selector" (list . "service") | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "flotilla.podLabels" (list . "service") | nindent 8 }}
        {{- if .Values.workloadIdentity.clientId }}
        azure.workload.identity/use: "true"
        {{- end }}
    spec:
      serviceAccountName: {{ .Release.Name }}
      {{- include "flotilla.podSecurity" . | nindent 6 }}
      # After preStop a service drains for 25 s at most (libs/host/src/lifecycle.ts), then 5 s are left.
      terminationGracePeriodSeconds: {{ add .Values.preStopSeconds 30 }}
      topologySpreadConstraints:
        {{- range $key, $unsatisfiable := dict "topology.kubernetes.io/zone" .Values.spread.zones "kubernetes.io/hostname" .Values.spread.nodes }}
        - topologyKey: {{ $key }}
          maxSkew: 1
          whenUnsatisfiable: {{ $unsatisfiable }}
          labelSelector:
            matchLabels:
              {{- include "flotilla.selector" (list $ "service") | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
          # A zone whose nodes are lost is no place to be even with: else nothing would be scheduled until it is back.
          nodeTaintsPolicy: Honor
        {{- end }}
      containers:
        - name: {{ .Chart.Name }}
          {{- include "flotilla.container" . | nindent 10 }}
          args: [/app/main.js]
          env:
            {{- include "flotilla.lines" (list (include "flotilla.sharedEnv" .) (include "flotilla.databaseEnv" .) (empty $own.env | ternary "" (toYaml $own.env))) | nindent 12 }}
          ports:
            - name: http
              containerPort: 8080
          # None of the probes asks a database or a peer: one blip would take every replica out at once.
          startupProbe:
            httpGet: { path: /health/startup, port: http }
            periodSeconds: 1
            timeoutSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /health/live, port: http }
            periodSeconds: 10
            timeoutSeconds: 2
            failureThreshold: 3
          readinessProbe:
            httpGet: { path: /health/ready, port: http }
            periodSeconds: 5
            timeoutSeconds: 2
            failureThreshold: 2
          lifecycle:
            preStop:
              sleep:
                seconds: {{ .Values.preStopSeconds }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          volumeMounts:
            {{- include "flotilla.lines" (list (include "flotilla.tmpMount" .) (include "flotilla.secretMount" .) (include "flotilla.dataMount" .)) | nindent 12 }}
      volumes:
        {{- include "flotilla.lines" (list (include "flotilla.tmpVolume" .) (include "flotilla.secretVolume" .) (include "flotilla.dataVolume" .)) | nindent 8 }}
{{- end }}

{{- define "flotilla.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "flotilla.selector" (list . "service") | nindent 4 }}
  ports:
    - name: http
      port: 80
      targetPort: http
      appProtocol: http
{{- end }}

{{- define "flotilla.poddisruptionbudget" -}}
{{- if gt (int (include "flotilla.leastReplicas" .)) 1 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "flotilla.selector" (list . "service") | nindent 6 }}
{{- end }}
{{- end }}

{{- define "flotilla.httproute" -}}
{{- if .Values.httpRoute.gateway.name -}}
{{- $own := include "own" . | fromYaml -}}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  parentRefs:
    - name: {{ .Values.httpRoute.gateway.name | quote }}
      namespace: {{ .Values.httpRoute.gateway.namespace | quote }}
      {{- with .Values.httpRoute.gateway.listener }}
      sectionName: {{ . | quote }}
      {{- end }}
  {{- with .Values.httpRoute.hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches:
        - path:
            type: PathPrefix
            value: {{ $own.path }}
      backendRefs:
        - name: {{ .Release.Name }}
          port: 80
{{- end }}
{{- end }}
