//! Requests and replies held against the vendor's published service models, where those are at hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

mod cloud;

use ciborium::Value as Cbor;
use cloud::Cloud;
use cloud::HOME;
use cloud::cpu_query;
use cloud::published;
use roxmltree::Node;
use serde_json::Value;
use serde_json::json;
use simulator::aws::operations;
use std::collections::BTreeSet;

/// A published model, and which members of its replies were seen.
struct Model {
    shapes: Value,
    operations: Value,
    seen: BTreeSet<String>,
}

impl Model {
    fn of(service: &str) -> Option<Model> {
        let mut model = published(service)?;
        let (shapes, operations) = (model["shapes"].take(), model["operations"].take());
        Some(Model { shapes, operations, seen: BTreeSet::new() })
    }

    fn shape(&self, name: &str) -> Value {
        let shape = self.shapes[name].clone();
        assert!(shape.is_object(), "no shape {name}");
        shape
    }

    fn side(&self, action: &str, side: &str) -> String {
        let name = self.operations[action][side]["shape"].as_str();
        name.unwrap_or_else(|| panic!("no {side} of {action}")).to_owned()
    }

    /// The paths of all members of a structure, through lists.
    fn paths(&self, shape: &str, path: &str, out: &mut BTreeSet<String>) {
        let shape = self.shape(shape);
        match shape["type"].as_str() {
            Some("structure") => {
                for (name, member) in shape["members"].as_object().unwrap() {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    if out.insert(path.clone()) {
                        self.paths(member["shape"].as_str().unwrap(), &path, out);
                    }
                }
            }
            Some("list") => self.paths(shape["member"]["shape"].as_str().unwrap(), path, out),
            _ => {}
        }
    }

    fn leaf(&self, shape: &Value, text: &str, at: &str) {
        let is_good = match shape["type"].as_str().unwrap() {
            "integer" | "long" => text.parse::<i64>().is_ok(),
            "double" | "float" => text.parse::<f64>().is_ok(),
            "boolean" => text == "true" || text == "false",
            "timestamp" => text.parse::<jiff::Timestamp>().is_ok(),
            "string" => {
                let values = shape["enum"].as_array();
                let length = text.chars().count() as u64;
                // Any case: EC2 says `windows` where its model says `Windows`.
                let is_one = |value: &Value| value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(text));
                // EC2 has spot prices of Red Hat and SUSE too, though its model's list, once made for reservations, has not.
                let is_open = at.ends_with(".ProductDescription");
                values.is_none_or(|values| is_open || values.iter().any(is_one))
                    && shape["min"].as_u64().is_none_or(|min| length >= min)
                    && shape["max"].as_u64().is_none_or(|max| length <= max)
            }
            other => panic!("{at} is a {other} and has the text {text:?}"),
        };
        assert!(is_good, "{at} is {text:?}, which is no {shape}");
    }

    /// An element of EC2's or STS's XML.
    fn holds_xml(&mut self, node: Node, shape: &str, at: &str) {
        let shape = self.shape(shape);
        match shape["type"].as_str().unwrap() {
            "structure" => {
                for child in node.children().filter(Node::is_element) {
                    let name = child.tag_name().name();
                    let members = shape["members"].as_object().unwrap();
                    let spelled =
                        |(key, member): &(&String, &Value)| member["locationName"].as_str().unwrap_or(key) == name;
                    let (key, member) =
                        members.iter().find(spelled).unwrap_or_else(|| panic!("{at} has no member {name}"));
                    let at = format!("{at}.{key}");
                    self.seen.insert(at.clone());
                    self.holds_xml(child, member["shape"].as_str().unwrap(), &at);
                }
            }
            "list" => {
                let item = shape["member"]["locationName"].as_str().unwrap_or("member");
                for child in node.children().filter(Node::is_element) {
                    assert_eq!(child.tag_name().name(), item, "{at}");
                    self.holds_xml(child, shape["member"]["shape"].as_str().unwrap(), at);
                }
            }
            _ => {
                assert!(!node.has_children() || node.first_child().unwrap().is_text(), "{at}");
                self.leaf(&shape, node.text().unwrap_or_default(), at);
            }
        }
    }

    /// A value of JSON, or of CBOR spelled as JSON.
    fn holds_json(&mut self, value: &Value, shape: &str, at: &str) {
        let shape = self.shape(shape);
        match (shape["type"].as_str().unwrap(), value) {
            ("structure", Value::Object(fields)) => {
                for (name, value) in fields {
                    let at = format!("{at}.{name}");
                    let member = shape["members"][name]["shape"].as_str();
                    let member = member.unwrap_or_else(|| panic!("{at} is no member")).to_owned();
                    self.seen.insert(at.clone());
                    self.holds_json(value, &member, &at);
                }
            }
            ("list", Value::Array(items)) => {
                for item in items {
                    self.holds_json(item, shape["member"]["shape"].as_str().unwrap(), at);
                }
            }
            ("timestamp" | "double", Value::Number(_)) | ("blob", Value::String(_)) => {}
            (_, Value::String(text)) => self.leaf(&shape, text, at),
            _ => panic!("{at} is {value}, which is no {shape}"),
        }
    }

    fn assert_seen(&self, paths: &[&str]) {
        for path in paths {
            assert!(self.seen.contains(*path), "{path} was in no reply; there were {:#?}", self.seen);
        }
    }
}

