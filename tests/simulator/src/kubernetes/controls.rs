//! What the service knows, and the handles by which a test changes how it behaves.

use super::reply::Reply;
use super::resource::Asked;
use super::resource::Resource;
use super::tokens::Tokens;
use crate::organisation::Organisation;
use crate::organisation::kubernetes::Kubernetes;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// The service account's token that is accepted unless a test says otherwise.
pub const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.c2ltdWxhdGVkLWNsdXN0ZXItdG9rZW4.bm8tc2lnbmF0dXJl";

/// The service's state.
pub struct State {
    organisation: Arc<Organisation>,
    controls: Mutex<Controls>,
}

struct Controls {
    now: Option<Timestamp>,
    is_revoked: bool,
    requests_until_revoked: Option<u64>,
    forbidden: BTreeSet<Resource>,
    throttled: usize,
    retry_after: u64,
    metrics_are_down: bool,
    tokens: Tokens,
    requests: u64,
}

impl State {
    /// The service of an organisation.
    pub fn new(organisation: Arc<Organisation>) -> State {
        let controls = Controls {
            now: None,
            is_revoked: false,
            requests_until_revoked: None,
            forbidden: BTreeSet::new(),
            throttled: 0,
            retry_after: 1,
            metrics_are_down: false,
            tokens: Tokens::default(),
            requests: 0,
        };
        State { organisation, controls: Mutex::new(controls) }
    }

    /// Lets metrics-server's clock stand at this instant; until then it runs.
    pub fn set_now(&self, now: Timestamp) {
        self.controls().now = Some(now);
    }

    /// After so many more requests the token is refused with 401.
    pub fn revoke_after(&self, requests: u64) {
        self.controls().requests_until_revoked = Some(requests);
    }

    /// Takes away the right to list these.
    pub fn forbid(&self, resource: Resource) {
        self.controls().forbidden.insert(resource);
    }

    /// Refuses so many requests to come with 429, and this many seconds to wait.
    pub fn throttle(&self, requests: usize, retry_after: u64) {
        let mut controls = self.controls();
        controls.throttled = requests;
        controls.retry_after = retry_after;
    }

    /// So many continue tokens to come are found too old.
    pub fn expire_tokens(&self, times: usize) {
        self.controls().tokens.expired = times;
    }

    /// metrics.k8s.io is registered, and nobody answers for it.
    pub fn take_metrics_down(&self) {
        self.controls().metrics_are_down = true;
    }

    /// How many requests came in, refused ones included.
    pub fn request_count(&self) -> u64 {
        self.controls().requests
    }

    pub(super) fn cluster(&self) -> &Kubernetes {
        &self.organisation.kubernetes
    }

    /// When metrics-server measures: what is older than some minutes is of no use to its clients.
    pub(super) fn now(&self) -> Timestamp {
        let present = || Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(self.organisation.now);
        let set = self.controls().now;
        set.unwrap_or_else(present)
    }

    /// Who asks, and how often.
    pub(super) fn admit(&self, authorization: Option<&str>) -> Result<(), Reply> {
        let mut controls = self.controls();
        controls.requests += 1;
        match &mut controls.requests_until_revoked {
            Some(0) => controls.is_revoked = true,
            Some(left) => *left -= 1,
            None => {}
        }
        let bearer = authorization.and_then(|given| given.split_once(' '));
        let fits = bearer.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && token.trim() == TOKEN);
        if controls.is_revoked || !fits {
            return Err(Reply::unauthorized());
        }
        if controls.throttled > 0 {
            controls.throttled -= 1;
            return Err(Reply::too_many(controls.retry_after));
        }
        Ok(())
    }

    /// Whether this list may be read. Rights come before everything that is known of the list.
    pub(super) fn authorize(&self, asked: &Asked) -> Result<(), Reply> {
        let controls = self.controls();
        if controls.forbidden.contains(&asked.resource) {
            return Err(Reply::forbidden(asked));
        }
        match asked.resource.is_aggregated() {
            true if controls.metrics_are_down => Err(Reply::unavailable()),
            true if !self.cluster().has_metrics => Err(Reply::no_such_path()),
            _ => Ok(()),
        }
    }

    pub(super) fn with_tokens<T>(&self, act: impl FnOnce(&mut Tokens) -> T) -> T {
        act(&mut self.controls().tokens)
    }

    fn controls(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
