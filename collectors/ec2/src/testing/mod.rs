//! What the tests of this crate share: a small AWS on a loopback socket, the instances in it, and how to collect from it.

mod cbor;
mod cloud;
mod xml;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use collector::Batch;
use collector::Context;
use collector::Failure;
use collector::Reason;
use loopback::Server;
use secrecy::SecretString;

pub(crate) use cloud::Asked;
pub(crate) use cloud::Cloud;
pub(crate) use cloud::error;
pub(crate) use cloud::metric_data;
pub(crate) use cloud::page;
pub(crate) use cloud::result;
pub(crate) use xml::id;
pub(crate) use xml::instance;
pub(crate) use xml::item;

use crate::*;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const HOME: &str = "eu-central-1";
pub(crate) const SECRET: &str = "secretSECRETsecretSECRET";
pub(crate) const TOKEN: &str = "tokenTOKENtokenTOKEN";

/// Waits short enough for tests; nothing depends on how long they are.
pub(crate) const PACE: Pace =
    Pace { attempts: 3, first_wait: Duration::from_millis(1), per_try: Duration::from_secs(20), in_flight: 4 };

pub(crate) fn config(url: &str) -> Config {
    let keys = Keys {
        id: "AKIAEXAMPLE".into(),
        secret: SecretString::from(SECRET),
        session_token: Some(SecretString::from(TOKEN)),
    };
    Config {
        access: Access { home: HOME.to_owned(), keys: Some(keys), endpoint_url: Some(url.to_owned()) },
        regions: Regions::Named(vec![HOME.to_owned()]),
        price_file: None,
        idle: true,
        idle_cpu_pct: 5.0,
        state_dir: None,
    }
}

pub(crate) fn context() -> Context {
    loopback::context(metrics::sample::now(), Duration::from_secs(60))
}

/// Collects with the usual configuration, changed.
pub(crate) async fn collected(server: &Server, change: impl FnOnce(&mut Config)) -> Result<Batch, Failure> {
    let mut config = config(&server.url);
    change(&mut config);
    Ec2::new(config).collect_at(&context(), PACE).await
}

/// The groups of a region that failed, with the reason.
pub(crate) fn failed_in(batch: &Batch, region: &str) -> BTreeMap<&'static str, Reason> {
    let here = batch.failures().iter().filter(|failure| failure.tags.get("region") == Some(region));
    here.map(|failure| (failure.group, failure.failure.reason)).collect()
}

/// The value of a metric in a region; none where there is no point.
pub(crate) fn value_in(batch: &Batch, region: &str, name: &str) -> Option<f64> {
    let here = |gauge: &&collector::Gauge| gauge.def().name == name && gauge.tags().get("region") == Some(region);
    let gauges: Vec<f64> = batch.gauges().iter().filter(here).map(|gauge| gauge.value()).collect();
    assert!(gauges.len() <= 1, "{name} in {region} is there twice");
    gauges.first().copied()
}

pub(crate) fn value(batch: &Batch, name: &str) -> Option<f64> {
    value_in(batch, HOME, name)
}

/// Every metric of a region is a gauge, an absence, or of a group that failed.
pub(crate) fn accounts_for_all(batch: &Batch, region: &str) {
    let failed: BTreeSet<&str> = failed_in(batch, region).into_keys().collect();
    for def in METRICS {
        let sent = usize::from(value_in(batch, region, def.name).is_some());
        let absences = batch.absences().iter();
        let absent = absences.filter(|one| one.def.name == def.name && one.tags.get("region") == Some(region)).count();
        let missing = usize::from(failed.contains(def.group));
        assert_eq!(sent + absent + missing, 1, "{} in {region}", def.name);
    }
}
