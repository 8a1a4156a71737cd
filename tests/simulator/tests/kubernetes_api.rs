//! The simulated API server of Kubernetes, asked as a client asks it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use reqwest::Client;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;
use simulator::Options;
use simulator::Scale;
use simulator::Simulator;
use simulator::kubernetes::Resource;
use simulator::kubernetes::TOKEN;
use simulator::organisation::kubernetes::Kubernetes;
use simulator::organisation::kubernetes::KubernetesScale;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

const NOW: &str = "2026-11-20T12:00:00Z";
const PODS: &str = "/api/v1/pods";
const USAGE: &str = "/apis/metrics.k8s.io/v1beta1/pods";

struct Cluster {
    simulator: Simulator,
    client: Client,
}

struct Told {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Told {
    fn items(&self) -> &[Value] {
        self.body["items"].as_array().unwrap_or_else(|| panic!("{} {}", self.status, self.body))
    }

    fn next(&self) -> Option<&str> {
        self.body["metadata"]["continue"].as_str()
    }
}

impl Cluster {
    fn start(kubernetes: KubernetesScale) -> Cluster {
        let scale = Scale { kubernetes, ..Scale::small() };
        let options = Options { scale, now: Some(NOW.parse().unwrap()), ..Options::default() };
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Cluster { simulator: Simulator::start(options).unwrap(), client }
    }

    fn small() -> Cluster {
        Cluster::start(KubernetesScale::small())
    }

    fn described(&self) -> &Kubernetes {
        &self.simulator.organisation().kubernetes
    }

    fn request(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.simulator.kubernetes_url()))
    }

    async fn get(&self, path: &str) -> Told {
        tell(self.request(path).bearer_auth(TOKEN)).await
    }

    async fn page(&self, path: &str, limit: usize, token: &str) -> Told {
        let query = [("limit", limit.to_string()), ("continue", token.to_owned())];
        tell(self.request(path).bearer_auth(TOKEN).query(&query)).await
    }
}

async fn tell(request: RequestBuilder) -> Told {
    let reply = request.send().await.unwrap();
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    let text = reply.text().await.unwrap();
    Told { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

fn name(object: &Value) -> String {
    let part = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", part("namespace"), part("name"))
}

/// What is published of metrics.k8s.io; none where the folder of contracts is not beside the checkout.
fn published() -> Option<Value> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let folder = std::env::var_os("ORGPULSE_CONTRACTS").map_or(beside, PathBuf::from);
    let path = folder.join("kubernetes/metrics-v1beta1.schema.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) if std::env::var_os("CI").is_some() => panic!("{}: {error}", path.display()),
        Err(error) => {
            // Not by eprintln!, which the test runner swallows when a test passes.
            let line = format!("NOT CHECKED against the schema of metrics.k8s.io: {}: {error}\n", path.display());
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            None
        }
    }
}

#[tokio::test]
async fn pages_bring_every_pod_once_and_count_the_rest() {
    let cluster = Cluster::small();
    let (mut names, mut token) = (Vec::new(), String::new());
    let all = cluster.described().pods.len();
    loop {
        let told = cluster.page(PODS, 25, &token).await;
        assert_eq!((told.status, &told.body["kind"], &told.body["apiVersion"]), (200, &"PodList".into(), &"v1".into()));
        names.extend(told.items().iter().map(name));
        let remaining = &told.body["metadata"]["remainingItemCount"];
        match told.next() {
            Some(next) => {
                assert_eq!(remaining, all - names.len());
                token = next.to_owned();
            }
            None => {
                assert!(remaining.is_null());
                break;
            }
        }
    }
    let described: Vec<String> =
        cluster.described().pods.iter().map(|p| format!("{}/{}", p.namespace, p.name)).collect();
    assert_eq!(names, described);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), all, "two pods have one name");
    assert_eq!(cluster.get(PODS).await.items().len(), all, "without a limit there is one page");
    assert_eq!(cluster.get("/api/v1/pods?limit=0").await.items().len(), all);
}

