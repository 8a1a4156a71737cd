//! Pull requests: what is planned for each, and what is said on it.

use super::Comment;
use super::PullRequest;
use super::Review;
use super::Scale;
use super::Thread;
use super::User;
use super::UserId;
use super::people;
use super::time::DAY;
use super::time::HOUR;
use super::time::MINUTE;
use super::time::WEEK;
use super::time::before_week;
use super::time::between;
use super::time::in_week;
use super::time::plus;
use super::words;
use fastrand::Rng;
use jiff::Timestamp;

/// How a pull request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Open,
    Closed(Timestamp),
    Merged(Timestamp),
}

/// How GitHub brings the commits to the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    Squash,
    Rebase,
    Commit,
}

/// The branch a pull request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    Default,
    Release,
    /// Another pull request's branch: a stacked one.
    Feature,
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub number: u64,
    pub created: Timestamp,
    pub end: End,
    pub base: Base,
    pub merge: Merge,
    /// How many commits its list has.
    pub commits: usize,
}

/// Every pull request of a repository, by number. Those merged into the default branch in the week bring
/// exactly `commits_7d - direct_pushes_7d` commits, where that is possible.
pub fn plan(rng: &mut Rng, scale: &Scale, now: Timestamp) -> Vec<Plan> {
    let mut plans = Vec::new();
    for at in in_week(rng, now, scale.merged_7d) {
        plans.push(ended(rng, End::Merged(at), at));
    }
    spend(rng, &mut plans, scale.commits_7d.saturating_sub(scale.direct_pushes_7d));
    for at in before_week(rng, now, scale.merged_7d, 6 * WEEK) {
        plans.push(ended(rng, End::Merged(at), at));
    }
    for at in in_week(rng, now, scale.closed_7d).into_iter().chain(before_week(rng, now, scale.closed_7d, 6 * WEEK)) {
        plans.push(ended(rng, End::Closed(at), at));
    }
    for i in 0..scale.open_pulls {
        let age = if i == 0 {
            0
        } else if rng.u8(..3) == 0 {
            between(rng, 14 * DAY + 1, 200 * DAY)
        } else {
            between(rng, 1, 14 * DAY - 1)
        };
        plans.push(Plan { created: plus(now, -age), ..ended(rng, End::Open, now) });
    }
    if scale.merged_7d > 0 {
        // Opened, closed or merged while the collector is at work.
        for (opened, end) in [(5, End::Open), (8, End::Closed(plus(now, 40))), (1, End::Merged(plus(now, 90)))] {
            plans.push(Plan {
                created: plus(now, opened),
                base: Base::Default,
                merge: Merge::Squash,
                ..ended(rng, end, now)
            });
        }
    }
    plans.sort_by_key(|p| p.created);
    let mut number = 0;
    for plan in &mut plans {
        // Issues take numbers of the same row.
        number += rng.u64(1..=3);
        plan.number = number;
    }
    plans
}

fn ended(rng: &mut Rng, end: End, at: Timestamp) -> Plan {
    let base = match rng.u8(..20) {
        0 => Base::Release,
        1 => Base::Feature,
        _ => Base::Default,
    };
    let merge = [Merge::Squash, Merge::Squash, Merge::Rebase, Merge::Commit][rng.usize(..4)];
    let open_for =
        if rng.u8(..6) == 0 { between(rng, 10 * MINUTE, 40 * DAY) } else { between(rng, 10 * MINUTE, 4 * DAY) };
    Plan { number: 0, created: plus(at, -open_for), end, base, merge, commits: rng.usize(1..=3) }
}

/// Chooses kinds of merge such that those into the default branch make so many commits on it.
fn spend(rng: &mut Rng, plans: &mut [Plan], commits: usize) {
    let mut into_default: Vec<&mut Plan> = plans.iter_mut().filter(|p| p.base == Base::Default).collect();
    let mut extra = commits.saturating_sub(into_default.len());
    for plan in &mut into_default {
        plan.merge = Merge::Squash;
    }
    if into_default.is_empty() {
        return;
    }
    rng.shuffle(&mut into_default);
    let share = extra.div_ceil(into_default.len()) + 1;
    for plan in into_default {
        if extra == 0 {
            break;
        }
        let more = rng.usize(1..=share.max(2)).max(share - 1).min(extra);
        extra -= more;
        // A merge commit comes on top of the branch's commits; a rebase moves the branch's commits only.
        (plan.merge, plan.commits) = if rng.bool() { (Merge::Commit, more) } else { (Merge::Rebase, more + 1) };
    }
}

