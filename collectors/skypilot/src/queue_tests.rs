//! The queue of managed jobs: by which way it is read on which server, and when its rows are all of them.

use std::time::Duration;

use collector::Reason;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::metrics::sample::*;
use crate::testing::*;

/// What 0.11.0 says when a live job has a part of a GPU.
const NO_FRACTIONS: &str =
    "1 validation error for ManagedJobRecord\naccelerators.A10G\n  Input should be a valid integer";

#[tokio::test]
async fn a_queue_that_the_server_cannot_put_into_rows_is_asked_for_in_the_old_way() {
    let fault = |_: &Seen| Some(Answer::Reply(failed("ValidationError", NO_FRACTIONS)));
    let rows = vec![row(json!({"accelerators": {"A10G": 0.5}, "resources": "2x[A10G:0.5]"}))];
    let server = sky(rows, clusters_up(), at(GET_QUEUE, fault)).await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty() && batch.warnings().is_empty(), "{batch:?}");
    assert_eq!(value(&batch, "skypilot.resources.gpus.a10g_count"), Some(1.0));
    assert_eq!((count(&server, QUEUE_V2), count(&server, QUEUE_V1), server.seen().len()), (1, 1, 7));
    // Where there is no old way, or it fails in the same way, that is a failure, and the first one tells more.
    let server = sky(Vec::new(), json!([]), |seen: &Seen| match seen.path.as_str() {
        GET_QUEUE => Some(Answer::Reply(failed("ValidationError", NO_FRACTIONS))),
        QUEUE_V1 => Some(Answer::Reply(answer(404, &[], &json!({"detail": "Not Found"})))),
        _ => None,
    })
    .await;
    let failure = failed_group(&collect(&server).await, group::JOBS);
    assert!(failure.why.contains("ValidationError"), "{failure}");
}

#[tokio::test]
async fn the_rows_of_a_busy_queue_are_read_three_times() {
    let rows: Vec<Value> = (1..=5).map(|id| row(json!({"job_id": id}))).collect();
    let whole = page(&rows);
    let fault = move |seen: &Seen| {
        let mut part = whole.clone();
        part["jobs"] = json!(rows[..3 + seen.again.min(2)]);
        Some(Answer::Reply(finished(&part)))
    };
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
    assert_eq!(value(&collect(&server).await, "skypilot.jobs.running"), Some(5.0));
    assert_eq!(count(&server, QUEUE_V2), 3);
}

#[tokio::test]
async fn a_row_that_comes_twice_is_one_and_stands_for_no_other() {
    // One row twice instead of two: as many as counted, and yet not whole.
    let [one, two] = [row(json!({})), row(json!({"job_id": 2}))];
    let mut twice = page(&[one.clone(), two]);
    twice["jobs"] = json!([one, one]);
    let fault = move |_: &Seen| Some(Answer::Reply(finished(&twice)));
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
    assert_eq!(failed_group(&collect(&server).await, group::JOBS).reason, Reason::BadReply);
    // The old queue, which tells no counts: the same row is one, though its run time went on; another is a contradiction.
    let later = row(json!({"job_duration": 61.0}));
    let server = old_queue(vec![row(json!({})), later]).await;
    let batch = collect(&server).await;
    assert_eq!(value(&batch, "skypilot.jobs.running"), Some(1.0));
    assert_eq!(value(&batch, "skypilot.resources.gpus.l4_count"), Some(1.0));
    assert!(value(&batch, "skypilot.jobs.runtime_seconds.max").unwrap() < 100.0);
    let server = old_queue(vec![row(json!({})), row(json!({"status": "FAILED"}))]).await;
    let failure = failed_group(&collect(&server).await, group::JOBS);
    assert!(failure.why.contains("told twice"), "{failure}");
}

#[tokio::test]
async fn tasks_without_a_number_have_no_order() {
    let server = old_queue(vec![row(json!({"task_id": null}))]).await;
    assert_eq!(value(&collect(&server).await, "skypilot.jobs.running"), Some(1.0));
    for other in [json!({"task_id": null}), json!({"task_id": 1})] {
        let server = old_queue(vec![row(json!({"task_id": null, "status": "SUCCEEDED"})), row(other)]).await;
        let failure = failed_group(&collect(&server).await, group::JOBS);
        assert!(failure.reason == Reason::BadReply && failure.why.contains("task_id"), "{failure}");
    }
}

