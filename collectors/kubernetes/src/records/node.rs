//! Nodes.

use jiff::Timestamp;
use serde::Deserialize;

use super::Condition;
use super::GPU;
use super::Key;
use super::Keyed;
use super::Meta;
use super::is_true;
use super::or_default;
use super::requests::Resources;
use crate::quantity::Quantity;

/// A node.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Wire<'_>")]
pub(crate) struct Node {
    pub(crate) key: Key,
    pub(crate) created: Option<Timestamp>,
    /// Whether its condition Ready is True; Unknown is not.
    pub(crate) ready: bool,
    /// GPUs that pods may request on it.
    pub(crate) gpus: Quantity,
}

impl Keyed for Node {
    fn key(&self) -> &Key {
        &self.key
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    metadata: Meta,
    #[serde(default, borrow, deserialize_with = "or_default")]
    status: Status<'a>,
}

#[derive(Default, Deserialize)]
struct Status<'a> {
    #[serde(default, borrow, deserialize_with = "or_default")]
    conditions: Vec<Condition<'a>>,
    #[serde(default, deserialize_with = "or_default")]
    allocatable: Resources,
}

impl From<Wire<'_>> for Node {
    fn from(wire: Wire<'_>) -> Node {
        Node {
            created: wire.metadata.creation_timestamp,
            key: wire.metadata.key(),
            ready: is_true(&wire.status.conditions, "Ready"),
            gpus: wire.status.allocatable.get(GPU).unwrap_or_default(),
        }
    }
}
