//! The server itself: services, records, latency, its end.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by a panic; clippy.toml's permission does not reach helper functions"
)]

use std::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use axum::routing::post;
use reqwest::Client;
use simulator::fault::Fault;
use simulator::record::RecordOptions;
use simulator::server::Server;
use simulator::server::ServerOptions;

fn echo() -> Router {
    Router::new().route("/echo", post(|body: String| async move { body })).route("/hello", get(|| async { "hello" }))
}

fn start(options: ServerOptions) -> Server {
    Server::start(ServerOptions { services: vec![("acme", echo()), ("acme-eu", echo())], ..options }).unwrap()
}

fn client() -> Client {
    Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

#[tokio::test]
async fn records_what_each_service_was_asked() {
    let server = start(ServerOptions::default());
    let client = client();
    let url = format!("{}/echo?page=2&name=a%20b", server.service_url("acme-eu"));
    let reply = client.post(&url).header("authorization", "Bearer hidden").body("ping").send().await.unwrap();
    assert_eq!(reply.text().await.unwrap(), "ping");
    let missing = client.get(format!("{}/other/place", server.url())).send().await.unwrap();
    assert_eq!(missing.status(), 404);

    let requests = server.recorder().requests();
    assert_eq!(requests.len(), 2);
    let first = &requests[0];
    assert_eq!((first.service, first.method.as_str(), first.path.as_str()), ("acme-eu", "POST", "/echo"));
    assert_eq!((first.query.as_str(), first.status), ("page=2&name=a%20b", Some(200)));
    assert_eq!((&first.body[..], first.body_len, first.in_flight), (&b"ping"[..], 4, 1));
    assert_eq!(first.headers["authorization"], "Bearer hidden");
    assert!(!format!("{first:?}").contains("hidden"), "a credential is printed");
    assert_eq!((requests[1].service, requests[1].path.as_str()), ("", "/other/place"));
    assert_eq!(requests[1].status, Some(404));
    assert_eq!(server.recorder().requests_to("acme-eu").len(), 1);
    assert_eq!(server.recorder().requests_to("acme").len(), 0);
}

#[tokio::test]
async fn bodies_can_be_left_out_of_the_record() {
    let server = start(ServerOptions { record: RecordOptions::without_bodies(), ..ServerOptions::default() });
    let reply = client().post(format!("{}/echo", server.service_url("acme"))).body("ping").send().await.unwrap();
    assert_eq!(reply.text().await.unwrap(), "ping", "the service still gets the body");
    let request = server.recorder().requests().remove(0);
    assert_eq!((request.body.len(), request.body_len), (0, 4));
}

#[tokio::test]
async fn latency_is_added_to_each_reply_and_overlaps() {
    let latency = Duration::from_millis(400);
    let server = start(ServerOptions { latency, ..ServerOptions::default() });
    let client = client();
    let url = format!("{}/hello", server.service_url("acme"));
    let start = Instant::now();
    let ask = || async { client.get(&url).send().await.unwrap().text().await.unwrap() };
    let replies = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask(), ask(), ask());
    let took = start.elapsed();
    assert_eq!(replies.0, "hello");
    assert!(took >= latency, "{took:?}");
    assert!(took < latency * 8, "eight requests waited one after another: {took:?}");
    let peak = server.recorder().requests().iter().map(|request| request.in_flight).max();
    assert_eq!(peak, Some(8));

    server.set_latency(Duration::ZERO);
    server.recorder().clear();
    ask().await;
    assert_eq!(server.recorder().total(), 1);
}

#[tokio::test]
async fn dropping_it_ends_connections_and_frees_the_port() {
    let server = start(ServerOptions::default());
    let address = server.address();
    server.faults().inject(Fault::hang());
    let url = format!("{}/hello", server.service_url("acme"));
    let waiting = tokio::spawn(async move { client().get(url).send().await });
    while server.recorder().total() == 0 {
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(4), "it waited for the request that hangs");
    assert!(waiting.await.unwrap().is_err());
    assert!(std::net::TcpStream::connect(address).is_err());
    let again = Server::start(ServerOptions { address, ..ServerOptions::default() }).unwrap();
    assert_eq!(again.address(), address);
}

#[test]
fn answers_while_the_callers_thread_has_no_runtime() {
    let server = start(ServerOptions::default());
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    let request = "GET /acme/hello HTTP/1.1\r\nhost: simulator\r\nconnection: close\r\n\r\n";
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let reply = std::io::read_to_string(stream).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("hello"), "{reply}");
}

#[test]
fn refuses_names_that_are_no_path_segment() {
    for services in [vec![("a/b", echo())], vec![("", echo())], vec![("a", echo()), ("a", echo())]] {
        let error = Server::start(ServerOptions { services, ..ServerOptions::default() }).err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}
