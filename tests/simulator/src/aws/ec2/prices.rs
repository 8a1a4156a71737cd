//! DescribeSpotPriceHistory.

use super::Request;
use super::Usual;
use super::instant;
use crate::aws::failure::Failure;
use crate::aws::page::Pages;
use crate::organisation::aws::SpotPrice;
use std::cmp::Reverse;

/// On one page, also when no number is asked for.
const MOST: usize = 1_000;

/// Changes between the two instants, newest first, and of each price the last change before the first of them.
pub fn spot(request: &Request) -> Result<String, Failure> {
    let parameters = &request.parameters;
    let (start, end) = (parameters.instant("StartTime"), parameters.instant("EndTime"));
    let types = parameters.list("InstanceType");
    let platforms = parameters.list("ProductDescription");
    let zone = parameters.text("AvailabilityZone");
    let any = |wanted: &[&str], text: &str| wanted.is_empty() || wanted.contains(&text);
    let all = request.region.spot_prices.iter().filter(|price| {
        any(&types, &price.instance_type)
            && any(&platforms, price.platform.details())
            && zone.is_none_or(|zone| price.zone == zone)
            && end.is_none_or(|end| price.at <= end)
    });
    let mut all = request.filtered(all, |price, name| match name {
        "instance-type" => Some(vec![price.instance_type.clone()]),
        "product-description" => Some(vec![price.platform.details().to_owned()]),
        "availability-zone" => Some(vec![price.zone.clone()]),
        _ => None,
    })?;
    let key = |price: &SpotPrice| (price.instance_type.clone(), price.zone.clone(), price.platform);
    all.sort_by_key(|price| (Reverse(price.at), key(price)));
    if let Some(start) = start {
        let mut before = std::collections::HashSet::new();
        all.retain(|price| price.at >= start || before.insert(key(price)));
    }
    let page = request.page(all.len(), 1..=MOST as i64, Usual::Largest, MOST)?;
    // Here the end has always been an empty token.
    let token = match request.pages() {
        Pages::Repeated => page.token,
        _ => Some(page.token.unwrap_or_default()),
    };
    Ok(request.document(token.as_deref(), |xml| {
        xml.items("spotPriceHistorySet", &all[page.range], |xml, price| {
            xml.text("instanceType", &price.instance_type);
            xml.text("productDescription", price.platform.details());
            xml.text("spotPrice", format!("{:.6}", price.dollars));
            xml.text("timestamp", instant(price.at));
            xml.text("availabilityZone", &price.zone);
        });
    }))
}
