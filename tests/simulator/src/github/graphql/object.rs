//! What a field can lead to.

use super::connection::Connection;
use crate::github::index::Index;
use crate::graphql::Failure;
use crate::organisation::CommitId;
use crate::organisation::Job;
use crate::organisation::PullId;
use crate::organisation::Repository;
use crate::organisation::UserId;
use serde_json::Value;
use std::rc::Rc;

/// A repository with its index.
#[derive(Clone, Copy)]
pub struct Repo<'a> {
    pub is: &'a Repository,
    pub index: &'a Index,
}

#[derive(Clone)]
pub enum Object<'a> {
    Query,
    RateLimit,
    Account(UserId),
    /// The account that a commit is linked to, which is of type User even where it is a bot's.
    CommitUser(UserId),
    Organization,
    Repository(Repo<'a>),
    Ref(Repo<'a>, usize),
    Commit(Repo<'a>, CommitId),
    /// A commit's author, or its committer.
    GitActor(Repo<'a>, CommitId, bool),
    Pull(Repo<'a>, PullId),
    PullCommit(Repo<'a>, PullId, usize),
    PullFile(Repo<'a>, PullId, usize),
    Label(Repo<'a>, PullId, usize),
    Comment(Repo<'a>, PullId, usize),
    Review(Repo<'a>, PullId, usize),
    Thread(Repo<'a>, PullId, usize),
    ThreadComment(Repo<'a>, PullId, usize, usize),
    ReadyEvent(Repo<'a>, PullId, usize),
    MergedEvent(Repo<'a>, PullId),
    ClosedEvent(Repo<'a>, PullId),
    Deployment(Repo<'a>, usize),
    DeploymentStatus(Repo<'a>, usize, usize),
    Rollup(Repo<'a>, CommitId),
    StateCount(String, usize),
    Suite(Repo<'a>, usize),
    CheckRun(Rc<Job>),
    WorkflowRun(Repo<'a>, usize),
    Workflow(Repo<'a>, usize),
    App,
    Connection(Rc<Connection<'a>>),
    Edge(Rc<Connection<'a>>, usize),
    PageInfo(Rc<Connection<'a>>),
}

/// A field's value before its own selection is applied.
pub type Resolved<'a> = crate::graphql::Resolved<Object<'a>>;

pub type Outcome<'a> = Result<Resolved<'a>, Failure>;

/// A value that needs no selection.
pub fn leaf<'a>(value: impl Into<Value>) -> Outcome<'a> {
    Ok(Resolved::Leaf(value.into()))
}

/// An instant as GitHub writes it.
pub fn instant<'a>(at: impl Into<Option<jiff::Timestamp>>) -> Outcome<'a> {
    leaf(at.into().map(|t: jiff::Timestamp| t.to_string()))
}

pub fn object<'a>(object: impl Into<Option<Object<'a>>>) -> Outcome<'a> {
    Ok(object.into().map_or(Resolved::Leaf(Value::Null), Resolved::Object))
}

impl Object<'_> {
    /// The name of its type in GitHub's schema.
    pub fn type_name(&self, is_bot: impl Fn(UserId) -> bool) -> &'static str {
        match self {
            Object::Query => "Query",
            Object::RateLimit => "RateLimit",
            Object::Account(user) if is_bot(*user) => "Bot",
            Object::Account(_) | Object::CommitUser(_) => "User",
            Object::Organization => "Organization",
            Object::Repository(_) => "Repository",
            Object::Ref(..) => "Ref",
            Object::Commit(..) => "Commit",
            Object::GitActor(..) => "GitActor",
            Object::Pull(..) => "PullRequest",
            Object::PullCommit(..) => "PullRequestCommit",
            Object::PullFile(..) => "PullRequestChangedFile",
            Object::Label(..) => "Label",
            Object::Comment(..) => "IssueComment",
            Object::Review(..) => "PullRequestReview",
            Object::Thread(..) => "PullRequestReviewThread",
            Object::ThreadComment(..) => "PullRequestReviewComment",
            Object::ReadyEvent(..) => "ReadyForReviewEvent",
            Object::MergedEvent(..) => "MergedEvent",
            Object::ClosedEvent(..) => "ClosedEvent",
            Object::Deployment(..) => "Deployment",
            Object::DeploymentStatus(..) => "DeploymentStatus",
            Object::Rollup(..) => "StatusCheckRollup",
            Object::StateCount(..) => "CheckRunStateCount",
            Object::Suite(..) => "CheckSuite",
            Object::CheckRun(..) => "CheckRun",
            Object::WorkflowRun(..) => "WorkflowRun",
            Object::Workflow(..) => "Workflow",
            Object::App => "App",
            Object::Connection(connection) => connection.kind,
            Object::Edge(connection, _) => connection.edge_kind(),
            Object::PageInfo(_) => "PageInfo",
        }
    }
}

/// Whether an object of the type is one of the interface, union or type named in a condition.
pub fn is_a(kind: &str, condition: &str) -> Result<bool, Failure> {
    if kind == condition {
        return Ok(true);
    }
    let members: &[&str] = match condition {
        "Actor" => &["User", "Bot", "Organization"],
        "RepositoryOwner" | "ProfileOwner" => &["User", "Organization"],
        "GitObject" => &["Commit"],
        "Comment" => &["PullRequest", "IssueComment", "PullRequestReview", "PullRequestReviewComment"],
        "Closable" | "Labelable" | "Assignable" | "SearchResultItem" => &["PullRequest"],
        "RepositoryInfo" => &["Repository"],
        "PullRequestTimelineItems" => &["ReadyForReviewEvent", "MergedEvent", "ClosedEvent"],
        "StatusCheckRollupContext" => &["CheckRun"],
        "Node" => {
            let plain = ["Query", "RateLimit", "GitActor", "PullRequestChangedFile", "PageInfo", "CheckRunStateCount"];
            return Ok(!plain.contains(&kind) && !kind.ends_with("Connection") && !kind.ends_with("Edge"));
        }
        name if KNOWN.contains(&name) => &[],
        name => return Err(Failure::unknown(format!("the type condition {name}"))),
    };
    Ok(members.contains(&kind))
}

/// Types that are there, or that GitHub has and this organisation has nothing of.
const KNOWN: [&str; 24] = [
    "User",
    "Bot",
    "Organization",
    "Mannequin",
    "EnterpriseUserAccount",
    "Repository",
    "Ref",
    "Commit",
    "Tag",
    "Tree",
    "Blob",
    "PullRequest",
    "Issue",
    "Discussion",
    "IssueComment",
    "PullRequestReview",
    "PullRequestReviewThread",
    "ReadyForReviewEvent",
    "MergedEvent",
    "ClosedEvent",
    "ConvertToDraftEvent",
    "Deployment",
    "CheckRun",
    "StatusContext",
];
