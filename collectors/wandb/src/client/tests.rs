//! The client, against a real socket: answers that are no result, limits, the credential.

use axum::response::Response;
use loopback::Server;
use loopback::answer;
use loopback::cut;
use loopback::ok;
use loopback::text;

use super::*;
use crate::metrics::sample;
use crate::queries;
use crate::records::Total;
use crate::testing::QUICK;
use crate::testing::config;
use crate::testing::context;

/// `api:` and the key of the tests in base 64.
const ENCODED: &str = "YXBpOndhbmRiX1NFQ1JFVFNFQ1JFVFNFQ1JFVFNFQ1JFVFNFQ1JFVFNFQ1JFVA==";

fn total() -> Value {
    json!({"data": {"project": {"runCount": 7}}})
}

async fn ask_within(server: &Server, context: &Context) -> Result<u64, Failure> {
    let config = config(server);
    let client = Client::new(&config, context, QUICK)?;
    let variables = json!({"filters": "{}"});
    client.project::<Total>(queries::PROJECT, &config.projects[0], variables).await.map(|total| total.run_count)
}

async fn ask(server: &Server) -> Result<u64, Failure> {
    ask_within(server, &context()).await
}

/// The failure when every request is answered so, and how many there were.
async fn always(reply: impl Fn() -> Response + Send + Sync + 'static) -> (Failure, usize) {
    let server = Server::start(move |_, _| reply()).await;
    let failure = ask(&server).await.unwrap_err();
    (failure, server.seen().len())
}

#[tokio::test]
async fn the_key_is_sent_as_basic_auth_to_graphql_and_to_nowhere_else() {
    let server = Server::start(|_, _| ok(total())).await;
    assert_eq!(ask(&server).await, Ok(7));
    let seen = &server.seen()[0];
    assert_eq!((seen.path.as_str(), seen.header("authorization")), ("/graphql", format!("Basic {ENCODED}").as_str()));
    let key = sample::config().api_key;
    assert!(!seen.body.to_string().contains(key.expose_secret()));
}

#[tokio::test]
async fn what_may_pass_is_asked_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server =
            Server::start(move |_, before| if before == 0 { answer(status, &[], &json!({})) } else { ok(total()) })
                .await;
        assert_eq!(ask(&server).await, Ok(7), "{status}");
    }
    for message in ["Rate limit exceeded", "context deadline exceeded", "Internal server error"] {
        let first = json!({"data": null, "errors": [{"message": message}]});
        let server = Server::start(move |_, before| ok(if before == 0 { first.clone() } else { total() })).await;
        assert_eq!(ask(&server).await, Ok(7), "{message}");
    }
    let server = Server::start(|_, before| if before == 0 { cut() } else { ok(total()) }).await;
    assert_eq!(ask(&server).await, Ok(7));
    let server = Server::start(|_, before| if before == 0 { text(200, &[], "{\"data\":") } else { ok(total()) }).await;
    assert_eq!(ask(&server).await, Ok(7));
}

#[tokio::test]
async fn what_does_not_pass_is_asked_once_and_has_a_cure() {
    for (status, reason, cure) in [
        (301, Reason::BadReply, "WANDB_BASE_URL"),
        (400, Reason::BadReply, "update it"),
        (401, Reason::Unauthorized, "WANDB_API_KEY"),
        (403, Reason::Forbidden, "access to the project"),
        (404, Reason::NotFound, "WANDB_BASE_URL"),
        (409, Reason::BadReply, ""),
        (410, Reason::BadReply, ""),
        (413, Reason::BadReply, ""),
        (422, Reason::BadReply, ""),
        (501, Reason::BadReply, ""),
    ] {
        let body = json!({"errors": [{"message": "No such luck."}]});
        let (failure, requests) = always(move || answer(status, &[], &body)).await;
        assert_eq!((failure.reason, requests), (reason, 1), "{status}: {failure}");
        assert!(failure.cure.contains(cure) && failure.why.contains(&format!("{status} No such luck")), "{failure}");
    }
}

