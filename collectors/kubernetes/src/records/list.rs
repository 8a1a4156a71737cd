//! A page of a list.

use serde::Deserialize;

use super::or_default;

/// A page. What says nothing of its kind or has no items is none.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(crate) struct List<T> {
    /// "PodList".
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: ListMeta,
    #[serde(deserialize_with = "items")]
    pub(crate) items: Vec<T>,
}

/// `metadata` of a page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListMeta {
    /// Names the next page; empty on the last one.
    #[serde(default, rename = "continue", deserialize_with = "or_default")]
    pub(crate) next: String,
    /// How many objects come after this page, where the server tells.
    #[serde(default)]
    pub(crate) remaining_item_count: Option<u64>,
}

/// Null is an empty list in Go; a list that is not there at all is a mistake.
fn items<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
