//! The table of all settings: one row gives a setting its key in the file, its variable, its default and its words.
//! `config show`, `.env.sample`, docs/CONFIGURATION.md and the check for unknown keys are made of it.

/// Longest time that a setting may name: beyond any use, and far from where clocks overflow.
pub const LONGEST: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Dotted key in the configuration file: `github.ci.timeout_minutes`.
    pub key: &'static str,
    /// Environment variable.
    pub variable: &'static str,
    /// What its text must look like.
    pub kind: Kind,
    /// Default as it would be written in a variable; empty = none.
    pub default: &'static str,
    /// One line for `.env.sample` and the docs.
    pub about: &'static str,
    /// What it means to leave it unset.
    pub unset: &'static str,
}

/// The form of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// An http or https address.
    Url,
    /// The same with a user and a password in it, or without: a secret that is shown without them, and that may not
    /// stand in the file with them.
    UrlWithUser,
    /// A time such as `90s` or `10m`, at most [`LONGEST`].
    Duration,
    /// A whole number in a closed range.
    Whole(u64, u64),
    /// A number of more than 0.
    Number,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Several texts: a YAML list in the file, separated by commas in the variable.
    List,
    /// Numbers of 0 or more by name: a YAML mapping in the file, `a=1,b=2` in the variable.
    Numbers,
    /// Texts by name, several to a name: a YAML mapping of texts or lists in the file, `a=x,b=y,b=z` in the variable.
    Texts,
    /// A structure that its reader checks: written out in the file, as YAML or JSON text in the variable.
    Declarations,
    /// A path of a file or folder.
    Path,
    /// A secret: from its variable, from the file that `<VARIABLE>_FILE` or `<key>_file` names, or from the secret of AWS
    /// Secrets Manager that `<VARIABLE>_SECRET` or `<key>_secret` names; never in the file.
    Secret,
}

const fn row(
    key: &'static str,
    variable: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
    unset: &'static str,
) -> Setting {
    Setting { key, variable, kind, default, about, unset }
}

