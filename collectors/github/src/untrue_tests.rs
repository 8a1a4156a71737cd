//! Answers that GitHub does not give, by a server or a proxy that is broken: pages that stop, repeat or leave out, keys
//! that are not there, numbers beyond all reason. None may become a number, a panic, or requests without end.

use collector::Batch;
use collector::Reason;
use serde_json::Value;
use serde_json::json;

use crate::Github;
use crate::metrics::sample::*;
use crate::testing::*;
use crate::world::*;

async fn read(world: World) -> (Batch, Vec<Seen>) {
    let server = world.serve().await;
    let batch = Github::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap();
    (batch, server.seen())
}

/// Asserts that `group` fails as a bad reply, and nothing panics.
async fn is_bad(world: World, group: &str, case: &str) -> Vec<Seen> {
    let (batch, seen) = read(world).await;
    let failed: Vec<_> = batch.failures().iter().map(|failure| (failure.group, failure.failure.reason)).collect();
    assert!(failed.contains(&(group, Reason::BadReply)), "{case}: {failed:?}");
    seen
}

fn pulls(from: usize, to: usize) -> Vec<Value> {
    (from..to).map(|i| pull_node(i as u64, json!({"updatedAt": when(HOUR + i as i64)}))).collect()
}

fn deployments(from: u64, to: u64) -> Vec<Value> {
    (from..to)
        .map(|i| {
            let mut deployment = deployment_node(i, "c2");
            deployment["createdAt"] = json!(when(HOUR + i as i64));
            deployment
        })
        .collect()
}

/// A page whose `pageInfo` says that another follows, and does not say where.
fn without_cursor(nodes: &[Value], total: usize) -> Value {
    let mut page = page(nodes, None, total);
    page["pageInfo"]["hasNextPage"] = json!(true);
    page
}

fn without_page_info(nodes: &[Value], total: usize) -> Value {
    let mut page = page(nodes, None, total);
    page.as_object_mut().unwrap().remove("pageInfo");
    page
}

#[tokio::test]
async fn a_page_that_says_that_another_follows_is_not_the_end() {
    for broken in [without_cursor, without_page_info] {
        let closed = in_repository(&broken(&pulls(0, 100), 100));
        is_bad(World::small().with("ClosedPulls", closed), "closed_pull_requests", "closed").await;
        let deployed = in_repository(&broken(&deployments(0, 50), 50));
        is_bad(World::small().with("Deployments", deployed), "deployments", "deployments").await;
        let mut pull = pull_node(1, json!({}));
        pull["reviews"] = page(&[], None, 0);
        pull["reviewThreads"] = broken(&[], 0);
        let threads = in_repository(&page(&[pull], None, 1));
        is_bad(World::small().with("ClosedPulls", threads), "closed_pull_requests", "threads").await;
        let branch = json!({"name": "b", "target": {"committedDate": when(0)}});
        is_bad(World::small().with("Branches", in_repository(&broken(&[branch], 1))), "branches", "branches").await;
    }
}

#[tokio::test]
async fn a_page_that_has_a_successor_is_full_distinct_and_in_order() {
    let mut twice = pulls(0, 99);
    twice.push(twice[98].clone());
    let mut ascending = pulls(0, 100);
    ascending.reverse();
    for (case, nodes) in [("half", pulls(0, 50)), ("empty", Vec::new()), ("twice", twice), ("ascending", ascending)] {
        let world = World::small().answering("ClosedPulls", move |seen| match seen.variable("after") {
            Value::Null => ok(in_repository(&page(&nodes, Some("next"), 0))),
            _ => ok(in_repository(&page(&pulls(200, 201), None, 0))),
        });
        is_bad(world, "closed_pull_requests", case).await;
    }
    let mut twice = deployments(0, 49);
    twice.push(twice[48].clone());
    let mut ascending = deployments(0, 50);
    ascending.reverse();
    for (case, nodes) in
        [("half", deployments(0, 25)), ("empty", Vec::new()), ("twice", twice), ("ascending", ascending)]
    {
        let world = World::small().answering("Deployments", move |seen| match seen.variable("after") {
            Value::Null => ok(in_repository(&page(&nodes, Some("next"), 0))),
            _ => ok(in_repository(&page(&deployments(200, 201), None, 0))),
        });
        is_bad(world, "deployments", case).await;
    }
    let out_of_order = in_repository(&page(&[deployments(2, 3), deployments(1, 2)].concat(), None, 2));
    is_bad(World::small().with("Deployments", out_of_order), "deployments", "the last page").await;
    let more = json!({"data": {"repository": {"page": page(&deployments(0, 2), None, 2), "all": {"totalCount": 0}}}});
    is_bad(World::small().with("Deployments", more), "deployments", "more than all").await;
}

