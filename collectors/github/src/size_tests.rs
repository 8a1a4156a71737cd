//! Many records: what they cost in requests, and GitHub's cap on filtered listings.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::metrics::sample::*;
use crate::testing::*;
use crate::world::*;
use crate::*;

/// A listing of workflow runs that behaves as GitHub's: filtered by `created`, 100 a page, 1,000 at most.
fn listing(world: World, created: Vec<Timestamp>) -> World {
    let jobs = json!({"total_count": 1, "jobs": [
        job_node(1, json!({"created_at": when(0), "started_at": when(0)})),
    ]});
    world.answering("/repos/acme/widgets/actions/runs/", move |_| ok(jobs.clone())).answering(
        "/repos/acme/widgets/actions/runs?created",
        move |seen| {
            let parameter = |name: &str| {
                let (_, query) = seen.path.split_once('?').unwrap();
                query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap().replace("%3A", ":")
            };
            let range = parameter("created");
            let (from, to) = range.split_once("..").unwrap();
            let (from, to): (Timestamp, Timestamp) = (from.parse().unwrap(), to.parse().unwrap());
            let number: usize = parameter("page").parse().unwrap();
            assert!(number <= 10, "GitHub lists 1,000");
            let within = created.iter().enumerate().filter(|(_, at)| from <= **at && **at <= to);
            let runs: Vec<Value> = within
                .clone()
                .skip((number - 1) * 100)
                .take(100)
                .map(|(i, at)| run_node(i as u64 + 1, json!({"created_at": at.to_string()})))
                .collect();
            ok(json!({"total_count": within.count(), "workflow_runs": runs}))
        },
    )
}

fn spread(runs: usize) -> Vec<Timestamp> {
    let step = 7 * DAY / runs as i64;
    (0..runs).map(|i| ago(7 * DAY - 1 - i as i64 * step)).collect()
}

async fn runs_of(created: Vec<Timestamp>) -> (Option<f64>, Batch, usize) {
    let mut world = World::small();
    world.forget("/repos/acme/widgets/actions/runs/30000000000/jobs");
    let server = listing(world, created).serve().await;
    let batch = Github::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap();
    let runs = batch.failures().is_empty().then(|| value(&batch, "github.ci.workflow_runs_7d").unwrap());
    (runs, batch, server.paths().iter().filter(|path| path.contains("runs?created")).count())
}

#[tokio::test]
async fn runs_beyond_a_thousand_are_all_counted() {
    assert_eq!(runs_of(spread(1000)).await.0, Some(1000.0));
    let (runs, _, requests) = runs_of(spread(2000)).await;
    assert_eq!(runs, Some(2000.0));
    assert!(requests <= 22, "{requests}");
    // All in one hour of the week: the slices are cut again and again.
    let hour = (0..2500).map(|i| ago(3 * DAY) + SignedDuration::from_secs(i % 3600)).collect();
    assert_eq!(runs_of(hour).await.0, Some(2500.0));
    let edges = vec![ago(-1), ago(0), ago(7 * DAY - 1), ago(7 * DAY)];
    assert_eq!(runs_of(edges).await.0, Some(2.0));
}

#[tokio::test]
async fn a_second_with_more_than_a_thousand_runs_fails() {
    let (_, batch, _) = runs_of(vec![ago(DAY); 1001]).await;
    assert!(batch.failures().iter().any(|f| f.group == "ci_runs" && f.failure.reason == Reason::BadReply));
}

#[tokio::test]
async fn a_listing_that_does_not_add_up_fails() {
    let world = World::small().with(
        "/repos/acme/widgets/actions/runs?created",
        json!({"total_count": 2, "workflow_runs": [run_node(1, json!({})), run_node(1, json!({}))]}),
    );
    let server = world.serve().await;
    let batch = Github::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap();
    assert!(batch.failures().iter().any(|f| f.group == "ci_runs" && f.failure.reason == Reason::BadReply));
    assert_eq!(server.paths().iter().filter(|path| path.contains("runs?created")).count(), 2, "read twice");
}

#[test]
fn a_run_is_slim() {
    // 20,000 of them are 4 MB with their commit ids, of a process that may have 96 MiB.
    assert!(size_of::<records::Run>() <= 144, "{}", size_of::<records::Run>());
}

/// Nodes by number, paged by a cursor that is the number of those before it.
fn paged(total: usize, node: impl Fn(usize) -> Value + Send + Sync + 'static) -> impl Fn(&Seen) -> Value + Send + Sync {
    move |seen| {
        let at: usize = seen.variable("after").as_str().map_or(0, |cursor| cursor.parse().unwrap());
        let end = (at + seen.variable("size").as_u64().unwrap() as usize).min(total);
        let nodes: Vec<Value> = (at..end).map(&node).collect();
        let next = end.to_string();
        page(&nodes, (end < total).then_some(&*next), total)
    }
}

