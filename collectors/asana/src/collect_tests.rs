//! Whole collections against a server on a socket.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use axum::response::Response;
use collector::Reason;
use loopback::Server;
use loopback::ok;
use serde_json::json;

use super::*;
use crate::metrics::sample::*;
use crate::testing::*;

async fn run(config: Config) -> Result<Batch, Failure> {
    Asana::new(config).collect_at(&context(), QUICK).await
}

async fn collect(server: &Server) -> Batch {
    run(config(server)).await.unwrap()
}

/// The reason for which this group failed; all others have gauges.
#[track_caller]
fn failed_group(batch: &Batch, group: &str) -> Failure {
    let [one] = batch.failures() else { panic!("{:?}", batch.failures()) };
    assert_eq!((one.group, one.tags.get("workspace")), (group, Some(WORKSPACE)));
    assert!(batch.gauges().iter().all(|gauge| gauge.def().group != group));
    assert!(!batch.gauges().is_empty());
    one.failure.clone()
}

/// Paths below the address of the API, in order of asking, without queries.
fn paths(server: &Server) -> Vec<String> {
    let mut paths: Vec<String> = server.seen().iter().map(|seen| parts(seen).0).collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn one_listing_of_projects_and_one_of_each_projects_tasks_read_everything() {
    let bugs = vec![raw("50", json!({})), raw("51", json!({"memberships": [membership("99", "Active")]}))];
    let shared = raw("50", json!({}));
    let world = World::empty().with("98", vec![shared, raw("60", json!({}))]).with("99", bugs);
    let server = world.with_hidden(project("97", WORKSPACE, true), tasks("7", 3)).up().await;
    let context = context();
    let config = configured(&server, &[], Some("99"));
    let batch = Asana::new(config).collect_at(&context, QUICK).await.unwrap();
    assert!(batch.failures().is_empty() && batch.warnings().is_empty(), "{batch:?}");
    assert_eq!(batch.gauges().len() + batch.absences().len(), METRICS.len());
    assert_eq!(context.meter().read().requests, 3);
    assert_eq!(paths(&server), ["projects", "projects/98/tasks", "projects/99/tasks"]);
    for (name, expected) in [
        ("projects.active", 2.0),
        ("projects.on_track", 2.0),
        ("tasks.open", 3.0),
        ("projects.bugs.total_open", 2.0),
        ("projects.bugs.triage_count", 1.0),
        ("projects.bugs.active_count", 1.0),
    ] {
        assert_eq!(value(&batch, &format!("asana.{name}")), Some(expected), "{name}");
    }
    assert!(batch.gauges().iter().all(|gauge| gauge.tags().to_string() == "workspace:12"));
    for seen in server.seen() {
        let (path, query) = parts(&seen);
        let query: Vec<(&str, &str)> = query.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let since = ("completed_since", "2026-02-08T12:00:00Z");
        let fields = "assignee,completed,completed_at,created_at,due_at,due_on";
        let bug_fields = format!("{fields},memberships.project,memberships.section.name");
        let expected = match path.as_str() {
            "projects" => vec![
                ("archived", "false"),
                ("limit", "100"),
                ("opt_fields", "current_status_update.status_type"),
                ("workspace", WORKSPACE),
            ],
            "projects/98/tasks" => vec![since, ("limit", "100"), ("opt_fields", fields)],
            _ => vec![since, ("limit", "100"), ("opt_fields", bug_fields.as_str())],
        };
        assert_eq!(query, expected, "{path}");
    }
}

#[tokio::test]
async fn forty_projects_with_four_thousand_tasks_take_seventy_requests_or_fewer() {
    let mut world = World::empty();
    for number in 0..40 {
        let count = if number % 2 == 0 { 150 } else { 50 };
        world = world.with(&format!("{}", 100 + number), tasks(&format!("{}", 100 + number), count));
    }
    let server = world.up().await;
    let config = configured(&server, &[], Some("100"));
    let batch = run(config).await.unwrap();
    assert_eq!(value(&batch, "asana.tasks.total"), Some(4000.0));
    assert_eq!(value(&batch, "asana.projects.bugs.total_open"), Some(150.0));
    assert_eq!(server.seen().len(), 1 + 20 * 2 + 20);
}

#[tokio::test]
async fn an_empty_workspace_gives_zeros_if_the_token_sees_it() {
    let server = World::empty().up().await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty(), "{batch:?}");
    assert_eq!(value(&batch, "asana.projects.active"), Some(0.0));
    assert_eq!(value(&batch, "asana.tasks.total"), Some(0.0));
    assert_eq!(value(&batch, "asana.cycle_time.avg_hours"), None);
    assert_eq!(paths(&server), ["projects", "users/me"]);

    for (workspaces, words) in [(vec!["7", "8"], "7, 8"), (vec![], "none")] {
        let server = World { workspaces, ..World::empty() }.up().await;
        let failure = run(config(&server)).await.unwrap_err();
        assert_eq!(failure.reason, Reason::NotFound);
        assert!(failure.why.ends_with(words) && failure.cure.contains("ASANA_WORKSPACE"), "{failure}");
    }
    for me in [json!({"data": {"gid": "1"}}), json!({"data": {"workspaces": null}}), json!({})] {
        let server = World::empty().serve(move |seen| (parts(seen).0 == "users/me").then(|| ok(me.clone()))).await;
        assert_eq!(run(config(&server)).await.unwrap_err().reason, Reason::BadReply);
    }
}

