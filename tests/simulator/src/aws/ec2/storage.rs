//! DescribeVolumes and DescribeSnapshots.

use super::Request;
use super::Usual;
use super::instant;
use crate::aws::failure::Failure;
use crate::aws::xml::Xml;
use crate::organisation::aws::Snapshot;
use crate::organisation::aws::Volume;
use crate::organisation::aws::VolumeState;

/// More volumes than this are on no page, whatever is asked for.
const VOLUMES: usize = 500;

pub fn volumes(request: &Request) -> Result<String, Failure> {
    request.names_or_pages("VolumeId")?;
    let all = request
        .named(request.region.volumes.iter().collect(), "VolumeId", "InvalidVolume.NotFound", |v| v.id.as_str())?;
    let volumes = request.filtered(all, |volume, name| match name {
        "status" => Some(vec![volume_state(volume.state).to_owned()]),
        "volume-id" => Some(vec![volume.id.clone()]),
        "attachment.instance-id" => Some(volume.attached_to.clone()),
        "availability-zone" => Some(vec![volume.zone.clone()]),
        _ => None,
    })?;
    let page = request.page(volumes.len(), 5..=1_000, Usual::All, VOLUMES)?;
    Ok(request.document(page.token.as_deref(), |xml| {
        xml.items("volumeSet", &volumes[page.range], |xml, volume| write_volume(xml, volume));
    }))
}

fn volume_state(state: VolumeState) -> &'static str {
    match state {
        VolumeState::Creating => "creating",
        VolumeState::Available => "available",
        VolumeState::InUse => "in-use",
        VolumeState::Deleting => "deleting",
        VolumeState::Error => "error",
    }
}

fn write_volume(xml: &mut Xml, volume: &Volume) {
    xml.text("volumeId", &volume.id);
    xml.text("size", volume.size);
    xml.text("snapshotId", "");
    xml.text("availabilityZone", &volume.zone);
    xml.text("status", volume_state(volume.state));
    xml.text("createTime", instant(volume.created));
    xml.items("attachmentSet", &volume.attached_to, |xml, instance| {
        xml.text("volumeId", &volume.id);
        xml.text("instanceId", instance);
        xml.text("device", "/dev/sdf");
        xml.text("status", "attached");
        xml.text("attachTime", instant(volume.created));
        xml.text("deleteOnTermination", false);
    });
    xml.text("volumeType", "gp3");
    xml.text("iops", 3_000);
    xml.text("throughput", 125);
    xml.text("encrypted", true);
    xml.text("multiAttachEnabled", volume.attached_to.len() > 1);
}

pub fn snapshots(request: &Request) -> Result<String, Failure> {
    request.names_or_pages("SnapshotId")?;
    let account = request.call.state.account();
    let owners = request.parameters.list("Owner");
    // Without owners: the account's own, and those that others let it restore, the public ones among them.
    let is_owner = |snapshot: &Snapshot| {
        owners.is_empty()
            || owners.iter().any(|owner| match *owner {
                "self" => snapshot.owner == account,
                "amazon" => false,
                owner => snapshot.owner == owner,
            })
    };
    let all = request.named(
        request.region.snapshots.iter().filter(|s| is_owner(s)).collect(),
        "SnapshotId",
        "InvalidSnapshot.NotFound",
        |snapshot| snapshot.id.as_str(),
    )?;
    let snapshots = request.filtered(all, |snapshot, name| match name {
        "status" => Some(vec![snapshot.state.to_owned()]),
        "owner-id" => Some(vec![snapshot.owner.clone()]),
        "snapshot-id" => Some(vec![snapshot.id.clone()]),
        _ => None,
    })?;
    let page = request.page(snapshots.len(), 5..=1_000, Usual::All, 1_000)?;
    Ok(request.document(page.token.as_deref(), |xml| {
        xml.items("snapshotSet", &snapshots[page.range], |xml, snapshot| write_snapshot(xml, snapshot));
    }))
}

fn write_snapshot(xml: &mut Xml, snapshot: &Snapshot) {
    xml.text("snapshotId", &snapshot.id);
    xml.text("volumeId", "vol-ffffffff");
    xml.text("status", snapshot.state);
    xml.text("startTime", instant(snapshot.started));
    xml.text("progress", if snapshot.state == "pending" { "37%" } else { "100%" });
    xml.text("ownerId", &snapshot.owner);
    xml.text("volumeSize", snapshot.volume_size);
    xml.text("description", if snapshot.is_public { "public" } else { "nightly <full> & kept" });
    xml.text("encrypted", !snapshot.is_public);
    xml.text("storageTier", "standard");
}
