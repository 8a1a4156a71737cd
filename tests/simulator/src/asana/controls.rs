//! What the service knows, and the handles by which a test changes how it behaves.

use super::index::Index;
use super::limits::Arrivals;
use super::limits::CONCURRENT;
use super::limits::Rate;
use super::limits::Throttle;
use super::offsets::Offsets;
use super::reply::Reply;
use crate::organisation::Organisation;
use crate::organisation::asana::Asana;
use crate::organisation::asana::ProjectId;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// The token that is accepted unless a test says otherwise; as of every personal access token its third part is what
/// makes it one.
pub const TOKEN: &str = "2/1200400000001009/1200400000002018:51m01a7ed0000000000000000000beef";

/// The service's state.
pub struct State {
    organisation: Arc<Organisation>,
    pub(super) index: Index,
    base: OnceLock<String>,
    controls: Mutex<Controls>,
}

struct Controls {
    tokens: HashSet<String>,
    requests_until_revoked: Option<u64>,
    arrivals: Arrivals,
    throttle: Option<Throttle>,
    concurrent: usize,
    in_flight: usize,
    gone: HashMap<ProjectId, Gone>,
    offsets: Offsets,
    overlap: usize,
    repeat: bool,
    foreign_is_empty: bool,
    delay: Duration,
    oddities: BTreeSet<String>,
    requests: u64,
}

/// A project that stops answering.
#[derive(Debug, Clone, Copy)]
struct Gone {
    /// So many requests for it pass first.
    after: u64,
    status: u16,
}

impl State {
    /// The service of an organisation.
    pub fn new(organisation: Arc<Organisation>) -> State {
        let controls = Controls {
            tokens: HashSet::from([TOKEN.to_owned()]),
            requests_until_revoked: None,
            arrivals: Arrivals::new(Rate::paid()),
            throttle: None,
            concurrent: CONCURRENT,
            in_flight: 0,
            gone: HashMap::new(),
            offsets: Offsets::default(),
            overlap: 0,
            repeat: false,
            foreign_is_empty: false,
            delay: Duration::ZERO,
            oddities: BTreeSet::new(),
            requests: 0,
        };
        let index = Index::of(&organisation.asana);
        State { organisation, index, base: OnceLock::new(), controls: Mutex::new(controls) }
    }

    /// After so many more requests the token is refused with 401.
    pub fn revoke_after(&self, requests: u64) {
        self.controls().requests_until_revoked = Some(requests);
    }

    /// Sets how many requests there may be in how long; refused requests count as well.
    pub fn set_rate(&self, rate: Rate) {
        self.controls().arrivals = Arrivals::new(rate);
    }

    /// Refuses the next requests with 429.
    pub fn throttle(&self, throttle: Throttle) {
        self.controls().throttle = Some(throttle);
    }

    /// Sets how many requests may be under way at once.
    pub fn set_concurrent(&self, requests: usize) {
        self.controls().concurrent = requests;
    }

    /// Takes so much longer over every request; while it does, the request is under way.
    pub fn slow_pages(&self, by: Duration) {
        self.controls().delay = by;
    }

    /// Answers 403 for a project after so many more requests for it. Listings of projects go on to name it, as one does
    /// that was read before.
    pub fn forbid_after(&self, project: ProjectId, requests: u64) {
        self.controls().gone.insert(project, Gone { after: requests, status: 403 });
    }

    /// Answers 404 for a project after so many more requests for it, likewise.
    pub fn vanish_after(&self, project: ProjectId, requests: u64) {
        self.controls().gone.insert(project, Gone { after: requests, status: 404 });
    }

    /// Lets each offset be used so often and no more; 0 lets it expire at once.
    pub fn offset_uses(&self, uses: usize) {
        self.controls().offsets.uses = Some(uses);
    }

    /// Refuses so many uses of offsets to come as expired, and forgets those offsets.
    pub fn expire_offsets(&self, times: usize) {
        self.controls().offsets.refusals = times;
    }

