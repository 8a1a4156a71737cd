//! Whole collections against a server on a socket.

use std::time::Duration;

use axum::response::Response;
use collector::Reason;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::metrics::sample::*;
use crate::testing::*;

#[tokio::test]
async fn five_requests_read_everything() {
    let rows = vec![row(json!({})), row(json!({"job_id": 2, "status": "PENDING"}))];
    let server = sky(rows, clusters_up(), |_: &Seen| None).await;
    let context = context();
    let batch = Skypilot::new(config(&server.url)).collect_at(&context, PACE).await.unwrap();
    assert!(batch.failures().is_empty() && batch.warnings().is_empty(), "{batch:?}");
    assert_eq!(batch.gauges().len() + batch.absences().len(), METRICS.len());
    assert_eq!(value(&batch, "skypilot.jobs.running"), Some(1.0));
    assert_eq!(value(&batch, "skypilot.jobs.queued"), Some(1.0));
    assert_eq!(value(&batch, "skypilot.clusters.without_autostop"), Some(1.0));
    assert_eq!(context.meter().read().requests, 5);
    let expected = ["/api/health", QUEUE_V2, STATUS, GET_QUEUE, GET_STATUS].map(|path| (path.to_owned(), 1));
    assert_eq!(server.counts(), expected.into());
    for seen in server.seen().iter().filter(|seen| seen.method == "POST") {
        let body = &seen.body;
        assert_eq!((&body["all_users"], &body["env_vars"]["SKYPILOT_USER"]), (&json!(true), &json!("collector")));
        let hash = body["env_vars"]["SKYPILOT_USER_ID"].as_str().unwrap();
        assert!(hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{hash}");
        if seen.path == STATUS {
            assert_eq!(body["refresh"], "NONE");
            assert_eq!([&body["include_credentials"], &body["include_handle"]], [&json!(false); 2]);
            assert_eq!(body["summary_response"], true);
        } else {
            assert_eq!([&body["refresh"], &body["skip_finished"]], [&json!(false); 2]);
            assert!(body["fields"].as_array().unwrap().contains(&json!("end_at")));
            assert!(body.get("limit").is_none() && body.get("statuses").is_none());
        }
    }
    assert!(!format!("{batch:?}").contains("KEY"));
}

#[tokio::test]
async fn what_a_real_server_said_is_understood() {
    let recorded = || Some(Answer::Reply(text(200, &[], include_str!("../tests/fixtures/queue.json"))));
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, move |_| recorded())).await;
    let at_recording = Timestamp::from_second(1_795_171_503).unwrap();
    let context = loopback::context(at_recording, Duration::from_secs(60));
    let batch = Skypilot::new(config(&server.url)).collect_at(&context, PACE).await.unwrap();
    assert!(batch.failures().is_empty() && batch.warnings().is_empty(), "{batch:?}");
    for (name, expected) in [
        ("skypilot.jobs.queued", Some(1.0)),
        ("skypilot.jobs.running", Some(0.0)),
        ("skypilot.jobs.failed", Some(2.0)),
        ("skypilot.jobs.failed_7d", Some(2.0)),
        ("skypilot.jobs.succeeded", Some(1.0)),
        ("skypilot.jobs.cancelled", Some(1.0)),
        ("skypilot.regions.us_east_1", Some(0.0)),
        ("skypilot.users.active_count", Some(1.0)),
        ("skypilot.jobs.runtime_seconds.avg", None),
        // Two jobs started 49,011 and 89,011 s before: one of them in 24 hours, a thousand seconds after it was submitted.
        ("skypilot.jobs.queue_wait_seconds.p90", Some(1000.0)),
    ] {
        assert_eq!(value(&batch, name), expected, "{name}");
    }
}

