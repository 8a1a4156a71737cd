//! GraphQL over the described projects.

mod wandb;

use serde_json::Value;
use serde_json::json;
use simulator::organisation::wandb::Datum;
use simulator::organisation::wandb::Run;
use simulator::organisation::wandb::WandbScale;
use simulator::wandb::Nulls;
use std::collections::BTreeSet;
use wandb::Wandb;
use wandb::contract;

fn small() -> Wandb {
    Wandb::start(1, WandbScale { projects: 5, runs_7d: 60, odd: 20, history: 50 })
}

/// A filter as an argument: JSON text within the document.
fn filters(filter: &Value) -> String {
    format!("filters: {},", json!(filter.to_string()))
}

#[tokio::test]
async fn the_documents_of_the_contract_execute() {
    let (Some(queries), Some(_)) = (contract("queries"), contract("wandb-partial.graphql")) else { return };
    let wandb = small();
    let variables = json!({
        "entity": "acme", "project": "vision", "filters": "{}", "keys": ["loss"], "running": "{\"state\":\"running\"}",
        "created": "{\"createdAt\":{\"$gte\":\"2026-11-13T12:00:00Z\"}}", "finished": "{\"state\":\"finished\"}",
        "failed": "{\"state\":{\"$in\":[\"failed\",\"crashed\"]}}", "killed": "{\"state\":\"killed\"}",
    });
    let mut executed = 0;
    for entry in std::fs::read_dir(queries).unwrap() {
        let path = entry.unwrap().path();
        let told = wandb.graphql(&std::fs::read_to_string(&path).unwrap(), variables.clone()).await;
        assert_eq!(told.status, 200, "{}: {}", path.display(), told.body);
        assert!(told.body["errors"].is_null(), "{}: {}", path.display(), told.body);
        executed += 1;
    }
    assert_eq!(executed, 6);
}

