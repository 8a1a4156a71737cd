//! `POST /api/v2/series` over real HTTP: limits at their edges, encodings, what is mended, dropped, overwritten.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic; clippy.toml does not reach helper functions")]

mod support;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use simulator::datadog::DropReason;
use simulator::datadog::MetricType;
use simulator::fault::Fault;
use support::Datadog;
use support::NOW;
use support::gauge;
use support::gzip;
use support::read;
use support::zlib;
use support::zstd;

/// A payload of exactly so many bytes: one gauge, and blanks behind it.
fn payload_of(bytes: usize) -> Vec<u8> {
    let mut payload = json!({ "series": [gauge("a.b", &["env:x"], NOW, 1.0)] }).to_string().into_bytes();
    assert!(payload.len() <= bytes);
    payload.resize(bytes, b' ');
    payload
}

async fn send(datadog: &Datadog, encoding: &str, body: Vec<u8>) -> (u16, Value) {
    let request = match encoding {
        "" => datadog.intake(),
        _ => datadog.intake().header("content-encoding", encoding),
    };
    read(request.body(body).send().await.unwrap()).await
}

#[tokio::test]
async fn takes_512_000_bytes_on_the_wire_and_not_one_more() {
    let datadog = Datadog::start();
    assert_eq!(send(&datadog, "", payload_of(512_000)).await.0, 202);
    let refused = send(&datadog, "", payload_of(512_001)).await;
    assert_eq!(refused, (413, json!({ "errors": ["Payload too large"] })));
    let requests = datadog.store.requests();
    assert_eq!((requests[0].wire_bytes, requests[0].raw_bytes, requests[0].points), (512_000, 512_000, 1));
    assert_eq!((requests[1].wire_bytes, requests[1].status, requests[1].points), (512_001, 413, 0));
    assert_eq!(datadog.store.violations().len(), 1);
    assert_eq!(datadog.store.violations()[0].request, Some(1));
}

#[tokio::test]
async fn the_wire_limit_holds_for_compressed_bodies_too() {
    let datadog = Datadog::start();
    // Stored blocks of a gzip stream: too large on the wire, small enough decompressed.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut encoder, &payload_of(511_999)).unwrap();
    let body = encoder.finish().unwrap();
    assert!(body.len() > 512_000);
    assert_eq!(send(&datadog, "gzip", body).await.0, 413);
}

#[tokio::test]
async fn takes_5_242_880_bytes_decompressed_and_not_one_more() {
    let datadog = Datadog::start();
    for (encoding, pack) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("deflate", zlib), ("zstd1", zstd)] {
        assert_eq!(send(&datadog, encoding, pack(&payload_of(5_242_880))).await.0, 202, "{encoding}");
        assert_eq!(send(&datadog, encoding, pack(&payload_of(5_242_881))).await.0, 413, "{encoding}");
    }
    let requests = datadog.store.requests();
    assert_eq!(requests.iter().map(|request| request.status).collect::<Vec<_>>(), [202, 413, 202, 413, 202, 413]);
    assert_eq!((requests[0].encoding.as_str(), requests[0].raw_bytes), ("gzip", 5_242_880));
}

#[tokio::test]
async fn every_encoding_stores_the_same() {
    for (encoding, pack) in
        [("", <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>), ("gzip", gzip), ("deflate", zlib), ("zstd1", zstd)]
    {
        let datadog = Datadog::start();
        assert_eq!(send(&datadog, encoding, pack(&payload_of(200))).await.0, 202, "{encoding}");
        let stored = datadog.store.stored();
        assert_eq!(stored.len(), 1);
        assert_eq!((stored[0].metric.as_str(), stored[0].kind), ("a.b", MetricType::Gauge));
        assert_eq!(stored[0].points, [(NOW, 1.0)].into());
        assert!(datadog.store.violations().is_empty());
    }
}

#[tokio::test]
async fn refuses_what_is_not_what_its_encoding_says() {
    let datadog = Datadog::start();
    for (encoding, body) in
        [("gzip", zlib(b"{}")), ("deflate", gzip(b"{}")), ("zstd1", gzip(b"{}")), ("br", payload_of(200))]
    {
        let (status, body) = send(&datadog, encoding, body).await;
        assert_eq!(status, 400, "{encoding}");
        assert!(body["errors"][0].is_string());
    }
    assert!(datadog.store.stored().is_empty());
}

#[tokio::test]
async fn notes_more_than_10_000_points() {
    let datadog = Datadog::start();
    let points = |count: i64| -> Vec<Value> {
        (0..count).map(|n| json!({ "timestamp": NOW - n % 3_000, "value": n / 3_000 })).collect()
    };
    datadog.submit(json!([{ "metric": "a", "type": 3, "points": points(10_000) }])).await;
    assert!(datadog.store.violations().is_empty());
    datadog.submit(json!([{ "metric": "b", "type": 3, "points": points(10_001) }])).await;
    assert_eq!(datadog.store.violations().len(), 1);
    assert_eq!(datadog.store.requests()[1].points, 10_001);
}

