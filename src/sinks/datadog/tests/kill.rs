//! A kill at any moment loses no point that has reached the spool, and moves none to another time.
//!
//! The test starts itself again as a child that delivers round after round, and kills it at a random moment.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::process::Command;

use super::NOW;
use super::client;
use super::intake::Intake;
use super::point;
use super::settings;
use super::sink;
use super::soon;
use super::tuning;
use crate::sinks::datadog::Datadog;
use crate::sinks::datadog::Spool;
use crate::sinks::datadog::SpoolSettings;
use crate::sinks::datadog::deliver::Tuning;
use crate::sinks::datadog::encode::Limits;

/// Points of a delivery, and of one of its payloads.
const POINTS: i64 = 40;
const PER_PAYLOAD: usize = 7;

/// The first delivery's instant; each later one is a second later.
const START: i64 = NOW - 3000;

fn value(delivery: i64, i: i64) -> i64 {
    delivery * 1000 + i
}

/// The child: not a test of its own.
#[tokio::test]
#[ignore = "started by the test below"]
#[expect(clippy::print_stdout, reason = "tells the parent how far it is")]
async fn child() {
    let url = std::env::var("KILL_TEST_URL").expect("only the test below starts this");
    let directory = std::env::var("KILL_TEST_DIRECTORY").unwrap();
    let first: i64 = std::env::var("KILL_TEST_FIRST").unwrap().parse().unwrap();
    let limits = Limits { points: PER_PAYLOAD, ..Limits::DATADOG };
    let sink = Datadog::tuned(settings(&url, Some(Path::new(&directory))), client(), Tuning { limits, ..tuning() });
    for delivery in first.. {
        println!("begin {delivery}");
        let points =
            (0..POINTS).map(|i| point(&format!("r{i}"), value(delivery, i) as f64, START + delivery)).collect();
        let done = sink.deliver(points, soon()).await;
        assert_eq!((done.accepted, done.lost), (POINTS as u64, 0), "{done:?}");
        println!("end {delivery}");
    }
}

/// Value -> timestamps under which it lies in the spool.
fn in_spool(directory: &Path) -> BTreeMap<i64, BTreeSet<i64>> {
    let mut found: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let spool = Spool::open(SpoolSettings { directory: directory.to_owned(), max_bytes: 1 << 30 }).unwrap();
    for name in spool.waiting().unwrap() {
        for series in spool.load(&name).expect("a file under its final name is whole").series().unwrap() {
            let json: serde_json::Value = serde_json::from_str(&series.json).unwrap();
            let point = &json["points"][0];
            let value = point["value"].as_f64().unwrap() as i64;
            found.entry(value).or_default().insert(point["timestamp"].as_i64().unwrap());
        }
    }
    found
}

fn in_intake(intake: &Intake) -> BTreeMap<i64, BTreeSet<i64>> {
    let mut found: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for stored in intake.stored() {
        found.entry(stored.value as i64).or_default().insert(stored.timestamp);
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_and_moves_no_point() {
    let rounds: u32 = std::env::var("ORGPULSE_KILL_ROUNDS").map_or(15, |rounds| rounds.parse().unwrap());
    let intake = Intake::start().await;
    intake.slow(Duration::from_millis(20));
    let directory = tempfile::tempdir().unwrap();
    let mut first = 0;
    let mut interrupted = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sinks::datadog::tests::kill::child", "--ignored", "--nocapture"])
            .env("KILL_TEST_URL", &intake.url)
            .env("KILL_TEST_DIRECTORY", directory.path())
            .env("KILL_TEST_FIRST", first.to_string())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut begun, mut ended) = (None, None);
        let mut note = |line: String| match line.rsplit_once(' ') {
            Some((words, number)) if words.ends_with("begin") => begun = number.parse::<i64>().ok(),
            Some((words, number)) if words.ends_with("end") => ended = number.parse::<i64>().ok(),
            _ => {}
        };
        // The clock of the kill starts when the child is at work, not when it is loading.
        while let Some(line) = lines.next_line().await.unwrap() {
            let begins = line.contains("begin");
            note(line);
            if begins {
                break;
            }
        }
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..250_000))).await;
        child.start_kill().unwrap();
        let status = child.wait().await.unwrap();
        assert!(!status.success() && status.code().is_none(), "the child ended before it was killed: {status}");
        while let Some(line) = lines.next_line().await.unwrap() {
            note(line);
        }
        let last = begun.expect("the child has begun a delivery");

        // A request that was on its way when the child was killed may still arrive: it only adds what is checked anyway.
        let before = in_intake(&intake);
        let spooled = in_spool(directory.path());
        interrupted += u32::from(!spooled.is_empty());
        let replayed = sink(&intake.url, Some(directory.path())).replay(soon()).await;
        assert_eq!((replayed.failure.clone(), replayed.too_old, replayed.dropped), (None, 0, 0), "{replayed:?}");
        assert!(in_spool(directory.path()).is_empty());
        let after = in_intake(&intake);
        for (value, times) in &after {
            assert_eq!(
                times.iter().copied().collect::<Vec<_>>(),
                [START + value / 1000],
                "round {round}: another time"
            );
        }
        for value in spooled.keys().chain(before.keys()) {
            assert!(after.contains_key(value), "round {round}: {value} was in the spool and is lost");
        }
        // Sending begins when all of a delivery is written: if one point of it has arrived, none may be missing.
        let whole = |delivery| (0..POINTS).all(|i| after.contains_key(&value(delivery, i)));
        for delivery in first..last {
            assert!(whole(delivery), "round {round}: delivery {delivery} was ended and is not whole");
        }
        if ended == Some(last) || before.keys().any(|value| value / 1000 == last) {
            assert!(whole(last), "round {round}: delivery {last} had begun to arrive and is not whole");
        }
        first = last + 1;
    }
    // Otherwise the kills came at moments when nothing was at stake, and the test says nothing.
    assert!(interrupted * 3 >= rounds, "only {interrupted} of {rounds} kills left something in the spool");
}
