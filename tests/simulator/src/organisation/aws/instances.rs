//! The instances of a region.

use super::AwsScale;
use super::Instance;
use super::InstanceState;
use super::Lifecycle;
use super::Platform;
use super::Tenancy;
use super::catalogue::INSTANCE_TYPES;
use super::cpu;
use crate::organisation::time::DAY;
use crate::organisation::time::HOUR;
use crate::organisation::time::MINUTE;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

/// The codes that EC2 gives for the end of a spot instance and for others.
pub const SPOT_TERMINATION: &str = "Server.SpotInstanceTermination";
const SPOT_SHUTDOWN: &str = "Server.SpotInstanceShutdown";
const BY_USER: &str = "Client.UserInitiatedShutdown";
const FAILED: &str = "Server.InternalError";

pub fn fill(rng: &mut Rng, scale: &AwsScale, count: usize, zones: &[String], now: Timestamp) -> Vec<Instance> {
    let mut out: Vec<Instance> = Vec::with_capacity(count);
    let types = scale.instance_types.clamp(1, INSTANCE_TYPES.len());
    while out.len() < count {
        // Launched together, up to a handful: one reservation.
        let together = (1 + rng.usize(..4)).min(count - out.len());
        let reservation = id(rng, "r");
        for _ in 0..together {
            let index = out.len();
            out.push(instance(rng, index, &reservation, types, zones, now));
        }
    }
    out
}

fn instance(
    rng: &mut Rng,
    index: usize,
    reservation: &str,
    types: usize,
    zones: &[String],
    now: Timestamp,
) -> Instance {
    let kind = &INSTANCE_TYPES[if index < types { index } else { rng.usize(..types) }];
    let state = match rng.u8(..40) {
        0 => InstanceState::Pending,
        1 => InstanceState::Stopping,
        2 => InstanceState::ShuttingDown,
        3..=5 => InstanceState::Stopped,
        6..=9 => InstanceState::Terminated,
        _ => InstanceState::Running,
    };
    let lifecycle = match rng.u8(..20) {
        0..=6 => Some(Lifecycle::Spot),
        7 => Some(Lifecycle::Scheduled),
        8 => Some(Lifecycle::CapacityBlock),
        _ => None,
    };
    let platform = match (kind.architecture, rng.u8(..20)) {
        ("arm64", _) | (_, 0..=12) => Platform::Linux,
        (_, 13 | 14) => Platform::Windows,
        (_, 15 | 16) => Platform::Rhel,
        (_, 17) => Platform::Suse,
        _ if lifecycle == Some(Lifecycle::Spot) => Platform::Linux,
        (_, 18) => Platform::WindowsByol,
        _ => Platform::WindowsSql,
    };
    let tenancy = match rng.u8(..16) {
        0 if lifecycle.is_none() => Tenancy::Dedicated,
        1 if lifecycle.is_none() => Tenancy::Host,
        _ => Tenancy::Default,
    };
    let launched = launched(rng, index, state, now);
    let (ended, reason) = end(rng, state, lifecycle, launched, now);
    let names = ["trainer", "web & api", "<batch>", "né \"quoted\"", "runner"];
    Instance {
        id: id(rng, "i"),
        reservation: reservation.to_owned(),
        instance_type: kind.name.to_owned(),
        state,
        lifecycle,
        platform,
        tenancy,
        zone: zones[rng.usize(..zones.len())].clone(),
        launched,
        ended,
        reason,
        name: (rng.u8(..3) > 0).then(|| names[rng.usize(..names.len())].to_owned()),
        cpu: match state {
            InstanceState::Pending => Vec::new(),
            // A stopped or terminated one has points of the time when it ran.
            _ => cpu::points(rng, launched, now),
        },
    }
}

/// The edges first: this instant, the next second (a clock that runs ahead), and both sides of an hour.
fn launched(rng: &mut Rng, index: usize, state: InstanceState, now: Timestamp) -> Timestamp {
    let back = match (index, state) {
        (_, InstanceState::Pending) => between(rng, 0, 2 * MINUTE),
        (3, InstanceState::Running) => 0,
        (5, InstanceState::Running) => -1,
        (7, InstanceState::Running) => HOUR,
        (9, InstanceState::Running) => HOUR + 1,
        (11, InstanceState::Running) => -10 * MINUTE,
        _ => match rng.u8(..8) {
            0 => between(rng, 1, HOUR),
            1 | 2 => between(rng, HOUR, DAY),
            3 => between(rng, 100 * DAY, 1_500 * DAY),
            _ => between(rng, DAY, 60 * DAY),
        },
    };
    plus(now, -back)
}

fn end(
    rng: &mut Rng,
    state: InstanceState,
    lifecycle: Option<Lifecycle>,
    launched: Timestamp,
    now: Timestamp,
) -> (Option<Timestamp>, Option<&'static str>) {
    let is_spot = lifecycle == Some(Lifecycle::Spot);
    let reason = match (state, is_spot) {
        (InstanceState::Pending | InstanceState::Running, _) => return (None, None),
        (InstanceState::Terminated | InstanceState::ShuttingDown, true) if rng.u8(..4) > 0 => SPOT_TERMINATION,
        (InstanceState::Stopped | InstanceState::Stopping, true) if rng.bool() => SPOT_SHUTDOWN,
        (InstanceState::Terminated, false) if rng.u8(..4) == 0 => FAILED,
        _ => BY_USER,
    };
    let back = match state {
        InstanceState::Stopping | InstanceState::ShuttingDown => between(rng, 0, 3 * MINUTE),
        InstanceState::Stopped => between(rng, 5 * MINUTE, 30 * DAY),
        // EC2 forgets them after about an hour; older ones stand for a listing that lags, and for both edges of 24 h.
        _ => match rng.u8(..6) {
            0 => DAY,
            1 => DAY - 1,
            2 => between(rng, DAY, 3 * DAY),
            _ => between(rng, MINUTE, HOUR),
        },
    };
    (Some(plus(now, -back).max(launched)), Some(reason))
}

/// Seventeen hexadecimal digits after the prefix.
pub fn id(rng: &mut Rng, prefix: &str) -> String {
    format!("{prefix}-0{:016x}", rng.u64(..))
}
