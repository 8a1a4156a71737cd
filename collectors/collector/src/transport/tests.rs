//! The way out, against a real socket.

use axum::response::Response;
use loopback::Answer;
use loopback::Server;
use loopback::answer;
use loopback::cut;
use loopback::ok;
use loopback::text;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

const KEY: &str = "key_SECRETSECRETSECRET";
/// Waits short enough for tests; nothing depends on how long they are.
const PACE: Pace =
    Pace { first_wait: Duration::from_millis(1), per_try: Duration::from_secs(20), in_flight: 2, max_body: 1 << 20 };

fn context(time: Duration) -> Context {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    Context::new(jiff::Timestamp::UNIX_EPOCH, http, Instant::now() + time, Arc::from([]))
}

fn transport(time: Duration, pace: Pace) -> Transport {
    let transport = Transport::new(&context(time), pace, "thing.url (THING_URL)");
    transport.secrets().keep(KEY);
    transport
}

fn usual() -> Transport {
    transport(Duration::from_secs(60), PACE)
}

/// Asks for `/thing`, as a source would: temporary statuses again, 200 as JSON, all else failed with the server's words.
async fn get(transport: &Transport, url: &str) -> Result<Value, Failure> {
    let ask = Ask { doing: "read the thing".to_owned(), asking: "the thing".to_owned() };
    let address = format!("{url}/thing");
    let build = |http: &reqwest::Client| http.get(&address).bearer_auth(KEY);
    let read = |reply: &Reply| {
        let words = reply.clip(&String::from_utf8_lossy(&reply.body));
        match reply.temporary(&ask, "Thing", &words) {
            Some(verdict) => Err(verdict),
            None if reply.status.is_success() => reply.json(&ask, "Thing"),
            None => Err(Verdict::Failed(Failure::new(Reason::Other, ask.doing.as_str(), words))),
        }
    };
    transport.send(&ask, &build, &read).await
}

/// A server that answers so at first, and `1` from the second request on.
async fn once(first: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |_, before| if before == 0 { first() } else { ok(json!(1)).into() }).await
}

async fn always(reply: impl Fn() -> Response + Send + Sync + 'static) -> Server {
    Server::start(move |_, _| reply()).await
}

#[tokio::test]
async fn what_may_pass_is_asked_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = once(move || answer(status, &[], &json!("no")).into()).await;
        assert_eq!(get(&usual(), &server.url).await, Ok(json!(1)), "{status}");
    }
    let server = once(|| cut().into()).await;
    assert_eq!(get(&usual(), &server.url).await, Ok(json!(1)), "cut");
    let server = once(|| text(200, &[], "{\"half\":").into()).await;
    assert_eq!(get(&usual(), &server.url).await, Ok(json!(1)), "half");
    let server = once(|| Answer::Never).await;
    let hasty = Pace { per_try: Duration::from_millis(100), ..PACE };
    assert_eq!(get(&transport(Duration::from_secs(60), hasty), &server.url).await, Ok(json!(1)), "never");
}

#[tokio::test]
async fn tries_end() {
    let server = always(|| answer(503, &[], &json!("Busy."))).await;
    let transport = usual();
    let failure = get(&transport, &server.url).await.unwrap_err();
    assert_eq!((failure.reason, failure.why.as_str()), (Reason::Unreachable, "Thing answered 503 \"Busy.\""));
    assert_eq!((server.seen().len(), transport.meter.read().requests), (4, 4));

    let server = always(|| text(200, &[], "{\"half\":")).await;
    assert_eq!(get(&usual(), &server.url).await.unwrap_err().reason, Reason::BadReply);
    assert_eq!(server.seen().len(), 2);

    for status in [400, 401, 404, 501] {
        let server = always(move || answer(status, &[], &json!("no"))).await;
        assert!(get(&usual(), &server.url).await.is_err());
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn html_and_other_shapes_are_no_json() {
    let page = || text(200, &[("content-type", "text/html")], "<html>Log in</html>");
    let server = always(page).await;
    let failure = get(&usual(), &server.url).await.unwrap_err();
    assert!(failure.why.contains("HTML") && server.seen().len() == 1, "{failure}");
}

#[tokio::test]
async fn a_wait_that_the_server_names_is_kept_by_all_or_refused() {
    let server = once(|| answer(429, &[("retry-after", "1")], &json!("no")).into()).await;
    let transport = usual();
    let start = Instant::now();
    let (first, second) = tokio::join!(get(&transport, &server.url), async {
        // The other request is not sent before the pause is over.
        while server.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        get(&transport, &server.url).await
    });
    assert_eq!((first, second), (Ok(json!(1)), Ok(json!(1))));
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.seen().len(), 3);

    let server = always(|| answer(429, &[("retry-after", "3600")], &json!("no"))).await;
    let transport = usual();
    let failure = get(&transport, &server.url).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::RateLimited, 1));
    assert!(failure.why.contains("3600 s") && failure.why.contains("after the deadline"), "{failure}");
    // Nobody else asks either: a refused request counts against the limit as well.
    let failure = get(&transport, &server.url).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::RateLimited, 1));
    assert!(!failure.cure.is_empty(), "{failure}");
}

