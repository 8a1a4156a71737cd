//! The listing of workflow runs as GitHub writes it. A page is 1 MB, nearly all of it ignored here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use jiff::Timestamp;
use serde::Deserialize;

use crate::records::Conclusion;
use crate::records::Job;
use crate::records::Run;
use crate::records::at;
use crate::records::count;
use crate::records::maybe_at;
use crate::records::present;

#[derive(Deserialize)]
pub(super) struct Total {
    #[serde(deserialize_with = "count")]
    pub total_count: usize,
}

#[derive(Deserialize)]
pub(super) struct RunPage {
    #[serde(deserialize_with = "count")]
    pub total_count: usize,
    pub workflow_runs: Vec<WireRun>,
}

#[derive(Deserialize)]
pub(super) struct JobPage {
    #[serde(deserialize_with = "count")]
    pub total_count: usize,
    pub jobs: Vec<Job>,
}

#[derive(Deserialize)]
pub(super) struct WireRun {
    id: u64,
    workflow_id: u64,
    /// Null or absent where the workflow has none.
    name: Option<String>,
    path: String,
    event: String,
    #[serde(deserialize_with = "present")]
    status: Option<String>,
    #[serde(deserialize_with = "present")]
    conclusion: Option<String>,
    /// Not promised, like `run_started_at`, but always sent; without them a re-run would pass for a first attempt, and
    /// a run for one without a duration.
    run_attempt: u32,
    #[serde(deserialize_with = "present")]
    head_branch: Option<String>,
    head_sha: String,
    #[serde(deserialize_with = "at")]
    created_at: Timestamp,
    #[serde(deserialize_with = "maybe_at")]
    run_started_at: Option<Timestamp>,
    #[serde(deserialize_with = "at")]
    updated_at: Timestamp,
    repository: Id,
    /// Null when the fork is deleted.
    #[serde(deserialize_with = "present")]
    head_repository: Option<Id>,
}

#[derive(Deserialize, PartialEq)]
struct Id {
    id: u64,
}

impl WireRun {
    pub fn slim(self, default_branch: &str, names: &Interner) -> Run {
        let name = self.name.filter(|name| !name.is_empty()).unwrap_or(self.path);
        let own = self.head_repository.as_ref() == Some(&self.repository);
        Run {
            id: self.id,
            workflow: self.workflow_id,
            name: names.get(name.into()),
            on_push: self.event == "push",
            completed: self.status.as_deref() == Some("completed"),
            conclusion: Conclusion::from(self.conclusion.as_deref()),
            attempt: self.run_attempt,
            on_default_branch: own && self.head_branch.as_deref() == Some(default_branch),
            head_sha: self.head_sha.into(),
            created_at: self.created_at,
            started_at: self.run_started_at,
            updated_at: self.updated_at,
        }
    }
}

/// Keeps one copy of each workflow's name.
#[derive(Default)]
pub(super) struct Interner {
    names: Mutex<BTreeSet<Arc<str>>>,
}

impl Interner {
    fn get(&self, name: Cow<'_, str>) -> Arc<str> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(&*name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        names.insert(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(with: serde_json::Value) -> Run {
        let mut run = json!({
            "id": 30_000_000_000u64, "workflow_id": 7, "name": "CI", "path": ".github/workflows/ci.yml",
            "event": "push", "status": "completed", "conclusion": "success", "run_attempt": 1, "head_branch": "trunk",
            "head_sha": "c1", "created_at": "2026-03-10T12:00:00Z", "run_started_at": "2026-03-10T12:00:00Z",
            "updated_at": "2026-03-10T12:10:00Z", "repository": {"id": 1}, "head_repository": {"id": 1},
        });
        for (key, value) in with.as_object().unwrap() {
            run[key] = value.clone();
        }
        serde_json::from_value::<WireRun>(run).unwrap().slim("trunk", &Interner::default())
    }

    #[test]
    fn a_run_is_on_the_default_branch_of_this_repository_only() {
        assert!(run(json!({})).on_default_branch);
        assert!(!run(json!({"head_branch": "main"})).on_default_branch);
        assert!(!run(json!({"head_branch": null})).on_default_branch);
        assert!(!run(json!({"head_repository": {"id": 2}})).on_default_branch, "a fork's branch of that name");
        assert!(!run(json!({"head_repository": null})).on_default_branch, "a deleted fork's");
    }

    #[test]
    fn an_odd_run_does_not_fail_the_page() {
        let odd = run(json!({"name": null, "status": null, "conclusion": "brand_new", "run_started_at": null}));
        assert_eq!(&*odd.name, ".github/workflows/ci.yml");
        assert_eq!((odd.completed, odd.conclusion, odd.started_at), (false, Conclusion::Other, None));
    }
}
