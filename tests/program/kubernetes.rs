//! The Kubernetes collector in the whole program: a kubeconfig, exit codes, output, and what is never shown.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::Ran;
use crate::support::bare;
use crate::support::finish;
use crate::support::gauges;

const TOKEN: &str = "eyJhbGciOi.S3CRETS3CRET.c2lnbmF0dXJl";

const PODS: &str = "/api/v1/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";
const NODES: &str = "/api/v1/nodes";
const USAGE: &str = "/apis/metrics.k8s.io/v1beta1/pods";

/// An API server of a small cluster, for whoever has the token.
struct Cluster {
    /// `127.0.0.1:PORT`
    host: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
    home: TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Status and body for a path that is not to be answered well.
type Trouble = fn(&str) -> Option<(u16, Value)>;

impl Cluster {
    async fn start(trouble: Trouble) -> Cluster {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        let app = Router::new().fallback(move |request: Request| {
            let log = Arc::clone(&log);
            async move {
                log.lock().unwrap().push(request.uri().to_string());
                let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
                if header != Some(&format!("Bearer {TOKEN}")) {
                    return reply(401, &failure(401, &format!("Unauthorized: {}", header.unwrap_or_default())));
                }
                let path = request.uri().path();
                match trouble(path) {
                    Some((status, body)) => reply(status, &body),
                    None => reply(200, &list(path)),
                }
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Cluster { host, asked, task, home: tempfile::tempdir().unwrap() }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a kubeconfig with this user into kubectl's own place.
    fn login(&self, user: Value) -> &Cluster {
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "main",
            "contexts": [{"name": "main", "context": {"cluster": "one", "user": "me"}}],
            "clusters": [{"name": "one", "cluster": {"server": format!("http://{}", self.host)}}],
            "users": [{"name": "me", "user": user}],
        });
        let folder = self.home().join(".kube");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config"), text.to_string()).unwrap();
        self
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = bare(self.home(), arguments);
        command.env("K8S_CLUSTER_NAME", "prod");
        // Where programs are, for those of a kubeconfig.
        command.env("PATH", std::env::var_os("PATH").unwrap());
        let ran = finish(command).await;
        let output = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!output.contains("S3CRET"), "{arguments:?} shows a secret:\n{output}");
        ran
    }

    /// Runs `collect kubernetes` with JSON output.
    async fn collect(&self) -> (Ran, Value) {
        let ran = self.run(&["collect", "kubernetes", "--output", "json", "--log", "trace"]).await;
        let document = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
        (ran, document)
    }
}

fn failure(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})
}

fn reply(status: u16, body: &Value) -> Response {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(body.to_string())).unwrap()
}

fn ago(seconds: i64) -> String {
    (Timestamp::now() - SignedDuration::from_secs(seconds)).to_string()
}