/// What a server of version 0.10.0 said; it knows nothing of `/jobs/queue/v2`.
fn recorded_0_10_0(seen: &Seen) -> Option<Answer> {
    let posted = |text: &str| {
        let recorded: Value = serde_json::from_str(text).unwrap();
        let headers = recorded["headers"].as_object().unwrap().iter();
        let headers: Vec<(&str, &str)> =
            headers.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        answer(200, &headers, &recorded["body"])
    };
    Some(Answer::Reply(match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/api/health") => text(200, &[], include_str!("../tests/fixtures/v0_10_0/health.json")),
        ("POST", QUEUE_V1) => posted(include_str!("../tests/fixtures/v0_10_0/queue_posted.json")),
        ("POST", STATUS) => posted(include_str!("../tests/fixtures/v0_10_0/status_posted.json")),
        ("GET", GET_RECORDED_QUEUE) => text(200, &[], include_str!("../tests/fixtures/v0_10_0/queue.json")),
        ("GET", GET_RECORDED_STATUS) => text(200, &[], include_str!("../tests/fixtures/v0_10_0/status.json")),
        _ => answer(404, &[], &json!({"detail": "Not Found"})),
    }))
}

/// Where the recorded results are fetched.
const GET_RECORDED_QUEUE: &str = "/api/get?request_id=23f0877b-143e-406d-b7a0-8a2007937ecf";

const GET_RECORDED_STATUS: &str = "/api/get?request_id=fa3f5f82-c148-4853-9f92-44f17f344fd0";

#[tokio::test]
async fn an_old_server_is_asked_in_its_own_way() {
    let server = sky(Vec::new(), json!([]), recorded_0_10_0).await;
    // The jobs were described as of 1,795,190,029; the server looked 10 s later.
    let at_recording = Timestamp::from_second(1_795_190_039).unwrap();
    let context = loopback::context(at_recording, Duration::from_secs(60));
    let batch = Skypilot::new(config(&server.url)).collect_at(&context, PACE).await.unwrap();
    assert!(batch.failures().is_empty(), "{batch:?}");
    // One of the jobs that run has no machines any more.
    let [warning] = batch.warnings() else { panic!("{:?}", batch.warnings()) };
    assert!(warning.contains("region of 1 running jobs"), "{warning}");
    let expected = ["/api/health", QUEUE_V1, STATUS, GET_RECORDED_QUEUE, GET_RECORDED_STATUS];
    assert_eq!(server.counts(), expected.map(|path| (path.to_owned(), 1)).into());
    assert_eq!(server.seen()[1].header("x-skypilot-api-version"), "11");
    for (name, expected) in [
        ("jobs.queued", 1.0),
        // Of these four the machines of one are not known: its GPUs are those that it asked for, its region is "-".
        ("jobs.running", 4.0),
        ("jobs.recovering", 1.0),
        ("jobs.failed", 1.0),
        // It failed eight days before.
        ("jobs.failed_7d", 0.0),
        // The other success is the first task of a pipeline that runs.
        ("jobs.succeeded", 1.0),
        ("jobs.cancelled", 0.0),
        ("resources.gpus.h100_count", 2.0 * 8.0),
        ("resources.gpus.l4_count", 4.0),
        ("resources.gpus.a10g_count", 3.0 * 0.5),
        ("resources.gpus.total_count", 16.0 + 4.0 + 1.5 + 2.0),
        ("resources.spot_jobs", 3.0),
        ("resources.ondemand_jobs", 1.0),
        ("jobs.with_recoveries", 4.0),
        ("jobs.recovery_count.avg", (1.0 + 3.0 + 2.0 + 1.0) / 4.0),
        ("jobs.recovery_count.max", 3.0),
        ("regions.us_east_1", 1.0),
        ("regions.us_west_2", 2.0),
        ("regions.other", 0.0),
        ("users.active_count", 2.0),
        // An hour, two hours, half an hour and one and a half, a day.
        ("jobs.runtime_buckets.0_1h", 0.0),
        ("jobs.runtime_buckets.1_4h", 3.0),
        ("jobs.runtime_buckets.4_24h", 0.0),
        ("jobs.runtime_buckets.over_24h", 1.0),
        // 100, 200, 300 and 500 s; a job that waited for 2,000 s started more than a day before.
        ("jobs.queue_wait_seconds.p90", 300.0 + 0.7 * 200.0),
        // Two clusters, and the machines of three jobs.
        ("clusters.active", 5.0),
    ] {
        let value = value(&batch, &format!("skypilot.{name}")).unwrap_or(f64::NAN);
        assert!((value - expected).abs() < 1e-6, "{name}: {value}, not {expected}");
    }
    // What runs, runs on until the server looks.
    for (name, at_description) in [("min", 3600.0), ("max", 86400.0)] {
        let value = value(&batch, &format!("skypilot.jobs.runtime_seconds.{name}")).unwrap();
        assert!((at_description + 9.0..at_description + 10.0).contains(&value), "{name}: {value}");
    }
}

