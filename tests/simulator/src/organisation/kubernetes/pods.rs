//! Pods: mostly ordinary ones, and of each kind that a rule of the specification is about.

use super::Amounts;
use super::Condition;
use super::Container;
use super::Node;
use super::Pod;
use super::Usage;
use super::containers;
use super::generate::used;
use crate::organisation::time::DAY;
use crate::organisation::time::MINUTE;
use crate::organisation::time::WEEK;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

const MIB: u64 = 1 << 20;

/// What is done to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Runs,
    /// No node has room for it.
    Unschedulable,
    /// It waits for somebody to let it in.
    Gated,
    /// A node has it, and its containers are being made.
    Creating,
    NoImage,
    CrashLoops,
    Initialises,
    Succeeded,
    Failed,
    Evicted,
    /// Its node has gone silent.
    Unknown,
}

const FATES: [Fate; 24] = [
    Fate::Runs,
    Fate::Unschedulable,
    Fate::Runs,
    Fate::CrashLoops,
    Fate::Runs,
    Fate::NoImage,
    Fate::Runs,
    Fate::Succeeded,
    Fate::Runs,
    Fate::Failed,
    Fate::Runs,
    Fate::Evicted,
    Fate::Runs,
    Fate::Creating,
    Fate::Runs,
    Fate::Initialises,
    Fate::Runs,
    Fate::Gated,
    Fate::Runs,
    Fate::Unknown,
    Fate::Runs,
    Fate::Runs,
    Fate::Runs,
    Fate::Runs,
];

/// How long ago pods were started, on either side of the window.
const STARTS: [i64; 4] = [0, WEEK - 1, WEEK, WEEK + 1];

pub fn pods(rng: &mut Rng, count: usize, namespaces: &[String], nodes: &[Node], now: Timestamp) -> Vec<Pod> {
    let used = used(namespaces);
    let pod = |index: usize| {
        let mut fate = FATES[index % FATES.len()];
        if nodes.is_empty() && fate != Fate::Gated {
            // Nothing runs without a node.
            fate = Fate::Unschedulable;
        }
        let started = match index / 2 {
            edge if index.is_multiple_of(2) && edge < STARTS.len() => STARTS[edge],
            _ => match rng.u8(..3) {
                0 => between(rng, MINUTE, DAY),
                1 => between(rng, DAY, WEEK - 2),
                _ => between(rng, WEEK + 2, 90 * DAY),
            },
        };
        let namespace = used[rng.usize(..used.len())].clone();
        pod(rng, fate, plus(now, -started), namespace, index, nodes, now)
    };
    let mut pods: Vec<Pod> = (0..count).map(pod).collect();
    place(&mut pods, nodes);
    pods
}

/// Brings pods with GPUs to nodes that have as many left; those for which there is none do without.
fn place(pods: &mut [Pod], nodes: &[Node]) {
    // A node that has just gone silent still has its pods; those of one that has said it is not ready were moved.
    let keeps = |node: &Node| matches!(node.ready, Some(Condition::True | Condition::Unknown));
    let mut free: Vec<u64> = nodes.iter().map(|node| if keeps(node) { node.allocatable_gpus } else { 0 }).collect();
    for pod in pods.iter_mut().filter(|pod| pod.node.is_some()) {
        let wanted: u64 = pod.containers.iter().filter_map(|container| container.requests.gpus).sum();
        if wanted == 0 {
            continue;
        }
        match free.iter().position(|left| *left >= wanted) {
            Some(node) => {
                pod.node = Some(node);
                // What has ended holds nothing.
                free[node] -= if pod.has_ended() { 0 } else { wanted };
            }
            None => pod.containers.iter_mut().for_each(|container| container.requests.gpus = None),
        }
    }
}

fn pod(
    rng: &mut Rng,
    fate: Fate,
    started: Timestamp,
    namespace: String,
    index: usize,
    nodes: &[Node],
    now: Timestamp,
) -> Pod {
    let mut pod = Pod {
        namespace,
        // The same names come up in every namespace.
        name: format!("{}-{:05x}", ["api", "trainer", "worker", "cron-job"][index % 4], index / 2),
        node: None,
        phase: "Running",
        created: plus(started, -between(rng, 0, MINUTE)),
        started: Some(started),
        deleting: (rng.u8(..25) == 0).then(|| plus(now, -between(rng, 0, MINUTE))),
        unscheduled: None,
        reason: None,
        overhead: Amounts::default(),
        init: init_containers(rng),
        containers: containers_of(rng, index),
        usage: None,
    };
    if rng.u8(..12) == 0 {
        pod.overhead = Amounts { cpu_milli: Some(250), memory: rng.bool().then_some(120 * MIB), gpus: None };
    }
    if !nodes.is_empty() {
        pod.node = Some(rng.usize(..nodes.len()));
    }
    match fate {
        Fate::Runs => {
            containers::run(rng, &mut pod, now);
            pod.usage = usage(rng, &pod, index);
        }
        Fate::CrashLoops => {
            containers::run(rng, &mut pod, now);
            containers::crash(rng, &mut pod, now);
            pod.usage = usage(rng, &pod, index);
        }
        Fate::Unschedulable | Fate::Gated => {
            pod.phase = "Pending";
            pod.unscheduled = Some(if fate == Fate::Gated { "SchedulingGated" } else { "Unschedulable" });
            pod.node = None;
            pod.started = None;
        }
        Fate::Creating => {
            pod.phase = "Pending";
            containers::wait(&mut pod, "ContainerCreating");
        }
        Fate::NoImage => {
            pod.phase = "Pending";
            let reasons = [
                "ErrImagePull",
                "ImagePullBackOff",
                "InvalidImageName",
                "CreateContainerConfigError",
                "ImageInspectError",
            ];
            containers::wait(&mut pod, reasons[rng.usize(..reasons.len())]);
        }
        Fate::Initialises => {
            pod.phase = "Pending";
            containers::initialise(rng, &mut pod, now);
        }
        Fate::Succeeded | Fate::Failed => {
            pod.phase = if fate == Fate::Failed { "Failed" } else { "Succeeded" };
            containers::end(rng, &mut pod, now);
            // Measured just before it ended.
            pod.usage = if rng.u8(..6) == 0 { usage(rng, &pod, index) } else { None };
        }
        Fate::Evicted => {
            pod.phase = "Failed";
            pod.reason = Some("Evicted");
        }
        Fate::Unknown => {
            pod.phase = "Unknown";
            pod.reason = Some("NodeLost");
            containers::run(rng, &mut pod, now);
        }
    }
    pod
}