#[tokio::test]
async fn a_token_expires_and_another_goes_on() {
    let cluster = Cluster::small();
    let first = cluster.page(PODS, 40, "").await;
    cluster.simulator.kubernetes().expire_tokens(1);
    let gone = cluster.page(PODS, 40, first.next().unwrap()).await;
    assert_eq!((gone.status, &gone.body["reason"], &gone.body["kind"]), (410, &"Expired".into(), &"Status".into()));
    let second = cluster.page(PODS, 40, gone.next().unwrap()).await;
    assert_eq!(second.items().len(), 40);
    assert_ne!(name(&first.items()[0]), name(&second.items()[0]));
    let elsewhere = cluster.page("/api/v1/nodes", 40, first.next().unwrap()).await;
    assert_eq!((elsewhere.status, &elsewhere.body["reason"]), (400, &"BadRequest".into()));
    assert_eq!(cluster.get("/api/v1/pods?limit=x").await.status, 400);
}

#[tokio::test]
async fn lists_are_of_a_namespace_or_by_a_selector_of_fields() {
    let cluster = Cluster::small();
    let namespace = cluster.described().namespaces[0].clone();
    let own = cluster.get(&format!("/api/v1/namespaces/{namespace}/pods")).await;
    let pods = &cluster.described().pods;
    assert_eq!(own.items().len(), pods.iter().filter(|pod| pod.namespace == namespace).count());
    assert_eq!(cluster.get("/api/v1/namespaces/no-such/pods").await.items().len(), 0);
    let deployments = cluster.get(&format!("/apis/apps/v1/namespaces/{namespace}/deployments")).await;
    assert!(!deployments.items().is_empty() && deployments.items().len() < cluster.described().deployments.len());
    let usage = cluster.get(&format!("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods")).await;
    assert!(usage.items().iter().all(|one| one["metadata"]["namespace"] == *namespace));
    let running = cluster.get("/api/v1/pods?limit=5&fieldSelector=status.phase%3DRunning,spec.nodeName!%3D").await;
    assert!(running.items().iter().all(|pod| pod["status"]["phase"] == "Running"));
    assert!(running.next().is_some() && running.body["metadata"]["remainingItemCount"].is_null());
    assert_eq!(cluster.get("/api/v1/pods?fieldSelector=spec.color%3Dred").await.status, 400);
    for unknown in
        ["/api/v1/pods?labelSelector=app%3Da", "/api/v1/pods?watch=true", "/apis/batch/v1/jobs", "/api/v1/pods/a"]
    {
        assert_eq!(cluster.get(unknown).await.status, 501, "{unknown}");
    }
    assert_eq!(cluster.get("/api/v1/namespaces").await.items().len(), cluster.described().namespaces.len());
    assert_eq!(cluster.get("/version").await.body["minor"], "34");
}

#[tokio::test]
async fn refusals_name_who_what_and_where() {
    let cluster = Cluster::small();
    for request in [cluster.request(PODS), cluster.request(PODS).bearer_auth("another")] {
        let told = tell(request).await;
        assert_eq!((told.status, &told.body["reason"], &told.body["code"]), (401, &"Unauthorized".into(), &401.into()));
    }
    let state = cluster.simulator.kubernetes();
    for resource in [Resource::Pods, Resource::Deployments, Resource::PodMetrics] {
        state.forbid(resource);
    }
    let user = "User \"system:serviceaccount:monitoring:orgpulse\" cannot list resource";
    for (path, words) in [
        (PODS, format!("pods is forbidden: {user} \"pods\" in API group \"\" at the cluster scope")),
        (
            "/apis/apps/v1/namespaces/default/deployments",
            format!(
                "deployments.apps is forbidden: {user} \"deployments\" in API group \"apps\" in the namespace \"default\""
            ),
        ),
        (
            USAGE,
            format!(
                "pods.metrics.k8s.io is forbidden: {user} \"pods\" in API group \"metrics.k8s.io\" at the cluster scope"
            ),
        ),
    ] {
        let told = cluster.get(path).await;
        assert_eq!(
            (told.status, &told.body["message"], &told.body["reason"]),
            (403, &words.into(), &"Forbidden".into())
        );
    }
    assert_eq!(cluster.get("/api/v1/nodes").await.status, 200);
    state.throttle(1, 3);
    let told = cluster.get("/api/v1/nodes").await;
    assert_eq!((told.status, told.headers["retry-after"].to_str().unwrap()), (429, "3"));
    state.revoke_after(1);
    assert_eq!(cluster.get("/api/v1/nodes").await.status, 200);
    assert_eq!(cluster.get("/api/v1/nodes").await.status, 401);
    assert_eq!(state.request_count(), 9);
    let other = Cluster::small();
    let patch = other.client.patch(format!("{}{PODS}", other.simulator.kubernetes_url()));
    assert_eq!(tell(patch.bearer_auth(TOKEN)).await.status, 405);
}

