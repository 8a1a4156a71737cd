//! Reviews, threads and comments.

use super::connection;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::instant;
use super::object::leaf;
use super::object::object;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::Comment;
use crate::organisation::PullId;

pub fn page<'a>(repo: Repo<'a>, id: PullId, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("PullRequest.reviews", &["states"])?;
    let reviews = &repo.is.pulls[id].reviews;
    let states = arguments.list("states");
    let fits = |i: &usize| states.as_ref().is_none_or(|s| s.contains(&reviews[*i].state.as_str()));
    let found: Vec<usize> = (0..reviews.len()).filter(fits).collect();
    connection::page("PullRequestReviewConnection", arguments, found.len(), |i| Object::Review(repo, id, found[i]))
}

pub fn resolve<'a>(repo: Repo<'a>, id: PullId, index: usize, field: &str) -> Outcome<'a> {
    let pull = &repo.is.pulls[id];
    let review = &pull.reviews[index];
    match field {
        "id" => leaf(format!("PRR_{}_{}_{index}", repo.is.id, pull.number)),
        "state" => leaf(review.state.as_str()),
        "submittedAt" => instant(review.submitted_at),
        "createdAt" => instant(review.submitted_at.unwrap_or(pull.created_at)),
        "body" | "bodyText" => leaf(review.body.as_str()),
        "author" => object(review.author.map(Object::Account)),
        "pullRequest" => object(Object::Pull(repo, id)),
        // Threads are not split up among reviews here: a count by review would be wrong.
        "comments" => Err(Failure::unknown("PullRequestReview.comments; ask for PullRequest.reviewThreads")),
        other => Err(Failure::unknown(format!("PullRequestReview.{other}"))),
    }
}

pub fn resolve_thread<'a>(repo: Repo<'a>, id: PullId, index: usize, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let pull = &repo.is.pulls[id];
    let thread = &pull.threads[index];
    match field {
        "id" => leaf(format!("PRRT_{}_{}_{index}", repo.is.id, pull.number)),
        "isResolved" => leaf(thread.is_resolved),
        "isOutdated" | "isCollapsed" => leaf(false),
        "comments" => {
            let of = |i: usize| Object::ThreadComment(repo, id, index, i);
            connection::page("PullRequestReviewCommentConnection", arguments, thread.comments.len(), of)
        }
        "pullRequest" => object(Object::Pull(repo, id)),
        other => Err(Failure::unknown(format!("PullRequestReviewThread.{other}"))),
    }
}

/// A comment on the conversation or in a thread: both have the same fields.
pub fn resolve_comment<'a>(comment: &'a Comment, repo: Repo<'a>, id: PullId, kind: &str, field: &str) -> Outcome<'a> {
    match field {
        "author" => object(comment.author.map(Object::Account)),
        "createdAt" | "updatedAt" | "publishedAt" => instant(comment.created_at),
        "body" | "bodyText" => leaf(comment.body.as_str()),
        "pullRequest" => object(Object::Pull(repo, id)),
        other => Err(Failure::unknown(format!("{kind}.{other}"))),
    }
}
