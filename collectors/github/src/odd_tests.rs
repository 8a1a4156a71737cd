//! Replies that GitHub really gives and that would make a number wrong: carried-over jobs, renames inside of a pull
//! request, refusals that look like emptiness, totals cut short.

use collector::Batch;
use collector::Collector;
use collector::Failure;
use collector::Reason;
use serde_json::Value;
use serde_json::json;

use crate::Config;
use crate::Github;
use crate::metrics::sample::*;
use crate::testing::*;
use crate::world::*;

async fn collected(world: World, change: impl FnOnce(&mut Config)) -> Result<Batch, Failure> {
    let server = world.serve().await;
    let mut config = config(&server.url);
    change(&mut config);
    let github = Github::new(config);
    assert_eq!(github.name(), "github");
    github.collect_at(&context(), PACE).await
}

async fn of(world: World) -> Batch {
    collected(world, |_| ()).await.unwrap()
}

fn failed(batch: &Batch) -> Vec<(&'static str, Reason)> {
    batch.failures().iter().map(|failure| (failure.group, failure.failure.reason)).collect()
}

/// c2 after c1, which pull request 1 of `files` brought by a merge commit.
fn brought_by_one(files: usize) -> World {
    let commits = [("c2", "c1"), ("c1", "c0")].map(|(oid, parent)| {
        let mut commit = commit_node(oid, &[parent], Some(1), 1);
        let pull = &mut commit["associatedPullRequests"]["nodes"][0];
        pull["changedFiles"] = json!(files);
        pull["commits"]["totalCount"] = json!(2);
        pull["mergeCommit"]["oid"] = json!("m");
        commit
    });
    World::small().with("Commits", in_object(&page(&commits, None, 2)))
}

fn listed(world: World, files: &[(&str, &str)]) -> World {
    let files: Vec<Value> = files.iter().map(|(path, how)| json!({"path": path, "changeType": how})).collect();
    let files = page(&files, None, files.len());
    world.with("FilesOfPulls", json!({"data": {"nodes": [{"id": "PR_1", "files": files}]}}))
}

fn touched(world: World, oid: &str, file: Value) -> World {
    world.with(&format!("/repos/acme/widgets/commits/{oid}"), json!({"files": [file]}))
}

#[tokio::test]
async fn a_file_that_is_made_and_renamed_in_one_pull_request_counts_under_both_names() {
    let world = listed(brought_by_one(1), &[("b", "ADDED")]);
    let world = touched(world, "c2", json!({"filename": "b", "status": "renamed", "previous_filename": "a"}));
    let world = touched(world, "c1", json!({"filename": "a", "status": "added"}));
    assert_eq!(value(&of(world).await, "github.code.files_changed_7d"), Some(2.0));
}

#[tokio::test]
async fn a_rename_that_only_the_whole_pull_request_shows_hides_no_path() {
    // c1 deletes a, and c2 makes b of what it held.
    let world = listed(brought_by_one(1), &[("b", "RENAMED")]);
    let world = touched(world, "c2", json!({"filename": "b", "status": "added"}));
    let world = touched(world, "c1", json!({"filename": "a", "status": "removed"}));
    assert_eq!(value(&of(world).await, "github.code.files_changed_7d"), Some(2.0));
}

#[tokio::test]
async fn a_path_that_no_commit_lists_does_not_count() {
    // c1 renames a to b, c2 rewrites b: the pull request as a whole deletes a and adds b.
    let world = listed(brought_by_one(2), &[("a", "DELETED"), ("b", "ADDED")]);
    let world = touched(world, "c2", json!({"filename": "b", "status": "modified"}));
    let world = touched(world, "c1", json!({"filename": "b", "status": "renamed", "previous_filename": "a"}));
    assert_eq!(value(&of(world.clone()).await, "github.code.files_changed_7d"), Some(1.0));
    let batch = collected(world, |config| config.max_commit_lookups = 1).await.unwrap();
    assert_eq!(failed(&batch), [("commit_files", Reason::Config)]);
}

