//! Scores and checks that a user declares, and what is wrong with them.

use super::collector;
use super::scores;
use super::world;
use crate::support::World;
use crate::support::bare;
use crate::support::finish;
use crate::support::gauges;
use crate::support::root;

fn configure(world: &World, text: &str) {
    std::fs::write(world.home().join("orgpulse.yaml"), text).unwrap();
}

#[cfg(feature = "aws")]
const OWN: &str = r#"
health_fom:
  scores:
    health.infra.running.fom:
      inputs:
        - {metric: ec2.instances.running, combine: sum, worst: 1000, best: 0, weight: 3}
        - {metric: ec2.addresses.unattached, combine: max, worst: 100, best: 0}
  checks:
    - {name: running-instances, metric: ec2.instances.running, combine: sum, comparison: "<", target: 1, owner: platform}
    - {name: running-score, metric: health.infra.running.fom, comparison: ">=", target: 0.1}
  without: [idle-instances, health.infra.ebs_hygiene.fom]
"#;

#[cfg(feature = "aws")]
#[tokio::test(flavor = "multi_thread")]
async fn a_score_and_checks_over_ec2_come_from_the_configuration_alone() {
    let world = world().await;
    configure(&world, OWN);
    let now = world.now.to_string();
    let ran = world.run(&["collect", "ec2", "health_fom", "--output", "json", "--now", &now]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = serde_json::from_str(&ran.stdout).unwrap();
    let ec2 = gauges(&document, "ec2");
    let of =
        |name: &str| ec2.iter().filter(|((metric, _), _)| metric == name).map(|(_, value)| *value).collect::<Vec<_>>();
    let running: f64 = of("ec2.instances.running").iter().sum();
    let addresses = of("ec2.addresses.unattached").into_iter().fold(0.0, f64::max);
    let expected = 0.75 * (1.0 - running / 1000.0) + 0.25 * (1.0 - addresses / 100.0);
    let found = scores(&document);
    let get = |name: &str, tag: &str| found.get(&(name.to_owned(), tag.to_owned())).copied();
    let score = get("health.infra.running.fom", "").unwrap();
    assert!((score - expected).abs() < 1e-9, "{score}, not {expected}");
    assert_eq!(get("health.infra.running.fom.coverage", ""), Some(1.0));
    assert_eq!(get("orgpulse.check.value", "check:running-instances"), Some(running));
    assert_eq!(get("orgpulse.check.ok", "check:running-instances"), Some(f64::from(running < 1.0)));
    assert_eq!(get("orgpulse.check.value", "check:running-score"), Some(score));
    assert_eq!(get("orgpulse.check.target", "check:idle-instances"), None);
    assert_eq!(get("health.infra.ebs_hygiene.fom", ""), None);
    let catalog = world.run(&["metrics", "health_fom"]).await;
    assert!(catalog.stdout.contains("health.infra.running.fom.coverage"), "{}", catalog.stdout);
    assert!(!catalog.stdout.contains("ebs_hygiene"), "{}", catalog.stdout);
}

#[cfg(feature = "aws")]
#[tokio::test(flavor = "multi_thread")]
async fn a_variable_declares_as_the_file_does() {
    let text = "[{name: own, metric: ec2.instances.total, comparison: '>', target: 0, combine: sum}]";
    let world = world().await.with("HEALTH_FOM_CHECKS", text);
    let ran = world.run(&["collect", "ec2", "health_fom", "--output", "json"]).await;
    let document = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(scores(&document).get(&("orgpulse.check.ok".to_owned(), "check:own".to_owned())), Some(&1.0));
    assert_eq!(collector(&document)["outcome"], "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_declaration_is_told_before_any_request() {
    let score = |text: &str| format!("health_fom: {{scores: {{health.x.fom: {text}}}}}");
    let check = |text: &str| format!("health_fom: {{checks: [{text}]}}");
    for (text, words) in [
        (
            score("{metric: github.ci.duration_p90_minute, worst: 1, best: 0}"),
            "orgpulse.yaml: health_fom.scores.health.x.fom.metric: there is no metric \"github.ci.duration_p90_minute\". \
             Did you mean github.ci.duration_p90_minutes?",
        ),
        (
            score("{metric: github.commits.reverts, worst: 1, best: 0, tags: {repository: a/b}}"),
            "health_fom.scores.health.x.fom.tags.repository: github.commits.reverts has no tag \"repository\"",
        ),
        (score("{metric: github.commits.reverts, wrost: 1, best: 0}"), "wrost: unknown key. Did you mean worst?"),
        (score("{metric: github.commits.reverts, worst: 1}"), "best: is missing beside worst"),
        (score("{metric: github.commits.reverts, worst: 1, best: 1}"), "worst and best are both 1"),
        (score("{metric: github.commits.reverts}"), "has no curve. Give it worst and best, or band, or flag: true"),
        (score("{inputs: []}"), "inputs: must be a list of at least one input"),
        (
            score("{metric: github.commits.reverts, over: asana.tasks.open, worst: 1, best: 0}"),
            "over: asana.tasks.open has the tags workspace, github.commits.reverts has the tags org, repo. Only metrics \
             with the same tags can be added or divided",
        ),
        (
            "health_fom: {scores: {idle: {metric: github.commits.reverts, worst: 1, best: 0}}}".to_owned(),
            "scores.idle: the name of a score begins with health.",
        ),
        (
            check("{name: x, metric: github.commits.revert, comparison: '<', target: 1}"),
            "health_fom.checks[x].metric: there is no metric \"github.commits.revert\". Did you mean github.commits.reverts?",
        ),
        (
            check("{name: x, metric: github.commits.reverts, comparison: '=', target: 1}"),
            "comparison: must be one of < <= > >=, not \"=\"",
        ),
        (
            check("{name: x, metric: github.commits.reverts, comparison: '<', target: 5, warn: 3}"),
            "warn 3 must lie above the target 5",
        ),
        (
            check("{name: X y, metric: github.commits.reverts, comparison: '<', target: 5}"),
            "a name has lower-case letters, digits and - _ . / alone",
        ),
        (
            "health_fom: {without: [revert]}".to_owned(),
            "without: there is no score or check \"revert\". Did you mean reverts?",
        ),
        ("health_fom: {scores: 3}".to_owned(), "orgpulse.yaml: health_fom.scores: must be YAML: a mapping or a list"),
        ("health_fom: {score: {}}".to_owned(), "unknown key. Did you mean scores?"),
    ] {
        let world = World::small().await;
        configure(&world, &text);
        for arguments in [&["collect", "github", "health_fom"][..], &["config", "check"], &["check"]] {
            let ran = world.run(arguments).await;
            assert_eq!(ran.code, 2, "{arguments:?} {text}: {}", ran.stderr);
            assert!(ran.stderr.contains(words), "{arguments:?} {text}\n{words}\nis not in\n{}", ran.stderr);
        }
        assert!(world.simulator.requests().is_empty(), "{text}");
    }
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let home = tempfile::tempdir().unwrap();
    let text = "health_fom: {scores: {health.x.fom: {metric: none, worst: 1}}, checks: [{name: own, metric: none}], lookback: 0s}";
    std::fs::write(home.path().join("orgpulse.yaml"), text).unwrap();
    let ran = finish(bare(home.path(), &["config", "check"])).await;
    assert!(ran.stderr.contains("has 6 mistakes"), "{}", ran.stderr);
}

/// What docs/HEALTH.md shows is what the program takes.
#[cfg(feature = "aws")]
#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_manual_is_sound() {
    let manual = std::fs::read_to_string(root().join("docs/HEALTH.md")).unwrap();
    let examples: Vec<&str> = manual.split("```yaml\n").skip(1).filter_map(|text| text.split("```").next()).collect();
    assert!(!examples.is_empty());
    for example in examples {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("orgpulse.yaml"), example).unwrap();
        let ran = finish(bare(home.path(), &["config", "check"])).await;
        assert_eq!(ran.code, 0, "{example}\n{}", ran.stderr);
    }
}
