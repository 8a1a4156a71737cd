//! Puts an account together, region by region.

use super::Aws;
use super::AwsScale;
use super::OptIn;
use super::Region;
use super::catalogue::INSTANCE_TYPES;
use super::costs;
use super::instances;
use super::storage;
use crate::organisation::time::whole;
use fastrand::Rng;
use jiff::Timestamp;

const ACCOUNT: &str = "123456789012";

/// The first so many are configured; all of them are enabled for everybody.
const CONFIGURED: [&str; 5] = ["eu-central-1", "us-east-1", "ap-southeast-2", "us-west-2", "eu-west-1"];

/// Enabled and in use, but asked for only by `all`.
const BESIDE: [(&str, OptIn); 2] = [("eu-north-1", OptIn::NotRequired), ("af-south-1", OptIn::OptedIn)];

const DISABLED: [&str; 2] = ["me-central-1", "ap-east-1"];

/// Has its own generator: how large the rest of the organisation is changes nothing here.
pub fn generate(seed: u64, scale: &AwsScale, now: Timestamp) -> Aws {
    if scale.regions == 0 {
        return Aws::default();
    }
    let mut rng = Rng::with_seed(seed ^ 0xa35_acc0);
    let now = whole(now);
    let configured = scale.regions.min(CONFIGURED.len());
    let mut regions = Vec::new();
    let mut left = *scale;
    for (index, name) in CONFIGURED.iter().take(configured).enumerate() {
        // Half of what is left, and the last takes the rest.
        let part = if index + 1 == configured { left } else { share(&left, 2) };
        left = AwsScale {
            instances: left.instances - part.instances,
            volumes: left.volumes - part.volumes,
            snapshots: left.snapshots - part.snapshots,
            addresses: left.addresses - part.addresses,
            ..left
        };
        regions.push(region(&mut rng.fork(), name, OptIn::NotRequired, &part, now));
    }
    for (name, opt_in) in BESIDE {
        regions.push(region(&mut rng.fork(), name, opt_in, &share(scale, 10), now));
    }
    for name in DISABLED {
        // Something was left behind there before it was disabled; nobody can see it now.
        regions.push(region(&mut rng.fork(), name, OptIn::NotOptedIn, &share(scale, 20), now));
    }
    let price_list = regions.iter().flat_map(|r| costs::on_demand(&mut rng.fork(), &r.name, &INSTANCE_TYPES));
    let price_list = price_list.collect();
    rng.shuffle(&mut regions);
    Aws {
        account: ACCOUNT.to_owned(),
        configured: CONFIGURED.iter().take(configured).map(|&name| name.to_owned()).collect(),
        regions,
        instance_types: INSTANCE_TYPES.to_vec(),
        price_list,
    }
}

fn share(scale: &AwsScale, parts: usize) -> AwsScale {
    AwsScale {
        instances: scale.instances / parts,
        volumes: scale.volumes / parts,
        snapshots: scale.snapshots / parts,
        addresses: scale.addresses / parts,
        ..*scale
    }
}

fn region(rng: &mut Rng, name: &str, opt_in: OptIn, scale: &AwsScale, now: Timestamp) -> Region {
    let zones: Vec<String> = ["a", "b", "c"].iter().map(|letter| format!("{name}{letter}")).collect();
    let mut instances = instances::fill(rng, scale, scale.instances, &zones, now);
    let volumes = storage::volumes(rng, scale.volumes, &instances, &zones, now);
    let snapshots = storage::snapshots(rng, scale.snapshots, ACCOUNT, now);
    let addresses = storage::addresses(rng, scale.addresses, &instances);
    let spot_prices = costs::spot(rng, &zones, &INSTANCE_TYPES, now);
    if instances.len() < 25 && rng.u8(..6) == 0 {
        // CloudWatch knows nothing of this region.
        instances.iter_mut().for_each(|instance| instance.cpu.clear());
    }
    Region { name: name.to_owned(), opt_in, zones, instances, volumes, snapshots, addresses, spot_prices }
}
