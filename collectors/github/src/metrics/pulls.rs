//! Pull requests: how many, how fast, how well reviewed.

use collector::Batch;
use collector::Tags;
use collector::Window;
use collector::stats;
use jiff::Timestamp;

use super::hours;
use crate::catalog;
use crate::records::Actor;
use crate::records::ClosedPull;
use crate::records::OpenPull;

/// Age in days from which an open pull request is stale.
const STALE_DAYS: i64 = 14;

/// The gauges of the open pull requests.
pub(crate) fn open(pulls: &[OpenPull], now: Timestamp, tags: &Tags) -> Batch {
    let open: Vec<&OpenPull> = pulls.iter().filter(|pull| pull.created_at <= now).collect();
    let stale_before = Window::days(now, STALE_DAYS).start();
    let mut batch = Batch::new();
    batch.gauge(&catalog::PRS_OPEN, open.len() as f64, tags);
    batch.gauge(&catalog::PRS_DRAFTS, open.iter().filter(|pull| pull.is_draft).count() as f64, tags);
    let stale = open.iter().filter(|pull| pull.created_at < stale_before).count();
    batch.gauge(&catalog::PRS_STALE, stale as f64, tags);
    batch
}

/// The gauges of the pull requests merged or closed in 7 days.
pub(crate) fn closed(pulls: &[ClosedPull], now: Timestamp, tags: &Tags) -> Batch {
    let window = Window::days(now, 7);
    let unmerged = pulls
        .iter()
        .filter(|pull| pull.merged_at.is_none() && pull.closed_at.is_some_and(|at| window.contains(at)))
        .count();
    let merged: Vec<(&ClosedPull, Timestamp)> = merged(pulls, now).collect();
    let sample = |value: fn(&ClosedPull, Timestamp) -> f64| -> Vec<f64> {
        let mut values: Vec<f64> = merged.iter().map(|(pull, at)| value(pull, *at)).collect();
        // A sum of floats depends on its order, and the order of the records means nothing.
        values.sort_by(f64::total_cmp);
        values
    };

    let mut batch = Batch::new();
    batch.gauge(&catalog::PRS_MERGED, merged.len() as f64, tags);
    batch.gauge(&catalog::PRS_CLOSED_UNMERGED, unmerged as f64, tags);

    let to_merge = sample(|pull, at| hours(pull.created_at, at));
    batch.gauge_or_absent(&catalog::PRS_TIME_TO_MERGE_AVG, stats::mean(&to_merge), tags);
    let cycle = sample(|pull, at| hours(start(pull), at));
    batch.gauge_or_absent(&catalog::PRS_CYCLE_TIME_AVG, stats::mean(&cycle), tags);
    batch.gauge_or_absent(&catalog::PRS_CYCLE_TIME_P50, stats::percentile(&cycle, 50.0), tags);
    batch.gauge_or_absent(&catalog::PRS_CYCLE_TIME_P90, stats::percentile(&cycle, 90.0), tags);

    let commented = merged.iter().filter(|(pull, _)| has_review_comment(pull)).count();
    let share = stats::percent(commented as f64, merged.len() as f64);
    batch.gauge_or_absent(&catalog::PRS_REVIEW_COMMENTS_PCT, share, tags);
    let comments = sample(|pull, _| pull.total_comments_count as f64);
    batch.gauge_or_absent(&catalog::PRS_COMMENTS_AVG, stats::mean(&comments), tags);

    let waits: Vec<Option<f64>> = merged.iter().map(|(pull, _)| time_to_first_review(pull)).collect();
    let unreviewed = waits.iter().filter(|wait| wait.is_none()).count();
    batch.gauge(&catalog::PRS_UNREVIEWED, unreviewed as f64, tags);
    let waits: Vec<f64> = waits.into_iter().flatten().collect();
    batch.gauge_or_absent(&catalog::PRS_FIRST_REVIEW_P50, stats::percentile(&waits, 50.0), tags);
    batch.gauge_or_absent(&catalog::PRS_FIRST_REVIEW_P90, stats::percentile(&waits, 90.0), tags);

    let sizes = sample(|pull, _| (pull.additions + pull.deletions) as f64);
    batch.gauge_or_absent(&catalog::PRS_SIZE_P50, stats::percentile(&sizes, 50.0), tags);
    batch
}

