//! A small AWS: EC2, STS, the price list and CloudWatch at one address, told apart by the scope of the signature.

use std::collections::BTreeMap;
use std::sync::Mutex;

use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use serde_json::Value;
use serde_json::json;

use crate::testing::ACCOUNT;
use crate::testing::HOME;
use crate::testing::cbor;
use crate::testing::item;

/// A request, as AWS understands it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) region: String,
    /// "ec2:DescribeVolumes"
    pub(crate) action: String,
    /// The parameters of a query; empty for the other protocols.
    pub(crate) form: BTreeMap<String, String>,
    /// The body of JSON.
    pub(crate) body: Value,
    /// The body as text.
    pub(crate) text: String,
    /// How many requests for the same action in the same region came before.
    pub(crate) before: usize,
}

type Odd = Box<dyn Fn(&Asked) -> Option<Answer> + Send + Sync>;

/// What is in it. The lists of EC2 are XML; those of the home region are in no other.
pub(crate) struct Cloud {
    pub(crate) instances: Vec<String>,
    pub(crate) volumes: Vec<String>,
    pub(crate) snapshots: Vec<String>,
    pub(crate) addresses: Vec<String>,
    /// Name, vCPUs, further elements.
    pub(crate) types: Vec<(String, u32, String)>,
    pub(crate) spot: Vec<String>,
    /// Price by "type region system tenancy".
    pub(crate) prices: BTreeMap<String, String>,
    /// Datapoints by instance.
    pub(crate) cpu: BTreeMap<String, Vec<f64>>,
    /// Items of a page.
    pub(crate) page: usize,
    /// Answers in place of the usual ones.
    pub(crate) odd: Odd,
}

impl Cloud {
    /// Nothing but what runs: an AWS without a single thing.
    pub(crate) fn empty() -> Cloud {
        Cloud {
            instances: Vec::new(),
            volumes: Vec::new(),
            snapshots: Vec::new(),
            addresses: Vec::new(),
            types: vec![("m5.large".to_owned(), 2, String::new())],
            spot: Vec::new(),
            prices: BTreeMap::new(),
            cpu: BTreeMap::new(),
            page: 1000,
            odd: Box::new(|_| None),
        }
    }

