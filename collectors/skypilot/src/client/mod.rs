//! The client: requests to the API server, with credential, versions, retries and the deadline. No arithmetic.

mod operation;
mod reply;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use collector::Context;
use collector::Failure;
use collector::Meter;
use collector::Reason;
use collector::transport::Secrets;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::config::Auth;
use crate::config::Config;
use crate::records::Health;
pub(crate) use transport::Trouble;

/// The newest version of the API that this client was written against, and the release that has it.
const OUR_API_VERSION: u32 = 62;
const OUR_VERSION: &str = "0.14.1";

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Wait before the second try; doubled for each further one, and jittered.
    pub first_wait: Duration,
    /// Longest wait between two fetches of a result that something on the way has cut short.
    pub longest_wait: Duration,
    /// Limit of one try.
    pub per_try: Duration,
    /// Limit of one fetch of a result. `/api/get` is silent until the request is finished: when this ends, the same id is
    /// fetched again. Under the 60 s after which the shared client, and usual ingresses, give a silent server up.
    pub per_fetch: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Pace { first_wait: seconds(1), longest_wait: seconds(10), per_try: seconds(25), per_fetch: seconds(55) }
    }
}

/// The client of one collection.
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: String,
    auth: Auth,
    /// What no message may hold: the credential, also as the header has it.
    secrets: Arc<Secrets>,
    meter: Arc<Meter>,
    deadline: Instant,
    pace: Pace,
    /// Version of the API, and release, that requests declare.
    declared: (u32, String),
}

impl Client {
    /// A client of what `config` names, and what the server says of itself. Afterwards the older of the two versions is
    /// declared, so that the server answers in a form that both know.
    ///
    /// # Errors
    /// When the server is not there, is something else, or refuses the credential.
    pub async fn connect(config: &Config, context: &Context, pace: Pace) -> Result<(Self, Health), Failure> {
        let mut client = Client {
            http: context.http().clone(),
            endpoint: config.endpoint.trim_end_matches('/').to_owned(),
            auth: config.auth.clone(),
            secrets: Arc::default(),
            meter: Arc::clone(context.meter()),
            deadline: context.deadline(),
            pace,
            declared: (OUR_API_VERSION, OUR_VERSION.to_owned()),
        };
        if let Auth::Token(secret) | Auth::Basic { password: secret, .. } = &config.auth {
            client.secrets.keep(secret.expose_secret());
        }
        let health = client.health().await?;
        if health.status.as_deref() == Some("needs_auth") {
            let why = "the server says that it needs a credential";
            return Err(Failure::new(Reason::Unauthorized, DOING_HEALTH, why).with_cure(client.credential_cure()));
        }
        // What no header may hold is no version.
        let version = health.version.as_ref().filter(|version| version.chars().all(|c| c.is_ascii_graphic()));
        if let (Some(theirs), Some(version)) = (health.api_version, version)
            && theirs < OUR_API_VERSION
        {
            client.declared = (theirs, version.clone());
        }
        Ok((client, health))
    }

    /// Words of the server as they may be shown: short, plain, and without the credential.
    pub(crate) fn shown(&self, words: &str) -> String {
        self.secrets.clip(words)
    }

    /// What to do when the credential is refused.
    pub(super) fn credential_cure(&self) -> &'static str {
        match self.auth {
            Auth::Token(_) => {
                "Check that SKYPILOT_API_TOKEN is whole, has not expired or been revoked, and that the server has service accounts enabled"
            }
            Auth::Basic { .. } => "Check the user and the password in SKYPILOT_API_SERVER_ENDPOINT",
            Auth::None => {
                "Set SKYPILOT_API_TOKEN to a service account's token, or put user:password@ into SKYPILOT_API_SERVER_ENDPOINT"
            }
        }
    }
}

/// What the first request does; completes "failed to ...".
const DOING_HEALTH: &str = "ask the SkyPilot API server for its version";