fn as_json(value: &Cbor) -> Value {
    match value {
        Cbor::Map(pairs) => {
            pairs.iter().map(|(key, value)| (key.as_text().unwrap().to_owned(), as_json(value))).collect()
        }
        Cbor::Array(items) => items.iter().map(as_json).collect(),
        Cbor::Text(text) => json!(text),
        Cbor::Float(number) => json!(number),
        Cbor::Tag(1, seconds) => as_json(seconds),
        other => panic!("{other:?} in a reply"),
    }
}

#[test]
fn every_request_member_is_a_published_one() {
    for service in ["ec2", "sts", "cloudwatch", "pricing", "secretsmanager"] {
        let Some(model) = Model::of(service) else { return };
        let known: Vec<_> = operations().into_iter().filter(|operation| operation.service == service).collect();
        assert!(!known.is_empty(), "{service}");
        for operation in known {
            let shape = model.side(operation.action, "input");
            let found: BTreeSet<String> = operation.members.iter().map(|m| (*m).to_owned()).collect();
            if service != "ec2" {
                let mut paths = BTreeSet::new();
                model.paths(&shape, "", &mut paths);
                let invented: Vec<_> = found.difference(&paths).collect();
                assert!(invented.is_empty(), "{}: {invented:?}", operation.action);
                continue;
            }
            // The protocol of EC2 spells a member by its queryName, else by its locationName with a capital.
            let members = model.shape(&shape)["members"].as_object().unwrap().clone();
            let spelled = members.iter().map(|(key, member)| {
                let name = member["queryName"].as_str().or(member["locationName"].as_str()).unwrap_or(key);
                format!("{}{}", name[..1].to_uppercase(), &name[1..])
            });
            assert_eq!(found, spelled.collect::<BTreeSet<String>>(), "{}", operation.action);
        }
    }
}

#[tokio::test]
async fn every_reply_of_ec2_and_sts_has_published_members_alone() {
    let (Some(mut ec2), Some(mut sts)) = (Model::of("ec2"), Model::of("sts")) else { return };
    let cloud = Cloud::small();
    for operation in operations().into_iter().filter(|operation| operation.service == "ec2") {
        let action = operation.action;
        let pages: &[(&str, &str)] =
            if operation.members.contains(&"MaxResults") { &[("MaxResults", "5")] } else { &[] };
        for parameters in [&[], pages] {
            let told = cloud.ec2(action, parameters).await;
            assert_eq!(told.status, 200, "{}", told.text());
            let document = roxmltree::Document::parse(told.text()).unwrap();
            let root = document.root_element();
            assert_eq!(root.tag_name().name(), format!("{action}Response"));
            assert_eq!(root.tag_name().namespace(), Some("http://ec2.amazonaws.com/doc/2016-11-15/"));
            // The id of the request is the protocol's, not the action's.
            let text = told.text();
            let (start, end) = (text.find("<requestId>").unwrap(), text.find("</requestId>").unwrap());
            let rest = format!("{}{}", &text[..start], &text[end + "</requestId>".len()..]);
            let document = roxmltree::Document::parse(&rest).unwrap();
            let shape = ec2.side(action, "output");
            ec2.holds_xml(document.root_element(), &shape, action);
        }
    }
    ec2.assert_seen(&[
        "DescribeInstances.NextToken",
        "DescribeInstances.Reservations.Instances.InstanceLifecycle",
        "DescribeInstances.Reservations.Instances.LaunchTime",
        "DescribeInstances.Reservations.Instances.Placement.Tenancy",
        "DescribeInstances.Reservations.Instances.PlatformDetails",
        "DescribeInstances.Reservations.Instances.StateReason.Code",
        "DescribeInstances.Reservations.Instances.StateTransitionReason",
        "DescribeInstances.Reservations.Instances.Tags.Value",
        "DescribeInstanceTypes.InstanceTypes.GpuInfo.Gpus.Count",
        "DescribeInstanceTypes.InstanceTypes.NeuronInfo.NeuronDevices.Count",
        "DescribeInstanceTypes.InstanceTypes.InferenceAcceleratorInfo.Accelerators.Count",
        "DescribeInstanceTypes.InstanceTypes.VCpuInfo.DefaultVCpus",
        "DescribeVolumes.NextToken",
        "DescribeVolumes.Volumes.Attachments.InstanceId",
        "DescribeSnapshots.NextToken",
        "DescribeSnapshots.Snapshots.OwnerId",
        "DescribeAddresses.Addresses.AssociationId",
        "DescribeRegions.Regions.OptInStatus",
        "DescribeSpotPriceHistory.NextToken",
        "DescribeSpotPriceHistory.SpotPriceHistory.SpotPrice",
    ]);

    let told = cloud.sts().await;
    let document = roxmltree::Document::parse(told.text()).unwrap();
    let wrapper = sts.operations["GetCallerIdentity"]["output"]["resultWrapper"].as_str().unwrap().to_owned();
    let result = document.descendants().find(|node| node.tag_name().name() == wrapper).unwrap();
    let shape = sts.side("GetCallerIdentity", "output");
    sts.holds_xml(result, &shape, "GetCallerIdentity");
    sts.assert_seen(&["GetCallerIdentity.Account", "GetCallerIdentity.Arn", "GetCallerIdentity.UserId"]);
}

