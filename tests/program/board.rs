//! `orgpulse check` and `orgpulse explain`.

use serde_json::Value;

use crate::support::World;

/// A world whose checks come from this text alone.
async fn world(checks: &str) -> World {
    let built_in = "tests-passing, benchmarks-passing, failing-workflows, flaky-runs, timed-out-runs, hotfixes, force-merges, \
        reverts, ci-duration-p90, stale-pull-requests, cycle-time-p90, training-runs, unattached-volumes, idle-instances";
    let world = World::small().await.without("WANDB_PROJECTS").without("WANDB_API_KEY");
    let text = format!("health_fom:\n  without: [{built_in}]\n  checks:\n{checks}");
    std::fs::write(world.home().join("orgpulse.yaml"), text).unwrap();
    world
}

const MET: &str = "    - {name: open, metric: github.prs.open, comparison: '>=', target: 0, owner: tools, link: 'https://wiki.example/a b'}\n";
const WARN: &str = "    - {name: slow, metric: github.prs.open, comparison: '<', target: -1, warn: 100000}\n";
const MISSED: &str = "    - {name: many, metric: github.prs.open, comparison: '<', target: -1}\n";
const UNKNOWN: &str = "    - {name: tracker, metric: wandb.runs.active, comparison: '<', target: 1}\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_is_that_of_the_worst_line() {
    for (checks, code) in [
        (vec![MET], 0),
        (vec![MET, WARN], 0),
        (vec![MET, UNKNOWN], 3),
        (vec![MET, MISSED, UNKNOWN], 4),
        (vec![MISSED], 4),
    ] {
        let world = world(&checks.concat()).await;
        let ran = world.run(&["check", "--now", &world.now.to_string()]).await;
        assert_eq!(ran.code, code, "{checks:?}\n{}\n{}", ran.stdout, ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_is_a_table_a_document_or_a_summary_of_a_job() {
    let world = world(&[MET, WARN, MISSED, UNKNOWN].concat()).await;
    let now = world.now.to_string();
    let table = world.run(&["check", "--now", &now]).await;
    let lines: Vec<&str> = table.stdout.lines().collect();
    for (line, begin) in lines.iter().zip(["met ", "warn ", "missed ", "unknown "]) {
        assert!(line.starts_with(begin), "{}", table.stdout);
    }
    assert!(lines[0].contains("repo:acme/widgets") && lines[0].contains("tools"), "{}", table.stdout);
    assert!(lines[3].contains("wandb.runs.active: wandb was not collected in this run"), "{}", table.stdout);
    assert!(lines[5].starts_with("4 checks at ") && lines[5].ends_with("1 met, 1 warn, 1 missed, 1 unknown"));
    assert!(!table.stdout.contains('\u{1b}'));
    let colored = world.run(&["check", "--now", &now, "--color", "always"]).await;
    assert!(colored.stdout.starts_with("\u{1b}[32mmet\u{1b}[0m "), "{}", colored.stdout);

    let json = world.run(&["check", "--now", &now, "--format", "json"]).await;
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, document["exit_code"].as_u64()), (4, Some(4)));
    let checks = document["checks"].as_array().unwrap();
    let oks: Vec<_> = checks.iter().map(|check| check["ok"].as_f64()).collect();
    assert_eq!(oks, [Some(1.0), Some(0.5), Some(0.0), None]);
    assert_eq!((checks[0]["from"].as_str(), checks[3]["value"].as_f64()), (Some("run"), None));

    let github = world.run(&["check", "--now", &now, "--format", "github"]).await;
    let lines: Vec<&str> = github.stdout.lines().collect();
    assert!(
        lines[2].starts_with("| :white_check_mark: met | [open](https://wiki.example/a%20b) |"),
        "{}",
        github.stdout
    );
    assert!(lines[4].starts_with("| :x: missed | many |"), "{}", github.stdout);
    let columns: Vec<usize> = lines[..6].iter().map(|line| line.replace("\\|", "").matches('|').count()).collect();
    assert_eq!(columns, [7; 6], "{}", github.stdout);
}

/// The board of the last run, without asking any source.
#[tokio::test(flavor = "multi_thread")]
async fn the_board_can_be_read_from_datadog() {
    let world = world(&[MET, MISSED].concat()).await;
    let now = world.now.to_string();
    let pushed = world.run(&["collect", "github", "--push", "--now", &now]).await;
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    let by_run = world.run(&["check", "--now", &now]).await;
    world.simulator.recorder().clear();
    let by_datadog = world.run(&["check", "--from-datadog", "--now", &now]).await;
    assert_eq!(by_datadog.stdout, by_run.stdout);
    assert!(world.simulator.requests().iter().all(|request| request.service == "datadog"));
    assert_eq!(world.simulator.requests().len(), 1);
    let world = world.without("DD_APP_KEY");
    let ran = world.run(&["check", "--from-datadog"]).await;
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("--from-datadog: needs Datadog's keys. Set DD_APP_KEY and DD_API_KEY"),
        "{}",
        ran.stderr
    );
}

