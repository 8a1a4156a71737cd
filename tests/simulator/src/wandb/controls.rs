//! What the service knows, and the handles by which a test changes how it behaves.

use super::limit::Limit;
use crate::graphql::Failure;
use crate::organisation::Organisation;
use jiff::SignedDuration;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// The key that is accepted unless a test says otherwise.
pub const KEY: &str = "5eed0123456789abcdef0123456789abcdef0123";

/// The service's state.
pub struct State {
    pub(super) organisation: Arc<Organisation>,
    pub(super) schema: Option<PathBuf>,
    controls: Mutex<Controls>,
}

struct Controls {
    keys: HashSet<String>,
    requests_until_revocation: Option<u64>,
    hidden: HashSet<String>,
    broken: Vec<Broken>,
    limit: Limit,
    manner: Manner,
    /// Pages of runs so far.
    pages: i32,
    requests: u64,
}

/// A field that fails.
struct Broken {
    project: String,
    field: String,
    message: String,
    /// So many times it is resolved first.
    after: usize,
}

/// Where runs stand that have no value in what they are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// Before all others, in either direction.
    First,
    /// After all others, in either direction.
    Last,
}

/// What a cursor means, which shows when runs change places between pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// What comes after this place in the order: a run that moved before it is not seen any more.
    Place,
    /// What comes after so many runs: one that was seen may be seen again.
    Offset,
}

/// How the service does what the vendor is silent about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub nulls: Nulls,
    pub paging: Paging,
    pub largest_page: usize,
    pub writes_zone: bool,
    pub durations_as_text: bool,
    pub beat: SignedDuration,
    pub one_in: u16,
}

impl State {
    /// The service of an organisation. Documents are validated against the schema at that path, if any.
    pub fn new(organisation: Arc<Organisation>, schema: Option<PathBuf>) -> State {
        let manner = Manner {
            nulls: Nulls::Last,
            paging: Paging::Place,
            largest_page: 1_000,
            writes_zone: false,
            durations_as_text: false,
            beat: SignedDuration::ZERO,
            one_in: 1,
        };
        let controls = Controls {
            keys: HashSet::from([KEY.to_owned()]),
            requests_until_revocation: None,
            hidden: HashSet::new(),
            broken: Vec::new(),
            limit: Limit::of(Limit::FULL),
            manner,
            pages: 0,
            requests: 0,
        };
        State { organisation, schema, controls: Mutex::new(controls) }
    }

    /// Accepts a further key.
    pub fn accept_key(&self, key: &str) {
        self.controls().keys.insert(key.to_owned());
    }

    /// Accepts a key no longer.
    pub fn revoke_key(&self, key: &str) {
        self.controls().keys.remove(key);
    }

    /// After so many more requests every key known until then is refused with 401.
    pub fn revoke_keys_after(&self, requests: u64) {
        self.controls().requests_until_revocation = Some(requests);
    }

    /// Says that there is no project "entity/project", as for a key without a right to it.
    pub fn hide(&self, project: &str) {
        self.controls().hidden.insert(project.to_owned());
    }

    /// Answers null and an error in place of a field of the project "entity/project", in a reply with status 200, once
    /// it was resolved so many times. The field is `Query.project` for all of the project, or one that may be null,
    /// such as `Project.runs`, `Run.summaryMetrics`, `Run.user`; or `Project.runCount`, which takes the project along.
    pub fn break_field(&self, project: &str, field: &str, message: &str, after: usize) {
        let broken = Broken { project: project.into(), field: field.into(), message: message.into(), after };
        self.controls().broken.push(broken);
    }

    /// Sets the rate limit.
    pub fn set_limit(&self, limit: Limit) {
        self.controls().limit = limit;
    }

    /// Larger pages are cut to this without a word; 1,000 by default.
    pub fn set_largest_page(&self, runs: usize) {
        self.controls().manner.largest_page = runs.max(1);
    }

    /// Where runs without a value stand in an order; last by default.
    pub fn set_nulls(&self, nulls: Nulls) {
        self.controls().manner.nulls = nulls;
    }

    /// What a cursor means; a place by default.
    pub fn set_paging(&self, paging: Paging) {
        self.controls().manner.paging = paging;
    }

    /// Whether instants end with a Z; by default they have no zone.
    pub fn set_zone(&self, writes_zone: bool) {
        self.controls().manner.writes_zone = writes_zone;
    }

    /// Whether durations are text; by default they are numbers.
    pub fn set_durations_as_text(&self, as_text: bool) {
        self.controls().manner.durations_as_text = as_text;
    }

    /// After each page of runs the service's clock moves on by so much, and one in so many of the living runs beats.
    pub fn set_beat(&self, by: SignedDuration, one_in: u16) {
        let mut controls = self.controls();
        (controls.manner.beat, controls.manner.one_in) = (by, one_in.max(1));
    }

    /// How many requests came in, refused ones included.
    pub fn request_count(&self) -> u64 {
        self.controls().requests
    }

    /// Counts the request, checks its key, and takes it off the limit: what the limit is then, and the status where
    /// the request is refused.
    pub(super) fn admit(&self, key: Option<&str>) -> (Limit, Result<(), u16>) {
        let mut controls = self.controls();
        controls.requests += 1;
        match &mut controls.requests_until_revocation {
            Some(0) => {
                controls.requests_until_revocation = None;
                controls.keys.clear();
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let known = key.is_some_and(|key| controls.keys.contains(key));
        let admitted = match known {
            false => Err(401),
            true if controls.limit.charge() => Ok(()),
            true => Err(429),
        };
        (controls.limit, admitted)
    }

    pub(super) fn is_hidden(&self, project: &str) -> bool {
        self.controls().hidden.contains(project)
    }

    /// Fails where a test asked for it.
    pub(super) fn check(&self, project: &str, field: &str) -> Result<(), Failure> {
        let mut controls = self.controls();
        let Some(broken) = controls.broken.iter_mut().find(|b| b.project == project && b.field == field) else {
            return Ok(());
        };
        if broken.after > 0 {
            broken.after -= 1;
            return Ok(());
        }
        Err(Failure::error("INTERNAL_ERROR", broken.message.clone()))
    }

    /// How to answer, and how many pages of runs were given out before.
    pub(super) fn manner(&self) -> (Manner, i32) {
        let controls = self.controls();
        (controls.manner, controls.pages)
    }

    /// Notes that a page of runs was given out.
    pub(super) fn page_served(&self) {
        self.controls().pages += 1;
    }

    fn controls(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