#[tokio::test]
async fn without_a_jobs_controller_nothing_is_in_progress_and_the_history_is_absent() {
    let recorded = || Some(Answer::Reply(text(500, &[], include_str!("../tests/fixtures/controller_down.json"))));
    let server = sky(Vec::new(), clusters_up(), at(GET_QUEUE, move |_| recorded())).await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty(), "{batch:?}");
    assert_eq!(server.seen().len(), 5);
    let absent: Vec<&str> = batch.absences().iter().map(|absence| absence.def.name).collect();
    for name in ["failed", "failed_7d", "succeeded", "cancelled", "queue_wait_seconds.p90", "runtime_seconds.avg"] {
        assert!(absent.contains(&format!("skypilot.jobs.{name}").as_str()), "{name}");
    }
    for gauge in batch.gauges().iter().filter(|gauge| gauge.def().group == group::JOBS) {
        assert_eq!(gauge.value(), 0.0, "{}", gauge.def().name);
    }
    assert_eq!(value(&batch, "skypilot.jobs.running"), Some(0.0));
    assert_eq!(value(&batch, "skypilot.regions.other"), Some(0.0));
    assert_eq!(value(&batch, "skypilot.clusters.active"), Some(1.0));
    assert_eq!(batch.gauges().len() + batch.absences().len(), METRICS.len());
}

#[tokio::test]
async fn a_jobs_controller_that_cannot_be_reached_is_a_failure() {
    let words = "Failed to connect to jobs controller, please try again later.";
    let fault = move |_: &Seen| Some(Answer::Reply(failed("ClusterNotUpError", words)));
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
    let failure = failed_group(&collect(&server).await, group::JOBS);
    assert_eq!(failure.reason, Reason::Unreachable);
}

#[tokio::test]
async fn a_failed_operation_is_told_by_type_and_words_and_not_repeated() {
    let cases = [("ValueError", Reason::Other), ("PermissionDeniedError", Reason::Forbidden)];
    for (kind, reason) in cases {
        let fault = move |_: &Seen| Some(Answer::Reply(failed(kind, "\u{1b}[31mNo.\u{1b}[0m\nTraceback")));
        let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
        let failure = failed_group(&collect(&server).await, group::JOBS);
        assert_eq!((failure.reason, count(&server, GET_QUEUE)), (reason, 1));
        assert!(failure.why.ends_with(&format!("{kind} No")), "{failure}");
    }
    // The same, told with a good status.
    let error = json!({"type": "ValueError", "message": "No.", "object": "gASV"}).to_string();
    let payload = json!({"status": "FAILED", "return_value": "null", "error": error});
    let fault = move |_: &Seen| Some(Answer::Reply(answer(200, &[], &payload)));
    let server = sky(Vec::new(), json!([]), at(GET_STATUS, fault)).await;
    assert!(failed_group(&collect(&server).await, group::CLUSTERS).why.contains("ValueError No"));
}

#[tokio::test]
async fn a_request_that_a_restart_interrupted_is_posted_again() {
    let fault = |seen: &Seen| (seen.again < 2).then(|| Answer::Reply(failed("RequestInterruptedError", "again")));
    let server = sky(vec![row(json!({}))], json!([]), at(GET_QUEUE, fault)).await;
    assert_eq!(value(&collect(&server).await, "skypilot.jobs.running"), Some(1.0));
    assert_eq!(count(&server, QUEUE_V2), 3);
    let fault = |_: &Seen| Some(Answer::Reply(failed("RequestInterruptedError", "again")));
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
    assert_eq!(failed_group(&collect(&server).await, group::JOBS).reason, Reason::Unreachable);
    assert_eq!(count(&server, QUEUE_V2), 3);
}

#[tokio::test]
async fn a_request_that_was_cancelled_elsewhere_is_a_failure() {
    let payload = json!({"status": "CANCELLED", "return_value": null, "error": "null"});
    let fault = move |_: &Seen| Some(Answer::Reply(answer(200, &[], &payload)));
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
    let failure = failed_group(&collect(&server).await, group::JOBS);
    assert_eq!(failure.reason, Reason::Other);
    assert!(failure.why.contains("CANCELLED"), "{failure}");
}

