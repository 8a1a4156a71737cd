//! The root, and who there is: accounts, entities, the server.

use super::connection::Page;
use super::graph::Object;
use super::graph::Outcome;
use super::graph::Told;
use super::graph::leaf;
use super::graph::object;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::wandb::Project;
use serde_json::Value;
use serde_json::json;

pub fn resolve<'a>(told: &Told<'a>, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let entity = arguments.text("entityName").unwrap_or(&told.wandb.entity);
    match field {
        "viewer" => object(Object::User(0)),
        "serverInfo" => object(Object::ServerInfo),
        "project" => {
            let name = arguments.text("name").unwrap_or_default();
            // What is not there and what may not be seen look the same, and neither is an error.
            let Some(project) = told.wandb.project(entity, name).filter(|p| is_seen(told, p)) else {
                return leaf(Value::Null);
            };
            told.state.check(&project.full_name(), "Query.project")?;
            object(Object::Project(project))
        }
        "models" | "projects" => projects(told, entity, arguments),
        "entity" => {
            let name = arguments.text("name").unwrap_or(&told.wandb.entity);
            object(entities(told).into_iter().find(|e| *e == name).map(Object::Entity))
        }
        other => Err(Failure::unknown(format!("Query.{other}"))),
    }
}

fn is_seen(told: &Told, project: &Project) -> bool {
    !project.is_private && !told.state.is_hidden(&project.full_name())
}

fn projects<'a>(told: &Told<'a>, entity: &str, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("Query.projects", &["entityName"])?;
    let all: Vec<&Project> = seen(told, entity).collect();
    Page::plain(told, "Project", arguments, all.len(), |at| Object::Project(all[at]))
}

fn seen<'a>(told: &Told<'a>, entity: &str) -> impl Iterator<Item = &'a Project> {
    let projects = told.wandb.projects.iter();
    projects.filter(move |p| p.entity == entity && is_seen(told, p))
}

/// The names of those that have projects, and of the key's owner's.
fn entities<'a>(told: &Told<'a>) -> Vec<&'a str> {
    let mut names = vec![told.wandb.entity.as_str()];
    for project in told.wandb.projects.iter().filter(|p| is_seen(told, p)) {
        if !names.contains(&project.entity.as_str()) {
            names.push(&project.entity);
        }
    }
    names
}

pub fn resolve_user<'a>(told: &Told<'a>, user: usize, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let is = &told.wandb.users[user];
    match field {
        "id" => leaf(format!("VXNlcjo{user}")),
        "name" => leaf(is.name.as_str()),
        "username" => leaf(is.username.as_str()),
        "email" => leaf(format!("{}@acme.example", is.username)),
        "admin" => leaf(false),
        "entity" => leaf(told.wandb.entity.as_str()),
        "deletedAt" => leaf(Value::Null),
        // Not in the rebuilt schema; the vendor's client asks for it before all else.
        "flags" => leaf("{}"),
        "teams" => {
            let all = entities(told);
            Page::plain(told, "Entity", arguments, all.len(), |at| Object::Entity(all[at]))
        }
        other => Err(Failure::unknown(format!("User.{other}"))),
    }
}

pub fn resolve_entity<'a>(told: &Told<'a>, entity: &'a str, field: &str, arguments: &Arguments) -> Outcome<'a> {
    match field {
        "id" => leaf(format!("RW50aXR5Om{entity}")),
        "name" => leaf(entity),
        "isTeam" => leaf(true),
        "projectCount" => leaf(seen(told, entity).count()),
        "memberCount" => leaf(told.wandb.users.len()),
        "rateLimits" => leaf(Value::Null),
        "projects" => projects(told, entity, arguments),
        other => Err(Failure::unknown(format!("Entity.{other}"))),
    }
}

pub fn resolve_server<'a>(field: &str) -> Outcome<'a> {
    match field {
        "cliVersionInfo" => leaf(json!({ "max_cli_version": "0.31.0" })),
        "latestLocalVersionInfo" => object(Object::Version),
        other => Err(Failure::unknown(format!("ServerInfo.{other}"))),
    }
}

pub fn resolve_version<'a>(field: &str) -> Outcome<'a> {
    match field {
        "outOfDate" => leaf(false),
        "latestVersionString" | "versionOnThisInstanceString" => leaf("0.75.0"),
        other => Err(Failure::unknown(format!("LatestLocalVersionInfo.{other}"))),
    }
}
