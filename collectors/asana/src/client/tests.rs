//! Listings and refusals, against a real socket.

use axum::response::Response;
use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use loopback::answer;
use loopback::ok;
use loopback::text;
use serde_json::json;

use super::*;
use crate::fetch;
use crate::metrics::sample::now;
use crate::records::Task;
use crate::testing::*;

/// The tasks of project 1, by the client of a run.
async fn list(server: &Server) -> Result<Vec<Task>, Failure> {
    let config = config(server);
    let client = Client::new(&config, &context(), QUICK);
    client.list(&fetch::tasks_request(&config, "1", now())).await
}

fn offset(seen: &Seen) -> Option<String> {
    parts(seen).1.remove("offset")
}

fn with_tasks(count: usize) -> World {
    World::empty().with("1", tasks("5", count))
}

#[tokio::test]
async fn a_listing_is_read_to_its_end_a_hundred_at_a_time() {
    for (count, pages) in [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (250, 3)] {
        let server = with_tasks(count).up().await;
        let listed = list(&server).await.unwrap();
        assert_eq!((listed.len(), server.seen().len()), (count, pages), "{count}");
        for seen in server.seen() {
            assert_eq!(parts(&seen).1["limit"], "100");
            assert_eq!(seen.header("authorization"), format!("Bearer {TOKEN}"));
            assert!(!seen.path.contains("SECRET"));
        }
    }
}

#[tokio::test]
async fn an_offset_goes_back_as_it_came() {
    // Asana's are opaque; base64 has characters that a query has to encode.
    let token = "eyJ0eXAiOiJKV1Qi+/==&limit=1";
    let server = Server::start(move |seen, _| match offset(seen) {
        None => ok(json!({"data": tasks("5", 1), "next_page": {"offset": token}})),
        Some(offset) => {
            assert_eq!(offset, token);
            ok(json!({"data": tasks("6", 1), "next_page": null}))
        }
    })
    .await;
    assert_eq!(list(&server).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let server = Server::start(|seen, _| match offset(seen).as_deref() {
        None => ok(json!({"data": tasks("5", 1), "next_page": {"offset": "a"}})),
        Some("a") => ok(json!({"data": [], "next_page": {"offset": "b"}})),
        _ => ok(json!({"data": tasks("6", 1), "next_page": null})),
    })
    .await;
    assert_eq!(list(&server).await.unwrap().len(), 2);
}

#[tokio::test]
async fn pages_without_end_fail() {
    let same = Server::start(|_, _| ok(json!({"data": tasks("5", 1), "next_page": {"offset": "a"}}))).await;
    let failure = list(&same).await.unwrap_err();
    assert_eq!((failure.reason, same.seen().len()), (Reason::BadReply, 2));
    assert!(failure.why.contains("does not end") && failure.doing.contains("project 1"), "{failure}");
    let empty = Server::start(|_, _| ok(json!({"data": [], "next_page": {"offset": ""}}))).await;
    assert_eq!(list(&empty).await.unwrap_err().reason, Reason::BadReply);
    // Always another one.
    let other = Server::start(|_, before| ok(json!({"data": [], "next_page": {"offset": format!("{before}")}}))).await;
    let failure = list(&other).await.unwrap_err();
    assert_eq!((failure.reason, other.seen().len()), (Reason::BadReply, MAX_PAGES));
}

#[tokio::test]
async fn a_reply_that_is_no_page_is_not_the_end_of_a_listing() {
    for body in [
        json!({"data": []}),
        json!({"next_page": null}),
        json!({"data": null, "next_page": null}),
        json!({"data": [{"gid": "5"}], "next_page": null}),
        json!({"errors": []}),
        json!([]),
        json!(null),
    ] {
        let about = body.to_string();
        let server = with_tasks(150).serve(move |seen| offset(seen).map(|_| ok(body.clone()))).await;
        let failure = list(&server).await.unwrap_err();
        assert_eq!((failure.reason, server.seen().len()), (Reason::BadReply, 2), "{about}: {failure}");
    }
}

fn expired() -> Response {
    refusal(400, "Your pagination token has expired")
}

#[tokio::test]
async fn a_listing_whose_offset_expires_is_begun_again_once() {
    // The tasks may have changed meanwhile: nothing of the first attempt is kept.
    let server = with_tasks(250).serve(|seen| (offset(seen)? == "at=200" && seen.again == 0).then(expired)).await;
    assert_eq!((list(&server).await.unwrap().len(), server.seen().len()), (250, 6));

    let server = with_tasks(250).serve(|seen| (offset(seen)? == "at=200").then(expired)).await;
    let failure = list(&server).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::BadReply, 6));
    assert!(failure.why.contains("token has expired") && failure.cure.contains("begun again"), "{failure}");

    // Without an offset a 400 is about something else.
    let server = with_tasks(250).serve(|_| Some(refusal(400, "project: Not a recognized ID: 1"))).await;
    let failure = list(&server).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::Config, 1));
}

