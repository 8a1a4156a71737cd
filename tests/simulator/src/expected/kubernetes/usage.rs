//! What running pods use of what they request. All in whole numbers, so that no edge depends on a rounding.

use super::Gauges;
use super::requests;
use crate::organisation::kubernetes::Pod;

const MIB: u64 = 1 << 20;
const GIB: f64 = (1u64 << 30) as f64;

const NAMES: [&str; 6] = [
    "k8s.pods.idle_count",
    "k8s.resources.cpu_request_waste_cores",
    "k8s.resources.memory_request_waste_gb",
    "k8s.resources.cpu_efficiency_pct",
    "k8s.resources.memory_efficiency_pct",
    "k8s.resources.overallocated_pods",
];

/// One running pod that was measured, of one resource.
#[derive(Debug, Clone, Copy)]
struct Use {
    requested: u64,
    used: u64,
}

pub fn gauges(pods: &[&Pod], has_metrics: bool) -> Gauges {
    let running: Vec<&&Pod> = pods.iter().filter(|pod| pod.phase == "Running").collect();
    let measured: Vec<(Use, Use)> = running.iter().filter_map(|pod| of(pod)).collect();
    // Pods run, and metrics-server knows of none: it has only just begun. Read literally the specification says 0; but
    // nothing was looked at, and that is not the same as nothing found.
    if !has_metrics || (measured.is_empty() && !running.is_empty()) {
        return NAMES.iter().map(|name| (*name, None)).collect();
    }
    let idle = measured.iter().filter(|(cpu, memory)| cpu.used < 1_000_000 && memory.used < 10 * MIB).count();
    // "< 20 % of their CPU request or of their memory request"
    let little = |one: &Use| one.requested > 0 && one.used * 5 < one.requested;
    let over = measured.iter().filter(|(cpu, memory)| little(cpu) || little(memory)).count();
    let (cpu, memory): (Vec<Use>, Vec<Use>) = measured.into_iter().unzip();
    let values = [
        Some(idle as f64),
        Some(waste(&cpu) as f64 / 1e9),
        Some(waste(&memory) as f64 / GIB),
        efficiency(&cpu),
        efficiency(&memory),
        Some(over as f64),
    ];
    NAMES.into_iter().zip(values).collect()
}

/// CPU in thousand-millionths and memory in bytes.
fn of(pod: &Pod) -> Option<(Use, Use)> {
    let usage = pod.usage.as_ref()?;
    let cpu = requests::of(pod, |amounts| amounts.cpu_milli).unwrap_or(0) * 1_000_000;
    let memory = requests::of(pod, |amounts| amounts.memory).unwrap_or(0);
    Some((
        Use { requested: cpu, used: usage.iter().map(|one| one.cpu_nano).sum() },
        Use { requested: memory, used: usage.iter().map(|one| one.memory).sum() },
    ))
}

fn waste(all: &[Use]) -> u64 {
    all.iter().map(|one| one.requested.saturating_sub(one.used)).sum()
}

/// "used / requested over running pods with usage and a request"
fn efficiency(all: &[Use]) -> Option<f64> {
    let asked = all.iter().filter(|one| one.requested > 0);
    let (used, requested) = asked.fold((0, 0), |sum, one| (sum.0 + one.used, sum.1 + one.requested));
    (requested > 0).then(|| 100.0 * used as f64 / requested as f64)
}
