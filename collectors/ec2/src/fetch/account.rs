//! Who the credential is, and which regions the account has.

use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;

use crate::client::Ask;
use crate::client::Client;
use crate::fetch::bad_reply;

/// An identity, as STS tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The account's 12 digits.
    pub(crate) account: String,
    /// `arn:aws:sts::123456789012:assumed-role/orgpulse/...`; empty where STS does not tell.
    pub(crate) arn: String,
}

/// Asks STS, which every identity may ask. In a region that is not enabled, or that is not to be reached, no credential is
/// known: then the `other` region is asked, if there is one.
pub(crate) async fn identity(client: &Client, home: &str, other: Option<&str>) -> Result<Identity, Failure> {
    let first = ask_identity(client, home).await;
    match (&first, other) {
        (Err(failure), Some(other)) if failure.reason != Reason::Deadline => {
            // What is wrong with the credential is said by the region that ought to know it.
            ask_identity(client, other).await.or(first)
        }
        _ => first,
    }
}

async fn ask_identity(client: &Client, region: &str) -> Result<Identity, Failure> {
    let ask = Ask::new(format!("ask STS in {region} for the account"), "sts:GetCallerIdentity", region);
    let answer = client.ask(&ask, client.sts(region).get_caller_identity().send()).await?;
    match answer.account() {
        Some(account) if !account.is_empty() => {
            Ok(Identity { account: account.to_owned(), arn: answer.arn().unwrap_or_default().to_owned() })
        }
        _ => Err(bad_reply(&ask, "the answer names no account")),
    }
}

/// The regions that are enabled for the account, sorted.
pub(crate) async fn regions(client: &Client, home: &str) -> Result<Vec<String>, Failure> {
    let ask = Ask::new("list the enabled regions of the account", "ec2:DescribeRegions", home);
    let answer = client.ask(&ask, client.ec2(home).describe_regions().all_regions(false).send()).await?;
    let enabled = answer.regions().iter().filter(|region| region.opt_in_status() != Some("not-opted-in"));
    let names: BTreeSet<String> = enabled.filter_map(|region| region.region_name().map(str::to_owned)).collect();
    match names.is_empty() {
        true => Err(bad_reply(&ask, "the answer names no region")),
        false => Ok(names.into_iter().collect()),
    }
}
