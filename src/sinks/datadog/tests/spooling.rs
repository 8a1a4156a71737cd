//! The spool: order, age, bound, damage, two runs at once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

use super::NOW;
use super::client;
use super::intake::Intake;
use super::point;
use super::points;
use super::settings;
use super::sink;
use super::soon;
use super::tuning;
use crate::sinks::datadog::Datadog;
use crate::sinks::datadog::Delivery;
use crate::sinks::datadog::Settings;
use crate::sinks::datadog::Spool;
use crate::sinks::datadog::SpoolSettings;
use crate::sinks::datadog::Waiting;
use crate::sinks::datadog::deliver::Tuning;
use crate::sinks::datadog::encode::Limits;
use crate::sinks::datadog::spool::list::EntryState;

const NOWHERE: &str = "http://127.0.0.1:1";

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn spool(directory: &Path) -> Spool {
    Spool::open(SpoolSettings { directory: directory.to_owned(), max_bytes: 64 << 20 }).unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "lock");
    names.sort();
    names
}

fn bounded(url: &str, directory: &Path, max_bytes: u64) -> Datadog {
    let spool = SpoolSettings { directory: directory.to_owned(), max_bytes };
    let limits = Limits { points: 2, ..Limits::DATADOG };
    Datadog::tuned(Settings { spool: Some(spool), ..settings(url, None) }, client(), Tuning { limits, ..tuning() })
}

fn warned(delivery: &Delivery, words: &str) -> bool {
    delivery.warnings.iter().any(|warning| warning.contains(words))
}