fn pod(name: &str, phase: &str, cpu: &str) -> Value {
    let resources = json!({"requests": {"cpu": cpu, "memory": "1Gi", "nvidia.com/gpu": "1"}});
    json!({
        "metadata": {"name": name, "namespace": "default", "creationTimestamp": ago(86_400)},
        "spec": {"nodeName": "n1", "containers": [{"name": "main", "resources": resources}]},
        "status": {
            "phase": phase, "startTime": ago(86_400),
            "containerStatuses": [{"restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
        },
    })
}

fn list(path: &str) -> Value {
    let ready = json!([{"type": "Ready", "status": "True"}, {"type": "Available", "status": "True"}]);
    let (kind, items) = match path {
        PODS => ("PodList", json!([pod("a", "Running", "2"), pod("b", "Running", "1"), pod("c", "Failed", "8")])),
        DEPLOYMENTS => (
            "DeploymentList",
            json!([{"metadata": {"name": "web", "namespace": "default"}, "status": {"conditions": ready}}]),
        ),
        NODES => {
            let status = json!({"conditions": ready, "allocatable": {"nvidia.com/gpu": "8"}});
            ("NodeList", json!([{"metadata": {"name": "n1"}, "status": status}]))
        }
        USAGE => {
            let containers = json!([{"name": "main", "usage": {"cpu": "500000000n", "memory": "524288Ki"}}]);
            let metadata = json!({"name": "a", "namespace": "default"});
            let one = json!({"metadata": metadata, "timestamp": ago(20), "window": "15s", "containers": containers});
            ("PodMetricsList", json!([one]))
        }
        _ => ("", json!([])),
    };
    json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": items})
}

/// The gauges by name; each has the cluster's tag.
fn values(document: &Value) -> BTreeMap<String, f64> {
    let all = gauges(document, "kubernetes");
    assert!(all.keys().all(|(_, tags)| tags == "cluster:prod"), "{all:?}");
    all.into_iter().map(|((name, _), value)| (name, value)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_gauges() {
    let cluster = Cluster::start(|_| None).await;
    let (ran, document) = cluster.login(json!({"token": TOKEN})).collect().await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cluster.asked(), 4);
    assert_eq!(document["collectors"][0]["outcome"], "complete");
    let values = values(&document);
    assert_eq!(values.len(), 24);
    for (name, value) in [
        ("k8s.pods.total", 3.0),
        ("k8s.pods.running", 2.0),
        ("k8s.pods.failed", 1.0),
        ("k8s.pods.crash_looping", 3.0),
        ("k8s.restarts_7d", 9.0),
        ("k8s.deployments.available", 1.0),
        ("k8s.nodes.ready", 1.0),
        ("k8s.resources.cpu_request_waste_cores", 1.5),
        ("k8s.resources.memory_request_waste_gb", 0.5),
        ("k8s.resources.cpu_efficiency_pct", 25.0),
        ("k8s.resources.gpu_allocation_efficiency_pct", 25.0),
    ] {
        assert_eq!(values.get(name), Some(&value), "{name}");
    }
    let doctor = cluster.run(&["doctor", "--log", "trace"]).await;
    for what in ["pods", "deployments", "nodes", "metrics of pods"] {
        assert!(
            doctor.stdout.contains(&format!("ok    kubernetes: list {what}: allowed at 127.0.0.1")),
            "{}",
            doctor.stdout
        );
    }
    for command in [&["config", "check"][..], &["config", "show"], &["list"], &["collect", "kubernetes"]] {
        cluster.run(command).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_metrics_api_the_run_is_complete_and_says_so() {
    let missing: Trouble =
        |path| (path == USAGE).then(|| (404, failure(404, "the server could not find the requested resource")));
    let cluster = Cluster::start(missing).await;
    let (ran, document) = cluster.login(json!({"token": TOKEN})).collect().await;
    assert_eq!((ran.code, values(&document).len()), (0, 18), "{}", ran.stderr);
    let shown = cluster.run(&["collect", "kubernetes"]).await;
    assert!(shown.stdout.contains("no metrics.k8s.io API"), "{}", shown.stdout);
    let doctor = cluster.run(&["doctor"]).await;
    assert!(doctor.stdout.contains("ok    kubernetes: list metrics of pods: the cluster has no metrics.k8s.io API"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_fails_its_groups_and_is_named() {
    let words =
        "nodes is forbidden: User \"bot\" cannot list resource \"nodes\" in API group \"\" at the cluster scope";
    let refused: Trouble = |path| {
        let words =
            "nodes is forbidden: User \"bot\" cannot list resource \"nodes\" in API group \"\" at the cluster scope";
        (path == NODES).then(|| (403, failure(403, words)))
    };
    let cluster = Cluster::start(refused).await;
    let (ran, document) = cluster.login(json!({"token": TOKEN})).collect().await;
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let values = values(&document);
    assert_eq!(values.len(), 24 - 3);
    assert!(values.keys().all(|name| !name.contains("nodes") && !name.contains("gpu")));
    assert!(ran.stderr.contains(words) && ran.stderr.contains("Allow the verb list on nodes"), "{}", ran.stderr);
    let doctor = cluster.run(&["doctor"]).await;
    assert!(doctor.stdout.contains("FAIL  kubernetes: list nodes: [forbidden]"), "{}", doctor.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_plugin_logs_in_and_a_wrong_token_delivers_nothing() {
    let cluster = Cluster::start(|_| None).await;
    let script = cluster.home().join("give-token");
    let printed = json!({"kind": "ExecCredential", "status": {"token": TOKEN}});
    std::fs::write(&script, format!("#!/bin/sh\necho '{printed}'\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": script, "interactiveMode": "Never"});
    let (ran, document) = cluster.login(json!({"exec": exec})).collect().await;
    assert_eq!((ran.code, values(&document).len()), (0, 24), "{}", ran.stderr);

    let asked = cluster.asked();
    let (ran, document) = cluster.login(json!({"token": "another.S3CRET"})).collect().await;
    assert_eq!((ran.code, cluster.asked() - asked), (1, 4), "{}", ran.stderr);
    assert_eq!(document["collectors"][0]["reason"], "unauthorized");
    assert!(values(&document).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_not_there_is_no_zero_and_no_kubeconfig_a_mistake() {
    let cluster = Cluster::start(|_| None).await;
    let ran = cluster.run(&["collect", "kubernetes"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(".kube/config: No such file"), "{}", ran.stderr);
    cluster.login(json!({"token": TOKEN}));
    cluster.task.abort();
    let (ran, document) = cluster.collect().await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(document["collectors"][0]["reason"], "unreachable");
    assert!(values(&document).is_empty());

    let home = tempfile::tempdir().unwrap();
    let ran = finish(bare(home.path(), &["collect", "kubernetes"])).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("Set K8S_CLUSTER_NAME"), "{}", ran.stderr);
}
