//! Scores and checks of runs made by hand: the documented points, what is missing, what falls together.

use collector::Failure;
use collector::Reason;
use collector::Tags;
use proptest::prelude::*;

use super::known::covers;
use super::*;
use crate::testing::declared;
use crate::testing::group;
use crate::testing::judge;
use crate::testing::lower;
use crate::testing::metric;
use crate::testing::outcomes;
use crate::testing::run;
use crate::testing::run_with;
use crate::testing::score;
use crate::testing::tags;

const WIDGETS: &[&str] = &["acme", "acme/widgets"];
const VISION: &[&str] = &["acme", "vision"];
const CLUSTER: &[&str] = &["main"];
const EU: &[&str] = &["1", "eu"];
const US: &[&str] = &["1", "us"];
const WORKSPACE: &[&str] = &["7"];

type Inputs = &'static [(&'static str, &'static [&'static str], f64)];

/// The specification's own words for each score, at the ends of its curves and between them.
const POINTS: &[(&str, Inputs, f64)] = &[
    ("health.ci.tests_passing.fom", &[("github.ci.tests_passing_on_main", WIDGETS, 1.0)], 1.0),
    ("health.ci.tests_passing.fom", &[("github.ci.tests_passing_on_main", WIDGETS, 0.0)], 0.0),
    ("health.ci.benchmarks_passing.fom", &[("github.ci.benchmarks_passing", WIDGETS, 1.0)], 1.0),
    ("health.ci.benchmarks_passing.fom", &[("github.ci.benchmarks_passing", WIDGETS, 0.0)], 0.0),
    ("health.ci.workflow_success_rate.fom", &[("github.ci.workflow_success_rate_pct", WIDGETS, 50.0)], 0.0),
    ("health.ci.workflow_success_rate.fom", &[("github.ci.workflow_success_rate_pct", WIDGETS, 72.5)], 0.5),
    ("health.ci.workflow_success_rate.fom", &[("github.ci.workflow_success_rate_pct", WIDGETS, 95.0)], 1.0),
    ("health.ci.duration.fom", &[("github.ci.duration_p90_minutes", WIDGETS, 10.0)], 0.0),
    ("health.ci.duration.fom", &[("github.ci.duration_p90_minutes", WIDGETS, 6.5)], 0.5),
    ("health.ci.duration.fom", &[("github.ci.duration_p90_minutes", WIDGETS, 3.0)], 1.0),
    (
        "health.commits.quality.fom",
        &[("github.commits.reverts", WIDGETS, 0.0), ("github.commits.hotfix", WIDGETS, 10.0)],
        0.5,
    ),
    (
        "health.commits.quality.fom",
        &[("github.commits.reverts", WIDGETS, 1.0), ("github.commits.hotfix", WIDGETS, 5.0)],
        0.5,
    ),
    (
        "health.prs.velocity.fom",
        &[("github.prs.cycle_time_hours", WIDGETS, 24.0), ("github.prs.stale_count_14d", WIDGETS, 25.0)],
        0.75,
    ),
    (
        "health.prs.velocity.fom",
        &[("github.prs.cycle_time_hours", WIDGETS, 72.0), ("github.prs.stale_count_14d", WIDGETS, 0.0)],
        0.5,
    ),
    ("health.prs.quality.fom", &[("github.prs.with_review_comments_pct", WIDGETS, 40.0)], 0.5),
    ("health.prs.quality.fom", &[("github.prs.with_review_comments_pct", WIDGETS, 90.0)], 1.0),
    ("health.ci.failing_workflows.fom", &[("github.ci.workflows_failing_on_main", WIDGETS, 1.0)], 0.8),
    ("health.ci.timeout_cancellations.fom", &[("github.ci.timeout_cancellations_7d", WIDGETS, 15.0)], 0.25),
    ("health.ci.flaky_checks.fom", &[("github.ci.flaky_checks_7d", WIDGETS, 5.0)], 0.75),
    ("health.commits.force_merges.fom", &[("github.commits.force_merge_7d", WIDGETS, 7.0)], 0.5),
    ("health.training.run_success.fom", &[("wandb.runs.completed_7d", VISION, 7.0)], 1.0),
    ("health.training.run_success.fom", &[("wandb.runs.completed_7d", VISION, 0.0)], 0.0),
    ("health.training.run_failures.fom", &[("wandb.runs.failed_7d", VISION, 3.0)], 0.0),
    ("health.training.best_accuracy.fom", &[("wandb.metrics.best_accuracy", VISION, 0.9)], 0.9),
    ("health.training.latest_loss.fom", &[("wandb.metrics.latest_loss", VISION, 2.0)], 0.0),
    ("health.training.latest_loss.fom", &[("wandb.metrics.latest_loss", VISION, 0.1)], 1.0),
    ("health.training.gpu_utilization.fom", &[("wandb.training.gpu_utilization_pct", VISION, 60.0)], 0.75),
    ("health.training.duration.fom", &[("wandb.training.duration_hours", VISION, 0.5)], 0.3),
    ("health.training.duration.fom", &[("wandb.training.duration_hours", VISION, 1.0)], 1.0),
    ("health.training.duration.fom", &[("wandb.training.duration_hours", VISION, 8.0)], 1.0),
    ("health.training.duration.fom", &[("wandb.training.duration_hours", VISION, 12.0)], 0.5),
    ("health.training.duration.fom", &[("wandb.training.duration_hours", VISION, 16.0)], 0.0),
    ("health.infra.gpu_allocation.fom", &[("k8s.resources.gpu_allocation_efficiency_pct", CLUSTER, 42.5)], 0.5),
    (
        "health.infra.ebs_hygiene.fom",
        &[("ec2.ebs.volumes.unattached", EU, 5.0), ("ec2.ebs.volumes.total", EU, 20.0)],
        0.75,
    ),
    (
        "health.infra.ebs_hygiene.fom",
        &[
            ("ec2.ebs.volumes.unattached", EU, 10.0),
            ("ec2.ebs.volumes.total", EU, 10.0),
            ("ec2.ebs.volumes.unattached", US, 0.0),
            ("ec2.ebs.volumes.total", US, 30.0),
        ],
        0.75,
    ),
    (
        "health.infra.pods.fom",
        &[
            ("k8s.pods.failed", CLUSTER, 3.0),
            ("k8s.pods.crash_looping", CLUSTER, 2.0),
            ("k8s.pods.total", CLUSTER, 100.0),
        ],
        0.5,
    ),
    (
        "health.project.overdue.fom",
        &[("asana.tasks.overdue", WORKSPACE, 15.0), ("asana.tasks.open", WORKSPACE, 100.0)],
        0.5,
    ),
    ("health.project.bug_age.fom", &[("asana.projects.bugs.avg_age_days", WORKSPACE, 52.0)], 0.5),
];

