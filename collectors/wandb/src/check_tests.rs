//! What the doctor finds.

use loopback::Seen;
use loopback::Server;
use loopback::answer;
use loopback::ok;

use super::*;
use crate::testing::config;
use crate::testing::context;
use crate::testing::server;

async fn findings(server: &Server) -> Vec<Result<String, Reason>> {
    let projects = ["acme/vision", "acme/lost"].map(|project| project.parse().unwrap()).to_vec();
    let config = Config { projects, ..config(server) };
    let findings = check(&config, &context()).await;
    findings.into_iter().map(|finding| finding.outcome.map_err(|failure| failure.reason)).collect()
}

#[tokio::test]
async fn the_key_and_each_project_are_tried() {
    let server = server(vec![crate::testing::run("a", json!({}))], |seen: &Seen, _| {
        (seen.variable("project") == "lost").then(|| ok(json!({"data": {"project": null}})).into())
    })
    .await;
    let expected =
        [Ok("it is the key of ann".to_owned()), Ok("allowed, 1 runs in all".to_owned()), Err(Reason::NotFound)];
    assert_eq!(findings(&server).await, expected);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_key_that_is_refused_is_the_only_finding() {
    let server = Server::start(|_, _| answer(401, &[], &json!({"error": "no"}))).await;
    assert_eq!(findings(&server).await, [Err(Reason::Unauthorized)]);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_key_of_nobody_is_told_beside_what_everybody_may_see() {
    let server = server(Vec::new(), |seen: &Seen, _| {
        (seen.operation() == "Viewer").then(|| ok(json!({"data": {"viewer": null}})).into())
    })
    .await;
    let found = findings(&server).await;
    assert_eq!(found[0], Err(Reason::Unauthorized));
    assert_eq!(found[1], Ok("allowed, 0 runs in all".to_owned()));
}

#[tokio::test]
async fn the_owners_name_shows_no_key_and_no_colour() {
    let key = secrecy::ExposeSecret::expose_secret(&crate::metrics::sample::config().api_key).to_owned();
    let name = format!("\u{1b}[31mann\n{key}");
    let named = server(Vec::new(), move |seen: &Seen, _| {
        let viewer = json!({"username": name, "entity": null});
        (seen.operation() == "Viewer").then(|| ok(json!({"data": {"viewer": viewer}})).into())
    })
    .await;
    assert_eq!(findings(&named).await[0], Ok("it is the key of ann".to_owned()));
}
