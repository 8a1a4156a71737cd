//! The limits that W&B has told of.
//!
//! It limits the requests of a user, and for each project the time that its database spends on it, and no answer says which
//! of the two is used up. So a limit is taken for that of the project that was asked about, until another project is told of
//! one too: then it is the user's.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Project;

/// When the limit of each project is renewed.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<BTreeMap<Project, Instant>>);

impl Limits {
    /// Notes that a project's limit is renewed after `wait`, at most some years. Tells whether another one is limited now.
    pub fn note(&self, project: &Project, wait: Duration) -> bool {
        let now = Instant::now();
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = limits.entry(project.clone()).or_insert(now);
        *end = (*end).max(now + wait);
        limits.iter().any(|(other, end)| other != project && *end > now)
    }

    /// The time until a project's limit is renewed; none where there is none.
    pub fn left(&self, project: Option<&Project>) -> Option<Duration> {
        let limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limits.get(project?)?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}