#[tokio::test]
async fn a_workspace_that_is_refused_fails_the_whole() {
    for (status, reason) in
        [(400, Reason::Config), (401, Reason::Unauthorized), (403, Reason::Forbidden), (404, Reason::NotFound)]
    {
        let world = World::empty().with("1", tasks("5", 1));
        let server = world.serve(move |seen| (parts(seen).0 == "projects").then(|| refusal(status, "Not yours"))).await;
        let failure = run(configured(&server, &["1"], Some("1"))).await.unwrap_err();
        assert_eq!((failure.reason, server.seen().len()), (reason, 1), "{status}");
        assert!(failure.cure.contains("ASANA_"), "{failure}");
    }
}

#[tokio::test]
async fn what_is_named_is_read_although_the_projects_cannot_be_listed() {
    let late =
        |world: World| world.serve(|seen| (parts(seen).0 == "projects").then(|| refusal(504, "The request timed out")));
    let server = late(World::empty().with("1", tasks("5", 3))).await;
    let batch = run(configured(&server, &["1"], None)).await.unwrap();
    assert_eq!(failed_group(&batch, group::PROJECTS).reason, Reason::Unreachable);
    assert_eq!(value(&batch, "asana.tasks.open"), Some(3.0));

    let server = late(World::empty().with("1", tasks("5", 3))).await;
    let batch = run(configured(&server, &[], Some("1"))).await.unwrap();
    let failed: Vec<&str> = batch.failures().iter().map(|failure| failure.group).collect();
    assert_eq!(failed, [group::PROJECTS, group::TASKS]);
    assert_eq!(value(&batch, "asana.projects.bugs.total_open"), Some(3.0));

    let server = late(World::empty().with("1", tasks("5", 3))).await;
    assert_eq!(run(config(&server)).await.unwrap_err().reason, Reason::Unreachable);
}

#[tokio::test]
async fn a_project_that_cannot_be_read_fails_the_tasks_and_all_such_are_named() {
    let world = || World::empty().with("1", tasks("5", 1)).with("2", tasks("6", 1)).with("3", tasks("7", 1));
    for (status, reason) in
        [(402, Reason::Forbidden), (403, Reason::Forbidden), (404, Reason::NotFound), (451, Reason::Forbidden)]
    {
        let server = world()
            .serve(move |seen| (is_tasks(seen, "2") || is_tasks(seen, "3")).then(|| refusal(status, "No")))
            .await;
        let batch = run(configured(&server, &[], Some("1"))).await.unwrap();
        let failure = failed_group(&batch, group::TASKS);
        assert_eq!((failure.reason, failure.doing.as_str()), (reason, "list the tasks of project 2"));
        assert!(failure.why.contains(&format!("{status} No; 1 more could not be read: 3")), "{failure}");
        assert_eq!(value(&batch, "asana.projects.active"), Some(3.0));
        assert_eq!(value(&batch, "asana.projects.bugs.total_open"), Some(1.0));
        assert_eq!(server.seen().len(), 4);
    }
}

