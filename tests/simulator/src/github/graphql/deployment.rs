//! Deployments.

use super::arguments;
use super::connection;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::instant;
use super::object::leaf;
use super::object::object;
use crate::graphql::Arguments;
use crate::graphql::Failure;

/// A page of the given ones, which lie oldest first, as GitHub orders them by default.
pub fn page<'a>(repo: Repo<'a>, mut of: Vec<usize>, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("deployments", &["environments", "orderBy"])?;
    let environments = arguments.list("environments");
    of.retain(|i| environments.as_ref().is_none_or(|e| e.contains(&repo.is.deployments[*i].environment.as_str())));
    if arguments::order(arguments).is_some_and(|(_, descending)| descending) {
        of.reverse();
    }
    connection::page("DeploymentConnection", arguments, of.len(), |i| Object::Deployment(repo, of[i]))
}

pub fn resolve<'a>(repo: Repo<'a>, index: usize, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let deployment = &repo.is.deployments[index];
    let count = deployment.statuses.len();
    match field {
        "id" => leaf(format!("DE_{}_{}", repo.is.id, deployment.id)),
        "databaseId" => leaf(deployment.id),
        "environment" | "originalEnvironment" | "latestEnvironment" => leaf(deployment.environment.as_str()),
        "task" => leaf("deploy"),
        "description" => leaf(serde_json::Value::Null),
        "createdAt" => instant(deployment.created_at),
        "updatedAt" => instant(deployment.statuses.last().map_or(deployment.created_at, |s| s.created_at)),
        "commitOid" => leaf(repo.is.commits[deployment.commit].oid.as_str()),
        "commit" => object(Object::Commit(repo, deployment.commit)),
        "ref" => {
            object(repo.is.branches.iter().position(|b| b.name == deployment.reference).map(|i| Object::Ref(repo, i)))
        }
        "creator" => object(deployment.creator.map(Object::Account)),
        "repository" => object(Object::Repository(repo)),
        "state" => leaf(state(deployment.statuses.last().map(|s| s.state.as_str()))),
        "latestStatus" => object(count.checked_sub(1).map(|last| Object::DeploymentStatus(repo, index, last))),
        // Newest first.
        "statuses" => {
            let of = |i: usize| Object::DeploymentStatus(repo, index, count - 1 - i);
            connection::page("DeploymentStatusConnection", arguments, count, of)
        }
        other => Err(Failure::unknown(format!("Deployment.{other}"))),
    }
}

/// A deployment that succeeded is called active; one that nobody reported on for half an hour, abandoned.
fn state(latest: Option<&str>) -> String {
    match latest {
        None => "ABANDONED".into(),
        Some("success") => "ACTIVE".into(),
        Some(other) => other.to_uppercase(),
    }
}

pub fn resolve_status<'a>(repo: Repo<'a>, index: usize, status: usize, field: &str) -> Outcome<'a> {
    let deployment = &repo.is.deployments[index];
    let is = &deployment.statuses[status];
    match field {
        "id" => leaf(format!("DES_{}_{}_{status}", repo.is.id, deployment.id)),
        "state" => leaf(is.state.to_uppercase()),
        "createdAt" | "updatedAt" => instant(is.created_at),
        "environment" => leaf(deployment.environment.as_str()),
        "description" => leaf(serde_json::Value::Null),
        "creator" => object(deployment.creator.map(Object::Account)),
        "deployment" => object(Object::Deployment(repo, index)),
        other => Err(Failure::unknown(format!("DeploymentStatus.{other}"))),
    }
}