/// Every setting, in the order of the documentation.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    row("env", "DD_ENV", Kind::Text, "", "Environment that every point is tagged with", "no env tag"),
    row("service", "DD_SERVICE", Kind::Text, "", "Service that every point is tagged with", "no service tag"),
    row("version", "DD_VERSION", Kind::Text, "", "Version that every point is tagged with", "no version tag"),
    row("deadline", "ORGPULSE_DEADLINE", Kind::Duration, "10m", "Time for the collection of a whole run", "the default"),
    row("collector_deadline", "ORGPULSE_COLLECTOR_DEADLINE", Kind::Duration, "120s", "Time for one collector", "the default"),
    row("tolerate_partial", "ORGPULSE_TOLERATE_PARTIAL", Kind::Bool, "false", "Whether a partial run exits with 0 instead of 3", "the default"),
    row("state_dir", "ORGPULSE_STATE_DIR", Kind::Path, "", "Folder for the spool and for what is kept between runs; several environments on one machine need one each", "$XDG_STATE_HOME/orgpulse, else ~/.local/state/orgpulse"),
    row("log", "ORGPULSE_LOG", Kind::Text, "warn", "Log filter: error, warn, info, debug, trace, or by module as in `warn,github=debug`", "the default"),
    row("log_format", "ORGPULSE_LOG_FORMAT", Kind::Choice(&["text", "json"]), "text", "Form of log lines", "the default"),

    row("secrets.aws", "ORGPULSE_AWS_SECRETS", Kind::Bool, "false", "Whether secrets that are set nowhere are read from AWS Secrets Manager under their default names", "the default"),

    row("datadog.site", "DD_SITE", Kind::Text, "datadoghq.com", "Datadog site that the organisation lives on", "the default (US1)"),
    row("datadog.url", "DD_URL", Kind::Url, "", "Base address of the API of Datadog, for a proxy or a test", "https://api.<site>"),
    row("datadog.api_key", "DD_API_KEY", Kind::Secret, "", "API key; needed for --push", "only dry runs"),
    row("datadog.app_key", "DD_APP_KEY", Kind::Secret, "", "Application key (scope timeseries_query): the health scores read with it what their run did not collect", "scores are made of what their run collects"),
    row("datadog.compression", "ORGPULSE_DATADOG_COMPRESSION", Kind::Choice(&["gzip", "zstd", "none"]), "gzip", "Compression of what is sent", "the default"),
    row("datadog.spool_max_mib", "ORGPULSE_SPOOL_MAX_MIB", Kind::Whole(1, 10_240), "64", "Greatest size of the spool of undelivered points, in MiB", "the default"),

    row("github.repositories", "GITHUB_REPOSITORIES", Kind::List, "", "Repositories to read, owner/name", "inside GitHub Actions the repository at hand, elsewhere GitHub is not read"),
    row("github.token", "GITHUB_TOKEN", Kind::Secret, "", "Token that may read them", "the GitHub App below is used"),
    row("github.app_id", "GITHUB_APP_ID", Kind::Whole(1, u64::MAX), "", "Id of a GitHub App, instead of a token", "the token is used"),
    row("github.app_private_key", "GITHUB_APP_PRIVATE_KEY", Kind::Secret, "", "Private key of the App (PEM)", "the token is used"),
    row("github.app_installation_id", "GITHUB_APP_INSTALLATION_ID", Kind::Whole(1, u64::MAX), "", "Id of the installation of the App in the organisation", "the token is used"),
    row("github.api_url", "GITHUB_API_URL", Kind::Url, "https://api.github.com", "REST API of GitHub; https://HOST/api/v3 for Enterprise Server", "the default"),
    row("github.hotfix_labels", "GITHUB_HOTFIX_LABELS", Kind::List, "hotfix", "Labels of pull requests that make their commits hotfixes", "the default"),
    row("github.force_merge_labels", "GITHUB_FORCE_MERGE_LABELS", Kind::List, "force-merge", "Labels of pull requests that make their commits force merges", "the default"),
    row("github.max_commit_lookups", "GITHUB_MAX_COMMIT_LOOKUPS", Kind::Whole(0, 100_000), "200", "Commits of a repository whose files may be asked for one by one", "the default"),
    row("github.production_environment", "GITHUB_PRODUCTION_ENVIRONMENT", Kind::Text, "production", "Environment whose deployments count", "the default"),
    row("github.deploy_workflow", "GITHUB_DEPLOY_WORKFLOW", Kind::Text, "", "Workflow whose successful runs are deployments where GitHub has none", "no deployments there"),
    row("github.ci.timeout_minutes", "GITHUB_CI_TIMEOUT_MINUTES", Kind::Whole(1, 100_000), "360", "A cancelled run that ran at least so long counts as timed out", "the default"),
    row("github.ci.test_workflows", "GITHUB_CI_TEST_WORKFLOWS", Kind::List, "", "Name globs of test workflows", "every workflow with a push run on the default branch in 7 days"),
    row("github.ci.benchmark_workflows", "GITHUB_CI_BENCHMARK_WORKFLOWS", Kind::List, "*benchmark*", "Name globs of benchmark workflows, any case", "the default"),
    row("github.ci.max_job_lookups", "GITHUB_CI_MAX_JOB_LOOKUPS", Kind::Whole(0, 1_000), "20", "Runs of a repository whose jobs are asked for, for queue times; 0 = none", "the default"),

    row("kubernetes.cluster_name", "K8S_CLUSTER_NAME", Kind::Text, "", "Name of the Kubernetes cluster to read; every point of it is tagged with it", "Kubernetes is not read"),
    row("kubernetes.namespaces", "K8S_NAMESPACES", Kind::List, "", "Namespaces to read", "all of them"),
    row("kubernetes.kubeconfig", "KUBECONFIG", Kind::Path, "", "Path of the kubeconfig; of several, separated as in PATH, what the first one says counts", "in a pod its service account, elsewhere ~/.kube/config"),
    row("kubernetes.context", "K8S_CONTEXT", Kind::Text, "", "Context of the kubeconfig", "its current context"),
    row("kubernetes.service_host", "KUBERNETES_SERVICE_HOST", Kind::Text, "", "Address of the API server, which Kubernetes sets in every pod", "orgpulse does not run in a pod"),
    row("kubernetes.service_port", "KUBERNETES_SERVICE_PORT", Kind::Whole(1, 65_535), "", "Port of the API server, which Kubernetes sets in every pod", "orgpulse does not run in a pod"),

    row("aws.region", "AWS_REGION", Kind::Text, "", "Region of AWS: that of secrets named without an ARN, and the one that EC2 asks which regions are enabled", "the first of ec2.regions; no secret by name alone"),
    row("aws.access_key_id", "AWS_ACCESS_KEY_ID", Kind::Secret, "", "Id of an access key that may read EC2 and the secrets", "the AWS SDK looks for a credential: profile, IRSA, Pod Identity, SSO, instance metadata"),
    row("aws.secret_access_key", "AWS_SECRET_ACCESS_KEY", Kind::Secret, "", "The secret half of the access key", "see AWS_ACCESS_KEY_ID"),
    row("aws.session_token", "AWS_SESSION_TOKEN", Kind::Secret, "", "Session token of a temporary access key", "the key is a lasting one"),
    row("aws.endpoint_url", "AWS_ENDPOINT_URL", Kind::Url, "", "Address of all AWS services, for a test or a private endpoint", "each service's own address"),

    row("ec2.regions", "EC2_REGIONS", Kind::List, "", "Regions to read; `all` = those enabled for the account, `none` = EC2 is not read", "aws.region; without it EC2 is not read"),
    row("ec2.price_file", "EC2_PRICE_FILE", Kind::Path, "", "File with hourly prices to use instead of those of AWS", "AWS is asked for prices"),
    row("ec2.idle", "EC2_IDLE", Kind::Bool, "true", "Whether CloudWatch is asked for idle instances; it bills each instance's metric", "the default"),
    row("ec2.idle_cpu_pct", "EC2_IDLE_CPU_PCT", Kind::Number, "5", "Mean CPU utilization of an hour below which an instance is idle, in percent", "the default"),

    row("skypilot.endpoint", "SKYPILOT_API_SERVER_ENDPOINT", Kind::UrlWithUser, "", "Address of the SkyPilot API server; https://USER:PASSWORD@HOST for basic auth", "SkyPilot is not read"),
    row("skypilot.token", "SKYPILOT_API_TOKEN", Kind::Secret, "", "Token of a service account of the server", "basic auth if the address holds a user, else none"),

    row("wandb.projects", "WANDB_PROJECTS", Kind::List, "", "Weights & Biases projects to read, entity/project", "W&B is not read"),
    row("wandb.api_key", "WANDB_API_KEY", Kind::Secret, "", "API key of a user or service account that may read them", "W&B cannot be read"),
    row("wandb.base_url", "WANDB_BASE_URL", Kind::Url, "https://api.wandb.ai", "API of W&B, or the address of a server of your own", "the default"),
    row("wandb.heartbeat_minutes", "WANDB_HEARTBEAT_MINUTES", Kind::Whole(1, 100_000), "30", "A running run whose heartbeat is older is stale", "the default"),
    row("wandb.accuracy_keys", "WANDB_ACCURACY_KEYS", Kind::List, "accuracy,eval/accuracy,val/accuracy,val_accuracy", "Summary keys of the accuracy; of each run the first that it has", "the default"),
    row("wandb.accuracy_direction", "WANDB_ACCURACY_DIRECTION", Kind::Choice(&["max", "min"]), "max", "Whether the greatest accuracy is the best, or the least", "the default"),
    row("wandb.accuracy_scale", "WANDB_ACCURACY_SCALE", Kind::Number, "1", "Factor for accuracies as they are logged; 100 makes percent of shares", "the default"),
    row("wandb.loss_keys", "WANDB_LOSS_KEYS", Kind::List, "loss,train/loss,losses/loss,val/loss", "Summary keys of the loss; of each run the first that it has", "the default"),
    row("wandb.loss_scale", "WANDB_LOSS_SCALE", Kind::Number, "1", "Factor for losses as they are logged", "the default"),
    row("wandb.groups", "WANDB_GROUPS", Kind::Texts, "push_to_main=name:github.sky.*,sweep=sweep,sweep=name:*.sweep*", "Groups of runs by name:GLOB, tag:GLOB or sweep; capitals matter", "the default"),
    row("wandb.group_keys", "WANDB_GROUP_KEYS", Kind::List, "overview/sps,overview/steps_per_second,timing_per_epoch/sps,timing_cumulative/sps", "Summary keys that wandb.group.steps_per_second is sent of, for each group", "the default"),
    row("wandb.gpu_hourly_usd", "WANDB_GPU_HOURLY_USD", Kind::Numbers, "", "Dollars an hour by a word of the GPU's name, any case; default is for all others", "no cost estimate"),

    row("asana.access_token", "ASANA_ACCESS_TOKEN", Kind::Secret, "", "Personal access token, or a service account's, that may read the workspace", "Asana is not read"),
    row("asana.workspace", "ASANA_WORKSPACE", Kind::Text, "", "Gid of the workspace or organization; every point of Asana is tagged with it", "Asana is not read"),
    row("asana.projects", "ASANA_PROJECTS", Kind::List, "", "Gids of the projects whose tasks count", "those of the workspace that are not archived"),
    row("asana.bugs_project", "ASANA_BUGS_PROJECT", Kind::Text, "", "Gid of the project that holds the bugs", "no metrics of bugs"),
    row("asana.timezone", "ASANA_TIMEZONE", Kind::Text, "UTC", "Time zone (IANA) whose date is today for due dates", "the default"),
    row("asana.url", "ASANA_URL", Kind::Url, "https://app.asana.com/api/1.0", "Address of the API of Asana, for a proxy or a test", "the default"),

    row("health_fom.scores", "HEALTH_FOM_SCORES", Kind::Declarations, "", "Scores of your own, or in the place of built-in ones; docs/HEALTH.md", "the built-in scores"),
    row("health_fom.checks", "HEALTH_FOM_CHECKS", Kind::Declarations, "", "Checks of your own, or in the place of built-in ones; docs/HEALTH.md", "the built-in checks"),
    row("health_fom.without", "HEALTH_FOM_WITHOUT", Kind::List, "", "Names of built-in scores and checks that are left out", "all of them"),
    row("health_fom.lookback", "HEALTH_FOM_LOOKBACK", Kind::Duration, "4h", "What a run did not collect itself is the mean of so much time before it, as read from Datadog", "the default"),
];

/// The setting with this key.
pub fn by_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The key under which the configuration file may name the file of a secret.
pub fn secret_file_key(setting: &Setting) -> String {
    format!("{}_file", setting.key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_and_variable_is_named_once_and_explained() {
        let keys: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        let variables: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.variable).collect();
        assert_eq!((keys.len(), variables.len()), (SETTINGS.len(), SETTINGS.len()));
        for setting in SETTINGS {
            assert!(!setting.about.is_empty() && !setting.unset.is_empty(), "{}", setting.key);
            assert!(setting.unset != "the default" || !setting.default.is_empty(), "{}", setting.key);
        }
    }
}
