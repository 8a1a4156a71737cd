//! The three limits of a request.

use super::NOW;
use super::intake::Intake;
use super::intake::raw;
use super::points;
use super::settings;
use super::soon;
use super::tuning;
use crate::point::Point;
use crate::sinks::datadog::Compression;
use crate::sinks::datadog::Datadog;
use crate::sinks::datadog::Settings;
use crate::sinks::datadog::encode::Encoded;
use crate::sinks::datadog::encode::Encoder;
use crate::sinks::datadog::encode::Limits;
use crate::sinks::datadog::encode::Payload;
use crate::sinks::datadog::series::prepare;

/// Points whose tags hold `chars` random characters, which hardly compress.
fn noisy(count: usize, chars: usize) -> Vec<Point> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut noise = |_| {
        let text: String = std::iter::repeat_with(|| random.alphanumeric().to_ascii_lowercase()).take(chars).collect();
        Point { metric: "noise", unit: "", value: 1.0, timestamp: NOW, tags: vec![format!("x:{text}")] }
    };
    (0..count).map(&mut noise).collect()
}

fn payloads(points: Vec<Point>, compression: Compression, limits: Limits) -> Vec<Payload> {
    let payload = |encoded| match encoded {
        Encoded::Payload(payload) => payload,
        unsendable => panic!("{unsendable:?}"),
    };
    Encoder::new(prepare(points, NOW).series, compression, limits).map(payload).collect()
}

async fn all_arrive_without_413(points: Vec<Point>, compression: Compression, least: usize) {
    let intake = Intake::start().await;
    let settings = Settings { compression, ..settings(&intake.url, None) };
    let count = points.len();
    let delivery = Datadog::tuned(settings, super::client(), tuning()).deliver(points, soon()).await;
    assert_eq!((delivery.accepted, delivery.failure, delivery.lost), (count as u64, None, 0));
    let received = intake.received();
    assert!(received.iter().all(|received| received.status == 202), "{:?}", intake.statuses());
    assert!(received.len() >= least, "{} requests", received.len());
    assert_eq!(delivery.requests as usize, received.len());
    assert_eq!(intake.stored().len(), count);
}

#[tokio::test]
async fn ten_thousand_realistic_points_fit_one_request() {
    let intake = Intake::start().await;
    let delivery = super::sink(&intake.url, None).deliver(points(10_000), soon()).await;
    assert_eq!((delivery.accepted, delivery.requests, delivery.failure), (10_000, 1, None));
    assert_eq!(intake.stored().len(), 10_000);
}

#[tokio::test]
async fn fifty_thousand_realistic_points_are_split_by_number() {
    all_arrive_without_413(points(50_000), Compression::Zstd, 5).await;
}

#[tokio::test]
async fn ten_thousand_incompressible_points_are_split_by_compressed_size() {
    all_arrive_without_413(noisy(10_000, 190), Compression::Gzip, 3).await;
}

#[tokio::test]
async fn fifty_thousand_incompressible_points_are_split_by_all_limits() {
    all_arrive_without_413(noisy(50_000, 90), Compression::Zstd, 6).await;
}

#[test]
fn no_limit_is_passed_and_none_is_left_unused() {
    let limits = Limits { compressed: 4_000, raw: 20_000, points: 90 };
    for compression in Compression::ALL {
        for points in [points(1_000), noisy(300, 150)] {
            let count = points.len();
            let payloads = payloads(points, compression, limits);
            for (i, payload) in payloads.iter().enumerate() {
                let size = compression.expand(&payload.body, payload.raw_bytes).unwrap().len();
                assert!(payload.body.len() <= 4_000 && size <= 20_000 && payload.points <= 90, "{compression:?} {i}");
                // Half of the smallest limit that binds: compression is not linear.
                let full = payload.points == 90 || payload.body.len() > 1_500 || size > 19_500;
                assert!(
                    full || i + 1 == payloads.len() || payload.points > 5,
                    "{compression:?} {i} {}",
                    payload.points
                );
            }
            assert_eq!(payloads.iter().map(|payload| payload.points).sum::<u64>(), count as u64);
        }
    }
}

#[test]
fn the_raw_limit_is_met_to_the_byte() {
    let series = prepare(points(3), NOW).series;
    let exact = series.iter().map(|series| series.json.len()).sum::<usize>() + 2 + r#"{"series":[]}"#.len();
    let count = |raw| payloads(points(3), Compression::Gzip, Limits { raw, ..Limits::DATADOG }).len();
    assert_eq!((count(exact), count(exact - 1)), (1, 2));
    let payload = payloads(points(3), Compression::Gzip, Limits::DATADOG).remove(0);
    assert_eq!(payload.raw_bytes, exact);
    assert_eq!(payload.series().unwrap(), series);
}

#[test]
fn halves_and_what_is_left_of_a_payload_keep_every_byte_of_a_value() {
    let mut points = points(4);
    points[2].value = 0.1 + 0.2;
    points[3].timestamp = NOW - 100;
    let whole = payloads(points, Compression::Zstd, Limits::DATADOG).remove(0);
    let halves = whole.halves(Limits::DATADOG).unwrap().unwrap();
    let series: Vec<_> = halves.iter().flat_map(|half| half.series().unwrap()).collect();
    assert_eq!((halves.len(), series), (2, whole.series().unwrap()));
    assert!(halves[1].halves(Limits::DATADOG).unwrap().unwrap()[0].halves(Limits::DATADOG).unwrap().is_none());
    let newer = whole.newer_than(NOW - 99, Limits::DATADOG).unwrap().remove(0);
    assert_eq!((newer.points, newer.oldest), (3, NOW));
    assert!(newer.series().unwrap().iter().any(|series| series.json.contains("0.30000000000000004")));
}

#[tokio::test]
async fn a_series_that_no_request_can_carry_is_said_and_the_others_are_sent() {
    let intake = Intake::start().await;
    let mut giant = points(3);
    giant[1].metric = "giant";
    giant[1].tags = noisy(400, 190).into_iter().flat_map(|point| point.tags).collect();
    let limits = Limits { compressed: 20_000, ..Limits::DATADOG };
    let sink = Datadog::tuned(settings(&intake.url, None), super::client(), super::Tuning { limits, ..tuning() });
    let delivery = sink.deliver(giant, soon()).await;
    assert_eq!((delivery.accepted, delivery.lost), (2, 1));
    assert!(delivery.warnings.iter().any(|warning| warning.contains("giant is not sent")), "{:?}", delivery.warnings);
}

#[tokio::test]
async fn a_413_halves_down_to_what_the_server_takes() {
    for spool in [None, Some(tempfile::tempdir().unwrap())] {
        let intake = Intake::start().await;
        intake.largest_batch(3);
        let directory = spool.as_ref().map(|directory| directory.path());
        let delivery = super::sink(&intake.url, directory).deliver(points(10), soon()).await;
        assert_eq!((delivery.accepted, delivery.failure, delivery.spooled), (10, None, 0));
        // 10 -> 5 5 -> 2 3 2 3
        assert_eq!(intake.statuses(), [413, 413, 202, 202, 413, 202, 202]);
        assert_eq!(intake.stored().len(), 10);
        for received in intake.received() {
            assert!(raw(&received.headers, &received.body).starts_with(b"{\"series\":["));
        }
    }
}