#[tokio::test]
async fn a_request_that_never_finishes_is_abandoned_and_cancelled() {
    let server = sky(Vec::new(), clusters_up(), at(GET_QUEUE, |_| Some(Answer::Never))).await;
    let (start, context) = (Instant::now(), context_for(Duration::from_secs(1)));
    let batch = Skypilot::new(config(&server.url)).collect_at(&context, PACE).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    let failure = failed_group(&batch, group::JOBS);
    assert_eq!(failure.reason, Reason::Deadline);
    assert!(failure.why.contains("did not finish the request in time"), "{failure}");
    let cancelled: Vec<Value> =
        server.seen().into_iter().filter(|seen| seen.path == "/api/cancel").map(|seen| seen.body).collect();
    let [body] = cancelled.as_slice() else { panic!("{cancelled:?}") };
    assert_eq!(body["request_ids"], json!(["id-jobs-queue-v2"]));
}

#[tokio::test]
async fn a_slow_request_is_fetched_again_by_the_same_id() {
    let slow = |seen: &Seen| (seen.again < 5).then_some(Answer::Never);
    let server = sky(vec![row(json!({}))], json!([]), at(GET_QUEUE, slow)).await;
    let pace = Pace { per_fetch: Duration::from_millis(50), ..PACE };
    let batch = Skypilot::new(config(&server.url)).collect_at(&context(), pace).await.unwrap();
    assert_eq!(value(&batch, "skypilot.jobs.running"), Some(1.0));
    assert_eq!((count(&server, QUEUE_V2), count(&server, GET_QUEUE)), (1, 6));
}

/// What something between the server and its caller says, when a wait takes too long for it.
fn cut_short() -> [fn() -> Response; 5] {
    [
        cut,
        || text(502, &[], "<html>Bad Gateway</html>"),
        || answer(503, &[], &json!({"detail": "draining"})),
        || text(504, &[], "<html>Gateway Time-out</html>"),
        || text(408, &[], ""),
    ]
}

#[tokio::test]
async fn a_fetch_that_is_cut_short_is_repeated_by_the_same_id() {
    for reply in cut_short() {
        let fault = move |seen: &Seen| (seen.again < 10).then(|| Answer::Reply(reply()));
        let server = sky(vec![row(json!({}))], json!([]), at(GET_QUEUE, fault)).await;
        assert_eq!(value(&collect(&server).await, "skypilot.jobs.running"), Some(1.0));
        assert_eq!((count(&server, QUEUE_V2), count(&server, GET_QUEUE)), (1, 11));
    }
}

#[tokio::test]
async fn a_fetch_that_is_always_cut_short_ends_with_the_deadline() {
    for reply in cut_short() {
        let server = sky(Vec::new(), json!([]), at(GET_QUEUE, move |_| Some(Answer::Reply(reply())))).await;
        let context = context_for(Duration::from_millis(500));
        let batch = Skypilot::new(config(&server.url)).collect_at(&context, PACE).await.unwrap();
        let failure = failed_group(&batch, group::JOBS);
        assert_eq!(failure.reason, Reason::Deadline, "{failure}");
        assert!(count(&server, GET_QUEUE) > 4 && count(&server, QUEUE_V2) == 1, "{:?}", server.counts());
        assert_eq!(count(&server, "/api/cancel"), 1);
    }
}

#[tokio::test]
async fn a_wait_of_nothing_is_no_leave_to_ask_without_a_pause() {
    for named in ["0", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let fault = move |_: &Seen| Some(Answer::Reply(text(503, &[("retry-after", named)], "")));
        let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
        // Fifty pauses of 10 ms at the shortest.
        let pace = Pace { first_wait: Duration::from_millis(20), longest_wait: Duration::from_millis(20), ..PACE };
        let context = context_for(Duration::from_millis(500));
        let batch = Skypilot::new(config(&server.url)).collect_at(&context, pace).await.unwrap();
        assert_eq!(failed_group(&batch, group::JOBS).reason, Reason::Deadline);
        assert!(count(&server, GET_QUEUE) < 60, "{named}: {:?}", server.counts());
    }
}

