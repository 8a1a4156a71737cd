//! What is kept of Kubernetes' objects: only what is computed with, in the form in which it is.

mod deployment;
mod list;
mod node;
mod pod;
mod requests;
mod usage;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Deserializer;

pub(crate) use deployment::Deployment;
pub(crate) use list::List;
pub(crate) use node::Node;
pub(crate) use pod::Container;
pub(crate) use pod::Phase;
pub(crate) use pod::Pod;
pub(crate) use pod::Waiting;
pub(crate) use requests::Request;
pub(crate) use usage::PodUsage;
pub(crate) use usage::Used;

/// The extended resource that an NVIDIA GPU is.
const GPU: &str = "nvidia.com/gpu";

/// Which object of a list it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Empty for what has none.
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
}

/// An object that a list has once.
pub(crate) trait Keyed {
    fn key(&self) -> &Key;
}

/// `metadata` of an object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    name: Box<str>,
    #[serde(default)]
    namespace: Box<str>,
    #[serde(default)]
    creation_timestamp: Option<Timestamp>,
}

impl Meta {
    fn key(self) -> Key {
        Key { namespace: self.namespace, name: self.name }
    }
}

/// One of `status.conditions`.
#[derive(Deserialize)]
struct Condition<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    status: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    reason: std::borrow::Cow<'a, str>,
}

/// Whether a condition of this type is true.
fn is_true(conditions: &[Condition<'_>], kind: &str) -> bool {
    conditions.iter().any(|condition| condition.kind == kind && condition.status == "True")
}

/// What is null is not there: Go writes an empty list so.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