#[tokio::test]
async fn a_page_in_the_middle_that_cannot_be_read_makes_no_smaller_number() {
    let world = World::empty().with("1", tasks("5", 250)).with("2", tasks("6", 5));
    let server = world.serve(|seen| (parts(seen).1.get("offset")? == "at=100").then(|| refusal(404, "Gone"))).await;
    let batch = collect(&server).await;
    assert_eq!(failed_group(&batch, group::TASKS).reason, Reason::NotFound);
}

#[tokio::test]
async fn a_token_that_is_revoked_midway_stops_the_rest() {
    let mut world = World::empty();
    for number in 0..40 {
        world = world.with(&format!("{}", 100 + number), tasks(&format!("{}", 100 + number), 1));
    }
    let server = world.serve(|seen| (parts(seen).0 != "projects").then(|| refusal(401, "Not Authorized"))).await;
    let batch = run(configured(&server, &[], Some("100"))).await.unwrap();
    assert_eq!(batch.failures().len(), 2);
    for failure in batch.failures() {
        assert_eq!(failure.failure.reason, Reason::Unauthorized);
        assert!(!failure.failure.why.contains("more could not be read"), "{}", failure.failure);
    }
    assert_eq!(value(&batch, "asana.projects.active"), Some(40.0));
    assert!(server.seen().len() < 20, "{}", server.seen().len());
}

#[tokio::test]
async fn a_limit_that_outlives_the_deadline_stops_the_rest_and_tells_how_to_read_less() {
    let mut world = World::empty();
    for number in 0..40 {
        world = world.with(&format!("{}", 100 + number), tasks(&format!("{}", 100 + number), 1));
    }
    let limit = || loopback::answer(429, &[("retry-after", "3600")], &json!({"errors": [{"message": "Slow down"}]}));
    let server = world.serve(move |seen| (parts(seen).0 != "projects").then(limit)).await;
    let failure = failed_group(&collect(&server).await, group::TASKS);
    assert_eq!(failure.reason, Reason::RateLimited);
    assert!(failure.cure.contains("All 40 projects are read: name those that count in ASANA_PROJECTS"), "{failure}");
    assert!(server.seen().len() < 20, "{}", server.seen().len());
}

#[tokio::test]
async fn when_asana_fails_it_is_not_asked_for_every_project_but_for_the_bugs() {
    let mut world = World::empty();
    for number in 0..100 {
        world = world.with(&format!("{}", 100 + number), tasks(&format!("{}", 100 + number), 1));
    }
    let busy: fn() -> Response = || refusal(503, "Busy");
    let other: fn() -> Response = || ok(json!({"data": 7, "next_page": null}));
    for (fault, reason) in [(busy, Reason::Unreachable), (other, Reason::BadReply)] {
        let ours = |seen: &loopback::Seen| parts(seen).0 == "projects" || is_tasks(seen, "199");
        let server = world.clone().serve(move |seen| (!ours(seen)).then(fault)).await;
        let batch = run(configured(&server, &[], Some("199"))).await.unwrap();
        let failure = failed_group(&batch, group::TASKS);
        assert_eq!(failure.reason, reason);
        // One failure is not told again for what was not asked.
        assert!(!failure.why.contains("more could not be read"), "{failure}");
        assert_eq!(value(&batch, "asana.projects.bugs.total_open"), Some(1.0));
        // Eight at once with four tries each, the projects, the bugs, and those that were under way.
        assert!(server.seen().len() <= 50, "{}", server.seen().len());
    }
}

#[tokio::test]
async fn only_the_projects_that_are_named_count() {
    let world = World::empty().with("1", tasks("5", 1)).with("2", tasks("6", 10));
    let server = world.up().await;
    let batch = run(configured(&server, &["2"], None)).await.unwrap();
    assert_eq!(value(&batch, "asana.tasks.open"), Some(10.0));
    assert_eq!(value(&batch, "asana.projects.active"), Some(2.0));
    assert_eq!(paths(&server), ["projects", "projects/2/tasks"]);
}

