//! Replies, parameters and fields held against Asana's published OpenAPI, where that file is at hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

mod asana_desk;

use asana_desk::Desk;
use asana_desk::Told;
use asana_desk::told;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use simulator::asana::OPERATIONS;
use simulator::asana::Throttle;
use simulator::organisation::asana::Task;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

/// Simulated, and left out of the subset that is at hand.
const NOT_AT_HAND: &str = "/workspaces/{workspace_gid}";

/// The published description.
struct Published {
    /// As it is, with every compact object replaced by the whole one: the compact has only what is shown unasked.
    plain: Value,
    /// Its schemas, with `nullable` turned into what JSON Schema knows.
    components: Value,
}

/// None where the folder of contracts is not beside the checkout.
fn published() -> Option<Published> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let folder = std::env::var_os("ORGPULSE_CONTRACTS").map_or(beside, PathBuf::from);
    let path = folder.join("asana/asana_oas.subset.yaml");
    if !path.is_file() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing, and CI must check against it", path.display());
        // Not by eprintln!, which the test runner swallows when a test passes.
        let line = format!("NOT CHECKED against Asana's published API: {} is not there\n", path.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    let mut description: Value = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    // Of a task in no section Asana sends null, which its description does not allow for.
    let memberships = "/components/schemas/TaskBase/allOf/1/properties/memberships/items/properties/section";
    let section = description.pointer_mut(memberships).unwrap();
    *section = json!({ "allOf": [section.clone()], "nullable": true });
    let mut plain = whole(&description, &description);
    for (name, schema) in plain["components"]["schemas"].as_object_mut().unwrap() {
        // A whole object is put together from the compact one.
        let before = &description["components"]["schemas"][name];
        if before["$ref"].is_string() {
            *schema = before.clone();
        }
        for (i, part) in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
            if part["$ref"].is_string() {
                *part = before["allOf"][i].clone();
            }
        }
    }
    // Required of who writes one; a reply shows what was asked for.
    let status = &mut plain["components"]["schemas"]["StatusUpdateBase"]["allOf"][1];
    assert!(status.as_object_mut().unwrap().remove("required").is_some());
    let mut components = plain["components"].clone();
    allow_null(&mut components);
    Some(Published { plain, components })
}

/// `nullable` turned into what JSON Schema knows, and `allOf` of an object and `nullable` with it.
fn allow_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        Value::Object(fields) => {
            let parts = fields.get("allOf").and_then(Value::as_array);
            let by_part = parts.is_some_and(|parts| parts.iter().any(|part| part["nullable"] == true));
            if by_part && let Some(parts) = fields.get_mut("allOf").and_then(Value::as_array_mut) {
                parts.iter_mut().filter_map(Value::as_object_mut).for_each(|part| drop(part.remove("nullable")));
            }
            fields.values_mut().for_each(allow_null);
            if by_part || fields.get("nullable") == Some(&Value::Bool(true)) {
                let mut inner = std::mem::take(fields);
                inner.remove("nullable");
                fields.insert("anyOf".to_owned(), json!([inner, { "type": "null" }]));
            }
        }
        _ => {}
    }
}