/// The pull requests merged in 7 days, and when.
pub(crate) fn merged(pulls: &[ClosedPull], now: Timestamp) -> impl Iterator<Item = (&ClosedPull, Timestamp)> {
    let window = Window::days(now, 7);
    pulls.iter().filter_map(move |pull| pull.merged_at.filter(|at| window.contains(*at)).map(|at| (pull, at)))
}

/// When the first listed commit was authored; none when the list is empty.
pub(crate) fn first_authored(pull: &ClosedPull) -> Option<Timestamp> {
    pull.first_commit.nodes.first().map(|listed| listed.commit.authored_date)
}

/// Whether somebody other than the author, no bot, commented in a review: decided as soon as one is known.
pub(crate) fn has_review_comment(pull: &ClosedPull) -> bool {
    let in_thread =
        pull.review_threads.nodes.iter().flat_map(|thread| &thread.comments.nodes).any(|c| counts(&c.author, pull));
    let in_review = || {
        pull.reviews.nodes.iter().any(|review| {
            !review.body.is_empty() && counts(&review.author, pull) && before_merge(review.submitted_at, pull).is_some()
        })
    };
    in_thread || in_review()
}

fn start(pull: &ClosedPull) -> Timestamp {
    first_authored(pull).map_or(pull.created_at, |authored| authored.min(pull.created_at))
}

fn time_to_first_review(pull: &ClosedPull) -> Option<f64> {
    let first = pull
        .reviews
        .nodes
        .iter()
        .filter(|review| counts(&review.author, pull))
        .filter_map(|review| before_merge(review.submitted_at, pull))
        .min()?;
    let ready = pull.ready.nodes.iter().map(|event| event.created_at).filter(|at| *at < first).max();
    Some(hours(ready.unwrap_or(pull.created_at), first))
}

fn before_merge(submitted: Option<Timestamp>, pull: &ClosedPull) -> Option<Timestamp> {
    submitted.filter(|at| pull.merged_at.is_none_or(|merged| *at <= merged))
}