#[tokio::test]
async fn a_busy_repository_takes_at_most_95_requests() {
    let open = paged(50, |i| json!({"number": i, "isDraft": false, "createdAt": when(DAY)}));
    let closed = paged(230, |i| {
        let merged = if i < 200 { json!(when(DAY)) } else { Value::Null };
        pull_node(i as u64, json!({"mergedAt": merged, "updatedAt": when(DAY - 300 + i as i64), "closedAt": when(DAY)}))
    });
    let commits = paged(300, |i| {
        let parent = format!("c{}", i + 1);
        commit_node(&format!("c{i}"), &[&parent], (i >= 20).then_some(i as u64), 1)
    });
    let branches = paged(1200, |i| json!({"name": format!("b{i}"), "target": {"committedDate": when(DAY)}}));
    let mut world = World::small()
        .answering("OpenPulls", move |seen| ok(in_repository(&open(seen))))
        .answering("ClosedPulls", move |seen| ok(in_repository(&closed(seen))))
        .answering("Commits", move |seen| ok(in_object(&commits(seen))))
        .answering("Branches", move |seen| ok(in_repository(&branches(seen))))
        .answering("FilesOfPulls", |seen| {
            let file = |id: &Value| json!({"id": id, "files": page(&[file_node(id.as_str().unwrap())], None, 1)});
            let nodes: Vec<Value> = seen.variable("ids").as_array().unwrap().iter().map(file).collect();
            ok(json!({"data": {"nodes": nodes}}))
        })
        .answering("/repos/acme/widgets/commits/", |seen| ok(json!({"files": [{"filename": seen.path}]})));
    world.forget("/repos/acme/widgets/actions/runs/30000000000/jobs");
    world.forget("/repos/acme/widgets/commits/c2");
    let server = listing(world, spread(2000)).serve().await;
    let batch = Github::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap();
    assert!(batch.failures().is_empty(), "{:?}", batch.failures());
    let expected = [
        ("github.prs.open", 50.0),
        ("github.prs.merged_7d", 200.0),
        ("github.prs.closed_without_merge_7d", 30.0),
        ("github.commits.total_7d", 300.0),
        ("github.code.files_changed_7d", 300.0),
        ("github.branches.total", 1200.0),
        ("github.ci.workflow_runs_7d", 2000.0),
    ];
    for (name, expected) in expected {
        assert_eq!(value(&batch, name), Some(expected), "{name}");
    }
    let requests = server.seen().len();
    assert!(requests <= 95, "{requests}");
    let operations: BTreeSet<String> = server.seen().iter().map(|seen| seen.operation().to_owned()).collect();
    assert!(operations.contains("FilesOfPulls"));
}

/// Answers every listing of runs with `total` and what `rows` makes of the first second of the slice.
async fn claiming(
    total: impl Fn(&str) -> u64 + Send + Sync + 'static,
    rows: impl Fn(Timestamp) -> Vec<Value> + Send + Sync + 'static,
) -> usize {
    let created = "/repos/acme/widgets/actions/runs?created";
    let world = World::small().answering(created, move |seen| {
        let (_, after) = seen.path.split_once("created=").unwrap();
        let from = after.split("..").next().unwrap().replace("%3A", ":");
        ok(json!({"total_count": total(after), "workflow_runs": rows(from.parse().unwrap())}))
    });
    let server = world.serve().await;
    let batch = Github::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap();
    assert!(batch.failures().iter().any(|f| f.group == "ci_runs" && f.failure.reason == Reason::BadReply));
    server.paths().iter().filter(|path| path.contains("runs?created")).count()
}

/// A hundred runs of one second.
fn hundred(at: Timestamp) -> Vec<Value> {
    let id = |i: u64| at.as_second() as u64 * 1000 + i;
    (0..100).map(|i| run_node(id(i), json!({"created_at": at.to_string()}))).collect()
}

#[tokio::test]
async fn a_total_of_runs_that_is_a_lie_ends_soon() {
    assert_eq!(claiming(|_| 1_000_000_000, hundred).await, 1, "beyond reason");
    assert_eq!(claiming(|_| 1000, |_| Vec::new()).await, 1, "a thousand, and none is listed");
    let same = |_| hundred(ago(DAY));
    assert!(claiming(|_| 1000, same).await <= 8, "runs of another time than asked for");
    let twice = |at: Timestamp| vec![run_node(1, json!({"created_at": at.to_string()})); 100];
    assert_eq!(claiming(|_| 1000, twice).await, 1, "one run a hundred times");
    let requests = claiming(|_| 900_000, hundred).await;
    assert!(requests <= 1300, "the parts claim more than the whole: {requests}");
    let requests = claiming(|_| 5000, hundred).await;
    assert!(requests <= 9, "the parts claim more than the whole: {requests}");
}