/// A project that has sent nothing yet, or nothing lately, leaves the sum of all unknown.
#[tokio::test(flavor = "multi_thread")]
async fn what_datadog_does_not_know_of_is_unknown() {
    let world = world(MET).await;
    let now = world.now.to_string();
    assert_eq!(world.run(&["collect", "github", "--push", "--now", &now]).await.code, 0);
    let ran = world.run(&["check", "--from-datadog", "--now", &now]).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let world = world.with("GITHUB_REPOSITORIES", "acme/widgets,acme/gears");
    let ran = world.run(&["check", "--from-datadog", "--now", &now]).await;
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(ran.stdout.contains("repo:acme/gears") && ran.stdout.contains("of the last 4h"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_datadog_cannot_be_read_is_told() {
    let world = world(MET).await.with("DD_APP_KEY", "wrong-application-key");
    let ran = world.run(&["check", "--from-datadog"]).await;
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stdout.contains("Datadog could not be read [unauthorized]"), "{}", ran.stdout);
    assert!(ran.stderr.contains("Check DD_APP_KEY and DD_API_KEY"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("wrong-application-key"), "{}", ran.stderr);
}

/// As Datadog keeps it, whether Datadog is asked or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_met_in_any_case_with_or_without_keys() {
    let check = "    - {name: x, metric: github.prs.open, tags: {repo: ACME/Widgets}, comparison: '>=', target: 0}\n";
    let world = world(check).await.without("DD_APP_KEY").without("DD_API_KEY");
    let ran = world.run(&["check", "--now", &world.now.to_string()]).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_collects_only_what_it_is_made_of() {
    let world = world(MET).await;
    let ran = world.run(&["check", "--now", &world.now.to_string()]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(world.simulator.requests().iter().all(|request| request.service == "github"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_explained_by_its_inputs_curve_and_contributions() {
    let world = World::small().await;
    let ran = world.run(&["explain", "health.commits.quality.fom", "--now", &world.now.to_string()]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for words in [
        "health.commits.quality.fom\n  Mean of: github.commits.reverts: 2 scores 0, 0 scores 1;",
        "0.7 and more is good, 0.3 and more a warning, less is critical",
        "repo:acme/widgets  ",
        "  github.commits.reverts = 0 (this run)\n    2 scores 0, 0 scores 1: scores 1, weight 0.5, adds 0.5",
        "  green: ",
    ] {
        assert!(ran.stdout.contains(words), "{words}\nis not in\n{}", ran.stdout);
    }
    assert!(world.simulator.requests().iter().all(|request| request.service == "github"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_a_score_green_is_told_for_each_input_that_can_do_it_alone() {
    let world = World::small().await;
    let text = "health_fom: {scores: {health.a.fom: {inputs: [\
        {metric: github.prs.open, worst: -2, best: -10}, {metric: github.branches.total, worst: 1000000, best: 0}]},\
        health.b.fom: {metric: github.prs.open, worst: -2, best: -10}}}";
    std::fs::write(world.home().join("orgpulse.yaml"), text).unwrap();
    let now = world.now.to_string();
    let ran = world.run(&["explain", "health.a.fom", "--now", &now]).await;
    // The second input scores nearly 1, so that the first has to score 0.4.
    assert!(ran.stdout.contains("green: with github.prs.open at most -5.2"), "{}", ran.stdout);
    let ran = world.run(&["explain", "health.b.fom", "--now", &now]).await;
    assert!(ran.stdout.contains("green: with github.prs.open at most -7.6"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_explained_by_its_value_target_and_what_would_meet_it() {
    let world = world(&[MISSED, UNKNOWN].concat()).await;
    let now = world.now.to_string();
    let ran = world.run(&["explain", "many", "--now", &now]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for words in ["many  missed\n", "metric  github.prs.open\n", "(this run)", "target  < -1", "green   < -1: over "] {
        assert!(ran.stdout.contains(words), "{words}\nis not in\n{}", ran.stdout);
    }
    let ran = world.run(&["explain", "tracker", "--now", &now]).await;
    assert!(ran.stdout.contains("value   none: wandb was not collected in this run"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_is_told_with_what_was_likely_meant() {
    let world = World::small().await;
    for (name, meant) in [
        ("health.ci.duraton.fom", "Did you mean health.ci.duration.fom?"),
        ("stale-pull-request", "Did you mean stale-pull-requests?"),
        ("xyz", "Known: health."),
    ] {
        let ran = world.run(&["explain", name]).await;
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("there is no such score or check") && ran.stderr.contains(meant), "{}", ran.stderr);
    }
    assert!(world.simulator.requests().is_empty());
}
