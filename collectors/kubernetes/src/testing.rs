//! An API server on a socket, and a kubeconfig that leads to it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use axum::response::Response;
use collector::Context;
use collector::transport::Pace;
use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use loopback::answer;
use loopback::ok;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::config::Access;
use crate::config::Config;
use crate::metrics::sample;

pub(crate) const TOKEN: &str = "eyJhbGciOi.S3CRET.s1gnature";

/// As patient as a test may be.
pub(crate) const QUICK: Pace =
    Pace { first_wait: Duration::from_millis(1), per_try: Duration::from_secs(10), in_flight: 2, max_body: 1 << 20 };

pub(crate) const PODS: &str = "/api/v1/pods";
pub(crate) const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";
pub(crate) const NODES: &str = "/api/v1/nodes";
pub(crate) const USAGE: &str = "/apis/metrics.k8s.io/v1beta1/pods";

/// What the API server holds: objects by the path of their list.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    lists: BTreeMap<&'static str, Vec<Value>>,
}

impl World {
    /// An empty cluster, with metrics-server.
    pub(crate) fn empty() -> World {
        let lists = [PODS, DEPLOYMENTS, NODES, USAGE].map(|path| (path, Vec::new()));
        World { lists: BTreeMap::from(lists) }
    }

    /// The same with these objects in a list.
    pub(crate) fn with(mut self, path: &'static str, objects: Vec<Value>) -> World {
        self.lists.insert(path, objects);
        self
    }

    /// The same without the API of this list.
    pub(crate) fn without(mut self, path: &'static str) -> World {
        self.lists.remove(path);
        self
    }

    pub(crate) async fn up(self) -> Cluster {
        self.serve(|_| None::<Response>).await
    }

    /// A server that answers with what `other` makes of a request, or else with what it holds.
    pub(crate) async fn serve<A: Into<Answer>>(
        self,
        other: impl Fn(&Seen) -> Option<A> + Send + Sync + 'static,
    ) -> Cluster {
        let answer = move |seen: &Seen, _| other(seen).map_or_else(|| self.answer(seen).into(), Into::into);
        Cluster::new(Server::start(answer).await)
    }

    pub(crate) fn answer(&self, seen: &Seen) -> Response {
        if seen.header("authorization") != format!("Bearer {TOKEN}") {
            return status(401, "Unauthorized", "Unauthorized");
        }
        let (path, query) = parts(seen);
        let (path, namespace) = match path.split_once("/namespaces/") {
            Some((before, after)) => {
                let (namespace, rest) = after.split_once('/').unwrap();
                (format!("{before}/{rest}"), Some(namespace.to_owned()))
            }
            None => (path, None),
        };
        let Some(all) = self.lists.get(path.as_str()) else {
            return loopback::text(404, &[("content-type", "text/plain")], "404 page not found\n");
        };
        let in_it = |one: &&Value| namespace.as_ref().is_none_or(|name| one["metadata"]["namespace"] == **name);
        let all: Vec<&Value> = all.iter().filter(in_it).collect();
        // metrics-server has no pages.
        let limit = if path == USAGE { usize::MAX } else { query["limit"].parse().unwrap() };
        let from: usize = query.get("continue").map_or(0, |token| token.strip_prefix("at=").unwrap().parse().unwrap());
        page(kind(&path), &all[from..], limit, from)
    }
}

/// Path and query of a request.
pub(crate) fn parts(seen: &Seen) -> (String, BTreeMap<String, String>) {
    let url = reqwest::Url::parse(&format!("http://host{}", seen.path)).unwrap();
    let query = url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    (url.path().to_owned(), query)
}

fn kind(path: &str) -> &'static str {
    match path {
        PODS => "PodList",
        DEPLOYMENTS => "DeploymentList",
        NODES => "NodeList",
        _ => "PodMetricsList",
    }
}

/// So many of these objects as a page that begins at `from`.
fn page(kind: &str, rest: &[&Value], limit: usize, from: usize) -> Response {
    let here = &rest[..rest.len().min(limit)];
    let left = rest.len() - here.len();
    let metadata = match left {
        0 => json!({"resourceVersion": "7"}),
        _ => json!({
            "resourceVersion": "7", "continue": format!("at={}", from + here.len()), "remainingItemCount": left,
        }),
    };
    ok(json!({"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": here}))
}

/// A failure as Kubernetes tells it.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code,
    });
    answer(code, &[], &body)
}

/// So many running pods.
pub(crate) fn pods(count: usize) -> Vec<Value> {
    (0..count).map(|number| sample::raw_pod(&format!("p{number:05}"), json!({}))).collect()
}

/// A running server, and the way to it.
pub(crate) struct Cluster {
    pub(crate) server: Server,
    folder: TempDir,
}

impl Cluster {
    pub(crate) fn new(server: Server) -> Cluster {
        Cluster { server, folder: tempfile::tempdir().unwrap() }
    }

    /// Reads all namespaces as a user with the right token.
    pub(crate) fn config(&self) -> Config {
        self.config_as(&json!({"token": TOKEN}))
    }

    /// The same as this user.
    pub(crate) fn config_as(&self, user: &Value) -> Config {
        self.config_of(user, &json!({"server": self.server.url}))
    }

    /// As this user of this cluster.
    pub(crate) fn config_of(&self, user: &Value, cluster: &Value) -> Config {
        let path = self.file("config", &kubeconfig(user, cluster).to_string());
        let access = Access::Kubeconfig { paths: vec![path], context: None };
        Config { cluster: "prod".to_owned(), namespaces: Vec::new(), access }
    }

    /// Writes a file beside the kubeconfig.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Paths of the requests so far, without queries, sorted.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.server.seen().iter().map(|seen| parts(seen).0).collect();
        paths.sort();
        paths
    }
}

/// JSON is YAML.
pub(crate) fn kubeconfig(user: &Value, cluster: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "main",
        "contexts": [{"name": "main", "context": {"cluster": "one", "user": "me"}}],
        "clusters": [{"name": "one", "cluster": cluster}],
        "users": [{"name": "me", "user": user}],
    })
}

pub(crate) fn context() -> Context {
    loopback::context(sample::now(), Duration::from_secs(30))
}
