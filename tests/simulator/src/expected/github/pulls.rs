//! Pull requests, whatever their base.

use super::Case;
use super::Gauges;
use super::count;
use super::hours;
use super::mean;
use super::percentile;
use super::share;
use crate::organisation::PullRequest;
use crate::organisation::Review;
use crate::organisation::UserId;
use jiff::Timestamp;

pub fn gauges(case: &Case) -> Gauges {
    // "what lies after now is in no window, and not open or running either"
    let open: Vec<_> =
        case.repository.pulls.iter().filter(|p| p.state() == "OPEN" && p.created_at <= case.now).collect();
    let merged = merged(case);
    let closed = |p: &&PullRequest| p.merged_at.is_none() && p.closed_at.is_some_and(|at| case.in_week(at));
    let stale = |p: &&&PullRequest| hours(p.created_at, case.now) > 14.0 * 24.0;
    let to_merge: Vec<f64> = merged.iter().map(|(p, at)| hours(p.created_at, *at)).collect();
    let cycle: Vec<f64> = merged.iter().map(|(p, at)| hours(start(case, p), *at)).collect();
    let commented = merged.iter().filter(|(p, _)| has_review_comment(case, p)).count();
    let comments: Vec<f64> = merged.iter().map(|(p, _)| (p.comments.len() + p.thread_comments()) as f64).collect();
    let unreviewed = merged.iter().filter(|(p, _)| first_review(case, p).is_none()).count();
    let waits: Vec<f64> = merged.iter().filter_map(|(p, _)| wait(case, p)).collect();
    let sizes: Vec<f64> = merged.iter().map(|(p, _)| (p.additions() + p.deletions()) as f64).collect();
    vec![
        ("github.prs.open", count(open.len())),
        ("github.prs.merged_7d", count(merged.len())),
        ("github.prs.closed_without_merge_7d", count(case.repository.pulls.iter().filter(closed).count())),
        ("github.prs.avg_time_to_merge_hours", mean(&to_merge)),
        ("github.prs.cycle_time_hours", mean(&cycle)),
        ("github.prs.cycle_time_hours.p50", percentile(&cycle, 50.0)),
        ("github.prs.cycle_time_hours.p90", percentile(&cycle, 90.0)),
        ("github.prs.stale_count_14d", count(open.iter().filter(stale).count())),
        ("github.prs.with_review_comments_pct", share(commented, merged.len())),
        ("github.prs.avg_comments_per_pr", mean(&comments)),
        ("github.prs.drafts", count(open.iter().filter(|p| p.is_draft).count())),
        ("github.prs.merged_without_review_7d", count(unreviewed)),
        ("github.prs.time_to_first_review_hours.p50", percentile(&waits, 50.0)),
        ("github.prs.time_to_first_review_hours.p90", percentile(&waits, 90.0)),
        ("github.prs.size_lines.p50", percentile(&sizes, 50.0)),
    ]
}

/// "pull requests whose mergedAt is in 7d", each with that instant.
pub fn merged<'a>(case: &Case<'a>) -> Vec<(&'a PullRequest, Timestamp)> {
    let in_week = |p: &'a PullRequest| Some((p, p.merged_at.filter(|at| case.in_week(*at))?));
    case.repository.pulls.iter().filter_map(in_week).collect()
}

/// "the authoredDate of the first commit in the pull request's list"
pub fn first_authored(case: &Case, pull: &PullRequest) -> Option<Timestamp> {
    pull.commits.first().map(|id| case.repository.commits[*id].authored_at)
}

/// "the earlier of createdAt and the authoredDate of the first commit"
fn start(case: &Case, pull: &PullRequest) -> Timestamp {
    first_authored(case, pull).map_or(pull.created_at, |authored| authored.min(pull.created_at))
}

/// "by a non-bot other than the author"; nobody and nobody are the same person.
fn counts(case: &Case, pull: &PullRequest, who: Option<UserId>) -> bool {
    who != pull.author && !case.is_bot(who)
}

/// "a review is one that was submitted (has a submittedAt), no later than the merge where there is one"
fn reviews<'a>(case: &Case, pull: &'a PullRequest) -> Vec<(&'a Review, Timestamp)> {
    let submitted = |r: &'a Review| Some((r, r.submitted_at?));
    let in_time = |(_, at): &(&Review, Timestamp)| pull.merged_at.is_none_or(|merged| *at <= merged);
    let by_others = |(r, _): &(&Review, Timestamp)| counts(case, pull, r.author);
    pull.reviews.iter().filter_map(submitted).filter(in_time).filter(by_others).collect()
}

/// "a review thread comment, or a review with a non-empty body"
fn has_review_comment(case: &Case, pull: &PullRequest) -> bool {
    let on_lines = pull.threads.iter().flat_map(|t| &t.comments).any(|c| counts(case, pull, c.author));
    on_lines || reviews(case, pull).iter().any(|(r, _)| !r.body.is_empty())
}

fn first_review(case: &Case, pull: &PullRequest) -> Option<Timestamp> {
    reviews(case, pull).into_iter().map(|(_, at)| at).min()
}

/// "minus the moment the PR was ready (last ready-for-review event before it, else createdAt)"
fn wait(case: &Case, pull: &PullRequest) -> Option<f64> {
    let review = first_review(case, pull)?;
    let ready = pull.ready_at.iter().copied().filter(|at| *at < review).max();
    Some(hours(ready.unwrap_or(pull.created_at), review))
}
