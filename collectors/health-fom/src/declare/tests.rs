//! Declarations: the built-in ones against the specification, those of users, and what is wrong with them.

use std::collections::BTreeSet;

use crate::METRICS;
use crate::catalog;
use crate::metrics::Combine;
use crate::metrics::Curve;
use crate::testing::declare;
use crate::testing::declared;

#[test]
fn the_catalog_is_the_specification_and_the_built_in_declarations() {
    let built_in = declared("", "");
    assert_eq!(built_in.definitions(), METRICS, "the table says something else than the declarations");
    let own = METRICS.iter().map(|def| def.name).filter(|name| !name.ends_with(catalog::COVERAGE));
    let own: BTreeSet<String> = own.map(str::to_owned).collect();
    if let Some(specified) = loopback::specification::names("health_fom") {
        assert_eq!(own, specified);
    }
    assert_eq!(built_in.checks.len(), 14);
}

#[test]
fn a_score_of_ones_own_stands_after_the_built_in_ones_or_in_the_place_of_one() {
    let text = "{health.training.best_accuracy.fom: {metric: wandb.metrics.best_accuracy, worst: 0, best: 100},\
        health.infra.idle.fom: {metric: ec2.instances.idle, over: ec2.instances.running, worst: 0.5, best: 0,\
        by: [region], description: Idle instances.}}";
    let declared = declared(text, "");
    let last = declared.scores.last().unwrap();
    assert_eq!((last.def.name, last.coverage.name), ("health.infra.idle.fom", "health.infra.idle.fom.coverage"));
    assert_eq!((last.def.tags, last.def.description), (&["region"][..], "Idle instances."));
    let changed: Vec<_> =
        declared.scores.iter().filter(|score| score.def.name == "health.training.best_accuracy.fom").collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].inputs[0].curve, Curve::Ramp { worst: 0.0, best: 100.0 });
    assert_eq!(changed[0].def.description, "wandb.metrics.best_accuracy: 0 scores 0, 100 scores 1.");
    let names: BTreeSet<_> = declared.definitions().iter().map(|def| def.name).collect();
    assert_eq!(names.len(), METRICS.len() + 2);
}

#[test]
fn a_check_of_ones_own_has_all_that_is_written() {
    let text = "[{name: idle-eu, metric: ec2.instances.idle, tags: {region: eu}, comparison: '<=', target: 2, warn: 5,\
        combine: max, owner: platform, link: https://wiki.example/idle}, {name: reverts, metric: github.commits.reverts,\
        comparison: '<', target: 3}]";
    let declared = declared("", text);
    let own = declared.checks.last().unwrap();
    assert_eq!((own.name.as_str(), own.target, own.warn), ("idle-eu", 2.0, Some(5.0)));
    assert_eq!(own.tags, [("region", "eu".to_owned())]);
    assert_eq!((own.combine, own.owner.as_deref()), (Some(Combine::Max), Some("platform")));
    let reverts: Vec<_> = declared.checks.iter().filter(|check| check.name == "reverts").collect();
    assert_eq!((reverts.len(), reverts[0].target), (1, 3.0));
}

#[test]
fn what_is_left_out_is_gone() {
    let (left, mistakes) = declare("", "", &["reverts", "health.ci.duration.fom"]);
    assert_eq!(mistakes, []);
    assert!(left.names().iter().all(|name| *name != "reverts" && *name != "health.ci.duration.fom"));
    let (_, mistakes) = declare("", "", &["revert", "health.ci.duraton.fom"]);
    assert_eq!(mistakes.len(), 2);
    assert_eq!(mistakes[1].cure, "Did you mean health.ci.duration.fom?");
    let check = "[{name: own, metric: health.ci.duration.fom, comparison: '>', target: 0.5}]";
    let (_, mistakes) = declare("", check, &["health.ci.duration.fom"]);
    assert!(mistakes[0].why.contains("\"own\" looks at health.ci.duration.fom, which is left out"), "{mistakes:?}");
}

#[track_caller]
fn refused(scores: &str, checks: &str, words: &[&str]) {
    let (_, mistakes) = declare(scores, checks, &[]);
    let told: Vec<String> = mistakes.iter().map(|one| format!("{}: {}. {}", one.at, one.why, one.cure)).collect();
    assert!(
        told.iter().any(|one| words.iter().all(|word| one.contains(word))),
        "{scores}{checks}\n{words:?}\nis not in\n{}",
        told.join("\n")
    );
}

