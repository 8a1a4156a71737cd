//! The client: API calls to JSON, with credentials, limits, retries and redirects. No arithmetic on what is read.

#[cfg(test)]
mod app_tests;
mod auth;
mod graphql;
mod limits;
mod reply;
#[cfg(test)]
mod tests;
mod transport;
#[cfg(test)]
mod words_tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use collector::Context;
use collector::Failure;
use collector::Meter;
use collector::Reason;
use collector::transport::Secrets;
use http::Uri;
use octocrab::AuthState;
use octocrab::Octocrab;
use octocrab::OctocrabBuilder;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::reqwest_connector::ReqwestConnector;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::config::Config;
use auth::Credential;
pub(crate) use graphql::Page;
pub(crate) use limits::Limits;
pub(crate) use limits::Resource;

/// Requests in flight at once, for the whole collection. GitHub allows 100 but asks for few.
pub(crate) const IN_FLIGHT: usize = 6;

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Wait before the second try; doubled for each further one, and jittered.
    pub first_wait: Duration,
    /// Wait after a secondary limit that names none; GitHub asks for at least a minute.
    pub secondary_wait: Duration,
    /// Limit of one try. GitHub itself gives up after 10 s of work; the rest is for sending 1 MB.
    pub per_try: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            first_wait: Duration::from_secs(1),
            secondary_wait: Duration::from_secs(60),
            per_try: Duration::from_secs(30),
        }
    }
}

/// The client of one collection.
pub(crate) struct Client {
    crab: Octocrab,
    credential: Credential,
    secrets: Arc<Secrets>,
    /// Scheme and authority, `https://api.github.com`.
    origin: String,
    /// Path of the API's base without a trailing slash: empty, or `/api/v3`.
    base_path: String,
    graphql_path: String,
    meter: Arc<Meter>,
    deadline: Instant,
    permits: Semaphore,
    limits: Limits,
    pace: Pace,
    /// Page sizes that have proved small enough, by query.
    sizes: Mutex<BTreeMap<&'static str, usize>>,
}

impl Client {
    /// A client of what `config` names; it must be built inside the runtime that it is used in.
    ///
    /// # Errors
    /// When the address or the credential makes no sense.
    pub fn new(config: &Config, context: &Context, pace: Pace) -> Result<Self, Failure> {
        let wrong = |why: String| {
            Failure::new(Reason::Config, "set up the GitHub client", why)
                .with_cure("Set github.api_url (GITHUB_API_URL) to https://api.github.com or https://HOST/api/v3")
        };
        let uri: Uri = config
            .api_url
            .parse()
            .map_err(|error| wrong(format!("\"{}\" is not an address: {error}", config.api_url)))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong(format!("\"{}\" is not a whole address", config.api_url)));
        };
        if !["http", "https"].contains(&scheme) || authority.as_str().contains('@') {
            return Err(wrong("the address of the API has to be http or https, without a user".to_owned()));
        }
        let origin = format!("{scheme}://{authority}");
        let base_path = uri.path().trim_end_matches('/').to_owned();
        // Enterprise Server has the two APIs side by side: /api/v3 and /api/graphql.
        let graphql_path = match base_path.strip_suffix("/api/v3") {
            Some(above) => format!("{above}/api/graphql"),
            None => format!("{base_path}/graphql"),
        };
        // Octocrab is handed the origin only and every path whole: joining the two, it takes a path that begins like
        // the base's for one that already has it. It is built bare, without its layers, because the layer of extra
        // headers would send a second User-Agent and the trace layer would log every retried status as an error.
        let base: Uri = origin.parse().map_err(|error| wrong(format!("\"{origin}\" is not an address: {error}")))?;
        let Ok(crab) = OctocrabBuilder::new_empty()
            .with_service(ReqwestConnector::new(context.http().clone()))
            .with_layer(&BaseUriLayer::new(base))
            .with_auth(AuthState::None)
            .build();
        let secrets = Arc::<Secrets>::default();
        Ok(Client {
            crab,
            credential: Credential::new(&config.auth, &secrets)?,
            secrets,
            origin,
            base_path,
            graphql_path,
            meter: Arc::clone(context.meter()),
            deadline: context.deadline(),
            permits: Semaphore::new(IN_FLIGHT),
            limits: Limits::default(),
            pace,
            sizes: Mutex::default(),
        })
    }

    /// What is known of the limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Locks what a panic elsewhere cannot leave half-changed: maps and numbers that are replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
