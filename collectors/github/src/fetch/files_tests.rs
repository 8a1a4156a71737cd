use serde_json::Value;
use serde_json::json;

use super::*;
use crate::metrics::sample::commit;

fn brought(oid: &str, files: Option<usize>, pull: &Value) -> Commit {
    commit(json!({
        "oid": oid, "changedFilesIfAvailable": files, "associatedPullRequests": {"nodes": [pull]},
    }))
}

fn pull(base: &str, files: usize, commits: usize, merge: &str) -> Value {
    json!({
        "id": "P", "baseRefName": base, "baseRepository": {"nameWithOwner": "Acme/widgets"}, "changedFiles": files,
        "commits": {"totalCount": commits}, "mergeCommit": {"oid": merge}, "labels": {"nodes": []},
    })
}

fn planned(commits: &[Commit]) -> (usize, usize) {
    let settings =
        Settings { hotfix_labels: &[], force_merge_labels: &[], default_branch: "trunk", repository: "acme/widgets" };
    let plan = plan(commits.iter(), settings);
    (plan.pulls.len(), plan.commits.len())
}

#[test]
fn a_pull_request_tells_its_files_only_where_that_is_exact() {
    let squash = pull("trunk", 4, 9, "a");
    let rebase = pull("trunk", 5, 2, "b");
    let table = [
        ("squash", vec![brought("a", Some(4), &squash)], (1, 0)),
        ("squash of other files", vec![brought("a", Some(3), &squash)], (0, 1)),
        ("squash with an unknown number", vec![brought("a", None, &squash)], (0, 1)),
        ("rebase", vec![brought("a", Some(2), &rebase), brought("b", Some(3), &rebase)], (1, 0)),
        (
            "rebase that touches a file twice",
            vec![brought("a", Some(4), &rebase), brought("b", Some(3), &rebase)],
            (1, 1),
        ),
        (
            "rebase of fewer files than the pull request has",
            vec![brought("a", Some(2), &rebase), brought("b", Some(2), &rebase)],
            (0, 2),
        ),
        ("rebase with an unknown number", vec![brought("a", Some(9), &rebase), brought("b", None, &rebase)], (0, 2)),
        ("only a part in the window", vec![brought("x", Some(5), &rebase)], (0, 1)),
        ("another base", vec![brought("a", Some(4), &pull("main", 4, 9, "a"))], (0, 1)),
        ("a direct push", vec![commit(json!({}))], (0, 1)),
        ("a direct push of nothing", vec![commit(json!({"changedFilesIfAvailable": 0}))], (0, 0)),
        (
            "a merge commit",
            vec![commit(json!({"parents": {"nodes": [{"id": "A", "oid": "a"}, {"id": "B", "oid": "b"}]}}))],
            (0, 0),
        ),
    ];
    for (case, commits, expected) in table {
        assert_eq!(planned(&commits), expected, "{case}");
    }
}

#[test]
fn of_commits_that_touch_a_file_twice_all_but_the_largest_are_asked() {
    let merge = pull("trunk", 6, 3, "m");
    let commits = [brought("a", Some(2), &merge), brought("b", Some(5), &merge), brought("c", Some(1), &merge)];
    let settings =
        Settings { hotfix_labels: &[], force_merge_labels: &[], default_branch: "trunk", repository: "acme/widgets" };
    let plan = plan(commits.iter(), settings);
    assert_eq!(plan.commits.keys().collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(plan.pulls.get("P"), Some(&6));
}
