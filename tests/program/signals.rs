//! SIGTERM ends a run within its time; what is complete is delivered.

use std::process::Command;
use std::time::Duration;

use simulator::fault::Fault;

use crate::support::World;
use crate::support::finish;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_the_collection_delivers_the_runs_own_telemetry_and_ends() {
    let world = World::small().await;
    world.simulator.faults().inject(Fault::hang().of("github").after(1));
    let mut child = world.command(&["collect", "github", "--push"]);
    child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = child.spawn().unwrap();
    while world.simulator.requests().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut kill = Command::new("kill");
    kill.args(["-TERM", &child.id().to_string()]);
    let asked = std::time::Instant::now();
    assert_eq!(finish(kill).await.code, 0);
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(1), "nothing was collected");
    let stored = world.simulator.datadog().stored();
    let up = stored.iter().find(|series| series.metric == "orgpulse.collector.up").unwrap();
    assert_eq!(up.points.values().copied().collect::<Vec<_>>(), [0.0]);
    assert!(stored.iter().all(|series| series.metric.starts_with("orgpulse.")));
}
