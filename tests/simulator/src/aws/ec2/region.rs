//! DescribeAddresses and DescribeRegions, which have no pages.

use super::Request;
use crate::aws::failure::Failure;
use crate::organisation::aws::OptIn;

pub fn addresses(request: &Request) -> Result<String, Failure> {
    let all = request.region.addresses.iter().collect();
    let all = request.named(all, "AllocationId", "InvalidAllocationID.NotFound", |a| a.allocation.as_str())?;
    let all = request.named(all, "PublicIp", "InvalidAddress.NotFound", |a| a.public_ip.as_str())?;
    let addresses = request.filtered(all, |address, name| match name {
        "allocation-id" => Some(vec![address.allocation.clone()]),
        "association-id" => Some(address.association.clone().into_iter().collect()),
        "domain" => Some(vec!["vpc".to_owned()]),
        _ => None,
    })?;
    Ok(request.document(None, |xml| {
        xml.items("addressesSet", addresses, |xml, address| {
            xml.text("publicIp", &address.public_ip);
            xml.text("allocationId", &address.allocation);
            xml.text("domain", "vpc");
            xml.maybe("associationId", address.association.as_ref());
            xml.maybe("instanceId", address.instance.as_ref());
            if address.association.is_some() {
                xml.text("networkInterfaceId", "eni-0a1b2c3d4e5f60718");
                xml.text("privateIpAddress", "10.0.0.1");
            }
            xml.text("publicIpv4Pool", "amazon");
            xml.text("networkBorderGroup", &request.region.name);
        });
    }))
}

/// Only those that are enabled, unless all are asked for.
pub fn regions(request: &Request) -> Result<String, Failure> {
    let state = request.call.state;
    let all = request.parameters.boolean("AllRegions");
    let visible = state.aws().regions.iter().filter(|region| all || state.is_enabled(region)).collect();
    let visible = request.named(visible, "RegionName", "InvalidParameterValue", |region| region.name.as_str())?;
    let opt_in = |region: &crate::organisation::aws::Region| match region.opt_in {
        _ if !state.is_enabled(region) => "not-opted-in",
        OptIn::NotRequired => "opt-in-not-required",
        OptIn::OptedIn | OptIn::NotOptedIn => "opted-in",
    };
    let regions = request.filtered(visible, |region, name| match name {
        "opt-in-status" => Some(vec![opt_in(region).to_owned()]),
        "region-name" => Some(vec![region.name.clone()]),
        _ => None,
    })?;
    Ok(request.document(None, |xml| {
        xml.items("regionInfo", regions, |xml, region| {
            xml.text("optInStatus", opt_in(region));
            xml.text("regionName", &region.name);
            xml.text("regionEndpoint", format!("ec2.{}.amazonaws.com", region.name));
        });
    }))
}
