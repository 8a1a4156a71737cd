//! A simulated Weights & Biases and a client of it.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use reqwest::Client;
use serde_json::Value;
use serde_json::json;
use simulator::Options;
use simulator::Scale;
use simulator::Simulator;
use simulator::organisation::Organisation;
use simulator::organisation::wandb::Project;
use simulator::organisation::wandb::WandbScale;
use simulator::wandb::KEY;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

pub const NOW: &str = "2026-11-20T12:00:00Z";

/// GitHub's part as small as it can be.
pub fn scale(wandb: WandbScale) -> Scale {
    Scale { wandb, merged_7d: 0, runs_7d: 0, branches: 0, long_history: 1, ..Scale::small() }
}

pub fn generate(seed: u64, wandb: WandbScale) -> Organisation {
    Organisation::generate(seed, scale(wandb), NOW.parse().unwrap())
}

pub struct Wandb {
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
}

/// A file of the folder of contracts; none where that is not beside the checkout, which only a CI may not have.
pub fn contract(file: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let folder = std::env::var_os("ORGPULSE_CONTRACTS").map_or(beside, PathBuf::from);
    let path = folder.join("wandb").join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing, and CI must check against it", path.display());
    // Not by eprintln!, which the test runner swallows when a test passes.
    let line = format!("NOT CHECKED against the schema of Weights & Biases: {} is not there\n", path.display());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

impl Wandb {
    pub fn start(seed: u64, wandb: WandbScale) -> Wandb {
        let now = Some(NOW.parse().unwrap());
        let wandb_schema = contract("wandb-partial.graphql");
        let options = Options { seed, scale: scale(wandb), now, wandb_schema, ..Options::default() };
        Wandb::over(Simulator::start(options).unwrap())
    }

    pub fn over(simulator: Simulator) -> Wandb {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(120)).build().unwrap();
        Wandb { simulator, client }
    }

    /// The first project, which has some of everything.
    pub fn project(&self) -> &Project {
        &self.simulator.organisation().wandb.projects[0]
    }

    pub async fn ask_as(&self, user: &str, key: Option<&str>, body: Value) -> Told {
        let request = self.client.post(format!("{}/graphql", self.simulator.wandb_url()));
        let reply = request.basic_auth(user, key).json(&body).send().await.unwrap();
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let text = reply.text().await.unwrap();
        Told { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    pub async fn graphql(&self, query: &str, variables: Value) -> Told {
        self.ask_as("api", Some(KEY), json!({ "query": query, "variables": variables })).await
    }

    /// The fields of the first project.
    pub async fn of_project(&self, fields: &str) -> Value {
        let told = self.graphql(&self.query(fields), json!({})).await;
        assert!(told.status == 200 && told.body["errors"].is_null(), "{}: {}", told.status, told.body);
        told.body["data"]["project"].clone()
    }

    pub fn query(&self, fields: &str) -> String {
        let project = self.project();
        format!("{{ project(entityName: {:?}, name: {:?}) {{ {fields} }} }}", project.entity, project.name)
    }

    /// The names of all runs that these arguments lead to, page by page.
    pub async fn walk(&self, arguments: &str, first: usize) -> Vec<String> {
        let mut names = Vec::new();
        let mut after = Value::Null;
        loop {
            let fields = format!(
                "runs({arguments} first: {first}, after: {after}) {{ totalCount pageInfo {{ hasNextPage endCursor }} edges {{ cursor node {{ name }} }} }}"
            );
            let page = self.of_project(&fields).await["runs"].clone();
            let edges = page["edges"].as_array().unwrap();
            names.extend(edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()));
            after = page["pageInfo"]["endCursor"].clone();
            if let Some(last) = edges.last() {
                assert_eq!(last["cursor"], after);
            }
            if page["pageInfo"]["hasNextPage"] == false {
                return names;
            }
        }
    }
}