#[tokio::test]
async fn every_reply_in_json_and_cbor_has_published_members_alone() {
    let models = ["pricing", "secretsmanager", "cloudwatch"].map(Model::of);
    let [Some(mut pricing), Some(mut secrets), Some(mut cloudwatch)] = models else { return };
    let cloud = Cloud::small();
    cloud.simulator.aws().put_binary_secret("binary", &[0, 255, 17]);

    let told = cloud.products(&json!({ "ServiceCode": "AmazonEC2", "MaxResults": 3 })).await;
    let shape = pricing.side("GetProducts", "output");
    pricing.holds_json(&told.json(), &shape, "GetProducts");
    pricing.assert_seen(&["GetProducts.FormatVersion", "GetProducts.NextToken", "GetProducts.PriceList"]);

    for id in ["datadog/api-key", "binary"] {
        let told = cloud.secret(id).await;
        let shape = secrets.side("GetSecretValue", "output");
        secrets.holds_json(&told.json(), &shape, "GetSecretValue");
    }
    let ids = json!({ "SecretIdList": ["datadog/api-key", "binary", "none"] });
    let told = cloud.json("secretsmanager", "secretsmanager.BatchGetSecretValue", &ids).await;
    let shape = secrets.side("BatchGetSecretValue", "output");
    secrets.holds_json(&told.json(), &shape, "BatchGetSecretValue");
    secrets.assert_seen(&[
        "GetSecretValue.ARN",
        "GetSecretValue.SecretBinary",
        "GetSecretValue.SecretString",
        "BatchGetSecretValue.Errors.ErrorCode",
        "BatchGetSecretValue.SecretValues.SecretString",
    ]);

    let instances: Vec<&str> = cloud.home().instances.iter().map(|i| i.id.as_str()).collect();
    let told = cloud.metrics(&cpu_query(&instances, &[("MaxDatapoints", Cbor::from(20))])).await;
    let shape = cloudwatch.side("GetMetricData", "output");
    cloudwatch.holds_json(&as_json(&told.cbor()), &shape, "GetMetricData");
    cloudwatch.assert_seen(&[
        "GetMetricData.MetricDataResults.StatusCode",
        "GetMetricData.MetricDataResults.Timestamps",
        "GetMetricData.MetricDataResults.Values",
        "GetMetricData.NextToken",
    ]);
}

#[tokio::test]
async fn a_parameter_that_is_not_published_is_refused() {
    let cloud = Cloud::small();
    let told = cloud.ec2("DescribeInstances", &[("PageSize", "100")]).await;
    assert_eq!(told.refusal(), (400, "UnknownParameter".into()));
    let told = cloud.products(&json!({ "ServiceCode": "AmazonEC2", "PageSize": 100 })).await;
    assert_eq!(told.refusal(), (400, "InvalidParameterException".into()));
    let told = cloud.metrics(&cpu_query(&["i-1"], &[("PageSize", Cbor::from(1))])).await;
    assert_eq!(told.refusal(), (400, "ValidationError".into()));
    assert!(cloud.simulator.organisation().aws.region(HOME).is_some());
}

/// Each refusal that a model publishes carries the status that it publishes.
#[tokio::test]
async fn published_errors_are_spelled_as_published() {
    let cloud = Cloud::small();
    let wrong_token = json!({ "ServiceCode": "AmazonEC2", "NextToken": "x" });
    let text = Cbor::Text("x".into());
    let seen = [
        ("pricing", "GetProducts", cloud.products(&wrong_token).await.refusal()),
        ("secretsmanager", "GetSecretValue", cloud.secret("none").await.refusal()),
        ("cloudwatch", "GetMetricData", cloud.metrics(&cpu_query(&["i-1"], &[("NextToken", text)])).await.refusal()),
    ];
    for (service, action, (status, code)) in seen {
        let Some(model) = Model::of(service) else { return };
        let errors = model.operations[action]["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["shape"] == code.as_str()), "{action} does not publish {code}");
        let published = model.shape(&code)["error"]["httpStatusCode"].as_u64().unwrap_or(400);
        assert_eq!(u64::from(status), published, "{code}");
    }
}
