{{/* The pod of a run: {root, run, arguments, state}. `state`: the claim to mount, or empty. */}}
{{- define "orgpulse.pod" -}}
{{- $values := .run.values -}}
serviceAccountName: {{ include "orgpulse.serviceAccountName" .run }}
automountServiceAccountToken: {{ .run.kubernetes }}
# Other services' addresses would only crowd the environment.
enableServiceLinks: false
restartPolicy: Never
terminationGracePeriodSeconds: {{ int $values.terminationGracePeriodSeconds }}
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: orgpulse
    image: {{ include "orgpulse.image" (dict "root" .root "values" $values) | quote }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args:
      {{- toYaml .arguments | nindent 6 }}
    env:
      - name: ORGPULSE_CONFIG
        value: /etc/orgpulse/orgpulse.yaml
      {{- range $variable, $from := $values.secrets.env }}
      - name: {{ $variable }}
        valueFrom:
          secretKeyRef:
            name: {{ $from.name }}
            key: {{ $from.key }}
      {{- end }}
      {{- with $values.extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- if or $values.secrets.existingSecret $values.extraEnvFrom }}
    envFrom:
      {{- with $values.secrets.existingSecret }}
      - secretRef:
          name: {{ . }}
      {{- end }}
      {{- with $values.extraEnvFrom }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- end }}
    {{- with $values.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with $values.securityContext }}
    securityContext:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    volumeMounts:
      - name: config
        mountPath: /etc/orgpulse
        readOnly: true
      - name: state
        mountPath: {{ required "config.state_dir: the volume for state is mounted there; give it a path" $values.config.state_dir }}
        {{- if and .state $values.state.existingClaim }}
        subPath: {{ .run.name }}
        {{- end }}
      {{- with $values.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: config
    configMap:
      name: {{ .run.account }}
  - name: state
    {{- if .state }}
    persistentVolumeClaim:
      claimName: {{ .state }}
    {{- else }}
    emptyDir:
      sizeLimit: {{ $values.state.emptyDirSizeLimit }}
    {{- end }}
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
