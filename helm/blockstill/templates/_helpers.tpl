{{/* What objects are named after. 50 characters leave room for the longest suffix. */}}
{{- define "blockstill.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* What never changes, since a Deployment's selector may not. The name is the one that helm/monitoring goes by. */}}
{{- define "blockstill.selector" -}}
app.kubernetes.io/name: blockstill-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "blockstill.labels" -}}
{{- $own := include "blockstill.selector" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "blockstill" -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- merge $own .Values.commonLabels | toYaml -}}
{{- end }}

{{- define "blockstill.serviceAccount" -}}
{{- default (include "blockstill.fullname" .) .Values.serviceAccount.name -}}
{{- end }}

{{- define "blockstill.leaseName" -}}
{{- default (include "blockstill.fullname" .) .Values.leaderElection.leaseName -}}
{{- end }}

{{- define "blockstill.leaseNamespace" -}}
{{- default .Release.Namespace .Values.leaderElection.namespace -}}
{{- end }}

{{/* An image by digest, or else by tag. Takes the image's values and the default tag. */}}
{{- define "blockstill.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default (index . 1) $image.tag) -}}
{{- end -}}
{{- end }}

{{/* What the operator may do with jobs and what they consist of, in one namespace or in all. */}}
{{- define "blockstill.rules" -}}
- apiGroups: [blockstill.dev]
  resources: [distillationjobs]
  verbs: [list, watch]
- apiGroups: [blockstill.dev]
  resources: [distillationjobs/status]
  verbs: [patch]
# Where OwnerReferencesPermissionEnforcement is on, children can't be made without it; it is never used otherwise.
- apiGroups: [blockstill.dev]
  resources: [distillationjobs/finalizers]
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [create, delete, get, list, patch, watch]
- apiGroups: ['']
  resources: [pods]
  verbs: [list, watch]
# What was accepted of a job, and its plan.
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [create, list]
# Access modes.
- apiGroups: ['']
  resources: [persistentvolumeclaims]
  verbs: [get]
# Why the cluster makes no pod for a Job, or a node can't prepare one: quota, or a volume.
- apiGroups: ['']
  resources: [events]
  verbs: [list]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* The one who gets roles. */}}
{{- define "blockstill.subjects" -}}
- kind: ServiceAccount
  name: {{ include "blockstill.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* What everyone who asks the API server has to reach: rules of a NetworkPolicy. */}}
{{- define "blockstill.egressToApi" -}}
# DNS.
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
# The API server.
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
  {{- with .Values.networkPolicy.apiServerTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
