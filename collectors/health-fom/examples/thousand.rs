//! Prints how many milliseconds the built-in scores and checks of 1,000 repositories take, for scripts/bench.py: the
//! quickest of several times, since the others measure the machine.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it fails and prints as a test does")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use collector::Batch;
use collector::Bounds;
use collector::Collector;
use collector::Context;
use collector::Earlier;
use collector::Kind;
use collector::MetricDef;
use collector::Tags;
use health_fom::Health;
use health_fom::declare;
use health_fom::declare::Catalog;
use health_fom::declare::Sources;

const REPOSITORIES: usize = 1_000;
const TIMES: usize = 10;

/// The metrics of GitHub that the built-in declarations name.
fn metrics() -> &'static [MetricDef] {
    let words =
        include_str!("../src/defaults.yaml").split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')));
    let names: BTreeSet<&str> = words.filter(|word| word.starts_with("github.")).collect();
    let def = |name| MetricDef {
        name,
        group: "all",
        unit: "",
        kind: Kind::Gauge,
        bounds: Bounds::ANY,
        tags: &["org", "repo"],
        description: "",
        absent_when: "",
    };
    names.into_iter().map(def).collect::<Vec<_>>().leak()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = metrics();
    let catalog = Catalog::new(metrics.iter().map(|def| ("github", def)));
    let sources = Sources { scores: None, checks: None, without: &[] };
    let (declared, _) = declare::read(sources, &catalog, |_, _| String::new());
    let mut batch = Batch::new();
    for number in 0..REPOSITORIES {
        let tags = Tags::new().with("org", "acme").with("repo", format!("acme/repository-{number}"));
        for (at, def) in metrics.iter().enumerate() {
            batch.gauge(def, ((number * 7 + at * 13) % 100) as f64, &tags);
        }
    }
    let earlier = Earlier { source: "github", definitions: metrics, batch: Arc::new(batch), failure: None };
    let earlier: Arc<[Earlier]> = Arc::new([earlier]);
    let scores = declared.scores.len();
    let health = Health::new(declared, None);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    let context = Context::new(jiff::Timestamp::UNIX_EPOCH, http, deadline, earlier);
    let mut best = f64::INFINITY;
    for _ in 0..TIMES {
        let begun = Instant::now();
        let batch = health.collect(&context).await.unwrap();
        best = best.min(begun.elapsed().as_secs_f64() * 1000.0);
        assert!(batch.gauges().len() >= 2 * scores * REPOSITORIES, "{} gauges", batch.gauges().len());
    }
    println!("{best:.3}");
}
