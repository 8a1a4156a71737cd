use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::super::sample::*;
use super::*;

fn labels() -> (Vec<String>, Vec<String>) {
    (vec!["hotfix".to_owned()], vec!["Force-Merge".to_owned()])
}

fn batch(commits: &[Commit]) -> Batch {
    let (hotfix, force) = labels();
    let mut batch = compute(commits, now(), settings(&hotfix, &force), &tags());
    batch.append(lines(commits, now(), &tags()));
    batch
}

fn settings<'a>(hotfix: &'a [String], force: &'a [String]) -> Settings<'a> {
    Settings { hotfix_labels: hotfix, force_merge_labels: force, default_branch: "trunk", repository: "acme/widgets" }
}

fn of(commits: &[Commit], name: &str) -> Option<f64> {
    value(&batch(commits), name)
}

fn said(message: &str) -> Commit {
    commit(json!({ "message": message }))
}

fn labelled(base: &str, repository: Value, labels: &[&str]) -> Commit {
    let labels: Vec<Value> = labels.iter().map(|name| json!({ "name": name })).collect();
    commit(json!({"associatedPullRequests": {"nodes": [{
        "id": "PR_1", "baseRefName": base, "baseRepository": repository, "changedFiles": 1,
        "commits": {"totalCount": 1}, "mergeCommit": {"oid": "c1"}, "labels": {"nodes": labels},
    }]}}))
}

#[test]
fn window_edges() {
    let at = |s: i64| commit(json!({"committedDate": when(s)}));
    assert_eq!(of(&[at(-1), at(0), at(7 * DAY - 1), at(7 * DAY)], "github.commits.total_7d"), Some(2.0));
}

#[test]
fn reverts() {
    let table = [
        ("Revert \"Add a cog\"", true),
        ("revert \"add a cog\"", true),
        ("revert: add a cog", true),
        ("REVERT(cogs): add a cog", true),
        ("Revert \"Revert \"Add a cog\"\"", false),
        ("Reapply \"Add a cog\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.", false),
        ("Revert \"Reapply \"Add a cog\"\"", true),
        ("Take the cog out\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.", true),
        ("Take the cog out\n\nThis reverts commit 0123abc", true),
        ("Take the cog out\n\nThis reverts commit of mine", false),
        ("Take the cog out\n\nWe hope This reverts commit 0123456789", false),
        ("This reverts commit 0123456789", false),
        ("Do not revert the cog", false),
        ("Revert the cog", false),
        ("Reverts: none", false),
        ("", false),
    ];
    for (message, revert) in table {
        let is = of(&[said(message)], "github.commits.reverts");
        assert_eq!(is, Some(f64::from(u8::from(revert))), "{message:?}");
    }
}

#[test]
fn hotfix_is_a_whole_word_of_the_first_line() {
    let table = [
        ("hotfix", true),
        ("HotFix: brakes", true),
        ("[hot-fix] brakes", true),
        ("brakes (hot-fix)", true),
        ("hotfixes for the brakes", false),
        ("shot-fix", false),
        ("hot fix", false),
        ("hotfix_brakes", false),
        ("\u{e9}hotfix", false),
        ("Mend the brakes\n\nhotfix", false),
    ];
    for (message, hotfix) in table {
        let is = of(&[said(message)], "github.commits.hotfix");
        assert_eq!(is, Some(f64::from(u8::from(hotfix))), "{message:?}");
    }
    let long = format!("{} hotfix", "x".repeat(200));
    assert_eq!(of(&[said(&long)], "github.commits.hotfix"), Some(1.0), "the first line is not cut");
}

#[test]
fn force_merge_starts_at_a_word_anywhere_in_the_message() {
    let table = [
        ("Force merge", true),
        ("x\n\nneeded a FORCE-PUSH", true),
        ("force-merged by hand", true),
        ("force pushes are bad", true),
        ("enforce merge rules", false),
        ("reinforce-push", false),
        ("force the merge", false),
    ];
    for (message, force) in table {
        let is = of(&[said(message)], "github.commits.force_merge_7d");
        assert_eq!(is, Some(f64::from(u8::from(force))), "{message:?}");
    }
}

