//! A simulated GitHub and a client of it.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use reqwest::Client;
use reqwest::RequestBuilder;
use reqwest::redirect::Policy;
use serde_json::Value;
use serde_json::json;
use simulator::Options;
use simulator::Scale;
use simulator::Simulator;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

pub struct Hub {
    pub simulator: Simulator,
    pub client: Client,
}

/// The reply's status, headers and body.
pub struct Told {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Told {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The address of the page with this relation.
    pub fn link(&self, relation: &str) -> Option<String> {
        let mut links = self.header("link").split(", ");
        let found = links.find(|l| l.ends_with(&format!("rel=\"{relation}\"")))?;
        Some(found.split('>').next()?.trim_start_matches('<').to_owned())
    }
}

/// A file of the folder of contracts; none where that is not beside the checkout, which only a CI may not have.
pub fn contract(file: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let folder = std::env::var_os("ORGPULSE_CONTRACTS").map_or(beside, PathBuf::from);
    let path = folder.join("github").join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing, and CI must check against it", path.display());
    // Not by eprintln!, which the test runner swallows when a test passes.
    let line = format!("NOT CHECKED against GitHub's published API: {} is not there\n", path.display());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

impl Hub {
    pub fn start(scale: Scale, schema: Option<PathBuf>) -> Hub {
        let now = Some("2026-11-20T12:00:00Z".parse().unwrap());
        let simulator = Simulator::start(Options { scale, now, schema, ..Options::default() }).unwrap();
        let client = Client::builder().no_proxy().user_agent("simulator-test").redirect(Policy::none());
        Hub { simulator, client: client.timeout(Duration::from_secs(120)).build().unwrap() }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.simulator.github_api_url())
        };
        self.client.get(url).bearer_auth(self.simulator.github_token())
    }

    pub async fn rest(&self, path: &str) -> Told {
        told(self.get(path)).await
    }

    pub async fn graphql(&self, query: &str, variables: Value) -> Told {
        let url = format!("{}/graphql", self.simulator.github_api_url());
        let request = self.client.post(url).bearer_auth(self.simulator.github_token());
        told(request.json(&json!({ "query": query, "variables": variables }))).await
    }

    /// Every item of a listing, by following the links; `key` names the array in the reply's object.
    pub async fn walk(&self, path: &str, key: Option<&str>) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let told = self.rest(&path).await;
            assert_eq!(told.status, 200, "{path}: {}", told.body);
            next = told.link("next");
            let list = key.map_or(&told.body, |key| &told.body[key]);
            items.extend(list.as_array().unwrap().iter().cloned());
        }
        items
    }
}

pub async fn told(request: RequestBuilder) -> Told {
    let reply = request.send().await.unwrap();
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    let text = reply.text().await.unwrap();
    Told { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}