/// The pull request without its commits.
pub fn opened(rng: &mut Rng, users: &[User], plan: &Plan, base: String, now: Timestamp) -> PullRequest {
    let title = words::title(rng);
    let author = people::anyone(rng, users);
    let (merged_at, closed_at) = match plan.end {
        End::Merged(at) => (Some(at), Some(at)),
        End::Closed(at) => (None, Some(at)),
        End::Open => (None, None),
    };
    let merger = people::anyone(rng, users);
    let mut pull = PullRequest {
        number: plan.number,
        title,
        author: people::or_deleted(rng, author),
        is_draft: merged_at.is_none() && rng.u8(..4) == 0,
        base,
        head: format!("work/{}-{}", users[author].login, plan.number),
        is_cross_repository: rng.u8(..8) == 0,
        created_at: plan.created,
        updated_at: plan.created,
        closed_at,
        merged_at,
        merged_by: merged_at.and_then(|_| people::or_deleted(rng, merger)),
        merge_commit: None,
        labels: words::labels(rng),
        commits: Vec::new(),
        files: Vec::new(),
        comments: Vec::new(),
        reviews: Vec::new(),
        threads: Vec::new(),
        ready_at: Vec::new(),
    };
    talk(rng, users, &mut pull, closed_at.unwrap_or(now));
    let talked = last_word(&pull).max(closed_at.unwrap_or(plan.created));
    // Touched again later, labelled say: such a pull request comes first by UPDATED_AT, whenever it was closed.
    pull.updated_at = match rng.u8(..10) {
        0 if talked < now => plus(talked, between(rng, 0, now.as_second() - talked.as_second())),
        1 => plus(talked.max(now), between(rng, 1, 60)),
        _ => talked,
    };
    pull
}

fn last_word(pull: &PullRequest) -> Timestamp {
    let said = pull.comments.iter().chain(pull.threads.iter().flat_map(|t| &t.comments)).map(|c| c.created_at);
    let reviewed = pull.reviews.iter().filter_map(|r| r.submitted_at);
    said.chain(reviewed).chain(pull.ready_at.iter().copied()).max().unwrap_or(pull.created_at)
}

/// Drafts made ready, comments, reviews and threads, up to `end`.
fn talk(rng: &mut Rng, users: &[User], pull: &mut PullRequest, end: Timestamp) {
    let start = pull.created_at;
    let room = (end.as_second() - start.as_second()).max(0);
    if room < 10 {
        return;
    }
    let during = |rng: &mut Rng| plus(start, between(rng, 1, room - 1));
    if rng.u8(..5) == 0 {
        pull.ready_at = (0..rng.usize(1..=2)).map(|_| plus(start, between(rng, 1, room / 2))).collect();
        pull.ready_at.sort();
    }
    for _ in 0..[0, 0, 1, 2, 6][rng.usize(..5)] {
        let author = people::anyone(rng, users);
        pull.comments.push(Comment {
            author: people::or_deleted(rng, author),
            created_at: during(rng),
            body: words::comment(rng),
        });
    }
    pull.comments.sort_by_key(|c| c.created_at);
    for _ in 0..reviews(rng) {
        let at = during(rng);
        pull.reviews.push(review(rng, users, pull.author, at));
    }
    if pull.merged_at.is_some() && rng.u8(..6) == 0 {
        let author = people::person(rng, users);
        let late = plus(end, between(rng, 1, 2 * HOUR));
        pull.reviews.push(Review {
            author: Some(author),
            state: "COMMENTED".into(),
            submitted_at: Some(late),
            body: "After the fact.".into(),
        });
    }
    // Which of two things in one second came first cannot be told.
    let reviewed: Vec<_> = pull.reviews.iter().filter_map(|r| r.submitted_at).collect();
    pull.ready_at.retain(|at| !reviewed.contains(at));
    pull.reviews.sort_by_key(|r| r.submitted_at.unwrap_or(start));
    for _ in 0..[0, 0, 0, 1, 3][rng.usize(..5)] {
        let mut comments: Vec<Comment> = (0..rng.usize(1..=3))
            .map(|_| Comment {
                author: commenter(rng, users, pull.author),
                created_at: during(rng),
                body: words::comment(rng),
            })
            .collect();
        comments.sort_by_key(|c| c.created_at);
        pull.threads.push(Thread { is_resolved: rng.bool(), comments });
    }
}

/// Now and then more than the first ten, twenty or hundred that a client asks for.
fn reviews(rng: &mut Rng) -> usize {
    match rng.u8(..100) {
        0..=24 => 0,
        25..=94 => rng.usize(1..=4),
        95..=98 => rng.usize(11..=30),
        _ => rng.usize(101..=120),
    }
}

fn commenter(rng: &mut Rng, users: &[User], author: Option<UserId>) -> Option<UserId> {
    if rng.u8(..4) == 0 {
        return author;
    }
    let other = people::anyone(rng, users);
    people::or_deleted(rng, other)
}

fn review(rng: &mut Rng, users: &[User], author: Option<UserId>, at: Timestamp) -> Review {
    let state = ["APPROVED", "APPROVED", "COMMENTED", "CHANGES_REQUESTED", "DISMISSED", "PENDING"][rng.usize(..6)];
    let body = if rng.u8(..3) == 0 { "Some remarks.".to_owned() } else { String::new() };
    let author = commenter(rng, users, author);
    Review { author, state: state.into(), submitted_at: (state != "PENDING").then_some(at), body }
}