#[test]
fn labels_are_compared_whole_in_any_case_on_pull_requests_into_the_default_branch() {
    let here = || json!({"nameWithOwner": "acme/widgets"});
    let there = || json!({"nameWithOwner": "upstream/widgets"});
    let table = [
        (labelled("trunk", here(), &["HOTFIX"]), 1.0, 0.0),
        (labelled("trunk", Value::Null, &["force-merge", "other"]), 0.0, 1.0),
        (labelled("trunk", here(), &["hotfix!", "force-merge-later"]), 0.0, 0.0),
        (labelled("main", here(), &["hotfix", "force-merge"]), 0.0, 0.0),
        (labelled("trunk", there(), &["hotfix", "force-merge"]), 0.0, 0.0),
    ];
    for (commit, hotfix, force) in table {
        let all = [commit];
        assert_eq!(of(&all, "github.commits.hotfix"), Some(hotfix), "{all:?}");
        assert_eq!(of(&all, "github.commits.force_merge_7d"), Some(force), "{all:?}");
    }
}

#[test]
fn developers_are_told_apart_by_login_or_else_by_address() {
    let by =
        |name: &str, email: Value, user: Value| commit(json!({"author": {"name": name, "email": email, "user": user}}));
    let all = [
        by("Ann", json!("ann@example.com"), user("ann")),
        by("Ann", json!("ann@home.example"), user("Ann")),
        by("Bob", json!("Bob@Example.com"), Value::Null),
        by("B.", json!("bob@example.com"), Value::Null),
        by("dependabot[bot]", json!("support@github.com"), Value::Null),
        by("CI", json!("ci@example.com"), bot("ci")),
        by("CI", json!("ci@example.com"), user("ci[bot]")),
    ];
    assert_eq!(of(&all, "github.developers.active_7d"), Some(2.0));
    assert_eq!(of(&all, "github.commits.per_developer_7d"), Some(3.5));
    assert_eq!(of(&all[4..], "github.developers.active_7d"), Some(0.0));
    assert_eq!(of(&all[4..], "github.commits.per_developer_7d"), None);
    let nobody = [by("X", Value::Null, Value::Null), by("Y", Value::Null, Value::Null)];
    assert_eq!(of(&nobody, "github.developers.active_7d"), Some(1.0));
}

#[test]
fn merge_commits_count_as_commits_but_not_as_lines() {
    let merge =
        commit(json!({"parents": {"nodes": [{"id": "A", "oid": "a"}, {"id": "B", "oid": "b"}]}, "additions": 1000}));
    let root = commit(json!({"parents": {"nodes": []}}));
    let all = [merge, root, commit(json!({}))];
    assert_eq!(of(&all, "github.commits.total_7d"), Some(3.0));
    assert_eq!(of(&all, "github.code.lines_added_7d"), Some(6.0));
    assert_eq!(of(&all, "github.code.lines_deleted_7d"), Some(2.0));
}

#[test]
fn failed_changes_count_once_and_at_most_100_percent() {
    let (hotfix, force) = labels();
    let rate = |commits: &[Commit], deployments: Option<usize>| {
        let batch = change_failure_rate(commits, deployments, now(), settings(&hotfix, &force), &tags());
        value(&batch, "github.delivery.change_failure_rate_pct")
    };
    let both = said("Revert \"hotfix the brakes\"");
    assert_eq!(rate(&[both.clone(), said("x")], Some(4)), Some(25.0));
    assert_eq!(rate(&[both.clone(), both.clone()], Some(1)), Some(100.0));
    assert_eq!(rate(&[], Some(3)), Some(0.0));
    assert_eq!(rate(std::slice::from_ref(&both), Some(0)), None);
    assert_eq!(rate(&[both], None), None);
}

fn any_commit() -> impl Strategy<Value = Commit> {
    ("(Revert \"|hotfix |force-push |x)[a-z]{0,3}", 0..8 * DAY, 0..3usize, 0..100u64).prop_map(|(m, s, who, lines)| {
        let user = [user("ann"), user("bob"), bot("ci")][who].clone();
        commit(json!({
            "message": m, "committedDate": when(s), "additions": lines,
            "author": {"name": "x", "email": "x@example.com", "user": user},
        }))
    })
}

proptest! {
    #[test]
    fn order_changes_nothing_and_parts_never_exceed_the_whole(
        mut commits in prop::collection::vec(any_commit(), 0..12),
    ) {
        let before = batch(&commits);
        prop_assert!(before.warnings().is_empty());
        commits.reverse();
        let after = batch(&commits);
        prop_assert_eq!(before.gauges(), after.gauges());
        let total = value(&before, "github.commits.total_7d");
        for part in ["github.commits.hotfix", "github.commits.reverts", "github.developers.active_7d"] {
            prop_assert!(value(&before, part) <= total, "{}", part);
        }
    }
}
