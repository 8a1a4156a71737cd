//! GitHub's limits: quotas that cannot cover the run, pages that are too large, pauses that are asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use simulator::fault::Fault;
use simulator::github::Quota;
use simulator::github::Resource;
use simulator::organisation::Scale;

use crate::support::World;
use crate::support::assert_same;
use crate::support::expected;
use crate::support::gauges;

#[tokio::test(flavor = "multi_thread")]
async fn when_the_quota_cannot_cover_the_run_the_cheap_groups_of_all_repositories_come_first() {
    let scale = Scale { merged_7d: 20, branches: 100, commits_7d: 30, ..Scale::reference() }.with_repositories(4);
    for left in [14, 40, 60] {
        let world = World::new(5, scale).await;
        world.simulator.github().set_quota(Resource::Core, Quota { used: 5_000 - left, ..Quota::of(5_000) });
        let (ran, document) = world.collect(&[]).await;
        assert_eq!(ran.code, 3, "{left} left: {}", ran.stderr);
        assert!(ran.took < Duration::from_secs(30), "{left} left: waited {:?}", ran.took);
        let collector = &document["collectors"][0];
        let failures: Vec<&Value> = collector["failures"].as_array().unwrap().iter().collect();
        let reasons: BTreeSet<&str> = failures.iter().map(|failure| failure["reason"].as_str().unwrap()).collect();
        assert_eq!(reasons, BTreeSet::from(["rate_limited"]), "{left} left: {failures:#?}");
        let groups: BTreeSet<&str> = failures.iter().map(|failure| failure["group"].as_str().unwrap()).collect();
        for cheap in ["open_pull_requests", "closed_pull_requests", "commits", "ci_queue"] {
            assert!(!groups.contains(cheap), "{left} left: {cheap} of some repository was not read");
        }
        assert!(groups.contains("ci_runs"), "{left} left");
        let found = gauges(&document, "github");
        let mut expected = expected(&world);
        expected.retain(|key, _| found.contains_key(key));
        assert_same(&found, &expected, &format!("{left} left"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_too_large_for_the_server_are_halved_and_the_run_is_whole() {
    let world = World::small().await;
    for operation in ["Commits", "ClosedPulls", "Branches"] {
        world.simulator.faults().inject(Fault::bad_gateway_html().of("github").operation(operation).times(2));
    }
    let (ran, document) = world.collect(&[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_same(&gauges(&document, "github"), &expected(&world), "halved");
    let requests = world.simulator.requests();
    let sizes = requests.iter().filter_map(|request| {
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        body["query"].as_str()?.contains("query Commits(").then(|| body["variables"]["size"].as_u64())?
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [100, 50, 25, 25]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secondary_limit_that_ends_in_time_delays_the_run_and_no_more() {
    let world = World::small().await;
    let fault = Fault::status(
        403,
        r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#,
    );
    world.simulator.faults().inject(fault.header("retry-after", "1").of("github").after(4).times(2));
    let (ran, document) = world.collect(&[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_same(&gauges(&document, "github"), &expected(&world), "delayed");
}
