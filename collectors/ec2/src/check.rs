//! `orgpulse doctor`: who the credential is, and which actions it lacks, region by region.
//!
//! EC2 is asked for dry runs, which tell the permission and nothing else. CloudWatch and the price list have none: each
//! gets one request, for one metric ($0.00001) and one product.

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_pricing::types::Filter;
use aws_sdk_pricing::types::FilterType;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use collector::Context;
use collector::Failure;
use collector::Finding;
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::client::Ask;
use crate::client::Client;
use crate::client::Pace;
use crate::config::Config;
use crate::fetch;
use crate::permissions;
use crate::whereabouts;

/// One finding for the identity, one for each region in which all is allowed, one for each action that is not.
pub(crate) async fn check(config: &Config, context: &Context, pace: Pace) -> Vec<Finding> {
    let identity = "identity".to_owned();
    let client = match Client::connect(&config.access, context, pace).await {
        Ok(client) => client,
        Err(failure) => return vec![Finding { what: identity, outcome: Err(failure) }],
    };
    let (who, regions) = match whereabouts(config, &client).await {
        Ok(found) => found,
        Err(failure) => return vec![Finding { what: identity, outcome: Err(failure) }],
    };
    let told = format!("account {}, {}", who.account, client.clip(&who.arn));
    let mut findings = vec![Finding { what: identity, outcome: Ok(told) }];
    let of_regions = join_all(regions.iter().map(|region| of_region(config, &client, region, context.now()))).await;
    findings.extend(of_regions.into_iter().flatten());
    if config.price_file.is_none() {
        let outcome = price_list(&client, fetch::price_list_region(&config.access.home)).await;
        findings.push(Finding { what: "read the price list".to_owned(), outcome: outcome.map(|()| String::new()) });
    }
    findings
}

async fn of_region(config: &Config, client: &Client, region: &str, now: Timestamp) -> Vec<Finding> {
    let needed = permissions::permissions(config);
    let ours = needed.iter().filter(|one| one.action != "ec2:DescribeRegions" && !one.action.starts_with("pricing:"));
    let tried =
        join_all(ours.map(|one| async move { (one.action, attempt(client, region, one.action, now).await) })).await;
    let count = tried.len();
    // A region that is not to be reached fails every action in the same words.
    let mut failures: BTreeMap<String, (Failure, Vec<&'static str>)> = BTreeMap::new();
    for (action, outcome) in tried {
        if let Err(failure) = outcome {
            let same = format!("{}{}", failure.why, failure.cure);
            failures.entry(same).or_insert_with(|| (failure, Vec::new())).1.push(action);
        }
    }
    let what = format!("read EC2 in {region}");
    if failures.is_empty() {
        return vec![Finding { what, outcome: Ok(format!("all {count} actions are allowed")) }];
    }
    let finding = |(failure, actions): (Failure, Vec<&str>)| {
        let what = format!("{what} ({})", actions.join(", "));
        Finding { what, outcome: Err(failure) }
    };
    failures.into_values().map(finding).collect()
}

/// Tries one action of a region.
async fn attempt(client: &Client, region: &str, action: &'static str, now: Timestamp) -> Result<(), Failure> {
    let ask = Ask::new(format!("try {action} in {region}"), action, region);
    let ec2 = client.ec2(region);
    match action {
        "ec2:DescribeInstances" => {
            dry(client, &ask, ec2.describe_instances().max_results(5).dry_run(true).send()).await
        }
        "ec2:DescribeInstanceTypes" => {
            dry(client, &ask, ec2.describe_instance_types().max_results(5).dry_run(true).send()).await
        }
        "ec2:DescribeVolumes" => dry(client, &ask, ec2.describe_volumes().max_results(5).dry_run(true).send()).await,
        "ec2:DescribeSnapshots" => {
            let request = ec2.describe_snapshots().owner_ids("self").max_results(5).dry_run(true);
            dry(client, &ask, request.send()).await
        }
        "ec2:DescribeAddresses" => dry(client, &ask, ec2.describe_addresses().dry_run(true).send()).await,
        "ec2:DescribeSpotPriceHistory" => {
            let request = ec2.describe_spot_price_history().max_results(5).dry_run(true);
            dry(client, &ask, request.send()).await
        }
        // An instance that does not exist has no datapoints.
        _ => fetch::cpu_metrics(client, region, &["i-00000000000000000"], now).await.map(|_| ()),
    }
}

/// A dry run. EC2 answers one that is allowed with the error DryRunOperation.
async fn dry<T, E>(
    client: &Client,
    ask: &Ask<'_>,
    operation: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<(), Failure>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let allowed = async {
        match operation.await {
            Err(error) if error.code() == Some("DryRunOperation") => Ok(()),
            answer => answer.map(|_| ()),
        }
    };
    client.ask(ask, allowed).await
}

async fn price_list(client: &Client, region: &'static str) -> Result<(), Failure> {
    let ask = Ask::new("ask the price list for one product", "pricing:GetProducts", region);
    let filter = Filter::builder().r#type(FilterType::TermMatch).field("instanceType").value("m5.large").build();
    let request = client.pricing(region).get_products().service_code("AmazonEC2").max_results(1);
    client.ask(&ask, request.set_filters(filter.ok().map(|filter| vec![filter])).send()).await.map(|_| ())
}
