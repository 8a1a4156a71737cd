//! What a described SkyPilot is made of, and what the referee makes of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use jiff::Timestamp;
use simulator::Scale;
use simulator::expected;
use simulator::expected::Expected;
use simulator::expected::skypilot::Settings;
use simulator::organisation::Organisation;
use simulator::organisation::skypilot::SkyPilotScale;
use std::collections::BTreeSet;

const NOW: &str = "2026-11-20T12:00:00Z";

fn organisation(seed: u64, skypilot: SkyPilotScale) -> Organisation {
    Organisation::generate(seed, Scale { skypilot, ..Scale::small() }, NOW.parse().unwrap())
}

fn gauges(organisation: &Organisation) -> Vec<Expected> {
    expected::skypilot::gauges(organisation, &Settings::default())
}

#[test]
fn the_same_seed_describes_the_same_jobs() {
    let sky = |seed| organisation(seed, SkyPilotScale::small()).skypilot;
    assert!(sky(7) == sky(7));
    assert!(sky(7) != sky(8));
}

#[test]
fn the_reference_scale_is_as_stated() {
    let organisation = organisation(7, SkyPilotScale::reference());
    let value =
        |metric: &str| gauges(&organisation).iter().find(|gauge| gauge.metric == metric).unwrap().value.unwrap();
    assert_eq!(organisation.skypilot.jobs.len(), 5_400);
    assert_eq!(value("skypilot.jobs.running"), 200.0);
    let cancelling = organisation.skypilot.jobs.iter().filter(|job| job.tasks.iter().any(|t| t.status == "CANCELLING"));
    let ended = value("skypilot.jobs.succeeded") + value("skypilot.jobs.failed") + value("skypilot.jobs.cancelled");
    assert_eq!(ended - cancelling.count() as f64, 5_000.0);
}

#[test]
fn every_rule_has_something_to_decide() {
    for seed in 0..10 {
        let organisation = organisation(seed, SkyPilotScale { running: 150, waiting: 60, ..SkyPilotScale::small() });
        for gauge in gauges(&organisation) {
            // The shortest run time is that of a job that has only just begun.
            let may_be_zero = gauge.metric == "skypilot.jobs.runtime_seconds.min";
            let told = gauge.value.is_some_and(|value| value > 0.0 || may_be_zero);
            assert!(told, "seed {seed}: {} is {:?}", gauge.metric, gauge.value);
        }
    }
}

#[test]
fn jobs_hang_together() {
    let now: Timestamp = NOW.parse().unwrap();
    for seed in 0..40 {
        let sky = organisation(seed, SkyPilotScale::random(seed)).skypilot;
        assert!(sky.jobs.iter().map(|job| job.id).eq(1..=sky.jobs.len() as i64));
        let names: BTreeSet<_> = sky.clusters.iter().map(|cluster| &cluster.name).collect();
        assert_eq!(names.len(), sky.clusters.len(), "two clusters have one name");
        for job in &sky.jobs {
            assert!(job.user.is_none_or(|user| user < sky.users.len()));
            for task in &job.tasks {
                assert!(!task.is_alive || task.runs(), "{task:?}");
                assert!(task.submitted_at.zip(task.started_at).is_none_or(|(a, b)| a <= b), "{task:?}");
                assert!(task.started_at.zip(task.ended_at).is_none_or(|(a, b)| a <= b), "{task:?}");
                assert_eq!(task.ended_at.is_some(), task.has_ended(), "{task:?}");
                assert!(!task.runs() || task.started_at.is_some_and(|at| at <= now), "{task:?}");
                let whole = |at: Option<Timestamp>| at.is_none_or(|at| at.as_millisecond() % 250 == 0);
                assert!(whole(task.submitted_at) && whole(task.started_at), "a fraction that is not exact: {task:?}");
            }
        }
        // Jobs on one worker are told the same of it.
        for worker in sky.jobs.iter().filter_map(|job| job.worker.as_ref()) {
            let others =
                sky.jobs.iter().filter_map(|job| job.worker.as_ref()).filter(|other| other.name == worker.name);
            assert!(others.into_iter().all(|other| other == worker));
        }
    }
}
