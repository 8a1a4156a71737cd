//! Accounts, and people as git knows them.

use super::State;
use super::connection;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::instant;
use super::object::leaf;
use super::object::object;
use super::query;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::CommitId;
use crate::organisation::UserId;

pub fn resolve<'a>(state: &State, user: UserId, field: &str) -> Outcome<'a> {
    let user = &state.organisation.users[user];
    match field {
        "id" => leaf(format!("{}_{}", if user.is_bot { "BOT" } else { "U" }, user.id)),
        "databaseId" => leaf(user.id),
        "login" => leaf(user.login.as_str()),
        "name" if !user.is_bot => leaf(user.name.as_str()),
        "email" if !user.is_bot => leaf(user.email.as_str()),
        "url" => leaf(format!("https://github.com/{}", user.login)),
        "resourcePath" => leaf(format!("/{}", user.login)),
        "avatarUrl" => leaf(format!("https://avatars.githubusercontent.com/u/{}", user.id)),
        other => Err(Failure::unknown(format!("{}.{other}", if user.is_bot { "Bot" } else { "User" }))),
    }
}

pub fn resolve_organization<'a>(state: &'a State, field: &str, arguments: &Arguments) -> Outcome<'a> {
    match field {
        "id" => leaf("O_900100"),
        "login" | "name" => leaf(state.organisation.login.as_str()),
        "url" => leaf(format!("https://github.com/{}", state.organisation.login)),
        "repositories" => {
            arguments.only("Organization.repositories", &[])?;
            let all = &state.organisation.repositories;
            let at = |i: usize| query::repo(state, all[i].id).map_or(Object::Organization, Object::Repository);
            connection::page("RepositoryConnection", arguments, all.len(), at)
        }
        other => Err(Failure::unknown(format!("Organization.{other}"))),
    }
}

/// GitHub links a bot's commit to its account under the login with the suffix, and calls it a User.
pub fn resolve_git_actor<'a>(repo: Repo<'a>, commit: CommitId, committer: bool, field: &str) -> Outcome<'a> {
    let commit = &repo.is.commits[commit];
    let (person, at) =
        if committer { (&commit.committer, commit.committed_at) } else { (&commit.author, commit.authored_at) };
    match field {
        "name" => leaf(person.name.as_str()),
        "email" => leaf(person.email.as_str()),
        "date" => instant(at),
        "user" => object(person.user.map(Object::CommitUser)),
        other => Err(Failure::unknown(format!("GitActor.{other}"))),
    }
}

/// The account of a commit: of type User whatever it is, and with a bot's suffix in its login.
pub fn resolve_commit_user<'a>(state: &State, user: UserId, field: &str) -> Outcome<'a> {
    match field {
        "login" => leaf(state.organisation.rest_login(user)),
        "id" => leaf(format!("U_{}", state.organisation.users[user].id)),
        "name" => leaf(state.organisation.users[user].name.as_str()),
        "email" => leaf(state.organisation.users[user].email.as_str()),
        "databaseId" => leaf(state.organisation.users[user].id),
        other => Err(Failure::unknown(format!("User.{other}"))),
    }
}
