//! The price file: prices of the user's own, in US dollars an hour, instead of those of AWS.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::is_region;
use crate::prices::OnDemandKey;
use crate::prices::SpotKey;
use crate::records::Tenancy;

/// The prices of a file, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PriceFile {
    on_demand: BTreeMap<OnDemandKey, f64>,
    /// By zone, or by region for all its zones.
    spot: BTreeMap<SpotKey, f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    on_demand: Vec<OnDemandRow>,
    #[serde(default)]
    spot: Vec<SpotRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDemandRow {
    #[serde(rename = "type")]
    kind: String,
    region: String,
    #[serde(default = "linux")]
    platform: String,
    #[serde(default = "shared")]
    tenancy: Tenancy,
    price: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpotRow {
    #[serde(rename = "type")]
    kind: String,
    zone: Option<String>,
    region: Option<String>,
    #[serde(default = "linux")]
    platform: String,
    price: f64,
}

fn linux() -> String {
    "Linux/UNIX".to_owned()
}

fn shared() -> Tenancy {
    Tenancy::Default
}

impl PriceFile {
    /// Reads the text of a price file: YAML, or JSON, which is YAML. Format: README of this crate.
    ///
    /// # Errors
    /// What is wrong with it, one sentence without a full stop: no YAML, an unknown key, a price that is none, a place that is
    /// none, a row twice.
    pub fn parse(text: &str) -> Result<PriceFile, String> {
        let written: Written = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let mut prices = PriceFile::default();
        for row in written.on_demand {
            let OnDemandRow { kind, region, platform, tenancy, price } = row;
            let name = format!("on_demand {kind} {region} {platform}");
            place(&[&kind, &platform], Some(&region)).map_err(|why| format!("{name}: {why}"))?;
            let key = OnDemandKey { kind, region, platform, tenancy };
            add(&mut prices.on_demand, key, price, &name)?;
        }
        for row in written.spot {
            let SpotRow { kind, zone, region, platform, price } = row;
            let name = format!("spot {kind} {platform}");
            let texts = [&kind, &platform].into_iter().chain(&zone).collect::<Vec<_>>();
            place(&texts, region.as_deref()).map_err(|why| format!("{name}: {why}"))?;
            let zone = match (zone, region) {
                (Some(place), None) | (None, Some(place)) => place,
                _ => return Err(format!("{name}: names not exactly one of zone and region")),
            };
            let name = format!("{name} {zone}");
            add(&mut prices.spot, SpotKey { kind, zone, platform }, price, &name)?;
        }
        if prices.on_demand.is_empty() && prices.spot.is_empty() {
            return Err("holds no price".to_owned());
        }
        Ok(prices)
    }

    pub(crate) fn on_demand(&self, key: &OnDemandKey) -> Option<f64> {
        self.on_demand.get(key).copied()
    }

    /// The price of the zone, else that of the region.
    pub(crate) fn spot(&self, key: &SpotKey, region: &str) -> Option<f64> {
        let of_region = || self.spot.get(&SpotKey { zone: region.to_owned(), ..key.clone() });
        self.spot.get(key).or_else(of_region).copied()
    }
}

/// Refuses what no instance can have: the row would be without effect, and nobody would know.
fn place(texts: &[&String], region: Option<&str>) -> Result<(), String> {
    match region.filter(|region| !is_region(region)) {
        _ if texts.iter().any(|text| text.is_empty()) => Err("holds an empty text".to_owned()),
        Some(region) => Err(format!("{region:?} is no region, as eu-central-1 is")),
        None => Ok(()),
    }
}

fn add<K: Ord>(prices: &mut BTreeMap<K, f64>, key: K, price: f64, name: &str) -> Result<(), String> {
    if !price.is_finite() || price < 0.0 {
        return Err(format!("{name}: the price {price} is none"));
    }
    match prices.insert(key, price) {
        Some(_) => Err(format!("{name}: is there twice")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
on_demand:
  - {type: m5.large, region: eu-central-1, price: 0.115}
  - {type: m5.large, region: eu-central-1, platform: Windows, tenancy: dedicated, price: 0.3}
spot:
  - {type: m5.large, zone: eu-central-1a, price: 0.04}
  - {type: m5.large, region: eu-central-1, price: 0.05}
";

    fn on_demand(platform: &str, tenancy: Tenancy) -> OnDemandKey {
        let (kind, region) = ("m5.large".to_owned(), "eu-central-1".to_owned());
        OnDemandKey { kind, region, platform: platform.to_owned(), tenancy }
    }

    fn spot(zone: &str, platform: &str) -> SpotKey {
        SpotKey { kind: "m5.large".to_owned(), zone: zone.to_owned(), platform: platform.to_owned() }
    }

    #[test]
    fn rows_have_the_usual_platform_and_tenancy() {
        let file = PriceFile::parse(TEXT).unwrap();
        assert_eq!(file.on_demand(&on_demand("Linux/UNIX", Tenancy::Default)), Some(0.115));
        assert_eq!(file.on_demand(&on_demand("Windows", Tenancy::Dedicated)), Some(0.3));
        assert_eq!(file.on_demand(&on_demand("Windows", Tenancy::Default)), None);
    }

    #[test]
    fn a_zone_goes_before_its_region() {
        let file = PriceFile::parse(TEXT).unwrap();
        assert_eq!(file.spot(&spot("eu-central-1a", "Linux/UNIX"), "eu-central-1"), Some(0.04));
        assert_eq!(file.spot(&spot("eu-central-1b", "Linux/UNIX"), "eu-central-1"), Some(0.05));
        assert_eq!(file.spot(&spot("eu-central-1a", "Windows"), "eu-central-1"), None);
    }

    #[test]
    fn json_is_read_too() {
        let text = r#"{"on_demand": [{"type": "m5.large", "region": "eu-central-1", "price": 0.115}]}"#;
        assert!(PriceFile::parse(text).is_ok());
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            (
                "on_demand: [{type: a, region: eu-west-1, price: -1}]",
                "on_demand a eu-west-1 Linux/UNIX: the price -1 is none",
            ),
            ("on_demand: [{type: a, region: eu-west-1, price: .nan}]", "is none"),
            (
                "on_demand: [{type: a, region: eu-west-1, price: 1}, {type: a, region: eu-west-1, price: 2}]",
                "is there twice",
            ),
            ("on_demand: [{type: a, region: eu-west-1, cost: 1}]", "cost"),
            ("on_demand: [{type: a, price: 1}]", "region"),
            ("on_demand: [{type: a, region: eu-west-1, tenancy: mine, price: 1}]", "mine"),
            ("spot: [{type: a, price: 1}]", "not exactly one of zone and region"),
            ("spot: [{type: a, zone: z, region: eu-west-1, price: 1}]", "not exactly one of zone and region"),
            ("on_demand: [{type: a, region: frankfurt, price: 1}]", "\"frankfurt\" is no region"),
            ("on_demand: [{type: a, region: eu-west-1a, price: 1}]", "\"eu-west-1a\" is no region"),
            ("spot: [{type: a, region: EU-WEST-1, price: 1}]", "\"EU-WEST-1\" is no region"),
            ("spot: [{type: a, zone: '', price: 1}]", "an empty text"),
            ("on_demand: [{type: '', region: eu-west-1, price: 1}]", "an empty text"),
            ("on_demand: [{type: a, region: eu-west-1, platform: '', price: 1}]", "an empty text"),
            ("other: []", "other"),
            ("{}", "holds no price"),
            ("on_demand: [", ""),
        ] {
            let why = PriceFile::parse(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }
}