/// All that can be had of a run, a project and the root is what the schema says it is.
#[tokio::test]
async fn every_field_is_of_the_schema() {
    let wandb = small();
    let fields = "__typename id internalId name entityName entity { id name isTeam projectCount memberCount rateLimits { graphql }
        projects { edges { cursor node { name } } } } createdAt updatedAt lastActive readOnly computeHours totalRuns totalSweeps
        runCount run(name: \"nope\") { id } sweep(sweepName: \"k3q7zz1a\") { id bestLoss method updatedAt heartbeatAt runCountExpected }
        sweeps { pageInfo { hasNextPage } edges { cursor node { name displayName state createdAt runCount } } }
        runs(first: 3) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node {
          ... on Node { id } ...Light } } }";
    let run = "fragment Light on Run { projectId name displayName state group jobType sweepName tags host commit readOnly
        createdAt heartbeatAt updatedAt computeSeconds description notes historyLineCount historyKeys exitcode stopped storageBytes
        config(keys: [\"lr\"]) summaryMetrics systemMetrics runInfo { gpu gpuCount cpuCount cpuCountLogical os python program }
        user { id name username email admin entity deletedAt teams { edges { node { name } } } } project { name } sweep { name } }";
    let told = wandb.graphql(&format!("{} {run}", wandb.query(fields)), json!({})).await;
    assert!(told.body["errors"].is_null(), "{}", told.body);
    let project = &told.body["data"]["project"];
    assert_eq!((&project["__typename"], &project["totalRuns"]), (&json!("Project"), &json!(130)));
    assert_eq!(project["runs"]["edges"].as_array().unwrap().len(), 3);
    let number = project["runs"]["edges"][0]["node"]["projectId"].as_str().unwrap().parse::<u64>();
    assert!(number.is_ok(), "the vendor's client insists on a number");
    let root = "{ viewer { username entity } serverInfo { cliVersionInfo latestLocalVersionInfo { versionOnThisInstanceString } }
        entity(name: \"acme-research\") { name } nobody: entity(name: \"nope\") { name }
        models(entityName: \"acme-research\") { edges { node { name } } } }";
    let told = wandb.graphql(root, json!({})).await;
    assert!(told.body["errors"].is_null(), "{}", told.body);
    assert_eq!(told.body["data"]["viewer"], json!({ "username": "ada", "entity": "acme" }));
    assert_eq!(told.body["data"]["nobody"], Value::Null);
    // As the vendor's client sends it.
    let unnamed = json!({ "query": "query A { viewer { flags: name } }", "operationName": "" });
    assert_eq!(
        wandb.ask_as("api", Some(simulator::wandb::KEY), unnamed).await.body["data"]["viewer"]["flags"],
        "Ada Byron"
    );
    // The private one is not seen.
    assert_eq!(told.body["data"]["models"]["edges"], json!([{ "node": { "name": "language" } }]));
}

#[tokio::test]
async fn what_is_not_valid_is_a_400_and_what_has_no_resolver_a_501() {
    let wandb = small();
    if contract("wandb-partial.graphql").is_some() {
        for wrong in ["{ viewer { nope } }", "{ project(name: 1) { id } }", "{ project(nope: \"a\") { id } }"] {
            let told = wandb.graphql(wrong, json!({})).await;
            assert_eq!(told.status, 400, "{wrong}: {}", told.body);
            assert!(told.body["errors"][0]["message"].is_string() && told.body.get("data").is_none());
        }
    }
    assert_eq!(wandb.graphql("{ viewer { ", json!({})).await.status, 400);
    assert_eq!(wandb.graphql("query Q($a: String!) { project(name: $a) { id } }", json!({})).await.status, 400);
    let told = wandb.graphql(&wandb.query("runs { edges { node { history } } }"), json!({})).await;
    assert_eq!(told.status, 501);
    assert!(told.body["errors"][0]["message"].as_str().unwrap().contains("Run.history"));
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_null_without_an_error() {
    let wandb = small();
    wandb.simulator.wandb().hide("acme/vision");
    let query = "query Q($e: String, $p: String) { project(entityName: $e, name: $p) { name } }";
    for (entity, project) in
        [("acme", "nope"), ("nope", "vision"), ("acme-research", "secret"), ("acme", "vision"), ("acme", "Scratch")]
    {
        let told = wandb.graphql(query, json!({ "e": entity, "p": project })).await;
        assert_eq!((told.status, told.body), (200, json!({ "data": { "project": null } })), "{entity}/{project}");
    }
    let told = wandb.graphql(query, json!({ "p": "scratch" })).await;
    assert_eq!(told.body["data"]["project"]["name"], "scratch", "in the entity of the key's owner");
}

#[tokio::test]
async fn runs_are_told_as_they_are_described() {
    let wandb = small();
    let keys = json!(["accuracy", "loss", "nope", "overview/sps"]);
    let query = wandb.query(
        "runs(first: 1000) { edges { node { name displayName state sweepName tags createdAt heartbeatAt computeSeconds
         user { username } summaryMetrics(keys: $keys) systemMetrics runInfo { gpu gpuCount } } } }",
    );
    let told = wandb.graphql(&format!("query Q($keys: [String!]!) {query}"), json!({ "keys": keys })).await;
    let nodes = told.body["data"]["project"]["runs"]["edges"].as_array().unwrap();
    assert_eq!(nodes.len(), wandb.project().len());
    let users = &wandb.simulator.organisation().wandb.users;
    let mut seen_odd = BTreeSet::new();
    for edge in nodes {
        let told = &edge["node"];
        let run = wandb.project().all().find(|run| told["name"] == run.name).unwrap();
        assert_eq!(told["displayName"].as_str(), run.display_name.as_deref());
        assert_eq!(told["state"], run.state);
        assert_eq!(told["tags"], json!(run.tags));
        assert_eq!(told["sweepName"].as_str(), run.sweep.as_deref());
        assert_eq!(told["computeSeconds"].as_f64(), Some(run.compute_seconds));
        assert_eq!(told["user"]["username"].as_str(), run.user.map(|user| users[user].username.as_str()));
        let instant = |value: &Value| value.as_str().map(|text| format!("{text}Z").parse::<jiff::Timestamp>().unwrap());
        assert_eq!(instant(&told["createdAt"]), Some(run.created_at));
        assert_eq!(instant(&told["heartbeatAt"]), run.heartbeat_at);
        assert_eq!(told["runInfo"]["gpuCount"].as_u64(), run.info.as_ref().and_then(|i| i.gpu_count).map(u64::from));
        assert_eq!(told["systemMetrics"].is_null(), run.system.is_none());
        summary(&run, &told["summaryMetrics"], &mut seen_odd);
    }
    assert_eq!(seen_odd, BTreeSet::from(["NaN", "Infinity", "-Infinity", "control"]));
}

