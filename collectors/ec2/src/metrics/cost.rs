//! What the running instances cost by the hour, at list prices.

use std::collections::BTreeSet;

use collector::Batch;
use collector::Tags;
use jiff::Timestamp;

use crate::catalog;
use crate::prices::OnDemandKey;
use crate::prices::Prices;
use crate::prices::SpotKey;
use crate::records::Instance;

/// Hours of a month: 8,760 of a year by 12.
const HOURS: f64 = 730.0;
/// So many types are named in the warning.
const NAMED: usize = 5;

/// The gauges of the group. `prices` holds every price that could be known; what it lacks has none.
pub(crate) fn compute(instances: &[Instance], prices: &Prices, region: &str, now: Timestamp, tags: &Tags) -> Batch {
    let mut sum = 0.0;
    let mut unpriced = 0u32;
    let mut names = BTreeSet::new();
    // Of the same spot instances: what they cost, and what they would cost on demand.
    let mut spot = (0.0, 0.0);
    for one in instances.iter().filter(|one| one.runs(now)) {
        let on_demand = prices.on_demand.get(&OnDemandKey::of(one, region));
        let price = if one.spot { prices.spot.get(&SpotKey::of(one)) } else { on_demand };
        let Some(price) = price else {
            unpriced += 1;
            names.insert(format!("{} {}{}", one.kind, if one.spot { "spot " } else { "" }, one.platform));
            continue;
        };
        sum += price;
        if let (true, Some(on_demand)) = (one.spot, on_demand) {
            spot = (spot.0 + price, spot.1 + on_demand);
        }
    }
    let savings = (spot.1 > 0.0).then(|| (1.0 - spot.0 / spot.1) * 100.0);
    let mut batch = Batch::new();
    batch.gauge(&catalog::COST_HOURLY, sum, tags);
    batch.gauge(&catalog::COST_UNPRICED, f64::from(unpriced), tags);
    batch.gauge(&catalog::COST_MONTHLY, sum * HOURS, tags);
    batch.gauge_or_absent(&catalog::SPOT_SAVINGS, savings, tags);
    if unpriced > 0 {
        let more = if names.len() > NAMED { ", ..." } else { "" };
        let names: Vec<String> = names.into_iter().take(NAMED).collect();
        batch.warn(format!(
            "EC2 ({tags}): {unpriced} running instances have no known price and are not in the estimates ({}{more})",
            names.join(", ")
        ));
    }
    batch
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::sample::*;
    use crate::records::State;
    use crate::records::Tenancy;

    const REGION: &str = "eu-central-1";

    /// On demand 0.10 and 1.00 for the two types, spot 0.04 for the first in zone a.
    fn prices() -> Prices {
        let mut prices = Prices::default();
        for (kind, price) in [("m5.large", 0.1), ("c5.large", 1.0)] {
            prices.on_demand.insert(OnDemandKey::of(&typed(kind), REGION), price);
        }
        prices.spot.insert(SpotKey::of(&typed("m5.large")), 0.04);
        prices
    }

    fn typed(kind: &str) -> Instance {
        Instance { kind: kind.to_owned(), ..instance("i-1") }
    }

    fn spot(kind: &str) -> Instance {
        Instance { spot: true, ..typed(kind) }
    }

    fn of(instances: &[Instance]) -> Batch {
        compute(instances, &prices(), REGION, now(), &tags())
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?} instead of {expected}");
    }

    #[test]
    fn spot_at_the_spot_price_and_the_rest_on_demand() {
        let batch = of(&[typed("m5.large"), typed("c5.large"), spot("m5.large")]);
        close(value(&batch, "ec2.cost.running_hourly_estimate"), 1.14);
        close(value(&batch, "ec2.cost.monthly_estimate"), 1.14 * 730.0);
        close(value(&batch, "ec2.cost.spot_savings_pct"), 60.0);
        assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(0.0));
        assert_eq!(batch.warnings(), Vec::<String>::new());
    }

    #[test]
    fn nothing_running_costs_nothing() {
        let batch = of(&[Instance { state: State::Stopped, ..typed("m5.large") }]);
        assert_eq!(value(&batch, "ec2.cost.running_hourly_estimate"), Some(0.0));
        assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(0.0));
        assert_eq!(value(&batch, "ec2.cost.spot_savings_pct"), None);
    }

    #[test]
    fn what_has_no_price_is_left_out_counted_and_named() {
        let others = [
            Instance { zone: "eu-central-1b".to_owned(), ..spot("m5.large") },
            Instance { platform: "Windows".to_owned(), ..typed("m5.large") },
            Instance { tenancy: Tenancy::Dedicated, ..typed("m5.large") },
            typed("x1.32xlarge"),
        ];
        let batch = of(&[&others[..], &[typed("m5.large")]].concat());
        close(value(&batch, "ec2.cost.running_hourly_estimate"), 0.1);
        assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(4.0));
        assert_eq!(value(&batch, "ec2.cost.spot_savings_pct"), None);
        assert!(batch.warnings()[0].contains("x1.32xlarge Linux/UNIX"), "{:?}", batch.warnings());
    }

    #[test]
    fn savings_are_of_spot_instances_with_both_prices() {
        let mut prices = prices();
        prices.spot.insert(SpotKey::of(&typed("x1.32xlarge")), 3.0);
        let batch = compute(&[spot("m5.large"), spot("x1.32xlarge")], &prices, REGION, now(), &tags());
        close(value(&batch, "ec2.cost.running_hourly_estimate"), 3.04);
        assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(0.0));
        close(value(&batch, "ec2.cost.spot_savings_pct"), 60.0);
    }

    #[test]
    fn spot_dearer_than_on_demand_is_a_negative_saving() {
        let mut prices = prices();
        prices.spot.insert(SpotKey::of(&typed("m5.large")), 0.2);
        let batch = compute(&[spot("m5.large")], &prices, REGION, now(), &tags());
        close(value(&batch, "ec2.cost.spot_savings_pct"), -100.0);
    }

    #[test]
    fn a_price_of_zero_on_demand_gives_no_savings() {
        let mut prices = prices();
        prices.on_demand.insert(OnDemandKey::of(&typed("m5.large"), REGION), 0.0);
        let batch = compute(&[spot("m5.large")], &prices, REGION, now(), &tags());
        assert_eq!(value(&batch, "ec2.cost.spot_savings_pct"), None);
    }

    proptest! {
        #[test]
        fn every_running_instance_is_priced_or_counted(
            kinds in prop::collection::vec((prop::sample::select(&["m5.large", "c5.large", "none"][..]), any::<bool>()), 0..30),
        ) {
            let all: Vec<Instance> = kinds.iter().map(|(kind, is_spot)| Instance { spot: *is_spot, ..typed(kind) }).collect();
            let batch = of(&all);
            let get = |name: &str| value(&batch, &format!("ec2.cost.{name}")).unwrap_or(f64::NAN);
            let lacking = all.iter().filter(|one| one.kind == "none" || (one.spot && one.kind != "m5.large")).count();
            prop_assert_eq!(get("unpriced_instances"), lacking as f64);
            let priced = (all.len() - lacking) as f64;
            prop_assert!(0.04 * priced - 1e-9 <= get("running_hourly_estimate"));
            prop_assert!(get("running_hourly_estimate") <= 1.0 * priced + 1e-9);
        }
    }
}
