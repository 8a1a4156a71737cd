//! Deployments.

use jiff::Timestamp;
use serde::Deserialize;

use super::Condition;
use super::Key;
use super::Keyed;
use super::Meta;
use super::is_true;
use super::or_default;

/// A deployment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Wire<'_>")]
pub(crate) struct Deployment {
    pub(crate) key: Key,
    pub(crate) created: Option<Timestamp>,
    /// Whether its condition Available is True.
    pub(crate) available: bool,
    /// Replicas that it asks for.
    pub(crate) replicas: u32,
}

impl Keyed for Deployment {
    fn key(&self) -> &Key {
        &self.key
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    metadata: Meta,
    #[serde(default, deserialize_with = "or_default")]
    spec: Spec,
    #[serde(default, borrow, deserialize_with = "or_default")]
    status: Status<'a>,
}

#[derive(Default, Deserialize)]
struct Spec {
    /// Kubernetes takes one that is not there for 1.
    #[serde(default)]
    replicas: Option<u32>,
}

#[derive(Default, Deserialize)]
struct Status<'a> {
    #[serde(default, borrow, deserialize_with = "or_default")]
    conditions: Vec<Condition<'a>>,
}

impl From<Wire<'_>> for Deployment {
    fn from(wire: Wire<'_>) -> Deployment {
        Deployment {
            created: wire.metadata.creation_timestamp,
            key: wire.metadata.key(),
            available: is_true(&wire.status.conditions, "Available"),
            replicas: wire.spec.replicas.unwrap_or(1),
        }
    }
}
