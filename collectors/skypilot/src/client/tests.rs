//! The client against a real socket: what each kind of answer comes to, how often it is asked for, and in which words.

use std::time::Duration;

use axum::response::Response;
use collector::Failure;
use collector::Reason;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use crate::Skypilot;
use crate::config::Auth;
use crate::config::Config;
use crate::testing::*;

/// Why a collection of the server failed.
async fn failure(server: &Server) -> Failure {
    let failure = Skypilot::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap_err();
    assert!(!format!("{failure} {failure:?}").contains(TOKEN), "{failure}");
    failure
}

/// The failure, and the number of requests, when every request is answered so.
async fn always(answer: impl Fn() -> Response + Send + Sync + 'static) -> (Failure, usize) {
    let server = Server::start(move |_, _| answer()).await;
    (failure(&server).await, server.seen().len())
}

/// An error as the real server told it.
fn recorded(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../../tests/fixtures/errors.json")).unwrap();
    all[name].clone()
}

#[tokio::test]
async fn refusals_are_told_once_with_their_cure() {
    let table: [(u16, &str, Reason, &str); 8] = [
        (401, "bearer bad (401)", Reason::Unauthorized, "Invalid or expired service account token"),
        (401, "bearer while disabled (401)", Reason::Unauthorized, "service accounts enabled"),
        (401, "basic auth wrong (401)", Reason::Unauthorized, "Invalid credentials"),
        (403, "role forbids (403)", Reason::Forbidden, "role viewer"),
        (422, "bad type (422)", Reason::BadReply, "body.limit: Input should be a valid integer"),
        (422, "no body (422)", Reason::BadReply, "body: Field required"),
        (404, "unknown request id (404)", Reason::NotFound, "SKYPILOT_API_SERVER_ENDPOINT"),
        (400, "version_too_old (400)", Reason::Other, "Update orgpulse"),
    ];
    for (status, name, reason, words) in table {
        let body = recorded(name);
        assert!(!body.is_null(), "{name}");
        let (failure, requests) = always(move || answer(status, &[], &body)).await;
        assert_eq!((failure.reason, requests), (reason, 1), "{name}: {failure}");
        assert!(failure.to_string().contains(words), "{name}: {failure}");
        assert!(!failure.to_string().contains('\u{1b}'), "{name}: {failure:?}");
    }
}

#[tokio::test]
async fn what_answers_in_the_servers_place_is_named() {
    let login = || text(200, &[], "<!DOCTYPE html><html>Sign in</html>");
    let (failure, requests) = always(login).await;
    assert_eq!((failure.reason, requests), (Reason::Unauthorized, 1));
    assert!(failure.why.contains("a login page or proxy answers"), "{failure}");
    let (failure, requests) = always(|| text(302, &[("location", "https://login.example/?next=x")], "")).await;
    assert_eq!((failure.reason, requests), (Reason::Unauthorized, 1));
    assert!(failure.why.contains("a login page or proxy answers"), "{failure}");
    let (failure, requests) = always(|| text(405, &[], "")).await;
    assert_eq!((failure.reason, requests), (Reason::BadReply, 1));
}

