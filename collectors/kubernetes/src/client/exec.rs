//! Credential plugins: programs that print a credential (`aws eks get-token`, `gke-gcloud-auth-plugin`, `kubelogin`).
//!
//! kube runs them itself, but without end if one hangs, twice for each client, and with their output in its errors. Here
//! one is run once a collection, is ended with it, and what it prints is repeated nowhere.

use std::io;
use std::io::ErrorKind;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use collector::Failure;
use collector::Reason;
use collector::transport::Secrets;
use kube::config::AuthInfo;
use kube::config::ExecConfig;
use kube::config::ExecInteractiveMode;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::Instant;
use tokio::time::timeout_at;

/// A plugin asks its cloud for a token within some seconds; one that is slower waits for somebody to log in.
const PATIENCE: Duration = Duration::from_secs(20);

/// A token, or a certificate with its key, has some kilobytes.
const MAX_PRINTED: u64 = 1 << 20;

/// The version of the protocol, where the kubeconfig names none.
const VERSION: &str = "client.authentication.k8s.io/v1";

const DOING: &str = "get a credential from the plugin of the kubeconfig's user";

/// What a plugin prints.
#[derive(Deserialize)]
struct Credential {
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    token: Option<String>,
    /// PEM.
    #[serde(default)]
    client_certificate_data: Option<String>,
    /// PEM.
    #[serde(default)]
    client_key_data: Option<String>,
}

/// Puts what a plugin gives in its place.
///
/// # Errors
/// When it gives none.
pub(super) async fn fill(
    user: &mut AuthInfo,
    plugin: &ExecConfig,
    deadline: Instant,
    secrets: &Secrets,
) -> Result<(), Failure> {
    let given = run(plugin, deadline, secrets).await?;
    if let Some(token) = given.token.filter(|token| !token.is_empty()) {
        secrets.keep(&token);
        user.token = Some(SecretString::from(token));
    }
    if let (Some(certificate), Some(key)) = (given.client_certificate_data, given.client_key_data) {
        user.client_certificate_data = Some(STANDARD.encode(certificate));
        user.client_key_data = Some(SecretString::from(STANDARD.encode(key)));
    }
    match user.token.is_some() || user.client_certificate_data.is_some() {
        true => Ok(()),
        false => Err(refused(plugin, "it printed neither a token nor a client certificate with its key", secrets)),
    }
}

async fn run(plugin: &ExecConfig, deadline: Instant, secrets: &Secrets) -> Result<Status, Failure> {
    let Some(program) = plugin.command.as_deref().filter(|program| !program.is_empty()) else {
        return Err(Failure::new(Reason::Config, DOING, "it names no command").with_cure("Correct the kubeconfig"));
    };
    if plugin.interactive_mode == Some(ExecInteractiveMode::Always) {
        let why = format!("{program} asks somebody at a terminal (interactiveMode: Always)");
        return Err(Failure::new(Reason::Config, DOING, why).with_cure("Use a user whose credential needs nobody"));
    }
    let mut command = Command::new(program);
    command.args(plugin.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", info(plugin));
    for one in plugin.env.iter().flatten() {
        if let (Some(name), Some(value)) = (one.get("name"), one.get("value")) {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let end = deadline.min(Instant::now() + PATIENCE);
    let (status, printed) = match timeout_at(end, output(command)).await {
        Ok(Ok(Some(ended))) => ended,
        Ok(Ok(None)) => return Err(refused(plugin, "it printed more than 1 MiB, which is no credential", secrets)),
        Ok(Err(error)) => return Err(not_started(plugin, program, &error)),
        Err(_) => return Err(refused(plugin, "it did not end; it may wait for somebody to log in", secrets)),
    };
    if !status.success() {
        let why = format!("it ended with {status}; what it says may hold credentials, and is not shown");
        return Err(refused(plugin, &why, secrets).with_cure(
            "Run the command by hand to see what it says; log in again with kubectl get nodes, or use a user with a token",
        ));
    }
    // Some print YAML, of which JSON is a part.
    let printed: Option<Credential> = serde_saphyr::from_slice(&printed).ok();
    printed.and_then(|printed| printed.status).ok_or_else(|| refused(plugin, "it printed no ExecCredential", secrets))
}

/// How a program ended, and what it printed; none when that is too much, and then it is ended.
async fn output(mut command: Command) -> io::Result<Option<(ExitStatus, Vec<u8>)>> {
    let mut child = command.spawn()?;
    let mut printed = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_PRINTED + 1).read_to_end(&mut printed).await?;
    }
    match printed.len() as u64 > MAX_PRINTED {
        true => Ok(None),
        false => Ok(Some((child.wait().await?, printed))),
    }
}

/// What a plugin is told.
fn info(plugin: &ExecConfig) -> String {
    let mut spec = json!({ "interactive": false });
    if let Some(cluster) = plugin.cluster.as_ref().filter(|_| plugin.provide_cluster_info) {
        spec["cluster"] = serde_json::to_value(cluster).unwrap_or_default();
    }
    let version = plugin.api_version.as_deref().unwrap_or(VERSION);
    json!({ "apiVersion": version, "kind": "ExecCredential", "spec": spec }).to_string()
}

fn not_started(plugin: &ExecConfig, program: &str, error: &io::Error) -> Failure {
    let cure = match (&plugin.install_hint, error.kind()) {
        (Some(hint), ErrorKind::NotFound) => format!("Install it: {}", hint.trim()),
        _ => "Install it where orgpulse runs, or use a user with a token".to_owned(),
    };
    Failure::new(Reason::Config, DOING, format!("{} cannot be run: {error}", program.escape_debug())).with_cure(cure)
}

fn refused(plugin: &ExecConfig, why: &str, secrets: &Secrets) -> Failure {
    let program = plugin.command.as_deref().unwrap_or_default();
    let why = secrets.mask(&format!("{program}: {why}"));
    Failure::new(Reason::Unauthorized, DOING, why)
        .with_cure("Log in again with kubectl get nodes, or use a user with a token")
}
