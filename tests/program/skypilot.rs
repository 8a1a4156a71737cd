//! The SkyPilot collector in the whole program: exit codes, output, and what is never shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::Ran;
use crate::support::bare;
use crate::support::finish;

const TOKEN: &str = "sky_S3CRETS3CRET";
const PASSWORD: &str = "p4ssS3CRET";
/// ann:p4ssS3CRET
const BASIC: &str = "Basic YW5uOnA0c3NTM0NSRVQ=";

/// A SkyPilot API server with two jobs and a cluster, for whoever has the credential.
struct Sky {
    /// `127.0.0.1:PORT`
    host: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Sky {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sky {
    async fn start(authorization: &'static str) -> Sky {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        let app = Router::new().fallback(move |request: Request| {
            let log = Arc::clone(&log);
            async move {
                let path = request.uri().path_and_query().unwrap().to_string();
                log.lock().unwrap().push(path.clone());
                let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
                if header.unwrap_or_default() != authorization {
                    let detail = format!("Invalid or expired service account token: {}", header.unwrap_or_default());
                    return reply(401, "", &json!({"detail": detail}));
                }
                answer(&path)
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Sky { host, asked, task }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn answer(path: &str) -> Response {
    let jobs = json!([
        {"job_id": 1, "task_id": 0, "status": "RUNNING", "job_duration": 7200.0, "recovery_count": 0, "resources": "2x[H100:8]",
         "region": "us-east-1", "user_hash": "ann"},
        {"job_id": 2, "task_id": 0, "status": "PENDING", "resources": "1x[L4:1]", "region": "-", "user_hash": "bob"},
    ]);
    let queue = json!({"jobs": jobs, "total": 2, "total_no_filter": 2, "status_counts": {"RUNNING": 1, "PENDING": 1}});
    let finished = |value: Value| {
        reply(
            200,
            "",
            &json!({"request_id": "x", "status": "SUCCEEDED", "return_value": value.to_string(), "error": "null"}),
        )
    };
    match path {
        "/base/api/health" => reply(200, "", &json!({"status": "healthy", "api_version": "62", "version": "0.14.1"})),
        "/base/jobs/queue/v2" => reply(200, "jobs", &Value::Null),
        "/base/status" => reply(200, "clusters", &Value::Null),
        "/base/api/get?request_id=jobs" => finished(queue),
        "/base/api/get?request_id=clusters" => finished(json!([{"status": "UP", "autostop": -1, "is_managed": false}])),
        _ => reply(404, "", &json!({"detail": "Not Found"})),
    }
}

fn reply(status: u16, id: &str, body: &Value) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("x-skypilot-request-id", id)
        .body(Body::from(body.to_string()))
        .unwrap()
}

async fn run(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let home: TempDir = tempfile::tempdir().unwrap();
    let mut command = bare(home.path(), arguments);
    command.envs(variables.iter().copied());
    let ran = finish(command).await;
    let output = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!output.contains("S3CRET") && !output.contains("YW5uOnA0"), "{arguments:?} shows a secret:\n{output}");
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_gauges() {
    let sky = Sky::start("Bearer sky_S3CRETS3CRET").await;
    let endpoint = format!("http://{}/base/", sky.host);
    let variables = [("SKYPILOT_API_SERVER_ENDPOINT", endpoint.as_str()), ("SKYPILOT_API_TOKEN", TOKEN)];
    let ran = run(&variables, &["collect", "skypilot", "--output", "json", "--log", "trace"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(sky.asked(), 5);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["collectors"][0]["outcome"], "complete");
    let gauges = document["gauges"].as_array().unwrap();
    let values: BTreeMap<&str, f64> = gauges
        .iter()
        .filter(|gauge| gauge["tags"] == json!(["source:skypilot"]))
        .map(|gauge| (gauge["name"].as_str().unwrap(), gauge["value"].as_f64().unwrap()))
        .collect();
    for (name, value) in [
        ("skypilot.jobs.running", 1.0),
        ("skypilot.jobs.queued", 1.0),
        ("skypilot.jobs.runtime_seconds.p99", 7200.0),
        ("skypilot.resources.gpus.h100_count", 16.0),
        ("skypilot.resources.ondemand_jobs", 1.0),
        ("skypilot.users.active_count", 2.0),
        ("skypilot.clusters.without_autostop", 1.0),
    ] {
        assert_eq!(values.get(name), Some(&value), "{name}");
    }
    let doctor = run(&variables, &["doctor", "--log", "trace"]).await;
    let words = format!("{}{}", doctor.stdout, doctor.stderr);
    assert!(words.contains("version 0.14.1, API 62"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_in_the_address_becomes_basic_auth_and_is_not_shown() {
    let sky = Sky::start(BASIC).await;
    let endpoint = format!("http://ann:{PASSWORD}@{}/base", sky.host);
    let variables = [("SKYPILOT_API_SERVER_ENDPOINT", endpoint.as_str())];
    let ran = run(&variables, &["collect", "skypilot", "--log", "trace"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("skypilot.jobs.running"), "{}", ran.stdout);
    let shown = run(&variables, &["config", "show"]).await;
    assert!(shown.stdout.contains(&format!("http://{}/base", sky.host)), "{}", shown.stdout);
    for command in [["config", "check"], ["doctor", "--verbose"]] {
        run(&variables, &command).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_delivers_nothing() {
    let sky = Sky::start("Bearer sky_another").await;
    let endpoint = format!("http://{}/base", sky.host);
    let variables = [("SKYPILOT_API_SERVER_ENDPOINT", endpoint.as_str()), ("SKYPILOT_API_TOKEN", TOKEN)];
    let ran = run(&variables, &["collect", "skypilot", "--output", "json", "--log", "trace"]).await;
    assert_eq!((ran.code, sky.asked()), (1, 1), "{}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["collectors"][0]["reason"], "unauthorized");
    assert!(document["collectors"][0]["error"].as_str().unwrap().contains("SKYPILOT_API_TOKEN"));
    let skypilot = |gauge: &&Value| gauge["tags"].as_array().unwrap().contains(&json!("source:skypilot"));
    assert_eq!(document["gauges"].as_array().unwrap().iter().filter(skypilot).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_or_with_a_wrong_one_nobody_is_asked() {
    let ran = run(&[], &["collect", "skypilot"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("Set SKYPILOT_API_SERVER_ENDPOINT"), "{}", ran.stderr);
    let wrong = [("SKYPILOT_API_SERVER_ENDPOINT", "sky://ann:p4ssS3CRET@host")];
    let ran = run(&wrong, &["collect", "skypilot", "--log", "trace"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("SKYPILOT_API_SERVER_ENDPOINT: must be an http://"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_no_zero() {
    // Nothing listens on port 1 of the loopback address.
    let variables = [("SKYPILOT_API_SERVER_ENDPOINT", "http://127.0.0.1:1"), ("ORGPULSE_COLLECTOR_DEADLINE", "3s")];
    let ran = run(&variables, &["collect", "skypilot", "--output", "json"]).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["collectors"][0]["reason"], "unreachable");
}
