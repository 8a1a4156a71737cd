//! GraphQL: documents are validated, priced, and executed over the described organisation.

mod arguments;
mod checks;
mod commit;
mod connection;
mod cost;
mod deployment;
mod execute;
mod object;
mod people;
mod pull;
mod query;
mod repository;
mod review;
mod schema;
mod search;

use super::controls::State;
use super::quota::Resource;
use super::reply::Answer;
use super::reply::Reply;
use crate::graphql;
use crate::graphql::Prepared;
use crate::graphql::Refusal;
use serde_json::Value;
use serde_json::json;

/// Answers POST /graphql. GitHub refuses with status 200 and `errors`, except for what is not GraphQL at all.
pub fn answer(state: &State, body: &[u8]) -> Answer {
    let problems = || Reply::refusal(400, "Problems parsing JSON");
    let request: Value = serde_json::from_slice(body).map_err(|_| problems())?;
    let text = request["query"]
        .as_str()
        .ok_or_else(|| refuse(json!({ "message": "A query attribute must be specified and must be a string." })))?;
    if state.quota(Resource::Graphql).remaining() == 0 && !state.charge(Resource::Graphql, 0) {
        let message = "API rate limit already exceeded for user ID 4100000.";
        return Err(refuse(json!({ "type": "RATE_LIMITED", "code": "graphql_rate_limit", "message": message })));
    }
    let document = graphql::parse(text).map_err(|mistakes| Reply::json(200, &schema::parse_errors(&mistakes)))?;
    if let Some(path) = &state.schema {
        schema::validate(path, text)?;
    }
    let prepared = Prepared::of(&document, &request)?;
    let price = cost::of(&prepared)?;
    if state.largest_page().is_some_and(|largest| price.largest_page > largest) {
        // What GitHub's front answers when a query took longer than ten seconds.
        let page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
        return Err(Reply { status: 502, headers: vec![("content-type", "text/html".into())], body: page.into() });
    }
    state.charge(Resource::Graphql, price.points);
    execute::execute(state, &prepared, &price)
}

/// A refusal of the whole document, without data.
fn refuse(error: Value) -> Reply {
    Reply::json(200, &json!({ "errors": [error] }))
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Reply {
        match refusal {
            Refusal::Errors(errors) => Reply::json(200, &json!({ "errors": errors })),
            Refusal::Unknown(what) => Reply::unknown(&what),
        }
    }
}