#[tokio::test]
async fn a_server_that_needs_a_credential_says_so_in_its_health() {
    let (failure, requests) = always(|| answer(200, &[], &json!({"status": "needs_auth"}))).await;
    assert_eq!((failure.reason, requests), (Reason::Unauthorized, 1));
    assert!(failure.cure.contains("SKYPILOT_API_TOKEN"), "{failure}");
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_four_times() {
    for status in [408, 500, 502, 503, 504] {
        let (failure, requests) = always(move || answer(status, &[], &json!({"detail": "draining"}))).await;
        assert_eq!((failure.reason, requests), (Reason::Unreachable, 4), "{status}");
        assert!(failure.why.contains("draining"), "{failure}");
    }
    let (failure, requests) = always(|| text(429, &[], "")).await;
    assert_eq!((failure.reason, requests), (Reason::RateLimited, 4));
    let (failure, requests) = always(cut).await;
    assert_eq!((failure.reason, requests), (Reason::Unreachable, 4));
}

#[tokio::test]
async fn a_wait_that_the_server_names_is_kept_if_the_time_allows() {
    let (failure, requests) = always(|| text(429, &[("retry-after", "3600")], "")).await;
    assert_eq!((failure.reason, requests), (Reason::RateLimited, 1));
    let (failure, requests) = always(|| text(429, &[("retry-after", "99999999999999999999")], "")).await;
    assert_eq!((failure.reason, requests), (Reason::RateLimited, 1));
    let server = sky(Vec::new(), json!([]), |seen: &Seen| {
        let first = seen.path == "/api/health" && seen.again == 0;
        first.then(|| Answer::Reply(text(503, &[("retry-after", "1")], "")))
    })
    .await;
    let start = Instant::now();
    Skypilot::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_read_once_more() {
    let (failure, requests) = always(|| text(200, &[], "{\"status\":")).await;
    assert_eq!((failure.reason, requests), (Reason::BadReply, 2));
    for foreign in ["[]", "{}", "null", "{\"status\": 7}"] {
        let (failure, requests) = always(move || text(200, &[], foreign)).await;
        assert_eq!((failure.reason, requests), (Reason::BadReply, 1), "{foreign}");
    }
}

#[tokio::test]
async fn an_operation_without_an_id_is_no_operation() {
    for id in ["", "../admin", "a b", "a&b=c"] {
        let server = sky(Vec::new(), json!([]), move |seen: &Seen| {
            let headers = [("X-Skypilot-Request-ID", id)];
            (seen.method == "POST").then(|| Answer::Reply(answer(200, &headers, &Value::Null)))
        })
        .await;
        let failure = failure(&server).await;
        assert_eq!(failure.reason, Reason::BadReply, "{id}");
        assert!(failure.why.contains("X-Skypilot-Request-ID"), "{failure}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let url = sky(Vec::new(), json!([]), |_: &Seen| None).await.url.clone();
    let failure = Skypilot::new(config(&url)).collect_at(&context(), PACE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
    let host = url.strip_prefix("http://").unwrap();
    assert!(failure.why.contains(host) && failure.cure.contains("SKYPILOT_API_SERVER_ENDPOINT"), "{failure}");
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_deadline() {
    let server = sky(Vec::new(), json!([]), |_: &Seen| Some(Answer::Never)).await;
    let (start, context) = (Instant::now(), context_for(Duration::from_millis(300)));
    let failure = Skypilot::new(config(&server.url)).collect_at(&context, PACE).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::Deadline, 1));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_credential_that_the_server_echoes_is_not_shown() {
    let echo = || answer(401, &[], &json!({"detail": format!("no such token: Bearer {TOKEN}")}));
    let (failure, _) = always(echo).await;
    assert!(failure.why.contains("no such token: Bearer ***"), "{failure}");
    assert!(!format!("{:?}", config("http://x")).contains(TOKEN));
    // As a header has it, in whatever words, and where those are cut.
    let password = SecretString::from("pa:ss-SECRET");
    // ann:pa:ss-SECRET
    let encoded = "YW5uOnBhOnNzLVNFQ1JFVA==";
    let far = "x".repeat(195);
    for told in ["pa:ss-SECRET", encoded, &far] {
        let words = format!("{told} {told}pa:ss-SECRET {encoded}");
        let error = json!({"type": words, "message": words}).to_string();
        let operation = json!({"detail": {"request_id": "x", "error": error}});
        for (status, body) in [(401, json!({"detail": words})), (500, operation)] {
            let server = Server::start(move |_, _| answer(status, &[], &body)).await;
            let auth = Auth::Basic { user: "ann".to_owned(), password: password.clone() };
            let config = Config { endpoint: server.url.clone(), auth };
            let failure = Skypilot::new(config).collect_at(&context(), PACE).await.unwrap_err();
            let shown = format!("{failure} {failure:?}");
            assert!(!shown.contains("pa:s") && !shown.contains("YW5u"), "{shown}");
            assert!(shown.len() < 2000, "{shown}");
        }
    }
}

#[tokio::test]
async fn each_kind_of_credential_goes_into_its_header() {
    let basic = Auth::Basic { user: "ann".to_owned(), password: SecretString::from("pa:ss") };
    let cases = [
        (config("").auth, format!("Bearer {TOKEN}"), "token"),
        // ann:pa:ss
        (basic, "Basic YW5uOnBhOnNz".to_owned(), ""),
        (Auth::None, String::new(), ""),
    ];
    for (auth, authorization, mode) in cases {
        let server = sky(Vec::new(), json!([]), |_: &Seen| None).await;
        let endpoint = format!("{}/", server.url);
        Skypilot::new(Config { endpoint, auth }).collect_at(&context(), PACE).await.unwrap();
        assert_eq!(server.seen().len(), 5);
        for seen in server.seen() {
            assert_eq!((seen.header("authorization"), seen.header("x-skypilot-auth-mode")), (&*authorization, mode));
            assert!(!seen.path.contains(TOKEN) && !seen.path.starts_with("//"), "{}", seen.path);
        }
    }
}

#[tokio::test]
async fn the_older_of_the_two_versions_is_declared() {
    let cases = [
        (json!({"status": "healthy", "api_version": "42", "version": "0.12.0"}), ("42", "0.12.0")),
        (json!({"status": "healthy", "api_version": 56, "version": "0.13.0"}), ("56", "0.13.0")),
        (json!({"status": "healthy", "api_version": "99", "version": "1.2.0"}), ("62", "0.14.1")),
        (json!({"status": "healthy"}), ("62", "0.14.1")),
        (json!({"status": "healthy", "api_version": "42", "version": "0.12\r\nX-Evil: 1"}), ("62", "0.14.1")),
        (json!({"status": "healthy", "api_version": "42", "version": "0.12.0", "user": "ann"}), ("42", "0.12.0")),
        (json!({"status": "healthy", "api_version": "dev", "version": null, "user": {"name": 5}}), ("62", "0.14.1")),
    ];
    for (health, declared) in cases {
        let server = sky(Vec::new(), json!([]), move |seen: &Seen| {
            (seen.path == "/api/health").then(|| Answer::Reply(answer(200, &[], &health)))
        })
        .await;
        Skypilot::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap();
        for seen in server.seen().iter().filter(|seen| seen.path != "/api/health") {
            assert_eq!((seen.header("x-skypilot-api-version"), seen.header("x-skypilot-version")), declared);
        }
        assert_eq!(server.seen()[0].header("x-skypilot-api-version"), "62");
    }
}
