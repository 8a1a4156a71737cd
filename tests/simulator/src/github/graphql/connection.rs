//! Pages of lists: `first`/`after`, `last`/`before`, and cursors that mean nothing to a client.

use super::object::Object;
use super::object::Outcome;
use super::object::Resolved;
use super::object::leaf;
use crate::base64url::base64url;
use crate::base64url::to_base64url;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use serde_json::Value;
use std::rc::Rc;

/// The fields that lead to connections, in any type that is resolved here.
const FIELDS: [&str; 26] = [
    "refs",
    "pullRequests",
    "deployments",
    "history",
    "associatedPullRequests",
    "parents",
    "authors",
    "reviews",
    "latestReviews",
    "reviewThreads",
    "comments",
    "commits",
    "files",
    "labels",
    "timelineItems",
    "statuses",
    "checkSuites",
    "checkRuns",
    "contexts",
    "search",
    "reviewRequests",
    "assignees",
    "participants",
    "repositories",
    "latestOpinionatedReviews",
    "runs",
];

pub fn is_connection(field: &str) -> bool {
    FIELDS.contains(&field)
}

pub struct Connection<'a> {
    /// The type's name.
    pub kind: &'static str,
    pub total: usize,
    start: usize,
    pub nodes: Vec<Object<'a>>,
    /// Fields beside those that every connection has.
    pub extra: Vec<(&'static str, Extra<'a>)>,
}

#[derive(Clone)]
pub enum Extra<'a> {
    Leaf(Value),
    List(Vec<Object<'a>>),
}

impl<'a> Connection<'a> {
    /// The part of a list of `total` that the arguments ask for.
    pub fn page(
        kind: &'static str,
        arguments: &Arguments,
        total: usize,
        node: impl Fn(usize) -> Object<'a>,
    ) -> Result<Connection<'a>, Failure> {
        let cursor = |name: &str| arguments.text(name).map(|text| position(kind, text)).transpose();
        let mut start = cursor("after")?.map_or(0, |at| at + 1).min(total);
        let mut end = cursor("before")?.unwrap_or(total).clamp(start, total);
        match (arguments.number("first"), arguments.number("last")) {
            (Some(first), _) => end = end.min(start.saturating_add(usize::try_from(first).unwrap_or(0))),
            (None, Some(last)) => start = start.max(end.saturating_sub(usize::try_from(last).unwrap_or(0))),
            // Only the count was asked for.
            (None, None) => end = start,
        }
        Ok(Connection { kind, total, start, nodes: (start..end).map(node).collect(), extra: Vec::new() })
    }

    pub fn edge_kind(&self) -> &'static str {
        match self.kind {
            "PullRequestConnection" => "PullRequestEdge",
            "CommitHistoryConnection" => "CommitEdge",
            "RefConnection" => "RefEdge",
            "DeploymentConnection" => "DeploymentEdge",
            _ => "Edge",
        }
    }

    fn cursor(&self, at: usize) -> String {
        to_base64url(format!("cursor:v2:{}:{at}", self.kind).as_bytes())
    }
}

/// A connection as a field's value.
pub fn page<'a>(
    kind: &'static str,
    arguments: &Arguments,
    total: usize,
    node: impl Fn(usize) -> Object<'a>,
) -> Outcome<'a> {
    Ok(Resolved::Object(Object::Connection(Rc::new(Connection::page(kind, arguments, total, node)?))))
}

/// Fields of the connection itself.
pub fn resolve<'a>(connection: &Rc<Connection<'a>>, field: &str) -> Outcome<'a> {
    match field {
        "totalCount" => leaf(connection.total),
        "nodes" => Ok(Resolved::List(connection.nodes.clone())),
        "edges" => {
            Ok(Resolved::List((0..connection.nodes.len()).map(|i| Object::Edge(connection.clone(), i)).collect()))
        }
        "pageInfo" => Ok(Resolved::Object(Object::PageInfo(connection.clone()))),
        other => match connection.extra.iter().find(|(name, _)| *name == other) {
            Some((_, Extra::Leaf(value))) => leaf(value.clone()),
            Some((_, Extra::List(items))) => Ok(Resolved::List(items.clone())),
            None => Err(Failure::unknown(format!("{}.{other}", connection.kind))),
        },
    }
}

pub fn resolve_edge<'a>(connection: &Rc<Connection<'a>>, index: usize, field: &str) -> Outcome<'a> {
    match field {
        "node" => Ok(Resolved::Object(connection.nodes[index].clone())),
        "cursor" => leaf(connection.cursor(connection.start + index)),
        other => Err(Failure::unknown(format!("{}.{other}", connection.edge_kind()))),
    }
}

pub fn resolve_page_info<'a>(connection: &Connection, field: &str) -> Outcome<'a> {
    let (start, end) = (connection.start, connection.start + connection.nodes.len());
    let some = !connection.nodes.is_empty();
    match field {
        "hasNextPage" => leaf(end < connection.total),
        "hasPreviousPage" => leaf(start > 0),
        "startCursor" => leaf(some.then(|| connection.cursor(start))),
        "endCursor" => leaf(some.then(|| connection.cursor(end - 1))),
        other => Err(Failure::unknown(format!("PageInfo.{other}"))),
    }
}

/// Where a cursor of this kind of connection points; another kind's is refused.
fn position(kind: &str, cursor: &str) -> Result<usize, Failure> {
    let text = base64url(cursor).and_then(|bytes| String::from_utf8(bytes).ok());
    let at = text
        .as_deref()
        .and_then(|t| t.strip_prefix("cursor:v2:"))
        .and_then(|t| t.strip_prefix(kind))
        .and_then(|t| t.strip_prefix(':'));
    let invalid =
        || Failure::error("INVALID_CURSOR_ARGUMENTS", format!("`{cursor}` does not appear to be a valid cursor."));
    at.and_then(|at| at.parse().ok()).ok_or_else(invalid)
}
