//! Keys, limits, and what a test can make the service do.

mod wandb;

use jiff::SignedDuration;
use serde_json::Value;
use serde_json::json;
use simulator::organisation::wandb::WandbScale;
use simulator::wandb::KEY;
use simulator::wandb::Limit;
use simulator::wandb::Paging;
use std::collections::BTreeSet;
use wandb::Wandb;

const VIEWER: &str = "{ viewer { username } }";

fn small() -> Wandb {
    Wandb::start(1, WandbScale::small())
}

#[tokio::test]
async fn only_the_key_opens() {
    let wandb = small();
    assert_eq!(wandb.graphql(VIEWER, json!({})).await.status, 200);
    for (user, key) in [("api", Some("wrong")), ("api", None), ("ada", Some(KEY)), (KEY, None)] {
        let told = wandb.ask_as(user, key, json!({ "query": VIEWER })).await;
        assert_eq!(told.status, 401, "{user}");
        assert_eq!(told.body["errors"][0]["extensions"]["code"], "PERMISSION_ERROR");
        assert_eq!(told.header("ratelimit-remaining"), "");
    }
    let bearer = wandb.client.post(format!("{}/graphql", wandb.simulator.wandb_url())).bearer_auth(KEY);
    assert_eq!(bearer.json(&json!({ "query": VIEWER })).send().await.unwrap().status(), 401);
    wandb.simulator.wandb().accept_key("another");
    wandb.simulator.wandb().revoke_key(KEY);
    assert_eq!(wandb.graphql(VIEWER, json!({})).await.status, 401);
    assert_eq!(wandb.ask_as("api", Some("another"), json!({ "query": VIEWER })).await.status, 200);
    assert_eq!(wandb.simulator.wandb().request_count(), 8);
}