#[tokio::test]
async fn a_named_project_that_is_archived_counts_and_is_told() {
    let world = World::empty().with("1", tasks("5", 1)).with_hidden(project("2", WORKSPACE, true), tasks("6", 10));
    let server = world.up().await;
    let batch = run(configured(&server, &["1", "2"], None)).await.unwrap();
    assert_eq!(value(&batch, "asana.tasks.open"), Some(11.0));
    assert_eq!(value(&batch, "asana.projects.active"), Some(1.0));
    assert!(batch.warnings()[0].contains("project 2 is archived"), "{batch:?}");
    assert_eq!(paths(&server), ["projects", "projects/1/tasks", "projects/2", "projects/2/tasks"]);
}

#[tokio::test]
async fn a_named_project_of_another_workspace_is_a_mistake() {
    let world = || World::empty().with("1", tasks("5", 1)).with_hidden(project("2", "13", false), tasks("6", 10));
    let server = world().up().await;
    let failure = failed_group(&run(configured(&server, &["1", "2"], None)).await.unwrap(), group::TASKS);
    assert_eq!((failure.reason, failure.doing.as_str()), (Reason::Config, "read project 2"));
    assert!(failure.why.contains("workspace 13, not to 12"), "{failure}");
    let server = world().up().await;
    let failure = failed_group(&run(configured(&server, &[], Some("2"))).await.unwrap(), group::BUGS);
    assert_eq!(failure.reason, Reason::Config);
    for odd in [json!({"archived": false}), json!({"archived": null}), json!({"archived": false, "workspace": null})] {
        let reply = move || ok(json!({"data": odd}));
        let server = world().serve(move |seen| (parts(seen).0 == "projects/2").then(&reply)).await;
        let failure = failed_group(&run(configured(&server, &[], Some("2"))).await.unwrap(), group::BUGS);
        assert_eq!(failure.reason, Reason::BadReply);
    }
}

#[tokio::test]
async fn the_bugs_project_is_read_once_and_counts_as_a_project_only_if_it_is_one() {
    let world = || World::empty().with("1", tasks("5", 1)).with("99", tasks("6", 10));
    let server = world().up().await;
    let batch = run(configured(&server, &["1", "99"], Some("99"))).await.unwrap();
    assert_eq!(value(&batch, "asana.tasks.open"), Some(11.0));
    assert_eq!(value(&batch, "asana.projects.bugs.total_open"), Some(10.0));
    assert_eq!(paths(&server), ["projects", "projects/1/tasks", "projects/99/tasks"]);

    let server = world().up().await;
    let batch = run(configured(&server, &["1"], Some("99"))).await.unwrap();
    assert_eq!(value(&batch, "asana.tasks.open"), Some(1.0));
    assert_eq!(value(&batch, "asana.projects.bugs.total_open"), Some(10.0));
}

#[tokio::test]
async fn a_bugs_project_that_cannot_be_read_fails_alone_unless_its_tasks_count() {
    let forbidden = |seen: &loopback::Seen| is_tasks(seen, "99").then(|| refusal(403, "No"));
    let world = || World::empty().with("1", tasks("5", 1)).with("99", tasks("6", 10));
    let server = world().serve(forbidden).await;
    let batch = run(configured(&server, &["1"], Some("99"))).await.unwrap();
    assert_eq!(failed_group(&batch, group::BUGS).reason, Reason::Forbidden);
    assert_eq!(value(&batch, "asana.tasks.open"), Some(1.0));

    let server = world().serve(forbidden).await;
    let batch = run(configured(&server, &[], Some("99"))).await.unwrap();
    let failed: Vec<&str> = batch.failures().iter().map(|failure| failure.group).collect();
    assert_eq!(failed, [group::TASKS, group::BUGS]);
}

