//! Reading back what the intake stored: queries, metric lists, metadata, keys, limits.

mod support;

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use support::Datadog;
use support::NOW;
use support::gauge;
use support::read;

/// Two repositories with two points each, and a second metric.
async fn filled() -> Datadog {
    let datadog = Datadog::start();
    let mut series = Vec::new();
    for (repo, first, second) in [("repo:acme/a", 0.1, 3.0), ("repo:acme/b", 5.0, 1e-9)] {
        series.push(json!({
            "metric": "prs.open", "type": 3, "unit": "hour", "tags": [repo, "env:prod"],
            "points": [{ "timestamp": NOW - 60, "value": first }, { "timestamp": NOW, "value": second }],
        }));
    }
    series.push(gauge("runs", &["env:dev"], NOW, 12_345_678.9));
    datadog.submit(json!(series)).await;
    datadog
}

fn asked(kind: &str, from: i64, to: i64, queries: Value) -> Value {
    json!({ "data": { "type": kind, "attributes": { "from": from * 1000, "to": to * 1000, "queries": queries } } })
}

#[tokio::test]
async fn timeseries_gives_back_every_stored_value() {
    let datadog = filled().await;
    let queries = json!([
        { "data_source": "metrics", "name": "a", "query": "avg:prs.open{*} by {repo,env}" },
        { "data_source": "metrics", "name": "b", "query": "avg:runs{*} by {repo,env}" },
    ]);
    let request = asked("timeseries_request", NOW - 3_600, NOW + 1, queries);
    let (status, reply) = datadog.post("/api/v2/query/timeseries", &request).await;
    assert_eq!(status, 200);
    let attributes = &reply["data"]["attributes"];
    assert_eq!(attributes["times"], json!([(NOW - 60) * 1000, NOW * 1000]));
    assert_eq!(attributes["values"], json!([[0.1, 3.0], [5.0, 1e-9], [null, 12_345_678.9]]));
    assert_eq!(attributes["series"][1]["group_tags"], json!(["repo:acme/b", "env:prod"]));
    assert_eq!(attributes["series"][2]["group_tags"], json!(["repo:N/A", "env:dev"]));
    assert_eq!(attributes["series"][2]["query_index"], 1);
    assert_eq!(attributes["series"][0]["unit"][0]["name"], "hour");
    assert_eq!(attributes["series"][2]["unit"], Value::Null);

    // Every value that the store holds is in the reply, and no other.
    let mut stored: Vec<f64> =
        datadog.store.stored().iter().flat_map(|series| series.points.values().copied().collect::<Vec<_>>()).collect();
    let rows = attributes["values"].as_array().unwrap();
    let mut got: Vec<f64> = rows.iter().flat_map(|row| row.as_array().unwrap()).filter_map(Value::as_f64).collect();
    stored.sort_by(f64::total_cmp);
    got.sort_by(f64::total_cmp);
    assert_eq!(got, stored);
}

#[tokio::test]
async fn from_is_in_the_answer_and_to_is_not() {
    let datadog = filled().await;
    let queries = json!([{ "data_source": "metrics", "query": "sum:prs.open{*}" }]);
    let times = async |from, to| {
        let request = asked("timeseries_request", from, to, queries.clone());
        datadog.post("/api/v2/query/timeseries", &request).await.1["data"]["attributes"]["times"].clone()
    };
    assert_eq!(times(NOW - 60, NOW).await, json!([(NOW - 60) * 1000]));
    assert_eq!(times(NOW - 59, NOW + 1).await, json!([NOW * 1000]));
    assert_eq!(times(NOW + 1, NOW + 2).await, json!([]));
}

#[tokio::test]
async fn an_interval_takes_the_mean_of_each() {
    let datadog = filled().await;
    let queries = json!([{ "data_source": "metrics", "query": "avg:prs.open{repo:acme/a}" }]);
    let mut request = asked("timeseries_request", NOW - 3_600, NOW + 1, queries);
    request["data"]["attributes"]["interval"] = json!(3_600_000);
    let (_, reply) = datadog.post("/api/v2/query/timeseries", &request).await;
    // NOW is a whole hour, so the earlier point is in the hour before.
    assert_eq!(NOW % 3_600, 0);
    assert_eq!(reply["data"]["attributes"]["times"], json!([(NOW - 3_600) * 1000, NOW * 1000]));
    assert_eq!(reply["data"]["attributes"]["values"], json!([[0.1, 3.0]]));
}

