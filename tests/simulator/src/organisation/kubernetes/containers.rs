//! What became of a pod's containers.

use super::Container;
use super::Pod;
use super::State;
use super::Status;
use super::Terminated;
use crate::organisation::time::DAY;
use crate::organisation::time::WEEK;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

/// How long ago containers ended, on either side of the window.
const ENDS: [i64; 5] = [0, WEEK - 1, WEEK, WEEK + 1, -30];

/// All run; some were restarted before.
pub fn run(rng: &mut Rng, pod: &mut Pod, now: Timestamp) {
    let started = pod.started.unwrap_or(now);
    for container in ordinary_init(pod) {
        container.status = Some(done(started, 0));
    }
    for container in long(pod) {
        let last = (rng.u8(..4) == 0).then(|| terminated(rng, started, now));
        let restarts = match &last {
            // The last restart is the only one whose time is known.
            Some(_) => [1, 2, 5, 6, 40][rng.usize(..5)],
            // Its node has forgotten how its instances before ended.
            None if rng.u8(..12) == 0 => 3,
            None => 0,
        };
        container.status = Some(Status { restarts, state: State::Running(started), last });
    }
}

/// One of its containers falls over again and again.
pub fn crash(rng: &mut Rng, pod: &mut Pod, now: Timestamp) {
    let started = pod.started.unwrap_or(now);
    let container = if rng.u8(..4) == 0 { pod.init.last_mut() } else { None };
    let Some(container) = container.or(pod.containers.last_mut()) else { return };
    let last = Some(terminated(rng, started, now));
    let restarts = [1, 5, 6, 300][rng.usize(..4)];
    container.status = Some(Status { restarts, state: State::Waiting("CrashLoopBackOff"), last });
}

/// None of its containers has begun, for this reason.
pub fn wait(pod: &mut Pod, reason: &'static str) {
    let started = pod.started;
    for container in ordinary_init(pod) {
        container.status = started.map(|at| done(at, 0));
    }
    for container in long(pod) {
        container.status = Some(Status { restarts: 0, state: State::Waiting("PodInitializing"), last: None });
    }
    if let Some(status) = pod.containers.last_mut().and_then(|container| container.status.as_mut()) {
        status.state = State::Waiting(reason);
    }
}

/// Its init containers are under way, of which the first fails.
pub fn initialise(rng: &mut Rng, pod: &mut Pod, now: Timestamp) {
    wait(pod, "PodInitializing");
    let started = pod.started.unwrap_or(now);
    if let Some(first) = pod.init.first_mut() {
        let last = Some(terminated(rng, started, now));
        let reason = ["CrashLoopBackOff", "ImagePullBackOff"][rng.usize(..2)];
        first.status = Some(Status { restarts: 1 + rng.u32(..9), state: State::Waiting(reason), last });
    }
}

/// All have ended; some ran several times.
pub fn end(rng: &mut Rng, pod: &mut Pod, now: Timestamp) {
    let started = pod.started.unwrap_or(now);
    let failed = pod.phase == "Failed";
    for container in ordinary_init(pod) {
        container.status = Some(done(started, 0));
    }
    for container in long(pod) {
        let again = rng.u8(..4) == 0;
        let last = again.then(|| terminated(rng, started, now));
        let mut state = terminated(rng, started, now);
        if !failed {
            state.reason = "Completed";
            state.exit_code = 0;
        }
        let restarts = if again { 1 + rng.u32(..7) } else { 0 };
        container.status = Some(Status { restarts, state: State::Terminated(state), last });
    }
}

fn ordinary_init(pod: &mut Pod) -> impl Iterator<Item = &mut Container> {
    pod.init.iter_mut().filter(|container| !container.is_sidecar)
}

/// Those that go on as long as the pod does.
fn long(pod: &mut Pod) -> impl Iterator<Item = &mut Container> {
    pod.init.iter_mut().filter(|container| container.is_sidecar).chain(&mut pod.containers)
}

/// An init container that has done its work.
fn done(at: Timestamp, restarts: u32) -> Status {
    let end = Terminated { reason: "Completed", exit_code: 0, finished: Some(at) };
    Status { restarts, state: State::Terminated(end), last: None }
}

fn terminated(rng: &mut Rng, started: Timestamp, now: Timestamp) -> Terminated {
    let (reason, exit_code) = [
        ("OOMKilled", 137),
        ("Error", 1),
        // Killed, and not for memory.
        ("Error", 137),
        ("Completed", 0),
        ("OOMKilled", 137),
        // The process that was killed was not the first one.
        ("OOMKilled", 0),
        ("ContainerCannotRun", 128),
    ][rng.usize(..7)];
    let ago = match rng.u8(..8) {
        0 | 1 => ENDS[rng.usize(..ENDS.len())],
        2..=4 => between(rng, 1, DAY),
        _ => between(rng, 1, 60 * DAY),
    };
    // Lost with its node's memory of it.
    let finished = (rng.u8(..20) > 0).then(|| plus(now, -ago).max(started));
    Terminated { reason, exit_code, finished }
}
