//! Replies held against the vendor's published OpenAPI, where that file is at hand.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

mod support;

use std::io::Write;
use std::path::PathBuf;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use support::Datadog;
use support::NOW;
use support::gauge;
use support::read;

/// The published description, its `nullable` turned into what JSON Schema knows; none where the folder of contracts is
/// not beside the checkout.
fn published(file: &str) -> Option<Value> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let folder = std::env::var_os("ORGPULSE_CONTRACTS").map_or(beside, PathBuf::from);
    let path = folder.join("datadog").join(file);
    if !path.is_file() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing, and CI must check against it", path.display());
        // Not by eprintln!, which the test runner swallows when a test passes.
        let line = format!("NOT CHECKED against the published API: {} is not there\n", path.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let mut description: Value = serde_saphyr::from_str(&text).unwrap();
    allow_null(&mut description);
    Some(description)
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

/// Holds a reply against the schema that the description gives for its status, as it would hold a real one.
fn assert_holds(description: &Value, path: &str, method: &str, reply: &(u16, Value)) {
    let (status, body) = reply;
    let responses = &description["paths"][path][method]["responses"];
    let mut response = &responses[status.to_string()];
    if let Some(reference) = response["$ref"].as_str() {
        response = description.pointer(reference.trim_start_matches('#')).unwrap();
    }
    let schema = &response["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {path} does not publish a {status}");
    assert_matches(description, schema, body, &format!("{method} {path} {status}"));
}

fn assert_matches(description: &Value, schema: &Value, body: &Value, what: &str) {
    let mut whole: Map<String, Value> = schema.as_object().unwrap().clone();
    whole.insert("components".to_owned(), description["components"].clone());
    let validator = jsonschema::validator_for(&Value::Object(whole)).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?} in {body}");
}

async fn filled() -> Datadog {
    let datadog = Datadog::start();
    let mut one = gauge("prs.open", &["repo:a", "env:x"], NOW, 1.5);
    one["unit"] = json!("hour");
    datadog.submit(json!([one, gauge("runs", &["repo:b", "env:x"], NOW - 60, 2.0)])).await;
    datadog
}

#[test]
fn the_conversion_of_nullable_keeps_what_it_must_refuse() {
    let mut schema = json!({ "type": "object", "properties": { "a": { "type": "number", "nullable": true } } });
    allow_null(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json!({ "a": null })) && validator.is_valid(&json!({ "a": 1 })));
    assert!(!validator.is_valid(&json!({ "a": "1" })));
}

#[tokio::test]
async fn replies_of_the_v2_api_hold_to_it() {
    let Some(published) = published("openapi-v2.subset.yaml") else { return };
    let datadog = filled().await;
    let series = "/api/v2/series";
    let payload = json!({ "series": [gauge("runs", &["env:x"], NOW, 3.0)] });
    assert_matches(&published, &published["components"]["schemas"]["MetricPayload"], &payload, "what the tests submit");
    let taken = read(datadog.intake().json(&payload).send().await.unwrap()).await;
    let refused = read(datadog.intake().body("{}").send().await.unwrap()).await;
    let too_large = read(datadog.intake().body(vec![b' '; 512_001]).send().await.unwrap()).await;
    let forbidden = read(datadog.client.post(datadog.url(series)).send().await.unwrap()).await;
    for (reply, status) in [(taken, 202), (refused, 400), (too_large, 413), (forbidden, 403)] {
        assert_eq!(reply.0, status);
        assert_holds(&published, series, "post", &reply);
    }

    for (path, kind) in [("/api/v2/query/timeseries", "timeseries_request"), ("/api/v2/query/scalar", "scalar_request")]
    {
        let ask = async |query: &str, from: i64| {
            let queries: Vec<Value> = [query, "avg:runs{*} by {repo}"]
                .iter()
                .map(|query| json!({ "data_source": "metrics", "query": query, "aggregator": "last" }))
                .collect();
            let attributes = json!({ "from": from * 1000, "to": (NOW + 1) * 1000, "queries": queries });
            datadog.post(path, &json!({ "data": { "type": kind, "attributes": attributes } })).await
        };
        let full = ask("avg:prs.open{*} by {repo}", NOW - 3_600).await;
        assert!(full.1["data"].is_object(), "{full:?}");
        let empty = ask("avg:prs.open{*} by {repo}", NOW + 1).await;
        let errors = ask("avg:prs.open{", NOW).await;
        assert!(errors.1["errors"].is_string(), "{errors:?}");
        let refused = datadog.post(path, &json!({})).await;
        let forbidden = read(datadog.client.post(datadog.url(path)).send().await.unwrap()).await;
        assert_eq!((refused.0, forbidden.0), (400, 403));
        for reply in [full, empty, errors, refused, forbidden] {
            assert_holds(&published, path, "post", &reply);
        }
    }
}

#[tokio::test]
async fn replies_of_the_v1_api_hold_to_it() {
    let Some(published) = published("openapi-v1.subset.yaml") else { return };
    let datadog = filled().await;
    let range = format!("from={}&to={}", NOW - 3_600, NOW + 1);
    for (described, asked, status) in [
        ("/api/v1/validate", "/api/v1/validate", 200),
        ("/api/v1/metrics", &*format!("/api/v1/metrics?from={NOW}"), 200),
        ("/api/v1/metrics", "/api/v1/metrics", 400),
        ("/api/v1/metrics/{metric_name}", "/api/v1/metrics/prs.open", 200),
        ("/api/v1/metrics/{metric_name}", "/api/v1/metrics/unheard.of", 404),
        ("/api/v1/query", &*format!("/api/v1/query?{range}&query=avg:prs.open{{*}}%20by%20{{repo}}"), 200),
        ("/api/v1/query", &*format!("/api/v1/query?{range}&query=max:runs{{*}}"), 200),
        ("/api/v1/query", &*format!("/api/v1/query?{range}&query=nonsense"), 200),
        ("/api/v1/query", "/api/v1/query", 400),
        ("/api/v1/dashboard", "/api/v1/dashboard?count=1", 200),
    ] {
        let reply = datadog.get(asked).await;
        assert_eq!(reply.0, status, "{asked}");
        assert_holds(&published, described, "get", &reply);
        if described != "/api/v1/validate" {
            let forbidden = read(datadog.client.get(datadog.url(asked)).send().await.unwrap()).await;
            assert_holds(&published, described, "get", &forbidden);
        }
    }
    let path = "/api/v1/metrics/{metric_name}";
    let fields =
        json!({ "type": "gauge", "unit": "hour", "description": "d", "short_name": "s", "statsd_interval": 10 });
    let set = datadog.put("/api/v1/metrics/prs.open", &fields).await;
    let unknown = datadog.put("/api/v1/metrics/unheard.of", &fields).await;
    let refused = datadog.put("/api/v1/metrics/prs.open", &json!({ "unit": 1 })).await;
    assert_eq!((set.0, unknown.0, refused.0), (200, 404, 400));
    for reply in [set, unknown, refused] {
        assert_holds(&published, path, "put", &reply);
    }
}