#[tokio::test]
async fn jobs_that_a_later_attempt_took_over_did_not_wait_in_it() {
    let job = |id: u64, created: i64, started: i64, completed: i64| {
        job_node(id, json!({"created_at": when(created), "started_at": when(started), "completed_at": when(completed)}))
    };
    // The first passed a day ago and was not run again; the second started by a clock that is a second behind.
    let jobs = [job(1, HOUR, DAY, DAY - 60), job(2, HOUR, HOUR + 1, HOUR - 60), job(3, HOUR, HOUR - 120, 0)];
    let jobs = json!({"total_count": 3, "jobs": jobs});
    let batch = of(World::small().with("/repos/acme/widgets/actions/runs/30000000000/jobs", jobs)).await;
    assert_eq!(value(&batch, "github.ci.queue_time_minutes.p50"), Some(1.0));
    assert_eq!(value(&batch, "github.ci.queue_time_minutes.p90"), Some(1.8));
}

#[tokio::test]
async fn a_conflict_is_emptiness_in_an_empty_repository_alone() {
    let table = [
        ("/repos/acme/widgets/actions/runs?created", "ci_runs"),
        ("/repos/acme/widgets/actions/runs?status", "ci_queue"),
        ("/repos/acme/widgets/commits/c2", "commit_files"),
    ];
    for (key, group) in table {
        let batch = of(World::small().failing(key, 409)).await;
        assert!(failed(&batch).contains(&(group, Reason::BadReply)), "{key}: {:?}", failed(&batch));
    }
    let batch = of(World::empty().failing("/repos/acme/widgets/actions/runs", 409)).await;
    assert_eq!(failed(&batch), []);
    assert_eq!(value(&batch, "github.ci.workflow_runs_7d"), Some(0.0));
}

#[tokio::test]
async fn a_thousand_queued_runs_may_be_a_total_cut_short() {
    let queued = |total: u64| {
        World::small()
            .with("/repos/acme/widgets/actions/runs?status", json!({"total_count": total, "workflow_runs": []}))
    };
    assert_eq!(failed(&of(queued(1000)).await), [("ci_queue", Reason::BadReply)]);
    assert_eq!(value(&of(queued(1001)).await, "github.ci.runs_queued"), Some(3003.0));
}

#[tokio::test]
async fn no_default_branch_beside_branches_is_not_emptiness() {
    for branches in [json!({"totalCount": 2}), Value::Null] {
        let odd = json!({"data": {"repository": {
            "nameWithOwner": "acme/widgets", "defaultBranchRef": null, "branches": branches,
        }}});
        let batch = of(World::empty().with("Repository", odd)).await;
        let failure = &batch.failures()[0].failure;
        assert!(batch.gauges().is_empty());
        assert_eq!(failure.reason, Reason::BadReply);
        assert!(failure.cure.contains("Contents: read"), "{failure}");
    }
}

#[tokio::test]
async fn lines_are_not_sent_where_github_could_not_compute_a_diff() {
    let with = |parents: &[&str]| {
        let mut commit = commit_node("c2", parents, None, 1);
        commit["changedFilesIfAvailable"] = Value::Null;
        commit["additions"] = json!(0);
        World::small().with("Commits", in_object(&page(&[commit], None, 1)))
    };
    let batch = of(with(&["c1"])).await;
    assert_eq!(failed(&batch), [("commit_lines", Reason::BadReply)]);
    assert_eq!(value(&batch, "github.commits.total_7d"), Some(1.0));
    let batch = of(with(&["c1", "s1"])).await;
    assert_eq!(value(&batch, "github.code.lines_added_7d"), Some(0.0), "a merge commit has no lines of its own");
}

#[tokio::test]
async fn an_environment_has_one_name_in_any_case() {
    let server = |environment: &str| {
        let mut deployment = deployment_node(1, "c2");
        deployment["environment"] = json!(environment);
        World::small().with("Deployments", in_repository(&page(&[deployment], None, 1)))
    };
    for (environment, count) in [("Production", 1.0), ("production", 1.0), ("preproduction", 0.0)] {
        let batch = of(server(environment)).await;
        assert_eq!(value(&batch, "github.delivery.deployments_7d"), Some(count), "{environment}");
    }
}
