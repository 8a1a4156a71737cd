//! Tests of the sink against a real socket.

mod contract;
mod intake;
mod kill;
mod limits;
mod reading;
mod replies;
mod rules;
mod spooling;

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::Compression;
use super::Datadog;
use super::Delivery;
use super::Settings;
use super::SpoolSettings;
use super::Waiting;
use super::deliver::Tuning;
use super::send::Patience;
use crate::point::Point;

/// The time in tests, in seconds since the Unix epoch.
const NOW: i64 = 1_790_000_000;
const KEY: &str = "0123456789abcdefKEY";

/// Waits short enough for tests, everything else as it is.
fn tuning() -> Tuning {
    let patience = Patience { tries: 5, per_try: Duration::from_secs(20), first_wait: Duration::from_millis(1) };
    Tuning { patience, clock: || NOW, ..Tuning::default() }
}

fn settings(url: &str, spool: Option<&Path>) -> Settings {
    Settings {
        base_url: url.to_owned(),
        api_key: KEY.into(),
        compression: Compression::Gzip,
        spool: spool.map(|directory| SpoolSettings { directory: directory.to_owned(), max_bytes: 64 << 20 }),
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

fn sink(url: &str, spool: Option<&Path>) -> Datadog {
    Datadog::tuned(settings(url, spool), client(), tuning())
}

impl Datadog {
    /// A delivery that nobody cuts short.
    async fn deliver(&self, points: Vec<Point>, deadline: Instant) -> Delivery {
        self.deliver_until(points, deadline, std::future::pending(), Waiting::new()).await
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn point(repo: &str, value: f64, timestamp: i64) -> Point {
    let tags = vec!["org:acme".to_owned(), format!("repo:acme/{repo}"), "env:test".to_owned()];
    Point { metric: "github.prs.open", unit: "hour", value, timestamp, tags }
}

/// `count` points of NOW that differ in their tags.
fn points(count: usize) -> Vec<Point> {
    (0..count).map(|i| point(&format!("r{i}"), i as f64, NOW)).collect()
}