#[tokio::test]
async fn there_is_nothing_beside_graphql() {
    let wandb = small();
    let url = wandb.simulator.wandb_url();
    assert_eq!(wandb.client.get(format!("{url}/graphql")).send().await.unwrap().status(), 405);
    assert_eq!(wandb.client.post(format!("{url}/api/v1")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn keys_can_be_revoked_midway() {
    let wandb = small();
    wandb.simulator.wandb().revoke_keys_after(2);
    for status in [200, 200, 401, 401] {
        assert_eq!(wandb.graphql(VIEWER, json!({})).await.status, status);
    }
}

#[tokio::test]
async fn the_limit_is_told_and_kept() {
    let wandb = small();
    wandb.simulator.wandb().set_limit(Limit { cost: 100, window: 30, ..Limit::of(150) });
    for (status, remaining) in [(200, "50"), (200, "0"), (429, "0")] {
        let told = wandb.graphql(VIEWER, json!({})).await;
        assert_eq!((told.status, told.header("ratelimit-remaining")), (status, remaining));
        assert_eq!(told.header("ratelimit-limit"), "1000");
        let reset: u64 = told.header("ratelimit-reset").parse().unwrap();
        assert!((1..=30).contains(&reset), "{reset}");
    }
    let silent = Limit { on_every_reply: false, ..Limit::of(1) };
    wandb.simulator.wandb().set_limit(silent);
    assert_eq!(wandb.graphql(VIEWER, json!({})).await.header("ratelimit-limit"), "");
    let told = wandb.graphql(VIEWER, json!({})).await;
    assert_eq!((told.status, told.header("ratelimit-limit")), (429, "1000"));
}

#[tokio::test]
async fn a_broken_project_is_null_with_an_error_and_leaves_the_others() {
    let wandb = small();
    wandb.simulator.wandb().break_field("acme/vision", "Query.project", "deadline exceeded", 0);
    let query = "{ a: project(entityName: \"acme\", name: \"vision\") { name }
        b: project(entityName: \"acme\", name: \"scratch\") { name } }";
    let told = wandb.graphql(query, json!({})).await;
    assert_eq!((told.status, &told.body["data"]), (200, &json!({ "a": null, "b": { "name": "scratch" } })));
    let errors = told.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!((&errors[0]["message"], &errors[0]["path"]), (&json!("deadline exceeded"), &json!(["a"])));
}

#[tokio::test]
async fn data_can_be_partial() {
    let wandb = small();
    let query = wandb.query("name runs(first: 50) { edges { node { name tags } } }");
    wandb.simulator.wandb().break_field("acme/vision", "Run.tags", "lost", 20);
    let told = wandb.graphql(&query, json!({})).await;
    assert_eq!(told.status, 200);
    let edges = told.body["data"]["project"]["runs"]["edges"].as_array().unwrap();
    let lost = edges.iter().filter(|edge| edge["node"]["tags"].is_null()).count();
    assert_eq!((edges.len(), lost, told.body["errors"].as_array().unwrap().len()), (50, 30, 30));
    assert_eq!(told.body["errors"][0]["path"], json!(["project", "runs", "edges", 20, "node", "tags"]));
    wandb.simulator.wandb().break_field("acme/vision", "Project.runs", "lost", 1);
    assert!(wandb.graphql(&query, json!({})).await.body["data"]["project"]["runs"].is_object());
    assert_eq!(
        wandb.graphql(&query, json!({})).await.body["data"]["project"],
        json!({ "name": "vision", "runs": null })
    );
}

#[tokio::test]
async fn instants_and_durations_can_be_written_otherwise() {
    let wandb = small();
    let fields = "runs(first: 1, order: \"-heartbeat_at\") { edges { node { createdAt heartbeatAt computeSeconds } } }";
    let node = |project: &Value| project["runs"]["edges"][0]["node"].clone();
    let plain = node(&wandb.of_project(fields).await);
    assert!(!plain["createdAt"].as_str().unwrap().ends_with('Z') && plain["computeSeconds"].is_number());
    wandb.simulator.wandb().set_zone(true);
    wandb.simulator.wandb().set_durations_as_text(true);
    let other = node(&wandb.of_project(fields).await);
    assert_eq!(other["createdAt"], format!("{}Z", plain["createdAt"].as_str().unwrap()));
    assert_eq!(other["computeSeconds"], plain["computeSeconds"].to_string());
}

/// What makes it wrong to read living runs in the order of their heartbeats alone.
#[tokio::test]
async fn while_pages_are_read_living_runs_change_places() {
    let scale = WandbScale { projects: 1, runs_7d: 100, odd: 0, history: 0 };
    for paging in [Paging::Place, Paging::Offset] {
        let wandb = Wandb::start(3, scale);
        wandb.simulator.wandb().set_paging(paging);
        let all = wandb.walk("order: \"-heartbeat_at\",", 3).await;
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 100, "while nothing moves nothing is lost");
        wandb.simulator.wandb().set_beat(SignedDuration::from_mins(1), 3);
        let walked = wandb.walk("order: \"+heartbeat_at\",", 10).await;
        let distinct: BTreeSet<&String> = walked.iter().collect();
        match paging {
            Paging::Place => assert_eq!(distinct.len(), 100, "forward in time, what moved on is met again"),
            Paging::Offset => assert!(distinct.len() <= 100),
        }
        let stable = wandb.walk("order: \"-created_at\",", 10).await;
        assert_eq!((stable.len(), stable.iter().collect::<BTreeSet<_>>().len()), (100, 100));
    }
    let wandb = Wandb::start(3, scale);
    wandb.simulator.wandb().set_beat(SignedDuration::from_mins(10), 3);
    let walked = wandb.walk("order: \"-heartbeat_at\",", 3).await;
    assert!(walked.iter().collect::<BTreeSet<_>>().len() < 100, "backwards, what moved on is missed");
}

#[tokio::test]
async fn the_reference_project_is_cheap_to_read() {
    let wandb = Wandb::start(1, WandbScale::reference());
    let fields =
        "runCount runs(first: 100, order: \"-heartbeat_at\") { totalCount edges { node { name heartbeatAt } } }";
    let project = wandb.of_project(fields).await;
    assert_eq!((&project["runCount"], &project["runs"]["totalCount"]), (&json!(26_000), &json!(26_000)));
    assert_eq!(project["runs"]["edges"].as_array().unwrap().len(), 100);
}

#[test]
fn the_variables_point_at_the_readable_projects() {
    let wandb = Wandb::start(1, WandbScale { projects: 5, ..WandbScale::small() });
    let environment = wandb.simulator.environment();
    let value = |name| &environment.iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!(value("WANDB_PROJECTS"), "acme/vision,acme/scratch,acme-research/language,acme/retired");
    assert_eq!(value("WANDB_API_KEY"), KEY);
    assert_eq!(*value("WANDB_BASE_URL"), format!("{}/wandb", wandb.simulator.url()));
}