#[tokio::test]
async fn usage_comes_whole_is_absent_or_does_not_answer() {
    let cluster = Cluster::small();
    let measured = cluster.described().pods.iter().filter(|pod| pod.usage.is_some()).count();
    let told = cluster.get(&format!("{USAGE}?limit=3")).await;
    // One more that is deleted by now.
    assert_eq!(told.items().len(), measured + 1, "metrics-server knows no pages");
    if let Some(published) = published() {
        for (path, kind) in [(USAGE, "PodMetricsList"), ("/apis/metrics.k8s.io/v1beta1/nodes", "NodeMetricsList")] {
            let mut schema = published.clone();
            schema["$ref"] = format!("#/$defs/{kind}").into();
            let told = cluster.get(path).await;
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> = validator.iter_errors(&told.body).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{kind}: {errors:?}");
        }
    }
    cluster.simulator.kubernetes().take_metrics_down();
    assert_eq!(cluster.get(USAGE).await.status, 503);
    let without = Cluster::start(KubernetesScale { has_metrics: false, ..KubernetesScale::small() });
    assert_eq!(without.get(USAGE).await.status, 404);
}

#[tokio::test]
async fn usage_is_of_the_present_unless_the_clock_stands() {
    let cluster = Cluster::small();
    let at = |told: &Told| told.items()[0]["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(at(&cluster.get(USAGE).await), NOW.parse().unwrap());
    let running = Simulator::start(Options::default()).unwrap();
    let cluster = Cluster { simulator: running, ..cluster };
    let before = jiff::Timestamp::now().as_second();
    assert!((0..60).contains(&(at(&cluster.get(USAGE).await).as_second() - before)));
}

#[tokio::test]
async fn objects_tell_what_the_description_says() {
    let cluster = Cluster::start(KubernetesScale { pods: 200, ..KubernetesScale::small() });
    let told = cluster.get(PODS).await;
    let (mut restarts, mut killed, mut sidecars) = (0, 0, 0);
    for (told, pod) in told.items().iter().zip(&cluster.described().pods) {
        assert_eq!(name(told), format!("{}/{}", pod.namespace, pod.name));
        assert_eq!(told["status"]["phase"], pod.phase);
        assert_eq!(told["spec"]["nodeName"].is_string(), pod.node.is_some());
        let statuses =
            ["containerStatuses", "initContainerStatuses"].map(|key| told["status"][key].as_array().cloned());
        for status in statuses.into_iter().flatten().flatten() {
            restarts += status["restartCount"].as_u64().unwrap();
            killed += u64::from(status["lastState"]["terminated"]["reason"] == "OOMKilled");
        }
        let init = told["spec"]["initContainers"].as_array().cloned().unwrap_or_default();
        sidecars += init.iter().filter(|one| one["restartPolicy"] == "Always").count();
    }
    let statuses =
        || cluster.described().pods.iter().flat_map(|pod| pod.all_containers()).filter_map(|c| c.status.as_ref());
    assert_eq!(restarts, statuses().map(|status| u64::from(status.restarts)).sum::<u64>());
    let oom = statuses().filter(|status| status.last.as_ref().is_some_and(|end| end.reason == "OOMKilled")).count();
    assert_eq!(killed, oom as u64);
    assert!(restarts > 0 && killed > 0 && sidecars > 0);
    let nodes = cluster.get("/api/v1/nodes").await;
    let gpus = |part: &str| -> u64 {
        let of = |node: &Value| node["status"][part]["nvidia.com/gpu"].as_str().map_or(0, |text| text.parse().unwrap());
        nodes.items().iter().map(of).sum()
    };
    assert_eq!(gpus("capacity"), cluster.described().nodes.iter().filter_map(|node| node.gpus).sum::<u64>());
    assert_eq!(gpus("allocatable"), cluster.described().nodes.iter().map(|node| node.allocatable_gpus).sum::<u64>());
}

#[tokio::test]
async fn the_kubeconfig_leads_to_the_server() {
    let cluster = Cluster::small();
    let path = cluster.simulator.kubeconfig();
    let text = std::fs::read_to_string(&path).unwrap();
    let config: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(config["clusters"][0]["cluster"]["server"], cluster.simulator.kubernetes_url());
    assert_eq!(config["users"][0]["user"]["token"], TOKEN);
    assert_eq!(config["contexts"][0]["name"], config["current-context"]);
    drop(cluster);
    assert!(!path.exists());
}