#[tokio::test]
async fn keeps_what_is_not_accepted_and_sends_it_first_oldest_first() {
    let directory = directory();
    // The later run is written first: the order is that of the points, not of the files.
    for minutes in [10, 30, 20] {
        let delivery =
            sink(NOWHERE, Some(directory.path())).deliver(vec![point("w", 1.0, NOW - 60 * minutes)], soon()).await;
        assert_eq!((delivery.spooled, delivery.lost, delivery.accepted), (1, 0, 0));
    }
    assert_eq!(spool(directory.path()).waiting().unwrap().len(), 3);
    let intake = Intake::start().await;
    let delivery = sink(&intake.url, Some(directory.path())).deliver(points(1), soon()).await;
    assert_eq!((delivery.accepted, delivery.replayed, delivery.spooled, delivery.failure), (1, 3, 0, None));
    let times: Vec<_> = intake.stored().iter().map(|stored| NOW - stored.timestamp).collect();
    assert_eq!(times, [1800, 1200, 600, 0]);
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[tokio::test]
async fn only_the_owner_can_read_it() {
    let parent = directory();
    let path = parent.path().join("state/spool");
    sink(NOWHERE, Some(&path)).deliver(points(1), soon()).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for name in names(&path) {
        assert_eq!(mode(&path.join(name)), 0o600);
    }
}

#[tokio::test]
async fn an_old_payload_is_given_up_and_a_mixed_one_in_part() {
    let directory = directory();
    let mixed = vec![point("old", 1.0, NOW - 1000), point("new", 2.0, NOW)];
    sink(NOWHERE, Some(directory.path())).deliver(mixed, soon()).await;
    sink(NOWHERE, Some(directory.path())).deliver(vec![point("older", 3.0, NOW - 2000)], soon()).await;
    let intake = Intake::start().await;
    let later = Tuning { clock: || NOW + 3000, ..tuning() };
    let sink = Datadog::tuned(settings(&intake.url, Some(directory.path())), client(), later);
    let delivery = sink.replay(soon()).await;
    assert_eq!((delivery.replayed, delivery.too_old, delivery.requests), (1, 2, 1));
    assert!(warned(&delivery, "2 points were older than 55 minutes"), "{delivery:?}");
    assert_eq!(intake.stored().iter().map(|stored| stored.timestamp).collect::<Vec<_>>(), [NOW]);
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[tokio::test]
async fn lists_counts_and_drops() {
    let directory = directory();
    let spool = spool(&directory.path().join("none/yet"));
    assert_eq!(
        (spool.list().unwrap(), spool.queued_points().unwrap(), spool.drop_all().unwrap().files),
        (vec![], 0, 0)
    );
    assert!(!directory.path().join("none").exists(), "looking makes nothing");

    let spool = self::spool(directory.path());
    sink(NOWHERE, Some(directory.path())).deliver(points(3), soon()).await;
    sink(NOWHERE, Some(directory.path())).deliver(vec![point("w", 1.0, NOW - 3000)], soon()).await;
    fs::write(directory.path().join("000000000009-00000-00.payload"), "nonsense").unwrap();
    let entries = spool.list_at(NOW + 1000).unwrap();
    let seen: Vec<_> = entries.iter().map(|entry| (entry.points, entry.age_s, entry.state)).collect();
    assert_eq!(seen, [(0, 0, EntryState::Corrupt), (1, 4000, EntryState::TooOld), (3, 1000, EntryState::Waiting)]);
    assert!(entries[2].bytes > 100 && entries[2].oldest == NOW && entries[2].newest == NOW);
    let lock = spool.try_lock().unwrap();
    assert!(spool.drop_all().unwrap_err().why.contains("another run"));
    drop(lock);
    assert_eq!(entries.iter().map(|entry| entry.state.as_str()).collect::<Vec<_>>(), ["corrupt", "too old", "waiting"]);
    let dropped = spool.drop_all().unwrap();
    assert_eq!((dropped.files, dropped.points), (3, 4));
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[tokio::test]
async fn damaged_files_are_set_aside_and_the_others_are_sent() {
    let directory = directory();
    for i in 0..6 {
        sink(NOWHERE, Some(directory.path())).deliver(vec![point("w", f64::from(i), NOW - i64::from(i))], soon()).await;
    }
    let files = names(directory.path());
    let change = |i: usize, change: fn(&mut Vec<u8>)| {
        let path = directory.path().join(&files[i]);
        let mut content = fs::read(&path).unwrap();
        change(&mut content);
        fs::write(path, content).unwrap();
    };
    change(0, |content| content.truncate(content.len() - 1));
    change(1, |content| *content.last_mut().unwrap() ^= 1);
    change(2, |content| content.clear());
    // The number of points in the header.
    change(3, |content| content["orgpulse-spool 1 ".len()] = b'7');
    change(4, |content| *content = vec![0xff; 5000]);
    let intake = Intake::start().await;
    let delivery = sink(&intake.url, Some(directory.path())).replay(soon()).await;
    assert_eq!((delivery.replayed, delivery.failure.clone(), delivery.warnings.len()), (1, None, 5), "{delivery:?}");
    assert_eq!(intake.stored().len(), 1);
    assert!(
        names(directory.path()).len() == 5 && names(directory.path()).iter().all(|name| name.ends_with(".corrupt"))
    );
    assert_eq!(sink(&intake.url, Some(directory.path())).replay(soon()).await, Delivery::default());
}

#[tokio::test]
async fn what_is_set_aside_is_bounded() {
    let directory = directory();
    for i in 0..30 {
        fs::write(directory.path().join(format!("0000000000{i:02}-00000-00.payload")), "nonsense").unwrap();
    }
    sink(NOWHERE, Some(directory.path())).replay(soon()).await;
    let left = names(directory.path());
    assert_eq!((left.len(), left[0].as_str()), (20, "000000000010-00000-00.payload.corrupt"));
}

#[tokio::test]
async fn the_oldest_make_room_when_the_bound_is_met() {
    let directory = directory();
    let one = {
        let probe = self::directory();
        bounded(NOWHERE, probe.path(), 1 << 20).deliver(points(2), soon()).await;
        fs::metadata(probe.path().join(&names(probe.path())[0])).unwrap().len()
    };
    // Room for two payloads, not for three.
    let run = |age| vec![point("a", 1.0, NOW - age), point("b", 2.0, NOW - age)];
    let bound = 2 * one + one / 2;
    for age in [900, 600] {
        assert_eq!(bounded(NOWHERE, directory.path(), bound).deliver(run(age), soon()).await.spooled, 2);
    }
    // A bound has no say while Datadog accepts: what is old is sent, not dropped.
    let third = bounded(NOWHERE, directory.path(), bound).deliver(run(300), soon()).await;
    assert_eq!((third.spooled, third.dropped, third.lost), (2, 2, 0), "{third:?}");
    assert!(warned(&third, "2 points of earlier runs were dropped"), "{third:?}");
    let intake = Intake::start().await;
    let last = bounded(&intake.url, directory.path(), bound).deliver(points(2), soon()).await;
    assert_eq!((last.accepted, last.replayed, last.dropped), (2, 4, 0));
    let ages: Vec<_> = intake.stored().iter().map(|stored| NOW - stored.timestamp).collect();
    assert_eq!(ages, [600, 600, 300, 300, 0, 0]);

    // Smaller than one payload: nothing can be kept, but all can be sent.
    assert_eq!(bounded(NOWHERE, directory.path(), 10).deliver(points(4), soon()).await.lost, 4);
    assert_eq!(bounded(&intake.url, directory.path(), 10).deliver(points(4), soon()).await.accepted, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_once_send_no_payload_twice() {
    let directory = directory();
    for age in 1..8 {
        let run = (0..4).map(|i| point(&format!("r{i}"), 1.0, NOW - age)).collect();
        bounded(NOWHERE, directory.path(), 1 << 20).deliver(run, soon()).await;
    }
    let intake = Intake::start().await;
    intake.slow(Duration::from_millis(10));
    let (a, b) = (bounded(&intake.url, directory.path(), 1 << 20), bounded(&intake.url, directory.path(), 1 << 20));
    let mine = (0..6).map(|i| point(&format!("a{i}"), 1.0, NOW)).collect();
    let yours = (0..6).map(|i| point(&format!("b{i}"), 1.0, NOW)).collect();
    let (a, b) = tokio::join!(a.deliver(mine, soon()), b.deliver(yours, soon()));
    assert_eq!((a.accepted, b.accepted, a.spooled + b.spooled + a.lost + b.lost), (6, 6, 0), "{a:?} {b:?}");
    let mut stored: Vec<_> = intake.stored().iter().map(|s| format!("{:?} {}", s.tags, s.timestamp)).collect();
    assert_eq!(stored.len(), 7 * 4 + 12);
    stored.sort();
    stored.dedup();
    assert_eq!(stored.len(), 7 * 4 + 12);
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_gets_no_lock_leaves_its_points_to_the_next() {
    let directory = directory();
    let intake = Intake::start().await;
    let spool = spool(directory.path());
    spool.prepare().unwrap();
    let lock = spool.try_lock().unwrap().unwrap();
    let hasty = Tuning { lock_wait: Duration::from_millis(100), ..tuning() };
    let sink = Datadog::tuned(settings(&intake.url, Some(directory.path())), client(), hasty);
    let delivery = sink.deliver(points(2), soon()).await;
    assert_eq!((delivery.spooled, delivery.accepted, delivery.requests), (2, 0, 0));
    assert!(warned(&delivery, "another run is sending"), "{delivery:?}");
    drop(lock);
    // What the run's second delivery sends of the first is the run's own, not an earlier run's.
    let second =
        sink.deliver_until(vec![point("own", 1.0, NOW)], soon(), std::future::pending(), delivery.waiting).await;
    assert_eq!((second.accepted, second.replayed, second.spooled), (3, 0, 0), "{second:?}");
    assert_eq!(second.waiting, Waiting::new());
    let lock = spool.try_lock().unwrap().unwrap();
    assert_eq!(sink.deliver(points(2), soon()).await.spooled, 2);
    drop(lock);
    assert_eq!(sink.replay(soon()).await.replayed, 2);
    let lock = spool.try_lock().unwrap().unwrap();
    let start = Instant::now();
    super::sink(&intake.url, Some(directory.path())).deliver(points(1), start + Duration::from_millis(50)).await;
    assert!(start.elapsed() < Duration::from_secs(3), "the wait ends with the deadline");
    drop(lock);
}

#[tokio::test]
async fn what_the_holder_of_the_lock_does_with_a_waiting_runs_points_is_counted_as_that() {
    let directory = directory();
    let spool = spool(directory.path());
    spool.prepare().unwrap();
    let lock = spool.try_lock().unwrap().unwrap();
    let holder = async {
        let names = loop {
            match spool.waiting().unwrap() {
                names if names.len() == 4 => break names,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        spool.remove(&names[0]).unwrap();
        spool.set_aside(&names[1], ".refused").unwrap();
        let halves = spool.load(&names[2]).unwrap().halves(Limits::DATADOG).unwrap().unwrap();
        let parts = spool.replace(&names[2], &halves).unwrap();
        spool.remove(&parts[0]).unwrap();
    };
    let limits = Limits { points: 2, ..Limits::DATADOG };
    let hasty = Tuning { lock_wait: Duration::from_secs(1), limits, ..tuning() };
    let sink = Datadog::tuned(settings(NOWHERE, Some(directory.path())), client(), hasty);
    let (delivery, ()) = tokio::join!(sink.deliver(points(8), soon()), holder);
    drop(lock);
    assert_eq!((delivery.accepted, delivery.lost, delivery.spooled), (3, 2, 3), "{delivery:?}");
}

#[tokio::test]
async fn a_delivery_that_is_cut_short_tells_what_became_of_each_point() {
    let directory = directory();
    for (spool, kept) in [(Some(directory.path()), (4, 0)), (None, (0, 4))] {
        let intake = Intake::start().await;
        // The second of three requests is answered by a wait that the deadline allows.
        intake.then(202, &[], r#"{"errors":[]}"#).then(429, &[("retry-after", "30")], "");
        let limits = Limits { points: 2, ..Limits::DATADOG };
        let sink = Datadog::tuned(settings(&intake.url, spool), client(), Tuning { limits, ..tuning() });
        let cut = async {
            while intake.statuses().len() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let start = Instant::now();
        let delivery = sink.deliver_until(points(6), soon(), cut, Waiting::new()).await;
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert_eq!((delivery.accepted, (delivery.spooled, delivery.lost)), (2, kept), "{delivery:?}");
        assert!(delivery.failure.is_some_and(|failure| failure.why.contains("signal")));
    }
}

#[tokio::test]
async fn without_a_directory_to_write_to_it_sends_at_once_and_says_so() {
    let parent = directory();
    fs::write(parent.path().join("file"), "").unwrap();
    for path in ["file", "file/below"] {
        let path = parent.path().join(path);
        let intake = Intake::start().await;
        let delivery = sink(&intake.url, Some(&path)).deliver(points(2), soon()).await;
        assert_eq!(
            (delivery.accepted, delivery.failure.clone(), delivery.warnings.len()),
            (2, None, 1),
            "{delivery:?}"
        );
        assert!(warned(&delivery, "ORGPULSE_STATE_DIR"), "{delivery:?}");
        assert_eq!(sink(NOWHERE, Some(&path)).deliver(points(2), soon()).await.lost, 2);
    }
}

#[tokio::test]
async fn leftovers_of_dead_writers_are_cleared_and_those_of_living_ones_are_not() {
    let directory = directory();
    let (dead, alive) = (directory.path().join(".new-dead"), directory.path().join(".new-alive"));
    fs::write(&dead, "half").unwrap();
    let file = fs::File::create(&alive).unwrap();
    file.try_lock().unwrap();
    sink(NOWHERE, Some(directory.path())).replay(soon()).await;
    assert!(!dead.exists() && alive.exists());
    drop(file);
    sink(NOWHERE, Some(directory.path())).replay(soon()).await;
    assert!(!alive.exists());
}
