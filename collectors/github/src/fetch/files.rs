//! The distinct paths that the commits touched: told by pull requests where they are exact, else commit by commit.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::json;

use super::Repo;
use super::broken;
use super::complete;
use crate::client::Resource;
use crate::metrics::commits::Settings;
use crate::metrics::commits::in_window;
use crate::queries;
use crate::records::Commit;
use crate::records::CommitPull;
use crate::records::Connection;
use crate::records::PageInfo;

/// Files of a page of a pull request's; GitHub's most.
const PAGE: usize = 100;
/// Files that GitHub lists of one commit at most.
const MAX_LISTED: usize = 3000;

/// Which questions tell the paths of all commits.
#[derive(Debug, Default, PartialEq)]
struct Plan {
    /// Pull requests whose files are those of their commits, with how many they are.
    pulls: BTreeMap<String, usize>,
    /// Commits to be asked one by one, with how many files they have, where known.
    commits: BTreeMap<String, Option<usize>>,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Option<FilesOfPull>>,
}

#[derive(Deserialize)]
struct FilesOfPull {
    id: String,
    files: Connection<Path>,
    /// The last page, where it was asked for.
    tail: Option<Connection<Path>>,
}

impl FilesOfPull {
    /// Joins first and last page, which together are all of at most two pages.
    fn join(&mut self) {
        if let Some(tail) = self.tail.take() {
            let known: BTreeSet<String> = self.files.nodes.iter().map(|file| file.path.clone()).collect();
            self.files.nodes.extend(tail.nodes.into_iter().filter(|file| !known.contains(&file.path)));
            self.files.page_info = PageInfo::default();
        }
    }
}

#[derive(Deserialize)]
struct Path {
    path: String,
}

#[derive(Deserialize, Default)]
struct CommitFiles {
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
}

impl Repo<'_> {
    /// The distinct paths that `commits` touched, merge commits left out.
    pub async fn paths(&self, commits: &[Commit]) -> Result<BTreeSet<String>, Failure> {
        let of = self.full_name();
        let plan = plan(in_window(commits, self.now), self.commit_settings(&of));
        let doing = format!("read the files of the commits of {of}");
        let limit = self.config.max_commit_lookups as usize;
        if plan.commits.len() > limit {
            let why = format!(
                "{} commits have to be asked for their files one by one, and {limit} are allowed",
                plan.commits.len()
            );
            return Err(Failure::new(Reason::Config, doing, why).with_cure(
                "Raise github.max_commit_lookups if the quota allows it; github.code.files_changed_7d is not sent",
            ));
        }
        self.client.limits().afford(Resource::Core, plan.commits.len(), &doing)?;
        let batches = plan.pulls.len().div_ceil(self.client.size(queries::FILES_OF_PULLS));
        self.client.limits().afford(Resource::Graphql, batches, &doing)?;
        let (of_pulls, of_commits) = tokio::try_join!(
            self.paths_of_pulls(&plan.pulls),
            try_join_all(plan.commits.iter().map(|(oid, count)| self.paths_of_commit(oid, *count)))
        )?;
        Ok(of_pulls.into_iter().chain(of_commits.into_iter().flatten()).collect())
    }

    async fn paths_of_pulls(&self, pulls: &BTreeMap<String, usize>) -> Result<Vec<String>, Failure> {
        let two_pages = |files: usize| files > PAGE && files <= 2 * PAGE;
        let (two, other): (Vec<_>, Vec<_>) = pulls.iter().partition(|(_, files)| two_pages(**files));
        let (mut paths, more) = tokio::try_join!(self.paths_of(two, true), self.paths_of(other, false))?;
        paths.extend(more);
        Ok(paths)
    }

    async fn paths_of(&self, pulls: Vec<(&String, &usize)>, tail: bool) -> Result<Vec<String>, Failure> {
        let of = self.full_name();
        let pulls: BTreeMap<&String, usize> = pulls.into_iter().map(|(id, files)| (id, *files)).collect();
        let mut left: Vec<&String> = pulls.keys().copied().collect();
        let mut paths = Vec::new();
        while !left.is_empty() {
            let ask = |size: usize| json!({"ids": &left[..size.min(left.len())], "tail": tail});
            let data: Nodes = self.client.shrinking(queries::FILES_OF_PULLS, &of, ask).await?;
            let mut answered: Vec<FilesOfPull> = data.nodes.into_iter().flatten().collect();
            let before = left.len();
            left.retain(|id| !answered.iter().any(|pull| pull.id == **id));
            if left.len() == before {
                return Err(broken(queries::FILES_OF_PULLS, &of, "the pull requests that were asked for are missing"));
            }
            for pull in &mut answered {
                pull.join();
                let variables = json!({"id": pull.id});
                complete(self.client, queries::PULL_FILES, &variables, &of, &mut pull.files).await?;
                let expected = pulls.get(&pull.id).copied().unwrap_or_default();
                if pull.files.nodes.len() != expected {
                    let why = format!("{} files are listed of {expected}", pull.files.nodes.len());
                    return Err(broken(queries::PULL_FILES, &of, why));
                }
            }
            paths.extend(answered.into_iter().flat_map(|pull| pull.files.nodes).map(|file| file.path));
        }
        Ok(paths)
    }

    async fn paths_of_commit(&self, oid: &str, expected: Option<usize>) -> Result<Vec<String>, Failure> {
        let of = self.full_name();
        let what = format!("the files of commit {oid} of {of}");
        let mut paths: Vec<String> = Vec::new();
        let mut next = Some(format!("/repos/{of}/commits/{oid}"));
        while let Some(path) = next.take() {
            let ask = self.client.get(&path, &what, "Contents: read");
            let reply = self.client.json_unless_empty::<CommitFiles>(&ask).await.map_err(|t| t.failure())?;
            let Some((page, headers)) = reply else {
                return Ok(Vec::new());
            };
            paths.extend(page.files.into_iter().map(|file| file.filename));
            if paths.len() <= MAX_LISTED {
                next = self.client.next_page(&headers);
            }
        }
        let whole = match expected {
            Some(expected) => paths.len() == expected,
            None => paths.len() < MAX_LISTED,
        };
        if whole {
            return Ok(paths);
        }
        let why = format!(
            "GitHub lists {} files of {}",
            paths.len(),
            expected.map_or("an unknown number".to_owned(), |n| n.to_string())
        );
        Err(Failure::new(Reason::BadReply, format!("read {what}"), why).with_cure(
            "GitHub lists 3,000 files of a commit at most; the metric comes back when the commit is 7 days old",
        ))
    }
}

