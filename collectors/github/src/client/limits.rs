//! What is known of GitHub's limits: quotas, pauses, and whether the credential was refused.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use collector::Failure;
use collector::Reason;
use http::HeaderMap;
use jiff::Timestamp;
use tokio::time::Instant;

use super::lock;

/// A quota of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Resource {
    /// Requests of the REST API.
    #[default]
    Core,
    /// Points of the GraphQL API.
    Graphql,
}

impl Resource {
    /// GitHub's name of the quota.
    pub fn as_str(self) -> &'static str {
        match self {
            Resource::Core => "core",
            Resource::Graphql => "graphql",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    pub limit: u64,
    pub remaining: u64,
    pub reset: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Limits {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    quotas: BTreeMap<Resource, Quota>,
    paused_until: Option<Instant>,
    refused: Option<Failure>,
}

impl Limits {
    /// Notes what is left of a quota.
    pub fn note(&self, resource: Resource, quota: Quota) {
        lock(&self.state).quotas.insert(resource, quota);
    }

    /// Notes that the credential was refused; nothing more is asked with it.
    pub fn refuse(&self, failure: &Failure) {
        lock(&self.state).refused.get_or_insert_with(|| failure.clone());
    }

    pub fn refused(&self) -> Option<Failure> {
        lock(&self.state).refused.clone()
    }

    /// Has every request of the collection wait.
    pub fn pause(&self, until: Instant) {
        let mut state = lock(&self.state);
        state.paused_until = Some(state.paused_until.map_or(until, |other| other.max(until)));
    }

    pub fn paused_until(&self) -> Option<Instant> {
        lock(&self.state).paused_until.filter(|until| *until > Instant::now())
    }

    /// The time until a used-up quota is renewed; none when some is left, or as far as is known.
    pub fn used_up(&self, resource: Resource) -> Option<(Duration, Timestamp)> {
        let quota = lock(&self.state).quotas.get(&resource).copied().filter(|quota| quota.remaining == 0)?;
        let wait = Duration::try_from(quota.reset.duration_since(Timestamp::now())).ok()?;
        (!wait.is_zero()).then_some((wait, quota.reset))
    }

    /// Whether `requests` more can be afforded, as far as is known.
    ///
    /// # Errors
    /// With the time of renewal when they cannot: then the expensive reading is not begun.
    pub fn afford(&self, resource: Resource, requests: usize, doing: &str) -> Result<(), Failure> {
        let quota = lock(&self.state).quotas.get(&resource).copied();
        match quota {
            Some(quota) if quota.remaining < requests as u64 && quota.reset > Timestamp::now() => {
                let why = format!(
                    "it needs about {requests} of GitHub's {} quota, of which {} of {} are left until {}",
                    resource.as_str(),
                    quota.remaining,
                    quota.limit,
                    quota.reset.strftime("%H:%M:%S UTC"),
                );
                Err(Failure::new(Reason::RateLimited, doing, why)
                    .with_cure("Let orgpulse run less often, or give it a credential of its own"))
            }
            _ => Ok(()),
        }
    }
}

/// The quota that an answer's headers tell, and whose it is.
pub(super) fn from_headers(headers: &HeaderMap, asked: Resource) -> Option<(Resource, Quota)> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let resource = match headers.get("x-ratelimit-resource").and_then(|value| value.to_str().ok()) {
        None => asked,
        Some("core") => Resource::Core,
        Some("graphql") => Resource::Graphql,
        Some(_) => return None,
    };
    let reset = i64::try_from(number("x-ratelimit-reset")?).ok()?;
    let quota = Quota {
        limit: number("x-ratelimit-limit")?,
        remaining: number("x-ratelimit-remaining")?,
        reset: Timestamp::from_second(reset).ok()?,
    };
    Some((resource, quota))
}

/// The wait that an answer asks for in `Retry-After`: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default())
}
