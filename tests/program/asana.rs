//! The Asana collector in the whole program: every gauge equals what the simulator's own code expects of the described
//! organisation, and what could not be read is not sent.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;
use simulator::asana::Rate;
use simulator::asana::TOKEN;
use simulator::asana::Throttle;
use simulator::expected::asana::Settings;
use simulator::fault::Fault;
use simulator::organisation::Scale;
use simulator::organisation::asana::AsanaScale;

use crate::support::Gauges;
use crate::support::Ran;
use crate::support::World;
use crate::support::assert_same;
use crate::support::gauges;
use crate::support::present;

/// What makes the token one; it must not be seen either when the rest of the token is taken for an address.
const SECRET_PART: &str = "51m01a7ed0";

/// How many seeded organisations are tried; `make soak` asks for 200.
fn organisations() -> u64 {
    std::env::var("ORGPULSE_ORGANISATIONS").map_or(8, |number| number.parse().expect("ORGPULSE_ORGANISATIONS"))
}

async fn world(seed: u64, asana: AsanaScale) -> World {
    World::new(seed, Scale { asana, ..Scale::small() }).await
}

/// Projects with several pages: the third has 200 tasks, the fourth 100.
async fn with_pages() -> World {
    world(2, AsanaScale { tasks: 900, ..AsanaScale::small() }).await
}

async fn collect(world: &World, arguments: &[&str]) -> (Ran, Value) {
    let now = world.now.to_string();
    let mut all = vec!["collect", "asana", "--output", "json", "--now", &now];
    all.extend(arguments);
    let ran = world.run(&all).await;
    let document = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, document)
}

fn settings(world: &World) -> Settings {
    Settings::of(world.simulator.organisation())
}

fn expected_by(world: &World, settings: &Settings) -> Gauges {
    present(simulator::expected::asana::gauges(world.simulator.organisation(), settings))
}

/// Runs the collector, which must read all, and holds what it sends against these settings.
async fn assert_complete(world: &World, settings: &Settings, about: &str) {
    let (ran, document) = collect(world, &[]).await;
    assert_same(&gauges(&document, "asana"), &expected_by(world, settings), &format!("{about}\n{}", ran.stderr));
    assert_eq!(ran.code, 0, "{about}: {}", ran.stderr);
    assert_eq!(document["collectors"][0]["outcome"], "complete", "{about}");
    assert_eq!(world.simulator.asana().oddities(), [""; 0], "{about}: asked for what Asana does not know");
}

/// Runs the collector, of which something must fail, and holds what it sends against what would have been right.
async fn assert_partial(world: &World, about: &str) -> (Gauges, Value, Ran) {
    let (ran, document) = collect(world, &["--collector-deadline", "12s"]).await;
    assert!(ran.took < Duration::from_secs(20), "{about}: took {:?}", ran.took);
    let found = gauges(&document, "asana");
    let mut right = expected_by(world, &settings(world));
    let all = right.len();
    right.retain(|key, _| found.contains_key(key));
    assert_same(&found, &right, about);
    assert!(found.len() < all, "{about}: nothing is missing\n{}", ran.stderr);
    assert_eq!(ran.code, if found.is_empty() { 1 } else { 3 }, "{about}: {}", ran.stderr);
    (found, document["collectors"][0].clone(), ran)
}

fn has(found: &Gauges, metric: &str) -> bool {
    found.keys().any(|(name, _)| name == metric)
}