#[tokio::test]
async fn scalar_gives_one_value_a_group_and_query() {
    let datadog = filled().await;
    let queries = json!([
        { "data_source": "metrics", "name": "last", "query": "avg:prs.open{env:prod} by {repo}", "aggregator": "last" },
        { "data_source": "metrics", "name": "most", "query": "max:prs.open{env:prod} by {repo}", "aggregator": "max" },
        { "data_source": "metrics", "name": "one", "query": "max:prs.open{repo:acme/b} by {repo}", "aggregator": "sum" },
    ]);
    let request = asked("scalar_request", NOW - 3_600, NOW + 1, queries);
    let (status, reply) = datadog.post("/api/v2/query/scalar", &request).await;
    assert_eq!(status, 200);
    let columns = &reply["data"]["attributes"]["columns"];
    assert_eq!(columns[0], json!({ "type": "group", "name": "repo", "values": [["acme/a"], ["acme/b"]] }));
    assert_eq!((&columns[1]["name"], &columns[1]["values"]), (&json!("last"), &json!([3.0, 1e-9])));
    assert_eq!(columns[2]["values"], json!([3.0, 5.0]));
    assert_eq!(columns[3]["values"], json!([null, 5.000_000_001]));
    assert_eq!(columns[1]["meta"]["unit"][0]["name"], "hour");
}

#[tokio::test]
async fn formulas_choose_among_the_queries() {
    let datadog = filled().await;
    let queries = json!([
        { "data_source": "metrics", "name": "a", "query": "avg:prs.open{*}", "aggregator": "avg" },
        { "data_source": "metrics", "name": "b", "query": "avg:runs{*}", "aggregator": "avg" },
    ]);
    let mut request = asked("scalar_request", NOW - 3_600, NOW + 1, queries);
    request["data"]["attributes"]["formulas"] = json!([{ "formula": "b" }]);
    let (_, reply) = datadog.post("/api/v2/query/scalar", &request).await;
    assert_eq!(reply["data"]["attributes"]["columns"].as_array().unwrap().len(), 1);
    assert_eq!(reply["data"]["attributes"]["columns"][0]["values"], json!([12_345_678.9]));
    request["data"]["attributes"]["formulas"] = json!([{ "formula": "a * 2" }]);
    assert_eq!(datadog.post("/api/v2/query/scalar", &request).await.0, 400);
}

