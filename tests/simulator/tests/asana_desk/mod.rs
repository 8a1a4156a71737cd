//! A simulated Asana and a client of it.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by a panic; clippy.toml does not reach helper functions")]

use reqwest::Client;
use reqwest::RequestBuilder;
use serde_json::Value;
use simulator::Options;
use simulator::Scale;
use simulator::Simulator;
use simulator::asana;
use simulator::organisation::asana::Asana;
use std::time::Duration;

pub const NOW: &str = "2026-11-20T12:00:00Z";

pub struct Desk {
    pub simulator: Simulator,
    pub client: Client,
}

/// The reply's status, headers and body.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Told {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The first error's message.
    pub fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_default()
    }

    pub fn items(&self) -> &[Value] {
        self.body["data"].as_array().unwrap()
    }

    pub fn offset(&self) -> Option<String> {
        self.body["next_page"]["offset"].as_str().map(str::to_owned)
    }
}

impl Desk {
    pub fn start(scale: Scale) -> Desk {
        let simulator = Simulator::start(Options { scale, now: Some(NOW.parse().unwrap()), ..Options::default() });
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(120)).build().unwrap();
        Desk { simulator: simulator.unwrap(), client }
    }

    pub fn small() -> Desk {
        Desk::start(Scale::small())
    }

    pub fn asana(&self) -> &Asana {
        &self.simulator.organisation().asana
    }

    /// The gid of the workspace that is to be configured.
    pub fn workspace(&self) -> &str {
        &self.asana().workspaces[0].gid
    }

    pub fn request(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.simulator.asana_url()))
    }

    pub async fn get(&self, path: &str) -> Told {
        told(self.request(path).bearer_auth(asana::TOKEN)).await
    }

    /// Every item of a listing by pages, and how many pages it took. The query must not be empty.
    pub async fn walk(&self, path: &str) -> (Vec<Value>, usize) {
        let (mut items, mut pages, mut next) = (Vec::new(), 0, path.to_owned());
        loop {
            let told = self.get(&next).await;
            assert_eq!(told.status, 200, "{next}: {}", told.body);
            items.extend_from_slice(told.items());
            pages += 1;
            match told.offset() {
                Some(offset) => next = format!("{path}&offset={offset}"),
                None => return (items, pages),
            }
        }
    }
}

pub async fn told(request: RequestBuilder) -> Told {
    let reply = request.send().await.unwrap();
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    let text = reply.text().await.unwrap();
    Told { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}
