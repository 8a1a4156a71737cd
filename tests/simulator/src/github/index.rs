//! Orders and look-ups of a repository, made once.

use crate::organisation::CommitId;
use crate::organisation::PullId;
use crate::organisation::Repository;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::OnceLock;

pub struct Index {
    /// Whether the default branch contains each commit.
    pub on_default: Vec<bool>,
    /// The default branch's commits, newest first.
    pub history: Vec<CommitId>,
    pub commit_by_oid: HashMap<String, CommitId>,
    pub runs_by_sha: HashMap<String, Vec<usize>>,
    pub pull_by_number: HashMap<u64, PullId>,
    /// Pull requests, the longest untouched first.
    pub pulls_by_update: Vec<PullId>,
    /// The repository as it stands in every run, as JSON; made when the base URL is known.
    pub minimal: OnceLock<String>,
}

impl Index {
    pub fn of(repository: &Repository) -> Index {
        let on_default = repository.ancestry(repository.head());
        let commits = repository.commits.iter().enumerate();
        let pulls = repository.pulls.iter().enumerate();
        let mut pulls_by_update: Vec<PullId> = (0..repository.pulls.len()).collect();
        pulls_by_update.sort_by_key(|id| (repository.pulls[*id].updated_at, *id));
        let mut runs_by_sha: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, run) in repository.runs.iter().enumerate() {
            runs_by_sha.entry(run.head_sha.clone()).or_default().push(i);
        }
        Index {
            history: history(repository, &on_default),
            on_default,
            commit_by_oid: commits.map(|(id, c)| (c.oid.clone(), id)).collect(),
            runs_by_sha,
            pull_by_number: pulls.map(|(id, p)| (p.number, id)).collect(),
            pulls_by_update,
            minimal: OnceLock::new(),
        }
    }
}

/// The commits that are marked, newest commit date first; of those in one second the later made first.
pub fn history(repository: &Repository, marked: &[bool]) -> Vec<CommitId> {
    let mut ids: Vec<CommitId> = (0..marked.len()).filter(|id| marked[*id]).collect();
    ids.sort_by_key(|id| Reverse((repository.commits[*id].committed_at, *id)));
    ids
}