#[test]
fn the_built_in_scores_are_those_of_the_specification_at_its_points() {
    let declared = declared("", "");
    for (name, inputs, expected) in POINTS {
        let found = score(&declared, &run(inputs), name).unwrap_or_else(|| panic!("no {name} of {inputs:?}"));
        assert!((found - expected).abs() < 1e-12, "{name} of {inputs:?}: {found}, not {expected}");
    }
    for score in &declared.scores {
        assert!(POINTS.iter().any(|(name, ..)| *name == score.def.name), "{} has no point", score.def.name);
    }
}

#[test]
fn a_ratio_over_nothing_is_none() {
    let declared = declared("", "");
    let empty = [("ec2.ebs.volumes.unattached", EU, 0.0), ("ec2.ebs.volumes.total", EU, 0.0)];
    let found = &outcomes(&declared, &judge(&declared, &run(&empty)), "health.infra.ebs_hygiene.fom")[0].1;
    assert_eq!((found.score, found.coverage), (None, 0.0));
    assert_eq!(found.gap().unwrap().why, "there is nothing to divide by");
}

const FOUR: &str = "health.x.fom: {inputs: [\
    {metric: github.commits.reverts, worst: 2, best: 0, weight: 1},\
    {metric: github.commits.hotfix, worst: 10, best: 0, weight: 2},\
    {metric: github.prs.stale_count_14d, worst: 50, best: 0, weight: 4},\
    {metric: github.ci.flaky_checks_7d, worst: 20, best: 0, weight: 8}]}";

