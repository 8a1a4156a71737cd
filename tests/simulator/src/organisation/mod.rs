//! The described organisation: plain data from which every service's replies and the expected gauges are derived.
//!
//! All instants are whole seconds, as GitHub states them. What the wire spells differently in REST and GraphQL
//! (a bot's login, a status in capitals) is kept once, in REST's spelling without the bot's suffix.

pub mod asana;
pub mod aws;
mod deliver;
mod generate;
mod history;
mod jobs;
pub mod kubernetes;
mod people;
mod pulls;
mod runs;
mod scale;
pub mod skypilot;
mod time;
pub mod wandb;
mod words;

pub use jobs::Job;
pub use scale::Scale;

use jiff::Timestamp;

/// Everything that the simulated services know.
#[derive(Debug, Clone, PartialEq)]
pub struct Organisation {
    /// What it was generated from.
    pub seed: u64,
    /// The instant that it was generated for: windows end here, some data lies after it.
    pub now: Timestamp,
    /// The login that owns the repositories.
    pub login: String,
    /// Accounts; a [`UserId`] is an index into this list.
    pub users: Vec<User>,
    /// The repositories, in the order they are to be configured.
    pub repositories: Vec<Repository>,
    /// The task tracker.
    pub asana: asana::Asana,
    /// What Weights & Biases knows.
    pub wandb: wandb::Wandb,
    /// The account at AWS.
    pub aws: aws::Aws,
    /// Managed jobs and clusters.
    pub skypilot: skypilot::SkyPilot,
    /// The cluster of Kubernetes.
    pub kubernetes: kubernetes::Kubernetes,
}

/// Index into [`Organisation::users`].
pub type UserId = usize;
/// Index into [`Repository::commits`]; a parent's is always smaller than its child's.
pub type CommitId = usize;
/// Index into [`Repository::pulls`].
pub type PullId = usize;

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// GitHub's numeric id.
    pub id: u64,
    /// The login; of a bot without the suffix `[bot]`, which REST adds and GraphQL's `Bot` does not have.
    pub login: String,
    /// The display name.
    pub name: String,
    /// The address of its commits.
    pub email: String,
    /// Whether its type is Bot.
    pub is_bot: bool,
}

/// One repository.
#[derive(Debug, Clone, PartialEq)]
pub struct Repository {
    /// GitHub's numeric id.
    pub id: u64,
    /// The owner's login.
    pub owner: String,
    /// The name without the owner.
    pub name: String,
    /// Names it had before: REST redirects, GraphQL follows.
    pub former_names: Vec<String>,
    /// The default branch's name, also when there is no commit yet.
    pub default_branch: String,
    /// Whether it is a fork of another repository.
    pub is_fork: bool,
    /// Whether it is archived.
    pub is_archived: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Every commit, reachable or not.
    pub commits: Vec<Commit>,
    /// Every branch, the default one included (none when empty).
    pub branches: Vec<Branch>,
    /// Pull requests by number.
    pub pulls: Vec<PullRequest>,
    /// Actions workflows.
    pub workflows: Vec<Workflow>,
    /// Workflow runs, oldest first (by `created_at`, then id).
    pub runs: Vec<Run>,
    /// Deployments, oldest first.
    pub deployments: Vec<Deployment>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Its name without `refs/heads/`.
    pub name: String,
    /// The commit it points to.
    pub tip: CommitId,
}

/// Author or committer as git records it.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The recorded name.
    pub name: String,
    /// The recorded address, in the case it was typed.
    pub email: String,
    /// The account that GitHub linked, if any.
    pub user: Option<UserId>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Forty hexadecimal digits.
    pub oid: String,
    /// Parents; two of a merge commit.
    pub parents: Vec<CommitId>,
    /// Who wrote it.
    pub author: Person,
    /// Who made the commit object.
    pub committer: Person,
    /// When it was written.
    pub authored_at: Timestamp,
    /// When the commit object was made.
    pub committed_at: Timestamp,
    /// The whole message.
    pub message: String,
    /// The difference to the first parent.
    pub files: Vec<FileChange>,
    /// The pull requests that it belongs to or that brought it in.
    pub pulls: Vec<PullId>,
}

/// A file's change in a commit or in a whole pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct FileChange {
    /// The path after the change.
    pub path: String,
    /// The path before, of a rename.
    pub previous_path: Option<String>,
    /// Lines added.
    pub additions: u64,
    /// Lines deleted.
    pub deletions: u64,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// The title.
    pub title: String,
    /// Who opened it; nobody when the account was deleted.
    pub author: Option<UserId>,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// The branch it is to be merged into.
    pub base: String,
    /// The branch it comes from.
    pub head: String,
    /// Whether it comes from a fork.
    pub is_cross_repository: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The last change of any kind.
    pub updated_at: Timestamp,
    /// When it was closed, by merging or otherwise.
    pub closed_at: Option<Timestamp>,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// Who merged it.
    pub merged_by: Option<UserId>,
    /// The commit on the base branch that stands for it.
    pub merge_commit: Option<CommitId>,
    /// The label names.
    pub labels: Vec<String>,
    /// The commits in its list, in order; those of its own branch, also after a squash or rebase.
    pub commits: Vec<CommitId>,
    /// The whole difference to the base.
    pub files: Vec<FileChange>,
    /// Conversation comments.
    pub comments: Vec<Comment>,
    /// Reviews, pending ones too.
    pub reviews: Vec<Review>,
    /// Review threads: comments on lines.
    pub threads: Vec<Thread>,
    /// When it was marked ready for review.
    pub ready_at: Vec<Timestamp>,
}