#[tokio::test]
async fn a_wait_that_makes_no_sense_is_none() {
    for (text, tries) in
        [("-5", 4), ("soon", 4), ("", 4), ("Thu, 01 Jan 1970 00:00:00 GMT", 4), ("99999999999999999", 1)]
    {
        let server = always(move || answer(429, &[("retry-after", text)], &json!("no"))).await;
        let failure = get(&usual(), &server.url).await.unwrap_err();
        assert_eq!((failure.reason, server.seen().len()), (Reason::RateLimited, tries), "{text:?}");
    }
    // One that is longer than any clock counts.
    let paused = usual();
    paused.pause(Duration::MAX);
    let server = always(|| ok(json!(1))).await;
    assert_eq!(get(&paused, &server.url).await.unwrap_err().reason, Reason::RateLimited);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_wait_of_nothing_leaves_the_usual_one() {
    let slow = Pace { first_wait: Duration::from_secs(3600), ..PACE };
    let server = always(|| answer(429, &[("retry-after", "0")], &json!("no"))).await;
    assert_eq!(
        get(&transport(Duration::from_millis(500), slow), &server.url).await.unwrap_err().reason,
        Reason::RateLimited
    );
    // The jitter may make even an hour as short as this, once in a long while.
    assert!(server.seen().len() < 4, "{}", server.seen().len());
}

#[tokio::test]
async fn every_failure_says_what_to_do() {
    let endless = || text(200, &[], format!("\"{}\"", "x".repeat(2 << 20)));
    let replies: [fn() -> Answer; 6] = [
        || answer(503, &[], &json!("no")).into(),
        || answer(429, &[], &json!("no")).into(),
        || text(200, &[], "{\"half\":").into(),
        || cut().into(),
        || Answer::Never,
        || ok(json!([1])).into(),
    ];
    let hasty = Pace { per_try: Duration::from_millis(50), ..PACE };
    for reply in replies {
        let server = Server::start(move |_, _| reply()).await;
        let ask = Ask { doing: "read the number".to_owned(), asking: "the number".to_owned() };
        let read = |reply: &Reply| match reply.temporary(&ask, "Thing", "") {
            Some(verdict) => Err(verdict),
            None => reply.json::<u32>(&ask, "Thing"),
        };
        let transport = transport(Duration::from_secs(60), hasty);
        let failure = transport.send(&ask, &|http| http.get(&server.url), &read).await.unwrap_err();
        assert!(!failure.cure.is_empty(), "{failure}");
    }
    let server = always(endless).await;
    let failure = get(&usual(), &server.url).await.unwrap_err();
    assert!(failure.cure.contains("THING_URL"), "{failure}");
}

#[tokio::test]
async fn a_deadline_after_failures_tells_the_last_one() {
    let server = Server::start(|_, before| match before {
        0 => answer(503, &[], &json!("Busy")).into(),
        _ => Answer::Never,
    })
    .await;
    let failure = get(&transport(Duration::from_millis(500), PACE), &server.url).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Deadline);
    assert!(failure.why.contains("Thing answered 503 \"Busy\""), "{failure}");
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let server = Server::start(|_, _| Answer::Never).await;
    let late = transport(Duration::from_millis(200), PACE);
    assert_eq!(get(&late, &server.url).await.unwrap_err().reason, Reason::Deadline);
    assert_eq!(get(&late, &server.url).await.unwrap_err().reason, Reason::Deadline);
    assert_eq!(server.seen().len(), 1);
    let paused = transport(Duration::from_secs(5), PACE);
    paused.pause(Duration::from_secs(3600));
    assert_eq!(get(&paused, &server.url).await.unwrap_err().reason, Reason::RateLimited);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let server = always(|| text(200, &[], format!("\"{}\"", "x".repeat(2 << 20)))).await;
    let failure = get(&usual(), &server.url).await.unwrap_err();
    assert!(failure.why.contains("longer than 1 MiB"), "{failure}");
}

#[tokio::test]
async fn an_echoed_credential_is_masked() {
    for status in [400, 503] {
        let server = always(move || answer(status, &[], &json!(format!("Bad Bearer {KEY}")))).await;
        let failure = get(&usual(), &server.url).await.unwrap_err();
        assert!(!format!("{failure:?}").contains("SECRET") && failure.why.contains("***"), "{failure}");
    }
}

#[tokio::test]
async fn a_connection_that_fails_names_host_and_setting() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = unused.local_addr().unwrap().to_string();
    drop(unused);
    let failure = get(&usual(), &format!("http://{at}")).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
    assert!(failure.why.contains(&at) && failure.cure.contains("THING_URL"), "{failure}");
}

#[tokio::test]
async fn a_vendors_client_is_counted_and_tried_again_unless_it_could_send_nothing() {
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering;

    let ask = Ask { doing: "read the thing".to_owned(), asking: "the thing".to_owned() };
    let read = |reply: &Reply| reply.json::<Value>(&ask, "Thing");
    let broken = || Lost::Broken { why: "cut".to_owned(), cure: String::new() };
    let unsent = || Lost::Unsent(Failure::new(Reason::Config, "read the thing", "no key"));
    let lost: [(fn() -> Lost, _, _); 3] =
        [(broken, Ok(json!(1)), 2), (|| Lost::TooLong, Err(Reason::BadReply), 1), (unsent, Err(Reason::Config), 1)];
    for (first, expected, tries) in lost {
        let tried = AtomicU64::new(0);
        let attempt = || -> Attempt<'_> {
            Box::pin(async {
                match tried.fetch_add(1, Ordering::Relaxed) {
                    0 => Err(first()),
                    _ => Ok(super::Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: b"1".to_vec() }),
                }
            })
        };
        let transport = usual();
        let outcome = transport.send_through(&ask, &attempt, &read).await.map_err(|failure| failure.reason);
        assert_eq!((outcome, transport.meter.read().requests), (expected, tries));
        assert_eq!(tried.into_inner(), tries);
    }
}