#[test]
fn the_coverage_is_the_share_of_weight_that_is_there_for_every_subset_of_the_inputs() {
    let declared = declared(FOUR, "");
    let names =
        ["github.commits.reverts", "github.commits.hotfix", "github.prs.stale_count_14d", "github.ci.flaky_checks_7d"];
    for there in 0..16_u32 {
        let is_there = |at: usize| there & (1 << at) != 0;
        let present: Vec<_> = (0..4).filter(|at| is_there(*at)).map(|at| (names[at], WIDGETS, 0.0)).collect();
        let earlier = run_with(&present, |source, batch| {
            for at in (0..4).filter(|at| source == "github" && !is_there(*at)) {
                batch.absent(metric(names[at]), "there is none", &tags(metric(names[at]), WIDGETS));
            }
        });
        let found = &outcomes(&declared, &judge(&declared, &earlier), "health.x.fom")[0];
        assert_eq!(found.0, "repo:acme/widgets");
        assert!((found.1.coverage - f64::from(there) / 15.0).abs() < 1e-12, "{there:b}: {}", found.1.coverage);
        assert_eq!(found.1.score.is_some(), there == 15, "{there:b}");
    }
}

#[test]
fn what_fails_for_one_repository_leaves_the_others_whole() {
    let declared = declared("", "");
    let other: &[&str] = &["acme", "acme/gears"];
    let gauges = [("github.ci.tests_passing_on_main", WIDGETS, 1.0)];
    let earlier = run_with(&gauges, |source, batch| {
        if source == "github" {
            let tags = tags(metric("github.ci.tests_passing_on_main"), other);
            batch.fail(group("github.ci.x"), &tags, Failure::new(Reason::RateLimited, "read", "no"));
        }
    });
    let found = outcomes(&declared, &judge(&declared, &earlier), "health.ci.tests_passing.fom");
    assert_eq!(found[1].1.score, Some(1.0));
    assert_eq!((found[0].0.as_str(), found[0].1.score), ("repo:acme/gears", None));
    assert!(found[0].1.gap().unwrap().why.contains("github.ci could not be collected in this run [rate_limited]"));
}

#[test]
fn a_sum_with_a_part_that_failed_is_none() {
    let declared = declared("", "");
    let gauges = [("ec2.ebs.volumes.unattached", EU, 5.0), ("ec2.ebs.volumes.total", EU, 20.0)];
    let earlier = run_with(&gauges, |source, batch| {
        if source == "ec2" {
            let tags = tags(metric("ec2.ebs.volumes.total"), US);
            batch.fail("ec2.ebs", &tags, Failure::new(Reason::Forbidden, "read", "no"));
        }
    });
    assert_eq!(score(&declared, &earlier, "health.infra.ebs_hygiene.fom"), None);
}

#[test]
fn several_series_are_one_value_only_where_the_declaration_says_how() {
    let two = [("ec2.gpus.total", EU, 4.0), ("ec2.gpus.total", US, 8.0)];
    let of =
        |further: &str| declared(&format!("health.x.fom: {{metric: ec2.gpus.total, worst: 0, best: 16{further}}}"), "");
    let silent = of("");
    let found = &outcomes(&silent, &judge(&silent, &run(&two)), "health.x.fom")[0].1;
    assert_eq!(found.score, None);
    assert!(found.gap().unwrap().why.contains("2 series fall together (account:1 region:eu; account:1 region:us"));
    for (combine, expected) in [("sum", 0.75), ("mean", 0.375), ("max", 0.5), ("min", 0.25)] {
        assert_eq!(
            score(&of(&format!(", combine: {combine}")), &run(&two), "health.x.fom"),
            Some(expected),
            "{combine}"
        );
    }
    let each = of(", by: [region]");
    let found = outcomes(&each, &judge(&each, &run(&two)), "health.x.fom");
    let found: Vec<_> = found.iter().map(|(tags, outcome)| (tags.as_str(), outcome.score)).collect();
    assert_eq!(found, [("region:eu", Some(0.25)), ("region:us", Some(0.5))]);
    let one = of(", tags: {region: us}");
    assert_eq!(score(&one, &run(&two), "health.x.fom"), Some(0.5));
}

