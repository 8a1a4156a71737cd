//! What is asked for, held to Asana's published OpenAPI.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::Request;
use crate::fetch;
use crate::metrics::projects::KNOWN;
use crate::metrics::sample::now;
use crate::testing::configured_as;

/// It works, and the published list of fields for listings of projects stops one level above it: `fields_of_a_status`
/// checks it in another place.
const NOT_LISTED: &str = "current_status_update.status_type";

/// The document: ORGPULSE_CONTRACTS names the folder, else it is beside the checkout.
#[expect(clippy::print_stderr, reason = "a check that cannot be made here must not pass in silence")]
fn published() -> Option<Value> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts").to_owned();
    let folder = std::env::var("ORGPULSE_CONTRACTS").unwrap_or(beside);
    let Ok(text) = std::fs::read_to_string(format!("{folder}/asana/asana_oas.subset.yaml")) else {
        assert!(std::env::var_os("CI").is_none(), "set ORGPULSE_CONTRACTS to the folder of Asana's contract");
        eprintln!("NOT CHECKED against Asana's OpenAPI: set ORGPULSE_CONTRACTS to the folder of contracts");
        return None;
    };
    Some(serde_saphyr::from_str(&text).unwrap())
}

/// The parameters of a GET, with what their references stand for.
fn parameters<'a>(document: &'a Value, path: &str) -> Vec<&'a Value> {
    let item = &document["paths"][path];
    assert!(item["get"].is_object(), "no GET {path}");
    let both = [&item["parameters"], &item["get"]["parameters"]].into_iter().filter_map(Value::as_array).flatten();
    both.map(|one| match one["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => one,
    })
    .collect()
}

/// What of a request the document does not know.
fn unknown(document: &Value, path: &str, request: &Request) -> Vec<String> {
    let parameters = parameters(document, path);
    let named = |name: &str| parameters.iter().find(|one| one["name"] == name && one["in"] == "query").copied();
    let mut unknown: Vec<String> = request
        .query
        .iter()
        .filter(|(key, _)| named(key).is_none())
        .map(|(key, _)| format!("{path}: parameter {key}"))
        .collect();
    let fields: BTreeSet<&str> = named("opt_fields").unwrap()["schema"]["items"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let asked = request.query.iter().filter(|(key, _)| *key == "opt_fields").flat_map(|(_, list)| list.split(','));
    unknown.extend(asked.filter(|field| !fields.contains(field)).map(|field| format!("{path}: field {field}")));
    unknown
}

#[test]
fn every_request_is_one_that_the_document_knows() {
    let Some(document) = published() else { return };
    let config = configured_as("http://unused", &[], Some("99"));
    let requests = [
        ("/projects", fetch::projects_request("12")),
        ("/projects/{project_gid}", fetch::standing_request("1")),
        ("/projects/{project_gid}/tasks", fetch::tasks_request(&config, "1", now())),
        ("/projects/{project_gid}/tasks", fetch::tasks_request(&config, "99", now())),
        ("/users/{user_gid}", fetch::me_request()),
    ];
    for (path, request) in requests {
        let mut found = unknown(&document, path, &request);
        found.retain(|one| !one.ends_with(NOT_LISTED));
        assert!(found.is_empty(), "{found:?}");
        let pattern = path.replace("{project_gid}", "").replace("{user_gid}", "");
        assert!(pattern.split("//").all(|part| request.path.contains(part)), "{} is not {path}", request.path);
        if path == "/projects" || path.ends_with("/tasks") {
            for paging in ["limit", "offset"] {
                assert!(parameters(&document, path).iter().any(|one| one["name"] == paging), "{path}: {paging}");
            }
        }
    }
    let mut wrong = fetch::tasks_request(&config, "1", now());
    wrong.query.push(("opt_fields", "asignee".to_owned()));
    wrong.query.push(("complete_since", String::new()));
    assert_eq!(unknown(&document, "/projects/{project_gid}/tasks", &wrong).len(), 2);
}

#[test]
fn fields_of_a_status() {
    let Some(document) = published() else { return };
    let status = &document["components"]["schemas"]["StatusUpdateBase"]["allOf"][1]["properties"]["status_type"];
    let words: BTreeSet<&str> = status["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    // Those of goals alone are no project's.
    let of_projects: BTreeSet<&str> =
        words.into_iter().filter(|word| !["achieved", "partial", "missed"].contains(word)).collect();
    assert_eq!(of_projects, KNOWN.into_iter().collect());
}