#[tokio::test]
async fn a_posted_request_is_not_repeated_without_end() {
    let fault = |_: &Seen| Some(Answer::Reply(text(502, &[], "")));
    let server = sky(Vec::new(), json!([]), at(QUEUE_V2, fault)).await;
    assert_eq!(failed_group(&collect(&server).await, group::JOBS).reason, Reason::Unreachable);
    assert_eq!(count(&server, QUEUE_V2), 4);
}

#[tokio::test]
async fn an_older_server_that_restarted_says_so_with_503() {
    let words = "Request 'id' should be retried";
    let fault = move |seen: &Seen| (seen.again < 2).then(|| Answer::Reply(answer(503, &[], &json!({"detail": words}))));
    let server = sky(vec![row(json!({}))], json!([]), at(GET_QUEUE, fault)).await;
    assert_eq!(value(&collect(&server).await, "skypilot.jobs.running"), Some(1.0));
    assert_eq!((count(&server, QUEUE_V2), count(&server, GET_QUEUE)), (3, 3));
}

#[tokio::test]
async fn a_cluster_that_comes_twice_is_one() {
    let cluster = json!({"name": "a", "status": "UP", "autostop": -1, "is_managed": false});
    let server = sky(Vec::new(), json!([cluster, cluster]), |_: &Seen| None).await;
    assert_eq!(value(&collect(&server).await, "skypilot.clusters.active"), Some(1.0));
    let other = json!({"name": "a", "status": "STOPPED"});
    let server = sky(Vec::new(), json!([cluster, other]), |_: &Seen| None).await;
    let failure = failed_group(&collect(&server).await, group::CLUSTERS);
    assert!(failure.reason == Reason::BadReply && failure.why.contains("told twice"), "{failure}");
}

#[tokio::test]
async fn a_request_that_the_server_forgot_is_no_wrong_address() {
    let fault = |_: &Seen| Some(Answer::Reply(answer(404, &[], &json!({"detail": "Request 'x' not found"}))));
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
    let failure = failed_group(&collect(&server).await, group::JOBS);
    assert!(failure.reason == Reason::NotFound && !failure.cure.contains("ENDPOINT"), "{failure}");
}

#[tokio::test]
async fn malformed_results_are_failures() {
    let results = [
        json!({"jobs": "many", "total": 0}),
        json!("text"),
        json!(null),
        json!({"total": 0, "status_counts": {}}),
        json!({"jobs": [{"status": "RUNNING"}], "total": 1, "status_counts": {"RUNNING": 1}}),
        json!([17]),
    ];
    for result in results {
        let about = result.to_string();
        let fault = move |_: &Seen| Some(Answer::Reply(finished(&result)));
        let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
        assert_eq!(failed_group(&collect(&server).await, group::JOBS).reason, Reason::BadReply, "{about}");
    }
    let payload = json!({"status": "SUCCEEDED", "return_value": "[{\"job_id\": 1, \"sta", "error": "null"});
    let fault = move |_: &Seen| Some(Answer::Reply(answer(200, &[], &payload)));
    let server = sky(Vec::new(), json!([]), at(GET_QUEUE, fault)).await;
    assert_eq!(failed_group(&collect(&server).await, group::JOBS).reason, Reason::BadReply);
}

#[tokio::test]
async fn what_is_new_or_null_fails_nothing() {
    let odd = row(json!({"job_id": 2, "zone": null, "user_hash": null, "something_new": {"a": 1}}));
    let clusters = json!([{"status": "NEW", "autostop": null, "is_managed": false, "more": []}]);
    let server = sky(vec![row(json!({})), odd], clusters, |_: &Seen| None).await;
    let batch = collect(&server).await;
    assert!(batch.failures().is_empty(), "{batch:?}");
    assert_eq!(value(&batch, "skypilot.jobs.running"), Some(2.0));
    assert_eq!(value(&batch, "skypilot.jobs.runtime_seconds.max"), Some(60.0));
}