#[test]
fn an_input_without_the_tag_of_a_score_counts_for_each_thing() {
    let text = "health.x.fom: {inputs: [\
        {metric: github.commits.reverts, worst: 2, best: 0},\
        {metric: asana.projects.bugs.avg_age_days, worst: 90, best: 14}]}";
    let declared = declared(text, "");
    let gauges = [
        ("github.commits.reverts", WIDGETS, 0.0),
        ("github.commits.reverts", &["acme", "acme/gears"][..], 2.0),
        ("asana.projects.bugs.avg_age_days", WORKSPACE, 52.0),
    ];
    let found = outcomes(&declared, &judge(&declared, &run(&gauges)), "health.x.fom");
    let found: Vec<_> = found.iter().map(|(tags, outcome)| (tags.as_str(), outcome.score)).collect();
    assert_eq!(found, [("repo:acme/gears", Some(0.25)), ("repo:acme/widgets", Some(0.75))]);
}

#[test]
fn the_history_fills_in_what_was_not_collected_and_nothing_else() {
    let def = metric("github.ci.flaky_checks_7d");
    let needed = [Metric { source: "github", def }];
    let (failed, absent): (&[&str], &[&str]) = (&["acme", "acme/Gears"], &["acme", "acme/none"]);
    let earlier = run_with(&[(def.name, WIDGETS, 1.0)], |source, batch| {
        if source == "github" {
            batch.fail(def.group, &tags(def, failed), Failure::new(Reason::Deadline, "read", "late"));
            batch.absent(def, "there is none", &tags(def, absent));
        }
    });
    let mut known = Known::of_run(&needed, &earlier, lower);
    assert!(known.lacks(def.name));
    let told = |repo: &str, value| Sample { metric: def.name, tags: tags(def, &["acme", repo]), value };
    let samples = vec![
        told("acme/widgets", 100.0),
        told("acme/gears", 7.0),
        told("acme/none", 100.0),
        told("acme/removed", 100.0),
    ];
    known.add(samples, lower, "4h");
    let facts = known.of(def.name).unwrap();
    let found: Vec<_> = facts.series.iter().map(|series| (series.value, series.origin)).collect();
    assert_eq!(found, [(1.0, Origin::Run), (7.0, Origin::History)]);
    assert_eq!(facts.gaps.len(), 1, "{:?}", facts.gaps);
    assert_eq!(facts.gaps[0].cause, Cause::None);
}

#[test]
fn a_source_that_did_not_run_is_read_whole() {
    let def = metric("github.ci.flaky_checks_7d");
    let needed = [Metric { source: "github", def }];
    let mut known = Known::of_run(&needed, &[], lower);
    let sample = |repo: &str| Sample { metric: def.name, tags: tags(def, &["acme", repo]), value: 7.0 };
    known.add(vec![sample("a"), sample("b")], lower, "4h");
    assert_eq!(known.of(def.name).unwrap().series.len(), 2);
    assert!(known.of(def.name).unwrap().gaps.is_empty());
    let mut known = Known::of_run(&needed, &[], lower);
    known.add(Vec::new(), lower, "4h");
    let why = &known.of(def.name).unwrap().gaps[0].why;
    assert_eq!(why, "github was not collected in this run, and Datadog has no value of the last 4h");
}

#[test]
fn fewer_tags_cover_more() {
    let all = Tags::new().with("org", "acme").with("repo", "Acme/Widgets");
    for (fewer, expected) in [
        (Tags::new(), true),
        (Tags::new().with("org", "acme"), true),
        (Tags::new().with("repo", "acme/widgets"), true),
        (Tags::new().with("repo", "acme/gears"), false),
        (Tags::new().with("region", "eu"), false),
    ] {
        assert_eq!(covers(&fewer, &all, lower), expected, "{fewer}");
    }
}

fn verdict(text: &str, gauges: &[(&str, &[&str], f64)]) -> Verdict {
    let declared = declared("", &format!("[{{name: x, {text}}}]"));
    judge(&declared, &run(gauges)).checks.pop().unwrap()
}