/// The text has the asked keys that there are, and what JSON cannot say is in it as it is.
fn summary(run: &Run, told: &Value, seen: &mut BTreeSet<&str>) {
    let Some(summary) = &run.summary else { return assert!(told.is_null()) };
    let text = told.as_str().unwrap_or_default();
    for key in ["accuracy", "loss", "overview/sps"] {
        let there = summary.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let at = text.find(&format!("{key:?}: "));
        assert_eq!(at.is_some(), there.is_some(), "{key} in {text}");
        let value = at.map_or("", |at| &text[at + key.len() + 4..]);
        match there {
            Some(Datum::Number(number)) => assert!(value.starts_with(&number.to_string()), "{text}"),
            Some(Datum::Nan) => assert!(value.starts_with("NaN") && seen.insert("NaN") | true),
            Some(Datum::Infinity) => assert!(value.starts_with("Infinity") && seen.insert("Infinity") | true),
            Some(Datum::NegativeInfinity) => assert!(value.starts_with("-Infinity") && seen.insert("-Infinity") | true),
            Some(Datum::Text(words)) if words.contains('\u{1}') => {
                assert!(value.contains('\u{1}') && seen.insert("control") | true);
            }
            _ => {}
        }
    }
    assert!(!text.contains("best/accuracy"), "it was not asked for: {text}");
}

#[tokio::test]
async fn pages_walk_through_all_runs_in_order() {
    let wandb = small();
    let names = |runs: Vec<std::borrow::Cow<'_, Run>>| runs.iter().map(|run| run.name.clone()).collect::<Vec<_>>();
    for (order, first) in [("-heartbeat_at", 7), ("+heartbeat_at", 50), ("-created_at", 1_000), ("", 13)] {
        for nulls in [Nulls::First, Nulls::Last] {
            wandb.simulator.wandb().set_nulls(nulls);
            let argument = if order.is_empty() { String::new() } else { format!("order: {order:?},") };
            let walked = wandb.walk(&argument, first).await;
            let mut runs: Vec<_> = wandb.project().all().collect();
            runs.sort_by_key(|run| {
                let at = if order.contains("heartbeat") { run.heartbeat_at } else { Some(run.created_at) };
                let at = at.map(|at| if order.starts_with('-') { -at.as_nanosecond() } else { at.as_nanosecond() });
                (at.is_some() == (nulls == Nulls::First), at)
            });
            // Those without a heartbeat stand in any order among themselves.
            let without = runs.iter().filter(|run| run.heartbeat_at.is_none()).count();
            let at = if nulls == Nulls::First { 0 } else { runs.len() - without };
            let mut expected = names(runs);
            let mut walked = walked;
            if order.contains("heartbeat") {
                assert!(without > 2);
                expected[at..at + without].sort();
                walked[at..at + without].sort();
            }
            assert_eq!(walked, expected, "{order} {nulls:?}");
        }
    }
}

#[tokio::test]
async fn larger_pages_than_the_largest_are_cut_without_a_word() {
    let wandb = small();
    wandb.simulator.wandb().set_largest_page(40);
    let page = wandb.of_project("runs(first: 500) { totalCount pageInfo { hasNextPage } edges { cursor } }").await;
    assert_eq!(page["runs"]["edges"].as_array().unwrap().len(), 40);
    assert_eq!((&page["runs"]["totalCount"], &page["runs"]["pageInfo"]["hasNextPage"]), (&json!(130), &json!(true)));
    let none = wandb.of_project("runs(first: 0) { totalCount pageInfo { endCursor } edges { cursor } }").await;
    assert_eq!(none["runs"], json!({ "totalCount": 130, "pageInfo": { "endCursor": null }, "edges": [] }));
    for wrong in ["first: -1", "after: \"bm9wZQ\"", "order: \"nope\""] {
        let told = wandb.graphql(&wandb.query(&format!("name runs({wrong}) {{ totalCount }}")), json!({})).await;
        assert_eq!((told.status, &told.body["data"]["project"]["runs"]), (200, &Value::Null), "{wrong}");
        assert_eq!(told.body["errors"][0]["path"], json!(["project", "runs"]));
    }
}

