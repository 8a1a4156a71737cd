//! Whole collections against a server on a socket.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use collector::Reason;
use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use loopback::ok;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::catalog::group;
use crate::metrics::sample::DAY;
use crate::metrics::sample::HOUR;
use crate::metrics::sample::MINUTE;
use crate::metrics::sample::ago;
use crate::metrics::sample::now;
use crate::metrics::sample::value;
use crate::testing::*;

async fn collect(server: &Server) -> Batch {
    Wandb::new(config(server)).collect_at(&context(), QUICK).await.unwrap()
}

fn no_fault(_: &Seen, _: usize) -> Option<Answer> {
    None
}

/// The one group that failed, and why; the others are complete.
#[track_caller]
fn failed_group(batch: &Batch) -> (&'static str, Failure) {
    let [one] = batch.failures() else { panic!("{:?}", batch.failures()) };
    assert_eq!(one.tags.to_string(), "entity:acme project:vision");
    assert!(batch.gauges().iter().all(|gauge| gauge.def().group != one.group));
    for group in group::ALL.iter().filter(|group| **group != one.group) {
        let absent = batch.absences().iter().any(|absence| absence.def.group == *group);
        assert!(absent || batch.gauges().iter().any(|gauge| gauge.def().group == *group), "{group}");
    }
    assert!(!one.failure.cure.is_empty(), "{}", one.failure);
    (one.group, one.failure.clone())
}

/// Answers one operation so.
fn at(
    operation: &'static str,
    answer: impl Fn(&Seen, usize) -> Option<Answer> + Send + Sync + 'static,
) -> impl Fn(&Seen, usize) -> Option<Answer> + Send + Sync + 'static {
    move |seen: &Seen, before| if seen.operation() == operation { answer(seen, before) } else { None }
}

#[tokio::test]
async fn three_requests_read_a_small_project() {
    let running = json!({"state": "running", "created": 30 * DAY, "heartbeat": MINUTE,
        "summaryMetrics": "{\"loss\": 0.25}", "systemMetrics": "{\"system.gpu.0.gpu\": 40}"});
    let stale = json!({"state": "running", "created": 40 * DAY, "heartbeat": 30 * DAY});
    let bare = json!({"state": "pending", "heartbeatAt": null, "created": HOUR, "user": null});
    let runs = vec![run("a", json!({})), run("b", running), run("c", stale), run("d", bare)];
    let server = server(runs, no_fault).await;
    let context = context();
    let batch = Wandb::new(config(&server)).collect_at(&context, QUICK).await.unwrap();
    assert!(batch.failures().is_empty() && batch.warnings().is_empty(), "{batch:?}");
    for (name, expected) in [
        ("wandb.runs.active", Some(1.0)),
        ("wandb.runs.stale", Some(1.0)),
        ("wandb.runs.completed_7d", Some(1.0)),
        ("wandb.metrics.latest_loss", Some(0.25)),
        ("wandb.training.gpu_utilization_pct", Some(40.0)),
        ("wandb.training.runs_per_user", Some(2.0)),
        ("wandb.training.cost_estimate_usd", None),
    ] {
        assert_eq!(value(&batch, name), expected, "{name}");
    }
    let collector = Wandb::new(config(&server));
    assert_eq!(batch.gauges().len() + batch.absences().len(), collector.max_series());
    assert_eq!((context.meter().read().requests, server.seen().len()), (3, 3));
    for seen in server.seen() {
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/graphql"));
        assert_eq!(seen.body["operationName"], json!(seen.operation()));
        assert_eq!((seen.variable("entity"), seen.variable("project")), (&json!("acme"), &json!("vision")));
    }
    let keys = json!(["accuracy", "eval/accuracy", "loss", "train/loss", "overview/sps", "timing_per_epoch/sps"]);
    assert_eq!(asked(&server, "Activity")[0].variable("keys"), &keys);
}

