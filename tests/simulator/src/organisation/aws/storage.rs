//! Volumes, snapshots and addresses of a region.

use super::Address;
use super::Instance;
use super::InstanceState;
use super::Snapshot;
use super::Volume;
use super::VolumeState;
use super::instances::id;
use crate::organisation::time::DAY;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

const SIZES: [u64; 6] = [8, 30, 100, 500, 2_000, 16_384];

pub fn volumes(rng: &mut Rng, count: usize, instances: &[Instance], zones: &[String], now: Timestamp) -> Vec<Volume> {
    let hosts: Vec<&Instance> = instances.iter().filter(|i| !matches!(i.state, InstanceState::Terminated)).collect();
    let volume = |i: usize| {
        let state = match rng.u8(..40) {
            0 => VolumeState::Creating,
            1 => VolumeState::Deleting,
            2 => VolumeState::Error,
            3..=9 => VolumeState::Available,
            _ if hosts.is_empty() => VolumeState::Available,
            _ => VolumeState::InUse,
        };
        let attached_to = match (state, rng.u8(..30)) {
            // Attached to two at once: still one volume.
            (VolumeState::InUse, 0) if hosts.len() > 1 => {
                vec![hosts[i % hosts.len()].id.clone(), hosts[(i + 1) % hosts.len()].id.clone()]
            }
            (VolumeState::InUse, _) => vec![hosts[i % hosts.len()].id.clone()],
            _ => Vec::new(),
        };
        Volume {
            id: id(rng, "vol"),
            state,
            size: SIZES[rng.usize(..SIZES.len())],
            zone: zones[rng.usize(..zones.len())].clone(),
            created: plus(now, -between(rng, 0, 400 * DAY)),
            attached_to,
        }
    };
    (0..count).map(volume).collect()
}

/// So many of the account's own, and some that others shared with it or with everybody.
pub fn snapshots(rng: &mut Rng, count: usize, account: &str, now: Timestamp) -> Vec<Snapshot> {
    let others = if count == 0 { 0 } else { 3 + count / 10 };
    let snapshot = |i: usize| {
        let is_own = i % (count + others) < count;
        Snapshot {
            id: id(rng, "snap"),
            owner: if is_own { account.to_owned() } else { "909876543210".to_owned() },
            is_public: !is_own && rng.bool(),
            state: match rng.u8(..20) {
                0 => "pending",
                1 => "error",
                _ => "completed",
            },
            volume_size: SIZES[rng.usize(..SIZES.len())],
            started: plus(now, -between(rng, 0, 700 * DAY)),
        }
    };
    let mut all: Vec<Snapshot> = (0..count + others).map(snapshot).collect();
    rng.shuffle(&mut all);
    all
}

pub fn addresses(rng: &mut Rng, count: usize, instances: &[Instance]) -> Vec<Address> {
    let address = |i: usize| {
        let instance = instances.get(i).filter(|i| i.state == InstanceState::Running);
        let (association, instance) = match (rng.u8(..3), instance) {
            (0, _) => (None, None),
            (1, Some(instance)) => (Some(id(rng, "eipassoc")), Some(instance.id.clone())),
            // A gateway's.
            _ => (Some(id(rng, "eipassoc")), None),
        };
        let public_ip = format!("198.51.{}.{}", i / 250, 1 + i % 250);
        Address { public_ip, allocation: id(rng, "eipalloc"), association, instance }
    };
    (0..count).map(address).collect()
}