#[test]
fn a_check_is_met_warned_of_or_missed() {
    let states = |text: &str, values: &[f64]| {
        let of = |value: &f64| verdict(text, &[("github.ci.duration_p90_minutes", WIDGETS, *value)]).state.word();
        values.iter().map(of).collect::<Vec<_>>().join(" ")
    };
    let metric = "metric: github.ci.duration_p90_minutes, target: 5";
    assert_eq!(states(&format!("{metric}, comparison: '<', warn: 8"), &[4.9, 5.0, 7.9, 8.0]), "met warn warn missed");
    assert_eq!(states(&format!("{metric}, comparison: '<='"), &[5.0, 5.1]), "met missed");
    assert_eq!(states(&format!("{metric}, comparison: '>', warn: 2"), &[5.1, 5.0, 2.0]), "met warn missed");
    assert_eq!(states(&format!("{metric}, comparison: '>='"), &[5.0, 4.9]), "met missed");
    assert_eq!(verdict(&format!("{metric}, comparison: '<'"), &[]).state, State::Unknown);
}

#[test]
fn the_worst_of_several_series_counts_and_is_named() {
    let two = [
        ("github.prs.stale_count_14d", WIDGETS, 3.0),
        ("github.prs.stale_count_14d", &["acme", "acme/gears"][..], 30.0),
    ];
    let found = verdict("metric: github.prs.stale_count_14d, comparison: '<', target: 20", &two);
    let value = found.value.unwrap();
    assert_eq!((value.value, value.series, found.state), (30.0, 2, State::Missed));
    assert_eq!(value.tags.unwrap().get("repo"), Some("acme/gears"));
    let found = verdict("metric: github.prs.stale_count_14d, comparison: '>=', target: 20", &two);
    assert_eq!(found.value.unwrap().value, 3.0);
    let found = verdict("metric: github.prs.stale_count_14d, comparison: '<', target: 20, combine: sum", &two);
    assert_eq!(found.value.unwrap().value, 33.0);
    let text = "metric: github.prs.stale_count_14d, comparison: '<', target: 20, tags: {repo: Acme/Widgets}";
    assert_eq!(verdict(text, &two).state, State::Met);
}

#[test]
fn a_check_may_look_at_a_score() {
    let text = "metric: health.ci.flaky_checks.fom, comparison: '>=', target: 0.7, warn: 0.3";
    let found = verdict(text, &[("github.ci.flaky_checks_7d", WIDGETS, 10.0)]);
    assert_eq!((found.value.unwrap().value, found.state), (0.5, State::Warn));
    assert_eq!(verdict(text, &[]).state, State::Unknown);
}

/// Which way each built-in input pulls: less is better, or more; the band has a best of its own.
fn rises(curve: Curve) -> Option<bool> {
    match curve {
        Curve::Ramp { worst, best } => Some(best > worst),
        Curve::Flag => Some(true),
        Curve::Band { .. } => None,
    }
}

/// A project that Datadog knows nothing of, beside one of which it does: their sum is not known.
#[test]
fn a_part_of_the_history_does_not_pass_for_the_whole() {
    let def = metric("wandb.runs.completed_7d");
    let needed = [Metric { source: "wandb", def }];
    let named = |values: &[&str]| Named { source: "wandb", tags: tags(def, values) };
    let mut known = Known::of_run(&needed, &[], lower);
    known.add(vec![Sample { metric: def.name, tags: tags(def, VISION), value: 30.0 }], lower, "4h");
    let mut whole = known.clone();
    whole.expect(&needed, &[named(&["Acme", "vision"])], lower, "4h");
    known.expect(&needed, &[named(VISION), named(&["acme", "speech"])], lower, "4h");
    let all = declared("", "").checks;
    let check = all.iter().find(|one| one.name == "training-runs").unwrap();
    assert_eq!(check.evaluate(&whole, lower).state, State::Met);
    let verdict = check.evaluate(&known, lower);
    assert_eq!(verdict.state, State::Unknown);
    let why = verdict.value.unwrap_err().why;
    assert!(why.contains("project:speech") && why.contains("Datadog has no value of the last 4h"), "{why}");
}

