//! The root.

use super::State;
use super::cost::Price;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::Resolved;
use super::object::instant;
use super::object::leaf;
use super::object::object;
use super::search;
use crate::github::quota::Resource;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use jiff::Timestamp;

pub fn resolve<'a>(state: &'a State, field: &str, arguments: &Arguments) -> Outcome<'a> {
    match field {
        "repository" => repository(state, arguments),
        "rateLimit" => object(Object::RateLimit),
        "viewer" => object(Object::Account(0)),
        "search" => search::resolve(state, arguments),
        "node" => {
            let id = arguments.text("id").unwrap_or_default();
            let missing =
                || Failure::error("NOT_FOUND", format!("Could not resolve to a node with the global id of '{id}'"));
            object(node(state, id).ok_or_else(missing)?)
        }
        "nodes" => {
            let ids = arguments.list("ids").unwrap_or_default();
            let found: Option<Vec<Object>> = ids.iter().map(|id| node(state, id)).collect();
            // GitHub answers null in the missing one's place; no list of this simulator's holds nulls.
            found.map(Resolved::List).ok_or_else(|| Failure::unknown("nodes that are not there"))
        }
        "organization" | "repositoryOwner" => {
            let login = arguments.text("login").unwrap_or_default();
            let missing = || {
                Failure::error(
                    "NOT_FOUND",
                    format!("Could not resolve to an Organization with the login of '{login}'."),
                )
            };
            let known = login.eq_ignore_ascii_case(&state.organisation.login);
            object(known.then_some(Object::Organization).ok_or_else(missing)?)
        }
        other => Err(Failure::unknown(format!("Query.{other}"))),
    }
}

fn repository<'a>(state: &'a State, arguments: &Arguments) -> Outcome<'a> {
    let (owner, name) = (arguments.text("owner").unwrap_or_default(), arguments.text("name").unwrap_or_default());
    let full_name = format!("{owner}/{name}");
    let missing =
        || Failure::error("NOT_FOUND", format!("Could not resolve to a Repository with the name '{full_name}'."));
    let found = state.organisation.repository(owner, name).ok_or_else(missing)?;
    let follow = arguments.get("followRenames").and_then(serde_json::Value::as_bool).unwrap_or(true);
    if state.is_hidden(&found.full_name()) || (!follow && !found.name.eq_ignore_ascii_case(name)) {
        return Err(missing());
    }
    if state.is_forbidden(&found.full_name()) {
        return Err(Failure::error("FORBIDDEN", "Resource not accessible by personal access token"));
    }
    object(repo(state, found.id).map(Object::Repository))
}

/// The repository with that id, and its index.
pub fn repo(state: &State, id: u64) -> Option<Repo<'_>> {
    let at = state.organisation.repositories.iter().position(|r| r.id == id)?;
    Some(Repo { is: &state.organisation.repositories[at], index: &state.indexes[at] })
}

/// Reads the ids that [`super::repository`] and its siblings give out: a prefix, the repository's id, and a key.
fn node<'a>(state: &'a State, id: &str) -> Option<Object<'a>> {
    let mut parts = id.splitn(3, '_');
    let (prefix, repository, key) = (parts.next()?, parts.next()?, parts.next());
    let repo = repo(state, repository.parse().ok()?)?;
    match (prefix, key) {
        ("R", None) => Some(Object::Repository(repo)),
        ("PR", Some(number)) => Some(Object::Pull(repo, *repo.index.pull_by_number.get(&number.parse().ok()?)?)),
        ("C", Some(oid)) => Some(Object::Commit(repo, *repo.index.commit_by_oid.get(oid)?)),
        ("DE", Some(id)) => {
            Some(Object::Deployment(repo, repo.is.deployments.iter().position(|d| d.id.to_string() == id)?))
        }
        ("REF", Some(name)) => Some(Object::Ref(repo, repo.is.branches.iter().position(|b| b.name == name)?)),
        _ => None,
    }
}

pub fn resolve_rate_limit<'a>(state: &State, price: &Price, field: &str) -> Outcome<'a> {
    let quota = state.quota(Resource::Graphql);
    match field {
        "cost" => leaf(price.points),
        "nodeCount" => leaf(price.nodes),
        "limit" => leaf(quota.limit),
        "remaining" => leaf(quota.remaining()),
        "used" => leaf(quota.used),
        "resetAt" => instant(Timestamp::from_second(quota.reset).unwrap_or(Timestamp::MAX)),
        other => Err(Failure::unknown(format!("RateLimit.{other}"))),
    }
}
