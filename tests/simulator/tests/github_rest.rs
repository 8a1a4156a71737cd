//! REST: listings, links, refusals, credentials.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

mod hub;

use hub::Hub;
use hub::contract;
use hub::told;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use simulator::Scale;
use simulator::github::App;
use simulator::github::Quota;
use simulator::github::Resource;
use simulator::github::SecondaryLimit;
use std::collections::BTreeSet;
use std::time::Duration;

fn ids(items: &[Value]) -> BTreeSet<u64> {
    items.iter().map(|r| r["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_filtered_listing_of_runs_stops_at_a_thousand_and_tells_the_truth_about_it() {
    let scale = Scale { runs_7d: 1_300, ..Scale::small() };
    let hub = Hub::start(scale, None);
    let week = "created=2026-11-13T12:00:01Z..2026-11-20T12:00:00Z&per_page=100";
    let told = hub.rest(&format!("/repos/acme/widgets/actions/runs?{week}")).await;
    assert_eq!(told.body["total_count"], 1_300);
    let shown = hub.walk(&format!("/repos/acme/widgets/actions/runs?{week}"), Some("workflow_runs")).await;
    assert_eq!(shown.len(), 1_000);
    let dates: Vec<&str> = shown.iter().map(|r| r["created_at"].as_str().unwrap()).collect();
    assert!(dates.is_sorted_by(|a, b| a >= b), "newest first");
    // Day by day, both ends included, the listing is whole.
    let mut by_day = BTreeSet::new();
    for day in 13..=20 {
        let range =
            format!("created=2026-11-{day}T00:00:00Z..2026-11-{day}T23:59:59Z&per_page=100&exclude_pull_requests=true");
        by_day
            .extend(ids(&hub.walk(&format!("/repos/acme/widgets/actions/runs?{range}"), Some("workflow_runs")).await));
    }
    let all = hub.walk("/repos/acme/widgets/actions/runs?per_page=100", Some("workflow_runs")).await;
    let runs = &hub.simulator.organisation().repositories[0].runs;
    assert_eq!(ids(&all), runs.iter().map(|r| r.id).collect(), "an unfiltered listing has no cap");
    let start = "2026-11-13T00:00:00Z".parse().unwrap();
    assert_eq!(by_day, runs.iter().filter(|r| r.created_at >= start).map(|r| r.id).collect());
    let size = told.body["workflow_runs"].to_string().len() / 100;
    assert!((8_000..20_000).contains(&size), "a run is as large as GitHub's: {size}");
}

#[tokio::test]
async fn runs_are_filtered_by_status_branch_and_event() {
    let hub = Hub::start(Scale { runs_7d: 400, ..Scale::small() }, None);
    let runs = &hub.simulator.organisation().repositories[0].runs;
    let count = |f: &dyn Fn(&simulator::organisation::Run) -> bool| runs.iter().filter(|r| f(r)).count() as u64;
    let total = async |query: &str| {
        hub.rest(&format!("/repos/acme/widgets/actions/runs?{query}")).await.body["total_count"].as_u64().unwrap()
    };
    assert_eq!(total("status=queued").await, count(&|r| r.status == "queued"));
    assert_eq!(total("status=failure").await, count(&|r| r.conclusion.as_deref() == Some("failure")));
    let push = |r: &simulator::organisation::Run| r.head_branch.as_deref() == Some("main") && r.event == "push";
    assert_eq!(total("branch=main&event=push").await, count(&push));
    assert_eq!(hub.rest("/repos/acme/widgets/actions/runs?created=soon").await.status, 422);
    assert_eq!(hub.rest("/repos/acme/widgets/actions/runs?status=broken").await.status, 422);
    let many =
        runs.iter().find(|r| hub.simulator.organisation().repositories[0].jobs(r, r.attempt).len() > 30).unwrap();
    let jobs = hub.walk(&format!("/repos/acme/widgets/actions/runs/{}/jobs", many.id), Some("jobs")).await;
    assert_eq!(jobs.len(), hub.simulator.organisation().repositories[0].jobs(many, many.attempt).len());
}

#[tokio::test]
async fn refusals_have_githubs_shapes() {
    let hub = Hub::start(Scale::small().with_repositories(3), None);
    let told_of = async |path: &str| {
        let told = hub.rest(path).await;
        (told.status, told.body["message"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told_of("/repos/acme/nope").await, (404, "Not Found".into()));
    assert_eq!(told_of("/repos/acme/gadgets/commits").await, (409, "Git Repository is empty.".into()));
    assert_eq!(
        told_of("/repos/acme/widgets/commits/beefbeef").await,
        (422, "No commit found for SHA: beefbeef".into())
    );
    hub.simulator.github().forbid("acme/widgets");
    assert_eq!(told_of("/repos/acme/widgets").await, (403, "Resource not accessible by personal access token".into()));
    hub.simulator.github().hide("acme/widgets");
    assert_eq!(told_of("/repos/acme/widgets").await.0, 404);
    let moved = hub.rest("/repos/acme/old-platform/actions/runs?per_page=5").await;
    assert_eq!((moved.status, moved.body["message"].as_str()), (301, Some("Moved Permanently")));
    assert_eq!(moved.header("location"), moved.body["url"]);
    let there = hub.rest(moved.header("location")).await;
    assert_eq!((there.status, there.body["workflow_runs"].as_array().unwrap().len()), (200, 5));
    let bad = told(hub.client.get(format!("{}/user", hub.simulator.github_api_url())).bearer_auth("wrong")).await;
    assert_eq!((bad.status, bad.body["message"].as_str()), (401, Some("Bad credentials")));
    let anonymous = reqwest::Client::builder().no_proxy().build().unwrap();
    let nameless =
        anonymous.get(format!("{}/user", hub.simulator.github_api_url())).bearer_auth(hub.simulator.github_token());
    assert_eq!(told(nameless).await.status, 403, "a User-Agent is demanded");
}

#[tokio::test]
async fn limits_are_told_in_headers() {
    let hub = Hub::start(Scale::small(), None);
    let told = hub.rest("/repos/acme/widgets").await;
    assert_eq!((told.header("x-ratelimit-limit"), told.header("x-ratelimit-remaining")), ("5000", "4999"));
    assert_eq!(told.header("content-type"), "application/json; charset=utf-8");
    assert!(!told.header("x-github-request-id").is_empty());
    assert_eq!(hub.rest("/rate_limit").await.body["resources"]["core"]["used"], 1, "asking costs nothing");
    hub.simulator.github().set_quota(Resource::Core, Quota { used: 60, ..Quota::of(60) });
    let told = hub.rest("/repos/acme/widgets").await;
    assert_eq!((told.status, told.header("x-ratelimit-remaining")), (403, "0"));
    hub.simulator.github().set_quota(Resource::Core, Quota::of(60));
    hub.simulator.github().secondary_limit(Some(SecondaryLimit { retry_after: Some(2), requests: 1 }));
    let told = hub.rest("/repos/acme/widgets").await;
    assert_eq!((told.status, told.header("retry-after")), (403, "2"));
    assert!(told.body["message"].as_str().unwrap().contains("secondary rate limit"));
    assert_eq!(hub.rest("/repos/acme/widgets").await.status, 200);
    hub.simulator.github().expire_token_after(1);
    assert_eq!(hub.rest("/repos/acme/widgets").await.status, 200);
    assert_eq!(hub.rest("/repos/acme/widgets").await.status, 401);
}

#[tokio::test]
async fn an_app_exchanges_its_assertion_for_a_token_that_ends() {
    let hub = Hub::start(Scale::small(), None);
    hub.simulator.github().set_app(App { token_life: Duration::ZERO, ..App::new("77", 5) });
    let now = jiff::Timestamp::now().as_second();
    let ask = async |claims: Value| {
        let part = |v: &Value| base64url(v.to_string().as_bytes());
        let assertion = format!("{}.{}.{}", part(&json!({ "alg": "RS256" })), part(&claims), base64url(&[7; 256]));
        let url = format!("{}/app/installations/5/access_tokens", hub.simulator.github_api_url());
        told(hub.client.post(url).bearer_auth(assertion)).await
    };
    let good = json!({ "iss": "77", "iat": now - 60, "exp": now + 540 });
    let told_token = ask(good.clone()).await;
    assert_eq!(told_token.status, 201, "{}", told_token.body);
    let token = told_token.body["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("ghs_77_") && token.len() > 40);
    let with = async || {
        told(hub.client.get(format!("{}/repos/acme/widgets", hub.simulator.github_api_url())).bearer_auth(&token))
            .await
            .status
    };
    assert_eq!(with().await, 401, "its life was over at once");
    hub.simulator.github().set_app(App::new("77", 5));
    let token = ask(good).await.body["token"].as_str().unwrap().to_owned();
    let url = format!("{}/repos/acme/widgets", hub.simulator.github_api_url());
    assert_eq!(told(hub.client.get(url).bearer_auth(token)).await.status, 200);
    assert_eq!(
        ask(json!({ "iss": "77", "iat": now - 60, "exp": now + 700 })).await.status,
        401,
        "longer than ten minutes"
    );
    assert_eq!(ask(json!({ "iss": "78", "iat": now - 60, "exp": now + 500 })).await.status, 404, "another App");
    assert_eq!(ask(json!({ "iss": "77", "iat": now - 60, "exp": now - 1 })).await.status, 401, "over");
}

fn base64url(bytes: &[u8]) -> String {
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let bits: String = bytes.iter().map(|b| format!("{b:08b}")).collect();
    let digit = |chunk: &[u8]| {
        let padded = format!("{:0<6}", String::from_utf8_lossy(chunk));
        alphabet[usize::from_str_radix(&padded, 2).unwrap_or_default()]
    };
    bits.as_bytes().chunks(6).map(digit).collect()
}

fn allow_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        Value::Object(fields) => {
            fields.values_mut().for_each(allow_null);
            if fields.get("nullable") == Some(&Value::Bool(true)) {
                let mut inner = std::mem::take(fields);
                inner.remove("nullable");
                fields.insert("anyOf".to_owned(), json!([inner, { "type": "null" }]));
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn replies_hold_against_the_published_schemas() {
    let Some(path) = contract("rest-openapi.subset.yaml") else { return };
    let mut published: Value = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    allow_null(&mut published);
    let hub = Hub::start(Scale { runs_7d: 150, ..Scale::small() }, None);
    let repository = &hub.simulator.organisation().repositories[0];
    let sha = repository.commits[repository.head().unwrap()].oid.clone();
    let run = repository.runs[0].id;
    let number = repository.pulls[0].number;
    let repo = "/repos/{owner}/{repo}";
    let asked = [
        ("/rate_limit".to_owned(), "/rate_limit".to_owned()),
        (repo.to_owned(), String::new()),
        (format!("{repo}/pulls"), "/pulls?state=all".to_owned()),
        (format!("{repo}/pulls/{{pull_number}}/commits"), format!("/pulls/{number}/commits")),
        (format!("{repo}/pulls/{{pull_number}}/reviews"), format!("/pulls/{number}/reviews")),
        (format!("{repo}/commits"), "/commits".to_owned()),
        (format!("{repo}/commits/{{ref}}"), format!("/commits/{sha}")),
        (format!("{repo}/branches"), "/branches".to_owned()),
        (format!("{repo}/actions/runs"), "/actions/runs?per_page=100".to_owned()),
        (format!("{repo}/actions/runs/{{run_id}}"), format!("/actions/runs/{run}")),
        (format!("{repo}/actions/runs/{{run_id}}/jobs"), format!("/actions/runs/{run}/jobs")),
        (format!("{repo}/actions/workflows"), "/actions/workflows".to_owned()),
    ];
    for (template, path) in asked {
        let path = if path == "/rate_limit" { path } else { format!("/repos/acme/widgets{path}") };
        let mut told = hub.rest(&path).await;
        assert_eq!(told.status, 200, "{path}: {}", told.body);
        // Of a deleted fork GitHub sends null, which its own description does not allow for.
        if let Some(runs) = told.body.pointer_mut("/workflow_runs").and_then(Value::as_array_mut) {
            let before = runs.len();
            runs.retain(|r| !r["head_repository"].is_null());
            assert!(runs.len() > before / 2);
        }
        let schema = &published["paths"][&template]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let mut whole: Map<String, Value> =
            schema.as_object().unwrap_or_else(|| panic!("{template} is not published")).clone();
        whole.insert("components".to_owned(), published["components"].clone());
        let validator = jsonschema::validator_for(&Value::Object(whole)).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&told.body).map(|e| format!("{}: {e}", e.instance_path())).take(5).collect();
        assert!(errors.is_empty(), "{path}: {errors:#?}");
        assert!(told.body.as_array().is_none_or(|a| !a.is_empty()) || path.contains("reviews"), "{path} shows nothing");
    }
}

#[tokio::test]
async fn a_commit_shows_its_files_by_three_hundred() {
    let hub = Hub::start(Scale::small(), None);
    let repository = &hub.simulator.organisation().repositories[0];
    let large = repository.commits.iter().find(|c| c.files.len() > 300).unwrap();
    let first = hub.rest(&format!("/repos/acme/widgets/commits/{}", large.oid)).await;
    assert_eq!(first.body["files"].as_array().unwrap().len(), 300);
    let files = hub.walk(&format!("/repos/acme/widgets/commits/{}", large.oid), Some("files")).await;
    assert_eq!(files.len(), large.files.len());
    assert_eq!(first.body["stats"]["additions"], large.additions());
}

#[tokio::test]
async fn commits_and_deployments_are_listed_whole_by_links() {
    let hub = Hub::start(Scale::small(), None);
    let repository = &hub.simulator.organisation().repositories[0];
    let commits = hub.walk("/repos/acme/widgets/commits?per_page=9", None).await;
    let shas: BTreeSet<&str> = commits.iter().map(|c| c["sha"].as_str().unwrap()).collect();
    let reached = repository.ancestry(repository.head());
    assert_eq!(shas.len(), reached.iter().filter(|r| **r).count());
    assert_eq!(shas.len(), commits.len());
    let deployments = hub.walk("/repos/acme/widgets/deployments?per_page=7", None).await;
    assert_eq!(ids(&deployments), repository.deployments.iter().map(|d| d.id).collect());
    let (old, new) = (&repository.commits[0].oid, &repository.commits[repository.head().unwrap()].oid);
    let told = hub.rest(&format!("/repos/acme/widgets/compare/{old}...{new}")).await;
    assert_eq!((&told.body["status"], &told.body["behind_by"]), (&json!("ahead"), &json!(0)));
    assert_eq!(told.body["ahead_by"].as_u64().unwrap() as usize, shas.len() - 1);
}
