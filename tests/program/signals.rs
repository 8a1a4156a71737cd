//! SIGTERM ends a run within its time; what is complete is delivered.

use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use simulator::fault::Fault;

use crate::support::World;
use crate::support::finish;
use crate::support::gauges;

/// Starts a push whose JSON goes into a file of the home folder.
fn push(world: &World) -> Child {
    let document = std::fs::File::create(world.home().join("document.json")).unwrap();
    let mut command = world.command(&["collect", "github", "--push", "--output", "json"]);
    command.stdout(document).stderr(Stdio::null()).spawn().unwrap()
}

fn document(world: &World) -> Value {
    serde_json::from_slice(&std::fs::read(world.home().join("document.json")).unwrap()).unwrap()
}

/// Waits until a service has been sent so many requests.
async fn until_asked(world: &World, service: &str, times: usize) {
    while world.simulator.requests().iter().filter(|request| request.service == service).count() < times {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends SIGTERM; how the program then ends, and after how long.
async fn terminate(mut child: Child) -> (ExitStatus, Duration) {
    let mut kill = Command::new("kill");
    kill.args(["-TERM", &child.id().to_string()]);
    let asked = Instant::now();
    assert_eq!(finish(kill).await.code, 0);
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    (status, asked.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_the_collection_delivers_the_runs_own_telemetry_and_ends() {
    let world = World::small().await;
    world.simulator.faults().inject(Fault::hang().of("github").after(1));
    let child = push(&world);
    until_asked(&world, "github", 2).await;
    let (status, took) = terminate(child).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(status.code(), Some(1), "nothing was collected");
    let stored = world.simulator.datadog().stored();
    let up = stored.iter().find(|series| series.metric == "orgpulse.collector.up").unwrap();
    assert_eq!(up.points.values().copied().collect::<Vec<_>>(), [0.0]);
    assert!(stored.iter().all(|series| series.metric.starts_with("orgpulse.")));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_a_delivery_that_succeeds_changes_nothing() {
    let world = World::small().await;
    let slow = Duration::from_secs(1);
    world.simulator.faults().inject(Fault::slow(slow).of("datadog"));
    let child = push(&world);
    until_asked(&world, "datadog", 1).await;
    let (status, _) = terminate(child).await;
    let document = document(&world);
    assert_eq!(status.code(), Some(0), "{document:#}");
    assert_eq!(world.simulator.datadog().stored().len(), document["gauges"].as_array().unwrap().len());
    let took = gauges(&document, "self")[&("orgpulse.run.duration_seconds".to_owned(), String::new())];
    assert!(took >= slow.as_secs_f64(), "the run lasts as long as its delivery: {took}");
    assert_eq!(document["run"]["duration_seconds"], took);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_a_delivery_that_hangs_leaves_all_points_to_the_next_run() {
    let world = World::small().await;
    world.simulator.faults().inject(Fault::hang().of("datadog"));
    let child = push(&world);
    until_asked(&world, "datadog", 1).await;
    let (status, took) = terminate(child).await;
    let document = document(&world);
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(status.code(), Some(1), "{document:#}");
    let all = document["gauges"].as_array().unwrap().len();
    assert_eq!(document["run"]["delivery"]["spooled"], all as u64, "{document:#}");
    world.simulator.faults().clear();
    let send = world.run(&["spool", "send"]).await;
    assert!(send.stdout.starts_with(&format!("{all} points accepted")), "{}{}", send.stdout, send.stderr);
    assert_eq!(world.simulator.datadog().stored().len(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_a_check_that_reads_datadog() {
    let world = World::small().await;
    world.simulator.faults().inject(Fault::hang().of("datadog"));
    let mut command = world.command(&["check"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until_asked(&world, "datadog", 1).await;
    let (status, took) = terminate(child).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(status.code(), Some(1));
}
