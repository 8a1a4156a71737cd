use std::time::Duration;

use collector::Failure;
use collector::Reason;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::queries;
use crate::testing::*;

fn client(url: &str) -> Client {
    client_within(url, Duration::from_secs(60))
}

fn client_within(url: &str, time: Duration) -> Client {
    Client::new(&config(url), &context_for(time), PACE).unwrap()
}

async fn get(client: &Client) -> Result<Value, Failure> {
    let ask = client.get("/thing", "the thing of acme/widgets", "Actions: read");
    client.json::<Value>(&ask).await.map(|(value, _)| value).map_err(|trouble| trouble.failure())
}

async fn query(client: &Client) -> Result<Value, Failure> {
    let variables = json!({"owner": "acme", "name": "widgets"});
    client.query(queries::REPOSITORY, &variables, "acme/widgets").await
}

/// A server that gives the answers in turn, the last one for ever.
async fn in_turn(answers: Vec<fn() -> axum::response::Response>) -> Server {
    Server::start(move |_, before| answers[before.min(answers.len() - 1)]()).await
}

fn reset_in(seconds: i64) -> String {
    (Timestamp::now().as_second() + seconds).to_string()
}

#[tokio::test]
async fn sends_what_github_asks_for() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    get(&client(&server.url)).await.unwrap();
    let seen = server.seen().remove(0);
    let header = |name: &str| -> Vec<String> {
        seen.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(header("authorization"), [format!("Bearer {TOKEN}")]);
    assert_eq!(header("accept"), ["application/vnd.github+json"]);
    assert_eq!(header("x-github-api-version"), ["2022-11-28"]);
    assert_eq!(header("user-agent"), [concat!("orgpulse/", env!("CARGO_PKG_VERSION"))]);
    assert_eq!(header("transfer-encoding"), Vec::<String>::new());
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/thing"));
}

#[tokio::test]
async fn keeps_the_path_of_the_base() {
    for (base, rest, graphql) in [
        ("", "/thing", "/graphql"),
        ("/github", "/github/thing", "/github/graphql"),
        ("/github/", "/github/thing", "/github/graphql"),
        ("/t", "/t/thing", "/t/graphql"),
        ("/api/v3", "/api/v3/thing", "/api/graphql"),
    ] {
        let server = Server::start(|_, _| ok(json!({"data": {}}))).await;
        let client = client(&format!("{}{base}", server.url));
        get(&client).await.unwrap();
        query(&client).await.unwrap();
        assert_eq!(server.paths(), [rest, graphql], "{base}");
        assert!(server.seen().iter().all(|seen| seen.headers.contains_key("authorization")));
    }
}

#[tokio::test]
async fn refuses_an_address_that_is_none() {
    for url in ["", "api.github.com", "ftp://x", "https://user:pw@host", "https://a b"] {
        let failure = Client::new(&config(url), &context(), PACE).err().unwrap();
        assert_eq!(failure.reason, Reason::Config, "{url}");
        assert!(failure.cure.contains("GITHUB_API_URL"));
    }
}

#[tokio::test]
async fn tells_failures_apart() {
    let table: [(u16, &str, Reason, &str, usize); 9] = [
        (401, "Bad credentials", Reason::Unauthorized, "GITHUB_TOKEN", 1),
        (403, "Resource not accessible", Reason::Forbidden, "Actions: read", 1),
        (404, "Not Found", Reason::NotFound, "Actions: read", 1),
        (422, "Validation failed", Reason::BadReply, "", 1),
        (451, "Taken down", Reason::Forbidden, "", 1),
        (500, "Oops", Reason::Unreachable, "", 4),
        (503, "Busy", Reason::Unreachable, "", 4),
        (408, "Slow", Reason::Unreachable, "", 4),
        (429, "Too many", Reason::RateLimited, "", 4),
    ];
    for (status, message, reason, cure, requests) in table {
        let server = Server::start(move |_, _| answer(status, &[], &json!({"message": message}))).await;
        let failure = get(&client(&server.url)).await.unwrap_err();
        assert_eq!(failure.reason, reason, "{status}");
        assert!(failure.why.contains(message) && failure.cure.contains(cure), "{failure}");
        assert_eq!(failure.doing, "read the thing of acme/widgets");
        assert_eq!(server.seen().len(), requests, "{status}");
        assert!(!format!("{failure} {failure:?}").contains("SECRET"));
    }
}

