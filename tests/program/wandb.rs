//! The W&B collector in the whole program, against the simulated service.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;
use simulator::expected;
use simulator::expected::wandb::Direction;
use simulator::expected::wandb::Group;
use simulator::expected::wandb::Settings;
use simulator::fault::Fault;
use simulator::organisation::Organisation;
use simulator::organisation::Scale;
use simulator::organisation::wandb::WandbScale;
use simulator::wandb::KEY;
use simulator::wandb::Limit;
use simulator::wandb::Nulls;
use simulator::wandb::Paging;

use crate::collect::organisations;
use crate::support::Gauges;
use crate::support::Ran;
use crate::support::World;
use crate::support::assert_same;
use crate::support::gauges;
use crate::support::present;

/// `api:` and the key, as the request carries them.
const ENCODED: &str = "YXBpOjVlZWQwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM=";

/// Dollars an hour, as a variable tells them.
const PRICES: &str = "a100=2.5,L4=0.75,default=0.5";

fn prices() -> BTreeMap<String, f64> {
    [("a100", 2.5), ("L4", 0.75), ("default", 0.5)].map(|(word, price)| (word.to_owned(), price)).into()
}

/// Some runs in each of two projects, a third without any, and one that the key may not read.
const SOME: WandbScale = WandbScale { projects: 4, runs_7d: 60, odd: 20, history: 80 };

async fn world(seed: u64, wandb: WandbScale) -> World {
    World::new(seed, Scale { wandb, ..Scale::small() }).await
}

async fn collect(world: &World, arguments: &[&str]) -> (Ran, Gauges, Value) {
    let (ran, document) = world.collect_from("wandb", arguments).await;
    (ran, gauges(&document, "wandb"), document["collectors"][0].clone())
}

fn expected_of(organisation: &Organisation, settings: &Settings) -> Gauges {
    present(expected::wandb::gauges(organisation, settings))
}

fn expected(world: &World) -> Gauges {
    expected_of(world.simulator.organisation(), &Settings::default())
}

/// The gauges of one project.
fn of_project(gauges: &Gauges, project: &str) -> Gauges {
    let tag = format!("project:{project}");
    gauges.iter().filter(|((_, tags), _)| tags.split(',').any(|t| t == tag)).map(|(k, v)| (k.clone(), *v)).collect()
}

/// Everything that was sent is right, and not all was sent: the exit code says so.
#[track_caller]
fn assert_partial(ran: &Ran, found: &Gauges, world: &World, about: &str) {
    let mut expected = expected(world);
    assert!(found.len() < expected.len(), "{about}: nothing is missing");
    expected.retain(|key, _| found.contains_key(key));
    assert_same(found, &expected, about);
    assert_eq!(ran.code, if found.is_empty() { 1 } else { 3 }, "{about}: {}", ran.stderr);
}

