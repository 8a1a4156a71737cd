//! What the service knows, and the handles by which a test changes how it behaves.

use super::app::App;
use super::index::Index;
use super::quota::Quota;
use super::quota::Resource;
use super::reply::Reply;
use crate::organisation::Organisation;
use jiff::Timestamp;
use std::collections::HashMap;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;

/// The token that is accepted unless a test says otherwise.
pub const TOKEN: &str = "ghp_simulated0000000000000000000000000000";

/// The service's state.
pub struct State {
    pub(super) organisation: Arc<Organisation>,
    pub(super) indexes: Vec<Index>,
    pub(super) schema: Option<PathBuf>,
    base: OnceLock<String>,
    controls: Mutex<Controls>,
}

struct Controls {
    /// Tokens, each with the instant of its end where it has one.
    tokens: HashMap<String, Option<i64>>,
    requests_until_expiry: Option<u64>,
    core: Quota,
    graphql: Quota,
    app: Option<App>,
    issued: u64,
    largest_page: Option<i64>,
    secondary: Option<SecondaryLimit>,
    hidden: HashSet<String>,
    forbidden: HashSet<String>,
    requests: u64,
}

/// The limit on bursts, which has no quota that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondaryLimit {
    /// Seconds in `retry-after`; GitHub leaves the header out now and then.
    pub retry_after: Option<u64>,
    /// For how many requests it holds.
    pub requests: u64,
}

impl State {
    /// The service of an organisation. GraphQL documents are validated against the schema at that path, if any.
    pub fn new(organisation: Arc<Organisation>, schema: Option<PathBuf>) -> State {
        let indexes = organisation.repositories.iter().map(Index::of).collect();
        let controls = Controls {
            tokens: HashMap::from([(TOKEN.to_owned(), None)]),
            requests_until_expiry: None,
            core: Quota::of(5_000),
            graphql: Quota::of(5_000),
            app: None,
            issued: 0,
            largest_page: None,
            secondary: None,
            hidden: HashSet::new(),
            forbidden: HashSet::new(),
            requests: 0,
        };
        State { organisation, indexes, schema, base: OnceLock::new(), controls: Mutex::new(controls) }
    }

    /// Accepts a further token.
    pub fn accept_token(&self, token: &str) {
        self.controls().tokens.insert(token.to_owned(), None);
    }

    /// Accepts a token no longer.
    pub fn revoke_token(&self, token: &str) {
        self.controls().tokens.remove(token);
    }

    /// After so many more requests every token known until then is refused with 401.
    pub fn expire_token_after(&self, requests: u64) {
        self.controls().requests_until_expiry = Some(requests);
    }

    /// Sets how much of a quota there is.
    pub fn set_quota(&self, resource: Resource, quota: Quota) {
        *self.controls().quota(resource) = quota;
    }

    /// How much of a quota is used.
    pub fn quota(&self, resource: Resource) -> Quota {
        *self.controls().quota(resource)
    }

    /// Makes an App known, whose assertions are exchanged for installation tokens.
    pub fn set_app(&self, app: App) {
        self.controls().app = Some(app);
    }

    /// How many installation tokens were given out.
    pub fn installation_tokens_issued(&self) -> u64 {
        self.controls().issued
    }

    /// Documents that ask for pages larger than this answer 502, as GitHub does when a query takes over ten seconds.
    pub fn fail_pages_larger_than(&self, first: Option<i64>) {
        self.controls().largest_page = first;
    }

    /// Switches the secondary limit on or off.
    pub fn secondary_limit(&self, limit: Option<SecondaryLimit>) {
        self.controls().secondary = limit;
    }

    /// Answers 404 for the repository "owner/name", as for one that the token cannot see.
    pub fn hide(&self, repository: &str) {
        self.controls().hidden.insert(repository.to_lowercase());
    }

    /// Answers 403 for the repository "owner/name", as for a token without a permission.
    pub fn forbid(&self, repository: &str) {
        self.controls().forbidden.insert(repository.to_lowercase());
    }

    /// How many requests came in, refused ones included.
    pub fn request_count(&self) -> u64 {
        self.controls().requests
    }

