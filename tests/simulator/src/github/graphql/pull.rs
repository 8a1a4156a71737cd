//! Pull requests and what hangs on them.

use super::arguments;
use super::checks;
use super::connection;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::instant;
use super::object::leaf;
use super::object::object;
use super::review;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::PullId;
use crate::organisation::PullRequest;
use jiff::Timestamp;

/// Whether the filters of a list of pull requests leave this one in.
pub fn fits(pull: &PullRequest, arguments: &Arguments) -> bool {
    let label = |wanted: &&str| pull.labels.iter().any(|l| l.eq_ignore_ascii_case(wanted));
    arguments.list("states").is_none_or(|states| states.contains(&pull.state()))
        && arguments.text("baseRefName").is_none_or(|b| pull.base == b)
        && arguments.text("headRefName").is_none_or(|h| pull.head == h)
        && arguments.list("labels").is_none_or(|labels| labels.iter().any(label))
}

pub fn resolve<'a>(repo: Repo<'a>, id: PullId, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let pull = &repo.is.pulls[id];
    let web = || format!("https://github.com/{}/pull/{}", repo.is.full_name(), pull.number);
    match field {
        "id" => leaf(format!("PR_{}_{}", repo.is.id, pull.number)),
        "number" => leaf(pull.number),
        "title" => leaf(pull.title.as_str()),
        "body" | "bodyText" => leaf(""),
        "url" | "permalink" => leaf(web()),
        "state" => leaf(pull.state()),
        "isDraft" => leaf(pull.is_draft),
        "merged" => leaf(pull.merged_at.is_some()),
        "closed" => leaf(pull.closed_at.is_some()),
        "isCrossRepository" => leaf(pull.is_cross_repository),
        "locked" | "isInMergeQueue" | "isMergeQueueEnabled" | "createdViaEmail" => leaf(false),
        "baseRefName" => leaf(pull.base.as_str()),
        "headRefName" => leaf(pull.head.as_str()),
        "headRefOid" => leaf(pull.commits.last().map(|c| repo.is.commits[*c].oid.as_str())),
        "createdAt" | "publishedAt" => instant(pull.created_at),
        "updatedAt" => instant(pull.updated_at),
        "closedAt" => instant(pull.closed_at),
        "mergedAt" => instant(pull.merged_at),
        "author" => object(pull.author.map(Object::Account)),
        "mergedBy" => object(pull.merged_by.map(Object::Account)),
        "mergeCommit" => object(pull.merge_commit.map(|c| Object::Commit(repo, c))),
        "additions" => leaf(pull.additions()),
        "deletions" => leaf(pull.deletions()),
        "changedFiles" => leaf(pull.files.len()),
        "totalCommentsCount" => leaf(pull.comments.len() + pull.thread_comments()),
        "reviewDecision" => leaf(decision(pull)),
        "repository" | "baseRepository" => object(Object::Repository(repo)),
        "baseRef" => object(repo.is.branches.iter().position(|b| b.name == pull.base).map(|i| Object::Ref(repo, i))),
        "headRef" => object(
            repo.is
                .branches
                .iter()
                .position(|b| b.name == pull.head && !pull.is_cross_repository)
                .map(|i| Object::Ref(repo, i)),
        ),
        "statusCheckRollup" => object(pull.commits.last().and_then(|c| checks::rollup(repo, *c))),
        "comments" => {
            connection::page("IssueCommentConnection", arguments, pull.comments.len(), |i| Object::Comment(repo, id, i))
        }
        "commits" => connection::page("PullRequestCommitConnection", arguments, pull.commits.len(), |i| {
            Object::PullCommit(repo, id, i)
        }),
        "files" => connection::page("PullRequestChangedFileConnection", arguments, pull.files.len(), |i| {
            Object::PullFile(repo, id, i)
        }),
        "labels" => connection::page("LabelConnection", arguments, pull.labels.len(), |i| Object::Label(repo, id, i)),
        "reviews" => review::page(repo, id, arguments),
        "reviewThreads" => connection::page("PullRequestReviewThreadConnection", arguments, pull.threads.len(), |i| {
            Object::Thread(repo, id, i)
        }),
        "reviewRequests" => connection::page("ReviewRequestConnection", arguments, 0, |_| Object::Pull(repo, id)),
        "assignees" => connection::page("UserConnection", arguments, 0, |_| Object::Pull(repo, id)),
        "timelineItems" => timeline(repo, id, arguments),
        other => Err(Failure::unknown(format!("PullRequest.{other}"))),
    }
}