#[tokio::test]
async fn errors_inside_a_200_are_told_apart_by_their_words() {
    for (message, reason) in [
        ("permission denied", Reason::Forbidden),
        ("user is not logged in", Reason::Unauthorized),
        ("could not find project vision@acme during upsertBucket", Reason::NotFound),
        ("Cannot query field \"runInfo\" on type \"Run\".", Reason::BadReply),
        ("something else", Reason::Other),
    ] {
        for data in [json!(null), json!({"project": {"runCount": 0}})] {
            let body = json!({"data": data, "errors": [{"message": message, "path": ["project"]}]});
            let (failure, requests) = always(move || ok(body.clone())).await;
            assert_eq!((failure.reason, requests), (reason, 1), "{failure}");
            assert!(!failure.cure.is_empty() && failure.why.contains("(at project)"), "{failure}");
        }
    }
    for errors in [json!(["user is not logged in"]), json!({"message": "user is not logged in"})] {
        let (failure, _) = always(move || ok(json!({"errors": errors, "data": null}))).await;
        assert_eq!(failure.reason, Reason::Unauthorized, "{failure}");
    }
    let (failure, _) = always(|| ok(json!({"errors": [{"message": 5}], "data": null}))).await;
    assert!(failure.why.contains("an error without a message"), "{failure}");
    let server = Server::start(|_, _| ok(json!({"data": {"project": {"runCount": 7}}, "errors": []}))).await;
    assert_eq!(ask(&server).await, Ok(7), "an empty list is no error");
}

#[tokio::test]
async fn every_failure_says_what_to_do() {
    for body in [json!([]), json!({}), json!({"data": {}}), json!({"data": {"project": 7}}), json!({"data": null})] {
        let (failure, requests) = always(move || ok(body.clone())).await;
        assert_eq!((failure.reason, requests), (Reason::BadReply, 1), "{failure}");
        assert!(!failure.cure.is_empty(), "{failure}");
    }
    for status in [408, 500, 502, 503, 504] {
        let (failure, _) = always(move || answer(status, &[("Retry-After", "3600")], &json!({}))).await;
        assert_eq!(failure.reason, Reason::Unreachable, "{status}");
        assert!(failure.cure.contains("status page"), "{failure}");
    }
}

#[tokio::test]
async fn a_login_page_is_no_answer() {
    let page = || text(200, &[("content-type", "text/html")], "<html>Log in</html>");
    let (failure, requests) = always(page).await;
    assert_eq!((failure.reason, requests), (Reason::BadReply, 1));
    assert!(failure.why.contains("HTML"), "{failure}");
}

#[tokio::test]
async fn a_limit_is_waited_for_where_the_time_allows() {
    for header in ["Retry-After", "RateLimit-Reset"] {
        let limited = move || answer(429, &[(header, "1")], &json!({"error": "Rate limit exceeded"}));
        let server = Server::start(move |_, before| if before == 0 { limited() } else { ok(total()) }).await;
        let start = std::time::Instant::now();
        assert_eq!(ask(&server).await, Ok(7));
        assert!(start.elapsed() >= Duration::from_secs(1), "{header}");
    }
    for header in ["Retry-After", "RateLimit-Reset"] {
        let (failure, requests) = always(move || answer(429, &[(header, "3600")], &json!({"error": "no"}))).await;
        assert_eq!((failure.reason, requests), (Reason::RateLimited, 1), "{header}");
        assert!(failure.why.contains("renewed in 3600 s") && failure.cure.contains("less often"), "{failure}");
    }
}

