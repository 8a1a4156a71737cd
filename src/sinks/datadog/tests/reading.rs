//! Reading back: what is asked, what an answer means, and answers that are none.

use std::sync::Arc;
use std::time::Duration;

use collector::Bounds;
use collector::Context;
use collector::Failure;
use collector::Kind;
use collector::MetricDef;
use collector::Reason;
use health_fom::History;
use health_fom::metrics::Metric;
use health_fom::metrics::Sample;
use jiff::Timestamp;
use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use loopback::answer;
use loopback::ok;
use loopback::text;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use super::KEY;
use super::NOW;
use super::client;
use super::contract;
use crate::sinks::datadog::query::Reader;
use crate::sinks::datadog::query::ReaderSettings;

const APP_KEY: &str = "zyxwvutsrqponmlkAPPKEY";

const fn def(name: &'static str, tags: &'static [&'static str]) -> MetricDef {
    let (kind, bounds) = (Kind::Gauge, Bounds::NON_NEGATIVE);
    MetricDef { name, group: "", unit: "", kind, bounds, tags, description: "", absent_when: "" }
}

static OF_REPO: MetricDef = def("github.x", &["org", "repo"]);
static OF_REGION: MetricDef = def("ec2.y", &["account", "region"]);
static OF_ALL: MetricDef = def("sky.z", &[]);

const METRICS: [Metric; 3] = [
    Metric { source: "github", def: &OF_REPO },
    Metric { source: "ec2", def: &OF_REGION },
    Metric { source: "skypilot", def: &OF_ALL },
];

fn reader(url: &str, common_tags: &[&str]) -> Reader {
    Reader::new(ReaderSettings {
        base_url: url.to_owned(),
        api_key: KEY.into(),
        app_key: APP_KEY.into(),
        common_tags: common_tags.iter().map(|tag| (*tag).to_owned()).collect(),
        lookback: Duration::from_secs(4 * 3600),
    })
}

async fn read(url: &str, metrics: &[Metric]) -> Result<Vec<Sample>, Failure> {
    let now = Timestamp::from_second(NOW).unwrap();
    let context = Context::new(now, client(), Instant::now() + Duration::from_secs(20), Arc::new([]));
    reader(url, &["env:Prod EU", "version:3"]).read(metrics, &context).await
}

fn group(name: &str, values: &[&str]) -> Value {
    json!({"type": "group", "name": name, "values": values.iter().map(|value| json!([value])).collect::<Vec<_>>()})
}

fn number(name: &str, values: Value) -> Value {
    json!({"type": "number", "name": name, "values": values, "meta": {"unit": null}})
}

fn table(columns: Vec<Value>) -> Value {
    json!({"data": {"type": "scalar_response", "attributes": {"columns": columns}}})
}

/// The column of each tag, in rows of: one repository, one without its org, one region, nothing at all.
fn groups() -> Vec<Value> {
    vec![
        group("account", &["N/A", "N/A", "1", "N/A"]),
        group("org", &["acme", "N/A", "N/A", "N/A"]),
        group("region", &["N/A", "N/A", "eu", "N/A"]),
        group("repo", &["acme/a", "acme/b", "N/A", "N/A"]),
    ]
}

#[tokio::test]
async fn one_request_asks_for_metrics_of_all_sources_in_the_published_form() {
    let server = Server::start(|_: &Seen, _| ok(table(Vec::new()))).await;
    assert_eq!(read(&server.url, &METRICS).await, Ok(Vec::new()));
    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].path.as_str()), (1, "/api/v2/query/scalar"));
    assert_eq!((seen[0].header("dd-api-key"), seen[0].header("dd-application-key")), (KEY, APP_KEY));
    let attributes = &seen[0].body["data"]["attributes"];
    let window = [(NOW - 4 * 3600 + 1) * 1000, (NOW + 1) * 1000];
    assert_eq!([attributes["from"].as_i64(), attributes["to"].as_i64()], window.map(Some));
    let queries: Vec<_> = attributes["queries"].as_array().unwrap().iter().map(|one| one["query"].clone()).collect();
    assert_eq!(
        queries,
        [
            "avg:github.x{env:prod_eu,!service:*,source:github} by {account,org,region,repo}",
            "avg:ec2.y{env:prod_eu,!service:*,source:ec2} by {account,org,region,repo}",
            "avg:sky.z{env:prod_eu,!service:*,source:skypilot} by {account,org,region,repo}",
        ]
    );
    contract::hold(
        "ScalarFormulaQueryRequest",
        &["ScalarFormulaRequest", "ScalarFormulaRequestAttributes"],
        &seen[0].body,
    );
}

#[tokio::test]
async fn only_rows_with_exactly_the_tags_of_the_metric_count() {
    let columns = [
        groups(),
        vec![
            // By its name, whatever the order.
            number("q1", json!([9.0, 9.0, 2.5, 9.0])),
            number("q0", json!([1.5, 9.0, 9.0, 9.0])),
            number("q2", json!([9.0, 9.0, 9.0, 0.5])),
        ],
    ];
    let reply = table(columns.concat());
    let server = Server::start(move |_: &Seen, _| ok(reply.clone())).await;
    let samples = read(&server.url, &METRICS).await.unwrap();
    let found: Vec<_> = samples.iter().map(|one| (one.metric, one.tags.to_string(), one.value)).collect();
    assert_eq!(
        found,
        [
            ("ec2.y", "account:1 region:eu".to_owned(), 2.5),
            ("github.x", "org:acme repo:acme/a".to_owned(), 1.5),
            ("sky.z", String::new(), 0.5),
        ]
    );
}

