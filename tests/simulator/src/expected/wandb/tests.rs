//! The subtle rules, on projects made by hand.

use super::*;
use crate::organisation::Scale;
use crate::organisation::wandb::Info;
use crate::organisation::wandb::WandbScale;
use jiff::SignedDuration;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_secs(seconds)).unwrap()
}

/// A run that lived from so many seconds ago to so many seconds ago.
fn run(state: &str, created: i64, heartbeat: impl Into<Option<i64>>) -> Run {
    Run {
        name: format!("{state}{created}"),
        display_name: Some("gentle-dawn-1".into()),
        state: state.into(),
        group: None,
        job_type: None,
        sweep: None,
        tags: Vec::new(),
        user: None,
        host: None,
        created_at: ago(created),
        heartbeat_at: heartbeat.into().map(ago),
        compute_seconds: 3_600.0,
        history_lines: 0,
        config: Vec::new(),
        summary: None,
        system: None,
        info: None,
    }
}

fn with(summary: &[(&str, Datum)], run: Run) -> Run {
    Run { summary: Some(data(summary)), ..run }
}

fn data(of: &[(&str, Datum)]) -> Vec<(String, Datum)> {
    of.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn info(gpu: Option<&str>, gpu_count: Option<u32>) -> Option<Info> {
    Some(Info { gpu: gpu.map(str::to_owned), gpu_count, cpu_count: None })
}

/// One project with these runs.
fn organisation(runs: Vec<Run>) -> Organisation {
    let wandb = WandbScale { projects: 1, runs_7d: 0, odd: 0, history: 0 };
    let mut organisation = Organisation::generate(1, Scale { wandb, ..Scale::small() }, now());
    organisation.wandb.projects[0].runs = runs;
    organisation
}

/// The value of the first gauge of that name that has all these tags.
fn value_of(runs: Vec<Run>, settings: &Settings, metric: &str, tags: &[(&'static str, &str)]) -> Option<f64> {
    let all = super::gauges(&organisation(runs), settings);
    let has = |e: &&Expected| tags.iter().all(|(key, value)| e.tags.contains(&(*key, (*value).to_owned())));
    all.iter().filter(|e| e.metric == metric).find(has).unwrap_or_else(|| panic!("no {metric}")).value
}

fn value(runs: Vec<Run>, metric: &str) -> Option<f64> {
    value_of(runs, &Settings::default(), metric, &[])
}

#[test]
fn a_project_without_runs_counts_nothing_and_averages_nothing() {
    for gauge in super::gauges(&organisation(Vec::new()), &Settings::default()) {
        let counts = gauge.metric.contains(".runs.")
            || gauge.metric.contains("runs_completed")
            || gauge.metric.contains("runs_failed")
            || gauge.metric == "wandb.training.gpu_hours_7d";
        assert_eq!(gauge.value, counts.then_some(0.0), "{}", gauge.metric);
    }
}

#[test]
fn a_private_project_has_no_gauge() {
    let mut organisation = organisation(vec![run("running", HOUR, 0)]);
    organisation.wandb.projects[0].is_private = true;
    assert_eq!(super::gauges(&organisation, &Settings::default()), []);
}

#[test]
fn running_is_active_up_to_the_limit_and_stale_after_it() {
    let runs = || {
        vec![
            run("running", DAY, 30 * MINUTE),
            // Its heartbeat came while the run of the collector was under way.
            run("running", DAY, -5),
            run("running", DAY, 30 * MINUTE + 1),
            run("running", 90 * DAY, 60 * DAY),
            run("running", DAY, None),
            // Not yet there at now.
            run("running", -1, -5),
            run("pending", DAY, 0),
            run("preempting", DAY, 0),
        ]
    };
    assert_eq!(value(runs(), "wandb.runs.active"), Some(2.0));
    assert_eq!(value(runs(), "wandb.runs.stale"), Some(2.0));
    let longer = Settings { heartbeat_minutes: 31, ..Settings::default() };
    assert_eq!(value_of(runs(), &longer, "wandb.runs.active", &[]), Some(3.0));
    assert_eq!(value_of(runs(), &longer, "wandb.runs.stale", &[]), Some(1.0));
}

#[test]
fn a_run_ended_at_its_heartbeat_however_long_ago_it_began() {
    let runs = || {
        vec![
            run("finished", 40 * DAY, 0),
            run("finished", 8 * DAY, 7 * DAY - 1),
            run("finished", 8 * DAY, 7 * DAY),
            run("finished", HOUR, -1),
            run("finished", HOUR, None),
            run("failed", HOUR, 1),
            run("crashed", HOUR, 2),
            run("killed", HOUR, 3),
            run("preempted", HOUR, 4),
        ]
    };
    assert_eq!(value(runs(), "wandb.runs.completed_7d"), Some(2.0));
    assert_eq!(value(runs(), "wandb.runs.failed_7d"), Some(2.0));
    assert_eq!(value(runs(), "wandb.training.duration_hours"), Some(1.0));
}

#[test]
fn the_first_key_with_a_finite_number_counts() {
    let accuracy =
        |summary: &[(&str, Datum)]| value(vec![with(summary, run("finished", DAY, 5))], "wandb.metrics.best_accuracy");
    let second = ("eval/accuracy", Datum::Number(0.25));
    assert_eq!(accuracy(&[("val_accuracy", Datum::Number(0.9)), second.clone()]), Some(0.25));
    for absent in [
        Datum::Nan,
        Datum::Infinity,
        Datum::NegativeInfinity,
        Datum::Text("0.9".into()),
        Datum::Bool(true),
        Datum::Null,
        Datum::Object(data(&[("max", Datum::Number(0.9))])),
    ] {
        assert_eq!(accuracy(&[("accuracy", absent.clone()), second.clone()]), Some(0.25), "{absent:?}");
        assert_eq!(accuracy(&[("accuracy", absent)]), None);
    }
    assert_eq!(accuracy(&[("eval", Datum::Object(data(&[("accuracy", Datum::Number(0.9))])))]), None);
    assert_eq!(accuracy(&[("accuracy", Datum::Number(0.0)), second]), Some(0.0));
}

#[test]
fn the_best_accuracy_is_of_runs_that_ended() {
    let told = |state, heartbeat, value| with(&[("accuracy", Datum::Number(value))], run(state, 10 * DAY, heartbeat));
    let runs = || {
        vec![
            told("killed", 5, 0.5),
            told("preempted", 6, 0.75),
            told("running", 7, 0.9),
            told("preempting", 8, 0.9),
            told("finished", 7 * DAY, 0.9),
            told("finished", -1, 0.1),
        ]
    };
    assert_eq!(value(runs(), "wandb.metrics.best_accuracy"), Some(0.75));
    let other = Settings { accuracy_direction: Direction::Min, accuracy_scale: 2.0, ..Settings::default() };
    assert_eq!(value_of(runs(), &other, "wandb.metrics.best_accuracy", &[]), Some(1.0));
}

#[test]
fn the_latest_loss_is_of_the_newest_run_that_has_one() {
    let runs = vec![
        with(&[("train/loss", Datum::Number(2.0)), ("val/loss", Datum::Number(7.0))], run("running", 20 * DAY, 60)),
        with(&[("loss", Datum::Nan)], run("running", DAY, 30)),
        with(&[("loss", Datum::Number(3.0))], run("finished", DAY, 90)),
        with(&[("loss", Datum::Number(4.0))], run("running", -1, -5)),
        run("running", DAY, 10),
    ];
    assert_eq!(value(runs, "wandb.metrics.latest_loss"), Some(2.0));
    let told = |loss, heartbeat| with(&[("loss", Datum::Number(loss))], run("running", DAY, heartbeat));
    let gone_on = vec![told(1.0, 3), told(2.0, -20), told(3.0, -10)];
    assert_eq!(value(gone_on, "wandb.metrics.latest_loss"), Some(2.0), "it was there at now, and beat once more");
    let before = with(&[("loss", Datum::Number(3.0))], run("finished", 9 * DAY, 7 * DAY));
    assert_eq!(value(vec![before], "wandb.metrics.latest_loss"), None);
}

#[test]
fn utilisation_is_a_mean_of_means_of_gpus() {
    let system = |of: &[(&str, Datum)], run: Run| Run { system: Some(data(of)), ..run };
    let runs = vec![
        system(
            &[
                ("system.gpu.0.gpu", Datum::Number(100.0)),
                ("system.gpu.11.gpu", Datum::Number(0.0)),
                ("system.gpu.1.gpu", Datum::Nan),
                ("system.gpu.0.memory", Datum::Number(7.0)),
                ("system.gpu.process.0.gpu", Datum::Number(7.0)),
                ("system.cpu", Datum::Number(7.0)),
            ],
            run("running", DAY, 5),
        ),
        system(&[("system.gpu.0.gpu/l:node-3", Datum::Number(20.0))], run("running", DAY, 6)),
        system(&[("system.cpu", Datum::Number(20.0))], run("running", DAY, 7)),
        run("running", DAY, 8),
        system(&[("system.gpu.0.gpu", Datum::Number(99.0))], run("finished", DAY, 9)),
        system(&[("system.gpu.0.gpu", Datum::Number(99.0))], run("running", DAY, HOUR)),
    ];
    assert_eq!(value(runs, "wandb.training.gpu_utilization_pct"), Some(35.0));
}

#[test]
fn gpu_hours_and_their_cost_are_those_within_the_week() {
    let on = |gpu: Option<&str>, gpus, run: Run| Run { info: info(gpu, gpus), ..run };
    let runs = || {
        vec![
            // Six days of the window.
            on(Some("NVIDIA A100-SXM4-80GB"), Some(2), run("running", 30 * DAY, DAY)),
            on(Some("NVIDIA L40S"), Some(1), run("finished", 3 * HOUR, 2 * HOUR)),
            // Up to now.
            on(Some("Tesla T4"), Some(4), run("running", HOUR, -HOUR)),
            on(None, Some(8), run("killed", 2 * HOUR, HOUR)),
            on(Some("NVIDIA A100-SXM4-80GB"), None, run("finished", DAY, 0)),
            on(Some("NVIDIA A100-SXM4-80GB"), Some(8), run("pending", DAY, None)),
            on(Some("NVIDIA A100-SXM4-80GB"), Some(8), run("finished", 9 * DAY, 8 * DAY)),
            run("finished", DAY, 0),
        ]
    };
    let hours = 2.0 * 144.0 + 1.0 + 4.0 + 8.0;
    assert_eq!(value(runs(), "wandb.training.gpu_hours_7d"), Some(hours));
    assert_eq!(value(runs(), "wandb.training.cost_estimate_usd"), None);
    let prices = |of: &[(&str, f64)]| {
        let gpu_hourly_usd = of.iter().map(|(word, price)| ((*word).to_owned(), *price)).collect();
        value_of(runs(), &Settings { gpu_hourly_usd, ..Settings::default() }, "wandb.training.cost_estimate_usd", &[])
    };
    assert_eq!(prices(&[("a100", 2.0), ("L4", 100.0)]), Some(2.0 * 288.0));
    assert_eq!(prices(&[("A100", 2.0), ("default", 1.0)]), Some(2.0 * 288.0 + 13.0));
    assert_eq!(prices(&[("L40S", 3.0)]), Some(3.0));
    assert_eq!(prices(&[("H200", 3.0)]), Some(0.0));
}

#[test]
fn runs_without_a_user_count_and_are_nobodys() {
    let of = |user, created| Run { user, ..run("pending", created, None) };
    let runs = vec![of(Some(1), 0), of(Some(1), 7 * DAY - 1), of(None, 5), of(Some(2), 7 * DAY), of(Some(3), -1)];
    assert_eq!(value(runs, "wandb.training.runs_per_user"), Some(3.0));
    assert_eq!(value(vec![of(None, 5)], "wandb.training.runs_per_user"), None);
}

#[test]
fn groups_take_by_name_sweep_or_tag_and_a_run_may_be_in_several() {
    let named = |name: Option<&str>| Run { display_name: name.map(str::to_owned), ..run("finished", DAY, DAY - 1) };
    let runs = || {
        vec![
            named(Some("github.sky.1")),
            named(Some("github.sky.2.sweep.lr")),
            named(Some("GitHub.Sky.3")),
            named(Some("fork-of-github.sky.4")),
            named(Some("sweeper-5")),
            Run { sweep: Some("k3q7zz1a".into()), tags: vec!["prod".into()], ..named(None) },
            Run { state: "crashed".into(), ..named(Some("x.sweep")) },
            Run { heartbeat_at: Some(ago(DAY)), ..named(Some("github.sky.6")) },
        ]
    };
    let completed = "wandb.group.runs_completed_24h";
    let of = |metric, group| value_of(runs(), &Settings::default(), metric, &[("group", group)]);
    assert_eq!(of(completed, "push_to_main"), Some(2.0));
    assert_eq!(of(completed, "sweep"), Some(2.0));
    assert_eq!(of("wandb.group.runs_failed_24h", "sweep"), Some(1.0));
    assert_eq!(of("wandb.group.success_rate_pct", "sweep"), Some(200.0 / 3.0));
    assert_eq!(of("wandb.group.success_rate_pct", "push_to_main"), Some(100.0));
    assert_eq!(of("wandb.group.avg_duration_hours", "sweep"), Some(1.0));
    let groups = vec![Group { tags: vec!["prod".into()], ..Group::named("prod") }];
    let tagged = Settings { groups, ..Settings::default() };
    assert_eq!(value_of(runs(), &tagged, completed, &[("group", "prod")]), Some(1.0));
}

#[test]
fn each_key_of_a_groups_speed_is_of_the_newest_run_that_has_it() {
    let told = |heartbeat, summary: &[(&str, Datum)]| {
        with(summary, Run { display_name: Some("github.sky.1".into()), ..run("running", 9 * DAY, heartbeat) })
    };
    let runs = || {
        vec![
            told(10, &[("overview/sps", Datum::Nan), ("timing_cumulative/sps", Datum::Number(5.0))]),
            told(3 * DAY, &[("overview/sps", Datum::Number(7.0))]),
            told(4 * DAY, &[("overview/sps", Datum::Number(8.0))]),
            told(7 * DAY, &[("overview/steps_per_second", Datum::Number(8.0))]),
        ]
    };
    let of = |key| {
        let tags = [("group", "push_to_main"), ("key", key)];
        value_of(runs(), &Settings::default(), "wandb.group.steps_per_second", &tags)
    };
    assert_eq!(of("overview/sps"), Some(7.0));
    assert_eq!(of("timing_cumulative/sps"), Some(5.0));
    assert_eq!(of("overview/steps_per_second"), None);
}