#[tokio::test]
async fn pages_in_a_circle_are_noticed() {
    let circle = |size: usize, of: fn(&[Value], Option<&str>, usize) -> Value, nodes: fn(usize) -> Vec<Value>| {
        move |seen: &Seen| {
            let (from, next) = if seen.variable("after") == "a" { (size, "b") } else { (0, "a") };
            ok(in_repository(&of(&nodes(from), Some(next), 1_000_000)))
        }
    };
    let branches = |from: usize| -> Vec<Value> {
        (from..from + 100).map(|i| json!({"name": format!("b{i}"), "target": {"committedDate": when(0)}})).collect()
    };
    let table = [
        ("Branches", "branches", World::small().answering("Branches", circle(100, page, branches))),
        ("ClosedPulls", "closed_pull_requests", {
            World::small().answering("ClosedPulls", circle(100, page, |from| pulls(from, from + 100)))
        }),
        ("Deployments", "deployments", {
            let nodes = |from: usize| deployments(from as u64, from as u64 + 50);
            World::small().answering("Deployments", circle(50, page, nodes))
        }),
    ];
    for (operation, group, world) in table {
        let seen = is_bad(world, group, operation).await;
        let asked = seen.iter().filter(|seen| seen.operation() == operation).count();
        assert!(asked <= 6, "{operation}: {asked}");
    }
}

#[tokio::test]
async fn commits_and_jobs_are_counted_once_each_and_all_of_them() {
    let twice = [commit_node("c2", &["c1"], None, 1), commit_node("c2", &["c1"], None, 1)];
    let seen = is_bad(World::small().with("Commits", in_object(&page(&twice, None, 2))), "commits", "twice").await;
    assert_eq!(seen.iter().filter(|seen| seen.operation() == "Commits").count(), 2, "read twice");
    let mut uncounted = page(&[commit_node("c2", &["c1"], None, 1)], None, 1);
    uncounted.as_object_mut().unwrap().remove("totalCount");
    is_bad(World::small().with("Commits", in_object(&uncounted)), "commits", "no total").await;

    let jobs = |ids: &[u64], total: u64| {
        let jobs: Vec<Value> = ids.iter().map(|id| job_node(*id, json!({}))).collect();
        let jobs = json!({"total_count": total, "jobs": jobs});
        World::small().with("/repos/acme/widgets/actions/runs/30000000000/jobs", jobs)
    };
    let seen = is_bad(jobs(&[1, 1], 2), "ci_jobs", "twice").await;
    assert_eq!(seen.iter().filter(|seen| seen.path.contains("/jobs")).count(), 2, "read twice");
    is_bad(jobs(&[1], 2), "ci_jobs", "one of two").await;
    is_bad(jobs(&[1, 2], 1), "ci_jobs", "two of one").await;
    let seen = is_bad(jobs(&[1], 1 << 40), "ci_jobs", "beyond reason").await;
    assert!(seen.iter().filter(|seen| seen.path.contains("/jobs")).count() <= 4);
}

/// `record` without the value that a path of keys and indices leads to.
fn without(mut record: Value, path: &str) -> Value {
    let (above, key) = path.rsplit_once('/').unwrap();
    let removed = record.pointer_mut(above).unwrap().as_object_mut().unwrap().remove(key);
    assert!(removed.is_some(), "{path}");
    record
}