#[tokio::test]
async fn a_null_is_no_value_and_a_query_without_a_column_has_none() {
    let columns = [groups(), vec![number("q0", json!([null, null, null, null]))]];
    let reply = table(columns.concat());
    let server = Server::start(move |_: &Seen, _| ok(reply.clone())).await;
    assert_eq!(read(&server.url, &METRICS).await, Ok(Vec::new()));
}

#[tokio::test]
async fn more_metrics_than_one_request_takes_are_asked_for_in_several() {
    let names: Vec<&'static str> = (0..250).map(|i| &*format!("a.m{i}").leak()).collect();
    let defs: Vec<&'static MetricDef> = names.into_iter().map(|name| &*Box::leak(Box::new(def(name, &[])))).collect();
    let metrics: Vec<Metric> = defs.into_iter().map(|def| Metric { source: "a", def }).collect();
    let server = Server::start(|seen: &Seen, _| {
        let count = seen.body["data"]["attributes"]["queries"].as_array().unwrap().len();
        ok(table((0..count).map(|at| number(&format!("q{at}"), json!([at]))).collect()))
    })
    .await;
    let samples = read(&server.url, &metrics).await.unwrap();
    assert_eq!((server.seen().len(), samples.len()), (3, 250));
    assert_eq!((samples[249].metric, samples[249].value), ("a.m249", 49.0));
}

#[tokio::test]
async fn an_answer_that_is_none_fails_with_words_and_never_with_a_key() {
    let columns = |columns: Vec<Value>| ok(table(columns));
    type Case = (fn() -> Value, Reason, &'static str);
    let bodies: [Case; 6] = [
        (|| json!({"errors": "unable to parse"}), Reason::BadReply, "Datadog answered 200 with \"unable to parse\""),
        (|| json!({}), Reason::BadReply, "neither data nor errors"),
        (|| table(vec![number("x", json!([]))]), Reason::BadReply, "a column \"x\", which was not asked for"),
        (|| table(vec![number("q9", json!([]))]), Reason::BadReply, "a column \"q9\", which was not asked for"),
        (|| table(vec![number("q2", json!([1])), number("q2", json!([1]))]), Reason::BadReply, "two columns \"q2\""),
        (|| table(vec![number("q0", json!([1]))]), Reason::BadReply, "there is no column \"org\""),
    ];
    for (body, reason, words) in bodies {
        let server = Server::start(move |_: &Seen, _| ok(body())).await;
        let failure = read(&server.url, &METRICS).await.unwrap_err();
        assert_eq!(failure.reason, reason, "{failure}");
        assert!(failure.to_string().contains(words), "{words} is not in {failure}");
    }
    let of_repo = |values: Value| {
        let one = || json!(["acme"]);
        let groups = ["org", "repo"].map(|key| json!({"type": "group", "name": key, "values": [one(), one()]}));
        table([groups.to_vec(), vec![number("q0", values)]].concat())
    };
    for (values, words) in [
        (json!([null, 3]), None),
        (json!([3, 4]), Some("is told twice")),
        (json!([null, -5]), Some("-5 is no value of")),
    ] {
        let reply = of_repo(values);
        let server = Server::start(move |_: &Seen, _| ok(reply.clone())).await;
        let found = read(&server.url, &METRICS).await;
        match words {
            None => assert_eq!(found.unwrap().len(), 1),
            Some(words) => assert!(found.unwrap_err().why.contains(words), "{words}"),
        }
    }
    let short = [vec![group("org", &["a"]), group("repo", &["b"])], vec![number("q0", json!([1, 2]))]].concat();
    let server = Server::start(move |_: &Seen, _| columns(short.clone())).await;
    assert!(read(&server.url, &METRICS).await.unwrap_err().why.contains("is shorter than others"));
    for (status, reason, words) in [
        (401, Reason::Unauthorized, "Check DD_APP_KEY and DD_API_KEY"),
        (403, Reason::Unauthorized, "timeseries_query"),
        (404, Reason::NotFound, "check DD_SITE and DD_URL"),
        (302, Reason::BadReply, "A redirect is not followed"),
        (400, Reason::BadReply, "Datadog answered 400 *** is odd"),
    ] {
        let body = json!({"errors": [format!("{APP_KEY} is odd")]});
        let server = Server::start(move |_: &Seen, _| answer(status, &[], &body)).await;
        let failure = read(&server.url, &METRICS).await.unwrap_err();
        assert_eq!(failure.reason, reason, "{failure}");
        assert!(failure.to_string().contains(words), "{words} is not in {failure}");
        assert!(!failure.to_string().contains(APP_KEY) && !failure.to_string().contains(KEY), "{failure}");
    }
    let server = Server::start(|_: &Seen, _| text(200, &[("content-type", "text/html")], "<html>")).await;
    assert_eq!(read(&server.url, &METRICS).await.unwrap_err().reason, Reason::BadReply);
}

#[tokio::test]
async fn a_limit_is_waited_for_as_its_header_says() {
    let server = Server::start(|_: &Seen, before| -> Answer {
        match before {
            0 => answer(429, &[("x-ratelimit-reset", "1")], &json!({"errors": ["Too many requests"]})).into(),
            _ => ok(table(Vec::new())).into(),
        }
    })
    .await;
    let begun = Instant::now();
    assert_eq!(read(&server.url, &METRICS).await, Ok(Vec::new()));
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let server =
        Server::start(|_: &Seen, _| answer(429, &[("x-ratelimit-reset", "3000")], &json!({"errors": []}))).await;
    let failure = read(&server.url, &METRICS).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::RateLimited, 1));
}
