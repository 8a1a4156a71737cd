//! The simulated API server of SkyPilot, asked as a client asks it, and held against what real ones answered.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use reqwest::Client;
use reqwest::RequestBuilder;
use serde_json::Value;
use serde_json::json;
use simulator::Options;
use simulator::Scale;
use simulator::Simulator;
use simulator::organisation::skypilot::SkyPilot;
use simulator::organisation::skypilot::SkyPilotScale;
use simulator::skypilot::Release;
use simulator::skypilot::TOKEN;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

const NOW: &str = "2026-11-20T12:00:00Z";

struct Sky {
    simulator: Simulator,
    client: Client,
}

impl Sky {
    fn start(skypilot: SkyPilotScale) -> Sky {
        let scale = Scale { skypilot, ..Scale::small() };
        let options = Options { scale, now: Some(NOW.parse().unwrap()), ..Options::default() };
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Sky { simulator: Simulator::start(options).unwrap(), client }
    }

    fn small() -> Sky {
        Sky::start(SkyPilotScale::small())
    }

    fn described(&self) -> &SkyPilot {
        &self.simulator.organisation().skypilot
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.skypilot_url())
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(self.url(path)).bearer_auth(TOKEN).json(body)
    }

    /// Posts an operation and fetches what became of it.
    async fn run(&self, path: &str, body: &Value) -> (u16, Value) {
        let reply = self.post(path, body).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let id = reply.headers()["x-skypilot-request-id"].to_str().unwrap().to_owned();
        assert_eq!(reply.text().await.unwrap(), "null");
        tell(self.client.get(self.url(&format!("/api/get?request_id={id}"))).bearer_auth(TOKEN)).await
    }

    /// What an operation returned.
    async fn result(&self, path: &str, body: &Value) -> Value {
        let (status, payload) = self.run(path, body).await;
        assert_eq!((status, &payload["status"]), (200, &"SUCCEEDED".into()), "{payload}");
        serde_json::from_str(payload["return_value"].as_str().unwrap()).unwrap()
    }

    async fn queue(&self, body: Value) -> Value {
        self.result("/jobs/queue/v2", &body).await
    }
}

async fn tell(request: RequestBuilder) -> (u16, Value) {
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    let text = reply.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// What a real server of 0.14.1 answered; none where the folder of contracts is not beside the checkout.
fn recorded(name: &str) -> Option<Value> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let folder = std::env::var_os("ORGPULSE_CONTRACTS").map_or(beside, PathBuf::from);
    let path = folder.join("skypilot/recorded").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) if std::env::var_os("CI").is_some() => panic!("{}: {error}", path.display()),
        Err(error) => {
            // Not by eprintln!, which the test runner swallows when a test passes.
            let line = format!("NOT CHECKED against SkyPilot's recorded answers: {}: {error}\n", path.display());
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            None
        }
    }
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap_or_else(|| panic!("{object} is no object")).keys().cloned().collect()
}

