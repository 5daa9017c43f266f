{{- define "modelapp.labels" -}}
app.kubernetes.io/name: modelapp-operator
app.kubernetes.io/part-of: modelapp
{{- end }}

{{- define "modelapp.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "modelapp.subject" -}}
- kind: ServiceAccount
  name: modelapp-operator
  namespace: {{ .Release.Namespace }}
{{- end }}
