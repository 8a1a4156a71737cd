//! Bodies against Datadog's published schema.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::NOW;
use super::intake::Intake;
use super::intake::raw;
use super::point;
use super::points;
use super::sink;
use super::soon;

/// The folder of contracts: ORGPULSE_CONTRACTS, else beside the checkout.
fn contracts() -> Option<PathBuf> {
    let folder = match std::env::var_os("ORGPULSE_CONTRACTS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/contracts")),
    };
    folder.is_dir().then_some(folder)
}

/// Fails unless a body is what a published schema says; of the schemas in `closed` no unknown key passes.
#[expect(clippy::print_stderr, reason = "a check that cannot be made here must not pass in silence")]
pub fn hold(schema: &str, closed: &[&str], body: &Value) {
    let Some(folder) = contracts() else {
        assert!(std::env::var_os("CI").is_none(), "set ORGPULSE_CONTRACTS to the folder of Datadog's contract");
        eprintln!("NOT CHECKED against Datadog's schema: set ORGPULSE_CONTRACTS to the folder of contracts");
        return;
    };
    let text = std::fs::read_to_string(folder.join("datadog/openapi-v2.subset.yaml")).unwrap();
    let mut document: Value = serde_saphyr::from_str(&text).unwrap();
    for name in closed.iter().copied().chain([schema]) {
        let schema = &mut document["components"]["schemas"][name];
        assert!(schema["properties"].is_object(), "{name}");
        schema["additionalProperties"] = json!(false);
    }
    let reference = format!("#/components/schemas/{schema}");
    let root = json!({ "$ref": reference, "components": document["components"] });
    let validator = jsonschema::validator_for(&root).unwrap();
    assert!(!validator.is_valid(&json!({})), "the schema {schema} must refuse an empty body");
    let errors: Vec<_> = validator.iter_errors(body).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a check that cannot be made here must not pass in silence")]
async fn bodies_hold_against_the_published_schema() {
    let Some(folder) = contracts() else {
        assert!(std::env::var_os("CI").is_none(), "set ORGPULSE_CONTRACTS to the folder of Datadog's contract");
        eprintln!("NOT CHECKED against Datadog's schema: set ORGPULSE_CONTRACTS to the folder of contracts");
        return;
    };
    let text = std::fs::read_to_string(folder.join("datadog/openapi-v2.subset.yaml")).unwrap();
    let mut document: Value = serde_saphyr::from_str(&text).unwrap();
    let schemas = &mut document["components"]["schemas"];
    // The schema lets unknown keys pass; a misspelt one would be lost silently.
    for name in ["MetricPayload", "MetricSeries", "MetricPoint"] {
        assert!(schemas[name]["properties"].is_object(), "{name}");
        schemas[name]["additionalProperties"] = json!(false);
        schemas[name]["required"] =
            schemas[name]["properties"].as_object().unwrap().keys().filter(|key| needed(key)).cloned().collect();
    }
    let root = json!({ "$ref": "#/components/schemas/MetricPayload", "components": document["components"] });
    let validator = jsonschema::validator_for(&root).unwrap();
    for broken in [
        json!({ "series": [{ "metric": "a", "type": 3, "points": [[NOW, 1]], "tags": [] }] }),
        json!({ "series": [{ "metric": "a", "type": "gauge", "points": [], "tags": [] }] }),
        json!({ "series": [{ "metric": "a", "type": 3, "points": [], "tags": [], "host": "x" }] }),
        json!({}),
    ] {
        assert!(!validator.is_valid(&broken), "the schema must refuse {broken}");
    }

    let intake = Intake::start().await;
    let mut points = points(100);
    points.push(point("ünïcode \"quotes\" \\", 1e-300, NOW));
    points.push(point("large", f64::MAX, NOW));
    points.push(point("negative", -0.5, NOW - 60));
    sink(&intake.url, None).deliver(points, soon()).await;
    let received = intake.received();
    assert_eq!(intake.stored().len(), 103);
    for received in received {
        let body: Value = serde_json::from_slice(&raw(&received.headers, &received.body)).unwrap();
        let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

fn needed(key: &str) -> bool {
    matches!(key, "series" | "metric" | "points" | "type" | "tags" | "timestamp" | "value")
}