#[tokio::test]
async fn filters_are_obeyed_and_counted() {
    let wandb = small();
    let now = wandb.simulator.organisation().now;
    let week = |run: &Run| now.duration_since(run.created_at).as_hours() < 7 * 24;
    let users = &wandb.simulator.organisation().wandb.users;
    type Rule<'a> = Box<dyn Fn(&Run) -> bool + 'a>;
    let cases: Vec<(Value, Rule)> = vec![
        (json!({}), Box::new(|_| true)),
        (json!({ "state": "running" }), Box::new(|run| run.state == "running")),
        (
            json!({ "state": { "$in": ["failed", "crashed"] } }),
            Box::new(|run| ["failed", "crashed"].contains(&run.state.as_str())),
        ),
        (
            json!({ "state": { "$nin": ["failed", "crashed"] } }),
            Box::new(|run| !["failed", "crashed"].contains(&run.state.as_str())),
        ),
        (json!({ "createdAt": { "$gt": "2026-11-13T12:00:00" } }), Box::new(|run| week(run))),
        (
            json!({ "$and": [{ "createdAt": { "$gt": "2026-11-13T12:00:00Z", "$lte": "2026-11-20T12:00:00Z" } }, { "state": { "$ne": "finished" } }] }),
            Box::new(|run| week(run) && run.created_at <= now && run.state != "finished"),
        ),
        (
            json!({ "$or": [{ "tags": "prod" }, { "tags": { "$in": ["nightly"] } }] }),
            Box::new(|run| run.tags.iter().any(|t| t == "prod" || t == "nightly")),
        ),
        (json!({ "$nor": [{ "tags": { "$exists": true } }] }), Box::new(|run| run.tags.is_empty())),
        (
            json!({ "displayName": { "$regex": "^github\\.sky\\." } }),
            Box::new(|run| run.display_name.as_ref().is_some_and(|n| n.starts_with("github.sky."))),
        ),
        (json!({ "displayName": null }), Box::new(|run| run.display_name.is_none())),
        (json!({ "username": "ada" }), Box::new(|run| run.user.is_some_and(|u| users[u].username == "ada"))),
        (json!({ "duration": { "$gte": 3_600 } }), Box::new(|run| run.compute_seconds >= 3_600.0)),
        (
            json!({ "summary_metrics.loss": { "$lt": 2 } }),
            Box::new(|run| {
                run.summary.iter().flatten().any(|(k, v)| k == "loss" && matches!(v, Datum::Number(n) if *n < 2.0))
            }),
        ),
        (
            json!({ "group": { "$eq": "ablation" }, "host": { "$exists": false } }),
            Box::new(|run| run.group.is_some() && run.host.is_none()),
        ),
    ];
    for (filter, rule) in cases {
        let expected: BTreeSet<String> =
            wandb.project().all().filter(|run| rule(run)).map(|run| run.name.clone()).collect();
        assert!(!expected.is_empty(), "{filter} lets nothing through");
        let found: BTreeSet<String> = wandb.walk(&filters(&filter), 50).await.into_iter().collect();
        assert_eq!(found, expected, "{filter}");
        let argument = filters(&filter);
        let count = wandb.of_project(&format!("runCount({})", argument.trim_end_matches(','))).await;
        assert_eq!(count["runCount"], expected.len(), "{filter}");
    }
}

#[tokio::test]
async fn what_no_document_promises_cannot_be_filtered_by() {
    let wandb = small();
    let wrong = [
        json!({ "heartbeatAt": { "$gte": "2026-11-13T12:00:00Z" } }),
        json!({ "heartbeat_at": { "$gte": "2026-11-13T12:00:00Z" } }),
        json!({ "state": { "$like": "run" } }),
        json!({ "createdAt": { "$gte": "yesterday" } }),
        json!({ "$or": { "state": "running" } }),
        json!([]),
    ];
    for filter in wrong {
        let argument = filters(&filter);
        let argument = argument.trim_end_matches(',');
        let told = wandb.graphql(&wandb.query(&format!("name runs({argument}) {{ totalCount }}")), json!({})).await;
        assert_eq!(told.status, 200);
        assert_eq!(told.body["data"]["project"], json!({ "name": "vision", "runs": null }), "{filter}");
        assert_eq!(told.body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        // A count is promised: without it there is no project.
        let told = wandb.graphql(&wandb.query(&format!("name runCount({argument})")), json!({})).await;
        assert_eq!(told.body["data"]["project"], Value::Null, "{filter}");
        assert_eq!(told.body["errors"][0]["path"], json!(["project", "runCount"]));
    }
}