#[tokio::test]
async fn an_empty_repository_was_read() {
    let server = Server::start(|_, _| answer(409, &[], &json!({"message": "Git Repository is empty."}))).await;
    let client = client(&server.url);
    let ask = client.get("/thing", "the thing", "Contents: read");
    assert!(client.json_unless_empty::<Value>(&ask, true).await.unwrap().is_none());
    let failure = client.json_unless_empty::<Value>(&ask, false).await.unwrap_err().failure();
    assert!(failure.reason == Reason::BadReply && failure.why.contains("409 Git Repository is empty"), "{failure}");
    assert_eq!(client.json::<Value>(&ask).await.unwrap_err().failure(), failure);
}

#[tokio::test]
async fn nothing_is_asked_with_a_credential_that_was_refused() {
    let server = Server::start(|_, _| answer(401, &[], &json!({"message": "Bad credentials"}))).await;
    let client = client(&server.url);
    get(&client).await.unwrap_err();
    let failure = query(&client).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unauthorized);
    assert!(failure.doing.contains("the repository of acme/widgets"));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    let server =
        in_turn(vec![|| answer(502, &[], &json!({})), || answer(503, &[("retry-after", "0")], &json!({})), || {
            ok(json!({"good": true}))
        }])
        .await;
    let context = context();
    let client = Client::new(&config(&server.url), &context, PACE).unwrap();
    assert_eq!(get(&client).await.unwrap(), json!({"good": true}));
    assert_eq!(context.meter().read().requests, 3);
}

#[tokio::test]
async fn no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = get(&client(&url)).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
    assert!(failure.why.contains("the connection to 127.0.0.1:"), "{failure}");
}

/// Answers each connection with the next of `answers` as it stands, and closes it.
async fn raw(answers: Vec<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 8192];
            let _ = socket.read(&mut buffer).await.unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn a_body_that_is_cut_is_read_again() {
    const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"good\":";
    const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: close\r\n\r\n{\"good\":true}";
    assert_eq!(get(&client(&raw(vec![CUT, WHOLE]).await)).await.unwrap(), json!({"good": true}));
    let failure = get(&client(&raw(vec![CUT, CUT, CUT, CUT]).await)).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_read_once_more() {
    let server = in_turn(vec![|| text(200, &[], "{\"good\":"), || ok(json!({"good": true}))]).await;
    assert_eq!(get(&client(&server.url)).await.unwrap(), json!({"good": true}));
    let server = in_turn(vec![|| text(200, &[], "{\"good\":")]).await;
    let failure = get(&client(&server.url)).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::BadReply, 2));
    let server = in_turn(vec![|| text(200, &[], "{\"data\":")]).await;
    let failure = query(&client(&server.url)).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::BadReply, 2));
}

#[tokio::test]
async fn html_and_foreign_json_are_no_answers() {
    let server = in_turn(vec![|| text(200, &[], "<html>Sign in</html>")]).await;
    for failure in [get(&client(&server.url)).await.unwrap_err(), query(&client(&server.url)).await.unwrap_err()] {
        assert_eq!(failure.reason, Reason::BadReply);
        assert!(failure.why.contains("HTML") && failure.cure.contains("proxy"), "{failure}");
    }
    #[derive(Debug, Deserialize)]
    struct Thing {
        #[expect(dead_code, reason = "only its absence matters")]
        number: u64,
    }
    let server = in_turn(vec![|| ok(json!({"number": "many"}))]).await;
    let client = client(&server.url);
    let ask = client.get("/thing", "the thing", "");
    let failure = client.json::<Thing>(&ask).await.unwrap_err().failure();
    assert_eq!((failure.reason, server.seen().len()), (Reason::BadReply, 1));
}

#[tokio::test]
async fn a_renamed_repository_is_followed_within_the_origin() {
    let server = Server::start(|seen, _| match seen.path.as_str() {
        "/thing" => answer(301, &[("location", "/second")], &json!({})),
        "/second" => answer(
            307,
            &[("location", &format!("http://{}/third?a=b", seen.headers["host"].to_str().unwrap()))],
            &json!({}),
        ),
        _ => ok(json!({"good": true})),
    })
    .await;
    assert_eq!(get(&client(&server.url)).await.unwrap(), json!({"good": true}));
    assert_eq!(server.paths(), ["/thing", "/second", "/third?a=b"]);
    assert!(server.seen().iter().all(|seen| seen.headers.contains_key("authorization")));
}