/// In any order: a sidecar that is begun first runs beside the ordinary ones after it.
fn init_containers(rng: &mut Rng) -> Vec<Container> {
    let mut all = Vec::new();
    if rng.u8(..4) == 0 {
        for number in 0..1 + rng.usize(..2) {
            // Now and then larger than all others together.
            let requests = if rng.bool() { requests(rng) } else { Amounts { cpu_milli: Some(6_000), ..requests(rng) } };
            all.push(Container { name: format!("init-{number}"), is_sidecar: false, requests, status: None });
        }
    }
    if rng.u8(..4) == 0 {
        let proxy = Container { name: "proxy".to_owned(), is_sidecar: true, requests: requests(rng), status: None };
        all.insert(rng.usize(..=all.len()), proxy);
    }
    all
}

fn containers_of(rng: &mut Rng, index: usize) -> Vec<Container> {
    let count = [1, 1, 1, 2, 3][rng.usize(..5)];
    let mut all: Vec<Container> = (0..count)
        .map(|number| Container {
            name: if number == 0 { "main".to_owned() } else { format!("beside-{number}") },
            is_sidecar: false,
            requests: requests(rng),
            status: None,
        })
        .collect();
    if index % 5 == 1 {
        all[0].requests.gpus = Some([1, 1, 2, 8][rng.usize(..4)]);
    }
    all
}

fn requests(rng: &mut Rng) -> Amounts {
    let cpus = [10, 100, 250, 500, 1_000, 1_500, 2_000, 4_000, 7];
    let memories = [64 * MIB, 100_000_000, 129_000_000, 512 * MIB, 1_536 * MIB, 2_048 * MIB, 128_974_848, 8_192 * MIB];
    Amounts {
        cpu_milli: (rng.u8(..6) > 0).then(|| cpus[rng.usize(..cpus.len())]),
        memory: (rng.u8(..6) > 0).then(|| memories[rng.usize(..memories.len())]),
        gpus: None,
    }
}

/// What its containers use; the first pods lie on the edges of the rules.
fn usage(rng: &mut Rng, pod: &Pod, index: usize) -> Option<Vec<Usage>> {
    // Too young, or its node does not answer.
    if rng.u8(..12) == 0 {
        return None;
    }
    let long = pod.init.iter().filter(|container| container.is_sidecar).chain(&pod.containers);
    let mut all: Vec<Usage> = long
        .map(|container| {
            let asked = container.requests;
            let share = [0.0, 0.02, 0.15, 0.4, 0.8, 1.3][rng.usize(..6)] + rng.f64() / 50.0;
            let of = |amount: u64| (amount as f64 * share) as u64;
            Usage {
                container: container.name.clone(),
                cpu_nano: of(asked.cpu_milli.unwrap_or(200) * 1_000_000),
                // Measured by pages.
                memory: of(asked.memory.unwrap_or(300 * MIB)) / 4_096 * 4_096,
            }
        })
        .collect();
    let idle = |cpu_nano: u64, memory: u64| {
        move |usage: &mut Usage| {
            usage.cpu_nano = cpu_nano;
            usage.memory = memory;
        }
    };
    match index % 24 {
        // Idle, and just not idle any more by the one or by the other; of one container, or the sum would be more.
        2 => all.iter_mut().for_each(idle(100_000, MIB)),
        4 => all.iter_mut().take(1).for_each(idle(1_000_000, MIB)),
        6 => all.iter_mut().take(1).for_each(idle(999_999, 10 * MIB)),
        8 => all.iter_mut().for_each(idle(0, 0)),
        _ => {}
    }
    if index % 48 == 14 {
        // A fifth of the CPU asked for, and not less.
        let asked: u64 = pod.containers.iter().filter_map(|container| container.requests.cpu_milli).sum();
        let memory = pod.containers.iter().filter_map(|container| container.requests.memory).sum();
        all.iter_mut().for_each(idle(0, 0));
        all.iter_mut().take(1).for_each(idle(asked * 200_000, memory));
    }
    Some(all)
}
