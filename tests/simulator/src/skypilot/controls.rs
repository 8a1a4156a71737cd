//! What the service knows, and the handles by which a test changes how it behaves.

use super::operations::Operations;
use super::operations::Outcome;
use crate::organisation::Organisation;
use crate::organisation::skypilot::SkyPilot;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

/// The service account's token, of the role viewer, that is accepted unless a test says otherwise.
pub const TOKEN: &str = "sky_c2ltdWxhdGVkLW9ubHktYS12aWV3ZXItbWF5LWRvLXRoaXM5";

/// The service's state.
pub struct State {
    organisation: Arc<Organisation>,
    controls: Mutex<Controls>,
}

/// A release of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 0.14.1, version 62 of the API.
    Current,
    /// 0.10.0, version 11: no `/jobs/queue/v2`, and rows that tell neither region nor user's name.
    Old,
}

pub struct Controls {
    pub operations: Operations,
    pub release: Release,
    /// None for a server that asks for no credential.
    pub token: Option<String>,
    requests_until_revoked: Option<u64>,
    failures: Vec<Failure>,
    result_after: Duration,
    lost_rows: Option<Lost>,
    requests: u64,
}

/// Operations to come that fail.
struct Failure {
    path: &'static str,
    kind: &'static str,
    message: String,
    times: usize,
}

/// Rows that queues to come count and do not list.
struct Lost {
    rows: usize,
    times: usize,
}

impl Release {
    /// The versions that it tells: of the API, and of itself.
    pub fn versions(self) -> (u32, &'static str) {
        match self {
            Release::Current => (62, "0.14.1"),
            Release::Old => (11, "0.10.0"),
        }
    }

    /// The oldest version of the API that it speaks.
    pub fn oldest(self) -> u32 {
        match self {
            Release::Current => 24,
            Release::Old => 11,
        }
    }
}

impl State {
    /// The service of an organisation.
    pub fn new(organisation: Arc<Organisation>) -> State {
        let controls = Controls {
            operations: Operations::default(),
            release: Release::Current,
            token: Some(TOKEN.to_owned()),
            requests_until_revoked: None,
            failures: Vec::new(),
            result_after: Duration::ZERO,
            lost_rows: None,
            requests: 0,
        };
        State { organisation, controls: Mutex::new(controls) }
    }

    /// Sets which release of the server it is.
    pub fn set_release(&self, release: Release) {
        self.controls().release = release;
    }

    /// Asks for no credential any more.
    pub fn open(&self) {
        self.controls().token = None;
    }

    /// After so many more requests the token is refused with 401.
    pub fn revoke_after(&self, requests: u64) {
        self.controls().requests_until_revoked = Some(requests);
    }

    /// Takes so long until the result of an operation is there.
    pub fn result_after(&self, time: Duration) {
        self.controls().result_after = time;
    }

    /// Lets so many operations to come that are posted at this path fail with an error of this type.
    pub fn fail_operation(&self, path: &'static str, kind: &'static str, message: &str, times: usize) {
        self.controls().failures.push(Failure { path, kind, message: message.to_owned(), times });
    }

    /// Leaves the last rows out of so many queues to come, which still count them.
    pub fn lose_rows(&self, rows: usize, times: usize) {
        self.controls().lost_rows = Some(Lost { rows, times });
    }

    /// How many requests came in, refused ones included.
    pub fn request_count(&self) -> u64 {
        self.controls().requests
    }

    pub(super) fn sky(&self) -> &SkyPilot {
        &self.organisation.skypilot
    }

    /// Seconds since the epoch at the organisation's instant.
    pub(super) fn now(&self) -> f64 {
        self.organisation.now.as_second() as f64
    }

    pub(super) fn arrive(&self) {
        let mut controls = self.controls();
        controls.requests += 1;
        match &mut controls.requests_until_revoked {
            // No token is this one.
            Some(0) => controls.token = Some(String::new()),
            Some(left) => *left -= 1,
            None => {}
        }
    }

    /// The failure that a test wishes for this path, if any.
    pub(super) fn wished_failure(&self, path: &str) -> Option<Outcome> {
        let mut controls = self.controls();
        let wished = controls.failures.iter_mut().find(|failure| failure.path == path && failure.times > 0)?;
        wished.times -= 1;
        Some(Outcome::Failed { kind: wished.kind, message: wished.message.clone() })
    }

    /// How many rows the next queue leaves out.
    pub(super) fn lost_rows(&self) -> usize {
        let mut controls = self.controls();
        let lost = controls.lost_rows.as_mut().filter(|lost| lost.times > 0);
        lost.map_or(0, |lost| {
            lost.times -= 1;
            lost.rows
        })
    }

    pub(super) fn delay(&self) -> Duration {
        self.controls().result_after
    }

    pub(super) fn controls(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