/// Splits the commits so that few have to be asked for. Each rule is exact where all commits that a pull request brought
/// in are at hand:
/// - as many files changed in the commits together as in the pull request: no file was touched twice, so its files
///   are theirs;
/// - more: a file that only one commit touched is among the pull request's; one that several touched may have been put
///   back by a later one, and is not, but all commits but one name it.
fn plan<'c>(commits: impl Iterator<Item = &'c Commit>, settings: Settings<'_>) -> Plan {
    let mut by_pull: BTreeMap<&str, (&CommitPull, Vec<&Commit>)> = BTreeMap::new();
    let mut plan = Plan::default();
    let mut ask = |commit: &Commit| {
        if commit.changed_files_if_available != Some(0) {
            plan.commits.insert(commit.oid.clone(), commit.changed_files_if_available);
        }
    };
    for commit in commits.filter(|commit| !commit.is_merge()) {
        let mut pulls = settings.pulls_of(commit);
        match (pulls.next(), pulls.next()) {
            (Some(pull), None) => by_pull.entry(&pull.id).or_insert((pull, Vec::new())).1.push(commit),
            _ => ask(commit),
        }
    }
    let mut told = BTreeMap::new();
    for (id, (pull, mut commits)) in by_pull {
        let squashed =
            commits.len() == 1 && pull.merge_commit.as_ref().is_some_and(|merge| merge.oid == commits[0].oid);
        let whole = squashed || commits.len() == pull.commits.total_count;
        let files: Option<usize> = commits.iter().map(|commit| commit.changed_files_if_available).sum();
        let exact = whole && files == Some(pull.changed_files);
        let all_but_one = whole && commits.len() > 1 && files.is_some_and(|files| files > pull.changed_files);
        if all_but_one {
            // The one with the most files is the dearest to ask.
            commits.sort_by_key(|commit| commit.changed_files_if_available);
            commits.pop();
        }
        if (exact || all_but_one) && pull.changed_files > 0 {
            told.insert(id.to_owned(), pull.changed_files);
        }
        if !exact {
            commits.into_iter().for_each(&mut ask);
        }
    }
    plan.pulls = told;
    plan
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
