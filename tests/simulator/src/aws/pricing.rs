//! The Price List Query API: products, each a text of JSON.
//!
//! For one machine as a person sees it there are several products: with capacity that was reserved, used or not, under
//! another licence, in a Capacity Block. A question that does not tell them apart gets all of them.

use super::failure::Failure;
use super::json;
use super::page::Cut;
use super::page::hash;
use super::page::invalid_token;
use super::service::Answer;
use super::service::Call;
use super::service::Reply;
use crate::organisation::aws::Accelerator;
use crate::organisation::aws::InstanceType;
use crate::organisation::aws::OnDemandPrice;
use crate::organisation::aws::Platform;
use crate::organisation::aws::Tenancy;
use serde_json::Value;
use serde_json::json;

pub const ACTION: &str = "GetProducts";

pub const MEMBERS: &[&str] = &[
    "ServiceCode",
    "Filters",
    "Filters.Type",
    "Filters.Field",
    "Filters.Value",
    "FormatVersion",
    "NextToken",
    "MaxResults",
];

const MOST_FILTERS: usize = 50;

/// On one page.
const MOST: usize = 100;

/// What a filter may look at.
const FIELDS: [&str; 20] = [
    "sku",
    "servicecode",
    "servicename",
    "productFamily",
    "instanceType",
    "currentGeneration",
    "vcpu",
    "memory",
    "gpu",
    "regionCode",
    "location",
    "locationType",
    "operatingSystem",
    "preInstalledSw",
    "licenseModel",
    "tenancy",
    "capacitystatus",
    "marketoption",
    "operation",
    "usagetype",
];

/// A product: its attributes in the list's spelling, and its price.
struct Product {
    sku: String,
    attributes: Vec<(&'static str, String)>,
    dollars: f64,
}

struct Filter<'a> {
    kind: &'a str,
    field: &'a str,
    value: &'a str,
}

pub fn answer(call: &Call, action: &str) -> Answer {
    if action != ACTION {
        return Err(Failure::unknown(format!("the action pricing:{action}")));
    }
    let request = json::parsed(call.body, MEMBERS, "InvalidParameterException")?;
    let refuse = |message: String| Err(Failure::new(400, "InvalidParameterException", message));
    match request["ServiceCode"].as_str() {
        Some("AmazonEC2") => {}
        Some(other) => return Err(Failure::unknown(format!("prices of {other}"))),
        None => return refuse("ServiceCode is required".to_owned()),
    }
    if request["FormatVersion"].as_str().is_some_and(|version| version != "aws_v1") {
        return refuse("FormatVersion must be aws_v1".to_owned());
    }
    let size = match &request["MaxResults"] {
        Value::Null => MOST,
        asked => match asked.as_u64().filter(|n| (1..=MOST as u64).contains(n)) {
            Some(n) => n as usize,
            None => return refuse(format!("MaxResults must be between 1 and {MOST}")),
        },
    };
    let filters = filters(&request)?;
    let aws = call.state.aws();
    // Spelling out a product takes its time: not those that another type or region rules out.
    let rows = aws.price_list.iter().filter(|price| {
        let excluded =
            |f: &Filter| f.excludes("instanceType", &price.instance_type) || f.excludes("regionCode", &price.region);
        !filters.iter().any(excluded)
    });
    let products = rows.flat_map(|price| products(price, aws.instance_type(&price.instance_type)));
    let mut matching = Vec::new();
    for product in products {
        let mut matches = true;
        for filter in &filters {
            matches &= filter.matches(&product)?;
        }
        if matches {
            matching.push(product);
        }
    }
    let cut = Cut {
        len: matching.len(),
        size: size.min(call.state.largest_page().unwrap_or(size)),
        fingerprint: hash([format!("{:?}", request["Filters"]).as_str()]),
        token: request["NextToken"].as_str(),
        pages: call.state.pages().without_overlap(),
    };
    let page = cut.page().ok_or_else(|| invalid_token("InvalidNextTokenException"))?;
    let list: Vec<String> = matching[page.range].iter().map(|product| product.text().to_string()).collect();
    let mut reply = json!({ "FormatVersion": "aws_v1", "PriceList": list });
    if let Some(token) = page.token {
        reply["NextToken"] = json!(token);
    }
    Ok(Reply::json(200, &reply))
}

fn filters(request: &Value) -> Result<Vec<Filter<'_>>, Failure> {
    let all = request["Filters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if all.len() > MOST_FILTERS {
        let message = format!("{} Filters; at most {MOST_FILTERS} are allowed", all.len());
        return Err(Failure::new(400, "InvalidParameterException", message));
    }
    all.iter()
        .map(|one| {
            let text = |member: &str| {
                let needed = "a filter needs Type, Field and Value";
                one[member].as_str().ok_or_else(|| Failure::new(400, "InvalidParameterException", needed))
            };
            let filter = Filter { kind: text("Type")?, field: text("Field")?, value: text("Value")? };
            // A field that no product has is a mistake of the client's, whatever AWS makes of it.
            match FIELDS.contains(&filter.field) {
                true => Ok(filter),
                false => Err(Failure::unknown(format!("the price list's field {}", filter.field))),
            }
        })
        .collect()
}

