//! What an hour of an instance costs.

use super::Case;
use crate::organisation::aws::Instance;
use crate::organisation::aws::OnDemandPrice;

/// Where prices come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Prices {
    /// The price list and the history of spot prices.
    Aws,
    /// A file of the user's, and nothing else.
    File(PriceFile),
}

/// What a price file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PriceFile {
    /// Prices on demand.
    pub on_demand: Vec<OnDemandPrice>,
    /// Spot prices.
    pub spot: Vec<SpotRow>,
}

/// A spot price of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct SpotRow {
    /// The type.
    pub instance_type: String,
    /// A zone; or a region, for those of its zones that have no row of their own.
    pub place: String,
    /// The platform.
    pub platform: crate::organisation::aws::Platform,
    /// Dollars an hour.
    pub dollars: f64,
}

impl Case<'_> {
    /// "on-demand price of its type, region and platform", and tenancy.
    pub fn on_demand_price(&self, instance: &Instance) -> Option<f64> {
        let list = match &self.settings.prices {
            Prices::Aws => &self.aws.price_list,
            Prices::File(file) => &file.on_demand,
        };
        let found = list.iter().find(|row| {
            row.instance_type == instance.instance_type
                && row.region == self.region.name
                && row.platform == instance.platform
                && row.tenancy == instance.tenancy
        });
        found.map(|row| row.dollars)
    }

    /// "latest spot price of its type, zone and platform"; what is still to come is not yet a price.
    pub fn spot_price(&self, instance: &Instance) -> Option<f64> {
        match &self.settings.prices {
            Prices::Aws => {
                let changes = self.region.spot_prices.iter().filter(|price| {
                    price.instance_type == instance.instance_type
                        && price.zone == instance.zone
                        && price.platform == instance.platform
                        && price.at <= self.now
                });
                changes.max_by_key(|price| price.at).map(|price| price.dollars)
            }
            Prices::File(file) => {
                let at = |place: &str| {
                    let row = file.spot.iter().find(|row| {
                        row.instance_type == instance.instance_type
                            && row.platform == instance.platform
                            && row.place == place
                    });
                    row.map(|row| row.dollars)
                };
                at(&instance.zone).or_else(|| at(&self.region.name))
            }
        }
    }
}