#[tokio::test]
async fn each_refusal_has_its_words_and_its_cure() {
    for (status, reason, cure) in [
        (400, Reason::Config, "ASANA_WORKSPACE"),
        (401, Reason::Unauthorized, "ASANA_ACCESS_TOKEN"),
        (402, Reason::Forbidden, "paid plan"),
        (403, Reason::Forbidden, "Share the project"),
        (404, Reason::NotFound, "may not see it"),
        (451, Reason::Forbidden, "legal reasons"),
        (302, Reason::BadReply, "ASANA_URL"),
        (418, Reason::BadReply, "ASANA_URL"),
    ] {
        let server = Server::start(move |_, _| refusal(status, "No, you may not.")).await;
        let failure = list(&server).await.unwrap_err();
        assert_eq!((failure.reason, server.seen().len()), (reason, 1), "{status}");
        assert_eq!(failure.why, format!("Asana answered {status} No, you may not"));
        assert_eq!(failure.doing, "list the tasks of project 1");
        assert!(failure.cure.contains(cure), "{failure}");
    }
}

#[tokio::test]
async fn a_failure_of_asanas_own_is_tried_again_and_tells_the_phrase() {
    let body = json!({"errors": [{"message": "Server Error", "phrase": "6 sad squid snuggle softly"}]});
    let server = Server::start(move |_, _| answer(500, &[], &body)).await;
    let failure = list(&server).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::Unreachable, 4));
    assert!(failure.why.contains("6 sad squid snuggle softly"), "{failure}");
}

#[tokio::test]
async fn a_limit_is_waited_for_if_there_is_time() {
    let limit = |wait: &'static str| answer(429, &[("retry-after", wait)], &json!({"errors": [{"message": "Slow"}]}));
    let server = with_tasks(5).serve(move |seen| (seen.again == 0).then(|| limit("0"))).await;
    assert_eq!((list(&server).await.unwrap().len(), server.seen().len()), (5, 2));
    let server = with_tasks(5).serve(move |_| Some(limit("3600"))).await;
    let failure = list(&server).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::RateLimited, 1));
}

#[tokio::test]
async fn no_more_than_eight_requests_are_in_flight() {
    let server = Server::start(|_, _| Answer::Never).await;
    let config = config(&server);
    let context = loopback::context(now(), Duration::from_secs(1));
    let client = Client::new(&config, &context, QUICK);
    let request = fetch::tasks_request(&config, "1", now());
    let all = (0..20).map(|_| client.list::<Task>(&request));
    for outcome in futures_util::future::join_all(all).await {
        assert_eq!(outcome.unwrap_err().reason, Reason::Deadline);
    }
    // As many as a busy machine had the time for.
    assert!((2..=8).contains(&server.seen().len()), "{}", server.seen().len());
}

#[tokio::test]
async fn the_token_comes_back_in_no_message() {
    let echo = || format!("Bad Bearer {TOKEN} here");
    let replies: [fn(String) -> Response; 6] = [
        |echo| refusal(401, &echo),
        // The part that makes it one, without the gids before it.
        |_| refusal(401, "No such token: SECRETSECRETSECRET"),
        |echo| refusal(503, &echo),
        |echo| text(200, &[], echo),
        |echo| text(200, &[("content-type", "text/html")], echo),
        |echo| ok(json!({"data": [{"gid": echo}], "next_page": null})),
    ];
    for reply in replies {
        let server = Server::start(move |_, _| reply(echo())).await;
        let config = config(&server);
        let client = Client::new(&config, &context(), QUICK);
        let failure = client.list::<Task>(&fetch::tasks_request(&config, "1", now())).await.unwrap_err();
        let shown = format!("{failure} {failure:?} {client:?} {config:?}");
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}

#[tokio::test]
async fn an_answer_with_errors_is_none_whatever_its_status() {
    for (errors, words) in [
        (json!([{"message": "Some of it is missing."}]), "Asana answered 200 with errors: Some of it is missing"),
        (json!([{"message": 7}, {"phrase": "6 sad squid"}]), "6 sad squid"),
        (json!([{}]), "Asana answered 200 with errors"),
        (json!("no"), "Asana answered 200 with errors"),
    ] {
        for body in [json!({"data": tasks("5", 1), "next_page": null, "errors": errors}), json!({"errors": errors})] {
            let server = Server::start(move |_, _| ok(body.clone())).await;
            let failure = list(&server).await.unwrap_err();
            assert_eq!((failure.reason, server.seen().len()), (Reason::BadReply, 1), "{errors}");
            assert!(failure.why.contains(words) && !failure.cure.is_empty(), "{failure}");
        }
    }
    for none in [json!([]), json!(null)] {
        let body = json!({"data": tasks("5", 1), "next_page": null, "errors": none});
        let server = Server::start(move |_, _| ok(body.clone())).await;
        assert_eq!(list(&server).await.map(|tasks| tasks.len()), Ok(1));
    }
}

#[tokio::test]
async fn html_is_no_listing() {
    let server = Server::start(|_, _| text(200, &[("content-type", "text/html")], "<html>Log in</html>")).await;
    let failure = list(&server).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::BadReply, 1));
}
