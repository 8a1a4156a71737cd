//! Log lines, on standard error.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Problems;
use crate::config::Settings;
use crate::config::problem::did_you_mean;

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Sets up logging as the settings say. Call once.
///
/// # Errors
/// When the filter is not one.
pub fn set_up(settings: &Settings) -> Result<(), Problems> {
    let filter = settings.text("log").unwrap_or_default();
    let wrong = |why: String, suggestion: &str| {
        let mut problems = Problems::default();
        let suggestion = if suggestion.is_empty() { "Write it as in warn or info,github=debug" } else { suggestion };
        problems.add(settings.place("log"), "log", why, suggestion);
        problems
    };
    // The filter's own parser takes a misspelt level for the name of a module, and then nothing is logged at all.
    let levels = filter.split(',').map(|part| part.rsplit_once('=').map_or(part, |(_, level)| level).trim());
    if let Some(level) = levels.into_iter().find(|level| !LEVELS.contains(&level.to_lowercase().as_str())) {
        return Err(wrong(format!("{level:?} is no log level"), &did_you_mean(level, LEVELS.into_iter())));
    }
    let filter = EnvFilter::builder()
        .parse(&filter)
        .map_err(|error| wrong(format!("{filter:?} is not a log filter: {error}"), ""))?;
    // A line that cannot be written (standard error is closed, or its disk is full) is no reason to end a run.
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    let quiet = filter_fn(|line| may_be_logged(line.target(), line.level()) && !is_said_elsewhere(line.target()));
    if settings.text("log_format").as_deref() == Some("json") {
        subscriber.json().finish().with(quiet).init();
    } else {
        subscriber.with_ansi(std::io::stderr().is_terminal()).with_target(false).finish().with(quiet).init();
    }
    Ok(())
}

/// Whether no secret can be in a line. At level trace the AWS SDK writes whole requests and answers: session tokens in
/// headers, credentials in the answers of STS and metadata services, and with LOG_SENSITIVE_BODIES=true in the
/// environment the secrets themselves. No filter that a user sets brings these lines back.
fn may_be_logged(target: &str, level: &Level) -> bool {
    *level != Level::TRACE || !target.starts_with("aws_")
}

/// Whether a line repeats what the run says itself. Each try of a connection to a server whose certificate is not trusted
/// is an error to the verifier, while the run tells the failure once with its cure; and the TLS of kube warns in each run
/// of what the kubeconfig asks for (insecure-skip-tls-verify).
fn is_said_elsewhere(target: &str) -> bool {
    target.starts_with("rustls_platform_verifier") || target.starts_with("kube_client::client::tls")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_others_log_only_secrets_and_repetitions_are_kept_back() {
        for target in ["rustls_platform_verifier::verification::others", "kube_client::client::tls::rustls_tls"] {
            assert!(is_said_elsewhere(target), "{target}");
        }
        for target in ["orgpulse", "kubernetes::client", "kube_client::client", "aws_config"] {
            assert!(!is_said_elsewhere(target), "{target}");
        }
        assert!(!may_be_logged("aws_config", &Level::TRACE) && may_be_logged("aws_config", &Level::DEBUG));
    }
}
