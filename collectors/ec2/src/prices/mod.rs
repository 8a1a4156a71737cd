//! Hourly prices: what they are kept by, and the file that a user may give.

mod file;
mod platform;

use std::collections::BTreeMap;

pub use file::PriceFile;
pub(crate) use platform::Listed;
pub(crate) use platform::listed;
pub(crate) use platform::spot_platform;

use crate::records::Instance;
use crate::records::Tenancy;

/// What the on-demand price of an instance depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct OnDemandKey {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) region: String,
    pub(crate) platform: String,
    pub(crate) tenancy: Tenancy,
}

impl OnDemandKey {
    pub(crate) fn of(instance: &Instance, region: &str) -> OnDemandKey {
        OnDemandKey {
            kind: instance.kind.clone(),
            region: region.to_owned(),
            platform: instance.platform.clone(),
            tenancy: instance.tenancy,
        }
    }
}

/// What the spot price of an instance depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SpotKey {
    pub(crate) kind: String,
    pub(crate) zone: String,
    pub(crate) platform: String,
}

impl SpotKey {
    pub(crate) fn of(instance: &Instance) -> SpotKey {
        SpotKey {
            kind: instance.kind.clone(),
            zone: instance.zone.clone(),
            platform: spot_platform(&instance.platform).to_owned(),
        }
    }
}

/// The prices of one region's running instances, in US dollars an hour. What is not in them has no known price.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Prices {
    pub(crate) on_demand: BTreeMap<OnDemandKey, f64>,
    pub(crate) spot: BTreeMap<SpotKey, f64>,
}

/// A price as AWS writes it. None for what is no price: not a number, negative.
pub(crate) fn dollars(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|price: &f64| price.is_finite() && *price >= 0.0)
}