#[test]
fn a_wrong_score_is_told_with_its_place_and_what_to_write() {
    for (declaration, words) in [
        (
            "{metric: ec2.instance.idle, worst: 1, best: 0}",
            &["scores.health.x.fom.metric", "no metric \"ec2.instance.idle\""][..],
        ),
        ("{metric: ec2.volumes.unattached, worst: 1, best: 0}", &["Did you mean ec2.ebs.volumes.unattached?"]),
        (
            "{metric: ec2.instances.idle, worst: 1, best: 0, tags: {repo: a}}",
            &["tags.repo", "has no tag \"repo\"", "Known: account, region"],
        ),
        ("{metric: ec2.instances.idle, worst: 1, best: 0, by: [repo]}", &["by", "no input has the tag \"repo\""]),
        ("{metric: ec2.instances.idle, worst: 1}", &[".best", "is missing beside worst"]),
        ("{metric: ec2.instances.idle, worst: 1, best: 1}", &["worst and best are both 1"]),
        ("{metric: ec2.instances.idle, worst: many, best: 1}", &[".worst", "must be a number, not \"many\""]),
        ("{metric: ec2.instances.idle}", &["has no curve"]),
        ("{metric: ec2.instances.idle, worst: 1, best: 0, flag: true}", &["has several curves"]),
        ("{metric: ec2.instances.idle, flag: false}", &["flag", "can only be true"]),
        ("{metric: ec2.instances.idle, band: {below: 2, from: 1, to: 2, worst: 3}}", &["band.below", "from 0 to 1"]),
        (
            "{metric: ec2.instances.idle, band: {below: 0, from: 3, to: 2, worst: 1}}",
            &["band", "must rise in this order"],
        ),
        ("{metric: ec2.instances.idle, band: {below: 0, from: 3, to: 5}}", &["band.worst", "is missing"]),
        (
            "{metric: ec2.instances.idle, worst: 1, best: 0, wieght: 2}",
            &["wieght", "unknown key", "Known: metric, over"],
        ),
        ("{metrics: ec2.instances.idle, worst: 1, best: 0}", &["names no metric"]),
        (
            "{metric: ec2.instances.idle, over: k8s.pods.total, worst: 1, best: 0}",
            &["has the tags cluster", "account, region"],
        ),
        ("{metric: [ec2.instances.idle, ec2.instances.idle], worst: 1, best: 0}", &["is added twice"]),
        ("{metric: [], worst: 1, best: 0}", &["names no metric"]),
        (
            "{metric: ec2.instances.idle, over: ec2.instances.running, combine: mean, worst: 1, best: 0}",
            &["combine", "of a ratio the sums are divided"],
        ),
        (
            "{metric: ec2.instances.idle, combine: median, worst: 1, best: 0}",
            &["must be one of sum, mean, max, min, not \"median\""],
        ),
        ("{inputs: []}", &["inputs", "at least one input"]),
        (
            "{inputs: [{metric: ec2.instances.idle, worst: 1, best: 0, weight: 0}]}",
            &["inputs[1].weight", "more than 0"],
        ),
        (
            "{inputs: [{metric: ec2.instances.idle, worst: 1, best: 0, weight: 5.0e-324}]}",
            &["inputs[1].weight", "between 0.000001 and 1000000"],
        ),
        (
            "{metric: ec2.instances.idle, over: [ec2.instances.running, ec2.instances.running], worst: 1, best: 0}",
            &["over", "is added twice"],
        ),
        ("{inputs: [{metric: ec2.instances.idle, worst: 1, best: 0}], worst: 1}", &["worst", "stands beside inputs"]),
        (
            "{inputs: [{metric: github.commits.reverts, worst: 1, best: 0}, {metric: wandb.runs.failed_7d, worst: 1, best: 0}]}",
            &["speak of different things", "repo, entity, project"],
        ),
        ("[]", &["must be a mapping"]),
    ] {
        refused(&format!("{{health.x.fom: {declaration}}}"), "", words);
    }
    let whole = "{metric: ec2.instances.idle, worst: 1, best: 0}";
    for (name, words) in [
        ("idle.fom", "begins with health."),
        ("health.Idle", "lower-case letters"),
        ("health.x.coverage", "cannot end in .coverage"),
        ("health.ci.tests_passing.fom.coverage", "cannot end in .coverage"),
    ] {
        refused(&format!("{{{name}: {whole}}}"), "", &[name, words]);
    }
    refused("[]", "", &["scores", "must be a mapping of names to scores"]);
}

#[test]
fn a_score_is_not_made_of_scores() {
    refused(
        "{health.x.fom: {metric: health.ci.duration.fom, worst: 0, best: 1}}",
        "",
        &["no metric \"health.ci.duration.fom\""],
    );
}

#[test]
fn a_wrong_check_is_told_with_its_place_and_what_to_write() {
    let good = "name: x, metric: ec2.instances.idle, comparison: '<', target: 2";
    for (declaration, words) in [
        ("{metric: ec2.instances.idle, comparison: '<', target: 2}".to_owned(), &["checks[1].name", "is missing"][..]),
        ("{name: x, comparison: '<', target: 2}".to_owned(), &["checks[x].metric", "is missing"]),
        ("{name: x, metric: ec2.instances.idle, target: 2}".to_owned(), &["comparison", "is missing"]),
        ("{name: x, metric: ec2.instances.idle, comparison: '<'}".to_owned(), &["target", "is missing"]),
        ("{name: x, metric: ec2.ilde, comparison: '<', target: 2}".to_owned(), &["there is no metric \"ec2.ilde\""]),
        (
            "{name: x, metric: ec2.instances.idle, comparison: '=', target: 2}".to_owned(),
            &["must be one of < <= > >=, not \"=\""],
        ),
        (
            "{name: x, metric: ec2.instances.idle, comparison: '<', target: low}".to_owned(),
            &["target", "must be a number"],
        ),
        (format!("{{{good}, warn: 1}}"), &["warn 1 must lie above the target 2"]),
        ("{name: x, metric: ec2.instances.idle, comparison: '>', target: 2, warn: 3}".to_owned(), &["must lie below"]),
        (format!("{{{good}, tags: {{zone: a}}}}"), &["has no tag \"zone\""]),
        (format!("{{{good}, tags: {{region: 1}}}}"), &["tags.region", "must be a text, not 1"]),
        (format!("{{{good}, link: wiki}}"), &["link", "must be an http:// or https:// address"]),
        (format!("{{{good}, owner: \"a\\nb\"}}"), &["owner", "holds a line break"]),
        (format!("{{{good}, onwer: me}}"), &["onwer", "unknown key"]),
        (
            "{name: Idle Instances, metric: ec2.instances.idle, comparison: '<', target: 2}".to_owned(),
            &["lower-case letters"],
        ),
        (format!("{{{good}}}, {{{good}}}"), &["the name \"x\" is there twice"]),
    ] {
        refused("", &format!("[{declaration}]"), words);
    }
    refused("", "{}", &["checks", "must be a list of checks"]);
}
