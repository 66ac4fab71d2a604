{{/* Scaling up follows the load at once; scaling down waits, and takes one pod at a time. */}}
{{- define "flotilla.scalingBehavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
scaleDown:
  stabilizationWindowSeconds: 300
  policies:
    - type: Pods
      value: 1
      periodSeconds: 60
{{- end }}

{{- define "flotilla.autoscaler" -}}
{{- if eq .Values.autoscaling.by "keda" }}{{ include "flotilla.scaledobject" . }}{{ end -}}
{{- if eq .Values.autoscaling.by "hpa" }}{{ include "flotilla.horizontalpodautoscaler" . }}{{ end -}}
{{- end }}

{{/* CPU, and the queue of every subscription that the service hears. KEDA makes the HPA of it: there is never another. */}}
{{- define "flotilla.scaledobject" -}}
{{- $scaling := .Values.autoscaling -}}
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  podIdentity:
    provider: azure-workload
    {{- with $scaling.identityId }}
    identityId: {{ . | quote }}
    {{- end }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  scaleTargetRef:
    name: {{ .Release.Name }}
  pollingInterval: 15
  minReplicaCount: {{ $scaling.minReplicas }}
  maxReplicaCount: {{ $scaling.maxReplicas }}
  # While the queues cannot be asked, nobody is taken away.
  fallback:
    failureThreshold: 3
    replicas: {{ $scaling.minReplicas }}
    behavior: currentReplicasIfHigher
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- include "flotilla.scalingBehavior" . | nindent 8 }}
  triggers:
    - type: cpu
      metricType: Utilization
      metadata:
        value: {{ $scaling.cpu | int | quote }}
    {{- range get (include "flotilla.subscriptions" . | fromYaml) .Chart.Name }}
    - type: azure-servicebus
      metadata:
        namespace: {{ $.Values.broker.namespace | splitList "." | first | quote }}
        topicName: {{ . }}
        subscriptionName: {{ $.Chart.Name }}
        messageCount: {{ $scaling.queueDepth | int | quote }}
      authenticationRef:
        name: {{ $.Release.Name }}
    {{- end }}
{{- end }}

{{- define "flotilla.horizontalpodautoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .Release.Name }}
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
  behavior:
    {{- include "flotilla.scalingBehavior" . | nindent 4 }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .Values.autoscaling.cpu }}
{{- end }}
