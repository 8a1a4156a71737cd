//! The distinct paths that the commits touched: told by pull requests where they are exact, else commit by commit.

mod plan;

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
use crate::metrics::commits::in_window;
use crate::queries;
use crate::records::Commit;
use crate::records::Connection;
use crate::records::PageInfo;
use plan::CommitFile;
use plan::PullFile;
use plan::Told;
use plan::plan;

/// Files of a page of a pull request's; GitHub's most.
const PAGE: usize = 100;
/// Files that GitHub lists of one commit at most.
const MAX_LISTED: usize = 3000;

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Option<FilesOfPull>>,
}

#[derive(Deserialize)]
struct FilesOfPull {
    id: String,
    files: Connection<PullFile>,
    /// The last page, where it was asked for.
    tail: Option<crate::records::Nodes<PullFile>>,
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
struct CommitFiles {
    files: Vec<CommitFile>,
}

impl Repo<'_> {
    /// The distinct paths that `commits` touched, merge commits left out.
    pub async fn paths(&self, commits: &[Commit]) -> Result<BTreeSet<String>, Failure> {
        let of = self.full_name();
        let plan = plan(in_window(commits, self.now), self.commit_settings(&of));
        self.afford_commits(plan.commits.len(), 0)?;
        let batches = plan.pulls.len().div_ceil(self.client.size(queries::FILES_OF_PULLS));
        self.client.limits().afford(Resource::Graphql, batches, &self.doing_files())?;
        let (of_pulls, of_commits) =
            tokio::try_join!(self.files_of_pulls(&plan.pulls), self.files_of_commits(&plan.commits))?;
        let mut paths = BTreeSet::new();
        let mut spared = BTreeMap::new();
        for (id, told) in plan.pulls {
            match of_pulls.get(&id) {
                Some(files) if !told.is_doubtful(files, &of_commits) => {
                    paths.extend(files.iter().map(|file| file.path.clone()));
                }
                _ => spared.extend(told.spared),
            }
        }
        self.afford_commits(spared.len(), plan.commits.len())?;
        let of_spared = self.files_of_commits(&spared).await?;
        paths.extend(of_commits.into_values().chain(of_spared.into_values()).flatten().map(|file| file.filename));
        Ok(paths)
    }

    /// Whether `more` commits may be asked for their files, after others.
    fn afford_commits(&self, more: usize, asked: usize) -> Result<(), Failure> {
        let limit = self.config.max_commit_lookups as usize;
        if asked + more <= limit {
            return self.client.limits().afford(Resource::Core, more, &self.doing_files());
        }
        let why =
            format!("{} commits have to be asked for their files one by one, and {limit} are allowed", asked + more);
        Err(Failure::new(Reason::Config, self.doing_files(), why).with_cure(
            "Raise github.max_commit_lookups if the quota allows it; github.code.files_changed_7d is not sent",
        ))
    }

    fn doing_files(&self) -> String {
        format!("read the files of the commits of {}", self.full_name())
    }

    async fn files_of_pulls(&self, pulls: &BTreeMap<String, Told>) -> Result<BTreeMap<String, Vec<PullFile>>, Failure> {
        let two_pages = |files: usize| files > PAGE && files <= 2 * PAGE;
        let pulls = pulls.iter().map(|(id, told)| (id, told.files));
        let (two, other): (BTreeMap<_, _>, BTreeMap<_, _>) = pulls.partition(|(_, files)| two_pages(*files));
        let (mut found, more) = tokio::try_join!(self.files_of(&two, true), self.files_of(&other, false))?;
        found.extend(more);
        Ok(found)
    }

    async fn files_of_commits(
        &self,
        commits: &BTreeMap<String, Option<usize>>,
    ) -> Result<BTreeMap<String, Vec<CommitFile>>, Failure> {
        let ask =
            async |(oid, count): (&String, &Option<usize>)| Ok((oid.clone(), self.files_of_commit(oid, *count).await?));
        Ok(try_join_all(commits.iter().map(ask)).await?.into_iter().collect())
    }

    async fn files_of(
        &self,
        pulls: &BTreeMap<&String, usize>,
        tail: bool,
    ) -> Result<BTreeMap<String, Vec<PullFile>>, Failure> {
        let of = self.full_name();
        let mut left: Vec<&String> = pulls.keys().copied().collect();
        let mut found = BTreeMap::new();
        while !left.is_empty() {
            let ask = |size: usize| json!({"ids": &left[..size.min(left.len())], "tail": tail});
            let (data, _): (Nodes, _) = self.client.shrinking(queries::FILES_OF_PULLS, &of, ask).await?;
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
            found.extend(answered.into_iter().map(|pull| (pull.id, pull.files.nodes)));
        }
        Ok(found)
    }

    async fn files_of_commit(&self, oid: &str, expected: Option<usize>) -> Result<Vec<CommitFile>, Failure> {
        let of = self.full_name();
        let what = format!("the files of commit {oid} of {of}");
        let mut files: Vec<CommitFile> = Vec::new();
        let mut next = Some(format!("/repos/{of}/commits/{oid}"));
        while let Some(path) = next.take() {
            let ask = self.client.get(&path, &what, "Contents: read");
            let (page, headers) = self.client.json::<CommitFiles>(&ask).await.map_err(|t| t.failure())?;
            let got = page.files.len();
            files.extend(page.files);
            if got > 0 && files.len() <= MAX_LISTED {
                next = self.client.next_page(&headers);
            }
        }
        let whole = match expected {
            Some(expected) => files.len() == expected,
            None => files.len() < MAX_LISTED,
        };
        if whole {
            return Ok(files);
        }
        let why = format!(
            "GitHub lists {} files of {}",
            files.len(),
            expected.map_or("an unknown number".to_owned(), |n| n.to_string())
        );
        Err(Failure::new(Reason::BadReply, format!("read {what}"), why).with_cure(
            "GitHub lists 3,000 files of a commit at most; the metric comes back when the commit is 7 days old",
        ))
    }
}
