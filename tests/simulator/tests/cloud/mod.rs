//! A simulated AWS and a client of it that spells every protocol by hand.

#![allow(dead_code, reason = "each test program uses its part")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use ciborium::Value as Cbor;
use jiff::Timestamp;
use reqwest::Client;
use reqwest::RequestBuilder;
use serde_json::Value;
use simulator::Options;
use simulator::Scale;
use simulator::Simulator;
use simulator::aws::ACCESS_KEY_ID;
use simulator::organisation::aws::AwsScale;
use simulator::organisation::aws::Region;
use std::path::PathBuf;
use std::time::Duration;

pub const NOW: &str = "2026-11-20T12:00:00Z";
pub const HOME: &str = "eu-central-1";

pub struct Cloud {
    pub simulator: Simulator,
    client: Client,
}

/// A reply as it came.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Told {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn cbor(&self) -> Cbor {
        ciborium::from_reader(self.body.as_slice()).unwrap()
    }

    /// The texts of all elements of this name, in order.
    pub fn all(&self, element: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(self.text()).unwrap();
        let named = document.descendants().filter(|node| node.tag_name().name() == element);
        named.map(|node| node.text().unwrap_or_default().to_owned()).collect()
    }

    /// The text of the element of this name, if there is one.
    pub fn one(&self, element: &str) -> Option<String> {
        self.all(element).pop()
    }

    /// The status and the code of a refusal, in whichever protocol.
    pub fn refusal(&self) -> (u16, String) {
        let code = match self.body.first() {
            Some(b'<') => self.one("Code").unwrap_or_default(),
            Some(b'{') => self.json()["__type"].as_str().unwrap().to_owned(),
            _ => field(&self.cbor(), "__type").unwrap().as_text().unwrap().to_owned(),
        };
        (self.status, code)
    }
}

/// A member of a CBOR map.
pub fn field<'a>(map: &'a Cbor, name: &str) -> Option<&'a Cbor> {
    map.as_map().unwrap().iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

impl Cloud {
    pub fn start(aws: AwsScale) -> Cloud {
        let now: Timestamp = NOW.parse().unwrap();
        let scale = Scale::small().with_aws(aws);
        let simulator = Simulator::start(Options { scale, now: Some(now), ..Options::default() }).unwrap();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Cloud { simulator, client }
    }

    pub fn small() -> Cloud {
        Cloud::start(AwsScale::small())
    }

    /// The description of the first region.
    pub fn home(&self) -> &Region {
        self.simulator.organisation().aws.region(HOME).unwrap()
    }

    /// A request with a signature of the right form.
    pub fn signed(&self, service: &str, region: &str, key: &str, path: &str) -> RequestBuilder {
        let scope = format!("{key}/20261120/{region}/{service}/aws4_request");
        let signature = "5e".repeat(32);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
        );
        let request = self.client.post(format!("{}{path}", self.simulator.aws_url()));
        request.header("authorization", authorization).header("x-amz-date", "20261120T120000Z")
    }

    pub async fn send(&self, request: RequestBuilder) -> Told {
        let reply = request.send().await.unwrap();
        let status = reply.status().as_u16();
        Told { status, body: reply.bytes().await.unwrap().to_vec() }
    }

    /// An action of EC2 in a region, with parameters as in a form.
    pub async fn ec2_in(&self, region: &str, action: &str, parameters: &[(&str, &str)]) -> Told {
        let mut pairs = vec![("Action", action), ("Version", "2016-11-15")];
        pairs.extend(parameters);
        self.send(self.signed("ec2", region, ACCESS_KEY_ID, "/").form(&pairs)).await
    }

    pub async fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> Told {
        self.ec2_in(HOME, action, parameters).await
    }

    pub async fn sts(&self) -> Told {
        let pairs = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
        self.send(self.signed("sts", HOME, ACCESS_KEY_ID, "/").form(&pairs)).await
    }

    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Told {
        let request = self.signed(service, HOME, ACCESS_KEY_ID, "/").header("x-amz-target", target);
        self.send(request.header("content-type", "application/x-amz-json-1.1").body(body.to_string())).await
    }

    pub async fn products(&self, body: &Value) -> Told {
        self.json("pricing", "AWSPriceListService.GetProducts", body).await
    }

    pub async fn secret(&self, id: &str) -> Told {
        self.json("secretsmanager", "secretsmanager.GetSecretValue", &serde_json::json!({ "SecretId": id })).await
    }

    pub async fn metrics(&self, body: &Cbor) -> Told {
        let mut bytes = Vec::new();
        ciborium::into_writer(body, &mut bytes).unwrap();
        let path = "/service/GraniteServiceVersion20100801/operation/GetMetricData";
        let request = self.signed("monitoring", HOME, ACCESS_KEY_ID, path);
        let request = request.header("content-type", "application/cbor").header("smithy-protocol", "rpc-v2-cbor");
        self.send(request.body(bytes)).await
    }

    /// The named elements of all pages of a list.
    pub async fn walk(&self, action: &str, parameters: &[(&str, &str)], element: &str) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut token = None::<String>;
        loop {
            let mut all = parameters.to_vec();
            all.extend(token.as_deref().map(|token| ("NextToken", token)));
            let told = self.ec2(action, &all).await;
            assert_eq!(told.status, 200, "{}", told.text());
            pages.push(told.all(element));
            token = told.one("nextToken").filter(|token| !token.is_empty());
            if token.is_none() {
                return pages;
            }
            assert!(pages.len() < 10_000, "{action} never ends");
        }
    }
}

/// A GetMetricData request for these instances over the hour before now.
pub fn cpu_query(instances: &[&str], more: &[(&str, Cbor)]) -> Cbor {
    let text = |text: &str| Cbor::Text(text.to_owned());
    let map =
        |pairs: Vec<(&str, Cbor)>| Cbor::Map(pairs.into_iter().map(|(name, value)| (text(name), value)).collect());
    let query = |(n, instance): (usize, &&str)| {
        let dimension = map(vec![("Name", text("InstanceId")), ("Value", text(instance))]);
        let metric = map(vec![
            ("Namespace", text("AWS/EC2")),
            ("MetricName", text("CPUUtilization")),
            ("Dimensions", Cbor::Array(vec![dimension])),
        ]);
        let stat = map(vec![("Metric", metric), ("Period", Cbor::from(300)), ("Stat", text("Average"))]);
        map(vec![("Id", text(&format!("i{n}"))), ("MetricStat", stat), ("ReturnData", Cbor::from(true))])
    };
    let epoch = |second: f64| Cbor::Tag(1, Box::new(Cbor::from(second)));
    let now = NOW.parse::<Timestamp>().unwrap().as_second() as f64;
    let mut pairs = vec![("MetricDataQueries", Cbor::Array(instances.iter().enumerate().map(query).collect()))];
    if !more.iter().any(|(name, _)| *name == "StartTime") {
        pairs.push(("StartTime", epoch(now - 3_600.0)));
    }
    pairs.push(("EndTime", epoch(now)));
    pairs.extend(more.iter().cloned());
    map(pairs)
}

/// The published service model; none where the folder of contracts is not beside the checkout.
pub fn published(service: &str) -> Option<Value> {
    use std::io::Write;
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let folder = std::env::var_os("ORGPULSE_CONTRACTS").map_or(beside, PathBuf::from);
    let path = folder.join(format!("aws/{service}.service-2.subset.json"));
    if !path.is_file() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing, and CI must check against it", path.display());
        // Not by eprintln!, which the test runner swallows when a test passes.
        let line = format!("NOT CHECKED against the published model: {} is not there\n", path.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    Some(serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())
}