    /// Begins every further page with so many items of the page before, as when items are added while a client pages.
    pub fn overlap_pages(&self, items: usize) {
        self.controls().overlap = items;
    }

    /// Answers every further page with the first one, for ever.
    pub fn repeat_pages(&self) {
        self.controls().repeat = true;
    }

    /// Answers for the projects of a workspace that the token's user does not belong to, or that there is not, with an
    /// empty listing in place of a refusal: what the vendor publishes does not rule it out.
    pub fn list_nothing_of_foreign_workspaces(&self) {
        self.controls().foreign_is_empty = true;
    }

    /// What requests asked for that the published description does not know, and that was ignored as Asana does.
    pub fn oddities(&self) -> Vec<String> {
        self.controls().oddities.iter().cloned().collect()
    }

    /// How many requests came in, refused ones included.
    pub fn request_count(&self) -> u64 {
        self.controls().requests
    }

    /// Says under which URL the API is reached, without a slash at the end. Only the first call counts.
    pub fn set_base_url(&self, url: &str) {
        // A second call would change links that were already given out.
        let _ = self.base.set(url.to_owned());
    }

    pub(super) fn base_url(&self) -> &str {
        self.base.get().map_or("https://app.asana.com/api/1.0", String::as_str)
    }

    pub(super) fn asana(&self) -> &Asana {
        &self.organisation.asana
    }

    pub(super) fn odd(&self, what: String) {
        self.controls().oddities.insert(what);
    }

    pub(super) fn delay(&self) -> Duration {
        self.controls().delay
    }

    pub(super) fn overlap(&self) -> usize {
        self.controls().overlap
    }

    pub(super) fn repeats(&self) -> bool {
        self.controls().repeat
    }

    pub(super) fn foreign_is_empty(&self) -> bool {
        self.controls().foreign_is_empty
    }

    pub(super) fn issue_offset(&self, query: &str, start: usize) -> String {
        self.controls().offsets.issue(query, start)
    }

    pub(super) fn redeem_offset(&self, offset: &str, query: &str) -> Result<usize, Reply> {
        self.controls().offsets.redeem(offset, query)
    }

    /// Counts the request as one that is under way until the guard is dropped, then checks the token and the limits.
    pub(super) fn admit(&self, authorization: Option<&str>) -> (UnderWay<'_>, Result<(), Reply>) {
        let mut controls = self.controls();
        controls.requests += 1;
        controls.in_flight += 1;
        (UnderWay(self), controls.check(authorization))
    }

    /// Whether the project still answers.
    pub(super) fn ask_project(&self, project: ProjectId) -> Result<(), u16> {
        match self.controls().gone.get_mut(&project) {
            Some(gone) if gone.after == 0 => Err(gone.status),
            Some(gone) => {
                gone.after -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn controls(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Controls {
    fn check(&mut self, authorization: Option<&str>) -> Result<(), Reply> {
        match &mut self.requests_until_revoked {
            Some(0) => self.tokens.clear(),
            Some(left) => *left -= 1,
            None => {}
        }
        let scheme = authorization.and_then(|a| a.split_once(' ')).filter(|(s, _)| s.eq_ignore_ascii_case("bearer"));
        if !scheme.is_some_and(|(_, token)| self.tokens.contains(token.trim())) {
            return Err(Reply::unauthorized());
        }
        if let Some(throttle) = &mut self.throttle
            && throttle.requests > 0
        {
            throttle.requests -= 1;
            return Err(Reply::too_many(throttle.retry_after));
        }
        if self.in_flight > self.concurrent {
            return Err(Reply::too_many(Some(1)));
        }
        self.arrivals.arrive(Instant::now()).map_err(|seconds| Reply::too_many(Some(seconds)))
    }
}

/// A request that is under way.
pub struct UnderWay<'a>(&'a State);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.controls().in_flight -= 1;
    }
}
