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
    let told = Told {
        files: 6,
        spared: BTreeMap::from([("b".to_owned(), Some(5))]),
        asked: BTreeSet::from(["a".to_owned(), "c".to_owned()]),
    };
    assert_eq!(plan.pulls.get("P"), Some(&told));
}

#[test]
fn answers_that_a_rename_may_have_bent_are_doubtful() {
    let told = |spared: usize, asked: &[&str]| Told {
        files: 1,
        spared: (0..spared).map(|i| (format!("s{i}"), Some(1))).collect(),
        asked: asked.iter().map(|oid| (*oid).to_owned()).collect(),
    };
    let whole = |how: &str| [PullFile { path: "a".to_owned(), change_type: how.to_owned() }];
    let lists = |name: &str, previous: Option<&str>| {
        let file = CommitFile { filename: name.to_owned(), previous_filename: previous.map(str::to_owned) };
        BTreeMap::from([("c".to_owned(), vec![file])])
    };
    let table = [
        ("one commit", told(1, &[]), whole("DELETED"), BTreeMap::new(), false),
        ("several", told(2, &[]), whole("MODIFIED"), BTreeMap::new(), false),
        ("several, with a rename", told(2, &[]), whole("RENAMED"), BTreeMap::new(), false),
        ("several, with a deletion", told(2, &[]), whole("DELETED"), BTreeMap::new(), true),
        ("several, with a word of tomorrow", told(2, &[]), whole("BRAND_NEW"), BTreeMap::new(), true),
        ("all but one", told(1, &["c"]), whole("MODIFIED"), lists("x", None), false),
        ("all but one, with a rename of the whole", told(1, &["c"]), whole("RENAMED"), lists("x", None), true),
        ("all but one, a deletion that is listed", told(1, &["c"]), whole("DELETED"), lists("a", None), false),
        ("all but one, a deletion that is not", told(1, &["c"]), whole("DELETED"), lists("x", None), true),
        ("all but one, renamed from what is known", told(1, &["c"]), whole("MODIFIED"), lists("x", Some("a")), false),
        ("all but one, renamed from elsewhere", told(1, &["c"]), whole("MODIFIED"), lists("x", Some("y")), true),
        ("renamed by another's", told(1, &["d"]), whole("MODIFIED"), lists("x", Some("y")), false),
    ];
    for (case, told, files, commits, doubtful) in table {
        assert_eq!(told.is_doubtful(&files, &commits), doubtful, "{case}");
    }
}
