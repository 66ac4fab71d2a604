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
{{- if and $open (ne $namespace $open) }}{{ $problems = append $problems (printf "telemetry.endpoint: %s is in namespace %s, and network.egress.telemetry.namespace opens %s" . $namespace $open) }}{{ end -}}
{{- end -}}
{{- if hasKey . "database" }}{{ $problems = concat $problems (include "flotilla.databaseProblems" $ | fromJsonArray) }}{{ end -}}
{{- end -}}
{{- $own := include "own" . | fromYaml -}}
{{- $problems = concat $problems (default list $own.problems) -}}
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