    /// With other answers where `odd` has one.
    pub(crate) fn with(mut self, odd: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Cloud {
        self.odd = Box::new(odd);
        self
    }

    pub(crate) async fn serve(self) -> Server {
        let counts: Mutex<BTreeMap<(String, String), usize>> = Mutex::default();
        Server::start(move |seen, _| {
            let mut asked = asked(seen);
            let mut counts = counts.lock().unwrap();
            let count = counts.entry((asked.region.clone(), asked.action.clone())).or_default();
            asked.before = *count;
            *count += 1;
            drop(counts);
            (self.odd)(&asked).unwrap_or_else(|| self.answer(&asked))
        })
        .await
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let here = |items: &[String]| if asked.region == HOME { items.to_vec() } else { Vec::new() };
        match asked.action.as_str() {
            "sts:GetCallerIdentity" => {
                let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/orgpulse/run");
                let result = item("GetCallerIdentityResult", &format!("<Arn>{arn}</Arn><Account>{ACCOUNT}</Account>"));
                xml(200, &item("GetCallerIdentityResponse", &result))
            }
            "ec2:DescribeInstances" => {
                let wrapped: Vec<String> =
                    here(&self.instances).iter().map(|one| item("item", &item("instancesSet", one))).collect();
                self.page(asked, "reservationSet", &wrapped)
            }
            "ec2:DescribeVolumes" => self.page(asked, "volumeSet", &here(&self.volumes)),
            "ec2:DescribeSnapshots" => self.page(asked, "snapshotSet", &here(&self.snapshots)),
            "ec2:DescribeAddresses" => self.page(asked, "addressesSet", &here(&self.addresses)),
            "ec2:DescribeInstanceTypes"
                if asked.form.contains_key("InstanceType.1") && asked.form.contains_key("MaxResults") =>
            {
                error(asked, 400, "InvalidParameterCombination", "InstanceType cannot be used with maxResults")
            }
            "ec2:DescribeInstanceTypes" => {
                let names: Vec<&String> = asked
                    .form
                    .iter()
                    .filter(|(key, _)| key.starts_with("InstanceType."))
                    .map(|(_, name)| name)
                    .collect();
                let wanted = self.types.iter().filter(|(name, ..)| names.contains(&name));
                let items: Vec<String> = wanted.map(|(name, vcpus, more)| described(name, *vcpus, more)).collect();
                self.page(asked, "instanceTypeSet", &items)
            }
            "ec2:DescribeSpotPriceHistory" => self.page(asked, "spotPriceHistorySet", &here(&self.spot)),
            "ec2:DescribeRegions" => {
                let region = |name, status| {
                    item("item", &format!("<regionName>{name}</regionName><optInStatus>{status}</optInStatus>"))
                };
                let regions = [
                    region(HOME, "opt-in-not-required"),
                    region("us-east-1", "opted-in"),
                    region("me-south-1", "not-opted-in"),
                ];
                xml(200, &item("DescribeRegionsResponse", &item("regionInfo", &regions.concat())))
            }
            "pricing:GetProducts" => self.products(asked),
            "monitoring:GetMetricData" => self.datapoints(asked),
            other => panic!("the test's AWS knows no {other}"),
        }
    }

    /// The page that the token names: the number of its first item.
    fn page(&self, asked: &Asked, list: &str, items: &[String]) -> Answer {
        let first: usize = asked.form.get("NextToken").map_or(0, |token| token.parse().unwrap());
        let last = items.len().min(first + self.page);
        let token = if last < items.len() { item("nextToken", &last.to_string()) } else { String::new() };
        page(asked, list, &items[first..last].concat(), &token)
    }

    fn products(&self, asked: &Asked) -> Answer {
        let filters = asked.body["Filters"].as_array().unwrap();
        let field = |name: &str| {
            let filter = filters.iter().find(|filter| filter["Field"] == name);
            filter.and_then(|filter| filter["Value"].as_str()).unwrap_or_default()
        };
        let key = [field("instanceType"), field("regionCode"), field("operatingSystem"), field("tenancy")].join(" ");
        let product = |price: &String| {
            let dimension = json!({"unit": "Hrs", "pricePerUnit": {"USD": price}});
            let terms = json!({"OnDemand": {"TERM": {"priceDimensions": {"RATE": dimension}}}});
            json!({"product": {"attributes": {"licenseModel": "No License required"}}, "terms": terms}).to_string()
        };
        let products: Vec<String> = self.prices.get(&key).map(product).into_iter().collect();
        let headers = [("content-type", "application/x-amz-json-1.1")];
        loopback::answer(200, &headers, &json!({"FormatVersion": "aws_v1", "PriceList": products})).into()
    }

    fn datapoints(&self, asked: &Asked) -> Answer {
        let ids = asked.instances();
        let result = |(number, id): (usize, &String)| {
            let values = self.cpu.get(id).cloned().unwrap_or_default();
            result(&format!("i{number}"), "Complete", &values)
        };
        metric_data(ids.iter().enumerate().map(result).collect(), None)
    }
}

impl Asked {
    /// The instances that a request to CloudWatch names, in its order.
    pub(crate) fn instances(&self) -> Vec<String> {
        let after = self.text.split("i-").skip(1);
        after.map(|rest| format!("i-{}", rest.chars().take(17).collect::<String>())).collect()
    }
}

fn asked(seen: &Seen) -> Asked {
    // AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, ...
    let scope: Vec<&str> = seen.header("authorization").split('/').collect();
    let (region, service) = (scope[2].to_owned(), scope[3]);
    let form = match seen.header("content-type").starts_with("application/x-www-form-urlencoded") {
        true => form(&seen.text),
        false => BTreeMap::new(),
    };
    let target =
        || seen.header("x-amz-target").rsplit('.').next().filter(|target| !target.is_empty()).map(str::to_owned);
    let operation = form.get("Action").cloned().or_else(target);
    let operation = operation.unwrap_or_else(|| seen.path.rsplit('/').next().unwrap().to_owned());
    let action = format!("{service}:{operation}");
    Asked { region, action, form, body: seen.body.clone(), text: seen.text.clone(), before: 0 }
}

fn form(text: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).unwrap();
    url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

fn described(name: &str, vcpus: u32, more: &str) -> String {
    let cpu = item("vCpuInfo", &item("defaultVCpus", &vcpus.to_string()));
    item("item", &format!("{}{cpu}{more}", item("instanceType", name)))
}

/// A page of a list of EC2; `next` is the element of its token.
pub(crate) fn page(asked: &Asked, list: &str, items: &str, next: &str) -> Answer {
    let name = format!("{}Response", asked.action.split(':').nth(1).unwrap());
    xml(200, &item(&name, &format!("{}{next}", item(list, items))))
}

fn xml(status: u16, body: &str) -> Answer {
    loopback::text(status, &[("content-type", "text/xml;charset=UTF-8")], body).into()
}

/// The error of a service, in its own form.
pub(crate) fn error(asked: &Asked, status: u16, code: &str, message: &str) -> Answer {
    match asked.action.split(':').next().unwrap() {
        "ec2" => {
            let error = format!("<Code>{code}</Code><Message>{message}</Message>");
            xml(
                status,
                &item("Response", &format!("{}<RequestID>r</RequestID>", item("Errors", &item("Error", &error)))),
            )
        }
        "sts" => {
            let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
            xml(status, &item("ErrorResponse", &format!("{}<RequestId>r</RequestId>", item("Error", &error))))
        }
        "monitoring" => {
            let body = cbor::map(&[("__type", cbor::text(code)), ("message", cbor::text(message))]);
            loopback::bytes(status, CBOR, body).into()
        }
        _ => {
            let headers = [("content-type", "application/x-amz-json-1.1")];
            loopback::answer(status, &headers, &json!({"__type": code, "message": message})).into()
        }
    }
}

const CBOR: &[(&str, &str)] = &[("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")];

/// One result of CloudWatch.
pub(crate) fn result(id: &str, status: &str, values: &[f64]) -> Vec<u8> {
    let values = cbor::array(values.iter().map(|value| cbor::double(*value)));
    cbor::map(&[("Id", cbor::text(id)), ("StatusCode", cbor::text(status)), ("Values", values)])
}

/// A page of CloudWatch.
pub(crate) fn metric_data(results: Vec<Vec<u8>>, token: Option<&str>) -> Answer {
    let mut entries = vec![("MetricDataResults", cbor::array(results.into_iter()))];
    entries.extend(token.map(|token| ("NextToken", cbor::text(token))));
    loopback::bytes(200, CBOR, cbor::map(&entries)).into()
}