fn ids(queue: &Value) -> Vec<(i64, i64)> {
    let row = |row: &Value| (row["job_id"].as_i64().unwrap(), row["task_id"].as_i64().unwrap());
    queue["jobs"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn replies_have_the_keys_that_a_real_server_s_have() {
    let sky = Sky::small();
    let Some(health) = recorded("api_health.200.json") else { return };
    let told = tell(sky.client.get(sky.url("/api/health")).bearer_auth(TOKEN)).await;
    assert_eq!((told.0, keys(&told.1)), (200, keys(&health)));
    let (_, payload) = sky.run("/jobs/queue/v2", &json!({ "all_users": true })).await;
    let real = recorded("api_get.jobs_queue_v2.all.200.json").unwrap();
    assert_eq!(keys(&payload), keys(&real));
    let within = |payload: &Value| serde_json::from_str::<Value>(payload["return_value"].as_str().unwrap()).unwrap();
    let (queue, real) = (within(&payload), within(&real));
    assert_eq!(keys(&queue), keys(&real));
    let mut known = keys(&real["jobs"][0]);
    assert!(queue["jobs"].as_array().unwrap().iter().any(|row| keys(row) == known));
    // The recording has no live cluster, of which alone this is told.
    known.insert("accelerators".to_owned());
    for row in queue["jobs"].as_array().unwrap() {
        assert!(keys(row).is_subset(&known), "{row}");
        for (key, value) in real["jobs"][0].as_object().unwrap() {
            let alike = |a: &Value, b: &Value| std::mem::discriminant(a) == std::mem::discriminant(b);
            let others = real["jobs"].as_array().unwrap();
            let fits =
                row[key].is_null() || value.is_null() || others.iter().any(|other| alike(&other[key], &row[key]));
            assert!(fits, "{key}: {} is not of a type that was seen", row[key]);
        }
    }
    let down = Sky::start(SkyPilotScale { controller_is_up: false, ..SkyPilotScale::small() });
    let (status, told) = down.run("/jobs/queue/v2", &json!({})).await;
    let real = recorded("api_get.jobs_queue_v2.controller_down.500.json").unwrap();
    assert_eq!((status, keys(&told), keys(&told["detail"])), (500, keys(&real), keys(&real["detail"])));
    let error = |told: &Value| -> Value { serde_json::from_str(told["detail"]["error"].as_str().unwrap()).unwrap() };
    for key in ["type", "message"] {
        assert_eq!(error(&told)[key], error(&real)[key]);
    }
}

#[tokio::test]
async fn refusals_are_those_of_a_real_server() {
    let sky = Sky::small();
    let Some(real) = recorded("errors.json") else { return };
    let get = |id: &str| sky.client.get(sky.url(&format!("/api/get?request_id={id}"))).bearer_auth(TOKEN);
    let unknown = tell(get("00000000-0000-0000-0000-000000000000")).await;
    assert_eq!(unknown, (404, real["unknown request id (404)"].clone()));
    let none = tell(sky.client.post(sky.url("/jobs/queue/v2")).bearer_auth(TOKEN)).await;
    assert_eq!(none, (422, real["no body (422)"].clone()));
    let (status, told) = tell(sky.post("/jobs/queue/v2", &json!({ "limit": "x" }))).await;
    let expected = &real["bad type (422)"]["detail"][0];
    assert_eq!(
        (status, &told["detail"][0]["type"], &told["detail"][0]["loc"]),
        (422, &expected["type"], &expected["loc"])
    );
    let wrong = tell(sky.client.post(sky.url("/status")).bearer_auth("sky_wrong").json(&json!({}))).await;
    assert_eq!(wrong, (401, real["bearer bad (401)"].clone()));
    let nobody = tell(sky.client.post(sky.url("/status")).json(&json!({}))).await;
    assert_eq!(nobody, (401, Value::from("Authentication required")));
    assert_eq!(tell(sky.post("/api/cancel", &json!({}))).await, (403, real["role forbids (403)"].clone()));
    assert_eq!(tell(sky.client.get(sky.url("/jobs/queue/v2")).bearer_auth(TOKEN)).await.0, 405);
    let old =
        sky.post("/status", &json!({})).header("x-skypilot-api-version", "5").header("x-skypilot-version", "0.8.0");
    let (status, told) = tell(old).await;
    assert_eq!((status, &told["error"]), (400, &"version_mismatch".into()));
    // With one of the two headers alone the server looks at neither.
    assert_eq!(tell(sky.post("/status", &json!({})).header("x-skypilot-api-version", "5")).await.0, 200);
    assert_eq!(tell(sky.post("/jobs/queue/v2", &json!({ "name_match": "train" }))).await.0, 501);
    let health = tell(sky.client.get(sky.url("/api/health"))).await;
    assert_eq!((health.0, &health.1["status"]), (200, &"needs_auth".into()));
}

#[tokio::test]
async fn the_queue_filters_pages_and_counts() {
    let sky = Sky::small();
    let whole = sky.queue(json!({ "all_users": true })).await;
    let rows: usize = sky.described().jobs.iter().map(|job| job.tasks.len()).sum();
    assert_eq!((ids(&whole).len(), &whole["total"], &whole["total_no_filter"]), (rows, &rows.into(), &rows.into()));
    let counted: u64 = whole["status_counts"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(counted, rows as u64);
    assert!(ids(&whole).is_sorted_by_key(|(job, task)| (-job, *task)));
    assert_eq!(sky.queue(json!({})).await["total"], 0, "the caller has no job");

    let mut paged = Vec::new();
    for page in 1.. {
        let one = sky.queue(json!({ "all_users": true, "page": page, "limit": 7 })).await;
        assert_eq!(one["total"], rows);
        if ids(&one).is_empty() {
            break;
        }
        paged.extend(ids(&one));
    }
    assert_eq!(paged, ids(&whole));

    let failed = sky.queue(json!({ "all_users": true, "statuses": ["FAILED"], "fields": ["end_at", "no_such"] })).await;
    assert!(!ids(&failed).is_empty());
    assert_eq!(failed["status_counts"], whole["status_counts"], "counted without regard to the statuses asked for");
    for row in failed["jobs"].as_array().unwrap() {
        assert_eq!(keys(row), ["end_at", "job_id", "status", "task_id"].map(str::to_owned).into());
        assert_eq!(row["status"], "FAILED");
    }
    let open = sky.queue(json!({ "all_users": true, "skip_finished": true })).await;
    assert!(ids(&open).len() < rows && open["total_no_filter"] == rows);
    let (status, told) = sky.run("/jobs/queue/v2", &json!({ "limit": 0 })).await;
    assert_eq!(status, 500);
    assert!(told["detail"]["error"].as_str().unwrap().contains("ValueError"), "{told}");
}

#[tokio::test]
async fn rows_tell_what_the_description_says() {
    let sky = Sky::start(SkyPilotScale { running: 60, ..SkyPilotScale::small() });
    let whole = sky.queue(json!({ "all_users": true })).await;
    let (mut alive, mut shared) = (0, 0);
    for row in whole["jobs"].as_array().unwrap() {
        let job = sky.described().jobs.iter().find(|job| row["job_id"] == job.id).unwrap();
        let task = &job.tasks[row["task_id"].as_u64().unwrap() as usize];
        assert_eq!(row["status"], task.status);
        assert_eq!(row["job_duration"].as_f64(), task.duration);
        assert_eq!(row["resources"].as_str().unwrap().contains("[Spot]"), task.is_spot);
        assert_eq!(row["region"], task.place.as_ref().map_or("-", |place| place.region.as_str()));
        assert_eq!(row["submitted_at"].as_f64(), task.submitted_at.map(|at| at.as_millisecond() as f64 / 1000.0));
        alive += usize::from(task.is_alive);
        assert_eq!(row.get("accelerators").is_some(), task.is_alive);
        if let Some(worker) = &job.worker {
            shared += 1;
            assert_eq!(row["accelerators"], json!({ "H100": 8 }));
            assert_eq!(row["current_cluster_name"], worker.name);
        }
    }
    assert!(alive > 0 && shared > 0);
}

#[tokio::test]
async fn an_old_release_has_the_old_queue_alone() {
    let sky = Sky::small();
    sky.simulator.skypilot().set_release(Release::Old);
    assert_eq!(tell(sky.post("/jobs/queue/v2", &json!({}))).await.0, 404);
    let list = sky.result("/jobs/queue", &json!({ "all_users": true })).await;
    let row = &list.as_array().unwrap()[0];
    assert!(row.get("region").is_none() && row.get("user_name").is_none() && row.get("user_hash").is_some(), "{row}");
    let (_, health) = tell(sky.client.get(sky.url("/api/health")).bearer_auth(TOKEN)).await;
    assert_eq!((&health["api_version"], &health["version"]), (&"11".into(), &"0.10.0".into()));
}

#[tokio::test]
async fn clusters_come_with_secrets_unless_they_are_declined() {
    let sky = Sky::small();
    let text = |value: Value| value.to_string();
    let all = sky.result("/status", &json!({ "all_users": true })).await;
    assert_eq!(all.as_array().unwrap().len(), sky.described().clusters.len());
    assert!(text(all).contains("PRIVATE KEY"));
    let body = json!({ "all_users": true, "refresh": "NONE", "include_credentials": false, "include_handle": false });
    let told = text(sky.result("/status", &body).await);
    assert!(!told.contains("PRIVATE KEY") && !told.contains("handle"), "{told}");
    assert_eq!(sky.result("/status", &json!({})).await, json!([]), "the caller has no cluster");
}

#[tokio::test]
async fn it_fails_when_it_is_told_to() {
    let sky = Sky::small();
    let state = sky.simulator.skypilot();
    state.fail_operation("/status", "RuntimeError", "boom", 1);
    assert_eq!(sky.run("/status", &json!({})).await.0, 500);
    assert_eq!(sky.run("/status", &json!({})).await.0, 200);
    state.lose_rows(3, 1);
    let short = sky.queue(json!({ "all_users": true })).await;
    let rows = sky.queue(json!({ "all_users": true })).await;
    assert_eq!(ids(&short).len() + 3, ids(&rows).len());
    assert_eq!(short["status_counts"], rows["status_counts"]);
    state.result_after(Duration::from_millis(300));
    let before = Instant::now();
    sky.run("/status", &json!({})).await;
    assert!(before.elapsed() >= Duration::from_millis(300));
    state.revoke_after(1);
    assert_eq!(tell(sky.post("/status", &json!({}))).await.0, 200);
    assert_eq!(tell(sky.post("/status", &json!({}))).await.0, 401);
    assert_eq!(state.request_count(), 12);
}
