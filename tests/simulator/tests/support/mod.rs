//! A simulated Datadog and a client of it.

#![allow(dead_code, reason = "each test program uses its part")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Client;
use reqwest::RequestBuilder;
use reqwest::Response;
use serde_json::Value;
use serde_json::json;
use simulator::datadog;
use simulator::datadog::Keys;
use simulator::datadog::Store;
use simulator::server::Server;
use simulator::server::ServerOptions;

/// The second at which the store's clock stands.
pub const NOW: i64 = 1_800_000_000;

pub struct Datadog {
    pub store: Arc<Store>,
    pub server: Server,
    pub client: Client,
}

impl Datadog {
    pub fn start() -> Datadog {
        let store = Arc::new(Store::new(Keys::default()));
        store.set_now(Timestamp::from_second(NOW).unwrap());
        let services = vec![("datadog", datadog::router(Arc::clone(&store)))];
        let server = Server::start(ServerOptions { services, ..ServerOptions::default() }).unwrap();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Datadog { store, server, client }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.service_url("datadog"))
    }

    /// A POST to the intake with the right key.
    pub fn intake(&self) -> RequestBuilder {
        let request = self.client.post(self.url("/api/v2/series"));
        request.header("dd-api-key", &self.store.keys().api).header("content-type", "application/json")
    }

    /// Submits series and insists that they are taken.
    pub async fn submit(&self, series: Value) {
        let reply = self.intake().body(json!({ "series": series }).to_string()).send().await.unwrap();
        let (status, body) = read(reply).await;
        assert_eq!((status, &body), (202, &json!({ "errors": [] })));
    }

    /// Both keys.
    pub fn with_keys(&self, request: RequestBuilder) -> RequestBuilder {
        let keys = self.store.keys();
        request.header("dd-api-key", &keys.api).header("dd-application-key", &keys.application)
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        read(self.with_keys(self.client.get(self.url(path))).send().await.unwrap()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        read(self.with_keys(self.client.put(self.url(path))).json(body).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        read(self.with_keys(self.client.post(self.url(path))).json(body).send().await.unwrap()).await
    }
}

pub async fn read(reply: Response) -> (u16, Value) {
    let status = reply.status().as_u16();
    let text = reply.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}, {error}: {text}"));
    (status, body)
}

/// A gauge with one point.
pub fn gauge(metric: &str, tags: &[&str], timestamp: i64, value: f64) -> Value {
    json!({ "metric": metric, "type": 3, "tags": tags, "points": [{ "timestamp": timestamp, "value": value }] })
}

pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}
