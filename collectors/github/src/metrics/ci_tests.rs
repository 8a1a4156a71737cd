use jiff::SignedDuration;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::json;

use super::super::sample::*;
use super::*;
use crate::config::Auth;

fn config(tests: &[&str], benchmarks: &[&str]) -> Config {
    let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
    Config {
        api_url: String::new(),
        auth: Auth::Token(SecretString::from("")),
        repositories: Vec::new(),
        hotfix_labels: Vec::new(),
        force_merge_labels: Vec::new(),
        timeout_minutes: 360,
        test_workflows: owned(tests),
        benchmark_workflows: owned(benchmarks),
        max_job_lookups: 20,
        max_commit_lookups: 100,
        production_environment: "production".to_owned(),
        deploy_workflow: None,
    }
}

fn settings() -> Settings {
    Settings::new(&config(&[], &["*benchmark*"])).unwrap()
}

/// A push run on the default branch, an hour old, that succeeded in 10 minutes.
fn run(id: u64) -> Run {
    Run {
        id,
        workflow: 1,
        name: "CI".into(),
        on_push: true,
        completed: true,
        conclusion: Conclusion::Success,
        attempt: 1,
        on_default_branch: true,
        head_sha: "c1".into(),
        created_at: ago(HOUR),
        started_at: Some(ago(HOUR)),
        updated_at: ago(HOUR - 600),
    }
}

fn of(all: &[Run], name: &str) -> Option<f64> {
    value(&runs(all, now(), &settings(), &tags()), name)
}

#[test]
fn window_edges_and_a_repository_without_actions() {
    let at = |s: i64| Run { created_at: ago(s), ..run(1) };
    assert_eq!(of(&[at(-1), at(0), at(7 * DAY - 1), at(7 * DAY)], "github.ci.workflow_runs_7d"), Some(2.0));
    let none = runs(&[], now(), &settings(), &tags());
    assert_eq!(none.gauges().len(), 5);
    assert!(none.gauges().iter().all(|gauge| gauge.value() == 0.0));
    assert_eq!(none.absences().len(), 7);
}

#[test]
fn conclusions() {
    let ended = |conclusion| Run { conclusion, ..run(1) };
    let all = [
        ended(Conclusion::Success),
        ended(Conclusion::Failure),
        ended(Conclusion::StartupFailure),
        ended(Conclusion::TimedOut),
        ended(Conclusion::Cancelled),
        ended(Conclusion::Other),
    ];
    assert_eq!(of(&all, "github.ci.failed_workflows_7d"), Some(2.0));
    assert_eq!(of(&all, "github.ci.workflow_success_rate_pct"), Some(25.0));
    assert_eq!(of(&all[4..], "github.ci.workflow_success_rate_pct"), None);
    assert_eq!(Conclusion::from(Some("brand_new")), Conclusion::Other);
    assert_eq!(Conclusion::from(None), Conclusion::Other);
}

#[test]
fn a_long_cancelled_run_timed_out() {
    let ran = |conclusion, minutes: i64| Run {
        conclusion,
        started_at: Some(ago(DAY)),
        updated_at: ago(DAY) + SignedDuration::from_mins(minutes),
        ..run(1)
    };
    let table = [
        (ran(Conclusion::TimedOut, 1), 1.0),
        (ran(Conclusion::Cancelled, 360), 1.0),
        (ran(Conclusion::Cancelled, 359), 0.0),
        (ran(Conclusion::Failure, 400), 0.0),
        (Run { started_at: None, ..ran(Conclusion::Cancelled, 400) }, 0.0),
    ];
    for (run, timeouts) in table {
        assert_eq!(of(std::slice::from_ref(&run), "github.ci.timeout_cancellations_7d"), Some(timeouts), "{run:?}");
    }
}

#[test]
fn a_success_at_a_later_attempt_is_flaky() {
    let all = [Run { attempt: 2, ..run(1) }, Run { attempt: 2, conclusion: Conclusion::Failure, ..run(2) }, run(3)];
    assert_eq!(of(&all, "github.ci.flaky_checks_7d"), Some(1.0));
}