fn decision(pull: &PullRequest) -> Option<&'static str> {
    let last = pull.reviews.iter().rev().find(|r| ["APPROVED", "CHANGES_REQUESTED"].contains(&r.state.as_str()));
    match last.map(|r| r.state.as_str()) {
        Some("APPROVED") => Some("APPROVED"),
        Some(_) => Some("CHANGES_REQUESTED"),
        None => Some("REVIEW_REQUIRED"),
    }
}

fn timeline<'a>(repo: Repo<'a>, id: PullId, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("PullRequest.timelineItems", &["itemTypes", "since"])?;
    let pull = &repo.is.pulls[id];
    let Some(kinds) = arguments.list("itemTypes") else {
        return Err(Failure::unknown("PullRequest.timelineItems without itemTypes"));
    };
    let since = arguments::instant(arguments, "since")?;
    let mut items: Vec<(Timestamp, Object)> = Vec::new();
    for kind in kinds {
        match kind {
            "READY_FOR_REVIEW_EVENT" => {
                items.extend(pull.ready_at.iter().enumerate().map(|(i, at)| (*at, Object::ReadyEvent(repo, id, i))))
            }
            "MERGED_EVENT" => items.extend(pull.merged_at.map(|at| (at, Object::MergedEvent(repo, id)))),
            "CLOSED_EVENT" => items.extend(pull.closed_at.map(|at| (at, Object::ClosedEvent(repo, id)))),
            other => return Err(Failure::unknown(format!("timeline items {other}"))),
        }
    }
    items.retain(|(at, _)| since.is_none_or(|s| *at >= s));
    items.sort_by_key(|(at, _)| *at);
    connection::page("PullRequestTimelineItemsConnection", arguments, items.len(), |i| items[i].1.clone())
}

pub fn resolve_commit<'a>(repo: Repo<'a>, id: PullId, index: usize, field: &str) -> Outcome<'a> {
    match field {
        "commit" => object(Object::Commit(repo, repo.is.pulls[id].commits[index])),
        "pullRequest" => object(Object::Pull(repo, id)),
        other => Err(Failure::unknown(format!("PullRequestCommit.{other}"))),
    }
}

pub fn resolve_file<'a>(repo: Repo<'a>, id: PullId, index: usize, field: &str) -> Outcome<'a> {
    let file = &repo.is.pulls[id].files[index];
    match field {
        "path" => leaf(file.path.as_str()),
        "additions" => leaf(file.additions),
        "deletions" => leaf(file.deletions),
        "changeType" => leaf(if file.previous_path.is_some() { "RENAMED" } else { "MODIFIED" }),
        other => Err(Failure::unknown(format!("PullRequestChangedFile.{other}"))),
    }
}

pub fn resolve_label<'a>(repo: Repo<'a>, id: PullId, index: usize, field: &str) -> Outcome<'a> {
    let name = &repo.is.pulls[id].labels[index];
    match field {
        "name" => leaf(name.as_str()),
        "id" => leaf(format!("LA_{}_{}", repo.is.id, name.to_lowercase())),
        "color" => leaf("ededed"),
        other => Err(Failure::unknown(format!("Label.{other}"))),
    }
}

pub fn resolve_event<'a>(repo: Repo<'a>, id: PullId, at: Option<Timestamp>, field: &str) -> Outcome<'a> {
    match field {
        "createdAt" => instant(at),
        "pullRequest" => object(Object::Pull(repo, id)),
        "actor" => object(repo.is.pulls[id].author.map(Object::Account)),
        other => Err(Failure::unknown(format!("a timeline event's {other}"))),
    }
}
