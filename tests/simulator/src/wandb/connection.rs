//! Pages of lists, with cursors that mean nothing to a client.

use super::controls::Paging;
use super::graph::Object;
use super::graph::Outcome;
use super::graph::Resolved;
use super::graph::Told;
use super::graph::leaf;
use super::graph::object;
use super::order;
use crate::base64url::base64url;
use crate::base64url::to_base64url;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use serde_json::Value;
use serde_json::json;
use std::cmp::Ordering;
use std::rc::Rc;

/// What the vendor's own client asks for; the size of a page whose size was not said.
const USUAL_PAGE: usize = 50;

/// A page of a list.
pub struct Page<'a> {
    /// The type of its nodes.
    kind: &'static str,
    total: usize,
    /// How many of the list come before it.
    start: usize,
    nodes: Vec<Object<'a>>,
    cursors: Vec<String>,
}

/// Something that can stand in an ordered list: what it is ordered by, and its own number, which settles ties.
pub type Ranked = (Value, usize);

impl<'a> Page<'a> {
    pub fn connection(&self) -> &'static str {
        match self.kind {
            "Run" => "RunConnection",
            "Project" => "ProjectConnection",
            "Sweep" => "SweepConnection",
            _ => "EntityConnection",
        }
    }

    pub fn edge(&self) -> &'static str {
        match self.kind {
            "Run" => "RunEdge",
            "Project" => "ProjectEdge",
            "Sweep" => "SweepEdge",
            _ => "EntityEdge",
        }
    }

    /// The page that the arguments ask for, of a list that is in the order that `compare` gives.
    pub fn of(
        told: &Told,
        kind: &'static str,
        arguments: &Arguments,
        list: &[Ranked],
        compare: impl Fn(&Ranked, &Ranked) -> Ordering,
        node: impl Fn(usize) -> Object<'a>,
    ) -> Result<Page<'a>, Failure> {
        if arguments.get("before").is_some() || arguments.get("last").is_some() {
            return Err(Failure::unknown("pages from the end of a list"));
        }
        let asked = arguments.number("first").map_or(Ok(USUAL_PAGE), usize::try_from);
        let asked = asked.map_err(|_| Failure::error("BAD_USER_INPUT", "first must not be negative"))?;
        let start = match arguments.text("after").filter(|after| !after.is_empty()) {
            None => 0,
            Some(cursor) => {
                let invalid = || Failure::error("BAD_USER_INPUT", format!("invalid cursor {cursor:?}"));
                let (offset, last) = read(kind, cursor).ok_or_else(invalid)?;
                match told.manner.paging {
                    Paging::Place => list.partition_point(|one| compare(one, &last) != Ordering::Greater),
                    Paging::Offset => offset.min(list.len()),
                }
            }
        };
        let end = start.saturating_add(asked.min(told.manner.largest_page)).min(list.len());
        let shown = list.get(start..end).unwrap_or_default();
        let cursors = shown.iter().enumerate().map(|(i, one)| write(kind, start + i + 1, one)).collect();
        Ok(Page { kind, total: list.len(), start, nodes: shown.iter().map(|one| node(one.1)).collect(), cursors })
    }

    /// A page of a list in the order of its numbers.
    pub fn plain(
        told: &Told,
        kind: &'static str,
        arguments: &Arguments,
        length: usize,
        node: impl Fn(usize) -> Object<'a>,
    ) -> Outcome<'a> {
        let list: Vec<Ranked> = (0..length).map(|i| (Value::Null, i)).collect();
        let page = Page::of(told, kind, arguments, &list, |a, b| a.1.cmp(&b.1), node)?;
        object(Object::Page(Rc::new(page)))
    }
}

fn write(kind: &str, passed: usize, last: &Ranked) -> String {
    to_base64url(json!([kind, passed, last.0, last.1]).to_string().as_bytes())
}

fn read(kind: &str, cursor: &str) -> Option<(usize, Ranked)> {
    let value: Value = serde_json::from_slice(&base64url(cursor)?).ok()?;
    let number = |at: usize| value[at].as_u64().and_then(|n| usize::try_from(n).ok());
    (value[0] == kind).then_some((number(1)?, (value[2].clone(), number(3)?)))
}

/// Fields of the connection itself.
pub fn resolve<'a>(page: &Rc<Page<'a>>, field: &str) -> Outcome<'a> {
    match field {
        "totalCount" => leaf(page.total),
        "edges" => Ok(Resolved::List((0..page.nodes.len()).map(|i| Object::Edge(page.clone(), i)).collect())),
        "pageInfo" => object(Object::PageInfo(page.clone())),
        other => Err(Failure::unknown(format!("{}.{other}", page.connection()))),
    }
}

pub fn resolve_edge<'a>(page: &Rc<Page<'a>>, at: usize, field: &str) -> Outcome<'a> {
    match field {
        "node" => object(page.nodes.get(at).cloned()),
        "cursor" => leaf(page.cursors.get(at).cloned()),
        other => Err(Failure::unknown(format!("{}.{other}", page.edge()))),
    }
}

pub fn resolve_info<'a>(page: &Page, field: &str) -> Outcome<'a> {
    match field {
        "hasNextPage" => leaf(page.start + page.nodes.len() < page.total),
        "hasPreviousPage" => leaf(page.start > 0),
        "startCursor" => leaf(page.cursors.first().cloned()),
        "endCursor" => leaf(page.cursors.last().cloned()),
        other => Err(Failure::unknown(format!("PageInfo.{other}"))),
    }
}

/// A page of a project's runs.
pub fn runs<'a>(
    told: &Told<'a>,
    project: &'a crate::organisation::wandb::Project,
    arguments: &Arguments,
) -> Outcome<'a> {
    let order = order::read(arguments.text("order").unwrap_or("+created_at"))?;
    let mut list = Vec::new();
    for at in super::filter::matching(told, project, arguments)? {
        list.push((order.key(told, project, at), at));
    }
    let compare = |a: &Ranked, b: &Ranked| order.compare(told.manner.nulls, a, b);
    list.sort_by(compare);
    let node = |at| Object::Run(Rc::new(super::run::Shown::of(told, project, at)));
    let page = Page::of(told, "Run", arguments, &list, compare, node)?;
    told.state.page_served();
    object(Object::Page(Rc::new(page)))
}