/// A comment, on the conversation or in a review thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// Who wrote it; nobody when the account was deleted.
    pub author: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// The text.
    pub body: String,
}

/// A review.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Who wrote it; nobody when the account was deleted.
    pub author: Option<UserId>,
    /// APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING.
    pub state: String,
    /// When it was submitted; a pending one was not.
    pub submitted_at: Option<Timestamp>,
    /// The text, often empty.
    pub body: String,
}

/// A thread of comments on a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Thread {
    /// Whether it was resolved.
    pub is_resolved: bool,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
}

/// An Actions workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// GitHub's numeric id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The file's path.
    pub path: String,
}

/// Where a run's head commit lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadRepository {
    /// In the repository itself.
    This,
    /// In a fork that belongs to the account.
    Fork(UserId),
    /// In a fork that was deleted: GitHub says null.
    Deleted,
}

/// A workflow run in the state of its latest attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// GitHub's numeric id, beyond 32 bits.
    pub id: u64,
    /// Index into [`Repository::workflows`].
    pub workflow: usize,
    /// The workflow's name; null now and then.
    pub name: Option<String>,
    /// Number within the workflow.
    pub run_number: u64,
    /// Number of the latest attempt, from 1.
    pub attempt: u64,
    /// What triggered it.
    pub event: String,
    /// queued, in_progress, completed, waiting, requested or pending.
    pub status: String,
    /// The outcome once completed.
    pub conclusion: Option<String>,
    /// The branch; null for some events.
    pub head_branch: Option<String>,
    /// The commit.
    pub head_sha: String,
    /// Where that commit lives.
    pub head_repository: HeadRepository,
    /// When the run was first created; a re-run keeps it.
    pub created_at: Timestamp,
    /// When the latest attempt started.
    pub run_started_at: Timestamp,
    /// The last change of any kind.
    pub updated_at: Timestamp,
    /// Who triggered it; nobody when the account was deleted.
    pub actor: Option<UserId>,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// GitHub's numeric id.
    pub id: u64,
    /// What was deployed.
    pub commit: CommitId,
    /// The branch it was asked for by.
    pub reference: String,
    /// Where to.
    pub environment: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who asked.
    pub creator: Option<UserId>,
    /// What became of it, oldest first; instants differ.
    pub statuses: Vec<DeploymentStatus>,
}

/// A step in a deployment's life.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentStatus {
    /// In lower case: queued, in_progress, success, failure, error, inactive.
    pub state: String,
    /// When.
    pub created_at: Timestamp,
}

impl Organisation {
    /// Describes an organisation; the same arguments always describe the same one.
    pub fn generate(seed: u64, scale: Scale, now: Timestamp) -> Organisation {
        generate::organisation(seed, &scale, now)
    }

    /// The repository of that "owner/name", by its present or a former name, any case as on GitHub.
    pub fn repository(&self, owner: &str, name: &str) -> Option<&Repository> {
        let here = |r: &&Repository| r.owner.eq_ignore_ascii_case(owner);
        let by_name = self.repositories.iter().filter(here).find(|r| r.name.eq_ignore_ascii_case(name));
        by_name.or_else(|| {
            let was = |r: &&Repository| r.former_names.iter().any(|n| n.eq_ignore_ascii_case(name));
            self.repositories.iter().filter(here).find(was)
        })
    }

    /// The login as REST and commit authorship spell it: a bot's has the suffix.
    pub fn rest_login(&self, user: UserId) -> String {
        let user = &self.users[user];
        if user.is_bot { format!("{}[bot]", user.login) } else { user.login.clone() }
    }
}

impl Repository {
    /// "owner/name".
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The tip of the default branch; none in an empty repository.
    pub fn head(&self) -> Option<CommitId> {
        self.branches.iter().find(|b| b.name == self.default_branch).map(|b| b.tip)
    }

    /// For each commit whether `tip` is it or descends from it.
    pub fn ancestry(&self, tip: Option<CommitId>) -> Vec<bool> {
        let mut reached = vec![false; self.commits.len()];
        let mut open: Vec<CommitId> = tip.into_iter().collect();
        while let Some(id) = open.pop() {
            if !std::mem::replace(&mut reached[id], true) {
                open.extend(&self.commits[id].parents);
            }
        }
        reached
    }

    /// The jobs of one attempt of a run, made up from the run's id alone.
    pub fn jobs(&self, run: &Run, attempt: u64) -> Vec<Job> {
        jobs::of(run, attempt)
    }
}

impl Commit {
    /// The message's first line, uncut.
    pub fn headline(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// Lines added to the first parent.
    pub fn additions(&self) -> u64 {
        self.files.iter().map(|f| f.additions).sum()
    }

    /// Lines deleted from the first parent.
    pub fn deletions(&self) -> u64 {
        self.files.iter().map(|f| f.deletions).sum()
    }

    /// Whether it has more than one parent.
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}

impl PullRequest {
    /// Lines added to the base.
    pub fn additions(&self) -> u64 {
        self.files.iter().map(|f| f.additions).sum()
    }

    /// Lines deleted from the base.
    pub fn deletions(&self) -> u64 {
        self.files.iter().map(|f| f.deletions).sum()
    }

    /// OPEN, CLOSED or MERGED.
    pub fn state(&self) -> &'static str {
        match (self.merged_at, self.closed_at) {
            (Some(_), _) => "MERGED",
            (None, Some(_)) => "CLOSED",
            (None, None) => "OPEN",
        }
    }

    /// How many comments there are in review threads.
    pub fn thread_comments(&self) -> usize {
        self.threads.iter().map(|t| t.comments.len()).sum()
    }
}
