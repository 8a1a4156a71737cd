//! What is said of a failure: without the credential, without control characters, with address and cure.

use collector::Failure;
use collector::Reason;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::queries;
use crate::testing::*;

fn client(url: &str) -> Client {
    Client::new(&config(url), &context(), PACE).unwrap()
}

async fn get(client: &Client) -> Result<Value, Failure> {
    let ask = client.get("/thing", "the thing of acme/widgets", "Actions: read");
    client.json::<Value>(&ask).await.map(|(value, _)| value).map_err(|trouble| trouble.failure())
}

async fn query(client: &Client) -> Result<Value, Failure> {
    client.query(queries::REPOSITORY, &json!({"owner": "acme", "name": "widgets"}), "acme/widgets").await
}

#[tokio::test]
async fn the_credential_is_never_repeated() {
    let echo = format!("Bad Bearer {TOKEN} \u{1b}[31mred\u{7}");
    // Where the cut of long words falls, half a token is left.
    let far = format!("{}{TOKEN}", "x".repeat(190));
    for message in [echo, far] {
        for status in [400, 401, 403, 404, 409, 422, 500] {
            let body = json!({"message": message});
            let server = Server::start(move |_, _| answer(status, &[], &body)).await;
            let failure = get(&client(&server.url)).await.unwrap_err();
            let said = format!("{failure:?} {failure}");
            assert!(!said.contains("ghp_") && !failure.to_string().contains(char::is_control), "{status}: {failure}");
            assert!(said.contains("***") || status == 500, "{status}: {failure}");
        }
        for kind in ["FORBIDDEN", "NOT_FOUND", ""] {
            let body = json!({"errors": [{"type": kind, "message": message}]});
            let server = Server::start(move |_, _| ok(body.clone())).await;
            let failure = query(&client(&server.url)).await.unwrap_err();
            assert!(!format!("{failure:?}").contains("ghp_"), "{kind}: {failure:?}");
            assert!(!failure.to_string().contains(char::is_control), "{failure:?}");
        }
        let body = json!({"total_count": message});
        let server = Server::start(move |_, _| ok(body.clone())).await;
        let client = client(&server.url);
        let ask = client.get("/thing", "the thing", "any");
        let failure = client.json::<Vec<u64>>(&ask).await.unwrap_err().failure();
        assert!(!format!("{failure:?}").contains("ghp_"), "{failure:?}");
        let body = json!([format!("{TOKEN}\u{1b}")]);
        let server = Server::start(move |_, _| ok(body.clone())).await;
        let client = self::client(&server.url);
        let ask = client.get("/thing", "the thing", "any");
        let failure = client.json::<Vec<u64>>(&ask).await.unwrap_err().failure();
        assert!(format!("{failure:?}").contains("***") && !format!("{failure:?}").contains("ghp_"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_limit_with_an_unreadable_wait_is_still_a_limit() {
    for status in [403, 429] {
        for wait in ["-5", "1.5", "soon", ""] {
            let server = Server::start(move |_, before| match before {
                0 => answer(status, &[("retry-after", wait)], &json!({"message": "No"})),
                _ => ok(json!(1)),
            })
            .await;
            assert_eq!(get(&client(&server.url)).await, Ok(json!(1)), "{status} {wait}");
        }
    }
    let server = Server::start(|_, _| answer(403, &[("retry-after", "soon")], &json!({"message": "No"}))).await;
    let failure = get(&client(&server.url)).await.unwrap_err();
    assert_eq!(failure.reason, Reason::RateLimited);
    assert!(!failure.cure.contains("right"), "{failure}");
}

#[tokio::test]
async fn a_connection_that_fails_names_address_and_cure() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = unused.local_addr().unwrap().to_string();
    drop(unused);
    let failure = get(&client(&format!("http://{at}"))).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
    assert!(failure.why.contains(&at), "{failure}");
    assert!(failure.cure.contains("GITHUB_API_URL") && failure.cure.contains("HTTPS_PROXY"), "{failure}");

    // RFC 6761: no name under .invalid is ever found.
    let failure = get(&client("http://github.invalid")).await.unwrap_err();
    assert!(failure.why.contains("github.invalid") && failure.cure.contains("looked up"), "{failure}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut hello = [0; 1024];
            let _ = socket.read(&mut hello).await;
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let failure = get(&client(&format!("https://{at}"))).await.unwrap_err();
    assert!(failure.why.contains(&at) && !failure.cure.is_empty(), "{failure}");
    assert!(!failure.to_string().contains(".."), "{failure}");
}

#[tokio::test]
async fn what_is_repeated_ends_without_a_second_full_stop() {
    let server = Server::start(|_, _| answer(404, &[], &json!({"message": "There is no such thing."}))).await;
    let failure = get(&client(&server.url)).await.unwrap_err();
    assert!(!failure.to_string().contains(".."), "{failure}");
}
