//! What is done about each kind of answer, and what is said about it.

use std::time::Duration;

use collector::Failure;
use collector::Reason;
use tokio::time::Instant;

use super::KEY;
use super::intake::Intake;
use super::intake::cutting;
use super::point;
use super::points;
use super::settings;
use super::sink;
use super::soon;
use crate::sinks::datadog::Compression;
use crate::sinks::datadog::Datadog;
use crate::sinks::datadog::Delivery;
use crate::sinks::datadog::Settings;

fn failure(delivery: &Delivery) -> Failure {
    delivery.failure.clone().unwrap()
}

#[tokio::test]
async fn the_request_is_what_datadog_documents() {
    for (compression, encoding) in
        [(Compression::Gzip, Some("gzip")), (Compression::Zstd, Some("zstd1")), (Compression::None, None)]
    {
        let intake = Intake::start().await;
        let settings = Settings { compression, ..settings(&intake.url, None) };
        Datadog::new(settings, super::client())
            .deliver(vec![point("w", 1.0, jiff::Timestamp::now().as_second())], soon())
            .await;
        let received = intake.received().remove(0);
        let header = |name: &str| received.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(received.path, "/api/v2/series");
        assert_eq!(header("dd-api-key").as_deref(), Some(KEY));
        assert_eq!(header("content-type").as_deref(), Some("application/json"));
        assert_eq!(header("content-encoding").as_deref(), encoding);
        assert_eq!(header("user-agent"), Some(format!("orgpulse/{}", env!("CARGO_PKG_VERSION"))));
        assert_eq!(received.status, 202);
    }
}

#[tokio::test]
async fn tries_again_after_408_429_and_5xx_five_times_in_all() {
    for status in [408, 429, 500, 502, 503, 504] {
        let intake = Intake::start().await;
        for _ in 0..4 {
            intake.then(status, &[], "{}");
        }
        let delivery = sink(&intake.url, None).deliver(points(2), soon()).await;
        assert_eq!((delivery.accepted, delivery.requests, delivery.failure), (2, 5, None), "{status}");
        let bodies: Vec<_> = intake.received().into_iter().map(|received| received.body).collect();
        assert!(bodies.windows(2).all(|two| two[0] == two[1]));
        for _ in 0..5 {
            intake.then(status, &[], "busy");
        }
        let delivery = sink(&intake.url, None).deliver(points(2), soon()).await;
        assert_eq!((delivery.accepted, delivery.lost, delivery.requests), (0, 2, 5), "{status}");
        let failure = failure(&delivery);
        assert_eq!(failure.reason, if status == 429 { Reason::RateLimited } else { Reason::Unreachable });
        assert!(failure.why.contains("busy") && failure.why.contains("5 tries"), "{failure}");
    }
}

