{{/* What a schema cannot say. Every problem is told at once, with the value that mends it. */}}
{{- define "flotilla.validate" -}}
{{- $problems := list -}}
{{- with .Values -}}
{{- if not .oidc.issuers }}{{ $problems = append $problems "oidc.issuers: name the issuers whose tokens are trusted" }}{{ end -}}
{{- if eq (empty .broker.namespace) (empty .broker.connectionString) }}{{ $problems = append $problems "broker: set exactly one of namespace (Azure Service Bus) and connectionString (a stand-in)" }}{{ end -}}
{{- if eq (empty .secrets.secretName) (empty .secrets.keyVault.name) }}{{ $problems = append $problems "secrets: set exactly one of keyVault.name and secretName (a Secret that exists)" }}{{ end -}}
{{- if .secrets.keyVault.name -}}
{{- if not .secrets.keyVault.tenantId }}{{ $problems = append $problems "secrets.keyVault.tenantId: name the tenant of the vault" }}{{ end -}}
{{- if not .workloadIdentity.clientId }}{{ $problems = append $problems "workloadIdentity.clientId: a key vault is opened by workload identity, so name one" }}{{ end -}}
{{- end -}}
{{- if and .broker.namespace (not .workloadIdentity.clientId) }}{{ $problems = append $problems "workloadIdentity.clientId: broker.namespace is spoken to by workload identity, so name one" }}{{ end -}}
{{- if gt (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas) }}{{ $problems = append $problems (printf "autoscaling.minReplicas: %d is more than maxReplicas, %d" (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas)) }}{{ end -}}
{{- if and (eq .autoscaling.by "keda") (not .broker.namespace) }}{{ $problems = append $problems "autoscaling.by: keda reads the queues of broker.namespace; without one choose hpa or none" }}{{ end -}}
{{- with .telemetry.endpoint -}}
{{- $namespace := (urlParse .).hostname | splitList "." | rest | first | default $.Release.Namespace -}}
{{- $open := $.Values.network.egress.telemetry.namespace -}}
{{- if and $open (ne $namespace $open) }}{{ $problems = append $problems (printf "telemetry.endpoint: %s must be a service in namespace %s, http://<service>.%s:<port>, which network.egress.telemetry.namespace opens" . $open $open) }}{{ end -}}
{{- end -}}
{{- if hasKey . "database" }}{{ $problems = concat $problems (include "flotilla.databaseProblems" $ | fromJsonArray) }}{{ end -}}
{{- end -}}
{{- $own := include "own" . | fromYaml -}}
{{- $problems = concat $problems (default list $own.problems) -}}
{{- if or (ne .Release.Name .Chart.Name) (ne .Release.Namespace .Chart.Name) }}{{ $problems = append $problems (printf "release %s in namespace %s: call it %s, in a namespace of that name, where others look for it" .Release.Name .Release.Namespace .Chart.Name) }}{{ end -}}
{{- $problems = concat $problems (include "flotilla.resourceProblems" (list "resources" .Values.resources) | fromJsonArray) -}}
{{- with .Values.migration }}{{ $problems = concat $problems (include "flotilla.resourceProblems" (list "migration.resources" .resources) | fromJsonArray) }}{{ end -}}
{{- with include "flotilla.handoverProblem" . }}{{ $problems = append $problems . }}{{ end -}}
{{- range include "flotilla.peerNames" . | fromJsonArray -}}
{{- $peer := get $.Values.network.egress . -}}
{{- if not (or $peer.cidrs $peer.namespace) }}{{ $problems = append $problems (printf "network.egress.%s: name cidrs or a namespace, or it cannot be reached" .) }}{{ end -}}
{{- end -}}
{{- if and .Values.tests.enabled (not .Values.tests.token.url) (not .Values.tests.workloadIdentity.clientId) }}{{ $problems = append $problems "tests: set token.url (an issuer's token endpoint) or workloadIdentity.clientId (Entra), or enabled false" }}{{ end -}}
{{- if $problems }}{{ fail (printf "\n%s cannot be rendered:\n- %s" .Chart.Name (join "\n- " $problems)) }}{{ end -}}
{{- end }}