#[tokio::test]
async fn the_credential_goes_to_no_other_server() {
    let other = Server::start(|_, _| ok(json!({}))).await;
    for to in [other.url.clone(), "//evil.example/x".to_owned(), "https://127.0.0.1.evil.example/".to_owned()] {
        let server = Server::start(move |_, _| answer(302, &[("location", &to)], &json!({}))).await;
        let failure = get(&client(&server.url)).await.unwrap_err();
        assert_eq!(failure.reason, Reason::BadReply);
        assert_eq!(server.seen().len(), 1);
    }
    assert!(other.seen().is_empty());
    let round = Server::start(|_, _| answer(301, &[("location", "/thing")], &json!({}))).await;
    get(&client(&round.url)).await.unwrap_err();
    assert_eq!(round.seen().len(), 4);
}

#[tokio::test]
async fn a_used_up_quota_is_told_at_once() {
    let reset = reset_in(3000);
    let server = Server::start(move |_, _| {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-limit", "5000"), ("x-ratelimit-reset", &reset)];
        answer(403, &headers, &json!({"message": "API rate limit exceeded"}))
    })
    .await;
    let context = context();
    let client = Client::new(&config(&server.url), &context, PACE).unwrap();
    for _ in 0..2 {
        let failure = get(&client).await.unwrap_err();
        assert_eq!(failure.reason, Reason::RateLimited);
        assert!(failure.why.contains("UTC"), "{failure}");
    }
    assert_eq!(server.seen().len(), 1, "the second asking knows");
    assert_eq!(context.meter().read().quota_remaining_pct, Some(0.0));
    let failure = client.limits().afford(Resource::Core, 1, "read much").unwrap_err();
    assert!(failure.why.contains("0 of 5000"), "{failure}");
    assert!(client.limits().afford(Resource::Graphql, 1, "read much").is_ok());
}

#[tokio::test]
async fn a_quota_that_is_renewed_in_time_is_waited_for() {
    let server = Server::start(move |_, before| match before {
        0 => {
            let reset = reset_in(0);
            let headers =
                [("x-ratelimit-remaining", "0"), ("x-ratelimit-limit", "5000"), ("x-ratelimit-reset", &reset)];
            answer(429, &headers, &json!({}))
        }
        _ => ok(json!({"good": true})),
    })
    .await;
    assert_eq!(get(&client(&server.url)).await.unwrap(), json!({"good": true}));
}

#[tokio::test]
async fn a_secondary_limit_is_waited_out_or_told_at_once() {
    let hinted = in_turn(vec![|| answer(403, &[("retry-after", "0")], &json!({})), || ok(json!(1))]).await;
    assert_eq!(get(&client(&hinted.url)).await.unwrap(), json!(1));
    let in_words: fn() -> axum::response::Response =
        || answer(403, &[], &json!({"message": "You have exceeded a secondary rate limit. Please wait."}));
    let unhinted = in_turn(vec![in_words, || ok(json!(1))]).await;
    assert_eq!(get(&client(&unhinted.url)).await.unwrap(), json!(1));
    let inside =
        in_turn(vec![|| ok(json!({"errors": [{"message": "You have exceeded a secondary rate limit."}]})), || {
            ok(json!({"data": {}}))
        }])
        .await;
    query(&client(&inside.url)).await.unwrap();
    let long = in_turn(vec![|| answer(429, &[("retry-after", "3000")], &json!({"message": "slow down"}))]).await;
    let failure = get(&client(&long.url)).await.unwrap_err();
    assert_eq!((failure.reason, long.seen().len()), (Reason::RateLimited, 1));
}

#[tokio::test]
async fn a_secondary_limit_pauses_every_request() {
    let client = client("http://127.0.0.1:9");
    client.limits().pause(Instant::now() + Duration::from_secs(3000));
    let failure = get(&client).await.unwrap_err();
    assert_eq!(failure.reason, Reason::RateLimited);
}

#[tokio::test]
async fn the_deadline_ends_a_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let failure = get(&client_within(&url, Duration::from_millis(50))).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Deadline);
    let failure = get(&client_within(&url, Duration::ZERO)).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Deadline);
    drop(listener);
}

#[tokio::test]
async fn a_try_without_an_answer_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let pace = Pace { per_try: Duration::from_millis(20), ..PACE };
    let context = context();
    let client = Client::new(&config(&url), &context, pace).unwrap();
    let failure = get(&client).await.unwrap_err();
    assert_eq!((failure.reason, context.meter().read().requests), (Reason::Unreachable, 4));
    let failure = client.page::<u64>(queries::OPEN_PULLS, &json!({}), None, "x").await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
    assert_eq!(client.size(queries::OPEN_PULLS), 3, "a smaller page was asked for each time");
    drop(listener);
}