#[test]
fn durations_are_of_runs_that_ended_by_themselves() {
    let took = |minutes: i64, conclusion| Run {
        conclusion,
        updated_at: ago(HOUR) + SignedDuration::from_mins(minutes),
        ..run(1)
    };
    let all = [
        took(10, Conclusion::Success),
        took(20, Conclusion::Failure),
        took(30, Conclusion::TimedOut),
        took(500, Conclusion::StartupFailure),
        took(500, Conclusion::Cancelled),
        Run { completed: false, ..took(500, Conclusion::Success) },
    ];
    assert_eq!(of(&all, "github.ci.avg_workflow_duration_minutes"), Some(20.0));
    assert_eq!(of(&all, "github.ci.duration_p50_minutes"), Some(20.0));
    assert_eq!(of(&all, "github.ci.duration_p90_minutes"), Some(28.0));
    assert_eq!(of(&all, "github.ci.duration_p99_minutes"), Some(29.8));
    assert_eq!(of(&all[3..], "github.ci.duration_p99_minutes"), None);
}

#[test]
fn the_latest_decided_run_of_each_test_workflow_tells() {
    let ok = run(5);
    let passed_over = |conclusion, completed| Run { conclusion, completed, created_at: ago(60), ..run(6) };
    let bad = |id: u64, s: i64| Run { id, created_at: ago(s), conclusion: Conclusion::Failure, ..run(1) };
    let table = [
        ("passed", vec![ok.clone()], Some(1.0)),
        ("an older failure", vec![ok.clone(), bad(4, 2 * HOUR)], Some(1.0)),
        ("a newer failure", vec![ok.clone(), bad(4, 60)], Some(0.0)),
        ("ties go by id", vec![ok.clone(), bad(6, HOUR)], Some(0.0)),
        ("ties go by id, the other way", vec![ok.clone(), bad(4, HOUR)], Some(1.0)),
        ("cancelled is passed over", vec![ok.clone(), passed_over(Conclusion::Cancelled, true)], Some(1.0)),
        ("unfinished is passed over", vec![ok.clone(), passed_over(Conclusion::Other, false)], Some(1.0)),
        ("nothing decided", vec![passed_over(Conclusion::Cancelled, true)], None),
        ("another branch", vec![Run { on_default_branch: false, ..bad(9, 60) }, ok.clone()], Some(1.0)),
        ("a second workflow fails", vec![ok.clone(), Run { workflow: 2, ..bad(9, 60) }], Some(0.0)),
        ("never pushed: no test", vec![Run { on_push: false, ..bad(9, 60) }], None),
        ("scheduled, but also pushed", vec![ok.clone(), Run { on_push: false, ..bad(9, 60) }], Some(0.0)),
        ("a benchmark is no test", vec![Run { name: "Nightly BENCHMARKS".into(), ..bad(9, 60) }], None),
        ("before the window", vec![bad(9, 7 * DAY)], None),
    ];
    for (case, all, passing) in table {
        assert_eq!(of(&all, "github.ci.tests_passing_on_main"), passing, "{case}");
    }
}

