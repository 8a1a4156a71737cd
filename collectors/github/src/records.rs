//! What GitHub answers, with only the fields used. Enumerations are open strings; times are UTC.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Deserializer;

/// A page, or all pages put together, of a GraphQL connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection<T> {
    /// None where the document does not ask for it.
    #[serde(default, deserialize_with = "count_if_available")]
    pub total_count: Option<usize>,
    pub page_info: PageInfo,
    pub nodes: Vec<T>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub has_next_page: bool,
    #[serde(deserialize_with = "present")]
    pub end_cursor: Option<String>,
}

/// The one page of a connection that no other is asked of.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Nodes<T> {
    pub nodes: Vec<T>,
}

/// [`Nodes`], and how many there are in all.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counted<T> {
    #[serde(deserialize_with = "count")]
    pub total_count: usize,
    pub nodes: Vec<T>,
}

impl<T> Connection<T> {
    /// Adds the page that follows.
    pub fn extend(&mut self, page: Connection<T>) {
        self.nodes.extend(page.nodes);
        self.page_info = page.page_info;
        self.total_count = page.total_count;
    }
}

/// An account that did something; a deleted one is null where this is optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Actor {
    #[serde(rename = "__typename")]
    pub kind: String,
    pub login: String,
}

impl Actor {
    pub fn is_bot(&self) -> bool {
        self.kind == "Bot" || self.login.ends_with("[bot]")
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenPull {
    pub number: u64,
    pub is_draft: bool,
    #[serde(deserialize_with = "at")]
    pub created_at: Timestamp,
}

/// A pull request that is merged or closed.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClosedPull {
    pub id: String,
    pub number: u64,
    #[serde(deserialize_with = "at")]
    pub created_at: Timestamp,
    #[serde(deserialize_with = "at")]
    pub updated_at: Timestamp,
    #[serde(deserialize_with = "maybe_at")]
    pub merged_at: Option<Timestamp>,
    #[serde(deserialize_with = "maybe_at")]
    pub closed_at: Option<Timestamp>,
    #[serde(deserialize_with = "count")]
    pub additions: usize,
    #[serde(deserialize_with = "count")]
    pub deletions: usize,
    /// Comments in the conversation and in review threads.
    #[serde(deserialize_with = "count")]
    pub total_comments_count: usize,
    #[serde(deserialize_with = "present")]
    pub author: Option<Actor>,
    #[serde(deserialize_with = "present")]
    pub merge_commit: Option<Oid>,
    pub first_commit: Nodes<ListedCommit>,
    pub reviews: Connection<Review>,
    pub review_threads: Connection<Thread>,
    /// Ready-for-review events, oldest first.
    pub ready: Connection<Event>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Oid {
    pub oid: String,
}

/// A commit by both of its names.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CommitId {
    pub id: String,
    pub oid: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NodeId {
    pub id: String,
}

/// A commit in a pull request's list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListedCommit {
    pub commit: Authored,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authored {
    #[serde(deserialize_with = "at")]
    pub authored_date: Timestamp,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Review {
    #[serde(deserialize_with = "present")]
    pub author: Option<Actor>,
    /// None while the review is a draft of its author.
    #[serde(deserialize_with = "maybe_at")]
    pub submitted_at: Option<Timestamp>,
    pub body: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Thread {
    pub id: String,
    pub comments: Connection<ThreadComment>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ThreadComment {
    #[serde(deserialize_with = "present")]
    pub author: Option<Actor>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    #[serde(deserialize_with = "at")]
    pub created_at: Timestamp,
}

/// A commit reachable from the default branch.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Commit {
    pub oid: String,
    pub message: String,
    #[serde(deserialize_with = "at")]
    pub committed_date: Timestamp,
    #[serde(deserialize_with = "count")]
    pub additions: usize,
    #[serde(deserialize_with = "count")]
    pub deletions: usize,
    /// None when GitHub could not compute the commit's diff.
    #[serde(deserialize_with = "count_if_available")]
    pub changed_files_if_available: Option<usize>,
    pub parents: Counted<CommitId>,
    #[serde(deserialize_with = "present")]
    pub author: Option<GitAuthor>,
    pub associated_pull_requests: Connection<CommitPull>,
}

impl Commit {
    /// Whether the commit joins histories; its lines and files are those of the commits that it joins.
    pub fn is_merge(&self) -> bool {
        self.parents.nodes.len() > 1
    }
}

/// The author that a commit names, and the account that the e-mail address belongs to.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GitAuthor {
    #[serde(deserialize_with = "present")]
    pub name: Option<String>,
    #[serde(deserialize_with = "present")]
    pub email: Option<String>,
    #[serde(deserialize_with = "present")]
    pub user: Option<Actor>,
}

/// A pull request that brought a commit.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommitPull {
    pub id: String,
    pub base_ref_name: String,
    #[serde(deserialize_with = "present")]
    pub base_repository: Option<Named>,
    #[serde(deserialize_with = "count")]
    pub changed_files: usize,
    pub commits: Total,
    #[serde(deserialize_with = "present")]
    pub merge_commit: Option<Oid>,
    /// Null says nothing: a pull request without a label has a connection without a node.
    pub labels: Connection<Label>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Named {
    pub name_with_owner: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Total {
    #[serde(deserialize_with = "count")]
    pub total_count: usize,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Label {
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Branch {
    pub name: String,
    /// None when what it points at is gone.
    #[serde(deserialize_with = "present")]
    pub target: Option<Tip>,
}

/// The commit that a branch points at; git lets it point at nothing else.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tip {
    #[serde(deserialize_with = "at")]
    pub committed_date: Timestamp,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    pub id: String,
    #[serde(deserialize_with = "present")]
    pub environment: Option<String>,
    #[serde(deserialize_with = "at")]
    pub created_at: Timestamp,
    pub commit_oid: String,
    /// None when the commit is gone.
    #[serde(deserialize_with = "present")]
    pub commit: Option<NodeId>,
    /// Null says nothing: a deployment without a status has a connection without a node.
    pub statuses: Connection<DeploymentStatus>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentStatus {
    pub state: String,
    #[serde(deserialize_with = "at")]
    pub created_at: Timestamp,
}

/// A workflow run, slim: a page of 100 is 1 MB on the wire, and a busy repository has 20,000 runs a week.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub id: u64,
    pub workflow: u64,
    /// The workflow's name, or its file where it has none; shared by its runs.
    pub name: Arc<str>,
    pub on_push: bool,
    pub completed: bool,
    pub conclusion: Conclusion,
    pub attempt: u32,
    /// Whether the run's commit is on the default branch of this very repository.
    pub on_default_branch: bool,
    pub head_sha: Box<str>,
    pub created_at: Timestamp,
    /// Start of the last attempt.
    pub started_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// How a run ended, as far as a metric asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conclusion {
    Success,
    Failure,
    StartupFailure,
    TimedOut,
    Cancelled,
    /// Skipped, neutral, action required, stale, unfinished, or a word that GitHub adds one day.
    Other,
}

impl From<Option<&str>> for Conclusion {
    fn from(word: Option<&str>) -> Self {
        match word {
            Some("success") => Conclusion::Success,
            Some("failure") => Conclusion::Failure,
            Some("startup_failure") => Conclusion::StartupFailure,
            Some("timed_out") => Conclusion::TimedOut,
            Some("cancelled") => Conclusion::Cancelled,
            _ => Conclusion::Other,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Job {
    pub id: u64,
    #[serde(deserialize_with = "present")]
    pub conclusion: Option<String>,
    #[serde(deserialize_with = "at")]
    pub created_at: Timestamp,
    #[serde(deserialize_with = "maybe_at")]
    pub started_at: Option<Timestamp>,
    #[serde(deserialize_with = "maybe_at")]
    pub completed_at: Option<Timestamp>,
}

/// Reads what can be null and has to be there: an absent key would else read as null, and null as "no".
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Reads a count. GraphQL's integers have 32 bits with a sign, so that sums of these cannot overflow.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = u64::deserialize(deserializer)?;
    let number = i32::try_from(number).ok().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| serde::de::Error::custom("a count is beyond 2^31"))
}

/// [`count`], or null.
pub(crate) fn count_if_available<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    #[derive(Deserialize)]
    struct Count(#[serde(deserialize_with = "count")] usize);
    Ok(Option::<Count>::deserialize(deserializer)?.map(|Count(number)| number))
}

/// Reads a time such as `2026-01-31T12:00:00Z`, or one with an offset.
pub(crate) fn at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom(format!("{text:?} is not a time")))
}

/// [`at`], or null.
pub(crate) fn maybe_at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(|_| serde::de::Error::custom(format!("{text:?} is not a time")))).transpose()
}
