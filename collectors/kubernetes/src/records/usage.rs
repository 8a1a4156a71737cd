//! What pods use, as metrics.k8s.io tells it.

use jiff::Timestamp;
use serde::Deserialize;

use super::Key;
use super::Keyed;
use super::Meta;
use super::or_default;
use crate::quantity::Quantity;

/// What a pod used when it was measured.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct PodUsage {
    pub(crate) key: Key,
    /// End of the measurement.
    pub(crate) at: Timestamp,
    /// Cores and bytes of all its containers; none when not one of them was measured.
    pub(crate) used: Option<Used>,
}

/// Cores and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) cpu: Quantity,
    pub(crate) memory: Quantity,
}

impl Keyed for PodUsage {
    fn key(&self) -> &Key {
        &self.key
    }
}

#[derive(Deserialize)]
struct Wire {
    metadata: Meta,
    timestamp: Timestamp,
    #[serde(default, deserialize_with = "or_default")]
    containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    usage: Usage,
}

#[derive(Deserialize)]
struct Usage {
    cpu: Quantity,
    memory: Quantity,
}

impl From<Wire> for PodUsage {
    fn from(wire: Wire) -> PodUsage {
        let used = |sum: Option<Used>, one: &Container| {
            let (cpu, memory) = sum.map_or((Quantity::ZERO, Quantity::ZERO), |sum| (sum.cpu, sum.memory));
            Some(Used { cpu: cpu.plus(one.usage.cpu), memory: memory.plus(one.usage.memory) })
        };
        PodUsage { key: wire.metadata.key(), at: wire.timestamp, used: wire.containers.iter().fold(None, used) }
    }
}
