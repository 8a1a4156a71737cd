//! Repositories and branches.

use super::arguments;
use super::connection;
use super::deployment;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::instant;
use super::object::leaf;
use super::object::object;
use super::pull;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::CommitId;
use crate::organisation::PullId;

pub fn resolve<'a>(repo: Repo<'a>, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let is = repo.is;
    let pushed = repo.index.history.first().map(|id| is.commits[*id].committed_at);
    match field {
        "id" => leaf(format!("R_{}", is.id)),
        "databaseId" => leaf(is.id),
        "name" => leaf(is.name.as_str()),
        "nameWithOwner" => leaf(is.full_name()),
        "owner" => object(Object::Organization),
        "url" => leaf(format!("https://github.com/{}", is.full_name())),
        "isArchived" => leaf(is.is_archived),
        "isFork" => leaf(is.is_fork),
        "isEmpty" => leaf(is.head().is_none()),
        "isPrivate" | "isInOrganization" => leaf(true),
        "isDisabled" | "isLocked" | "isMirror" | "isTemplate" => leaf(false),
        "visibility" => leaf("PRIVATE"),
        "createdAt" => instant(is.created_at),
        "pushedAt" => instant(pushed),
        "updatedAt" => instant(pushed.unwrap_or(is.created_at)),
        "defaultBranchRef" => object(branch(repo, &is.default_branch)),
        "ref" => {
            let name = arguments.text("qualifiedName").unwrap_or_default();
            object(branch(repo, name.strip_prefix("refs/heads/").or(name.strip_prefix("heads/")).unwrap_or(name)))
        }
        "refs" => refs(repo, arguments),
        "object" => object(git_object(repo, arguments)?),
        "pullRequest" => {
            let number = arguments.number("number").unwrap_or_default();
            let missing = || {
                Failure::error("NOT_FOUND", format!("Could not resolve to a PullRequest with the number of {number}."))
            };
            let id = u64::try_from(number).ok().and_then(|n| repo.index.pull_by_number.get(&n)).ok_or_else(missing)?;
            object(Object::Pull(repo, *id))
        }
        "pullRequests" => pulls(repo, arguments),
        "deployments" => deployment::page(repo, (0..is.deployments.len()).collect(), arguments),
        other => Err(Failure::unknown(format!("Repository.{other}"))),
    }
}

fn branch<'a>(repo: Repo<'a>, name: &str) -> Option<Object<'a>> {
    repo.is.branches.iter().position(|b| b.name == name).map(|i| Object::Ref(repo, i))
}

fn refs<'a>(repo: Repo<'a>, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("Repository.refs", &["refPrefix", "orderBy", "direction", "query"])?;
    let wanted = arguments.text("query").unwrap_or_default();
    let inside = match arguments.text("refPrefix").unwrap_or_default().trim_end_matches('/') {
        "refs/heads" => Some(String::new()),
        prefix => prefix.strip_prefix("refs/heads/").map(|folder| format!("{folder}/")),
    };
    // There are no tags in this organisation.
    let fits = |name: &str| inside.as_deref().is_some_and(|folder| name.starts_with(folder)) && name.contains(wanted);
    // Branches lie by name, and under refs/heads/ GitHub knows no other order.
    let mut found: Vec<usize> = (0..repo.is.branches.len()).filter(|i| fits(&repo.is.branches[*i].name)).collect();
    let descending =
        arguments::order(arguments).map_or(arguments.text("direction") == Some("DESC"), |(_, descending)| descending);
    if descending {
        found.reverse();
    }
    connection::page("RefConnection", arguments, found.len(), |i| Object::Ref(repo, found[i]))
}

fn git_object<'a>(repo: Repo<'a>, arguments: &Arguments) -> Result<Option<Object<'a>>, Failure> {
    if let Some(oid) = arguments.text("oid") {
        return Ok(repo.index.commit_by_oid.get(oid).map(|id| Object::Commit(repo, *id)));
    }
    let expression = arguments.text("expression").unwrap_or_default();
    if expression.contains([':', '^', '~']) {
        return Err(Failure::unknown(format!("the object {expression}")));
    }
    let name = expression.strip_prefix("refs/heads/").unwrap_or(expression);
    let tip =
        if name == "HEAD" { repo.is.head() } else { repo.is.branches.iter().find(|b| b.name == name).map(|b| b.tip) };
    let id: Option<CommitId> = tip.or_else(|| repo.index.commit_by_oid.get(expression).copied());
    Ok(id.map(|id| Object::Commit(repo, id)))
}

fn pulls<'a>(repo: Repo<'a>, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("Repository.pullRequests", &["states", "orderBy", "baseRefName", "headRefName", "labels"])?;
    let (field, descending) = arguments::order(arguments).unwrap_or(("CREATED_AT", false));
    let mut ids: Vec<PullId> = match field {
        "CREATED_AT" => (0..repo.is.pulls.len()).collect(),
        "UPDATED_AT" => repo.index.pulls_by_update.clone(),
        other => return Err(Failure::unknown(format!("ordering pull requests by {other}"))),
    };
    if descending {
        ids.reverse();
    }
    ids.retain(|id| pull::fits(&repo.is.pulls[*id], arguments));
    connection::page("PullRequestConnection", arguments, ids.len(), |i| Object::Pull(repo, ids[i]))
}

pub fn resolve_ref<'a>(repo: Repo<'a>, index: usize, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let branch = &repo.is.branches[index];
    match field {
        "id" => leaf(format!("REF_{}_{}", repo.is.id, branch.name)),
        "name" => leaf(branch.name.as_str()),
        "prefix" => leaf("refs/heads/"),
        "target" => object(Object::Commit(repo, branch.tip)),
        "repository" => object(Object::Repository(repo)),
        "associatedPullRequests" => {
            arguments.only("Ref.associatedPullRequests", &["states", "baseRefName", "labels"])?;
            let own = |p: &crate::organisation::PullRequest| p.head == branch.name && !p.is_cross_repository;
            let found: Vec<PullId> = (0..repo.is.pulls.len())
                .filter(|id| own(&repo.is.pulls[*id]) && pull::fits(&repo.is.pulls[*id], arguments))
                .collect();
            connection::page("PullRequestConnection", arguments, found.len(), |i| Object::Pull(repo, found[i]))
        }
        other => Err(Failure::unknown(format!("Ref.{other}"))),
    }
}