#[tokio::test]
async fn waits_as_long_as_a_429_asks_for() {
    for header in ["retry-after", "x-ratelimit-reset"] {
        let intake = Intake::start().await;
        intake.then(429, &[(header, "1")], "");
        let start = Instant::now();
        let delivery = sink(&intake.url, None).deliver(points(1), soon()).await;
        assert_eq!((delivery.accepted, delivery.requests), (1, 2));
        assert!(start.elapsed() >= Duration::from_secs(1), "{header}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn does_not_wait_past_the_deadline() {
    let intake = Intake::start().await;
    intake.then(429, &[("retry-after", "3600")], "");
    let start = Instant::now();
    let spool = tempfile::tempdir().unwrap();
    let delivery = sink(&intake.url, Some(spool.path())).deliver(points(1), start + Duration::from_secs(30)).await;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!((delivery.spooled, delivery.requests, failure(&delivery).reason), (1, 1, Reason::RateLimited));
    assert!(failure(&delivery).why.contains("3600"), "{}", failure(&delivery));

    let intake = Intake::start().await;
    intake.slow(Duration::from_secs(100_000));
    let start = Instant::now();
    let delivery = sink(&intake.url, None).deliver(points(1), start + Duration::from_millis(200)).await;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(failure(&delivery).reason, Reason::Deadline);

    let delivery = sink(&intake.url, None).deliver(points(1), Instant::now()).await;
    assert_eq!((delivery.requests, failure(&delivery).reason, delivery.lost), (0, Reason::Deadline, 1));
}

#[tokio::test]
async fn stops_at_once_where_no_try_can_help_and_names_the_cause() {
    let cases = [
        (403, r#"{"errors":["Forbidden"]}"#, Reason::Unauthorized, "DD_URL"),
        (401, "", Reason::Unauthorized, "DD_API_KEY"),
        (404, "<html>not here</html>", Reason::NotFound, "DD_URL"),
        (302, "", Reason::BadReply, "redirect"),
        (200, "<html>welcome</html>", Reason::BadReply, "DD_URL"),
        (407, "", Reason::Config, "HTTPS_PROXY"),
    ];
    for (status, body, reason, cure) in cases {
        let intake = Intake::start().await;
        intake.then(status, &[("location", "http://127.0.0.1:1/")], body);
        let spool = tempfile::tempdir().unwrap();
        let delivery = sink(&intake.url, Some(spool.path())).deliver(points(2), soon()).await;
        assert_eq!((delivery.spooled, delivery.lost, delivery.requests), (2, 0, 1), "{status}");
        let failure = failure(&delivery);
        assert_eq!(failure.reason, reason, "{status}");
        assert!(failure.cure.contains(cure) && failure.why.contains(&status.to_string()), "{failure}");
        assert!(failure.doing.contains("127.0.0.1"), "{failure}");
        // The key was mended: the same points arrive.
        let again = sink(&intake.url, Some(spool.path())).replay(soon()).await;
        assert_eq!((again.replayed, intake.stored().len()), (2, 2), "{status}");
    }
}

#[tokio::test]
async fn a_400_names_the_metric_and_is_never_sent_again() {
    let intake = Intake::start().await;
    intake.then(400, &[], r#"{"errors":["bad tag"]}"#);
    let spool = tempfile::tempdir().unwrap();
    let sink = sink(&intake.url, Some(spool.path()));
    let delivery = sink.deliver(points(2), soon()).await;
    assert_eq!((delivery.lost, delivery.spooled, delivery.requests), (2, 0, 1));
    let failure = failure(&delivery);
    assert!(failure.why.contains("github.prs.open") && failure.why.contains("bad tag"), "{failure}");
    assert_eq!(sink.replay(soon()).await, Delivery::default());
    assert_eq!(intake.statuses(), [400]);
    let names: Vec<_> =
        std::fs::read_dir(spool.path()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.ends_with(".refused")), "{names:?}");
}

#[tokio::test]
async fn a_413_of_one_series_is_final() {
    for spool in [None, Some(tempfile::tempdir().unwrap())] {
        let intake = Intake::start().await;
        intake.largest_batch(0);
        let sink = sink(&intake.url, spool.as_ref().map(|directory| directory.path()));
        let delivery = sink.deliver(points(2), soon()).await;
        assert_eq!((delivery.lost, delivery.accepted, delivery.spooled), (2, 0, 0));
        assert_eq!(intake.statuses(), [413, 413, 413]);
        assert!(failure(&delivery).why.contains("github.prs.open"));
    }
}

#[tokio::test]
async fn errors_inside_a_202_are_said() {
    let intake = Intake::start().await;
    intake.then(202, &[], r#"{"errors":["1 series dropped"]}"#);
    let delivery = sink(&intake.url, None).deliver(points(2), soon()).await;
    assert_eq!(delivery.accepted, 2);
    assert!(failure(&delivery).why.contains("1 series dropped"));
    assert!(delivery.warnings.iter().any(|warning| warning.contains("1 series dropped")));
    for fine in [r#"{"status":"ok"}"#, "", r#"{"errors":[]}"#] {
        intake.then(202, &[], fine);
        let delivery = sink(&intake.url, None).deliver(points(2), soon()).await;
        assert_eq!((delivery.accepted, delivery.failure), (2, None), "{fine}");
    }
}

#[tokio::test]
async fn a_cut_connection_makes_it_send_the_same_bytes_again() {
    let (url, bodies) = cutting(3).await;
    let delivery = sink(&url, None).deliver(points(20), soon()).await;
    assert_eq!((delivery.accepted, delivery.requests, delivery.failure), (20, 4, None));
    let bodies = bodies.lock().unwrap().clone();
    assert_eq!(bodies.len(), 4);
    assert!(bodies.windows(2).all(|two| two[0] == two[1]));
}

#[tokio::test]
async fn says_in_words_why_there_is_no_connection() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = failure(&sink(&format!("http://{free}"), None).deliver(points(1), soon()).await);
    assert_eq!(refused.reason, Reason::Unreachable);
    assert!(refused.why.contains("refused") && refused.cure.contains("DD_URL"), "{refused}");
    assert_eq!(refused.why.matches("refused").count(), 1, "each cause once: {refused}");

    let intake = Intake::start().await;
    let tls = failure(&sink(&intake.url.replace("http:", "https:"), None).deliver(points(1), soon()).await);
    assert_eq!(tls.reason, Reason::Unreachable, "{tls}");

    let odd = failure(&sink("not a url", None).deliver(points(1), soon()).await);
    assert_eq!(odd.reason, Reason::Config, "{odd}");
    let settings = Settings { api_key: "first\nsecond".into(), ..settings(&intake.url, None) };
    let key = failure(
        &Datadog::new(settings, super::client())
            .deliver(vec![point("w", 1.0, jiff::Timestamp::now().as_second())], soon())
            .await,
    );
    assert_eq!(key.reason, Reason::Config);
    assert!(key.cure.contains("DD_API_KEY") && !key.to_string().contains("second"), "{key}");
}

#[tokio::test]
async fn validates_the_key() {
    let intake = Intake::start().await;
    let sink = sink(&intake.url, None);
    assert_eq!(sink.validate_key(soon()).await, Ok(()));
    let received = intake.received().remove(0);
    assert_eq!(
        (received.path.as_str(), received.headers.get("dd-api-key").unwrap().to_str().unwrap()),
        ("/api/v1/validate", KEY)
    );
    intake.then(403, &[], r#"{"errors":["Forbidden"]}"#);
    let wrong = sink.validate_key(soon()).await.unwrap_err();
    assert_eq!(wrong.reason, Reason::Unauthorized);
    assert!(wrong.cure.contains("DD_URL") && !wrong.cure.contains("site"), "{wrong}");
    for odd in [r#"{"valid":false}"#, "<html>"] {
        intake.then(200, &[], odd);
        assert_eq!(sink.validate_key(soon()).await.unwrap_err().reason, Reason::BadReply, "{odd}");
    }
}

#[tokio::test]
async fn the_key_is_in_no_output() {
    let intake = Intake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&intake.url, Some(folder.path()));
    let mut said = format!("{settings:?}");
    let sink = Datadog::tuned(settings, super::client(), super::tuning());
    said += &format!("{sink:?}");
    for status in [400, 401, 403, 404, 413, 500, 202, 200] {
        for _ in 0..5 {
            intake.then(status, &[], &format!(r#"{{"errors":["the key {KEY} is odd"]}}"#));
        }
        let delivery = sink.deliver(points(2), soon()).await;
        said += &format!("{delivery:?} {:?}", delivery.failure.as_ref().map(ToString::to_string));
        said += &format!("{:?}", sink.validate_key(soon()).await);
        intake.recover();
    }
    assert!(said.contains("the key *** is odd"));
    assert!(!said.contains(KEY), "{said}");
}
