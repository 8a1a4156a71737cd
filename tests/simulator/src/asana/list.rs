//! Listings and their pages.

use super::controls::State;
use super::fields::Fault;
use super::fields::Kind;
use super::fields::Tree;
use super::query::Query;
use super::render::Thing;
use super::reply::Answer;
use super::reply::Reply;
use serde_json::Value;
use serde_json::json;

/// Without a limit Asana answers whole listings, up to about this many items.
const LARGEST_WHOLE: usize = 1_000;

/// One thing, with the fields that were asked for.
pub fn one(state: &State, path: &str, query: &Query, thing: Thing) -> Answer {
    let tree = fields(state, path, query, thing.kind(), false)?;
    Ok(Reply::data(tree.map_or_else(|| thing.whole(state), |tree| thing.selected(state, &tree))))
}

/// A listing, or the page of it that was asked for.
pub fn many(state: &State, path: &str, query: &Query, kind: Kind, things: &[Thing]) -> Answer {
    let tree = fields(state, path, query, kind, true)?;
    let show = |thing: &Thing| match &tree {
        Some(tree) => thing.selected(state, tree),
        None => thing.compact(state),
    };
    let listing = query.listing(path);
    let Some(limit) = query.limit()? else {
        if let Some(offset) = query.get("offset") {
            state.redeem_offset(offset, &listing)?;
        }
        if things.len() > LARGEST_WHOLE {
            let message = "The result is too large. You should use pagination (may require specifying a workspace)!";
            return Err(Reply::bad_request(message));
        }
        return Ok(Reply::data(things.iter().map(show).collect()));
    };
    let start = match query.get("offset") {
        None => 0,
        Some(offset) => state.redeem_offset(offset, &listing)?,
    };
    let end = (start + limit).min(things.len());
    let (shown, end) = match start {
        0 => (0..end, end),
        _ if state.repeats() => (0..limit.min(things.len()), limit),
        _ => (start.saturating_sub(state.overlap()).min(end)..end, end),
    };
    let next = (end < things.len()).then(|| {
        let offset = state.issue_offset(&listing, end);
        let path = format!("{path}?{}", query.at_offset(&offset));
        json!({ "offset": offset, "uri": format!("{}{path}", state.base_url()), "path": path })
    });
    let mut reply = Reply::data(things.get(shown).unwrap_or_default().iter().map(show).collect());
    reply.body["next_page"] = next.unwrap_or(Value::Null);
    Ok(reply)
}

/// What `opt_fields` asks for. Of fields that nobody knows a note is made; those that are not simulated are refused.
fn fields(state: &State, path: &str, query: &Query, kind: Kind, is_list: bool) -> Result<Option<Tree>, Reply> {
    let Some(mut names) = query.fields() else { return Ok(None) };
    if is_list {
        // Fields of `next_page`, which shows them anyhow.
        names.retain(|name| !["offset", "path", "uri"].contains(name));
    }
    let tree = Tree::parse(&names);
    for fault in tree.faults(kind) {
        match fault {
            Fault::Odd(field) => state.odd(format!("{path}: field {field}")),
            Fault::Unserved(field) => return Err(Reply::unknown(&format!("the field {field} of {path}"))),
        }
    }
    Ok(Some(tree))
}