#[tokio::test]
async fn a_server_without_the_new_queue_is_asked_for_the_old_one() {
    for status in [404, 405] {
        let missing = move |_: &Seen| Some(Answer::Reply(answer(status, &[], &json!({"detail": "Not Found"}))));
        let mut bare = row(json!({}));
        for key in ["region", "zone", "user_hash"] {
            bare.as_object_mut().unwrap().remove(key);
        }
        let server = sky(vec![bare], json!([]), at(QUEUE_V2, missing)).await;
        let batch = collect(&server).await;
        assert_eq!((count(&server, QUEUE_V2), count(&server, QUEUE_V1)), (1, 1));
        assert_eq!(value(&batch, "skypilot.jobs.running"), Some(1.0));
        for name in ["regions.us_east_1", "regions.us_west_2", "regions.other", "users.active_count"] {
            assert_eq!(value(&batch, &format!("skypilot.{name}")), None, "{name}");
        }
    }
}

#[tokio::test]
async fn a_reply_with_fewer_rows_than_counted_is_read_again_and_then_fails() {
    let rows: Vec<Value> = (1..=3).map(|id| row(json!({"job_id": id}))).collect();
    let whole = page(&rows);
    let mut short = whole.clone();
    short["jobs"].as_array_mut().unwrap().pop();
    let once = short.clone();
    let fault = move |seen: &Seen| (seen.again == 0).then(|| Answer::Reply(finished(&once)));
    let server = sky(rows, json!([]), at(GET_QUEUE, fault)).await;
    assert_eq!(value(&collect(&server).await, "skypilot.jobs.running"), Some(3.0));
    assert_eq!(count(&server, QUEUE_V2), 2);
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, move |_| Some(Answer::Reply(finished(&short))))).await;
    let failure = failed_group(&collect(&server).await, group::JOBS);
    assert_eq!(failure.reason, Reason::BadReply);
    assert!(failure.why.contains("as many as the server counts"), "{failure}");
}

#[tokio::test]
async fn a_server_that_tells_a_part_at_a_time_is_read_page_by_page() {
    let rows: Vec<Value> = (1..=1200).map(|id| row(json!({"job_id": id}))).collect();
    let all = page(&rows);
    let fault = move |seen: &Seen| {
        let answer = match seen.path.as_str() {
            QUEUE_V2 => {
                let number = seen.body["page"].as_u64().unwrap_or(1);
                answer(200, &[("X-Skypilot-Request-ID", &format!("page-{number}"))], &Value::Null)
            }
            path => {
                let number: usize = path.strip_prefix("/api/get?request_id=page-")?.parse().unwrap();
                let mut part = all.clone();
                part["jobs"] = json!(rows.iter().skip((number - 1) * 500).take(500).collect::<Vec<_>>());
                finished(&part)
            }
        };
        Some(Answer::Reply(answer))
    };
    let server = sky(Vec::new(), json!([]), fault).await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty(), "{batch:?}");
    assert_eq!(value(&batch, "skypilot.jobs.running"), Some(1200.0));
}

#[tokio::test]
async fn totals_of_every_version_are_understood() {
    // Two tasks of one job, and a job that it started: 3 rows, 2 jobs, 1 tree.
    let rows = vec![row(json!({})), row(json!({"task_id": 1})), row(json!({"job_id": 2}))];
    for (total, counts, good) in [
        (json!(3), json!({"RUNNING": 3}), true),
        (json!(2), json!({"RUNNING": 3}), true),
        (json!(1), json!({"RUNNING": 3}), true),
        (json!(3), json!(null), true),
        (json!(2), json!({}), true),
        (json!(null), json!(null), true),
        (json!(4), json!({"RUNNING": 3}), false),
        (json!(3), json!({"RUNNING": 2}), false),
        (json!(4), json!(null), false),
    ] {
        let about = format!("{total} {counts}");
        let result = json!({"jobs": rows, "total": total, "status_counts": counts});
        let fault = move |_: &Seen| Some(Answer::Reply(finished(&result)));
        let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
        assert_eq!(collect(&server).await.failures().is_empty(), good, "{about}");
    }
}
