//! Prices: near the published ones, but no more than near.

use super::OnDemandPrice;
use super::Platform;
use super::SpotPrice;
use super::Tenancy;
use super::catalogue::InstanceType;
use crate::organisation::time::DAY;
use crate::organisation::time::HOUR;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

/// A whole number of ten-thousandths, which a text of ten decimals gives back exactly.
fn rounded(dollars: f64) -> f64 {
    (dollars.max(0.0001) * 1e4).round() / 1e4
}

/// The price list of one region. One type has no row at all now and then, and single rows are missing.
///
/// Of hosts there is none: a host is paid for as a whole, and its instances are not.
pub fn on_demand(rng: &mut Rng, region: &str, types: &[InstanceType]) -> Vec<OnDemandPrice> {
    let dearer = 1.0 + f64::from(rng.u8(..20)) / 100.0;
    let mut out = Vec::new();
    for kind in types {
        let is_listed = rng.u8(..12) > 0;
        for platform in Platform::ALL {
            if kind.architecture == "arm64" && platform.is_windows() {
                continue;
            }
            for (tenancy, factor) in [(Tenancy::Default, 1.0), (Tenancy::Dedicated, 1.0625)] {
                let dollars = rounded(dearer * factor * kind.dollars + platform.licence() * kind.vcpus as f64);
                if is_listed && rng.u8(..16) > 0 {
                    let (instance_type, region) = (kind.name.to_owned(), region.to_owned());
                    out.push(OnDemandPrice { instance_type, region, platform, tenancy, dollars });
                }
            }
        }
    }
    out
}

/// The spot prices of one region: up to six changes for each type, zone and platform, in no order. Some of these have
/// none, and some a change that lies after `now`.
pub fn spot(rng: &mut Rng, zones: &[String], types: &[InstanceType], now: Timestamp) -> Vec<SpotPrice> {
    let mut out = Vec::new();
    for kind in types {
        for zone in zones {
            for platform in Platform::ALL {
                let is_offered = platform.has_spot() && !(kind.architecture == "arm64" && platform.is_windows());
                if !is_offered || rng.u8(..10) == 0 {
                    continue;
                }
                let changes = 1 + rng.usize(..6);
                for change in 0..changes {
                    let back = match (change, rng.u8(..8)) {
                        (0, 0) => 0,
                        (0, _) => between(rng, 1, 5 * HOUR),
                        (1, 0) => -between(rng, 1, HOUR),
                        (n, _) => 5 * HOUR + (n as i64) * DAY + between(rng, 0, DAY - 1),
                    };
                    let share = 0.2 + f64::from(rng.u8(..60)) / 100.0;
                    out.push(SpotPrice {
                        instance_type: kind.name.to_owned(),
                        zone: zone.clone(),
                        platform,
                        at: plus(now, -back),
                        dollars: rounded(share * kind.dollars + platform.licence() * kind.vcpus as f64),
                    });
                }
            }
        }
    }
    rng.shuffle(&mut out);
    out
}