fn reasons(collector: &Value) -> BTreeSet<String> {
    let own = collector["reason"].as_str().map(str::to_owned);
    let failures = collector["failures"].as_array().cloned().unwrap_or_default();
    own.into_iter().chain(failures.iter().filter_map(|f| f["reason"].as_str().map(str::to_owned))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn seeded_organisations_of_many_sizes_yield_the_expected_gauges_whatever_the_manner() {
    for seed in 0..organisations() {
        let world = world(seed, WandbScale::random(seed)).await;
        let wandb = world.simulator.wandb();
        wandb.set_nulls(if seed % 2 == 0 { Nulls::Last } else { Nulls::First });
        wandb.set_paging(if seed % 3 == 0 { Paging::Place } else { Paging::Offset });
        wandb.set_zone(seed % 4 == 1);
        wandb.set_durations_as_text(seed % 5 == 1);
        wandb.set_largest_page(if seed % 3 == 1 { 20 } else { 1_000 });
        let mut settings = Settings::default();
        let world = if seed % 2 == 0 {
            settings.gpu_hourly_usd = prices();
            world.with("WANDB_GPU_HOURLY_USD", PRICES)
        } else {
            world
        };
        let (ran, found, collector) = collect(&world, &[]).await;
        let expected = expected_of(world.simulator.organisation(), &settings);
        assert_same(&found, &expected, &format!("seed {seed}\n{}", ran.stderr));
        assert_eq!((ran.code, &collector["outcome"]), (0, &"complete".into()), "seed {seed}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_configuration_changes_is_changed() {
    let world = world(2, SOME)
        .await
        .with("WANDB_HEARTBEAT_MINUTES", "600")
        .with("WANDB_ACCURACY_DIRECTION", "min")
        .with("WANDB_ACCURACY_KEYS", "val_accuracy,accuracy")
        .with("WANDB_ACCURACY_SCALE", "100")
        .with("WANDB_LOSS_KEYS", "val/loss")
        .with("WANDB_LOSS_SCALE", "0.5")
        .with("WANDB_GROUPS", "prod=tag:prod,forks=name:fork-of-*,forks=sweep")
        .with("WANDB_GROUP_KEYS", "loss,overview/sps")
        .with("WANDB_GPU_HOURLY_USD", "h100=3");
    let settings = Settings {
        heartbeat_minutes: 600,
        accuracy_direction: Direction::Min,
        accuracy_keys: vec!["val_accuracy".into(), "accuracy".into()],
        accuracy_scale: 100.0,
        loss_keys: vec!["val/loss".into()],
        loss_scale: 0.5,
        groups: vec![
            Group { tags: vec!["prod".into()], ..Group::named("prod") },
            Group { name_starts: vec!["fork-of-".into()], sweeps: true, ..Group::named("forks") },
        ],
        group_keys: vec!["loss".into(), "overview/sps".into()],
        gpu_hourly_usd: [("h100".to_owned(), 3.0)].into(),
    };
    let other = expected_of(world.simulator.organisation(), &settings);
    assert_ne!(other, expected(&world));
    let (ran, found, _) = collect(&world, &[]).await;
    assert_same(&found, &other, &ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_costs_no_more_than_the_runs_of_the_week() {
    let world = world(7, WandbScale::reference()).await;
    let (ran, found, collector) = collect(&world, &[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_same(&found, &expected(&world), "reference");
    let requests = world.simulator.requests();
    assert!(requests.len() <= 12, "{} requests", requests.len());
    assert_eq!(collector["api_requests"], requests.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_asks_for_configurations_or_whole_summaries() {
    let world = world(1, SOME).await;
    collect(&world, &[]).await;
    let mut asked = 0;
    for request in world.simulator.requests() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let query = body["query"].as_str().unwrap();
        assert!(!query.contains("config"), "{query}");
        for (at, field) in query.match_indices("summaryMetrics") {
            asked += 1;
            assert!(query[at + field.len()..].trim_start().starts_with("(keys:"), "{query}");
        }
    }
    assert!(asked > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_reads_nothing() {
    let world = world(1, SOME).await.with("WANDB_API_KEY", "0000000000000000000000000000000000000000");
    let (ran, found, collector) = collect(&world, &[]).await;
    assert_eq!((ran.code, found.len()), (1, 0), "{}", ran.stderr);
    assert_eq!(reasons(&collector), BTreeSet::from(["unauthorized".to_owned()]), "{collector:#}");
    assert!(collector.to_string().contains("WANDB_API_KEY"), "{collector:#}");
    // As many as may be under way before the first is refused.
    let sent = world.simulator.requests().len();
    assert!(sent <= 6, "{sent} requests with a key that is refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_midway_leaves_only_right_values() {
    let whole = world(4, SOME).await;
    collect(&whole, &[]).await;
    let all = whole.simulator.wandb().request_count();
    assert!(all > 2);
    for after in 0..all {
        let world = world(4, SOME).await;
        world.simulator.wandb().revoke_keys_after(after);
        let (ran, found, collector) = collect(&world, &[]).await;
        assert_partial(&ran, &found, &world, &format!("after {after} of {all}"));
        assert!(reasons(&collector).contains("unauthorized"), "after {after}: {collector:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_without_runs_has_counts_of_nothing() {
    let world = world(1, SOME).await.with("WANDB_PROJECTS", "acme/scratch");
    let (ran, found, _) = collect(&world, &[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_same(&found, &of_project(&expected(&world), "scratch"), "without runs");
    assert!(!found.is_empty() && found.values().all(|value| *value == 0.0), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_not_there_or_not_allowed_is_named_and_leaves_the_others() {
    for missing in ["acme-research/secret", "acme/nope"] {
        let world = world(1, SOME).await;
        let projects = format!("{},{missing}", world.simulator.organisation().wandb.readable().join(","));
        let world = world.with("WANDB_PROJECTS", &projects);
        let (ran, found, collector) = collect(&world, &[]).await;
        assert_eq!((ran.code, &collector["outcome"]), (3, &"partial".into()), "{missing}: {}", ran.stderr);
        assert_same(&found, &expected(&world), missing);
        let reasons = reasons(&collector);
        assert!(reasons.contains("not_found") || reasons.contains("forbidden"), "{collector:#}");
        assert!(collector["failures"].to_string().contains(missing), "{collector:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_fails_leaves_the_others_whole() {
    let world = world(1, SOME).await;
    world.simulator.wandb().break_field("acme/vision", "Query.project", "context deadline exceeded", 0);
    let (ran, found, collector) = collect(&world, &[]).await;
    assert_partial(&ran, &found, &world, "one fails");
    let mut others = expected(&world);
    others.retain(|(_, tags), _| !tags.contains("project:vision"));
    assert_same(&found, &others, "one fails");
    assert!(collector["failures"].to_string().contains("context deadline exceeded"), "{collector:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_data_never_makes_a_smaller_number() {
    let fields = [
        "Project.runs",
        "Run.summaryMetrics",
        "Run.systemMetrics",
        "Run.heartbeatAt",
        "Run.state",
        "Run.user",
        "Run.runInfo",
        "Run.displayName",
        "Run.tags",
        "Run.sweepName",
    ];
    for field in fields {
        for after in [0, 30] {
            let world = world(3, SOME).await;
            world.simulator.wandb().set_largest_page(25);
            world.simulator.wandb().break_field("acme/vision", field, "lost on the way", after);
            let (ran, found, _) = collect(&world, &[]).await;
            let about = format!("{field} after {after}\n{}", ran.stderr);
            let mut expected = expected(&world);
            // A field that the collector does not ask for, or pages that are over before, take nothing away.
            if found.len() < expected.len() {
                assert_partial(&ran, &found, &world, &about);
            }
            expected.retain(|key, _| found.contains_key(key));
            assert_same(&found, &expected, &about);
            assert_eq!(of_project(&found, "language").len(), of_project(&expected, "language").len(), "{about}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_runs_without_a_heartbeat_changes_nothing() {
    let mut told = Vec::new();
    for nulls in [Nulls::First, Nulls::Last] {
        // More without a heartbeat than a page holds.
        let world = world(5, WandbScale { projects: 1, runs_7d: 30, odd: 90, history: 40 }).await;
        world.simulator.wandb().set_nulls(nulls);
        world.simulator.wandb().set_largest_page(10);
        let (ran, found, _) = collect(&world, &[]).await;
        assert_eq!(ran.code, 0, "{nulls:?}: {}", ran.stderr);
        // Two worlds are a moment apart: each is compared with its own.
        assert_same(&found, &expected(&world), &format!("{nulls:?}"));
        told.push(found.into_keys().collect::<BTreeSet<_>>());
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_go_on_while_pages_are_read_are_counted_once() {
    let steady = [
        "wandb.runs.active",
        "wandb.runs.stale",
        "wandb.runs.completed_7d",
        "wandb.runs.failed_7d",
        "wandb.metrics.best_accuracy",
        "wandb.training.duration_hours",
        "wandb.training.gpu_utilization_pct",
        "wandb.training.runs_per_user",
        "wandb.group.runs_completed_24h",
        "wandb.group.runs_failed_24h",
        "wandb.group.success_rate_pct",
        "wandb.group.avg_duration_hours",
    ];
    for paging in [Paging::Place, Paging::Offset] {
        // As they do, every half minute while a page takes one second; and as no run does. Then there may be no number, but
        // never a wrong one.
        for (beat, one_in) in [(SignedDuration::from_secs(1), 30), (SignedDuration::from_secs(20), 3)] {
            let world = world(6, WandbScale { projects: 1, runs_7d: 150, odd: 20, history: 60 }).await;
            world.simulator.wandb().set_paging(paging);
            world.simulator.wandb().set_largest_page(12);
            world.simulator.wandb().set_beat(beat, one_in);
            let (ran, mut found, _) = collect(&world, &[]).await;
            let about = format!("{paging:?} {beat:?}\n{}", ran.stderr);
            let must_be_whole = one_in > 3;
            assert!(ran.code == 0 || !must_be_whole && ran.code == 3, "{about}");
            let least = expected(&world);
            let most = expected_of(&alive_until_now(world.simulator.organisation()), &Settings::default());
            let hours =
                |gauges: &Gauges| gauges.iter().find(|((name, _), _)| name.ends_with("gpu_hours_7d")).map(|g| *g.1);
            let (least_hours, hours, most_hours) = (hours(&least), hours(&found), hours(&most));
            let (least_hours, most_hours) = (least_hours.unwrap(), most_hours.unwrap());
            assert!(
                hours.is_none_or(|hours| least_hours <= hours + 1e-6 && hours <= most_hours + 1e-6),
                "{least_hours} {hours:?} {most_hours} {about}"
            );
            let mut least = least;
            least.retain(|key, _| steady.contains(&key.0.as_str()) && (must_be_whole || found.contains_key(key)));
            found.retain(|(name, _), _| steady.contains(&name.as_str()));
            assert_same(&found, &least, &about);
        }
    }
}

/// The same organisation with the heartbeats of living runs at its instant.
fn alive_until_now(organisation: &Organisation) -> Organisation {
    let mut later = organisation.clone();
    for run in later.wandb.projects.iter_mut().flat_map(|project| &mut project.runs) {
        let lives = |at: jiff::Timestamp| later.now.duration_since(at) <= SignedDuration::from_mins(30);
        if run.state == "running" && run.heartbeat_at.is_some_and(lives) {
            run.heartbeat_at = run.heartbeat_at.map(|at| at.max(later.now));
        }
    }
    later
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_ends_in_time_delays_the_run_and_no_more() {
    let used_up = world(1, SOME).await;
    used_up.simulator.wandb().set_limit(Limit { window: 2, ..Limit::of(2) });
    let silent = world(1, SOME).await;
    silent.simulator.wandb().set_limit(Limit { window: 2, on_every_reply: false, ..Limit::of(2) });
    let refused = world(1, SOME).await;
    let fault = Fault::status(429, r#"{"errors":[{"message":"Rate limit exceeded"}]}"#).header("ratelimit-reset", "1");
    refused.simulator.faults().inject(fault.of("wandb").after(1).times(1));
    for (name, world) in [("remaining 0", used_up), ("429 unannounced", silent), ("429 once", refused)] {
        let (ran, found, _) = collect(&world, &[]).await;
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert_same(&found, &expected(&world), name);
        assert!(ran.took >= Duration::from_millis(500), "{name}: took {:?}", ran.took);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_does_not_end_in_time_is_a_reason_and_not_a_wait() {
    for left in [0, 2, 4] {
        let world = world(1, SOME).await;
        world.simulator.wandb().set_limit(Limit { window: 3_000, ..Limit::of(left) });
        let (ran, found, collector) = collect(&world, &["--collector-deadline", "20s"]).await;
        assert_partial(&ran, &found, &world, &format!("{left} left"));
        assert_eq!(reasons(&collector), BTreeSet::from(["rate_limited".to_owned()]), "{left} left: {collector:#}");
        assert!(ran.took < Duration::from_secs(15), "{left} left: took {:?}", ran.took);
        let refused = world.simulator.requests().iter().filter(|r| r.status == Some(429)).count();
        // Those that are under way at once, and those that took their places before a second project was refused.
        assert!(refused <= 2 * 4, "{left} left: {refused} requests were refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_network_pass_or_are_told() {
    let cases = [
        ("500 once", Fault::server_error(500).times(1), true),
        ("502 page once", Fault::bad_gateway_html().after(1).times(1), true),
        ("reset once", Fault::reset().times(1), true),
        ("cut once", Fault::cut_body().after(2).times(1), true),
        ("malformed always", Fault::malformed().after(2), false),
        ("a page with status 200", Fault::wrong_type(), false),
        ("hang", Fault::hang().after(3), false),
    ];
    for (name, fault, passes) in cases {
        let world = world(1, SOME).await;
        world.simulator.faults().inject(fault.of("wandb"));
        let (ran, found, collector) = collect(&world, &["--collector-deadline", "12s"]).await;
        if passes {
            assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
            assert_same(&found, &expected(&world), name);
        } else {
            assert_partial(&ran, &found, &world, name);
            assert!(!reasons(&collector).is_empty(), "{name}");
        }
        assert!(ran.took < Duration::from_secs(20), "{name}: took {:?}", ran.took);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_key_nor_its_encoded_form_is_shown() {
    // What a talkative proxy might say.
    let echo = format!(r#"{{"errors":[{{"message":"bad key {KEY} in Basic {ENCODED}"}}]}}"#);
    let faults: [Option<Fault>; 5] = [
        None,
        Some(Fault::unauthorized(&echo)),
        Some(Fault::status(400, &echo)),
        Some(Fault::status(200, &echo)),
        Some(Fault::reset()),
    ];
    for fault in faults {
        let world = world(1, SOME).await.with("ORGPULSE_COLLECTOR_DEADLINE", "4s");
        let about = format!("{fault:?}");
        if let Some(fault) = fault {
            world.simulator.faults().inject(fault.of("wandb"));
        }
        for command in [
            &["collect", "wandb", "--output", "json", "--log", "trace"][..],
            &["doctor", "--log", "trace"],
            &["config", "show", "--log", "trace"],
        ] {
            let Ran { stdout, stderr, .. } = world.run(command).await;
            assert!(command[0] != "collect" || stderr.contains("TRACE"), "{command:?}: {stderr}");
            for secret in [KEY, ENCODED, ENCODED.trim_end_matches('='), "YXBpOj"] {
                assert!(
                    !(stdout.clone() + &stderr).contains(secret),
                    "{about}: {command:?} shows {secret}:\n{stdout}{stderr}"
                );
            }
        }
        for request in world.simulator.requests().iter().filter(|r| r.service == "wandb") {
            assert_eq!(request.headers["authorization"], format!("Basic {ENCODED}"));
            assert!(!request.path.contains(KEY) && !request.query.contains(KEY));
            assert!(!String::from_utf8_lossy(&request.body).contains(KEY));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_knows_whose_key_it_is() {
    let world = world(1, SOME).await;
    let ran = world.run(&["doctor"]).await;
    let line = ran.stdout.lines().find(|line| line.contains("wandb")).unwrap_or_default().to_owned();
    assert!(line.contains("ada"), "{}{}", ran.stdout, ran.stderr);
}
