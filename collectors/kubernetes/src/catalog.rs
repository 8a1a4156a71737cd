//! Every metric that the Kubernetes collector can send: definitions and nothing else.

use collector::Bounds;
use collector::Kind;
use collector::MetricDef;

/// The groups: what is read together and fails together.
pub(crate) mod group {
    pub(crate) const PODS: &str = "pods";
    pub(crate) const DEPLOYMENTS: &str = "deployments";
    pub(crate) const NODES: &str = "nodes";
    pub(crate) const USAGE: &str = "usage";
    pub(crate) const GPU: &str = "gpu";

    /// Every group.
    #[cfg(test)]
    pub(crate) const ALL: &[&str] = &[PODS, DEPLOYMENTS, NODES, USAGE, GPU];
}

/// The table.
pub const METRICS: &[MetricDef] = &[
    PODS_TOTAL,
    PODS_RUNNING,
    PODS_PENDING,
    PODS_FAILED,
    PODS_UNSCHEDULABLE,
    PODS_CRASH_LOOPING,
    PODS_IMAGE_PULL_ERRORS,
    PODS_HIGH_RESTARTS,
    PODS_IDLE,
    DEPLOYMENTS_TOTAL,
    DEPLOYMENTS_AVAILABLE,
    DEPLOYMENTS_UNAVAILABLE,
    DEPLOYMENTS_ZERO_REPLICAS,
    RESTARTS_TOTAL,
    RESTARTS_7D,
    OOM_KILLED_7D,
    CPU_WASTE,
    MEMORY_WASTE,
    CPU_EFFICIENCY,
    MEMORY_EFFICIENCY,
    OVERALLOCATED,
    GPU_EFFICIENCY,
    NODES_READY,
    NODES_NOT_READY,
];

/// Containers restarted more often than this make a pod one with many restarts.
pub(crate) const MANY_RESTARTS: u64 = 5;

const NO_USAGE: &str = "the cluster has no metrics.k8s.io API, or no running pod has been measured yet";
const NO_CPU_REQUEST: &str = "the cluster has no metrics.k8s.io API, or no running pod that was measured requests CPU";
const NO_MEMORY_REQUEST: &str =
    "the cluster has no metrics.k8s.io API, or no running pod that was measured requests memory";
const NO_GPU: &str =
    "no Ready node has a GPU, or kubernetes.namespaces is set: GPUs of other namespaces' pods are not seen";

pub(crate) const PODS_TOTAL: MetricDef = define(
    "k8s.pods.total",
    group::PODS,
    "pod",
    "Pods of all namespaces, or of those in kubernetes.namespaces, in whatever phase.",
);
pub(crate) const PODS_RUNNING: MetricDef =
    define("k8s.pods.running", group::PODS, "pod", "Pods in phase Running, those that are being deleted included.");
pub(crate) const PODS_PENDING: MetricDef = define("k8s.pods.pending", group::PODS, "pod", "Pods in phase Pending.");
pub(crate) const PODS_FAILED: MetricDef = define(
    "k8s.pods.failed",
    group::PODS,
    "pod",
    "Pods in phase Failed, evicted ones included, as long as they are kept.",
);
pub(crate) const PODS_UNSCHEDULABLE: MetricDef = define(
    "k8s.pods.unschedulable",
    group::PODS,
    "pod",
    "Pending pods for which the scheduler finds no node: condition PodScheduled is False for the reason Unschedulable.",
);
pub(crate) const PODS_CRASH_LOOPING: MetricDef = define(
    "k8s.pods.crash_looping",
    group::PODS,
    "pod",
    "Pods with a container or init container that waits in CrashLoopBackOff.",
);
pub(crate) const PODS_IMAGE_PULL_ERRORS: MetricDef = define(
    "k8s.pods.image_pull_errors",
    group::PODS,
    "pod",
    "Pods with a container or init container that waits in ErrImagePull, ImagePullBackOff or InvalidImageName.",
);
pub(crate) const PODS_HIGH_RESTARTS: MetricDef = define(
    "k8s.pods.high_restarts",
    group::PODS,
    "pod",
    "Pods with a container or init container that was restarted more than 5 times.",
);
pub(crate) const PODS_IDLE: MetricDef =
    usage("k8s.pods.idle_count", "pod", "Running pods that use less than 1m CPU and less than 10Mi memory.", NO_USAGE);