#[tokio::test]
async fn when_nothing_is_left_of_a_limit_the_next_request_waits_or_fails() {
    let headers = |reset| [("RateLimit-Limit", "1000"), ("RateLimit-Remaining", "0"), ("RateLimit-Reset", reset)];
    for (reset, wanted) in [("1", Ok(7)), ("3600", Err(Reason::RateLimited))] {
        let server = Server::start(move |_, _| answer(200, &headers(reset), &total())).await;
        let (config, context) = (config(&server), context());
        let client = Client::new(&config, &context, QUICK).unwrap();
        let ask = || client.project::<Total>(queries::PROJECT, &config.projects[0], json!({"filters": "{}"}));
        assert_eq!(ask().await.map(|total| total.run_count), Ok(7), "a good answer is taken");
        assert_eq!(context.meter().read().quota_remaining_pct, Some(0.0));
        let second = ask().await.map(|total| total.run_count);
        assert!(second.as_ref().err().is_none_or(|failure| failure.cure.contains("less often")), "{second:?}");
        assert_eq!(second.map_err(|failure| failure.reason), wanted);
        assert_eq!(server.seen().len(), if wanted.is_ok() { 2 } else { 1 });
    }
}

#[tokio::test]
async fn the_meter_shows_what_is_left() {
    for (headers, left) in [
        (vec![("RateLimit-Limit", "1000"), ("RateLimit-Remaining", "250"), ("RateLimit-Reset", "60")], Some(25.0)),
        (vec![("RateLimit-Remaining", "900.5")], Some(90.0)),
        (vec![("RateLimit-Remaining", "plenty")], None),
        (vec![("RateLimit-Remaining", "0")], Some(0.0)),
        (vec![], None),
    ] {
        let given = headers.clone();
        let server = Server::start(move |_, _| answer(200, &given, &total())).await;
        let context = context();
        assert_eq!(ask_within(&server, &context).await, Ok(7));
        assert_eq!(context.meter().read().quota_remaining_pct, left, "{headers:?}");
    }
}

#[tokio::test]
async fn a_refused_key_is_not_shown_to_the_server_again() {
    let server = Server::start(|_, _| answer(401, &[], &json!({"error": "no"}))).await;
    let (config, context) = (config(&server), context());
    let client = Client::new(&config, &context, QUICK).unwrap();
    for words in ["the first", "the second"] {
        let failure = client.ask::<Value>(queries::VIEWER, words, &json!({})).await.unwrap_err();
        assert_eq!((failure.reason, failure.doing), (Reason::Unauthorized, format!("read {words}")));
    }
    assert_eq!(server.seen().len(), 1);
}

/// Plainly, and as it is encoded in the header.
#[tokio::test]
async fn a_key_that_the_server_echoes_is_not_shown() {
    let key = sample::config().api_key.expose_secret().to_owned();
    assert!(key.contains("SECRET"));
    for status in [200, 400, 401, 403, 404, 418, 500] {
        for echo in [format!("no such key {key}"), format!("sent: Basic {ENCODED}"), key[..20].to_owned()] {
            let body = json!({"errors": [{"message": echo, "path": [echo]}], "message": echo});
            let (failure, _) = always(move || answer(status, &[], &body)).await;
            let shown = format!("{failure:?} {failure}");
            assert!(!shown.contains("SECRET") && !shown.contains(&ENCODED[..12]) && shown.contains("***"), "{shown}");
        }
    }
    let server = Server::start(|_, _| ok(total())).await;
    let client = Client::new(&config(&server), &context(), QUICK).unwrap();
    let shown = format!("{client:?} {:?}", config(&server));
    assert!(!shown.contains("SECRET") && !shown.contains(&ENCODED[..12]), "{shown}");
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_names_the_setting() {
    let server = Server::start(|_, _| ok(total())).await;
    let mut config = config(&server);
    drop(server);
    // Port 1 of the loopback: nobody listens there.
    config.base_url = "http://127.0.0.1:1".to_owned();
    let client = Client::new(&config, &context(), QUICK).unwrap();
    let failure = client.ask::<Value>(queries::VIEWER, "whose key it is", &json!({})).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
    assert!(failure.cure.contains("WANDB_BASE_URL"), "{failure}");
}