/// Whether `who` is a person other than the author. Deleted accounts are one person, and not any known one.
fn counts(who: &Option<Actor>, pull: &ClosedPull) -> bool {
    match (who, &pull.author) {
        (None, author) => author.is_some(),
        (Some(who), _) if who.is_bot() => false,
        (Some(who), Some(author)) => !who.login.eq_ignore_ascii_case(&author.login),
        (Some(_), None) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::json;

    use super::super::sample::*;
    use super::*;

    fn of(pulls: &[ClosedPull], name: &str) -> Option<f64> {
        value(&closed(pulls, now(), &tags()), name)
    }

    fn review(author: Value, submitted: Value, body: &str) -> Value {
        json!({"author": author, "submittedAt": submitted, "body": body})
    }

    fn reviewed(reviews: Vec<Value>) -> ClosedPull {
        pull(json!({"reviews": {"nodes": reviews}}))
    }

    #[test]
    fn open_pull_requests_at_the_edges_of_age() {
        let at = |seconds: i64, draft: bool| -> OpenPull {
            serde_json::from_value(json!({"number": 1, "isDraft": draft, "createdAt": when(seconds)})).unwrap()
        };
        let batch = open(&[at(-1, true), at(0, true), at(14 * DAY, false), at(14 * DAY + 1, false)], now(), &tags());
        assert_eq!(value(&batch, "github.prs.open"), Some(3.0));
        assert_eq!(value(&batch, "github.prs.drafts"), Some(1.0));
        assert_eq!(value(&batch, "github.prs.stale_count_14d"), Some(1.0));
    }

    #[test]
    fn the_window_is_open_at_its_start_and_closed_at_its_end() {
        let merged_at = |s: i64| pull(json!({"mergedAt": when(s)}));
        let all = [merged_at(-1), merged_at(0), merged_at(7 * DAY - 1), merged_at(7 * DAY)];
        assert_eq!(of(&all, "github.prs.merged_7d"), Some(2.0));
        let closed_at = |s: i64| pull(json!({"mergedAt": null, "closedAt": when(s)}));
        let all = [closed_at(-1), closed_at(0), closed_at(7 * DAY - 1), closed_at(7 * DAY), merged_at(0)];
        assert_eq!(of(&all, "github.prs.closed_without_merge_7d"), Some(2.0));
    }

    #[test]
    fn nothing_merged_has_counts_but_no_averages() {
        let batch = closed(&[], now(), &tags());
        assert_eq!(batch.gauges().len(), 3);
        assert!(batch.gauges().iter().all(|gauge| gauge.value() == 0.0));
        assert_eq!(batch.absences().len(), 9);
    }

    #[test]
    fn cycle_time_starts_at_the_earlier_of_creation_and_first_commit() {
        let with = |s: i64| pull(json!({"firstCommit": {"nodes": [{"commit": {"authoredDate": when(s)}}]}}));
        assert_eq!(of(&[with(2 * DAY)], "github.prs.cycle_time_hours"), Some(47.0));
        assert_eq!(of(&[with(2 * HOUR)], "github.prs.cycle_time_hours"), Some(23.0));
        assert_eq!(of(&[pull(json!({}))], "github.prs.cycle_time_hours"), Some(23.0));
        assert_eq!(of(&[with(2 * DAY)], "github.prs.avg_time_to_merge_hours"), Some(23.0));
        assert_eq!(of(&[with(2 * DAY), with(0)], "github.prs.cycle_time_hours.p50"), Some(35.0));
        assert_eq!(of(&[with(2 * DAY), with(0)], "github.prs.cycle_time_hours.p90"), Some(44.6));
    }

    #[test]
    fn a_review_is_by_a_person_other_than_the_author_and_no_later_than_the_merge() {
        let table = [
            ("by another", review(user("bob"), json!(when(2 * HOUR)), ""), false),
            ("by the author", review(user("ann"), json!(when(2 * HOUR)), ""), true),
            ("by the author, spelled otherwise", review(user("Ann"), json!(when(2 * HOUR)), ""), true),
            ("by a bot", review(bot("reviewer"), json!(when(2 * HOUR)), ""), true),
            ("by a bot with a user's type", review(user("ci[bot]"), json!(when(2 * HOUR)), ""), true),
            ("by a deleted account", review(Value::Null, json!(when(2 * HOUR)), ""), false),
            ("not submitted", review(user("bob"), Value::Null, ""), true),
            ("at the merge", review(user("bob"), json!(when(HOUR)), ""), false),
            ("after the merge", review(user("bob"), json!(when(HOUR - 1)), ""), true),
        ];
        for (case, review, unreviewed) in table {
            let is = of(&[reviewed(vec![review])], "github.prs.merged_without_review_7d");
            assert_eq!(is, Some(f64::from(u8::from(unreviewed))), "{case}");
        }
    }

    #[test]
    fn two_deleted_accounts_are_one_person() {
        let by = |who: Value| {
            pull(json!({"author": null, "reviews": {"nodes": [review(who, json!(when(2 * HOUR)), "fine")]}}))
        };
        assert_eq!(of(&[by(Value::Null)], "github.prs.merged_without_review_7d"), Some(1.0));
        assert_eq!(of(&[by(Value::Null)], "github.prs.with_review_comments_pct"), Some(0.0));
        assert_eq!(of(&[by(user("bob"))], "github.prs.merged_without_review_7d"), Some(0.0));
    }

    #[test]
    fn a_review_comment_is_a_thread_comment_or_a_review_with_text() {
        let thread = |who: Value| {
            pull(json!({"reviewThreads": {"nodes": [
                {"id": "T", "comments": {"nodes": [{"author": user("ann")}, {"author": who}]}}
            ]}}))
        };
        let text = |who: Value, seconds: i64, body: &str| reviewed(vec![review(who, json!(when(seconds)), body)]);
        let table = [
            ("none", pull(json!({})), 0.0),
            ("thread by another", thread(user("bob")), 100.0),
            ("thread by a deleted account", thread(Value::Null), 100.0),
            ("thread by the author", thread(user("ann")), 0.0),
            ("thread by a bot", thread(bot("lint")), 0.0),
            ("review with text", text(user("bob"), 2 * HOUR, "no"), 100.0),
            ("review without text", text(user("bob"), 2 * HOUR, ""), 0.0),
            ("review with text after the merge", text(user("bob"), 0, "late"), 0.0),
            ("own review with text", text(user("ann"), 2 * HOUR, "me"), 0.0),
        ];
        for (case, pull, share) in table {
            assert_eq!(of(&[pull], "github.prs.with_review_comments_pct"), Some(share), "{case}");
        }
    }

    #[test]
    fn the_wait_for_a_review_begins_when_the_pull_request_is_last_made_ready_before_it() {
        let with = |ready: &[i64]| {
            let events: Vec<Value> = ready.iter().map(|s| json!({"createdAt": when(*s)})).collect();
            let reviews = [
                review(user("bob"), json!(when(4 * HOUR)), ""),
                review(user("cy"), json!(when(5 * HOUR)), ""),
                review(user("ann"), json!(when(20 * HOUR)), ""),
            ];
            pull(json!({"reviews": {"nodes": reviews}, "ready": {"nodes": events}}))
        };
        let table: [(&[i64], f64); 5] = [
            (&[], 19.0),
            (&[10 * HOUR], 5.0),
            (&[10 * HOUR, 7 * HOUR], 2.0),
            (&[10 * HOUR, 3 * HOUR], 5.0),
            (&[3 * HOUR], 19.0),
        ];
        for (ready, wait) in table {
            assert_eq!(of(&[with(ready)], "github.prs.time_to_first_review_hours.p50"), Some(wait), "{ready:?}");
        }
        assert_eq!(of(&[pull(json!({}))], "github.prs.time_to_first_review_hours.p90"), None);
    }

    #[test]
    fn size_and_comments() {
        let one = pull(json!({"totalCommentsCount": 3}));
        let two = pull(json!({"totalCommentsCount": 0, "additions": 100, "deletions": 1}));
        let outside = pull(json!({"mergedAt": when(8 * DAY), "totalCommentsCount": 50}));
        let all = [one, two, outside];
        assert_eq!(of(&all, "github.prs.avg_comments_per_pr"), Some(1.5));
        assert_eq!(of(&all, "github.prs.size_lines.p50"), Some(58.0));
    }

    fn any_pull() -> impl Strategy<Value = ClosedPull> {
        (any::<bool>(), 0..9 * DAY, 0..9 * DAY, 0..500u64, 0..4usize).prop_map(|(merged, closed, age, lines, who)| {
            let who = [user("ann"), user("bob"), bot("ci"), Value::Null][who].clone();
            let merged_at = if merged { json!(when(closed)) } else { Value::Null };
            pull(json!({
                "mergedAt": merged_at, "closedAt": when(closed), "createdAt": when(closed + age), "additions": lines,
                "reviews": {"nodes": [review(who, json!(when(closed + age / 2)), "text")]},
            }))
        })
    }

    proptest! {
        #[test]
        fn order_changes_nothing_and_values_are_in_bounds(mut pulls in prop::collection::vec(any_pull(), 0..12)) {
            let before = closed(&pulls, now(), &tags());
            prop_assert!(before.warnings().is_empty(), "{:?}", before.warnings());
            prop_assert_eq!(before.gauges().len() + before.absences().len(), 12);
            pulls.reverse();
            let after = closed(&pulls, now(), &tags());
            prop_assert_eq!(before.gauges(), after.gauges());
        }
    }
}