/// 26,000 runs of which 400 had a heartbeat in 7 days, a tenth of those still running.
#[tokio::test]
async fn a_long_history_costs_no_more_than_its_last_week() {
    let runs: Vec<Value> = (0..26_000)
        .map(|i| {
            let age = 7 * DAY * i / 400;
            let state = if i < 40 { "running" } else { "finished" };
            run(&format!("{i:05}"), json!({"heartbeat": age, "created": age + DAY, "state": state}))
        })
        .collect();
    let server = server(runs, no_fault).await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty() && batch.warnings().is_empty(), "{:?}", batch.failures());
    assert_eq!(value(&batch, "wandb.runs.completed_7d"), Some(360.0));
    assert_eq!(value(&batch, "wandb.runs.active"), Some(2.0));
    assert_eq!(value(&batch, "wandb.runs.stale"), Some(38.0));
    let counts = ["Activity", "Running", "Created"].map(|operation| asked(&server, operation).len());
    // The fifth page ends before the window; the sixth request reads the front again.
    assert_eq!(counts, [6, 1, 2]);
}

#[tokio::test]
async fn a_project_without_runs_has_zeros_and_no_averages() {
    let server = server(Vec::new(), no_fault).await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty(), "{batch:?}");
    assert!(batch.gauges().iter().all(|gauge| gauge.value() == 0.0), "{:?}", batch.gauges());
    assert_eq!(batch.gauges().len() + batch.absences().len(), Wandb::new(config(&server)).max_series());
    assert_eq!(value(&batch, "wandb.training.runs_per_user"), None);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_listing_that_fails_leaves_the_others_whole() {
    for (operation, group) in [("Running", group::RUNNING), ("Activity", group::ACTIVITY), ("Created", group::CREATED)]
    {
        let page = json!({"runCount": 1, "runs": {"pageInfo": {"hasNextPage": false, "endCursor": null}, "edges": []}});
        let error = json!({"message": "lookup failed", "path": ["project", "runs", "edges", 0, "node", "state"]});
        for data in [json!(null), json!({"project": null}), json!({"project": page})] {
            let body = json!({"data": data, "errors": [error]});
            let server =
                server(vec![run("a", json!({}))], at(operation, move |_, _| Some(ok(body.clone()).into()))).await;
            let (failed, failure) = failed_group(&collect(&server).await);
            assert_eq!((failed, failure.reason), (group, Reason::Other));
            assert!(failure.why.contains("lookup failed (at project.runs.edges.0.node.state)"), "{failure}");
        }
    }
}

fn many() -> Vec<Value> {
    (0..250).map(|i| run(&format!("{i:03}"), json!({"heartbeat": HOUR + i, "created": DAY + i}))).collect()
}

/// The order as it is when a run's heartbeat came between two pages.
fn beaten(seen: &Seen, id: &str) -> Answer {
    let mut runs = many();
    for run in runs.iter_mut().filter(|run| run["id"] == id) {
        run["heartbeatAt"] = json!(ago(0));
    }
    listed(&runs, seen).into()
}

#[tokio::test]
async fn a_run_that_moves_to_the_front_is_found_there() {
    // From the second page on, the last run is the first one, and everything else is one place further on.
    let moves = at("Activity", |seen, before| (before > 0).then(|| beaten(seen, "249")));
    let server = server(many(), moves).await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty(), "{:?}", batch.failures());
    assert_eq!(value(&batch, "wandb.runs.completed_7d"), Some(250.0));
    assert_eq!(asked(&server, "Activity").len(), 4);
}

#[tokio::test]
async fn a_running_run_that_moves_out_of_sight_is_among_the_running_ones() {
    let live = || {
        run(
            "live",
            json!({"state": "running", "created": 20 * DAY, "heartbeat": 2 * HOUR,
        "summaryMetrics": "{\"loss\": 7}", "runInfo": {"gpu": "L4", "gpuCount": 1}}),
        )
    };
    // Its heartbeat goes on a little, from the page that is read next to the one that was read before.
    let server = server(
        many().into_iter().chain([live()]).collect(),
        at("Activity", |seen, _| Some(listed(&many(), seen).into())),
    )
    .await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty(), "{:?}", batch.failures());
    // The others hold no GPU.
    assert_eq!(value(&batch, "wandb.training.gpu_hours_7d"), Some(166.0));
}

