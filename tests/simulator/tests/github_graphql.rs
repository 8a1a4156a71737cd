//! GraphQL over the described organisation.

mod hub;

use hub::Hub;
use hub::contract;
use serde_json::Value;
use serde_json::json;
use simulator::Scale;
use std::collections::BTreeSet;

fn acme() -> Value {
    json!({ "owner": "acme", "name": "widgets" })
}

#[tokio::test]
async fn the_documents_of_the_contract_execute_and_a_wrong_one_is_refused() {
    let (Some(queries), Some(schema)) = (contract("queries"), contract("schema.graphql")) else { return };
    let hub = Hub::start(Scale::small(), Some(schema));
    let variables = json!({
        "owner": "acme", "name": "widgets", "branch": "main", "since": "2026-11-13T12:00:00Z",
        "merged": "repo:acme/widgets is:pr is:merged merged:>2026-11-13T12:00:00Z",
        "unmerged": "repo:acme/widgets is:pr is:unmerged is:closed", "opened": "repo:acme/widgets is:pr created:>=2026-11-01",
    });
    let mut executed = 0;
    for entry in std::fs::read_dir(queries).unwrap() {
        let path = entry.unwrap().path();
        let told = hub.graphql(&std::fs::read_to_string(&path).unwrap(), variables.clone()).await;
        assert_eq!(told.status, 200, "{}: {}", path.display(), told.body);
        assert!(told.body["errors"].is_null(), "{}: {}", path.display(), told.body);
        assert!(told.body["data"]["rateLimit"]["cost"].as_u64().unwrap() >= 1, "{}", path.display());
        executed += 1;
    }
    assert!(executed >= 8);
    let wrong = "query Q($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { nope } }";
    let told = hub.graphql(wrong, acme()).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.body["errors"][0]["extensions"]["code"], "undefinedField", "{}", told.body);
    assert_eq!(told.body["errors"][0]["message"], "Field 'nope' doesn't exist on type 'Repository'");
    assert!(told.body["data"].is_null());
    let mistyped = "{ repository(owner: 1, name: \"widgets\") { id } }";
    assert!(hub.graphql(mistyped, json!({})).await.body["errors"].is_array());
}

#[tokio::test]
async fn what_has_no_resolver_is_a_loud_error() {
    let hub = Hub::start(Scale::small(), None);
    let told = hub.graphql("{ repository(owner: \"acme\", name: \"widgets\") { stargazerCount } }", json!({})).await;
    assert_eq!(told.status, 501);
    assert!(told.body["message"].as_str().unwrap().contains("Repository.stargazerCount"));
}

#[tokio::test]
async fn cursors_walk_to_the_exact_set_and_back() {
    let hub = Hub::start(Scale::small(), None);
    let query = "query Q($after: String, $first: Int!) { repository(owner: \"acme\", name: \"widgets\") {
        pullRequests(states: [MERGED, CLOSED], orderBy: {field: UPDATED_AT, direction: DESC}, first: $first, after: $after) {
            totalCount pageInfo { hasNextPage endCursor } edges { cursor } nodes { number updatedAt } } } }";
    let (mut numbers, mut dates, mut after) = (Vec::new(), Vec::new(), Value::Null);
    let total = loop {
        let told = hub.graphql(query, json!({ "after": after, "first": 7 })).await;
        let page = &told.body["data"]["repository"]["pullRequests"];
        for node in page["nodes"].as_array().unwrap() {
            numbers.push(node["number"].as_u64().unwrap());
            dates.push(node["updatedAt"].as_str().unwrap().to_owned());
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break page["totalCount"].as_u64().unwrap() as usize;
        }
    };
    let expected = hub.simulator.organisation().repositories[0].pulls.iter().filter(|p| p.state() != "OPEN");
    let expected: BTreeSet<u64> = expected.map(|p| p.number).collect();
    assert_eq!((numbers.len(), total), (expected.len(), expected.len()));
    assert_eq!(numbers.into_iter().collect::<BTreeSet<u64>>(), expected);
    assert!(dates.is_sorted_by(|a, b| a >= b));
    let told = hub.graphql(query, json!({ "after": "Zm9yZWlnbg", "first": 7 })).await;
    assert_eq!(told.body["errors"][0]["type"], "INVALID_CURSOR_ARGUMENTS");
}