fn resolved<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolved(description, description.pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

/// The name of a schema by which an object is shown whole: the compact one has only what is shown unasked.
fn whole_of(description: &Value, reference: &str) -> String {
    let whole = reference.replace("Compact", "Response");
    if description.pointer(whole.trim_start_matches('#')).is_some() { whole } else { reference.to_owned() }
}

fn whole(description: &Value, schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(|item| whole(description, item)).collect(),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| match (key.as_str(), value.as_str()) {
                ("$ref", Some(reference)) => (key.clone(), whole_of(description, reference).into()),
                _ => (key.clone(), whole(description, value)),
            };
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// The properties of an object by a schema and all that it is put together from.
fn properties<'a>(description: &'a Value, schema: &'a Value, out: &mut Map<String, Value>) {
    let schema = resolved(description, schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        properties(description, part, out);
    }
    out.extend(schema["properties"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
}

/// Every key of the value that its schema does not have; a description that forbids no surplus would let it pass.
fn surplus(description: &Value, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            let inner = &resolved(description, schema)["items"];
            items.iter().for_each(|item| surplus(description, inner, item, &format!("{at}[]"), out));
        }
        Value::Object(fields) => {
            let mut known = Map::new();
            properties(description, schema, &mut known);
            for (key, value) in fields {
                match known.get(key) {
                    Some(schema) => surplus(description, schema, value, &format!("{at}.{key}"), out),
                    None => out.push(format!("{at}.{key}")),
                }
            }
        }
        _ => {}
    }
}

/// Holds a reply against the schema that the description gives for its status; a status that it does not give for this
/// operation against the schema of all errors.
fn assert_holds(published: &Published, path: &str, told: &Told) {
    let plain = &published.plain;
    let response = &plain["paths"][path]["get"]["responses"][told.status.to_string()];
    let found = &resolved(plain, response)["content"]["application/json"]["schema"];
    let mut schema = match (found.is_object(), told.status) {
        (true, _) => found.clone(),
        (false, 402 | 429) => json!({ "$ref": "#/components/schemas/ErrorResponse" }),
        _ => panic!("{path} does not publish a {}", told.status),
    };
    let mut extra = Vec::new();
    surplus(plain, &schema, &told.body, "", &mut extra);
    // The subset lacks the whole form of some objects, and yet names their fields.
    let (_, fields) = parameters(published, path);
    extra.retain(|key| {
        !fields.iter().any(|field| *key == format!(".data.{field}") || *key == format!(".data[].{field}"))
    });
    assert!(extra.is_empty(), "{path} {}: not published: {extra:?}", told.status);
    allow_null(&mut schema);
    schema["components"] = published.components.clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&told.body).map(|e| format!("{}: {e}", e.instance_path())).take(5).collect();
    assert!(errors.is_empty(), "{path} {}: {errors:#?}", told.status);
}

/// An address for every operation, and whether it is a listing.
fn addresses(desk: &Desk) -> Vec<(&'static str, String, bool)> {
    let asana = desk.asana();
    let bugs = &asana.projects[asana.bugs.unwrap()];
    let place = |t: &Task| t.membership(asana.bugs.unwrap()).and_then(|m| m.section);
    let (task, section) = asana.tasks.iter().find_map(|t| Some((&t.gid, place(t)?))).unwrap();
    let (workspace, section) = (desk.workspace(), &bugs.sections[section].gid);
    let with_status = asana.projects.iter().find(|p| p.is_visible && !p.statuses.is_empty()).unwrap();
    let address = |template: &'static str| match template {
        "/users/{user_gid}" => ("/users/me?".to_owned(), false),
        "/workspaces" => ("/workspaces?".to_owned(), true),
        "/workspaces/{workspace_gid}/projects" => (format!("/workspaces/{workspace}/projects?"), true),
        "/projects" => (format!("/projects?workspace={workspace}&"), true),
        "/projects/{project_gid}" => (format!("/projects/{}?", with_status.gid), false),
        "/projects/{project_gid}/sections" => (format!("/projects/{}/sections?", bugs.gid), true),
        "/projects/{project_gid}/tasks" => (format!("/projects/{}/tasks?", bugs.gid), true),
        "/sections/{section_gid}" => (format!("/sections/{section}?"), false),
        "/sections/{section_gid}/tasks" => (format!("/sections/{section}/tasks?"), true),
        "/tasks" => (format!("/tasks?project={}&", bugs.gid), true),
        "/tasks/{task_gid}" => (format!("/tasks/{task}?"), false),
        "/status_updates" => (format!("/status_updates?parent={}&", with_status.gid), true),
        other => panic!("no address for {other}"),
    };
    let here = OPERATIONS.iter().map(|operation| operation.path).filter(|path| *path != NOT_AT_HAND);
    here.map(|template| (template, address(template))).map(|(t, (path, is_list))| (t, path, is_list)).collect()
}

/// The published parameters of an operation, those of its path left out, and the fields it can be asked for.
fn parameters(published: &Published, path: &str) -> (BTreeSet<String>, Vec<String>) {
    let description = &published.plain;
    let operation = &description["paths"][path];
    let all = [&operation["parameters"], &operation["get"]["parameters"]];
    let all = all.into_iter().filter_map(Value::as_array).flatten().map(|p| resolved(description, p));
    let (mut names, mut fields) = (BTreeSet::new(), Vec::new());
    for parameter in all.filter(|p| p["in"] == "query") {
        let name = parameter["name"].as_str().unwrap();
        names.insert(name.to_owned());
        if name == "opt_fields" {
            let published = parameter["schema"]["items"]["enum"].as_array().unwrap();
            fields.extend(published.iter().map(|f| f.as_str().unwrap().to_owned()));
        }
    }
    (names, fields)
}