/// The reason of each failed group, or of the whole.
fn reasons(collector: &Value) -> BTreeSet<&str> {
    let failures = collector["failures"].as_array().into_iter().flatten();
    failures.map(|failure| &failure["reason"]).chain([&collector["reason"]]).filter_map(Value::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn seeded_organisations_of_asana_yield_the_expected_gauges() {
    for seed in 0..organisations() {
        let world = world(seed, AsanaScale::random(seed)).await;
        assert_complete(&world, &settings(&world), &format!("seed {seed}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_asana_takes_at_most_seventy_requests() {
    let world = world(7, AsanaScale::reference()).await;
    let (ran, document) = collect(&world, &[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_same(&gauges(&document, "asana"), &expected_by(&world, &settings(&world)), "reference");
    let requests = world.simulator.recorder().requests_to("asana");
    let sent = requests.len();
    assert!(sent <= 70, "{sent} requests: {:#?}", requests.iter().map(|r| &r.path).collect::<Vec<_>>());
    assert_eq!(document["collectors"][0]["api_requests"], sent as u64);
    for request in requests.iter().filter(|request| request.path.ends_with("/tasks")) {
        let query = &request.query;
        assert!(query.contains("limit=100") && query.contains("completed_since="), "{}?{query}", request.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_ten_requests_to_asana_are_in_flight() {
    let world = world(7, AsanaScale::reference()).await;
    world.simulator.asana().slow_pages(Duration::from_millis(20));
    assert_complete(&world, &settings(&world), "slow").await;
    let most = world.simulator.requests().iter().map(|request| request.in_flight).max();
    assert!(most.is_some_and(|most| (2..=10).contains(&most)), "{most:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_and_not_tried_for_every_project() {
    for token in ["2/1/2:0123456789abcdef", "0/ab"] {
        let world = with_pages().await.with("ASANA_ACCESS_TOKEN", token);
        let (found, collector, _) = assert_partial(&world, token).await;
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(collector["outcome"], "failed");
        assert_eq!(reasons(&collector), BTreeSet::from(["unauthorized"]), "{collector:#}");
        assert!(world.simulator.requests().len() <= 10, "{} requests", world.simulator.requests().len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_midway_leaves_only_right_values() {
    for after in [0, 1, 2, 4, 7] {
        let world = with_pages().await;
        world.simulator.asana().revoke_after(after);
        let (found, collector, _) = assert_partial(&world, &format!("after {after}")).await;
        assert!(!has(&found, "asana.tasks.total"), "after {after}");
        assert_eq!(reasons(&collector), BTreeSet::from(["unauthorized"]), "after {after}: {collector:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_the_token_cannot_see_is_a_reason_and_no_zero() {
    let gids = with_pages().await.simulator.organisation().asana.workspaces.clone();
    for (gid, reason) in [(gids[2].gid.as_str(), "forbidden"), ("77", "not_found")] {
        let world = with_pages().await.with("ASANA_WORKSPACE", gid).without("ASANA_BUGS_PROJECT");
        let (ran, document) = collect(&world, &[]).await;
        assert_eq!(gauges(&document, "asana"), Gauges::new(), "{gid}");
        assert_eq!(ran.code, 1, "{gid}: {}", ran.stderr);
        assert_eq!(reasons(&document["collectors"][0]), BTreeSet::from([reason]), "{gid}: {document:#}");
        assert!(ran.stderr.contains(gid) || document.to_string().contains(gid), "{gid} is not named: {}", ran.stderr);

        // Were its listing empty, no zero must come of it either.
        let world = with_pages().await.with("ASANA_WORKSPACE", gid).without("ASANA_BUGS_PROJECT");
        world.simulator.asana().list_nothing_of_foreign_workspaces();
        let (ran, document) = collect(&world, &[]).await;
        assert_eq!(gauges(&document, "asana"), Gauges::new(), "{gid}, listed empty");
        assert_eq!(ran.code, 1, "{gid}, listed empty: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_projects_than_a_page_shows_are_all_read() {
    let world = world(4, AsanaScale { projects: 210, ..AsanaScale::small() }).await;
    world.simulator.asana().expire_offsets(1);
    assert_complete(&world, &settings(&world), "210 projects").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_workspace_was_read_and_counts_nothing() {
    let world = with_pages().await;
    let workspace = world.simulator.organisation().asana.workspaces[3].gid.clone();
    let world = world.with("ASANA_WORKSPACE", &workspace).without("ASANA_BUGS_PROJECT");
    let settings = Settings { workspace, bugs_project: None, ..settings(&world) };
    let expected = expected_by(&world, &settings);
    assert!(expected.len() > 12 && expected.values().all(|value| *value == 0.0), "{expected:?}");
    assert_complete(&world, &settings, "empty").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_project_of_bugs_the_run_is_complete_and_silent_of_bugs() {
    let world = with_pages().await.without("ASANA_BUGS_PROJECT");
    assert_complete(&world, &Settings { bugs_project: None, ..settings(&world) }, "no bugs").await;
    let ran = world.run(&["collect", "asana"]).await;
    assert_eq!(ran.stdout.matches("asana.bugs_project is not set").count(), 1, "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("asana.projects.bugs.").count(), 10, "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_renewed_often_only_delays_the_run() {
    // Asana looks at shorter stretches than a minute: here slices of a second, of as many as are in flight.
    let world = world(7, AsanaScale { projects: 20, ..AsanaScale::small() }).await;
    world.simulator.asana().set_rate(Rate { requests: 8, window: Duration::from_secs(1) });
    assert_complete(&world, &settings(&world), "eight requests a second").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_whose_offset_expired_is_read_anew_once() {
    let world = with_pages().await;
    world.simulator.asana().expire_offsets(1);
    assert_complete(&world, &settings(&world), "expired once").await;
    let world = with_pages().await;
    world.simulator.asana().offset_uses(0);
    let (found, _, _) = assert_partial(&world, "expired always").await;
    assert!(!has(&found, "asana.tasks.total"));
    assert!(has(&found, "asana.projects.active"), "one page needs no offset");
    assert!(world.simulator.requests().len() < 60, "{} requests", world.simulator.requests().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_on_two_pages_counts_once_and_pages_without_end_are_no_number() {
    let world = with_pages().await;
    world.simulator.asana().overlap_pages(3);
    assert_complete(&world, &settings(&world), "overlapping pages").await;
    let world = with_pages().await;
    world.simulator.asana().repeat_pages();
    let (found, _, _) = assert_partial(&world, "pages without end").await;
    assert!(!has(&found, "asana.tasks.total"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_goes_away_midway_is_named_and_takes_the_tasks_with_it() {
    for (forbidden, after) in [(true, 1), (true, 0), (false, 1), (false, 0)] {
        let world = with_pages().await;
        let project = &world.simulator.organisation().asana.projects[2];
        let (gid, name) = (project.gid.clone(), project.name.clone());
        let asana = world.simulator.asana();
        if forbidden {
            asana.forbid_after(2, after)
        } else {
            asana.vanish_after(2, after)
        }
        let about = format!("forbidden {forbidden}, after {after}");
        let (found, collector, ran) = assert_partial(&world, &about).await;
        for metric in ["asana.tasks.total", "asana.tasks.open", "asana.cycle_time.avg_hours", "asana.users.active_7d"] {
            assert!(!has(&found, metric), "{about}: {metric}");
        }
        for metric in ["asana.projects.active", "asana.projects.bugs.total_open"] {
            assert!(has(&found, metric), "{about}: {metric}");
        }
        let reason = if forbidden { "forbidden" } else { "not_found" };
        assert_eq!(reasons(&collector), BTreeSet::from([reason]), "{about}: {collector:#}");
        let failures = collector["failures"].to_string();
        for text in [&failures, &ran.stderr] {
            assert!(text.contains(&gid) || text.contains(&name), "{about}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_of_bugs_that_goes_away_leaves_the_projects() {
    let world = with_pages().await;
    world.simulator.asana().forbid_after(1, 0);
    let (found, collector, _) = assert_partial(&world, "bugs").await;
    assert!(found.keys().all(|(name, _)| name.starts_with("asana.projects.") && !name.contains(".bugs.")), "{found:?}");
    assert!(has(&found, "asana.projects.active"));
    assert_eq!(reasons(&collector), BTreeSet::from(["forbidden"]), "{collector:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_ends_in_time_delays_the_run_and_one_that_does_not_is_a_reason() {
    let world = with_pages().await;
    world.simulator.asana().throttle(Throttle { retry_after: Some(1), requests: 2 });
    assert_complete(&world, &settings(&world), "Retry-After of a second").await;
    let world = with_pages().await;
    world.simulator.asana().throttle(Throttle { retry_after: Some(600), requests: 1_000 });
    let (found, collector, _) = assert_partial(&world, "Retry-After of ten minutes").await;
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(reasons(&collector), BTreeSet::from(["rate_limited"]), "{collector:#}");
    assert!(world.simulator.requests().len() <= 10, "{} requests", world.simulator.requests().len());
    let world = with_pages().await;
    world.simulator.asana().set_rate(Rate { requests: 6, window: Duration::from_secs(600) });
    let (found, collector, _) = assert_partial(&world, "six requests in ten minutes").await;
    assert!(!has(&found, "asana.tasks.total") && has(&found, "asana.projects.active"), "{found:?}");
    assert_eq!(reasons(&collector), BTreeSet::from(["rate_limited"]), "{collector:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn due_dates_are_told_in_the_configured_zone() {
    let mut differing = 0;
    for zone in ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"] {
        let world = with_pages().await.with("ASANA_TIMEZONE", zone);
        let utc = settings(&world);
        let there = Settings { timezone: TimeZone::get(zone).unwrap(), ..utc.clone() };
        differing += usize::from(expected_by(&world, &there) != expected_by(&world, &utc));
        assert_complete(&world, &there, zone).await;
    }
    assert!(differing > 2, "a zone that changes nothing proves nothing: {differing}");
    let world = with_pages().await.with("ASANA_TIMEZONE", "Mars/Olympus");
    let (ran, _) = collect(&world, &[]).await;
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("ASANA_TIMEZONE"), "{}", ran.stderr);
    assert!(world.simulator.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_projects_alone_have_tasks_that_count() {
    let world = with_pages().await;
    let projects = world.simulator.organisation().asana.projects.clone();
    let archived = projects.iter().find(|p| p.archived && p.workspace == 0).unwrap();
    let hidden = projects.iter().find(|p| !p.is_visible && p.workspace == 0).unwrap();
    // The one of bugs is not among them.
    let chosen = [&projects[0].gid, &projects[3].gid, &archived.gid].map(String::clone);
    let world = world.with("ASANA_PROJECTS", &chosen.join(","));
    assert_complete(&world, &Settings { projects: Some(chosen.to_vec()), ..settings(&world) }, "three projects").await;

    for unreadable in [hidden.gid.as_str(), "4"] {
        let world = with_pages().await.with("ASANA_PROJECTS", &format!("{},{unreadable}", projects[0].gid));
        let (ran, document) = collect(&world, &[]).await;
        let list = vec![projects[0].gid.clone(), unreadable.to_owned()];
        let settings = Settings { projects: Some(list), ..settings(&world) };
        assert_same(&gauges(&document, "asana"), &expected_by(&world, &settings), unreadable);
        assert_eq!(ran.code, 3, "{unreadable}: {}", ran.stderr);
        assert!(ran.stderr.contains(unreadable), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_asana_never_become_numbers() {
    let passing = [
        Fault::server_error(500).times(1),
        Fault::bad_gateway_html().after(2).times(2),
        Fault::reset().after(1).times(1),
        Fault::cut_body().after(3).times(1),
        Fault::slow(Duration::from_millis(200)),
    ];
    for fault in passing {
        let world = with_pages().await;
        let about = format!("{fault:?}");
        world.simulator.faults().inject(fault.of("asana"));
        assert_complete(&world, &settings(&world), &about).await;
    }
    let lasting: [(Fault, &[&str]); 6] = [
        (Fault::server_error(503), &["unreachable", "deadline"]),
        (Fault::malformed(), &["bad_reply", "deadline"]),
        (Fault::wrong_type(), &["bad_reply"]),
        (Fault::hang(), &["deadline"]),
        (Fault::reset(), &["unreachable", "deadline"]),
        (Fault::status(402, r#"{"errors":[{"message":"Payment Required"}]}"#), &["forbidden", "other"]),
    ];
    for (fault, allowed) in lasting {
        for path in ["/tasks", "/projects?"] {
            let world = with_pages().await;
            let about = format!("{path}: {fault:?}");
            world.simulator.faults().inject(fault.clone().of("asana").at(path));
            let (found, collector, _) = assert_partial(&world, &about).await;
            assert!(!has(&found, "asana.tasks.total"), "{about}");
            assert!(reasons(&collector).iter().all(|reason| allowed.contains(reason)), "{about}: {collector:#}");
            assert!(!reasons(&collector).is_empty(), "{about}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_at_any_log_level_shows_the_token_of_asana() {
    let faults: [fn() -> Option<Fault>; 5] = [
        || None,
        || Some(Fault::unauthorized(r#"{"errors":[{"message":"Not Authorized"}]}"#)),
        // A server that repeats what it was sent.
        || Some(Fault::status(400, &format!(r#"{{"errors":[{{"message":"Bearer {TOKEN} is no good"}}]}}"#))),
        || Some(Fault::reset()),
        || Some(Fault::malformed()),
    ];
    let commands: [&[&str]; 4] = [
        &["collect", "asana", "--push", "--log", "trace"],
        &["collect", "asana", "--output", "json", "--log", "trace"],
        &["doctor", "--log", "trace"],
        &["config", "show", "--log", "trace"],
    ];
    assert!(TOKEN.contains(SECRET_PART));
    for fault in faults {
        let world = World::small().await.with("ORGPULSE_COLLECTOR_DEADLINE", "3s").with("ORGPULSE_DEADLINE", "3s");
        if let Some(fault) = fault() {
            world.simulator.faults().inject(fault.of("asana"));
        }
        for command in commands {
            let Ran { stdout, stderr, .. } = world.run(command).await;
            assert!(command[0] != "collect" || stderr.contains("TRACE"), "{command:?}: {stderr}");
            let shown = stdout + &stderr;
            assert!(!shown.contains(SECRET_PART), "{command:?} shows the token:\n{shown}");
        }
        let requests = world.simulator.requests();
        assert!(requests.iter().any(|request| request.service == "asana"), "nothing was asked of Asana");
        let addresses = requests.iter().map(|request| format!("{}?{}", request.path, request.query));
        assert!(!addresses.collect::<String>().contains(SECRET_PART));
    }
}
