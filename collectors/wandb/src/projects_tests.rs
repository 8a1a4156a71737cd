//! Several projects: the trouble of one is not that of the others.

use std::collections::BTreeSet;
use std::time::Duration;

use collector::Reason;
use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use loopback::ok;
use serde_json::json;

use super::*;
use crate::catalog::group;
use crate::metrics::sample::now;
use crate::metrics::sample::value;
use crate::testing::*;

fn of_projects(server: &Server, projects: &[&str]) -> Config {
    let projects = projects.iter().map(|name| format!("acme/{name}").parse().unwrap()).collect();
    Config { projects, ..config(server) }
}

/// The projects that something failed for.
fn failed_projects(batch: &Batch) -> BTreeSet<&str> {
    batch.failures().iter().filter_map(|one| one.tags.get("project")).collect()
}

#[tokio::test]
async fn an_unknown_project_is_no_empty_one_and_leaves_the_others_whole() {
    let unknown =
        |seen: &Seen, _| (seen.variable("project") == "lost").then(|| ok(json!({"data": {"project": null}})).into());
    let server = server(vec![run("a", json!({}))], unknown).await;
    let projects = ["acme/lost", "acme/vision"].map(|project| project.parse().unwrap()).to_vec();
    let config = Config { projects, ..config(&server) };
    let batch = Wandb::new(config).collect_at(&context(), QUICK).await.unwrap();
    assert_eq!(batch.failures().len(), group::ALL.len());
    for one in batch.failures() {
        assert_eq!((one.failure.reason, one.tags.get("project")), (Reason::NotFound, Some("lost")));
        assert!(
            one.failure.to_string().contains("acme/lost: W&B knows no such project, or hides it"),
            "{}",
            one.failure
        );
    }
    assert_eq!(value(&batch, "wandb.runs.completed_7d"), Some(1.0));
    assert!(batch.gauges().iter().all(|gauge| gauge.tags().get("project") == Some("vision")));
}

#[tokio::test]
async fn a_project_that_the_key_is_refused_for_leaves_the_others_whole() {
    let refused = |seen: &Seen, _| {
        let error = json!({"message": "unauthorized", "path": ["project"]});
        (seen.variable("project") == "closed").then(|| ok(json!({"data": null, "errors": [error]})).into())
    };
    let server = server(vec![run("a", json!({}))], refused).await;
    let projects = ["acme/closed", "acme/vision"].map(|project| project.parse().unwrap()).to_vec();
    let config = Config { projects, ..config(&server) };
    let batch = Wandb::new(config).collect_at(&context(), QUICK).await.unwrap();
    assert!(batch.failures().iter().all(|one| one.failure.reason == Reason::Unauthorized));
    assert_eq!((batch.failures().len(), server.seen().len()), (group::ALL.len(), 6));
    assert_eq!(value(&batch, "wandb.runs.completed_7d"), Some(1.0));
}

#[tokio::test]
async fn projects_that_hang_leave_the_others_whole() {
    let hang = |seen: &Seen, _| {
        seen.variable("project").as_str().is_some_and(|name| name.starts_with("slow")).then_some(Answer::Never)
    };
    let server = server(vec![run("a", json!({}))], hang).await;
    let config = of_projects(&server, &["slow1", "slow2", "p1", "p2", "p3", "p4", "p5", "p6"]);
    // The deadline comes before the last try of those that hang.
    let context = loopback::context(now(), Duration::from_millis(3500));
    let pace = Pace { per_try: Duration::from_secs(1), ..QUICK };
    let batch = Wandb::new(config).collect_at(&context, pace).await.unwrap();
    assert_eq!(failed_projects(&batch), BTreeSet::from(["slow1", "slow2"]), "{:?}", batch.failures());
}

/// W&B limits the time that its database spends on one project, beside the requests of a user.
#[tokio::test]
async fn the_limit_of_one_project_is_not_that_of_the_others() {
    for (status, left) in [(429, None), (200, Some("0"))] {
        for reset in ["3600", "30"] {
            let limited = move |seen: &Seen, _: usize| {
                (seen.variable("project") == "big").then(|| {
                    let headers = [("RateLimit-Remaining", left.unwrap_or("1000")), ("RateLimit-Reset", reset)];
                    let page = json!({"data": {"project": {"runCount": 250, "runs": {
                        "pageInfo": {"hasNextPage": true, "endCursor": "1"}, "edges": []}}}});
                    loopback::answer(status, &headers, &page).into()
                })
            };
            let server = server(vec![run("a", json!({}))], limited).await;
            let config = of_projects(&server, &["big", "p1", "p2", "p3", "p4"]);
            let context = loopback::context(now(), Duration::from_secs(20));
            let batch = Wandb::new(config).collect_at(&context, QUICK).await.unwrap();
            let reasons: BTreeSet<_> = batch.failures().iter().map(|one| one.failure.reason.to_string()).collect();
            assert_eq!(failed_projects(&batch), BTreeSet::from(["big"]), "{status} {reset}: {:?}", batch.failures());
            assert_eq!(reasons, BTreeSet::from(["rate_limited".to_owned()]));
            assert!(batch.failures().iter().all(|one| one.failure.cure.contains("less often")));
            let asked = server.seen().iter().filter(|seen| seen.variable("project") == "big").count();
            assert_eq!(asked, 3, "{status} {reset}");
        }
    }
}

#[tokio::test]
async fn a_limit_that_two_projects_are_told_of_is_that_of_the_user() {
    let limited = |_: &Seen, _| Some(loopback::answer(429, &[("RateLimit-Reset", "3600")], &json!({})).into());
    let server = server(Vec::new(), limited).await;
    let names: Vec<String> = (0..20).map(|i| format!("p{i}")).collect();
    let config = of_projects(&server, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let batch = Wandb::new(config).collect_at(&context(), QUICK).await.unwrap();
    assert!(batch.failures().iter().all(|one| one.failure.reason == Reason::RateLimited));
    assert!(server.seen().len() <= 2 * QUICK.in_flight, "{} requests", server.seen().len());
}
