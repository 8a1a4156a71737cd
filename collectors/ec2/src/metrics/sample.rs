//! Records for tests.

use collector::Batch;
use collector::Tags;
use jiff::SignedDuration;
use jiff::Timestamp;

use crate::records::Instance;
use crate::records::State;
use crate::records::Tenancy;

/// 2026-11-21 00:00 UTC.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

pub(crate) fn ago(hours: i64) -> Option<Timestamp> {
    Some(now() - SignedDuration::from_hours(hours))
}

pub(crate) fn tags() -> Tags {
    Tags::new().with("account", "123456789012").with("region", "eu-central-1")
}

/// A Linux instance on demand that has run for 48 hours.
pub(crate) fn instance(id: &str) -> Instance {
    Instance {
        id: id.to_owned(),
        kind: "m5.large".to_owned(),
        state: State::Running,
        launched: ago(48),
        zone: "eu-central-1a".to_owned(),
        spot: false,
        platform: "Linux/UNIX".to_owned(),
        tenancy: Tenancy::Default,
        vcpus: None,
        interrupted: false,
        changed: None,
    }
}

/// The value of a metric; none where the batch notes that it has none. Fails where it is neither.
pub(crate) fn value(batch: &Batch, name: &str) -> Option<f64> {
    let gauges: Vec<f64> = batch.gauges().iter().filter(|gauge| gauge.def().name == name).map(|g| g.value()).collect();
    let absent = batch.absences().iter().filter(|absence| absence.def.name == name).count();
    assert_eq!(gauges.len() + absent, 1, "{name}");
    gauges.first().copied()
}
