//! The described cluster of Kubernetes: nodes, deployments, pods, and what these use.

mod containers;
mod generate;
mod nodes;
mod pods;
mod scale;

pub use scale::KubernetesScale;

pub(super) use generate::generate;

use jiff::Timestamp;

/// A cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Kubernetes {
    /// What it is to be called in tags; the API server itself does not know its cluster's name.
    pub name: String,
    /// Namespaces, those without pods included.
    pub namespaces: Vec<String>,
    /// Nodes by name.
    pub nodes: Vec<Node>,
    /// Deployments by namespace and name.
    pub deployments: Vec<Deployment>,
    /// Pods by namespace and name.
    pub pods: Vec<Pod>,
    /// Whether metrics.k8s.io is installed.
    pub has_metrics: bool,
}

/// What a condition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// True.
    True,
    /// False.
    False,
    /// Unknown: nobody has reported for a while.
    Unknown,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// The machine's type.
    pub instance_type: String,
    /// The condition Ready; one that has just joined has none.
    pub ready: Option<Condition>,
    /// Whether it is cordoned.
    pub is_unschedulable: bool,
    /// CPUs in thousandths.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory: u64,
    /// GPUs that the machine has; none on one without a device plugin.
    pub gpus: Option<u64>,
    /// Those of them that may be given out: some may be ill.
    pub allocatable_gpus: u64,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// Its namespace.
    pub namespace: String,
    /// Its name, which others may have in other namespaces.
    pub name: String,
    /// Replicas wanted; not said means one.
    pub replicas: Option<u32>,
    /// How many of them are ready.
    pub ready_replicas: u32,
    /// The condition Available, once its controller has looked at it.
    pub available: Option<Condition>,
    /// Whether it made no progress in time.
    pub is_stuck: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// A pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The node that it was given to; one that waits for a node has none.
    pub node: Option<usize>,
    /// Pending, Running, Succeeded, Failed or Unknown.
    pub phase: &'static str,
    /// When it was made.
    pub created: Timestamp,
    /// When its node took it on.
    pub started: Option<Timestamp>,
    /// Since when it is being deleted.
    pub deleting: Option<Timestamp>,
    /// Why the scheduler has given it to no node, where it has not.
    pub unscheduled: Option<&'static str>,
    /// Such as Evicted.
    pub reason: Option<&'static str>,
    /// What its runtime takes besides.
    pub overhead: Amounts,
    /// Containers that run before the others, and sidecars among them.
    pub init: Vec<Container>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// What it used when it was last measured.
    pub usage: Option<Vec<Usage>>,
}

/// Amounts of resources; what is none is not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// CPUs in thousandths.
    pub cpu_milli: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
    /// GPUs.
    pub gpus: Option<u64>,
}

/// A container.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Its name in the pod.
    pub name: String,
    /// Whether an init container goes on beside the others (restartPolicy Always).
    pub is_sidecar: bool,
    /// What it requests.
    pub requests: Amounts,
    /// What became of it; of a pod that no node has taken on there is none.
    pub status: Option<Status>,
}

/// What a node says of a container.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// How often it was started again.
    pub restarts: u32,
    /// How it is.
    pub state: State,
    /// How its instance before this one ended.
    pub last: Option<Terminated>,
}

/// How a container is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It waits, for such a reason as CrashLoopBackOff.
    Waiting(&'static str),
    /// It runs since.
    Running(Timestamp),
    /// It has ended.
    Terminated(Terminated),
}

/// The end of a container.
#[derive(Debug, Clone, PartialEq)]
pub struct Terminated {
    /// Such as OOMKilled; 137 alone is no proof of it.
    pub reason: &'static str,
    /// The exit code.
    pub exit_code: i32,
    /// When; a container that was lost with its node has no end that is known.
    pub finished: Option<Timestamp>,
}

/// What a container used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The container's name.
    pub container: String,
    /// CPUs in thousand-millionths.
    pub cpu_nano: u64,
    /// Bytes.
    pub memory: u64,
}

impl Pod {
    /// Whether it will not run again.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, "Succeeded" | "Failed")
    }

    /// All containers that it has, init containers first.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init.iter().chain(&self.containers)
    }
}