{{/*
The database must bear the pools of all replicas at their most, twice: in a rollout those that go still serve while those that come take
their place, because a pod that ends counts as no replica any more. And the migration that comes before it.
*/}}
{{- define "flotilla.databaseProblems" -}}
{{- $problems := list -}}
{{- with .Values.database -}}
{{- if eq (empty .server) (empty .claim) }}{{ $problems = append $problems "database: set exactly one of server (Azure SQL) and claim (a PersistentVolumeClaim for a SQLite file)" }}{{ end -}}
{{- $replicas := int (include "flotilla.mostReplicas" $) -}}
{{- $pods := add (mul 2 $replicas) 1 -}}
{{- $needed := mul $pods .poolSize -}}
{{- if and .server (gt (int $needed) (int .maxConnections)) }}{{ $problems = append $problems (printf "database: %d pods (%d replicas, as many that they replace in a rollout, and a migration) with a pool of %d each need %d connections, and database.maxConnections is %d: lower the replicas or database.poolSize, or give the service a larger database" (int $pods) $replicas (int .poolSize) (int $needed) (int .maxConnections)) }}{{ end -}}
{{- if and .server (not $.Values.workloadIdentity.clientId) }}{{ $problems = append $problems "workloadIdentity.clientId: database.server is spoken to by workload identity, so name one" }}{{ end -}}
{{- if and .server $.Values.migration.enabled (not $.Values.migration.workloadIdentity.clientId) }}{{ $problems = append $problems "migration.workloadIdentity.clientId: database.server is migrated by workload identity, so name one" }}{{ end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end }}

{{/* A size such as 96Mi, in KiB. */}}
{{- define "flotilla.kibibytes" -}}
{{- mul (regexFind "^[0-9]+" .) (get (dict "Ki" 1 "Mi" 1024 "Gi" 1048576 "Ti" 1073741824) (regexFind "[A-Za-z]+$" .)) -}}
{{- end }}

{{/* No limit is below what is requested, which the API server would refuse: (list "path of the value" resources) */}}
{{- define "flotilla.resourceProblems" -}}
{{- $path := index . 0 -}}
{{- $requests := (index . 1).requests -}}
{{- $problems := list -}}
{{- range $name, $limit := (index . 1).limits -}}
{{- $request := get $requests $name -}}
{{- if lt (include "flotilla.kibibytes" $limit | int64) (include "flotilla.kibibytes" $request | int64) }}{{ $problems = append $problems (printf "%s.limits.%s: %s is below the request, %s" $path $name $limit $request) }}{{ end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end }}

{{/*
When a scaler takes over, the Deployment names no number of replicas any more. Where this release alone has set it, that would set 1 until
the scaler has looked, so another field manager must hold the number first. Only a cluster can tell: `helm template` sees none.
*/}}
{{- define "flotilla.handoverProblem" -}}
{{- if ne .Values.autoscaling.by "none" -}}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace .Release.Name -}}
{{- $isOurs := false -}}
{{- $isHeld := false -}}
{{- range dig "metadata" "managedFields" list $live -}}
{{- $fields := dig "fieldsV1" "f:spec" dict . -}}
{{- if hasKey $fields "f:replicas" -}}
{{- if hasKey $fields "f:template" }}{{ $isOurs = true }}{{ else }}{{ $isHeld = true }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and $isOurs (not $isHeld) -}}
autoscaling.by: the Deployment has its replicas from this release, and would have 1 without it; hand them over first: echo '{{ dict "apiVersion" "apps/v1" "kind" "Deployment" "metadata" (dict "name" .Release.Name "namespace" .Release.Namespace) "spec" (dict "replicas" (int $live.spec.replicas)) | toJson }}' | kubectl apply --server-side --field-manager=handover --filename=-
{{- end -}}
{{- end -}}
{{- end }}
