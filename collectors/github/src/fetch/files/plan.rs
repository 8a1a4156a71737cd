//! Which questions tell the distinct paths of many commits, and when an answer leaves a doubt.
//!
//! A commit lists every path that it changes but one kind: what it renames is listed under the new name alone. So does a
//! pull request, whose files are the difference between where its commits began and where they end. Where all commits
//! that it brought are at hand and none is a merge:
//!
//! 1. A path of the pull request that is still there at the end was last changed by a commit that lists it.
//! 2. A path of the pull request that is deleted at the end is listed by a commit, or a commit renamed it.
//! 3. A path that a commit lists is the pull request's, or another commit put it back: lists it too, or renamed it; or
//!    the pull request as a whole renamed it.
//!
//! Hence, when the commits list as many paths as the pull request, each counted, and it deletes none, its paths are
//! theirs (by 1, and because they are no more). And when they list more, the pull request and all commits but one tell
//! all paths, unless one of the exceptions of 2 and 3 occurs, which the answers show: then the last commit is asked too.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;

use crate::metrics::commits::Settings;
use crate::records::Commit;
use crate::records::CommitPull;

/// Which questions tell the paths of all commits.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Pull requests whose files tell those of commits.
    pub pulls: BTreeMap<String, Told>,
    /// Commits to be asked one by one, with how many files they have, where known.
    pub commits: BTreeMap<String, Option<usize>>,
}

/// What a pull request tells.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    /// How many files it has.
    pub files: usize,
    /// The commits that need not be asked then, with how many files they have.
    pub spared: BTreeMap<String, Option<usize>>,
    /// Its other commits, which are asked.
    pub asked: BTreeSet<String>,
}

/// A file of a pull request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullFile {
    pub path: String,
    pub change_type: String,
}

/// A file of a commit.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CommitFile {
    pub filename: String,
    /// The name before, of one that was renamed.
    pub previous_filename: Option<String>,
}

impl Told {
    /// Whether the spared commits have to be asked after all, now that the pull request and the others have answered.
    pub fn is_doubtful(&self, files: &[PullFile], commits: &BTreeMap<String, Vec<CommitFile>>) -> bool {
        if self.spared.len() == 1 && self.asked.is_empty() {
            return false;
        }
        let asked: Vec<&CommitFile> = self.asked.iter().filter_map(|oid| commits.get(oid)).flatten().collect();
        let listed: BTreeSet<&str> = asked.iter().map(|file| file.filename.as_str()).collect();
        let whole: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let there = ["ADDED", "MODIFIED", "CHANGED", "COPIED", "RENAMED"];
        let gone = |file: &PullFile| !there.contains(&file.change_type.as_str()) && !listed.contains(&*file.path);
        let lost = |name: &str| !listed.contains(name) && !whole.contains(name);
        files.iter().any(gone)
            || (!asked.is_empty() && files.iter().any(|file| file.change_type == "RENAMED"))
            || asked.iter().filter_map(|file| file.previous_filename.as_deref()).any(lost)
    }
}

/// Splits the commits so that few have to be asked for.
pub(super) fn plan<'c>(commits: impl Iterator<Item = &'c Commit>, settings: Settings<'_>) -> Plan {
    let mut by_pull: BTreeMap<&str, (&CommitPull, Vec<&Commit>)> = BTreeMap::new();
    let mut plan = Plan::default();
    for commit in commits.filter(|commit| !commit.is_merge()) {
        let mut pulls = settings.pulls_of(commit);
        match (pulls.next(), pulls.next()) {
            (Some(pull), None) => by_pull.entry(&pull.id).or_insert((pull, Vec::new())).1.push(commit),
            _ => plan.commits.extend(asked(commit)),
        }
    }
    for (id, (pull, mut commits)) in by_pull {
        let squashed =
            commits.len() == 1 && pull.merge_commit.as_ref().is_some_and(|merge| merge.oid == commits[0].oid);
        let whole = squashed || commits.len() == pull.commits.total_count;
        let files: Option<usize> = commits.iter().map(|commit| commit.changed_files_if_available).sum();
        let exact = whole && files == Some(pull.changed_files);
        let all_but_one = whole && commits.len() > 1 && files.is_some_and(|files| files > pull.changed_files);
        // The one with the most files is the dearest to ask.
        commits.sort_by_key(|commit| commit.changed_files_if_available);
        let spared = match (exact, all_but_one) {
            (true, _) => std::mem::take(&mut commits),
            (_, true) => commits.split_off(commits.len() - 1),
            _ => Vec::new(),
        };
        let told = Told {
            files: pull.changed_files,
            spared: spared.into_iter().filter_map(asked).collect(),
            asked: commits.iter().filter_map(|commit| asked(commit)).map(|(oid, _)| oid).collect(),
        };
        plan.commits.extend(commits.into_iter().filter_map(asked));
        if !told.spared.is_empty() {
            plan.pulls.insert(id.to_owned(), told);
        }
    }
    plan
}

/// A commit to be asked for its files; none where it has none.
fn asked(commit: &Commit) -> Option<(String, Option<usize>)> {
    let files = commit.changed_files_if_available;
    (files != Some(0)).then(|| (commit.oid.clone(), files))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