#[test]
fn configured_workflows() {
    let named =
        |workflow: u64, name: &str, conclusion| Run { workflow, name: name.into(), conclusion, ..run(workflow) };
    let all = [
        named(1, "Unit tests", Conclusion::Success),
        named(2, "Lint", Conclusion::Failure),
        named(3, "Benchmark", Conclusion::Failure),
        named(4, "Docs", Conclusion::TimedOut),
    ];
    let with = |tests: &[&str], benchmarks: &[&str], name: &str| {
        let settings = Settings::new(&config(tests, benchmarks)).unwrap();
        value(&runs(&all, now(), &settings, &tags()), name)
    };
    assert_eq!(with(&["Unit*"], &["*benchmark*"], "github.ci.tests_passing_on_main"), Some(1.0));
    assert_eq!(with(&["Unit*"], &["*benchmark*"], "github.ci.benchmarks_passing"), Some(0.0));
    assert_eq!(with(&["Unit*"], &["*benchmark*"], "github.ci.workflows_failing_on_main"), Some(2.0));
    assert_eq!(with(&["Unit*", "Lint"], &[], "github.ci.tests_passing_on_main"), Some(0.0));
    assert_eq!(with(&["Unit*", "Lint"], &[], "github.ci.benchmarks_passing"), None);
    assert_eq!(with(&["none"], &[], "github.ci.tests_passing_on_main"), None);
    for (config, key) in [
        (config(&["ok", "["], &[]), "github.ci.test_workflows"),
        (config(&[], &["["]), "github.ci.benchmark_workflows"),
    ] {
        let (named, why) = config.check().unwrap_err();
        assert_eq!(named, key);
        assert!(why.contains("\"[\""), "{why}");
    }
    assert_eq!(config(&["*"], &["*benchmark*"]).check(), Ok(()));
}

#[test]
fn queue_times_leave_skipped_and_unstarted_jobs_out() {
    let job = |conclusion: &str, wait: Option<i64>| -> Job {
        let started = wait.map(|wait| (ago(HOUR) + SignedDuration::from_mins(wait)).to_string());
        let created = when(HOUR);
        let job = json!({
            "id": 1, "conclusion": conclusion, "created_at": created, "started_at": started, "completed_at": null,
        });
        serde_json::from_value(job).unwrap()
    };
    let batch = jobs(&[job("success", Some(1)), job("failure", Some(3)), job("skipped", Some(50))], &tags());
    assert_eq!(value(&batch, "github.ci.queue_time_minutes.p50"), Some(2.0));
    assert_eq!(value(&batch, "github.ci.queue_time_minutes.p90"), Some(2.8));
    let none = jobs(&[job("cancelled", None)], &tags());
    assert_eq!(value(&none, "github.ci.queue_time_minutes.p50"), None);
}

#[test]
fn jobs_are_those_of_the_newest_completed_runs() {
    let all = [
        Run { created_at: ago(10), ..run(1) },
        Run { created_at: ago(20), ..run(2) },
        Run { created_at: ago(20), ..run(3) },
        Run { created_at: ago(1), completed: false, ..run(4) },
        Run { created_at: ago(-1), ..run(5) },
    ];
    assert_eq!(newest_completed(&all, now(), 2).iter().map(|run| run.id).collect::<Vec<_>>(), [1, 3]);
    assert!(newest_completed(&all, now(), 0).is_empty());
}

fn any_run() -> impl Strategy<Value = Run> {
    let conclusions = [
        Conclusion::Success,
        Conclusion::Failure,
        Conclusion::StartupFailure,
        Conclusion::TimedOut,
        Conclusion::Cancelled,
        Conclusion::Other,
    ];
    (0..6usize, 0..3u64, 0..8 * DAY, 1..3u32, any::<bool>(), 1..600i64).prop_map(
        move |(conclusion, workflow, s, attempt, on_default_branch, ran)| Run {
            id: s as u64,
            workflow,
            conclusion: conclusions[conclusion],
            attempt,
            on_default_branch,
            created_at: ago(s),
            started_at: Some(ago(s)),
            updated_at: ago(s) + SignedDuration::from_mins(ran),
            ..run(0)
        },
    )
}

proptest! {
    #[test]
    fn order_changes_nothing_and_values_are_in_bounds(mut all in prop::collection::vec(any_run(), 0..20)) {
        // Ids are unique on GitHub.
        all.sort_by_key(|run| run.id);
        all.dedup_by_key(|run| run.id);
        let before = runs(&all, now(), &settings(), &tags());
        prop_assert!(before.warnings().is_empty(), "{:?}", before.warnings());
        prop_assert_eq!(before.gauges().len() + before.absences().len(), 12);
        all.reverse();
        let after = runs(&all, now(), &settings(), &tags());
        prop_assert_eq!(before.gauges(), after.gauges());
    }
}
