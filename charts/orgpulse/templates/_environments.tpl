{{/*
What is to be made, as JSON lists. An environment is {name, account, environment, values, kubernetes, collector}; a run, which
becomes a CronJob, has `arguments` besides, and with `split` a name of its own and its collector. `account`: the name of what an
environment's runs share. `kubernetes`: whether it reads the cluster that it runs in.
*/}}

{{/* Puts {from} over {into}, which it changes: mappings are merged, null takes away, all else is replaced. Helm's own merge
takes false and 0 for absent. */}}
{{- define "orgpulse.merge" -}}
{{- $into := .into -}}
{{- range $key, $value := .from -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $into $key -}}
{{- else if kindIs "map" $value -}}
{{- if not (kindIs "map" (get $into $key)) -}}
{{- $_ := set $into $key dict -}}
{{- end -}}
{{- include "orgpulse.merge" (dict "into" (get $into $key) "from" $value) -}}
{{- else -}}
{{- $_ := set $into $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "orgpulse.environments" -}}
{{- $root := . -}}
{{- $shared := omit .Values "environments" "global" "nameOverride" "fullnameOverride" "networkPolicy" -}}
{{- $all := list -}}
{{- range $environment, $own := .Values.environments | default (dict "" dict) -}}
{{- $values := dict -}}
{{- include "orgpulse.merge" (dict "into" $values "from" (deepCopy $shared)) -}}
{{- if $environment -}}
{{- $_ := set $values.config "env" $environment -}}
{{- end -}}
{{- include "orgpulse.merge" (dict "into" $values "from" ($own | default dict)) -}}
{{- if and $environment (hasKey (dig "config" dict ($own | default dict) | default dict) "env") -}}
{{- fail (printf "environments.%s: config.env: the name of the environment is its tag env; leave it out" $environment) -}}
{{- end -}}
{{- $kubernetes := dig "kubernetes" "cluster_name" "" $values.config -}}
{{- if $values.collectors -}}
{{- $kubernetes = has "kubernetes" $values.collectors -}}
{{- end -}}
{{- $elsewhere := dig "kubernetes" "kubeconfig" "" $values.config -}}
{{- $name := include "orgpulse.name" (list (include "orgpulse.fullname" $root) $environment) -}}
{{- $here := and (not (empty $kubernetes)) (empty $elsewhere) -}}
{{- $one := dict "name" $name "account" $name "environment" $environment "values" $values "collector" "" "kubernetes" $here -}}
{{- include "orgpulse.validate" $one -}}
{{- $all = append $all $one -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{- define "orgpulse.runs" -}}
{{- $root := . -}}
{{- $all := list -}}
{{- range include "orgpulse.environments" . | fromJsonArray -}}
{{- $output := ternary "" (printf "--output=%s" .values.output) (eq .values.output "table") -}}
{{- $flags := compact (list (ternary "--push" "" .values.push) $output) -}}
{{- if .values.split -}}
{{- $environment := . -}}
{{- range $collector := .values.collectors -}}
{{- $run := deepCopy $environment -}}
{{- include "orgpulse.merge" (dict "into" $run.values "from" (get $run.values.perCollector $collector | default dict)) -}}
{{- $_ := set $run "name" (include "orgpulse.name" (list (include "orgpulse.fullname" $root) $environment.environment $collector)) -}}
{{- $_ := set $run "kubernetes" (and $environment.kubernetes (eq $collector "kubernetes")) -}}
{{- $_ := set $run "collector" $collector -}}
{{- $_ := set $run "arguments" (concat (list "collect" $collector) $flags) -}}
{{- $all = append $all $run -}}
{{- end -}}
{{- else -}}
{{- $run := deepCopy . -}}
{{- $_ := set $run "arguments" (concat (list "collect") (default (list "all") .values.collectors) $flags) -}}
{{- $all = append $all $run -}}
{{- end -}}
{{- end -}}
{{- $names := list -}}
{{- range $all -}}
{{- if has .name $names -}}
{{- fail (printf "environments: two of them make a CronJob %s; give one another name" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{/* What the schema cannot see: values that do not go together. */}}
{{- define "orgpulse.validate" -}}
{{- $where := ternary (printf "environments.%s: " .environment) "" (ne .environment "") -}}
{{- $collectors := .values.collectors -}}
{{- if and .values.split (empty $collectors) -}}
{{- fail (printf "%ssplit: name the sources in collectors, as in [github, ec2]; each becomes a CronJob" $where) -}}
{{- end -}}
{{- range $collector, $_ := .values.perCollector -}}
{{- if not (has $collector $collectors) -}}
{{- fail (printf "%sperCollector.%s: collectors does not name it" $where $collector) -}}
{{- end -}}
{{- end -}}
{{- if and .values.perCollector (not .values.split) -}}
{{- fail (printf "%sperCollector: works only with split: true" $where) -}}
{{- end -}}
{{- if hasKey (.values.files | default dict) "orgpulse.yaml" -}}
{{- fail (printf "%sfiles: orgpulse.yaml is made of config" $where) -}}
{{- end -}}
{{- include "orgpulse.withoutUsers" (dict "where" (printf "%sconfig" $where) "in" .values.config) -}}
{{- $deadline := include "orgpulse.seconds" (.values.config.deadline | default "10m") | int -}}
{{- $limits := list .values.activeDeadlineSeconds -}}
{{- range .values.perCollector -}}
{{- $limits = append $limits (.activeDeadlineSeconds | default $.values.activeDeadlineSeconds) -}}
{{- end -}}
{{- range $limits -}}
{{- if lt (int .) (add $deadline 60 | int) -}}
{{- $why := "and a minute for the delivery: Kubernetes would end runs that are in time" -}}
{{- fail (printf "%sactiveDeadlineSeconds: %d is less than config.deadline (%d s) %s" $where (int .) $deadline $why) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses an address with more than host and path: it may be a password. Not by the schema, whose messages would show it. */}}
{{- define "orgpulse.withoutUsers" -}}
{{- $where := .where -}}
{{- range $key, $value := .in -}}
{{- $place := printf "%s.%v" $where $key -}}
{{- if or (kindIs "map" $value) (kindIs "slice" $value) -}}
{{- include "orgpulse.withoutUsers" (dict "where" $place "in" $value) -}}
{{- else if regexMatch "(?i)^\\s*https?:.*[@?#]" (toString $value) -}}
{{- $cure := "which everybody would see in the ConfigMap; give the whole of it by its variable out of a Secret (secrets.env)" -}}
{{- fail (printf "%s: an address in config must not hold a user, password or query, %s" $place $cure) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A time such as 90s or 1h30m in seconds. The schema lets no other form pass. */}}
{{- define "orgpulse.seconds" -}}
{{- $seconds := 0 -}}
{{- range regexFindAll "[0-9]+[hms]" . -1 -}}
{{- $unit := ternary 3600 (ternary 60 1 (hasSuffix "m" .)) (hasSuffix "h" .) -}}
{{- $seconds = add $seconds (mul (regexFind "[0-9]+" . | atoi) $unit) -}}
{{- end -}}
{{- $seconds -}}
{{- end -}}
