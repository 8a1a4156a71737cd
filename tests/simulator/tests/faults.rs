//! Each kind of fault, as a client meets it on a real socket.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by a panic; clippy.toml's permission does not reach helper functions"
)]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum::routing::post;
use reqwest::Client;
use simulator::fault::Fault;
use simulator::server::Server;
use simulator::server::ServerOptions;

const LIST: &str = r#"{"items":["one","two","three","four"]}"#;

struct Acme {
    server: Server,
    client: Client,
    served: Arc<AtomicUsize>,
}

impl Acme {
    fn start() -> Acme {
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        let list = move || {
            let count = Arc::clone(&count);
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                ([("content-type", "application/json")], LIST)
            }
        };
        let router = Router::new()
            .route("/list", get(list.clone()).post(list))
            .route("/nothing", post(|| async { StatusCode::NO_CONTENT }))
            .route("/number", get(|| async { "1234" }));
        let server = Server::start(ServerOptions { services: vec![("acme", router)], ..ServerOptions::default() });
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build();
        Acme { server: server.unwrap(), client: client.unwrap(), served }
    }

    async fn get(&self, path: &str) -> Result<reqwest::Response, reqwest::Error> {
        self.client.get(format!("{}{path}", self.server.service_url("acme"))).send().await
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }

    fn statuses(&self) -> Vec<Option<u16>> {
        self.server.recorder().requests().iter().map(|request| request.status).collect()
    }

    async fn assert_well(&self) {
        assert_eq!(self.get("/list").await.unwrap().text().await.unwrap(), LIST);
    }
}

/// The messages of an error and all its sources.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn status_answers_in_place_of_the_service() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::too_many_requests(Some(7)).times(1));
    acme.server.faults().inject(Fault::too_many_requests(None).times(1));
    acme.server.faults().inject(Fault::server_error(503).times(1));
    acme.server.faults().inject(Fault::unauthorized(r#"{"message":"Bad credentials"}"#).times(1));
    acme.server.faults().inject(Fault::forbidden(r#"{"errors":["Forbidden"]}"#).times(1));

    let limited = acme.get("/list").await.unwrap();
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "7");
    assert_eq!(limited.headers()["content-type"], "application/json");
    let limited = acme.get("/list").await.unwrap();
    assert_eq!(limited.status(), 429);
    assert!(!limited.headers().contains_key("retry-after"));
    assert_eq!(acme.get("/list").await.unwrap().status(), 503);
    let unauthorized = acme.get("/list").await.unwrap();
    assert_eq!(unauthorized.status(), 401);
    assert_eq!(unauthorized.text().await.unwrap(), r#"{"message":"Bad credentials"}"#);
    assert_eq!(acme.get("/list").await.unwrap().status(), 403);
    assert_eq!(acme.served(), 0);
    acme.assert_well().await;
    assert_eq!(acme.statuses(), [Some(429), Some(429), Some(503), Some(401), Some(403), Some(200)]);
}

#[tokio::test]
async fn bad_gateway_is_html() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::bad_gateway_html());
    let reply = acme.get("/list").await.unwrap();
    assert_eq!(reply.status(), 502);
    assert_eq!(reply.headers()["content-type"], "text/html");
    assert!(reply.text().await.unwrap().starts_with("<html>"));
}

#[tokio::test]
async fn slow_delays_only_what_it_befalls() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::slow(Duration::from_millis(300)).after(1).times(1));
    acme.assert_well().await;
    let start = Instant::now();
    acme.assert_well().await;
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn hang_never_answers_and_ends_when_the_client_leaves() {
    let acme = Acme::start();
    let hang = acme.server.faults().inject(Fault::hang().times(1));
    let url = format!("{}/list", acme.server.service_url("acme"));
    let error = acme.client.get(&url).timeout(Duration::from_millis(200)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{}", chain(&error));
    assert_eq!(hang.befallen(), 1);
    assert_eq!(acme.served(), 0);
    // The server notices that the client left a moment after the client does; then only the new request is in flight.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        acme.assert_well().await;
        let last = acme.server.recorder().requests().pop().unwrap();
        if last.in_flight == 1 {
            break;
        }
        assert!(Instant::now() < deadline, "the hanging request is still being served");
    }
    assert_eq!(acme.statuses()[0], None);
}

#[tokio::test]
async fn reset_closes_without_an_answer() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::reset().times(1));
    let error = acme.get("/list").await.unwrap_err();
    assert!(chain(&error).contains("reset by peer"), "{}", chain(&error));
    assert_eq!(acme.served(), 0);
    acme.assert_well().await;
    assert_eq!(acme.statuses(), [None, Some(200)]);
}

#[tokio::test]
async fn accept_then_reset_reaches_the_service_first() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::accept_then_reset().times(1));
    let error = acme.get("/list").await.unwrap_err();
    assert!(chain(&error).contains("reset by peer"), "{}", chain(&error));
    assert_eq!(acme.served(), 1);
    acme.assert_well().await;
}

#[tokio::test]
async fn cut_body_sends_less_than_it_announced() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::cut_body().times(1));
    let mut reply = acme.get("/list").await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.content_length(), Some(LIST.len() as u64));
    let mut received = Vec::new();
    let error = loop {
        match reply.chunk().await {
            Ok(Some(bytes)) => received.extend_from_slice(&bytes),
            Ok(None) => panic!("the body ended as if it were whole: {received:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(received, &LIST.as_bytes()[..LIST.len() / 2]);
    assert!(chain(&error).contains("end of file before message length reached"), "{}", chain(&error));
    acme.assert_well().await;
}

#[tokio::test]
async fn cut_body_of_a_reply_without_a_body_is_still_a_failure() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::cut_body().times(1));
    let url = format!("{}/nothing", acme.server.service_url("acme"));
    let error = acme.client.post(&url).send().await.unwrap_err();
    assert!(chain(&error).contains("connection closed before message completed"), "{}", chain(&error));
    assert_eq!(acme.client.post(&url).send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn malformed_is_valid_http_and_no_json() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::malformed());
    for (path, expected) in [("/list", &LIST[..LIST.len() / 2]), ("/number", "{12")] {
        let reply = acme.get(path).await.unwrap();
        assert_eq!(reply.status(), 200);
        let text = reply.text().await.unwrap();
        assert_eq!(text, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_err());
    }
}

#[tokio::test]
async fn wrong_type_is_a_page_with_status_200() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::wrong_type());
    let reply = acme.get("/list").await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(acme.served(), 0);
}

#[tokio::test]
async fn befalls_the_named_graphql_operation_alone() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::server_error(502).of("acme").at("/list").operation("Branches"));
    let ask = |name: &str| {
        let body = format!(r#"{{"operationName":"{name}","query":"query {name} {{ a }}"}}"#);
        acme.client.post(format!("{}/list", acme.server.service_url("acme"))).body(body).send()
    };
    assert_eq!(ask("PullRequests").await.unwrap().status(), 200);
    assert_eq!(ask("Branches").await.unwrap().status(), 502);
}

#[tokio::test]
async fn clear_ends_all_faults() {
    let acme = Acme::start();
    acme.server.faults().inject(Fault::server_error(500));
    assert_eq!(acme.get("/list").await.unwrap().status(), 500);
    acme.server.faults().clear();
    acme.assert_well().await;
}
