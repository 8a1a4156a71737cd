//! Commits of the default branch.

use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use collector::Window;
use futures_util::future::try_join_all;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::Repo;
use super::all;
use super::broken;
use super::complete;
use crate::metrics::commits::Settings;
use crate::metrics::commits::labels_decide;
use crate::metrics::commits::plain;
use crate::queries;
use crate::records::Commit;
use crate::records::Connection;

impl Repo<'_> {
    /// The commits reachable from the default branch and committed in 7 days; none in an empty repository.
    pub async fn commits(&self) -> Result<Vec<Commit>, Failure> {
        let Some(default) = &self.default else {
            return Ok(Vec::new());
        };
        let of = self.full_name();
        let variables = self.with(json!({"head": default.head, "since": self.since()}));
        let mut history: Option<Vec<Commit>> = None;
        for _ in 0..2 {
            let read: Connection<Commit> = all(self.client, queries::COMMITS, &variables, &of).await?;
            let distinct = read.nodes.iter().map(|commit| &commit.oid).collect::<BTreeSet<_>>().len();
            if distinct == read.nodes.len() && read.total_count == Some(distinct) {
                history = Some(read.nodes);
                break;
            }
        }
        // Those from the future, by somebody's clock, are in no window, but lead to others that are.
        let Some(mut commits) = history else {
            return Err(broken(queries::COMMITS, &of, "the pages do not hold as many as GitHub counts, twice"));
        };
        if commits.iter().any(|commit| commit.parents.total_count != commit.parents.nodes.len()) {
            return Err(broken(queries::COMMITS, &of, "a commit has more than 100 parents"));
        }
        try_join_all(commits.iter_mut().map(|commit| self.complete_commit(commit))).await?;
        Ok(commits)
    }

    /// The commits, if GitHub could compute what each of them changes: it calls the lines of the others 0.
    pub fn with_diffs<'c>(&self, commits: &'c Result<Vec<Commit>, Failure>) -> Result<&'c [Commit], Failure> {
        let commits = commits.as_ref().map_err(Failure::clone)?;
        let unknown = |commit: &&Commit| commit.changed_files_if_available.is_none();
        match plain(commits, self.now).find(unknown) {
            None => Ok(commits),
            Some(commit) => {
                let why = format!("GitHub could not compute what commit {} changes", commit.oid.escape_debug());
                let doing = format!("read the lines of the commits of {}", self.full_name());
                Err(Failure::new(Reason::BadReply, doing, why)
                    .with_cure("The metrics come back when it can, or when the commit is 7 days old"))
            }
        }
    }

    /// How the commits are told apart.
    pub fn commit_settings<'s>(&'s self, full_name: &'s str) -> Settings<'s> {
        Settings::new(self.config, self.default_branch(), full_name)
    }

    /// Reads what the nested pages left out, as far as a metric depends on it.
    async fn complete_commit(&self, commit: &mut Commit) -> Result<(), Failure> {
        let of = self.full_name();
        let variables = self.with(json!({"oid": commit.oid}));
        complete(self.client, queries::COMMIT_PULLS, &variables, &of, &mut commit.associated_pull_requests).await?;
        if !labels_decide(commit, self.commit_settings(&of)) {
            return Ok(());
        }
        for pull in &mut commit.associated_pull_requests.nodes {
            complete(self.client, queries::PULL_LABELS, &json!({"id": pull.id}), &of, &mut pull.labels).await?;
        }
        Ok(())
    }

    /// The first second of the window of 7 days. GitHub's `since` is in its window, and the start is not in ours.
    pub(super) fn since(&self) -> String {
        let start = whole_second(Window::days(self.now, 7).start());
        start.saturating_add(SignedDuration::from_secs(1)).unwrap_or(start).to_string()
    }

    /// The variables that name the repository, and more.
    pub(super) fn with(&self, more: Value) -> Value {
        let mut variables = self.variables();
        for (name, value) in more.as_object().into_iter().flatten() {
            variables[name] = value.clone();
        }
        variables
    }
}

/// The second that an instant lies in.
pub(super) fn whole_second(at: Timestamp) -> Timestamp {
    let second = at.as_nanosecond().div_euclid(1_000_000_000) as i64;
    Timestamp::from_second(second).unwrap_or(at)
}
