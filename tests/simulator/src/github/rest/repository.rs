//! The repository itself, and its branches.

use super::Call;
use super::render;
use crate::github::reply::Answer;
use crate::github::reply::Reply;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

pub fn show(call: &Call) -> Reply {
    Reply::json(200, &Value::Object(object(call)))
}

/// The repository with everything, as a pull request carries it too.
pub fn object(call: &Call) -> Map<String, Value> {
    let repository = call.repository;
    let owner = render::owner(call.state, &repository.owner);
    let mut object = render::minimal_object(call.state, owner, &repository.name, repository.id, repository.is_fork);
    let full_name = repository.full_name();
    let open = repository.pulls.iter().filter(|p| p.state() == "OPEN").count();
    let pushed = call.index.history.first().map_or(repository.created_at, |id| repository.commits[*id].committed_at);
    let more = json!({
        "default_branch": repository.default_branch, "archived": repository.is_archived, "disabled": false,
        "clone_url": format!("https://github.com/{full_name}.git"), "git_url": format!("git:github.com/{full_name}.git"),
        "ssh_url": format!("git@github.com:{full_name}.git"), "mirror_url": null, "homepage": null, "language": "Rust",
        "license": null, "forks": 0, "forks_count": 0, "open_issues": open, "open_issues_count": open, "size": 4_096,
        "stargazers_count": 7, "watchers": 7, "watchers_count": 7, "network_count": 0, "subscribers_count": 3,
        "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false, "has_discussions": false,
        "has_downloads": true, "visibility": "private", "topics": [], "is_template": false, "allow_forking": true,
        "created_at": repository.created_at.to_string(), "updated_at": pushed.to_string(), "pushed_at": pushed.to_string(),
        "permissions": { "admin": false, "maintain": false, "push": false, "triage": false, "pull": true },
    });
    if let Value::Object(more) = more {
        object.extend(more);
    }
    object
}

pub fn branches(call: &Call) -> Answer {
    call.only(&[])?;
    let branches = &call.repository.branches;
    Ok(call.array(branches.len(), |i| {
        let sha = &call.repository.commits[branches[i].tip].oid;
        let protected = branches[i].name == call.repository.default_branch;
        json!({ "name": branches[i].name, "commit": { "sha": sha, "url": call.url(&format!("commits/{sha}")) }, "protected": protected })
    }))
}
