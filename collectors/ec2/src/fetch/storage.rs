//! Volumes, snapshots, addresses.

use std::collections::HashSet;

use aws_sdk_ec2::types::VolumeState;
use collector::Failure;

use crate::client::Ask;
use crate::client::Client;
use crate::client::Tokens;
use crate::fetch::list;
use crate::records::Addresses;
use crate::records::Snapshots;
use crate::records::Volume;
use crate::records::VolumeUse;

/// Volumes of a page; EC2 takes 500 for certain.
const VOLUMES: i32 = 500;
/// Snapshots of a page, the most that EC2 takes.
const SNAPSHOTS: i32 = 1000;

/// All volumes of a region.
pub(crate) async fn volumes(client: &Client, region: &str) -> Result<Vec<Volume>, Failure> {
    let ask = Ask::new(format!("list the volumes of {region}"), "ec2:DescribeVolumes", region);
    let ec2 = client.ec2(region);
    let (mut volumes, mut seen, mut tokens) = (Vec::new(), HashSet::new(), Tokens::default());
    loop {
        let request = ec2.describe_volumes().max_results(VOLUMES).set_next_token(tokens.next());
        let page = client.ask(&ask, request.send()).await?;
        for volume in list(&page.volumes, &ask)? {
            if is_new(&mut seen, volume.volume_id()) {
                let use_ = match volume.state() {
                    Some(VolumeState::InUse) => VolumeUse::Attached,
                    Some(VolumeState::Available) => VolumeUse::Unattached,
                    _ => VolumeUse::Neither,
                };
                volumes.push(Volume { use_, size: gib(volume.size()) });
            }
        }
        if !tokens.advance(page.next_token(), &ask)? {
            return Ok(volumes);
        }
    }
}

/// The snapshots that `account` owns. Without the owner EC2 lists every public snapshot of the world; a server that
/// does so all the same is not believed, but each owner looked at. A snapshot without an owner is taken for the
/// account's, since it was asked for.
pub(crate) async fn snapshots(client: &Client, region: &str, account: &str) -> Result<Snapshots, Failure> {
    let ask = Ask::new(format!("list the snapshots of the account in {region}"), "ec2:DescribeSnapshots", region);
    let ec2 = client.ec2(region);
    let (mut snapshots, mut seen, mut tokens) = (Snapshots::default(), HashSet::new(), Tokens::default());
    loop {
        let request = ec2.describe_snapshots().owner_ids("self").max_results(SNAPSHOTS).set_next_token(tokens.next());
        let page = client.ask(&ask, request.send()).await?;
        for snapshot in list(&page.snapshots, &ask)?.iter().filter(|snapshot| is_new(&mut seen, snapshot.snapshot_id()))
        {
            match snapshot.owner_id().is_none_or(|owner| owner == account) {
                true => snapshots.sizes.push(gib(snapshot.volume_size())),
                false => snapshots.of_others += 1,
            }
        }
        if !tokens.advance(page.next_token(), &ask)? {
            return Ok(snapshots);
        }
    }
}

/// All Elastic IP addresses of a region. EC2 gives them in one answer; its API has no pages for them.
pub(crate) async fn addresses(client: &Client, region: &str) -> Result<Addresses, Failure> {
    let ask = Ask::new(format!("list the addresses of {region}"), "ec2:DescribeAddresses", region);
    let answer = client.ask(&ask, client.ec2(region).describe_addresses().send()).await?;
    let free =
        list(&answer.addresses, &ask)?.iter().filter(|address| address.association_id().unwrap_or_default().is_empty());
    Ok(Addresses { unattached: free.count() })
}

/// EC2 lists without an order: what is on two pages counts once, what has no id always.
fn is_new(seen: &mut HashSet<String>, id: Option<&str>) -> bool {
    id.is_none_or(|id| seen.insert(id.to_owned()))
}

fn gib(size: Option<i32>) -> Option<u32> {
    u32::try_from(size?).ok()
}