#[tokio::test]
async fn errors_inside_a_200() {
    let table = [
        (json!({"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}), Reason::NotFound, 1),
        (json!({"type": "FORBIDDEN", "message": "Resource not accessible by integration"}), Reason::Forbidden, 1),
        (json!({"message": "Resource not accessible by personal access token"}), Reason::Forbidden, 1),
        (json!({"type": "INSUFFICIENT_SCOPES", "message": "needs repo"}), Reason::Forbidden, 1),
        (json!({"type": "RATE_LIMITED", "message": "API rate limit exceeded"}), Reason::RateLimited, 1),
        (json!({"message": "Field 'x' doesn't exist on type 'Query'"}), Reason::BadReply, 1),
        (json!({"message": "Something went wrong while executing your query."}), Reason::Unreachable, 4),
    ];
    for (error, reason, requests) in table {
        for data in [Value::Null, json!({"repository": {"nameWithOwner": "acme/widgets"}})] {
            let body = json!({"data": data, "errors": [error]});
            let server = Server::start(move |_, _| ok(body.clone())).await;
            let failure = query(&client(&server.url)).await.unwrap_err();
            assert_eq!((failure.reason, server.seen().len()), (reason, requests), "{error}");
        }
    }
    let server = Server::start(|_, _| ok(json!({"data": null}))).await;
    assert_eq!(query(&client(&server.url)).await.unwrap_err().reason, Reason::BadReply);
}

#[tokio::test]
async fn the_graphql_quota_is_noted() {
    let reset = Timestamp::now().as_second() + 60;
    let at = Timestamp::from_second(reset).unwrap().to_string();
    let body = json!({"data": {"rateLimit": {"limit": 5000, "remaining": 1250, "resetAt": at}}});
    let server = Server::start(move |_, _| ok(body.clone())).await;
    let context = context();
    let client = Client::new(&config(&server.url), &context, PACE).unwrap();
    query(&client).await.unwrap();
    assert_eq!(context.meter().read().quota_remaining_pct, Some(25.0));
    assert!(client.limits().afford(Resource::Graphql, 1251, "read").is_err());
    assert!(client.limits().afford(Resource::Graphql, 1250, "read").is_ok());
}

#[tokio::test]
async fn a_page_that_is_too_much_is_halved_and_the_size_remembered() {
    let server = Server::start(|seen, before| {
        let size = seen.variable("size").as_u64().unwrap();
        match before {
            0 => text(502, &[], "<html>Bad gateway</html>"),
            1 => ok(json!({"data": null, "errors": [{"message": "Something went wrong while executing your query."}]})),
            2 => ok(json!({"data": {}, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "too much"}]})),
            _ => ok(json!({"data": {"repository": {"page": page(&[json!(size)], None, 1)}}})),
        }
    })
    .await;
    let client = client(&server.url);
    let variables = json!({"owner": "acme", "name": "widgets"});
    for _ in 0..2 {
        let page = client.page::<u64>(queries::OPEN_PULLS, &variables, Some("here"), "acme/widgets").await.unwrap();
        assert_eq!(page.connection.nodes, [12]);
    }
    let sizes: Vec<u64> = server.seen().iter().map(|seen| seen.variable("size").as_u64().unwrap()).collect();
    assert_eq!(sizes, [100, 50, 25, 12, 12]);
    assert!(server.seen().iter().all(|seen| seen.variable("after") == "here"));
    assert_eq!(client.size(queries::BRANCHES), 100);
}

#[tokio::test]
async fn the_smallest_page_is_tried_as_often_as_any_request() {
    let server = Server::start(|_, _| text(504, &[], "")).await;
    let failure = client(&server.url).page::<u64>(queries::CLOSED_PULLS, &json!({}), None, "x").await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
    let sizes: Vec<u64> = server.seen().iter().map(|seen| seen.variable("size").as_u64().unwrap()).collect();
    assert_eq!(sizes, [100, 50, 25, 12, 6, 3, 3, 3, 3]);
}

#[tokio::test]
async fn a_thing_that_is_null_is_not_found() {
    let server = Server::start(|_, _| ok(json!({"data": {"repository": null}}))).await;
    let failure = client(&server.url).page::<u64>(queries::BRANCHES, &json!({}), None, "acme/x").await.unwrap_err();
    assert_eq!(failure.reason, Reason::NotFound);
}
