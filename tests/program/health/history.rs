//! What a run did not collect is read from the simulated Datadog.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;
use serde_json::json;
use simulator::fault::Fault;

use super::collector;
use super::push;
use super::scores;
use super::world;
use crate::support::World;
use crate::support::assert_same;

fn reads(world: &World) -> usize {
    world.simulator.requests().iter().filter(|request| request.path.contains("/query/")).count()
}

/// What is sent whether or not anything is known.
fn no_target(document: &Value) -> usize {
    scores(document).keys().filter(|(metric, _)| metric != "orgpulse.check.target").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn alone_afterwards_the_scores_are_the_same_by_way_of_datadog() {
    let world = world().await;
    let (_, document) = push(&world).await;
    let of_run = scores(&document);
    world.simulator.recorder().clear();
    let (ran, document) = world.collect_from("health_fom", &[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut found = scores(&document);
    // A thing without any input is known to its source alone.
    let of_nothing = |of_run: &&(String, String)| of_run.0.ends_with(".coverage") && !found.contains_key(*of_run);
    let unknown: Vec<_> = of_run.keys().filter(of_nothing).cloned().collect();
    for key in unknown {
        assert_eq!(of_run[&key], 0.0, "{key:?}");
        found.insert(key, 0.0);
    }
    assert_same(&found, &of_run, "alone");
    assert!(reads(&world) <= 2, "{} requests", reads(&world));
    assert_eq!(world.simulator.requests().len(), reads(&world));
    assert_eq!(collector(&document)["api_requests"], reads(&world) as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mean_of_the_lookback_counts_and_nothing_before_or_after_it() {
    let world = world().await;
    let series = |minutes: i64, value: f64| {
        let at = world.now.checked_sub(SignedDuration::from_mins(minutes)).unwrap().as_second();
        json!({"metric": "github.ci.duration_p90_minutes", "type": 3, "tags": ["org:acme", "repo:acme/widgets", "source:github"],
            "points": [{"timestamp": at, "value": value}]})
    };
    let all =
        [series(55, 1000.0), series(30, 1000.0), series(29, 4.0), series(15, 8.0), series(0, 6.0), series(-5, 1000.0)];
    let url = format!("{}/api/v2/series", world.simulator.datadog_url());
    let key = world.simulator.datadog().keys().api.clone();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({"series": all}).to_string();
    let request = http.post(url).header("DD-API-KEY", key).header("content-type", "application/json").body(body);
    assert_eq!(request.send().await.unwrap().status(), 202);
    let world = world.with("HEALTH_FOM_LOOKBACK", "30m");
    let (ran, document) = world.collect_from("health_fom", &[]).await;
    let found = scores(&document);
    let value = found.get(&("health.ci.duration.fom".to_owned(), "repo:acme/widgets".to_owned()));
    let expected = (6.0_f64 - 10.0) / (3.0 - 10.0);
    assert!(value.is_some_and(|value| (value - expected).abs() < 1e-9), "{found:?}\n{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_environment_does_not_read_another() {
    let world = world().await.with("DD_ENV", "production");
    push(&world).await;
    for (name, value) in [("DD_ENV", "staging"), ("DD_ENV", ""), ("DD_SERVICE", "other")] {
        let now = world.now.to_string();
        let mut command = world.command(&["collect", "health_fom", "--output", "json", "--now", &now]);
        command.env(name, value);
        let ran = crate::support::finish(command).await;
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.code, no_target(&document)), (0, 0), "{name}={value}: {}", ran.stderr);
        let missing = collector(&document)["missing"].to_string();
        assert!(missing.contains("and Datadog has no value of the last 4h"), "{missing}");
    }
    let (_, document) = world.collect_from("health_fom", &[]).await;
    assert!(no_target(&document) > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_now_is_judged_by_what_it_said_before() {
    let world = world().await;
    let (_, document) = push(&world).await;
    let before = scores(&document);
    let world = world.with("GITHUB_TOKEN", "wrong");
    let (ran, document) = world.collect_from("all", &[]).await;
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(collector(&document)["outcome"], "complete");
    assert_same(&scores(&document), &before, "with a failed source");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_run_knows_not_to_be_is_not_read() {
    let world = world().await;
    push(&world).await;
    let world = world.without("ASANA_BUGS_PROJECT");
    let (ran, document) = world.collect_from("all", &[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = scores(&document);
    assert!(found.keys().all(|(metric, _)| metric != "health.project.bug_age.fom"), "{found:?}");
    assert!(collector(&document)["missing"].to_string().contains("asana.bugs_project is not set"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_fails_leaves_what_the_run_collected_whole_and_says_why() {
    let query = "/api/v2/query";
    for (fault, reason, words) in [
        (None, "unauthorized", "Check DD_APP_KEY and DD_API_KEY"),
        (Some(Fault::server_error(503).at(query)), "unreachable", "Datadog answered 503"),
        (Some(Fault::too_many_requests(Some(600)).at(query)), "rate_limited", "it asks to wait 600 s"),
        (Some(Fault::status(200, r#"{"errors": "query timed out"}"#).at(query)), "bad_reply", "query timed out"),
        (Some(Fault::hang().at(query)), "deadline", "the time for the collection ran out"),
    ] {
        let mut world = world().await.with("ORGPULSE_COLLECTOR_DEADLINE", "10s");
        match fault {
            Some(fault) => {
                world.simulator.faults().inject(fault.of("datadog"));
            }
            None => world = world.with("DD_APP_KEY", "wrong-application-key"),
        }
        let now = world.now.to_string();
        let ran = world.run(&["collect", "github", "health_fom", "--output", "json", "--now", &now]).await;
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(ran.code, 3, "{reason}: {}", ran.stderr);
        assert!(ran.took < Duration::from_secs(30), "{reason}: {:?}", ran.took);
        let health = collector(&document);
        assert_eq!(health["outcome"], "partial", "{reason}");
        let failures = health["failures"].as_array().unwrap();
        assert!(failures.iter().all(|failure| failure["reason"] == reason), "{reason}: {failures:?}");
        assert!(failures[0]["error"].as_str().unwrap().contains(words), "{words} is not in {}", failures[0]);
        assert!(failures.iter().any(|failure| failure["group"] == "health.training.run_success.fom"), "{failures:?}");
        let found = scores(&document);
        assert!(found.keys().any(|(metric, _)| metric == "health.ci.duration.fom"), "{reason}: {found:?}");
        assert!(!ran.stdout.contains("wrong-application-key") && !ran.stderr.contains("wrong-application-key"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tries_the_application_key() {
    let world = world().await;
    let ran = world.run(&["doctor"]).await;
    assert!(
        ran.stdout.contains("ok    health_fom: application key: accepted; no run of the last 4h"),
        "{}",
        ran.stdout
    );
    let world = world.with("DD_APP_KEY", "wrong");
    let ran = world.run(&["doctor"]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("FAIL  health_fom: application key: [unauthorized]"), "{}", ran.stdout);
}
