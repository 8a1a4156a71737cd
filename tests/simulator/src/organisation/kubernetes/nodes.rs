//! The machines of the cluster.

use super::Condition;
use super::Node;
use fastrand::Rng;

const GIB: u64 = 1 << 30;

/// Name, thousandths of CPUs, GiB, GPUs.
const TYPES: [(&str, u64, u64, Option<u64>); 6] = [
    ("m6i.4xlarge", 16_000, 64, None),
    ("m6i.4xlarge", 16_000, 64, None),
    ("p5.48xlarge", 192_000, 2_048, Some(8)),
    ("r6i.2xlarge", 8_000, 64, None),
    ("g6.xlarge", 4_000, 16, Some(1)),
    // The device plugin is there, and finds nothing.
    ("m6i.large", 2_000, 8, Some(0)),
];

pub fn nodes(rng: &mut Rng, count: usize) -> Vec<Node> {
    let mut nodes: Vec<Node> = (0..count).map(|index| node(rng, index)).collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    nodes
}

fn node(rng: &mut Rng, index: usize) -> Node {
    let (instance_type, cpu_milli, gib, gpus) = TYPES[index % TYPES.len()];
    let ready = match rng.u8(..14) {
        0 => Some(Condition::False),
        1 => Some(Condition::Unknown),
        2 if index > 3 => None,
        _ => Some(Condition::True),
    };
    let ill = u64::from(rng.u8(..5) == 0);
    Node {
        name: format!("ip-10-0-{}-{}.internal", index / 250, index % 250),
        instance_type: instance_type.to_owned(),
        ready,
        is_unschedulable: rng.u8(..10) == 0,
        cpu_milli,
        // A machine keeps some for itself, in no round number.
        memory: gib * GIB - 4_096 * rng.u64(1..50_000),
        gpus,
        allocatable_gpus: gpus.unwrap_or_default().saturating_sub(ill),
    }
}
