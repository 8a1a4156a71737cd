//! What is written about the program is what the program says.

use serde_json::Value;

use crate::support::bare;
use crate::support::finish;
use crate::support::root;

async fn output(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let ran = finish(bare(home.path(), arguments)).await;
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    ran.stdout
}

#[tokio::test]
async fn the_catalog_as_json_has_every_field_of_every_metric() {
    let metrics: Vec<Value> = serde_json::from_str(&output(&["metrics", "--format", "json"]).await).unwrap();
    assert!(metrics.len() > 50);
    for metric in &metrics {
        for key in ["name", "collector", "unit", "description", "tags", "absent_when"] {
            assert!(!metric[key].is_null(), "{key} of {metric}");
        }
        assert!(metric["description"].as_str().is_some_and(|text| text.len() > 5), "{metric}");
    }
}

/// The specification of the run's own metrics, where it lies beside the checkout.
#[tokio::test]
async fn the_runs_own_metrics_are_those_of_the_specification() {
    let folder = std::env::var("ORGPULSE_SPEC").unwrap_or_else(|_| "../shared/spec".to_owned());
    let path = root().join(folder).join("metrics.yaml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "{} is not there", path.display());
        eprintln!("NOT CHECKED: {} is not there", path.display());
        return;
    };
    let spec: Value = serde_saphyr::from_str(&text).unwrap();
    let found: Vec<Value> = serde_json::from_str(&output(&["metrics", "self", "--format", "json"]).await).unwrap();
    let expected = spec["self"]["metrics"].as_array().unwrap();
    let names = |metrics: &[Value]| metrics.iter().map(|metric| metric["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&found), names(expected));
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found["unit"], expected["unit"], "{expected}");
        let tags = if expected["tags_override"].is_null() { &spec["self"]["tags"] } else { &expected["tags_override"] };
        assert_eq!(&found["tags"], tags, "{expected}");
    }
}