impl Filter<'_> {
    /// Whether it asks for another text in this field.
    fn excludes(&self, field: &str, text: &str) -> bool {
        let is_exact = matches!(self.kind, "TERM_MATCH" | "EQUALS");
        is_exact && self.field == field && !text.eq_ignore_ascii_case(self.value)
    }

    fn matches(&self, product: &Product) -> Result<bool, Failure> {
        let found = match self.field {
            "sku" => Some(product.sku.as_str()),
            field => product.attributes.iter().find(|(name, _)| *name == field).map(|(_, value)| value.as_str()),
        };
        let text = found.ok_or_else(|| Failure::unknown(format!("the price list's field {}", self.field)))?;
        let one_of = || self.value.split(',').any(|value| value.trim() == text);
        match self.kind {
            "TERM_MATCH" | "EQUALS" => Ok(text.eq_ignore_ascii_case(self.value)),
            "CONTAINS" => Ok(text.contains(self.value)),
            "ANY_OF" => Ok(one_of()),
            "NONE_OF" => Ok(!one_of()),
            kind => Err(Failure::new(400, "InvalidParameterException", format!("the filter type {kind} is not valid"))),
        }
    }
}

/// The products that stand for one price.
fn products(price: &OnDemandPrice, kind: Option<&InstanceType>) -> Vec<Product> {
    let Some(kind) = kind else { return Vec::new() };
    let usage = if price.tenancy == Tenancy::Dedicated { "Dedicated" } else { "Box" };
    let operation = price.platform.operation();
    let mut out = vec![
        product(price, kind, "Used", "OnDemand", &format!("{usage}Usage"), operation, price.dollars),
        product(price, kind, "AllocatedCapacityReservation", "OnDemand", "Reservation", operation, 0.0),
        product(price, kind, "UnusedCapacityReservation", "OnDemand", "UnusedBox", operation, price.dollars),
    ];
    let has_blocks = kind.name.starts_with('p') && price.platform == Platform::Linux && usage == "Box";
    if has_blocks {
        // Paid for in advance.
        out.push(product(price, kind, "Used", "CapacityBlock", "BoxUsage", "RunInstances:CB", 0.0));
    }
    out
}

fn product(
    price: &OnDemandPrice,
    kind: &InstanceType,
    capacity: &str,
    market: &str,
    usage: &str,
    operation: &str,
    dollars: f64,
) -> Product {
    let (system, software, licence) = price.platform.attributes();
    let gpus = match kind.accelerator {
        Accelerator::Gpu(_, _, count, _) => count.to_string(),
        _ => "NA".to_owned(),
    };
    let attributes = vec![
        ("servicecode", "AmazonEC2".to_owned()),
        ("servicename", "Amazon Elastic Compute Cloud".to_owned()),
        ("productFamily", "Compute Instance".to_owned()),
        ("instanceType", kind.name.to_owned()),
        ("currentGeneration", "Yes".to_owned()),
        ("vcpu", kind.vcpus.to_string()),
        ("memory", format!("{} GiB", kind.memory / 1024)),
        ("gpu", gpus),
        ("regionCode", price.region.clone()),
        ("location", location(&price.region).to_owned()),
        ("locationType", "AWS Region".to_owned()),
        ("operatingSystem", system.to_owned()),
        ("preInstalledSw", software.to_owned()),
        ("licenseModel", licence.to_owned()),
        ("tenancy", if price.tenancy == Tenancy::Dedicated { "Dedicated" } else { "Shared" }.to_owned()),
        ("capacitystatus", capacity.to_owned()),
        ("marketoption", market.to_owned()),
        ("operation", operation.to_owned()),
        ("usagetype", format!("{usage}:{}", kind.name)),
    ];
    let texts: Vec<&str> = attributes.iter().map(|(_, value)| value.as_str()).collect();
    let sku = format!("{:016X}", hash(texts));
    Product { sku, attributes, dollars }
}

impl Product {
    fn text(&self) -> Value {
        let attributes = self.attributes.iter().filter(|(name, _)| *name != "productFamily");
        let attributes: serde_json::Map<String, Value> =
            attributes.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let on_demand = format!("{}.JRTCKXETXF", self.sku);
        let rate = format!("{on_demand}.6YS6EN2CT7");
        let reserved = format!("{}.38NPMPTW36", self.sku);
        json!({
            "product": { "productFamily": "Compute Instance", "sku": self.sku, "attributes": attributes },
            "serviceCode": "AmazonEC2",
            "terms": {
                "OnDemand": { on_demand: {
                    "offerTermCode": "JRTCKXETXF",
                    "sku": self.sku,
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "priceDimensions": { rate.clone(): {
                        "rateCode": rate,
                        "unit": "Hrs",
                        "beginRange": "0",
                        "endRange": "Inf",
                        "description": format!("${:.4} per hour", self.dollars),
                        "appliesTo": [],
                        "pricePerUnit": { "USD": format!("{:.10}", self.dollars) },
                    } },
                    "termAttributes": {},
                } },
                // Not what an hour on demand costs.
                "Reserved": { reserved.clone(): {
                    "offerTermCode": "38NPMPTW36",
                    "sku": self.sku,
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "priceDimensions": { format!("{reserved}.2TG2D8R56U"): {
                        "rateCode": format!("{reserved}.2TG2D8R56U"),
                        "unit": "Quantity",
                        "description": "Upfront Fee",
                        "appliesTo": [],
                        "pricePerUnit": { "USD": "4711" },
                    } },
                    "termAttributes": { "LeaseContractLength": "3yr", "PurchaseOption": "Partial Upfront" },
                } },
            },
            "version": "20261120184411",
            "publicationDate": "2026-11-20T18:44:11Z",
        })
    }
}

/// The region's name for people.
fn location(region: &str) -> &'static str {
    match region {
        "eu-central-1" => "EU (Frankfurt)",
        "us-east-1" => "US East (N. Virginia)",
        "ap-southeast-2" => "Asia Pacific (Sydney)",
        "us-west-2" => "US West (Oregon)",
        "eu-west-1" => "EU (Ireland)",
        "eu-north-1" => "EU (Stockholm)",
        "af-south-1" => "Africa (Cape Town)",
        "me-central-1" => "Middle East (UAE)",
        _ => "Asia Pacific (Hong Kong)",
    }
}