#[test]
fn a_coverage_is_not_known_while_datadog_cannot_be_read() {
    let scores = "health.x.fom: {inputs: [{metric: k8s.pods.failed, worst: 10, best: 0},\
        {metric: asana.tasks.overdue, worst: 10, best: 0}]}";
    let checks = "[{name: x, metric: health.x.fom.coverage, comparison: '>=', target: 1}]";
    let mut earlier = run(&[("k8s.pods.failed", CLUSTER, 1.0)]);
    earlier.retain(|one| one.source != "asana");
    let health = crate::Health::new(declared(scores, checks), None);
    let mut known = Known::of_run(&health.needed(), &earlier, lower);
    known.failed(&Failure::new(Reason::Unauthorized, "read", "no"));
    let verdict = health.judge(known, lower).checks.pop().unwrap();
    assert_eq!(verdict.state, State::Unknown);
    let why = verdict.value.unwrap_err().why;
    assert!(why.ends_with("Datadog could not be read [unauthorized]"), "{why}");
}

proptest! {
    #[test]
    fn every_score_lies_between_0_and_1_and_is_monotone_in_each_input(
        values in prop::collection::vec(0.0..200.0_f64, 40),
        more in 0.0..100.0_f64,
        place in 0..40_usize,
    ) {
        let declared = declared("", "");
        let needed: Vec<Metric> = crate::Health::new(declared.clone(), None).needed();
        let of = |raised: Option<usize>| {
            let gauges: Vec<(&str, Vec<&str>, f64)> = needed.iter().enumerate().map(|(at, metric)| {
                let value = values[at % values.len()] + if raised == Some(at) { more } else { 0.0 };
                (metric.def.name, vec!["x"; metric.def.tags.len()], value)
            }).collect();
            let gauges: Vec<(&str, &[&str], f64)> = gauges.iter().map(|(n, t, v)| (*n, t.as_slice(), *v)).collect();
            judge(&declared, &run(&gauges))
        };
        let place = place % needed.len();
        let (before, after) = (of(None), of(Some(place)));
        for ((score, before), after) in declared.scores.iter().zip(&before.scores).zip(&after.scores) {
            let (Some(before), Some(after)) = (before.things[0].score, after.things[0].score) else { continue };
            prop_assert!((0.0..=1.0).contains(&before));
            let input = score.inputs.iter().find(|one| one.input.all().any(|metric| metric.def == needed[place].def));
            let Some(input) = input else {
                prop_assert_eq!(before, after);
                continue;
            };
            let above = input.input.metrics.iter().any(|metric| metric.def == needed[place].def);
            match rises(input.curve) {
                Some(rises) if rises == above => prop_assert!(after >= before - 1e-12, "{}", score.def.name),
                Some(_) => prop_assert!(after <= before + 1e-12, "{}", score.def.name),
                None => {}
            }
        }
    }

    #[test]
    fn what_is_said_to_make_a_score_good_does(reverts in 0.0..3.0_f64, hotfix in 0.0..15.0_f64) {
        let declared = declared("", "");
        let at = |reverts, hotfix| {
            let gauges = [("github.commits.reverts", WIDGETS, reverts), ("github.commits.hotfix", WIDGETS, hotfix)];
            outcomes(&declared, &judge(&declared, &run(&gauges)), "health.commits.quality.fom").remove(0).1
        };
        let score = declared.scores.iter().find(|score| score.def.name == "health.commits.quality.fom").unwrap();
        let outcome = at(reverts, hotfix);
        for (place, input) in score.inputs.iter().enumerate() {
            let Some(needed) = score.needed(&outcome, place, GOOD) else {
                prop_assert!(score.with_part(&outcome, place, 1.0).unwrap() < GOOD);
                continue;
            };
            if needed == 0.0 {
                continue;
            }
            let Reach::AtMost(value) = input.curve.reach(needed) else { panic!("a falling ramp") };
            let changed = if place == 0 { at(value, hotfix) } else { at(reverts, value) };
            prop_assert!(changed.score.unwrap() >= GOOD - 1e-9);
        }
    }
}
