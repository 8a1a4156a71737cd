use serde_json::Value;
use serde_json::json;

use super::*;

fn product(attributes: Value, usd: &str) -> Value {
    let dimension = json!({"unit": "Hrs", "pricePerUnit": {"USD": usd}});
    json!({
        "product": {"attributes": attributes, "sku": "SKU"},
        "terms": {"OnDemand": {"SKU.TERM": {"priceDimensions": {"SKU.TERM.RATE": dimension}}}},
    })
}

fn of(product: Value, tenancy: Tenancy, platform: &str) -> Option<f64> {
    let prices = prices(&serde_json::from_value(product).unwrap(), tenancy, &listed(platform).unwrap());
    assert!(prices.len() <= 1, "{prices:?}");
    prices.first().copied()
}

#[test]
fn a_product_has_one_price() {
    let plain = json!({"operation": "RunInstances", "licenseModel": "No License required", "marketoption": "OnDemand"});
    assert_eq!(of(product(plain, "0.1150000000"), Tenancy::Default, "Linux/UNIX"), Some(0.115));
    assert_eq!(of(product(json!({}), "0.1150000000"), Tenancy::Default, "Linux/UNIX"), Some(0.115));
}

#[test]
fn what_is_another_product_is_no_price() {
    for attributes in [
        json!({"operation": "RunInstances:0800"}),
        json!({"licenseModel": "Bring your own license"}),
        json!({"marketoption": "CapacityBlock"}),
    ] {
        assert_eq!(of(product(attributes, "1"), Tenancy::Default, "Windows"), None);
    }
    let own = json!({"operation": "RunInstances:0800", "licenseModel": "Bring your own license"});
    assert_eq!(of(product(own.clone(), "1"), Tenancy::Default, "Windows BYOL"), Some(1.0));
    assert_eq!(of(product(own, "1"), Tenancy::Default, "Windows"), None);
}

#[test]
fn zero_is_a_price_on_a_dedicated_host_alone() {
    assert_eq!(of(product(json!({}), "0.0000000000"), Tenancy::Default, "Linux/UNIX"), None);
    assert_eq!(of(product(json!({}), "0.0000000000"), Tenancy::Host, "Linux/UNIX"), Some(0.0));
}

#[test]
fn another_currency_or_unit_or_no_number_is_no_price() {
    let with = |unit: &str, currency: &str, price: &str| {
        let dimension = json!({"unit": unit, "pricePerUnit": {currency: price}});
        json!({"terms": {"OnDemand": {"T": {"priceDimensions": {"R": dimension}}}}})
    };
    for (unit, currency, price, expected) in [
        ("Hrs", "USD", "2", Some(2.0)),
        ("Hrs", "CNY", "2", None),
        ("Quantity", "USD", "2", None),
        ("Hrs", "USD", "NaN", None),
        ("Hrs", "USD", "-1", None),
        ("Hrs", "USD", "two", None),
    ] {
        assert_eq!(
            of(with(unit, currency, price), Tenancy::Default, "Linux/UNIX"),
            expected,
            "{unit} {currency} {price}"
        );
    }
    assert_eq!(of(json!({}), Tenancy::Default, "Linux/UNIX"), None);
}

#[test]
fn the_price_list_of_a_partition_is_near() {
    for (home, region) in [
        ("us-west-2", "us-east-1"),
        ("sa-east-1", "us-east-1"),
        ("eu-west-1", "eu-central-1"),
        ("ap-northeast-1", "ap-south-1"),
        ("cn-north-1", "cn-northwest-1"),
    ] {
        assert_eq!(price_list_region(home), region);
    }
}

#[test]
fn a_dedicated_host_is_asked_for_without_a_word_on_capacity() {
    let key =
        |tenancy| OnDemandKey { kind: "m5.large".into(), region: "r".into(), platform: "Linux/UNIX".into(), tenancy };
    let fields = |tenancy| {
        let filters = filters(&key(tenancy), &listed("Linux/UNIX").unwrap()).unwrap();
        filters.iter().map(|filter| format!("{}={}", filter.field(), filter.value())).collect::<Vec<_>>().join(" ")
    };
    let same = "instanceType=m5.large regionCode=r operatingSystem=Linux preInstalledSw=NA";
    assert_eq!(fields(Tenancy::Default), format!("{same} tenancy=Shared capacitystatus=Used"));
    assert_eq!(fields(Tenancy::Dedicated), format!("{same} tenancy=Dedicated capacitystatus=Used"));
    assert_eq!(fields(Tenancy::Host), format!("{same} tenancy=Host"));
}