    /// Says under which URL the service is reached, without a slash at the end. Only the first call counts.
    pub fn set_base_url(&self, url: &str) {
        // A second call would change links that were already given out.
        let _ = self.base.set(url.to_owned());
    }

    pub(super) fn base_url(&self) -> &str {
        self.base.get().map_or("https://api.github.com", String::as_str)
    }

    pub(super) fn largest_page(&self) -> Option<i64> {
        self.controls().largest_page
    }

    pub(super) fn is_hidden(&self, full_name: &str) -> bool {
        self.controls().hidden.contains(&full_name.to_lowercase())
    }

    pub(super) fn is_forbidden(&self, full_name: &str) -> bool {
        self.controls().forbidden.contains(&full_name.to_lowercase())
    }

    /// Counts the request and checks the token, then the secondary limit.
    pub(super) fn admit(&self, authorization: Option<&str>) -> Result<(), Reply> {
        let mut controls = self.controls();
        controls.requests += 1;
        let Some(authorization) = authorization else {
            return Err(Reply::refusal(401, "Requires authentication"));
        };
        if let Some(left) = &mut controls.requests_until_expiry {
            if *left == 0 {
                controls.requests_until_expiry = None;
                controls.tokens.clear();
            } else {
                *left -= 1;
            }
        }
        let scheme = authorization
            .split_once(' ')
            .filter(|(s, _)| s.eq_ignore_ascii_case("bearer") || s.eq_ignore_ascii_case("token"));
        let end = scheme.and_then(|(_, token)| controls.tokens.get(token.trim()).copied());
        let is_good = end.is_some_and(|end| end.is_none_or(|end| Timestamp::now().as_second() < end));
        if !is_good {
            return Err(Reply::bad_credentials());
        }
        if let Some(limit) = controls.secondary {
            let left = SecondaryLimit { requests: limit.requests.saturating_sub(1), ..limit };
            controls.secondary = (left.requests > 0).then_some(left);
            if limit.requests > 0 {
                let reply = Reply::refusal(
                    403,
                    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
                );
                return Err(match limit.retry_after {
                    Some(seconds) => reply.with("retry-after", seconds),
                    None => reply,
                });
            }
        }
        Ok(())
    }

    /// Takes points off a quota; false when it was used up already.
    pub(super) fn charge(&self, resource: Resource, points: u64) -> bool {
        let mut controls = self.controls();
        let quota = controls.quota(resource);
        quota.roll();
        let left = quota.remaining() > 0;
        if left {
            quota.used = (quota.used + points).min(quota.limit);
        }
        left
    }

    /// Exchanges an App's assertion for a token: the token and when it ends.
    pub(super) fn installation_token(
        &self,
        assertion: Option<&str>,
        installation: u64,
    ) -> Result<(String, i64), Reply> {
        let mut controls = self.controls();
        controls.requests += 1;
        let now = Timestamp::now().as_second();
        let app = controls.app.clone().ok_or_else(|| Reply::refusal(404, "Integration not found"))?;
        let assertion = assertion
            .and_then(|a| a.strip_prefix("Bearer "))
            .ok_or_else(|| Reply::refusal(401, "A JSON web token could not be decoded"))?;
        app.accepts(assertion, now)?;
        if app.installation != installation {
            return Err(Reply::not_found());
        }
        controls.issued += 1;
        // The stateless form: longer than the forty characters that tokens once had.
        let body =
            crate::base64url::to_base64url(format!("installation {installation} token {}", controls.issued).as_bytes());
        let token = format!("ghs_{}_eyJhbGciOiJFUzI1NiJ9.{body}.{}", app.id, "s".repeat(86));
        let end = now + app.token_life.as_secs() as i64;
        controls.tokens.insert(token.clone(), Some(end));
        Ok((token, end))
    }

    fn controls(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Controls {
    fn quota(&mut self, resource: Resource) -> &mut Quota {
        match resource {
            Resource::Core => &mut self.core,
            Resource::Graphql => &mut self.graphql,
        }
    }
}
