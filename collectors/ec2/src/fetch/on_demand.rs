//! On-demand prices, from the price list or from the store.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use aws_sdk_pricing::types::Filter;
use aws_sdk_pricing::types::FilterType;
use collector::Failure;
use collector::Reason;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::client::Ask;
use crate::client::Client;
use crate::client::Tokens;
use crate::fetch::bad_reply;
use crate::fetch::list;
use crate::prices::Listed;
use crate::prices::OnDemandKey;
use crate::prices::dollars;
use crate::prices::listed;
use crate::records::Tenancy;
use crate::store::Store;

const ACTION: &str = "pricing:GetProducts";
/// Products of a page, the most that the price list takes.
const PAGE: i32 = 100;

/// The price list, asked for one key at a time: it answers few requests a second, whatever the region.
#[derive(Debug)]
pub(crate) struct PriceList<'a> {
    client: &'a Client,
    store: &'a Store,
    /// Where the price list of this partition answers.
    region: &'static str,
    /// Why it could not be asked before, which holds for all regions of this run.
    failed: Mutex<Option<Failure>>,
}

impl<'a> PriceList<'a> {
    pub(crate) fn new(client: &'a Client, store: &'a Store, home: &str) -> PriceList<'a> {
        PriceList { client, store, region: price_list_region(home), failed: Mutex::default() }
    }

    /// The price of each of `keys` that has one.
    ///
    /// # Errors
    /// When one could not be asked for: "could not ask" is no "has no price". What was read until then is in the store, so
    /// that the next run goes on from there.
    pub(crate) async fn prices(&self, keys: &BTreeSet<OnDemandKey>) -> Result<BTreeMap<OnDemandKey, f64>, Failure> {
        let mut prices = BTreeMap::new();
        for key in keys {
            // Held over the request: one at a time.
            let mut failed = self.failed.lock().await;
            let price = match (self.store.price(key), &*failed) {
                (Some(price), _) => price,
                (None, Some(failure)) => return Err(failure.clone()),
                (None, None) => {
                    let asked = self.ask(key).await;
                    *failed = asked.as_ref().err().filter(|failure| is_of_all(failure.reason)).cloned();
                    let price = asked?;
                    self.store.keep_price(key, price);
                    price
                }
            };
            prices.extend(price.map(|price| (key.clone(), price)));
        }
        Ok(prices)
    }

    async fn ask(&self, key: &OnDemandKey) -> Result<Option<f64>, Failure> {
        let Some(listed) = listed(&key.platform).filter(|_| !key.kind.is_empty()) else { return Ok(None) };
        let OnDemandKey { kind, region, platform, .. } = key;
        let doing = format!("look up the on-demand price of {kind} ({platform}) in {region}");
        let ask = Ask::new(doing, ACTION, self.region);
        let pricing = self.client.pricing(self.region);
        let filters = filters(key, &listed).map_err(|why| bad_reply(&ask, why))?;
        let (mut found, mut tokens) = (Vec::new(), Tokens::default());
        loop {
            let request = pricing.get_products().service_code("AmazonEC2").format_version("aws_v1").max_results(PAGE);
            let request = request.set_filters(Some(filters.clone())).set_next_token(tokens.next());
            let page = self.client.ask(&ask, request.send()).await.map_err(with_the_other_way)?;
            for text in list(&page.price_list, &ask)? {
                let product = serde_json::from_str::<Product>(text);
                let product =
                    product.map_err(|_| bad_reply(&ask, "a product of the price list is not what the API promises"))?;
                found.extend(prices(&product, key.tenancy, &listed));
            }
            if !tokens.advance(page.next_token(), &ask)? {
                break;
            }
        }
        found.sort_by(f64::total_cmp);
        found.dedup();
        // Several prices: none of them is known to be the one.
        Ok(if let [price] = found[..] { Some(price) } else { None })
    }
}

/// Whether the next key would end alike. An odd answer and a refused value are of one key.
fn is_of_all(reason: Reason) -> bool {
    use Reason::{Deadline, Forbidden, RateLimited, Unauthorized, Unreachable};
    matches!(reason, Deadline | Forbidden | RateLimited | Unauthorized | Unreachable)
}

fn with_the_other_way(failure: Failure) -> Failure {
    let cure = match failure.cure.as_str() {
        "" => "If it lasts, give the prices in a file (ec2.price_file)".to_owned(),
        cure => format!("{cure}. Or give the prices in a file (ec2.price_file)"),
    };
    failure.with_cure(cure)
}

/// Where the price list answers: three regions of the commercial partition and one of China.
pub(crate) fn price_list_region(home: &str) -> &'static str {
    match home.split('-').next().unwrap_or_default() {
        "cn" => "cn-northwest-1",
        "eu" | "il" | "me" | "af" => "eu-central-1",
        "ap" => "ap-south-1",
        _ => "us-east-1",
    }
}

fn filters(key: &OnDemandKey, listed: &Listed) -> Result<Vec<Filter>, String> {
    let tenancy = match key.tenancy {
        Tenancy::Default => "Shared",
        Tenancy::Dedicated => "Dedicated",
        Tenancy::Host => "Host",
    };
    let mut fields = vec![
        ("instanceType", key.kind.as_str()),
        ("regionCode", &key.region),
        ("operatingSystem", listed.system),
        ("preInstalledSw", listed.software),
        ("tenancy", tenancy),
    ];
    // Unused capacity reservations are other rows. What runs on a dedicated host is under another word.
    if key.tenancy != Tenancy::Host {
        fields.push(("capacitystatus", "Used"));
    }
    let filter = |(field, value)| Filter::builder().r#type(FilterType::TermMatch).field(field).value(value).build();
    fields.into_iter().map(filter).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

#[derive(Debug, Deserialize)]
struct Product {
    #[serde(default)]
    product: Attributed,
    #[serde(default)]
    terms: Terms,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributed {
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    operation: Option<String>,
    license_model: Option<String>,
    marketoption: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Terms {
    #[serde(rename = "OnDemand", default)]
    on_demand: BTreeMap<String, Term>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    #[serde(default)]
    price_dimensions: BTreeMap<String, Dimension>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: Option<String>,
    #[serde(default)]
    price_per_unit: BTreeMap<String, String>,
}

/// The hourly prices of a product in dollars: one, unless it is odd. None for one that is another than what was asked for although the filters
/// match it (a licence of one's own, a capacity block), and for a price in another currency. The list has rows
/// at 0 beside the real ones; only what runs on a dedicated host does cost 0, since the host is paid.
fn prices(product: &Product, tenancy: Tenancy, listed: &Listed) -> Vec<f64> {
    let Attributes { operation, license_model, marketoption } = &product.product.attributes;
    let own = license_model.as_deref().map(|model| model == "Bring your own license");
    if operation.as_deref().is_some_and(|operation| operation != listed.operation)
        || own.is_some_and(|own| own != listed.own_license)
        || marketoption.as_deref().is_some_and(|option| option != "OnDemand")
    {
        return Vec::new();
    }
    let dimensions = product.terms.on_demand.values().flat_map(|term| term.price_dimensions.values());
    let hourly = dimensions.filter(|dimension| dimension.unit.as_deref().is_none_or(|unit| unit == "Hrs"));
    let prices = hourly.filter_map(|dimension| dollars(dimension.price_per_unit.get("USD")?));
    prices.filter(|price| *price > 0.0 || tenancy == Tenancy::Host).collect()
}

#[cfg(test)]
#[path = "on_demand_tests.rs"]
mod tests;
