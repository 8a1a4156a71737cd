//! What the tests of the client and of whole collections share.

use std::time::Duration;

use collector::Context;
pub(crate) use loopback::Seen;
pub(crate) use loopback::Server;
pub(crate) use loopback::answer;
pub(crate) use loopback::ok;
pub(crate) use loopback::text;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

use crate::client::Pace;
use crate::config::Auth;
use crate::config::Config;
use crate::metrics::sample;

/// The token of the tests; it must turn up in no text.
pub(crate) const TOKEN: &str = "ghp_SECRETSECRETSECRET";

/// Waits short enough for tests; nothing depends on how long they are.
pub(crate) const PACE: Pace = Pace {
    first_wait: Duration::from_millis(1),
    secondary_wait: Duration::from_millis(20),
    per_try: Duration::from_secs(20),
};

/// A page of a connection.
pub(crate) fn page(nodes: &[Value], next: Option<&str>, total: usize) -> Value {
    json!({"totalCount": total, "pageInfo": {"hasNextPage": next.is_some(), "endCursor": next}, "nodes": nodes})
}

pub(crate) fn config(url: &str) -> Config {
    Config {
        api_url: url.to_owned(),
        auth: Auth::Token(SecretString::from(TOKEN)),
        repositories: vec!["acme/widgets".parse().unwrap()],
        hotfix_labels: vec!["hotfix".to_owned()],
        force_merge_labels: vec!["force-merge".to_owned()],
        timeout_minutes: 360,
        test_workflows: Vec::new(),
        benchmark_workflows: vec!["*benchmark*".to_owned()],
        max_job_lookups: 20,
        max_commit_lookups: 100,
        production_environment: "production".to_owned(),
        deploy_workflow: None,
    }
}

pub(crate) fn context_for(time: Duration) -> Context {
    loopback::context(sample::now(), time)
}

pub(crate) fn context() -> Context {
    context_for(Duration::from_secs(60))
}