#[test]
fn the_check_finds_what_it_is_to_find() {
    let Some(published) = published() else { return };
    let schema = json!({ "$ref": "#/components/schemas/TaskResponse" });
    let value =
        json!({ "gid": "1", "assignee": { "gid": "2", "age": 3 }, "memberships": [{ "place": 1 }], "colour": 1 });
    let mut extra = Vec::new();
    surplus(&published.plain, &schema, &value, "", &mut extra);
    extra.sort();
    assert_eq!(extra, [".assignee.age", ".colour", ".memberships[].place"]);
    let mut nullable = json!({ "allOf": [{ "type": "object" }, { "nullable": true }] });
    allow_null(&mut nullable);
    let validator = jsonschema::validator_for(&nullable).unwrap();
    assert!(validator.is_valid(&Value::Null) && validator.is_valid(&json!({})) && !validator.is_valid(&json!(1)));
}

#[test]
fn the_parameters_are_the_published_ones() {
    let Some(published) = published() else { return };
    for operation in OPERATIONS.iter().filter(|operation| operation.path != NOT_AT_HAND) {
        let (mut names, _) = parameters(&published, operation.path);
        assert!(names.remove("opt_fields") && names.remove("opt_pretty"), "{}", operation.path);
        let known: BTreeSet<String> = operation.parameters.iter().map(|p| (*p).to_owned()).collect();
        assert_eq!(known, names, "{}", operation.path);
    }
}

#[tokio::test]
async fn every_published_field_is_served_or_refused() {
    let Some(published) = published() else { return };
    let desk = Desk::small();
    let mut served = 0;
    for (template, path, _) in addresses(&desk) {
        for field in parameters(&published, template).1 {
            let told = desk.get(&format!("{path}limit=2&opt_fields={field}")).await;
            assert!([200, 501].contains(&told.status), "{template} {field}: {}", told.body);
            served += usize::from(told.status == 200);
        }
    }
    assert!(served > 150, "{served}");
    let odd = desk.simulator.asana().oddities();
    let odd: Vec<&String> = odd.iter().filter(|odd| !odd.ends_with("parameter limit")).collect();
    assert!(odd.is_empty(), "published, and not known here: {odd:?}");
}

#[tokio::test]
async fn replies_hold_to_the_published_schemas() {
    let Some(published) = published() else { return };
    let desk = Desk::small();
    for (template, path, is_list) in addresses(&desk) {
        let limit = if is_list { "limit=100&" } else { "" };
        let mut some = 0;
        let (_, fields) = parameters(&published, template);
        // Each by itself, to know which are served; then all of those at once.
        let mut served = Vec::new();
        for field in fields {
            if desk.get(&format!("{path}{limit}opt_fields={field}")).await.status == 200 {
                served.push(field);
            }
        }
        for query in [limit.to_owned(), format!("{limit}opt_fields={}", served.join(",")), "opt_pretty".to_owned()] {
            let told = desk.get(&format!("{path}{query}")).await;
            assert_eq!(told.status, 200, "{path}{query}: {}", told.body);
            assert_holds(&published, template, &told);
            some += told.body["data"].as_array().map_or(1, Vec::len);
        }
        assert!(some > 2, "{path} shows next to nothing");
        let anonymous = told(desk.request(&path)).await;
        let refused = desk.get(&format!("{path}limit=0")).await;
        assert_eq!((anonymous.status, refused.status), (401, if is_list { 400 } else { 200 }));
        desk.simulator.asana().throttle(Throttle { retry_after: Some(1), requests: 1 });
        let throttled = desk.get(&path).await;
        assert_eq!(throttled.status, 429);
        for told in [anonymous, refused, throttled] {
            assert_holds(&published, template, &told);
        }
    }
    let (tasks, search) = ("/projects/{project_gid}/tasks", "/workspaces/{workspace_gid}/tasks/search");
    let hidden = &desk.asana().projects.iter().find(|p| !p.is_visible).unwrap().gid;
    for (template, path, status) in [
        (tasks, format!("/projects/{hidden}/tasks"), 403),
        (tasks, "/projects/4/tasks".to_owned(), 404),
        (search, format!("/workspaces/{}/tasks/search", desk.workspace()), 402),
    ] {
        let told = desk.get(&path).await;
        assert_eq!(told.status, status, "{path}");
        assert_holds(&published, template, &told);
    }
}