pub(crate) const DEPLOYMENTS_TOTAL: MetricDef =
    define("k8s.deployments.total", group::DEPLOYMENTS, "deployment", "Deployments.");
pub(crate) const DEPLOYMENTS_AVAILABLE: MetricDef = define(
    "k8s.deployments.available",
    group::DEPLOYMENTS,
    "deployment",
    "Deployments whose condition Available is True.",
);
pub(crate) const DEPLOYMENTS_UNAVAILABLE: MetricDef =
    define("k8s.deployments.unavailable", group::DEPLOYMENTS, "deployment", "All other deployments.");
pub(crate) const DEPLOYMENTS_ZERO_REPLICAS: MetricDef = define(
    "k8s.deployments.zero_replicas",
    group::DEPLOYMENTS,
    "deployment",
    "Deployments that ask for no replicas (spec.replicas is 0).",
);
pub(crate) const RESTARTS_TOTAL: MetricDef = define(
    "k8s.restarts_total",
    group::PODS,
    "",
    "Restarts of the containers and init containers of all pods since these pods were started.",
);
pub(crate) const RESTARTS_7D: MetricDef = define(
    "k8s.restarts_7d",
    group::PODS,
    "",
    "Restarts known to lie in the last 7 days: all of pods started in these days; of an older pod one for each restarted \
     container whose last instance ended in them. A lower bound: Kubernetes does not tell when the others were.",
);
pub(crate) const OOM_KILLED_7D: MetricDef = define(
    "k8s.oomkilled_7d",
    group::PODS,
    "",
    "Containers and init containers whose last or current instance was killed for want of memory (OOMKilled) in the last \
     7 days.",
);
pub(crate) const CPU_WASTE: MetricDef = usage(
    "k8s.resources.cpu_request_waste_cores",
    "core",
    "Cores that running pods request and do not use: the sum over those that were measured of what each requests beyond its \
     usage.",
    NO_USAGE,
);
pub(crate) const MEMORY_WASTE: MetricDef = usage(
    "k8s.resources.memory_request_waste_gb",
    "gibibyte",
    "Memory that running pods request and do not use, likewise, in GiB.",
    NO_USAGE,
);
pub(crate) const CPU_EFFICIENCY: MetricDef = usage(
    "k8s.resources.cpu_efficiency_pct",
    "percent",
    "CPU used as a share of CPU requested, over the running pods that were measured and request any; more than 100 where \
     they use more than they request.",
    NO_CPU_REQUEST,
);
pub(crate) const MEMORY_EFFICIENCY: MetricDef =
    usage("k8s.resources.memory_efficiency_pct", "percent", "Memory likewise.", NO_MEMORY_REQUEST);
pub(crate) const OVERALLOCATED: MetricDef = usage(
    "k8s.resources.overallocated_pods",
    "pod",
    "Running pods that use less than 20 % of their CPU request or of their memory request.",
    NO_USAGE,
);
pub(crate) const GPU_EFFICIENCY: MetricDef = MetricDef {
    absent_when: NO_GPU,
    ..define(
        "k8s.resources.gpu_allocation_efficiency_pct",
        group::GPU,
        "percent",
        "GPUs (nvidia.com/gpu) requested by pods that have a node and have not finished, as a share of those that Ready nodes \
         offer.",
    )
};
pub(crate) const NODES_READY: MetricDef =
    define("k8s.nodes.ready", group::NODES, "node", "Nodes whose condition Ready is True.");
pub(crate) const NODES_NOT_READY: MetricDef = define("k8s.nodes.not_ready", group::NODES, "node", "All other nodes.");

const fn usage(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    absent_when: &'static str,
) -> MetricDef {
    MetricDef { absent_when, ..define(name, group::USAGE, unit, description) }
}

const fn define(name: &'static str, group: &'static str, unit: &'static str, description: &'static str) -> MetricDef {
    MetricDef {
        name,
        group,
        unit,
        kind: Kind::Gauge,
        // The shares, too: pods may use more than they request, and hold GPUs of nodes that are not Ready.
        bounds: Bounds::NON_NEGATIVE,
        tags: &["cluster"],
        description,
        absent_when: "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn is_the_specification() {
        loopback::specification::hold("kubernetes", METRICS);
    }

    #[test]
    fn every_group_is_known() {
        let used: BTreeSet<_> = METRICS.iter().map(|def| def.group).collect();
        assert_eq!(used, group::ALL.iter().copied().collect());
    }
}