#[tokio::test]
async fn a_run_that_is_seen_twice_counts_once() {
    let moves = at("Activity", |seen, before| (before > 0).then(|| beaten(seen, "000")));
    let server = server(many(), moves).await;
    assert_eq!(value(&collect(&server).await, "wandb.runs.completed_7d"), Some(250.0));
}

/// As seen by W&B's users: the length is right, and a run stands twice in the place of another.
#[tokio::test]
async fn a_run_in_the_place_of_another_is_noticed() {
    for operation in ["Activity", "Created"] {
        // The second page of the first reading begins with the last run of the first page, and lacks its own first.
        let replaced = at(operation, |seen, before| {
            let mut runs = many();
            let border = if seen.operation() == "Activity" { 100 } else { 200 };
            let order = if seen.operation() == "Activity" { "heartbeatAt" } else { "createdAt" };
            runs.sort_by(|a, b| a[order].as_str().cmp(&b[order].as_str()));
            if border == 100 {
                runs.reverse();
            }
            runs[border] = runs[border - 1].clone();
            (before == 1).then(|| {
                let next = (border == 100).then(|| "200".to_owned());
                connection(&runs[border..].iter().take(border).collect::<Vec<_>>(), runs.len(), next).into()
            })
        });
        let server = server(many(), replaced).await;
        let batch = collect(&server).await;
        assert!(batch.failures().is_empty(), "{operation}: {:?}", batch.failures());
        assert_eq!(value(&batch, "wandb.runs.completed_7d"), Some(250.0), "{operation}");
        assert_eq!(value(&batch, "wandb.training.runs_per_user"), Some(250.0), "{operation}");
        assert_eq!(asked(&server, operation).len(), if operation == "Activity" { 8 } else { 4 });
    }
}

#[tokio::test]
async fn runs_that_are_deleted_between_pages_have_it_read_again() {
    // A run of the first page is gone when a second one is asked for, which hides the one that moved over.
    for operation in ["Activity", "Created"] {
        let gone = AtomicBool::new(false);
        let server = server(many(), move |seen: &Seen, _| {
            if seen.operation() == operation && !seen.variable("after").is_null() {
                gone.store(true, Ordering::Relaxed);
            }
            gone.load(Ordering::Relaxed).then(|| listed(&many()[1..], seen).into())
        })
        .await;
        let batch = collect(&server).await;
        assert!(batch.failures().is_empty(), "{operation} {:?}", batch.failures());
        assert_eq!(value(&batch, "wandb.training.runs_per_user"), Some(249.0));
        // Where nothing made it read again, it saw the run before it was gone.
        let completed = value(&batch, "wandb.runs.completed_7d");
        assert!(completed == Some(249.0) || operation == "Created" && completed == Some(250.0), "{completed:?}");
    }
}

#[tokio::test]
async fn fewer_runs_than_the_server_counts_are_no_result() {
    for operation in ["Running", "Created", "Activity"] {
        let short = at(operation, |_, _| Some(connection(&[], 3, None).into()));
        let server = server(Vec::new(), short).await;
        let (_, failure) = failed_group(&collect(&server).await);
        assert_eq!((failure.reason, asked(&server, operation).len()), (Reason::BadReply, 3));
        assert!(failure.why.contains("as many runs as the server counts"), "{failure}");
    }
}

/// Runs that were created before the window, so that no other listing has them.
#[tokio::test]
async fn a_listing_by_heartbeat_that_ends_early_is_read_again() {
    let old: Vec<Value> =
        (0..250).map(|i| run(&format!("{i:03}"), json!({"heartbeat": HOUR + i, "created": 20 * DAY}))).collect();
    for always in [false, true] {
        let runs = old.clone();
        let early = at("Activity", move |_, before| {
            (before == 0 || always).then(|| connection(&runs[..100].iter().collect::<Vec<_>>(), 250, None).into())
        });
        let server = server(old.clone(), early).await;
        let batch = collect(&server).await;
        if always {
            assert_eq!(failed_group(&batch).0, group::ACTIVITY);
        } else {
            assert!(batch.failures().is_empty(), "{:?}", batch.failures());
            assert_eq!(value(&batch, "wandb.runs.completed_7d"), Some(250.0));
        }
    }
}