#[tokio::test]
async fn a_task_that_moves_between_pages_counts_once() {
    let moved = AtomicBool::new(false);
    let listing = tasks("5", 150);
    let server = World::empty()
        .with("1", listing.clone())
        .serve(move |seen| {
            parts(seen).1.get("offset")?;
            // The last task of the first page comes again, completed meanwhile, at the head of the second.
            assert!(!moved.swap(true, Ordering::SeqCst));
            let again = raw("500099", json!({"completed": true, "completed_at": ago(60)}));
            let rest = [vec![again], listing[100..].to_vec()].concat();
            Some(ok(json!({"data": rest, "next_page": null})))
        })
        .await;
    let batch = collect(&server).await;
    assert_eq!(value(&batch, "asana.tasks.total"), Some(150.0));
    assert_eq!(value(&batch, "asana.tasks.completed_7d"), Some(1.0));
}

#[tokio::test]
async fn a_record_that_could_be_counted_nowhere_fails_its_groups_and_is_named() {
    for odd in [json!({"gid": null}), json!({"completed": null}), json!({"created_at": "x"})] {
        let server = World::empty().with("1", vec![raw("5", odd.clone()), raw("6", json!({}))]).up().await;
        let failure = failed_group(&collect(&server).await, group::TASKS);
        assert_eq!(failure.reason, Reason::BadReply, "{odd}");
        assert!(failure.doing.contains("project 1") && failure.why.contains("task"), "{failure}");
    }
}

#[tokio::test]
async fn when_nothing_could_be_read_the_collection_fails() {
    let server = World::empty().with("1", tasks("5", 1)).serve(|_| Some(refusal(503, "Busy"))).await;
    let failure = run(configured(&server, &["1"], Some("1"))).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
}

/// The outcome of each of the doctor's findings: words, or the reason.
async fn findings(config: Config) -> Vec<(String, Result<String, Reason>)> {
    let findings = Asana::new(config).check(&context()).await;
    findings.into_iter().map(|one| (one.what, one.outcome.map_err(|failure| failure.reason))).collect()
}

#[tokio::test]
async fn the_doctor_tells_what_can_be_read() {
    let world = || World::empty().with("1", tasks("5", 150)).with("99", tasks("6", 1));
    let allowed = |what: &str| (what.to_owned(), Ok("allowed".to_owned()));
    let server = world().up().await;
    let expected = [
        allowed("see workspace 12"),
        allowed("list the projects of workspace 12"),
        allowed("list the tasks of project 1"),
        allowed("list the tasks of project 99, the bugs project"),
    ];
    assert_eq!(findings(configured(&server, &[], Some("99"))).await, expected);
    assert_eq!(paths(&server), ["projects", "projects/1/tasks", "projects/99", "projects/99/tasks", "users/me"]);
    let limits = server.seen().into_iter().filter_map(|seen| parts(&seen).1.remove("limit"));
    assert_eq!(limits.collect::<Vec<_>>(), ["1"; 3]);

    let server = world().serve(|seen| is_tasks(seen, "99").then(|| refusal(403, "No"))).await;
    let found = findings(configured(&server, &["1"], Some("99"))).await;
    assert_eq!(found[2].1, Ok("allowed".to_owned()));
    assert_eq!(found[3].1, Err(Reason::Forbidden));

    let other =
        world().with_hidden(project("2", "13", false), vec![]).with_hidden(project("3", WORKSPACE, true), vec![]);
    let found = findings(configured(&other.up().await, &["2", "3"], None)).await;
    assert_eq!(found[2].1, Err(Reason::Config));
    assert!(found[3].1.as_ref().is_ok_and(|words| words.contains("allowed; project 3 is archived")), "{found:?}");

    let server = World { workspaces: vec!["7"], ..world() }.up().await;
    let found = findings(config(&server)).await;
    assert_eq!(found, [("see workspace 12".to_owned(), Err(Reason::NotFound))]);

    let server = world().serve(|_| Some(refusal(401, "Not Authorized"))).await;
    let found = findings(config(&server)).await;
    assert_eq!(found, [("see workspace 12".to_owned(), Err(Reason::Unauthorized))]);

    let server = World::empty().serve(|_| None::<Response>).await;
    let found = findings(config(&server)).await;
    assert!(found[1].1.as_ref().is_ok_and(|words| words.contains("no project")), "{found:?}");
}
