//! The client against a server on a socket.

use std::time::Instant;

use collector::Reason;
use loopback::Answer;
use loopback::Seen;
use loopback::answer;
use loopback::cut;
use loopback::ok;
use loopback::text;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::records::Pod;
use crate::testing::*;

async fn client(cluster: &Cluster, context: &Context) -> Client {
    Client::connect(&cluster.config(), context, QUICK).await.map_err(|failure| failure.to_string()).unwrap()
}

async fn list(cluster: &Cluster) -> Result<Vec<Pod>, Failure> {
    let context = context();
    client(cluster, &context).await.list(Resource::Pods, None).await
}

#[track_caller]
fn failed(outcome: Result<Vec<Pod>, Failure>, reason: Reason, words: &str) -> Failure {
    let failure = outcome.unwrap_err();
    assert_eq!(failure.reason, reason, "{failure}");
    assert!(failure.to_string().contains(words), "{words} is not in: {failure}");
    assert!(!failure.to_string().contains("S3CRET"), "{failure}");
    failure
}

fn token(seen: &Seen) -> Option<String> {
    parts(seen).1.remove("continue")
}

/// A page of no pods.
fn empty(metadata: Value) -> Response {
    ok(json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": []}))
}

type Response = axum::response::Response;

#[tokio::test]
async fn a_list_is_read_to_its_end_page_by_page() {
    let cluster = World::empty().with(PODS, pods(1201)).up().await;
    let context = context();
    let found: Vec<Pod> = client(&cluster, &context).await.list(Resource::Pods, None).await.unwrap();
    assert_eq!(found.len(), 1201);
    assert_eq!(&*found[1200].key.name, "p01200");
    let expected = [
        "/api/v1/pods?&limit=500",
        "/api/v1/pods?&limit=500&continue=at%3D500",
        "/api/v1/pods?&limit=500&continue=at%3D1000",
    ];
    assert_eq!(cluster.server.paths(), expected);
    assert_eq!(context.meter().read().requests, 3);
    for seen in cluster.server.seen() {
        assert_eq!(seen.method, "GET");
        assert_eq!(seen.header("accept"), "application/json");
        assert!(seen.header("user-agent").starts_with("orgpulse/"));
        assert!(seen.header("accept-encoding").contains("gzip"));
    }
}

#[tokio::test]
async fn an_empty_page_is_not_the_end_and_an_empty_token_is() {
    let cluster = World::empty()
        .serve(|seen| {
            Some(match token(seen).as_deref() {
                None => empty(json!({"continue": "a"})),
                Some("a") => ok(json!({
                    "kind": "PodList", "metadata": {"continue": "", "remainingItemCount": null}, "items": pods(2),
                })),
                Some(_) => status(500, "", "not to be asked"),
            })
        })
        .await;
    assert_eq!(list(&cluster).await.unwrap().len(), 2);
    for page in [json!({"kind": "PodList", "items": null}), json!({"kind": "PodList", "metadata": null, "items": []})] {
        let cluster = World::empty().serve(move |_| Some(ok(page.clone()))).await;
        assert_eq!(list(&cluster).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_token_that_expires_midway_has_the_list_begun_again_once() {
    let expired = || status(410, "Expired", "The provided continue parameter is too old");
    let world = World::empty().with(PODS, pods(1100));
    let cluster = world
        .clone()
        .serve(move |seen| (token(seen).as_deref() == Some("at=1000") && seen.again == 0).then(expired))
        .await;
    assert_eq!(list(&cluster).await.unwrap().len(), 1100);
    assert_eq!(cluster.server.seen().len(), 6);

    let cluster = world.serve(move |seen| token(seen).map(|_| expired())).await;
    let failure = failed(list(&cluster).await, Reason::BadReply, "410 The provided continue parameter is too old");
    assert!(failure.cure.contains("begun again"), "{failure}");
    assert_eq!(cluster.server.seen().len(), 4);
}

#[tokio::test]
async fn pages_that_do_not_add_up_are_no_smaller_number() {
    // What a page says of those after it, and what comes: items, the next token, what that page says.
    for (told, items, next, remaining, words) in [
        (3, 2, "", None, "said that 3 come after it, and the next one holds 2 and says 0"),
        (1, 2, "", None, "said that 1 come after it"),
        (5, 2, "b", Some(2), "the next one holds 2 and says 2"),
        (2, 1, "", Some(1), "the last page says that 1 come after it"),
    ] {
        let cluster = World::empty()
            .serve(move |seen| {
                Some(match token(seen).as_deref() {
                    None => empty(json!({"continue": "a", "remainingItemCount": told})),
                    Some("a") => {
                        let metadata = json!({"continue": next, "remainingItemCount": remaining});
                        ok(json!({"kind": "PodList", "metadata": metadata, "items": pods(items)}))
                    }
                    Some(_) => empty(json!({})),
                })
            })
            .await;
        failed(list(&cluster).await, Reason::BadReply, words);
    }
    let twice = |_: &Seen| Some(ok(json!({"kind": "PodList", "items": [pods(1)[0], pods(1)[0]]})));
    failed(list(&World::empty().serve(twice).await).await, Reason::BadReply, "default/p00000 is in it twice");
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let cluster = World::empty().serve(|_| Some(empty(json!({"continue": "same"})))).await;
    failed(list(&cluster).await, Reason::BadReply, "names a next one that came before");
    assert_eq!(cluster.server.seen().len(), 2);

    let cluster = World::empty()
        .serve(|seen| {
            let at: usize = token(seen).map_or(0, |token| token.parse().unwrap());
            Some(empty(json!({"continue": (at + 1).to_string()})))
        })
        .await;
    failed(list(&cluster).await, Reason::BadReply, "no end within 1000 pages");
    assert_eq!(cluster.server.seen().len(), 1000);

    let cluster = World::empty().serve(|_| Some(empty(json!({"continue": "x".repeat(66_000)})))).await;
    failed(list(&cluster).await, Reason::BadReply, "66000 bytes long");
}

#[tokio::test]
async fn what_passes_is_tried_again_and_every_try_is_counted() {
    let once: [fn() -> Response; 6] = [
        || answer(429, &[("retry-after", "1")], &json!({"message": "too many requests", "reason": "TooManyRequests"})),
        || status(500, "InternalError", "etcdserver: leader changed"),
        || status(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
        || status(504, "Timeout", "the server was unable to return a response in time"),
        cut,
        || text(200, &[], "{\"kind\":\"PodList\",\"items\":[{\"met"),
    ];
    for fault in once {
        let world = World::empty().with(PODS, pods(700));
        let cluster = world.serve(move |seen| (token(seen).is_some() && seen.again == 0).then(fault)).await;
        let context = context();
        let found: Vec<Pod> = client(&cluster, &context).await.list(Resource::Pods, None).await.unwrap();
        assert_eq!((found.len(), context.meter().read().requests), (700, 3));
    }
}

#[tokio::test]
async fn what_lasts_fails_with_its_reason_after_four_tries() {
    let shut = || status(503, "ServiceUnavailable", "apiserver is shutting down");
    let cluster = World::empty().serve(move |_| Some(shut())).await;
    failed(list(&cluster).await, Reason::Unreachable, "503 apiserver is shutting down");
    assert_eq!(cluster.server.seen().len(), 4);

    let cluster = World::empty().serve(|_| Some(status(429, "TooManyRequests", "slow down"))).await;
    failed(list(&cluster).await, Reason::RateLimited, "429 slow down");
    assert_eq!(cluster.server.seen().len(), 4);

    // A wait that ends after the deadline is not waited for.
    let long = || answer(429, &[("retry-after", "3600")], &json!({"message": "later"}));
    let cluster = World::empty().serve(move |_| Some(long())).await;
    failed(list(&cluster).await, Reason::RateLimited, "asks to wait 3600 s");
    assert_eq!(cluster.server.seen().len(), 1);

    // The wait may be in the body alone.
    let body = json!({"message": "later", "reason": "TooManyRequests", "details": {"retryAfterSeconds": 3600}});
    let cluster = World::empty().serve(move |_| Some(answer(429, &[], &body))).await;
    failed(list(&cluster).await, Reason::RateLimited, "asks to wait 3600 s");
    assert_eq!(cluster.server.seen().len(), 1);

    let cluster = World::empty().serve(|_| Some(cut())).await;
    failed(list(&cluster).await, Reason::Unreachable, "the connection to 127.0.0.1");
    assert_eq!(cluster.server.seen().len(), 4);
}

#[tokio::test]
async fn refusals_are_told_with_what_mends_them_and_not_tried_again() {
    let forbidden = "pods is forbidden: User \"system:serviceaccount:a:b\" cannot list resource \"pods\" in API group \"\" \
                     at the cluster scope";
    for (code, reason, message, expected, cure) in [
        (401, "Unauthorized", "Unauthorized", Reason::Unauthorized, "Renew the credential"),
        (403, "Forbidden", forbidden, Reason::Forbidden, "Allow the verb list on pods"),
        (404, "NotFound", "the server could not find the requested resource", Reason::NotFound, "address"),
        (400, "BadRequest", "continue key is not valid", Reason::BadReply, "proxy"),
        (302, "", "", Reason::BadReply, "A redirect is not followed"),
    ] {
        let cluster = World::empty().serve(move |_| Some(status(code, reason, message))).await;
        let failure = failed(list(&cluster).await, expected, format!("answered {code} {message}").trim_end());
        assert!(failure.cure.contains(cure), "{failure}");
        assert_eq!(cluster.server.seen().len(), 1);
    }
}

#[tokio::test]
async fn what_answers_in_the_servers_place_is_no_list() {
    let html = [("content-type", "text/html; charset=utf-8")];
    let page = "<!DOCTYPE html><html><title>Sign in</title></html>";
    for code in [200, 403, 404] {
        let cluster = World::empty().serve(move |_| Some(text(code, &html, page))).await;
        let failure = failed(list(&cluster).await, Reason::BadReply, "HTML");
        assert!(failure.cure.contains("login page"), "{failure}");
        assert_eq!(cluster.server.seen().len(), 1);
    }
    for (body, words) in [
        (json!({"kind": "NodeList", "items": []}), "the answer is a NodeList, not a PodList"),
        (json!({"kind": "Status", "status": "Success", "items": []}), "is a Status"),
        (json!({"kind": "PodList"}), "missing field `items`"),
        (json!({"items": []}), "missing field `kind`"),
        (json!({"kind": "PodList", "items": {}}), "not what the API promises"),
        (json!({"kind": "PodList", "items": [{}]}), "missing field `metadata`"),
        (json!({"kind": "PodList", "items": [{"metadata": {"name": "a"}, "status": 5}]}), "not what the API promises"),
        (json!([]), "not what the API promises"),
        (json!(null), "not what the API promises"),
    ] {
        let cluster = World::empty().serve(move |_| Some(ok(body.clone()))).await;
        failed(list(&cluster).await, Reason::BadReply, words);
        assert_eq!(cluster.server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let long = "x".repeat(QUICK.max_body + 1);
    let cluster = World::empty().serve(move |_| Some(text(200, &[], long.clone()))).await;
    failed(list(&cluster).await, Reason::BadReply, "longer than 1 MiB");
    assert_eq!(cluster.server.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_and_nothing_is_sent_after_the_deadline() {
    let cluster = World::empty().serve(|_| Some(Answer::Never)).await;
    let begun = Instant::now();
    let context = loopback::context(crate::metrics::sample::now(), Duration::from_millis(800));
    let outcome = client(&cluster, &context).await.list(Resource::Pods, None).await;
    failed(outcome, Reason::Deadline, "ran out");
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(cluster.server.seen().len(), 1);

    let cluster = World::empty().up().await;
    let context = loopback::context(crate::metrics::sample::now(), Duration::ZERO);
    let outcome = client(&cluster, &context).await.list(Resource::Pods, None).await;
    failed(outcome, Reason::Deadline, "ran out");
    assert_eq!((cluster.server.seen().len(), context.meter().read().requests), (0, 0));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let cluster = World::empty().up().await;
    // Nothing listens on port 1 of the loopback address.
    let config = cluster.config_of(&json!({"token": TOKEN}), &json!({"server": "http://127.0.0.1:1"}));
    let context = context();
    let client = Client::connect(&config, &context, QUICK).await.map_err(|failure| failure.to_string()).unwrap();
    let failure = failed(client.list(Resource::Pods, None).await, Reason::Unreachable, "127.0.0.1:1");
    assert!(failure.cure.contains("KUBECONFIG"), "{failure}");
    assert_eq!(context.meter().read().requests, 4);
}
