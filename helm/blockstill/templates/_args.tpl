{{/* The taint that a toleration is for, as kubectl writes it: key[=value][:Effect]. */}}
{{- define "blockstill.taint" -}}
{{- .key -}}
{{- if ne (default "Equal" .operator) "Exists" }}={{ default "" .value }}{{ end -}}
{{- with .effect }}:{{ . }}{{ end -}}
{{- end }}

{{/* The operator's command line: docs/operator.md. */}}
{{- define "blockstill.args" -}}
{{- range uniq .Values.watchNamespaces }}
- {{ printf "--namespace=%s" . | quote }}
{{- end }}
{{- if .Values.worker.image.repository }}
- {{ printf "--worker-image=%s" (include "blockstill.image" (list .Values.worker.image .Chart.AppVersion)) | quote }}
{{- end }}
{{- with .Values.worker.imagePullPolicy }}
- {{ printf "--worker-image-pull-policy=%s" . | quote }}
{{- end }}
{{- range .Values.worker.imagePullSecrets }}
- {{ printf "--worker-image-pull-secret=%s" . | quote }}
{{- end }}
{{- with .Values.worker.runtimeClassName }}
- {{ printf "--worker-runtime-class=%s" . | quote }}
{{- end }}
{{- with .Values.worker.gpuResourceName }}
- {{ printf "--worker-gpu-resource=%s" . | quote }}
{{- end }}
{{- range .Values.worker.tolerations }}
- {{ printf "--worker-toleration=%s" (include "blockstill.taint" .) | quote }}
{{- end }}
{{- range $key, $value := .Values.worker.nodeSelector }}
- {{ printf "--worker-node-selector=%s=%s" $key $value | quote }}
{{- end }}
{{- with .Values.worker.storage.uri }}
- {{ printf "--worker-storage-uri=%s" . | quote }}
{{- end }}
{{- with .Values.worker.storage.claimName }}
- {{ printf "--worker-storage-claim=%s" . | quote }}
{{- end }}
{{- with .Values.worker.storage.s3.endpoint }}
- {{ printf "--worker-storage-s3-endpoint=%s" . | quote }}
{{- end }}
{{- with .Values.worker.storage.s3.region }}
- {{ printf "--worker-storage-s3-region=%s" . | quote }}
{{- end }}
{{- if .Values.worker.storage.s3.forcePathStyle }}
- --worker-storage-s3-force-path-style
{{- end }}
{{- with .Values.worker.storage.s3.credentialsSecretName }}
- {{ printf "--worker-storage-s3-credentials-secret=%s" . | quote }}
{{- end }}
{{- if .Values.allowHostVolumes }}
- --allow-host-volumes
{{- end }}
{{- if .Values.leaderElection.enabled }}
- {{ printf "--lease-name=%s" (include "blockstill.leaseName" .) | quote }}
- {{ printf "--leader-election-namespace=%s" (include "blockstill.leaseNamespace" .) | quote }}
{{- else }}
- --no-leader-election
{{- end }}
- {{ printf "--qps=%v" .Values.api.qps | quote }}
- {{ printf "--burst=%d" (int .Values.api.burst) | quote }}
- {{ printf "--workers=%d" (int .Values.workers) | quote }}
{{- if not .Values.progress }}
- --no-progress
{{- end }}
{{- with .Values.dcgmExporterUrl }}
- {{ printf "--dcgm-exporter-url=%s" . | quote }}
{{- end }}
- {{ printf "--listen=0.0.0.0:%d" (int .Values.port) | quote }}
- {{ printf "--log-level=%s" .Values.log.level | quote }}
- {{ printf "--log-format=%s" .Values.log.format | quote }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}