#[tokio::test]
async fn a_run_that_only_another_listing_shows_is_missed() {
    let lost = at("Activity", |_, _| Some(connection(&[], 0, None).into()));
    let server = server(vec![run("a", json!({}))], lost).await;
    let (group, failure) = failed_group(&collect(&server).await);
    assert_eq!((group, failure.reason), (group::ACTIVITY, Reason::BadReply));
    assert!(failure.why.contains("another listing shows"), "{failure}");
    assert_eq!(asked(&server, "Activity").len(), 2);
}

#[tokio::test]
async fn a_run_without_a_heartbeat_stands_anywhere_in_the_order() {
    for first in [true, false] {
        let order = at("Activity", move |seen, _| {
            let mut runs: Vec<Value> = many();
            let bare: Vec<Value> =
                (0..250).map(|i| run(&format!("bare{i}"), json!({"heartbeatAt": null, "created": 9 * DAY}))).collect();
            let at = if first { 0 } else { 120 };
            runs.splice(at..at, bare);
            let offset: usize = seen.variable("after").as_str().map_or(0, |cursor| cursor.parse().unwrap());
            let page: Vec<&Value> = runs.iter().skip(offset).take(100).collect();
            let next = (offset + 100 < runs.len()).then(|| (offset + 100).to_string());
            Some(connection(&page, runs.len(), next).into())
        });
        let server = server(many(), order).await;
        let batch = collect(&server).await;
        assert!(batch.failures().is_empty(), "{:?}", batch.failures());
        assert_eq!(value(&batch, "wandb.runs.completed_7d"), Some(250.0));
    }
}

#[tokio::test]
async fn an_order_that_is_ignored_is_noticed() {
    let unordered = at("Activity", |seen, _| {
        let mut runs = vec![run("old", json!({"heartbeat": 9 * DAY, "created": 9 * DAY}))];
        runs.extend(many());
        let size = seen.variable("size").as_u64().unwrap() as usize;
        let page: Vec<&Value> = runs.iter().take(size).collect();
        Some(connection(&page, runs.len(), Some("next".to_owned())).into())
    });
    let server = server(many(), unordered).await;
    let (_, failure) = failed_group(&collect(&server).await);
    assert!(failure.why.contains("not in the order of their heartbeats"), "{failure}");
    assert_eq!(asked(&server, "Activity").len(), 1);
}

#[tokio::test]
async fn pages_without_end_end() {
    let empty = |next: String| Some(connection(&[], 9, Some(next)).into());
    let same = server(Vec::new(), at("Created", move |_, _| empty("same".to_owned()))).await;
    assert!(failed_group(&collect(&same).await).1.why.contains("repeat themselves"));
    assert_eq!(asked(&same, "Created").len(), 2);
    let fresh = server(Vec::new(), at("Created", move |_, before| empty(before.to_string()))).await;
    assert!(failed_group(&collect(&fresh).await).1.why.contains("empty without end"));
    assert_eq!(asked(&fresh, "Created").len(), 5);
    let nowhere = json!({"data": {"project": {"runCount": 1, "runs": {
        "pageInfo": {"hasNextPage": true, "endCursor": null}, "edges": []}}}});
    let server = server(Vec::new(), at("Created", move |_, _| Some(ok(nowhere.clone()).into()))).await;
    assert!(failed_group(&collect(&server).await).1.why.contains("and not where"));
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let runs = [run("a", json!({"user": {"id": "bob"}})), run("b", json!({}))];
    let listed_too = runs.to_vec();
    let pages = at("Created", move |_, before| {
        Some(match before {
            0 => connection(&[&runs[0]], 2, Some("1".to_owned())).into(),
            1 => connection(&[], 2, Some("2".to_owned())).into(),
            _ => connection(&[&runs[1]], 2, None).into(),
        })
    });
    let server = server(listed_too, pages).await;
    let batch = collect(&server).await;
    assert_eq!(value(&batch, "wandb.training.runs_per_user"), Some(1.0));
}