#[tokio::test]
async fn a_payload_with_one_bad_series_is_refused_whole() {
    let datadog = Datadog::start();
    let good = gauge("a", &[], NOW, 1.0);
    for bad in [
        json!({ "points": [] }),
        json!({ "metric": "7d", "points": [] }),
        json!({ "metric": "a" }),
        json!({ "metric": "a", "points": [{ "timestamp": "now", "value": 1 }] }),
        json!({ "metric": "a", "points": [{ "timestamp": NOW, "value": "1" }] }),
        json!({ "metric": "a", "type": 4, "points": [] }),
        json!({ "metric": "a", "tags": [1], "points": [] }),
    ] {
        let body = json!({ "series": [good, bad] }).to_string();
        let (status, body) = read(datadog.intake().body(body).send().await.unwrap()).await;
        assert_eq!(status, 400, "{bad}");
        assert!(body["errors"][0].as_str().unwrap().contains("series[1]"), "{body}");
    }
    assert!(datadog.store.stored().is_empty());
    assert_eq!(datadog.store.violations().len(), 7);
}

#[tokio::test]
async fn a_wrong_or_missing_key_is_forbidden() {
    let datadog = Datadog::start();
    let series = datadog.url("/api/v2/series");
    let validate = datadog.url("/api/v1/validate");
    for key in [None, Some("wrong"), Some("")] {
        for request in [datadog.client.post(&series).body(payload_of(200)), datadog.client.get(&validate)] {
            let request = match key {
                Some(key) => request.header("dd-api-key", key),
                None => request,
            };
            let reply = read(request.send().await.unwrap()).await;
            assert_eq!(reply, (403, json!({ "errors": ["Forbidden"] })));
        }
    }
    assert!(datadog.store.stored().is_empty());
    assert_eq!(datadog.store.requests().iter().filter(|request| request.status == 403).count(), 3);
    assert_eq!(datadog.get("/api/v1/validate").await, (200, json!({ "valid": true })));
}

#[tokio::test]
async fn drops_in_silence_what_is_out_of_the_window() {
    let datadog = Datadog::start();
    let at = [NOW - 3_601, NOW - 3_600, NOW, NOW + 600, NOW + 601];
    let points: Vec<Value> = at.iter().map(|at| json!({ "timestamp": at, "value": 5 })).collect();
    datadog.submit(json!([{ "metric": "a", "type": 3, "tags": ["env:x"], "points": points }])).await;
    assert_eq!(datadog.store.stored()[0].points, [(at[1], 5.0), (at[2], 5.0), (at[3], 5.0)].into());
    let dropped = datadog.store.dropped();
    let reasons: Vec<_> = dropped.iter().map(|point| (point.timestamp, point.reason)).collect();
    assert_eq!(reasons, [(at[0], DropReason::TooOld), (at[4], DropReason::InTheFuture)]);
    assert_eq!((dropped[0].value, dropped[0].tags.as_slice()), (5.0, ["env:x".to_owned()].as_slice()));

    datadog.store.set_now(Timestamp::from_second(NOW + 1).unwrap());
    datadog.submit(json!([gauge("a", &["env:x"], NOW + 601, 6.0)])).await;
    assert_eq!(datadog.store.stored()[0].points[&(NOW + 601)], 6.0);
}

#[tokio::test]
async fn mends_names_and_tags_and_notes_it() {
    let datadog = Datadog::start();
    let tags = ["Env:PROD", "team:a b", "env:prod", "9:x", "42", "empty:"];
    datadog.submit(json!([gauge("jobs-done", &tags, NOW, 1.0)])).await;
    let stored = datadog.store.stored();
    assert_eq!((stored.len(), stored[0].metric.as_str()), (1, "jobs_done"));
    assert_eq!(stored[0].tags, ["empty", "env:prod", "team:a_b", "x"]);
    assert_eq!(datadog.store.violations().len(), 6, "{:?}", datadog.store.violations());
}

#[tokio::test]
async fn the_last_write_wins_and_another_value_is_noted() {
    let datadog = Datadog::start();
    datadog.submit(json!([gauge("a", &["x:1", "y:2"], NOW, 1.0), gauge("a", &["x:1"], NOW, 7.0)])).await;
    datadog.submit(json!([gauge("a", &["y:2", "x:1"], NOW, 1.0)])).await;
    assert!(datadog.store.overwrites().is_empty(), "the same value again is no overwrite");
    datadog.submit(json!([gauge("a", &["y:2", "x:1"], NOW, 2.0)])).await;
    let overwrites = datadog.store.overwrites();
    assert_eq!(overwrites.len(), 1);
    assert_eq!((overwrites[0].timestamp, overwrites[0].before, overwrites[0].after), (NOW, 1.0, 2.0));
    assert_eq!(overwrites[0].tags, ["x:1", "y:2"]);
    let values: Vec<_> = datadog.store.stored().iter().map(|series| series.points[&NOW]).collect();
    assert_eq!(values, [7.0, 2.0]);
}

#[tokio::test]
async fn a_connection_lost_after_the_points_were_taken_leaves_them_stored() {
    let datadog = Datadog::start();
    datadog.server.faults().inject(Fault::accept_then_reset().of("datadog").at("/api/v2/series").times(1));
    assert!(datadog.intake().body(payload_of(200)).send().await.is_err());
    assert_eq!(datadog.store.stored().len(), 1);
    assert_eq!(send(&datadog, "", payload_of(200)).await.0, 202);
    assert!(datadog.store.overwrites().is_empty());
}