#[tokio::test]
async fn aliases_fragments_and_directives_are_obeyed() {
    let hub = Hub::start(Scale::small(), None);
    let query = "query Q($yes: Boolean = true, $no: Boolean!) {
        a: repository(owner: \"acme\", name: \"widgets\") { ...F one: name @skip(if: $yes) two: name @include(if: $no) three: name @include(if: $yes) }
        nobody: repository(owner: \"acme\", name: \"nope\") { name } }
        fragment F on Repository { defaultBranchRef { target { __typename ... on Commit { history(first: 1) { nodes { oid } } } ... on Tag { name } } } defaultBranchRef { name } }";
    let told = hub.graphql(query, json!({ "no": false })).await;
    let a = &told.body["data"]["a"];
    assert_eq!(a["defaultBranchRef"]["name"], "main");
    assert_eq!(a["defaultBranchRef"]["target"]["__typename"], "Commit");
    assert_eq!(a["defaultBranchRef"]["target"]["history"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!((&a["one"], &a["two"], &a["three"]), (&Value::Null, &Value::Null, &json!("widgets")));
    assert!(a.as_object().unwrap().get("one").is_none());
    // A repository that is not there takes nothing else with it.
    assert_eq!(told.body["data"]["nobody"], Value::Null);
    let error = &told.body["errors"][0];
    assert_eq!((&error["type"], &error["path"]), (&json!("NOT_FOUND"), &json!(["nobody"])));
    assert_eq!(error["message"], "Could not resolve to a Repository with the name 'acme/nope'.");
    let told = hub.graphql(query, json!({})).await;
    assert!(told.body["errors"][0]["message"].as_str().unwrap().starts_with("Variable $no of type Boolean!"));
}

#[tokio::test]
async fn limits_on_pages_and_nodes_are_githubs() {
    let hub = Hub::start(Scale::small(), None);
    let pulls = |inner: &str| format!("{{ repository(owner: \"acme\", name: \"widgets\") {{ pullRequests{inner} }} }}");
    let refused = [
        (pulls(" { nodes { number } }"), "MISSING_PAGINATION_BOUNDARIES"),
        (pulls("(first: 101) { nodes { number } }"), "EXCESSIVE_PAGINATION"),
        (
            pulls(
                "(first: 100) { nodes { commits(first: 100) { nodes { commit { associatedPullRequests(first: 60) { nodes { number } } } } } } }",
            ),
            "MAX_NODE_LIMIT_EXCEEDED",
        ),
    ];
    for (query, kind) in refused {
        let told = hub.graphql(&query, json!({})).await;
        assert_eq!((told.status, &told.body["errors"][0]["type"]), (200, &json!(kind)));
        assert!(told.body.get("data").is_none());
    }
    assert!(hub.graphql(&pulls(" { totalCount }"), json!({})).await.body["data"]["repository"]["pullRequests"]["totalCount"].is_u64());
}

#[tokio::test]
async fn costs_follow_the_published_formula_and_the_quota_runs_out() {
    use simulator::github::Quota;
    use simulator::github::Resource;
    let hub = Hub::start(Scale::small(), None);
    // 1 + 100 + 100 connections are fetched: 2.01 points; 100 + 100 * 10 + 100 nodes.
    let query = "{ repository(owner: \"acme\", name: \"widgets\") { pullRequests(first: 100) { nodes {
        reviews(first: 10) { totalCount } comments(first: 1) { totalCount } } } } rateLimit { cost nodeCount remaining used limit } }";
    let told = hub.graphql(query, json!({})).await;
    let limit = &told.body["data"]["rateLimit"];
    assert_eq!((&limit["cost"], &limit["nodeCount"]), (&json!(2), &json!(1_200)));
    assert_eq!((told.header("x-ratelimit-remaining"), told.header("x-ratelimit-resource")), ("4998", "graphql"));
    hub.simulator.github().set_quota(Resource::Graphql, Quota { used: 4_999, ..Quota::of(5_000) });
    assert!(hub.graphql(query, json!({})).await.body["errors"].is_null());
    let told = hub.graphql(query, json!({})).await;
    assert_eq!((told.status, told.header("x-ratelimit-remaining")), (200, "0"));
    assert_eq!(told.body["errors"][0]["type"], "RATE_LIMITED");
    assert_eq!(hub.rest("/repos/acme/widgets").await.status, 200, "REST has its own quota");
}

#[tokio::test]
async fn large_pages_can_be_made_to_fail() {
    let hub = Hub::start(Scale::small(), None);
    hub.simulator.github().fail_pages_larger_than(Some(25));
    let query = "query Q($n: Int!) { repository(owner: \"acme\", name: \"widgets\") { pullRequests(first: $n) { totalCount } } }";
    assert_eq!(hub.graphql(query, json!({ "n": 26 })).await.status, 502);
    assert_eq!(hub.graphql(query, json!({ "n": 25 })).await.status, 200);
}

#[tokio::test]
async fn renames_are_followed_unless_told_not_to() {
    let hub = Hub::start(Scale::small().with_repositories(3), None);
    let query = "query Q($follow: Boolean) { repository(owner: \"acme\", name: \"old-platform\", followRenames: $follow) { nameWithOwner } }";
    assert_eq!(hub.graphql(query, json!({})).await.body["data"]["repository"]["nameWithOwner"], "acme/platform");
    assert_eq!(hub.graphql(query, json!({ "follow": false })).await.body["errors"][0]["type"], "NOT_FOUND");
    let empty = "{ repository(owner: \"acme\", name: \"gadgets\") { defaultBranchRef { name } isEmpty } }";
    let told = hub.graphql(empty, json!({})).await;
    assert_eq!(told.body["data"]["repository"], json!({ "defaultBranchRef": null, "isEmpty": true }));
}
