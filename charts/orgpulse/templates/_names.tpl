{{/* Names and labels. */}}

{{- define "orgpulse.chartName" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "orgpulse.fullname" -}}
{{- $name := include "orgpulse.chartName" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- end -}}

{{/*
A name out of parts (those that are empty left out), 52 characters at most: Kubernetes appends 11 to that of a CronJob. A
longer one ends in a sum of the whole, so that two of them do not become one.
*/}}
{{- define "orgpulse.name" -}}
{{- $name := join "-" (compact .) | replace "_" "-" -}}
{{- if gt (len $name) 52 -}}
{{- printf "%s-%s" ($name | trunc 43 | trimSuffix "-") ($name | sha256sum | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* Labels that tell this release's pods; they never change. */}}
{{- define "orgpulse.selectorLabels" -}}
app.kubernetes.io/name: {{ include "orgpulse.chartName" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Labels of an object: {root, environment, values}, and the collector if it is for one alone. */}}
{{- define "orgpulse.labels" -}}
{{- $labels := include "orgpulse.selectorLabels" .root | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version -}}
{{- $_ := set $labels "helm.sh/chart" ($chart | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- with .environment }}{{- $_ := set $labels "orgpulse/environment" . -}}{{- end -}}
{{- with .collector }}{{- $_ := set $labels "orgpulse/collector" . -}}{{- end -}}
{{- toYaml (merge $labels (.values.commonLabels | default dict)) -}}
{{- end -}}

{{- define "orgpulse.serviceAccountName" -}}
{{- if .values.serviceAccount.create -}}
{{- default .account .values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "orgpulse.image" -}}
{{- $repository := required "image.repository: say where the image lies, as in ghcr.io/acme/orgpulse" .values.image.repository -}}
{{- if .values.image.digest -}}
{{- printf "%s@%s" $repository .values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .root.Chart.AppVersion .values.image.tag) -}}
{{- end -}}
{{- end -}}
