//! Every injected fault ends in right values for what could be read, nothing for what could not, a reason, the
//! documented exit code, inside the deadline.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use simulator::fault::Fault;
use tokio::task::JoinSet;

use crate::support::World;
use crate::support::assert_same;
use crate::support::expected;
use crate::support::gauges;

/// What a fault must come to.
#[derive(Clone, Copy)]
enum Must {
    /// It passes: a retry gets all.
    Recover,
    /// Some groups fail for this reason (any of these), the others are whole.
    LosePart(&'static [&'static str]),
    /// Nothing can be read, for this reason.
    LoseAll(&'static [&'static str]),
}

struct Case {
    name: &'static str,
    fault: Fault,
    must: Must,
}

const DEADLINE: Duration = Duration::from_secs(12);

fn case(name: &'static str, fault: Fault, must: Must) -> Case {
    Case { name, fault: fault.of("github"), must }
}

fn cases() -> Vec<Case> {
    use Must::LoseAll;
    use Must::LosePart;
    use Must::Recover;
    let bad_credentials = r#"{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest"}"#;
    let not_accessible = r#"{"message":"Resource not accessible by personal access token","documentation_url":"x"}"#;
    let runs = "/actions/runs";
    vec![
        case("429 with Retry-After, twice", Fault::too_many_requests(Some(1)).at(runs).times(2), Recover),
        case("429 with a long Retry-After", Fault::too_many_requests(Some(600)).at(runs), LosePart(&["rate_limited"])),
        case("429 without Retry-After", Fault::too_many_requests(None).at(runs), LosePart(&["rate_limited"])),
        case("500 once", Fault::server_error(500).at(runs).times(1), Recover),
        case("502 page once", Fault::bad_gateway_html().at("/graphql").times(1), Recover),
        case("503 always", Fault::server_error(503).at(runs), LosePart(&["unreachable", "deadline"])),
        case("503 always, of all", Fault::server_error(503), LoseAll(&["unreachable", "deadline"])),
        case("slow", Fault::slow(Duration::from_millis(300)).at("/graphql"), Recover),
        case("hang", Fault::hang().at(runs), LosePart(&["deadline"])),
        case("hang of all", Fault::hang(), LoseAll(&["deadline"])),
        case("reset once", Fault::reset().at("/graphql").times(1), Recover),
        case("reset always", Fault::reset().at(runs), LosePart(&["unreachable", "deadline"])),
        case("cut once", Fault::cut_body().at("/graphql").after(1).times(1), Recover),
        case("cut always", Fault::cut_body().at(runs), LosePart(&["unreachable", "bad_reply", "deadline"])),
        case("malformed once", Fault::malformed().at(runs).times(1), Recover),
        case("malformed always", Fault::malformed().at(runs), LosePart(&["bad_reply", "deadline"])),
        case("a page with status 200", Fault::wrong_type().at(runs), LosePart(&["bad_reply"])),
        case("a page with status 200, of all", Fault::wrong_type(), LoseAll(&["bad_reply"])),
        case("wrong token", Fault::unauthorized(bad_credentials), LoseAll(&["unauthorized"])),
        case("token expired midway", Fault::unauthorized(bad_credentials).after(6), LosePart(&["unauthorized"])),
        case("no right for Actions", Fault::forbidden(not_accessible).at(runs), LosePart(&["forbidden"])),
        case("not found", Fault::status(404, r#"{"message":"Not Found"}"#).at(runs), LosePart(&["not_found"])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_github_never_become_numbers() {
    let mut running = JoinSet::new();
    for case in cases() {
        running.spawn(check(case));
        // Two at a time: more would fight for the processor until deadlines pass.
        if running.len() == 2 {
            running.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(result) = running.join_next().await {
        result.unwrap();
    }
}

async fn check(case: Case) {
    let name = case.name;
    let world = World::small().await;
    world.simulator.faults().inject(case.fault);
    let time = format!("{}s", DEADLINE.as_secs());
    let (ran, document) = world.collect(&["--collector-deadline", &time, "--push"]).await;
    assert!(ran.took < DEADLINE + Duration::from_secs(8), "{name}: took {:?}", ran.took);
    let collector = &document["collectors"][0];
    let found = gauges(&document, "github");
    let mut expected = expected(&world);
    let all = expected.len();
    let code = match case.must {
        Must::Recover => {
            assert_eq!(collector["outcome"], "complete", "{name}: {collector:#}");
            0
        }
        Must::LosePart(reasons) => {
            assert_reasons(name, collector, reasons);
            expected.retain(|key, _| found.contains_key(key));
            assert!(found.len() < all && !found.is_empty(), "{name}: {} of {all}", found.len());
            assert_eq!(collector["outcome"], "partial", "{name}");
            3
        }
        Must::LoseAll(reasons) => {
            assert_eq!(collector["outcome"], "failed", "{name}");
            assert!(reasons.contains(&collector["reason"].as_str().unwrap()), "{name}: {collector:#}");
            expected.clear();
            1
        }
    };
    assert_same(&found, &expected, name);
    assert_eq!(ran.code, code, "{name}: {}", ran.stderr);
    let stored = world.simulator.datadog().stored();
    let stored = stored.iter().filter(|series| series.metric.starts_with("github.")).count();
    assert_eq!(stored, found.len(), "{name}: what was read is delivered");
}

/// Every failed group has one of these reasons, and every metric that is not there is named with a reason.
fn assert_reasons(name: &str, collector: &Value, reasons: &[&str]) {
    let failures = collector["failures"].as_array().unwrap();
    assert!(!failures.is_empty(), "{name}");
    for failure in failures {
        assert!(reasons.contains(&failure["reason"].as_str().unwrap()), "{name}: {failure:#}");
        assert!(failure["error"].as_str().unwrap().starts_with("failed to "), "{name}: {failure:#}");
    }
    let missing: BTreeSet<&str> = collector["missing"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|missing| !missing["reason"].is_null())
        .map(|missing| missing["metric"].as_str().unwrap())
        .collect();
    assert!(!missing.is_empty(), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_midway_leaves_only_right_values() {
    for after in [1, 3, 5, 8, 11, 14] {
        let world = World::small().await;
        let fault = Fault::unauthorized(r#"{"message":"Bad credentials"}"#).of("github").after(after);
        world.simulator.faults().inject(fault);
        let (ran, document) = world.collect(&[]).await;
        let found = gauges(&document, "github");
        let mut expected = expected(&world);
        expected.retain(|key, _| found.contains_key(key));
        assert_same(&found, &expected, &format!("after {after} requests"));
        assert_eq!(ran.code, if found.is_empty() { 1 } else { 3 }, "after {after}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_run_may_be_tolerated_but_a_run_without_a_gauge_is_not() {
    for (fault, code) in [(Fault::server_error(404).at("/actions/runs"), 0), (Fault::server_error(404), 1)] {
        let world = World::small().await;
        world.simulator.faults().inject(fault.of("github"));
        let (ran, document) = world.collect(&["--tolerate-partial"]).await;
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert_eq!(document["run"]["exit_code"], code);
    }
}
