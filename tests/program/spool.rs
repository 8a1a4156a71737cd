//! What cannot be delivered waits, keeps its timestamps, and is sent by the next run.

use std::process::Stdio;
use std::time::Duration;

use simulator::fault::Fault;

use crate::support::World;

/// How many pushes are killed; `make soak` asks for 100.
fn kills() -> u64 {
    std::env::var("ORGPULSE_KILLS").map_or(10, |number| number.parse().expect("ORGPULSE_KILLS"))
}

#[tokio::test(flavor = "multi_thread")]
async fn points_that_datadog_refuses_wait_and_the_next_run_sends_them() {
    let world = World::small().await;
    world.simulator.faults().inject(Fault::forbidden(r#"{"errors":["Forbidden"]}"#).of("datadog").times(1));
    let (ran, document) = world.collect(&["--push"]).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(document["run"]["delivery"]["reason"], "unauthorized");
    assert!(document["run"]["delivery"]["error"].as_str().unwrap().contains("DD_URL"));
    let waiting = document["gauges"].as_array().unwrap().len();
    assert_eq!(document["run"]["delivery"]["spooled"], waiting as u64);
    assert!(world.simulator.datadog().stored().is_empty());
    let list = world.run(&["spool", "list"]).await;
    assert_eq!(list.code, 0, "{}", list.stderr);
    // The collectors' points and the run's own are two payloads.
    let own = document["collectors"][0]["gauges"].as_u64().unwrap();
    for points in [own, waiting as u64 - own] {
        assert!(list.stdout.contains(&format!("  {points} points of {}", world.now)), "{}", list.stdout);
    }
    assert_eq!(list.stdout.lines().filter(|line| line.ends_with("waiting")).count(), 2, "{}", list.stdout);

    let send = world.run(&["spool", "send"]).await;
    assert_eq!(send.code, 0, "{}", send.stderr);
    assert!(send.stdout.starts_with(&format!("{waiting} points accepted")), "{}", send.stdout);
    let stored = world.simulator.datadog().stored();
    assert_eq!(stored.len(), waiting);
    for series in stored {
        assert_eq!(series.points.into_keys().collect::<Vec<_>>(), [world.now.as_second()]);
    }
    assert_eq!(world.run(&["spool", "list"]).await.stdout, "nothing waits\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_another_run_holds_is_neither_sent_nor_dropped_and_that_is_no_success() {
    let world = World::small().await;
    world.simulator.faults().inject(Fault::forbidden(r#"{"errors":["Forbidden"]}"#).of("datadog").times(1));
    world.collect(&["--push"]).await;
    let lock = std::fs::File::open(world.home().join(".local/state/orgpulse/spool/lock")).unwrap();
    lock.lock().unwrap();
    let send = world.run(&["spool", "send"]).await;
    assert_eq!(send.code, 1, "{}", send.stdout);
    assert!(send.stdout.contains("another run is sending from the spool"), "{}", send.stdout);
    let drop = world.run(&["spool", "drop"]).await;
    assert_eq!(drop.code, 1, "{}", drop.stdout);
    assert!(world.simulator.datadog().stored().is_empty());
    lock.unlock().unwrap();
    assert_eq!(world.run(&["spool", "send"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spool_can_be_dropped() {
    let world = World::small().await;
    world.simulator.faults().inject(Fault::forbidden(r#"{"errors":["Forbidden"]}"#).of("datadog").times(1));
    let (_, document) = world.collect(&["--push"]).await;
    let waiting = document["gauges"].as_array().unwrap().len();
    let drop = world.run(&["spool", "drop"]).await;
    assert_eq!((drop.code, drop.stdout), (0, format!("dropped {waiting} points in 2 files\n")), "{}", drop.stderr);
    assert_eq!(world.run(&["spool", "list"]).await.stdout, "nothing waits\n");
    let (_, document) = world.collect(&["--push"]).await;
    assert_eq!(document["run"]["delivery"]["replayed"], 0);
}

/// Killed at random moments, a push loses no point that it had encoded, and no point is stored under another
/// timestamp: what was not accepted is in the spool, and the next run sends it unchanged.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_is_killed_at_any_moment_loses_and_changes_nothing() {
    let world = World::small().await;
    world.simulator.faults().inject(Fault::slow(Duration::from_millis(40)).of("datadog"));
    // How long an undisturbed push takes decides when to kill.
    let (ran, _) = world.collect(&["--push"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut random = fastrand::Rng::with_seed(11);
    let mut instants = vec![world.now.as_second()];
    for round in 1..=kills() {
        let second = world.now.as_second() - i64::try_from(round).unwrap();
        let now = jiff::Timestamp::from_second(second).unwrap().to_string();
        let mut command = world.command(&["collect", "github", "--push", "--now", &now]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(ran.took.mul_f64(random.f64() * 1.1)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        instants.push(second);
    }
    let send = world.run(&["spool", "send"]).await;
    assert_eq!(send.code, 0, "{}", send.stderr);
    let store = world.simulator.datadog();
    let stored = store.stored();
    for series in &stored {
        for at in series.points.keys() {
            assert!(instants.contains(at), "{} has a point at {at}, which no run had", series.metric);
        }
    }
    assert_eq!(store.overwrites().len(), 0, "a point was sent again with another value");
    // A run that had begun to deliver has delivered all of its GitHub points by now: no run is stored in part.
    let github: Vec<_> = stored.iter().filter(|series| series.metric.starts_with("github.")).collect();
    for at in &instants {
        let count = github.iter().filter(|series| series.points.contains_key(at)).count();
        let whole = github.iter().filter(|series| series.points.contains_key(&instants[0])).count();
        assert!(count == 0 || count == whole, "{count} of {whole} points of the run at {at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_place_of_the_lock_delays_nothing() {
    let world = World::small().await;
    let spool = world.home().join(".local/state/orgpulse/spool");
    std::fs::create_dir_all(&spool).unwrap();
    let mut mkfifo = std::process::Command::new("mkfifo");
    mkfifo.arg(spool.join("lock"));
    assert_eq!(crate::support::finish(mkfifo).await.code, 0);
    let (ran, document) = world.collect(&["--push"]).await;
    let delivery = &document["run"]["delivery"];
    assert!(ran.took < Duration::from_secs(15), "{:?}", ran.took);
    assert!(delivery["warnings"].to_string().contains("not a regular file"), "{delivery:#}");
    assert_eq!(delivery["accepted"], document["gauges"].as_array().unwrap().len() as u64, "{delivery:#}");
}