#[tokio::test]
async fn a_key_that_was_asked_for_and_is_absent_is_no_null() {
    let pull = in_repository(&page(&[pull_node(1, json!({}))], None, 1));
    let commits =
        in_object(&page(&[commit_node("c2", &["c1"], None, 1), commit_node("c1", &["c0"], Some(1), 2)], None, 2));
    let branch = json!({"name": "idea", "target": {"committedDate": when(0)}});
    let branches = in_repository(&page(&[branch], None, 1));
    let deployed = in_repository(&page(&[deployment_node(1, "c2")], None, 1));
    let runs = json!({"total_count": 1, "workflow_runs": [run_node(30_000_000_000, json!({}))]});
    let jobs = json!({"total_count": 1, "jobs": [job_node(1, json!({}))]});
    let node = "/data/repository/page/nodes/0";
    let commit = "/data/repository/object/page/nodes";
    let groups = [
        (
            "ClosedPulls",
            "closed_pull_requests",
            pull,
            node,
            "mergedAt closedAt author mergeCommit reviews/nodes/0/submittedAt reviews/nodes/0/author \
             reviews/pageInfo/endCursor ready/pageInfo",
        ),
        (
            "Commits",
            "commits",
            commits,
            commit,
            "0/author 0/author/user 0/author/name 0/author/email 0/changedFilesIfAvailable 0/parents/totalCount \
             1/associatedPullRequests/nodes/0/baseRepository 1/associatedPullRequests/nodes/0/mergeCommit \
             1/associatedPullRequests/nodes/0/labels",
        ),
        ("Branches", "branches", branches, node, "target target/committedDate"),
        ("Deployments", "deployments", deployed, node, "environment commit statuses statuses/pageInfo"),
        (
            "/repos/acme/widgets/actions/runs?created",
            "ci_runs",
            runs,
            "/workflow_runs/0",
            "path event status conclusion run_attempt head_branch repository head_repository run_started_at",
        ),
        (
            "/repos/acme/widgets/actions/runs/30000000000/jobs",
            "ci_jobs",
            jobs,
            "/jobs/0",
            "id conclusion created_at started_at completed_at",
        ),
    ];
    for (key, group, answer, at, keys) in groups {
        for absent in keys.split_whitespace() {
            let world = World::small().with(key, without(answer.clone(), &format!("{at}/{absent}")));
            is_bad(world, group, &format!("{key} without {absent}")).await;
        }
    }
    let default = without(repository("acme/widgets"), "/data/repository/defaultBranchRef");
    is_bad(World::small().with("Repository", default), "commits", "no default branch").await;
}

#[tokio::test]
async fn a_null_that_says_nothing_fails_and_one_that_says_something_does_not() {
    let mut deployed = deployment_node(1, "c2");
    deployed["statuses"] = Value::Null;
    let deployed = in_repository(&page(&[deployed], None, 1));
    is_bad(World::small().with("Deployments", deployed), "deployments", "statuses").await;
    let mut commit = commit_node("c1", &["c0"], Some(1), 2);
    commit["associatedPullRequests"]["nodes"][0]["labels"] = Value::Null;
    let commits = in_object(&page(&[commit_node("c2", &["c1"], None, 1), commit], None, 2));
    is_bad(World::small().with("Commits", commits), "commits", "labels").await;
    let run = json!({"conclusion": null, "status": "in_progress", "head_branch": null, "head_repository": null});
    let runs = json!({"total_count": 1, "workflow_runs": [run_node(30_000_000_000, run)]});
    let (batch, _) = read(World::small().with("/repos/acme/widgets/actions/runs?created", runs)).await;
    assert_eq!(value(&batch, "github.ci.workflow_runs_7d"), Some(1.0));
}

#[tokio::test]
async fn numbers_beyond_all_reason_are_no_numbers() {
    let most = json!(u64::MAX);
    let key = "/repos/acme/widgets/actions/runs?status";
    for total in [1u64 << 63, u64::MAX, 1 << 40] {
        is_bad(World::small().with(key, json!({"total_count": total})), "ci_queue", "queued").await;
    }
    for (field, group) in
        [("additions", "commit_lines"), ("deletions", "commit_lines"), ("changedFilesIfAvailable", "commit_files")]
    {
        let mut commits = [commit_node("c2", &["c1"], None, 1), commit_node("c1", &["c0"], Some(1), 2)];
        commits[0][field] = most.clone();
        commits[1][field] = json!(1u64 << 63);
        is_bad(World::small().with("Commits", in_object(&page(&commits, None, 2))), group, field).await;
    }
    for field in ["additions", "deletions", "totalCommentsCount"] {
        let pull = pull_node(1, json!({field: most.clone()}));
        let closed = in_repository(&page(&[pull], None, 1));
        is_bad(World::small().with("ClosedPulls", closed), "closed_pull_requests", field).await;
    }
    let mut branches = repository("acme/widgets");
    branches["data"]["repository"]["branches"]["totalCount"] = most;
    is_bad(World::small().with("Repository", branches), "branches", "branches").await;
}

#[tokio::test]
async fn a_job_is_not_older_than_its_run_nor_of_the_future() {
    for odd in [json!({"created_at": "1970-01-01T00:00:00Z"}), json!({"started_at": when(-40 * DAY)})] {
        let jobs = json!({"total_count": 1, "jobs": [job_node(1, odd.clone())]});
        let world = World::small().with("/repos/acme/widgets/actions/runs/30000000000/jobs", jobs);
        is_bad(world, "ci_jobs", &odd.to_string()).await;
    }
}
