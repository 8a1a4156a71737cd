//! Deployments and their statuses, newest first.

use super::Call;
use super::render;
use crate::github::reply::Answer;
use crate::github::reply::Reply;
use crate::organisation::Deployment;
use serde_json::Value;
use serde_json::json;

pub fn list(call: &Call) -> Answer {
    call.only(&["sha", "ref", "environment", "task"])?;
    let sha = |d: &Deployment| call.repository.commits[d.commit].oid.clone();
    let fits = |d: &&Deployment| {
        call.parameter("sha").is_none_or(|s| sha(d) == s)
            && call.parameter("ref").is_none_or(|r| d.reference == r)
            && call.parameter("environment").is_none_or(|e| d.environment == e)
            && call.parameter("task").is_none_or(|t| t == "deploy")
    };
    let found: Vec<&Deployment> = call.repository.deployments.iter().rev().filter(fits).collect();
    Ok(call.array(found.len(), |i| render(call, found[i])))
}

pub fn show(call: &Call, id: &str) -> Answer {
    Ok(Reply::json(200, &render(call, find(call, id)?)))
}

pub fn statuses(call: &Call, id: &str) -> Answer {
    call.only(&[])?;
    let deployment = find(call, id)?;
    let count = deployment.statuses.len();
    let url = call.url(&format!("deployments/{}", deployment.id));
    Ok(call.array(count, |i| {
        let at = count - 1 - i;
        let status = &deployment.statuses[at];
        let id = deployment.id * 10 + at as u64;
        json!({
            "id": id, "node_id": format!("DES_{id}"), "url": format!("{url}/statuses/{id}"), "state": status.state,
            "creator": render::user(call.state, deployment.creator), "description": "", "environment": deployment.environment,
            "target_url": "", "log_url": "", "environment_url": "", "created_at": status.created_at.to_string(), "updated_at": status.created_at.to_string(),
            "deployment_url": url, "repository_url": call.url(""),
        })
    }))
}

fn find<'a>(call: &Call<'a>, id: &str) -> Result<&'a Deployment, Reply> {
    call.repository.deployments.iter().find(|d| d.id.to_string() == id).ok_or_else(Reply::not_found)
}

fn render(call: &Call, deployment: &Deployment) -> Value {
    let url = call.url(&format!("deployments/{}", deployment.id));
    let updated = deployment.statuses.last().map_or(deployment.created_at, |s| s.created_at);
    json!({
        "id": deployment.id, "node_id": format!("DE_{}", deployment.id), "url": url, "task": "deploy", "description": null,
        "sha": call.repository.commits[deployment.commit].oid, "ref": deployment.reference, "payload": {},
        "environment": deployment.environment, "original_environment": deployment.environment,
        "creator": render::user(call.state, deployment.creator), "created_at": deployment.created_at.to_string(), "updated_at": updated.to_string(),
        "statuses_url": format!("{url}/statuses"), "repository_url": call.url(""), "transient_environment": false,
        "production_environment": deployment.environment == "production",
    })
}
