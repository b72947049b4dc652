{{/*
Of the job, and of all that belongs to the test: jobs have at most 40 characters. With `helm test --logs`, Helm 3 asks for
the log of a pod of the name of each hook, whatever kind that is, and fails where there is none.
*/}}
{{- define "blockstill.test.name" -}}
{{- printf "%s-test" (include "blockstill.fullname" . | trunc 35 | trimSuffix "-") -}}
{{- end }}

{{/* Where the job runs: where the release is, if the operator watches it, or else the first namespace that it watches. */}}
{{- define "blockstill.test.namespace" -}}
{{- $watched := .Values.watchNamespaces -}}
{{- if .Values.test.namespace -}}
{{- .Values.test.namespace -}}
{{- else if or (empty $watched) (has .Release.Namespace $watched) -}}
{{- .Release.Namespace -}}
{{- else -}}
{{- first $watched -}}
{{- end -}}
{{- end }}

{{/* Not those of the operator, whose Service and monitors would take the test's pod for one. */}}
{{- define "blockstill.test.labels" -}}
{{- $own := include "blockstill.labels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/name" "blockstill-test" -}}
{{- $_ := set $own "app.kubernetes.io/component" "test" -}}
{{- toYaml $own -}}
{{- end }}

{{/*
A hook is made anew for each test and stays after it, so that one can look: what is to go after success, Helm also takes
away after the failure of a later hook. Takes the context and the weight.
*/}}
{{- define "blockstill.test.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "blockstill.test.name" $root }}
labels:
  {{- include "blockstill.test.labels" $root | nindent 2 }}
annotations:
  helm.sh/hook: test
  helm.sh/hook-weight: {{ index . 1 | quote }}
  helm.sh/hook-delete-policy: before-hook-creation
{{- end }}

{{/* What both containers of the test have in common: the operator's image, and where it finds the API server. */}}
{{- define "blockstill.test.container" -}}
image: {{ include "blockstill.image" (list .Values.image .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  # All that is written to the node's disk is the log.
  requests: { cpu: 50m, memory: 96Mi, ephemeral-storage: 16Mi }
  limits: { cpu: '1', memory: 256Mi, ephemeral-storage: 64Mi }
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end }}
