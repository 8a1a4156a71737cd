//! What a document costs, by the formula that GitHub publishes: every connection counts as often as it is fetched when
//! all pages are full; the sum by 100 is the points, at least 1. And the limits that are checked before anything is run.

use super::Reply;
use super::connection;
use super::refuse;
use crate::graphql::Prepared;
use apollo_compiler::ast::Field;
use serde_json::json;

const MOST_NODES: u64 = 500_000;
const LARGEST_PAGE: i64 = 100;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    pub points: u64,
    /// How many nodes there may be at most.
    pub nodes: u64,
    pub largest_page: i64,
}

pub fn of(prepared: &Prepared) -> Result<Price, Reply> {
    let mut fields = Vec::new();
    prepared.fields(&prepared.operation.selection_set, &mut fields)?;
    let (mut requests, mut price) = (0, Price::default());
    walk(prepared, &fields, 1, &mut requests, &mut price)?;
    if price.nodes > MOST_NODES {
        let message = format!(
            "This query requests up to {} possible nodes which exceeds the maximum limit of 500,000.",
            grouped(price.nodes)
        );
        return Err(refuse(json!({ "type": "MAX_NODE_LIMIT_EXCEEDED", "message": message })));
    }
    price.points = ((requests + 50) / 100).max(1);
    Ok(price)
}

fn walk(
    prepared: &Prepared,
    fields: &[&Field],
    times: u64,
    requests: &mut u64,
    price: &mut Price,
) -> Result<(), Reply> {
    for field in fields {
        let mut inner = Vec::new();
        prepared.fields(&field.selection_set, &mut inner)?;
        let mut below = times;
        if connection::is_connection(&field.name) {
            let page = page(prepared, field, &inner)?;
            *requests = requests.saturating_add(times);
            price.nodes = price.nodes.saturating_add(times.saturating_mul(page as u64));
            price.largest_page = price.largest_page.max(page);
            below = times.saturating_mul(page.max(1) as u64);
        }
        walk(prepared, &inner, below, requests, price)?;
    }
    Ok(())
}

/// The page size that is asked for; 0 where only a count is.
fn page(prepared: &Prepared, field: &Field, inner: &[&Field]) -> Result<i64, Reply> {
    let arguments = prepared.arguments(field);
    let name = field.name.as_str();
    let at = |kind: &str, message: String| {
        Err(refuse(json!({ "type": kind, "path": ["query", field.response_name().as_str()], "message": message })))
    };
    let (limit, size) = match (arguments.number("first"), arguments.number("last")) {
        (Some(_), Some(_)) => {
            return at(
                "INVALID_PAGINATION",
                format!("Passing both `first` and `last` to paginate the `{name}` connection is not supported."),
            );
        }
        (Some(first), None) => ("first", first),
        (None, Some(last)) => ("last", last),
        (None, None) => {
            if inner.iter().any(|f| ["nodes", "edges", "pageInfo"].contains(&f.name.as_str())) {
                let message =
                    format!("You must provide a `first` or `last` value to properly paginate the `{name}` connection.");
                return at("MISSING_PAGINATION_BOUNDARIES", message);
            }
            return Ok(0);
        }
    };
    if size > LARGEST_PAGE {
        let message =
            format!("Requesting {size} records on the `{name}` connection exceeds the `{limit}` limit of 100 records.");
        return at("EXCESSIVE_PAGINATION", message);
    }
    if size < 1 {
        let message = format!("`{limit}` on the `{name}` connection cannot be less than 1.");
        return at("INVALID_PAGINATION", message);
    }
    Ok(size)
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let head = digits.len() % 3;
    let mut parts: Vec<&str> = if head > 0 { vec![&digits[..head]] } else { Vec::new() };
    parts.extend((head..digits.len()).step_by(3).map(|i| &digits[i..i + 3]));
    parts.join(",")
}
