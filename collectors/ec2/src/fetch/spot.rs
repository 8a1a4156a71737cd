//! Spot prices, as they are now.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use aws_sdk_ec2::types::InstanceType;
use collector::Failure;
use jiff::Timestamp;

use crate::client::Ask;
use crate::client::Client;
use crate::client::Tokens;
use crate::fetch::date;
use crate::fetch::instant;
use crate::fetch::list;
use crate::prices::SpotKey;
use crate::prices::dollars;
use crate::prices::spot_platform;

/// Prices of a page, the most that EC2 takes.
const PAGE: i32 = 1000;
/// The platforms that have spot prices. EC2 may refuse a request that names another.
const PLATFORMS: &[&str] = &["Linux/UNIX", "Red Hat Enterprise Linux", "SUSE Linux", "Windows"];

/// The latest price at `now` of each of `keys` that has one. They change all the time, and cost one call for all types
/// and zones: they are not kept between runs.
pub(crate) async fn spot_prices(
    client: &Client,
    region: &str,
    keys: &BTreeSet<SpotKey>,
    now: Timestamp,
) -> Result<BTreeMap<SpotKey, f64>, Failure> {
    let has_price = |key: &&SpotKey| !key.kind.is_empty() && PLATFORMS.contains(&key.platform.as_str());
    let keys: BTreeSet<&SpotKey> = keys.iter().filter(has_price).collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ask = Ask::new(format!("read the spot prices of {region}"), "ec2:DescribeSpotPriceHistory", region);
    let ec2 = client.ec2(region);
    let kinds: BTreeSet<&str> = keys.iter().map(|key| key.kind.as_str()).collect();
    let kinds: Vec<InstanceType> = kinds.into_iter().map(InstanceType::from).collect();
    let platforms: BTreeSet<&str> = keys.iter().map(|key| key.platform.as_str()).collect();
    let platforms: Vec<String> = platforms.into_iter().map(str::to_owned).collect();
    let mut latest: BTreeMap<SpotKey, (Timestamp, Option<f64>)> = BTreeMap::new();
    let mut tokens = Tokens::default();
    loop {
        // From `now` on: EC2 adds the last change before it, which is the price at `now`.
        let request = ec2.describe_spot_price_history().start_time(date(now)).max_results(PAGE);
        let request = request.set_instance_types(Some(kinds.clone())).set_product_descriptions(Some(platforms.clone()));
        let page = client.ask(&ask, request.set_next_token(tokens.next()).send()).await?;
        for row in list(&page.spot_price_history, &ask)? {
            let (Some(kind), Some(platform)) = (row.instance_type(), row.product_description()) else { continue };
            let Some(zone) = row.availability_zone() else { continue };
            let Some(at) = row.timestamp().and_then(instant).filter(|at| *at <= now) else { continue };
            let platform = spot_platform(platform.as_str()).to_owned();
            let key = SpotKey { kind: kind.as_str().to_owned(), zone: zone.to_owned(), platform };
            if keys.contains(&key) && latest.get(&key).is_none_or(|(before, _)| *before < at) {
                // One that cannot be read, too: an older price is not the latest.
                latest.insert(key, (at, row.spot_price().and_then(dollars)));
            }
        }
        if !tokens.advance(page.next_token(), &ask)? {
            return Ok(latest.into_iter().filter_map(|(key, (_, price))| Some((key, price?))).collect());
        }
    }
}