#[tokio::test]
async fn v1_query_gives_points_in_milliseconds() {
    let datadog = filled().await;
    let url = datadog.url("/api/v1/query");
    let range = [("from", (NOW - 3_600).to_string()), ("to", (NOW + 1).to_string())];
    let query = [("query", "avg:prs.open{env:prod} by {repo},max:runs{*}")];
    let request = datadog.with_keys(datadog.client.get(&url).query(&range).query(&query));
    let (status, reply) = read(request.send().await.unwrap()).await;
    assert_eq!((status, &reply["status"]), (200, &json!("ok")));
    let series = &reply["series"];
    assert_eq!(series[0]["pointlist"], json!([[(NOW - 60) * 1000, 0.1], [NOW * 1000, 3.0]]));
    assert_eq!((&series[0]["scope"], &series[0]["tag_set"]), (&json!("repo:acme/a"), &json!(["repo:acme/a"])));
    assert_eq!((&series[2]["metric"], &series[2]["query_index"]), (&json!("runs"), &json!(1)));
    assert_eq!(series[2]["pointlist"], json!([[NOW * 1000, 12_345_678.9]]));
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_a_200_with_errors() {
    let datadog = filled().await;
    let queries = json!([{ "data_source": "metrics", "query": "avg:prs.open{*", "aggregator": "avg" }]);
    for (path, kind) in [("timeseries", "timeseries_request"), ("scalar", "scalar_request")] {
        let request = asked(kind, NOW - 60, NOW, queries.clone());
        let (status, reply) = datadog.post(&format!("/api/v2/query/{path}"), &request).await;
        assert_eq!(status, 200);
        assert!(reply["errors"].is_string() && reply.get("data").is_none(), "{reply}");
    }
    let (status, reply) = datadog.get("/api/v1/query?from=1&to=2&query=avg").await;
    assert_eq!((status, &reply["status"]), (200, &json!("error")));
    assert!(reply["error"].is_string());
}

#[tokio::test]
async fn a_request_that_is_not_understood_is_a_400() {
    let datadog = filled().await;
    let fine = json!([{ "data_source": "metrics", "query": "avg:runs{*}" }]);
    for request in [
        json!({}),
        asked("scalar_request", 1, 2, fine.clone()),
        asked("timeseries_request", 1, 2, json!([{ "data_source": "logs", "query": "x" }])),
        asked("timeseries_request", 1, 2, json!([{ "data_source": "metrics" }])),
    ] {
        assert_eq!(datadog.post("/api/v2/query/timeseries", &request).await.0, 400, "{request}");
    }
    let without_aggregator = asked("scalar_request", 1, 2, fine);
    assert_eq!(datadog.post("/api/v2/query/scalar", &without_aggregator).await.0, 400);
    assert_eq!(datadog.get("/api/v1/query?from=1&query=avg:runs{*}").await.0, 400);
    assert_eq!(datadog.get("/api/v1/metrics").await.0, 400);
}

#[tokio::test]
async fn lists_the_metrics_that_have_a_point_since() {
    let datadog = filled().await;
    let names = async |query: String| datadog.get(&format!("/api/v1/metrics?{query}")).await.1["metrics"].clone();
    assert_eq!(names(format!("from={NOW}")).await, json!(["prs.open", "runs"]));
    assert_eq!(names(format!("from={}", NOW + 1)).await, json!([]));
    assert_eq!(names(format!("from={NOW}&tag_filter=env:dev")).await, json!(["runs"]));
}

#[tokio::test]
async fn metadata_is_unknown_until_a_point_was_stored() {
    let datadog = Datadog::start();
    let path = "/api/v1/metrics/prs.open";
    let fields = json!({ "type": "gauge", "unit": "hour", "description": "Open ones" });
    assert_eq!(datadog.get(path).await.0, 404);
    assert_eq!(datadog.put(path, &fields).await.0, 404);
    datadog.submit(json!([gauge("prs.open", &[], NOW - 4_000, 1.0)])).await;
    assert_eq!(datadog.get(path).await.0, 404, "a point that was dropped makes no metric");

    datadog.submit(json!([gauge("prs.open", &[], NOW, 1.0)])).await;
    assert_eq!(datadog.get(path).await, (200, json!({ "type": "gauge" })));
    assert_eq!(datadog.put(path, &fields).await, (200, fields.clone()));
    datadog.put(path, &json!({ "short_name": "open" })).await;
    let all = json!({ "type": "gauge", "unit": "hour", "description": "Open ones", "short_name": "open" });
    assert_eq!(datadog.get(path).await, (200, all));
    assert!(datadog.store.violations().is_empty());

    for bad in [json!([]), json!({ "unit": 1 }), json!({ "type": "set" }), json!({ "integration": "x" })] {
        assert_eq!(datadog.put(path, &bad).await.0, 400, "{bad}");
    }
    datadog.put(path, &json!({ "unit": "pull request" })).await;
    assert_eq!(datadog.store.violations().len(), 1, "a unit that is not on the list is noted");
}

#[tokio::test]
async fn reads_need_the_application_key_too() {
    let datadog = filled().await;
    let keys = datadog.store.keys();
    for path in ["/api/v1/metrics?from=1", "/api/v1/metrics/runs", "/api/v1/query", "/api/v1/dashboard?count=1"] {
        for (api, application) in
            [(keys.api.as_str(), "wrong"), (keys.api.as_str(), ""), ("wrong", keys.application.as_str())]
        {
            let request = datadog.client.get(datadog.url(path)).header("dd-api-key", api);
            let reply = request.header("dd-application-key", application).send().await.unwrap();
            assert_eq!(read(reply).await, (403, json!({ "errors": ["Forbidden"] })), "{path}");
        }
    }
    for path in ["/api/v2/query/timeseries", "/api/v2/query/scalar"] {
        let reply = datadog.client.post(datadog.url(path)).header("dd-api-key", &keys.api).send().await.unwrap();
        assert_eq!(reply.status(), 403, "{path}");
    }
    assert_eq!(datadog.get("/api/v1/dashboard?count=1").await, (200, json!({ "dashboards": [] })));
}

#[tokio::test]
async fn reads_carry_their_limit_and_are_refused_beyond_it() {
    let datadog = filled().await;
    // A period of ten days does not end within this test, but for one moment in ten days: then both halves are counted anew.
    datadog.store.set_read_limit(2, Duration::from_secs(864_000));
    let ask = || datadog.with_keys(datadog.client.get(datadog.url("/api/v1/dashboard?count=1"))).send();
    for (status, remaining) in [(200, "1"), (200, "0"), (429, "0")] {
        let reply = ask().await.unwrap();
        assert_eq!(reply.status(), status);
        let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-ratelimit-remaining"), remaining);
        assert_eq!((header("x-ratelimit-limit"), header("x-ratelimit-period")), ("2".to_owned(), "864000".to_owned()));
        let reset: u64 = header("x-ratelimit-reset").parse().unwrap();
        assert!((1..=864_000).contains(&reset));
        assert_eq!(header("x-ratelimit-name"), "dashboards");
    }
    assert_eq!(datadog.get("/api/v1/metrics/runs").await.0, 200, "each kind has its own count");
    datadog.submit(json!([gauge("runs", &[], NOW, 1.0)])).await;
}

#[tokio::test]
async fn an_unknown_path_is_a_404_in_the_vendors_shape() {
    let datadog = Datadog::start();
    assert_eq!(datadog.get("/api/v9/series").await, (404, json!({ "errors": ["Not Found"] })));
}
