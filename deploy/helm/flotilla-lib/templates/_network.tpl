{{/* Ports of an opening: 443, or "11000-11999". */}}
{{- define "flotilla.ports" -}}
{{- range . }}
{{- $ends := splitList "-" (toString .) }}
- protocol: TCP
  port: {{ index $ends 0 }}
  {{- if gt (len $ends) 1 }}
  endPort: {{ index $ends 1 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What of a block is closed: the whole internet is no virtual network, and not the metadata service of the node. */}}
{{- define "flotilla.closed" -}}
"0.0.0.0/0": [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
"::/0": ["fc00::/7", "fe80::/10"]
{{- end }}

{{/* Who a peer is: address blocks, pods of a namespace, or both. */}}
{{- define "flotilla.peers" -}}
{{- $closed := include "flotilla.closed" . | fromYaml }}
{{- range .cidrs }}
- ipBlock:
    cidr: {{ . | quote }}
    {{- with get $closed . }}
    except:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- if .namespace }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .namespace | quote }}
  {{- with .podLabels }}
  podSelector:
    matchLabels:
      {{- toYaml . | nindent 6 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "flotilla.dnsOpening" -}}
- to:
    {{- include "flotilla.peers" .Values.network.dns | trim | nindent 4 }}
  ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
{{- end }}

{{/* Openings to the named peers: (list $ (list "broker" "identity")) */}}
{{- define "flotilla.openings" -}}
{{- $root := index . 0 }}
{{- range index . 1 }}
{{- $peer := get $root.Values.network.egress . }}
- to:
    {{- include "flotilla.peers" $peer | trim | nindent 4 }}
  ports:
    {{- include "flotilla.ports" $peer.ports | trim | nindent 4 }}
{{- end }}
{{- end }}

{{/* The peers that the service itself calls, as JSON. */}}
{{- define "flotilla.peerNames" -}}
{{- $own := include "own" . | fromYaml -}}
{{- $names := concat (list "broker" "identity") $own.peers -}}
{{- if hasKey .Values "database" -}}
{{- if not .Values.database.claim }}{{ $names = append $names "database" }}{{ end -}}
{{- end -}}
{{- if .Values.telemetry.endpoint }}{{ $names = append $names "telemetry" }}{{ end -}}
{{- toJson $names -}}
{{- end }}

{{/* Where requests come from. */}}
{{- define "flotilla.gatewayNamespace" -}}
{{ .Values.network.ingress.namespace | default .Values.httpRoute.gateway.namespace }}
{{- end }}

{{/* Nothing goes in or out of the namespace but by the policies below. Probes come from the node and always pass. */}}
{{- define "flotilla.networkpolicies" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "flotilla.metadata" (list . "default-deny" "service") | nindent 2 }}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "flotilla.metadata" (list . .Release.Name "service") | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "flotilla.selector" (list . "service") | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        {{- include "flotilla.peers" (merge (dict "namespace" (include "flotilla.gatewayNamespace" .)) .Values.network.ingress) | trim | nindent 8 }}
        {{- if .Values.tests.enabled }}
        - podSelector:
            matchLabels:
              {{- include "flotilla.selector" (list . "test") | nindent 14 }}
        {{- end }}
      ports:
        - protocol: TCP
          port: http
  egress:
    {{- include "flotilla.dnsOpening" . | nindent 4 }}
    {{- include "flotilla.openings" (list . (include "flotilla.peerNames" . | fromJsonArray)) | trim | nindent 4 }}
{{- if .Values.tests.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "flotilla.metadata" (list . (printf "%s-test" .Release.Name) "test") | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "flotilla.selector" (list . "test") | nindent 6 }}
  policyTypes: [Ingress, Egress]
  egress:
    {{- include "flotilla.dnsOpening" . | nindent 4 }}
    {{- include "flotilla.openings" (list . (list "identity")) | trim | nindent 4 }}
    - to:
        - podSelector:
            matchLabels:
              {{- include "flotilla.selector" (list . "service") | nindent 14 }}
      ports:
        - protocol: TCP
          port: http
{{- end }}
{{- end }}