#[tokio::test]
async fn a_field_of_another_type_fails_its_group_and_makes_no_smaller_number() {
    for odd in [
        json!({"end_at": "2026-11-20"}),
        json!({"job_duration": "60"}),
        json!({"recovery_count": "3"}),
        json!({"task_id": "first"}),
        json!({"region": 5}),
    ] {
        let server = sky(vec![row(odd.clone())], clusters_up(), |_: &Seen| None).await;
        let batch = collect(&server).await;
        assert_eq!(batch.failures().len(), 1, "{odd}: {batch:?}");
        assert_eq!(batch.failures()[0].failure.reason, Reason::BadReply, "{odd}");
        assert!(batch.gauges().iter().all(|gauge| !gauge.def().name.starts_with("skypilot.jobs.")), "{odd}");
        assert_eq!(value(&batch, "skypilot.clusters.active"), Some(1.0), "{odd}");
    }
    let server = sky(vec![row(json!({}))], json!([{"autostop": -1}]), |_: &Seen| None).await;
    let batch = collect(&server).await;
    assert_eq!(batch.failures().len(), 1, "a cluster without a status: {batch:?}");
    assert!(batch.gauges().iter().all(|gauge| !gauge.def().name.starts_with("skypilot.clusters.")));
    assert_eq!(value(&batch, "skypilot.jobs.running"), Some(1.0));
}

#[tokio::test]
async fn when_both_groups_fail_the_collection_does() {
    let server = sky(Vec::new(), json!([]), |seen: &Seen| {
        (seen.method == "POST").then(|| Answer::Reply(answer(403, &[], &json!({"detail": "Forbidden"}))))
    })
    .await;
    let failure = Skypilot::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Forbidden);
}

#[tokio::test]
async fn the_doctor_tells_what_can_be_read() {
    let server = sky(vec![row(json!({}))], clusters_up(), |_: &Seen| None).await;
    let findings = Skypilot::new(config(&server.url)).check(&context()).await;
    let words: Vec<String> = findings.into_iter().map(|finding| finding.outcome.unwrap()).collect();
    assert_eq!(words, ["version 0.14.1, API 62", "allowed, 1 tasks, finished ones included", "allowed, 1 clusters"]);
    let asked = server.seen().into_iter().find(|seen| seen.path == QUEUE_V2).unwrap().body;
    assert_eq!((&asked["page"], &asked["limit"]), (&json!(1), &json!(1)));
    let server = old_queue(vec![row(json!({})), row(json!({"job_id": 2}))]).await;
    let findings = Skypilot::new(config(&server.url)).check(&context()).await;
    assert_eq!(findings[1].outcome.as_ref().unwrap(), "allowed, 2 tasks, finished ones included");
    // Words of the server may hold anything.
    let health = json!({"status": "healthy", "api_version": "62", "version": format!("0.14.1 {TOKEN}"),
                        "user": {"name": format!("\u{1b}[31mann\u{1b}[0m {TOKEN}\nand more")}});
    let fault = move |_: &Seen| Some(Answer::Reply(answer(200, &[], &health)));
    let server = sky(Vec::new(), json!([]), at("/api/health", fault)).await;
    let findings = Skypilot::new(config(&server.url)).check(&context()).await;
    assert_eq!(findings[0].outcome.as_ref().unwrap(), "version 0.14.1 ***, API 62, as user ann ***");
    let server =
        Server::start(|_, _| answer(401, &[], &json!({"detail": "Invalid or expired service account token"}))).await;
    let findings = Skypilot::new(config(&server.url)).check(&context()).await;
    let [one] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(one.outcome.as_ref().unwrap_err().reason, Reason::Unauthorized);
}
