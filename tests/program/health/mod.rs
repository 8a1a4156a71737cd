//! The scores and checks in the whole program: made of what a run collects, read from Datadog, declared by users.

mod declared;
mod expected;
mod history;

use serde_json::Value;
use simulator::Scale;
#[cfg(feature = "aws")]
use simulator::organisation::aws::AwsScale;

use crate::support::Gauges;
use crate::support::Ran;
use crate::support::World;
use crate::support::assert_same;
use crate::support::gauges;

/// A small organisation with something of every source that is simulated.
async fn world() -> World {
    let scale = Scale::small();
    #[cfg(feature = "aws")]
    let scale = scale.with_aws(AwsScale::small());
    World::new(1, scale).await
}

fn scores(document: &Value) -> Gauges {
    gauges(document, "health_fom")
}

/// What came of the scores as a collector.
fn collector(document: &Value) -> &Value {
    let all = document["collectors"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().find(|one| one["name"] == "health_fom").unwrap_or(&Value::Null)
}

/// Runs all that is configured, and pushes it.
async fn push(world: &World) -> (Ran, Value) {
    let (ran, document) = world.collect_from("all", &["--push"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    (ran, document)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scores_of_a_run_are_made_of_its_own_gauges() {
    let world = world().await;
    let (_, document) = push(&world).await;
    let of_document = expected::scores(&document);
    assert!(of_document.len() > 20, "{of_document:?}");
    let mut found = scores(&document);
    found.retain(|(metric, _), _| metric.ends_with(".fom"));
    assert_same(&found, &of_document, "scores");
    assert_eq!(collector(&document)["outcome"], "complete");
    let sent = world.simulator.datadog().stored();
    assert!(sent.iter().any(|series| series.metric == "health.ci.duration.fom.coverage"));
    // A status in a tag would begin a new series whenever it changes.
    for series in sent.iter().filter(|series| series.metric.starts_with("orgpulse.check.")) {
        let own: Vec<_> = series.tags.iter().filter(|tag| !tag.starts_with("source:")).collect();
        assert!(matches!(own[..], [tag] if tag.starts_with("check:")), "{:?}", series.tags);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_application_key_scores_are_made_of_what_the_run_collects() {
    let world = world().await.without("DD_APP_KEY");
    let (ran, document) = world.collect_from("github", &[]).await;
    assert_eq!((ran.code, scores(&document).len()), (0, 0));
    let ran =
        world.run(&["collect", "github", "health_fom", "--output", "json", "--now", &world.now.to_string()]).await;
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = scores(&document);
    assert!(found.keys().any(|(metric, _)| metric == "health.ci.duration.fom"), "{found:?}");
    assert!(found.keys().all(|(metric, _)| !metric.starts_with("health.training.")), "{found:?}");
    let missing = collector(&document)["missing"].to_string();
    assert!(
        missing.contains("wandb was not collected in this run; with DD_APP_KEY and DD_API_KEY it would be read"),
        "{missing}"
    );
    let alone = world.run(&["collect", "health_fom"]).await;
    assert_eq!(alone.code, 2);
    assert!(alone.stderr.contains("Name a source beside it, or set DD_APP_KEY and DD_API_KEY"), "{}", alone.stderr);
}