#[tokio::test]
async fn odd_replies_are_no_numbers() {
    let strange = [
        json!({"data": {}}),
        json!({"data": {"project": {"runCount": 0}}}),
        json!({"data": {"project": {"runCount": 0, "runs": null}}}),
        json!({"data": {"project": {"runCount": 1, "runs": {"pageInfo": {"hasNextPage": false}, "edges": [{"node": null}]}}}}),
        json!({"data": {"project": {"runCount": 1, "runs": {"edges": []}}}}),
        json!({"data": {"project": {"runCount": -1, "runs": {"pageInfo": {"hasNextPage": false}, "edges": []}}}}),
        json!({"data": null}),
        json!({}),
        json!([]),
        json!(null),
    ];
    for body in strange {
        let shown = body.to_string();
        let server = server(Vec::new(), at("Running", move |_, _| Some(ok(body.clone()).into()))).await;
        let (group, failure) = failed_group(&collect(&server).await);
        assert_eq!((group, failure.reason), (group::RUNNING, Reason::BadReply), "{shown}");
    }
}

#[tokio::test]
async fn a_key_that_is_revoked_midway_keeps_what_was_read() {
    let revoked = |_: &Seen, _| Some(loopback::answer(401, &[], &json!({"errors": ["user is not logged in"]})).into());
    let server = server(vec![run("a", json!({}))], at("Created", revoked)).await;
    let batch = collect(&server).await;
    let reasons: Vec<Reason> = batch.failures().iter().map(|one| one.failure.reason).collect();
    assert!(!reasons.is_empty() && reasons.iter().all(|reason| *reason == Reason::Unauthorized));
    assert!(batch.failures().iter().any(|one| one.group == group::CREATED));
}

#[tokio::test]
async fn a_wrong_key_is_said_once() {
    let server = Server::start(|_: &Seen, _| loopback::answer(401, &[], &json!({"error": "invalid api key"}))).await;
    let projects = (0..15).map(|i| format!("acme/p{i}").parse().unwrap()).collect();
    let config = Config { projects, ..config(&server) };
    let failure = Wandb::new(config).collect_at(&context(), QUICK).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unauthorized);
    assert!(failure.why.contains("401 invalid api key") && failure.cure.contains("WANDB_API_KEY"), "{failure}");
    assert!(server.seen().len() <= QUICK.in_flight, "{} requests", server.seen().len());
}

#[tokio::test]
async fn the_deadline_ends_a_listing_that_hangs() {
    let server = server(vec![run("a", json!({}))], at("Activity", |_, _| Some(Answer::Never))).await;
    let context = loopback::context(now(), Duration::from_millis(1500));
    let batch = Wandb::new(config(&server)).collect_at(&context, QUICK).await.unwrap();
    let (group, failure) = failed_group(&batch);
    assert_eq!((group, failure.reason), (group::ACTIVITY, Reason::Deadline));
}

#[tokio::test]
async fn without_keys_no_whole_summary_is_asked_for() {
    let server = server(vec![run("a", json!({}))], no_fault).await;
    let none = Vec::new;
    let config = Config { accuracy_keys: none(), loss_keys: none(), group_keys: none(), ..config(&server) };
    let batch = Wandb::new(config).collect_at(&context(), QUICK).await.unwrap();
    assert!(batch.failures().is_empty() && value(&batch, "wandb.metrics.latest_loss").is_none());
    for operation in ["Activity", "Running"] {
        assert_eq!(asked(&server, operation)[0].variable("keys").as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn a_key_that_stands_in_a_run_is_not_shown() {
    let key = config(&Server::start(|_: &Seen, _| ok(json!({}))).await).api_key;
    let key = secrecy::ExposeSecret::expose_secret(&key).to_owned();
    let odd = |id: &str, state: &str| {
        run(id, json!({"state": state, "runInfo": {"gpu": format!("GPU {key}"), "gpuCount": 1}, "displayName": key}))
    };
    let server = server(vec![odd("a", &key), odd("b", "running")], no_fault).await;
    let config = Config { gpu_hourly_usd: [("H100".to_owned(), 2.0)].into(), ..config(&server) };
    let batch = Wandb::new(config).collect_at(&context(), QUICK).await.unwrap();
    let shown = batch.warnings().join("\n");
    assert!(!shown.contains("SECRET") && shown.contains("GPU ***") && shown.contains("1 \"***\""), "{shown}");
    assert_eq!(value(&batch, "wandb.training.gpu_hours_7d"), Some(2.0));
}
