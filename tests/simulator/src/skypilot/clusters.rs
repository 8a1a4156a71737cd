//! `/status`: clusters, with secrets unless they are declined.

use super::controls::State;
use super::operations::Outcome;
use super::reply::Reply;
use crate::organisation::skypilot::Cluster;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// What the server sends by default, and what no collector may ask for or show.
const PRIVATE_KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2ltdWxhdGVk\n-----END OPENSSH PRIVATE KEY-----\n";

pub fn listing(state: &State, body: &Map<String, Value>, user: &str) -> Result<Outcome, Reply> {
    let flag = |name: &'static str, default: bool| match body.get(name) {
        None => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Reply::unprocessable(&[name], "bool_type", "Input should be a valid boolean")),
    };
    let all = flag("all_users", false)?;
    let (credentials, handle) = (flag("include_credentials", true)?, flag("include_handle", true)?);
    flag("summary_response", false)?;
    match body.get("refresh").and_then(Value::as_str) {
        None | Some("NONE") => {}
        Some(_) => return Err(Reply::unknown("a refresh of clusters")),
    }
    if body.get("cluster_names").is_some_and(|names| !names.is_null()) {
        return Err(Reply::unknown("the filter cluster_names"));
    }
    let users = &state.sky().users;
    let own = |cluster: &&Cluster| all || users[cluster.user].hash == user;
    let rows = state.sky().clusters.iter().filter(own).enumerate().map(|(index, cluster)| {
        let owner = &users[cluster.user];
        let mut row = json!({
            "name": cluster.name,
            "status": cluster.status,
            "launched_at": 1_790_000_000,
            "last_use": "sky launch",
            "to_down": cluster.to_down,
            "user_hash": owner.hash,
            "user_name": owner.name,
            "workspace": "default",
            "cloud": "AWS",
            "region": "us-east-1",
            "nodes": 1,
            "resources_str": "1x(cpus=4, mem=16, m6i.xlarge, ...)",
            "is_managed": cluster.is_managed,
        });
        match cluster.autostop {
            Some(minutes) => row["autostop"] = minutes.into(),
            // Never, or not said: what is null is left out.
            None if index % 2 == 0 => row["autostop"] = (-1).into(),
            None => {}
        }
        if credentials {
            row["credentials"] = json!({ "ssh_user": "ubuntu", "ssh_private_key_content": PRIVATE_KEY });
        }
        if handle {
            row["handle"] = "gASVDAAAAAAAAACMCHNpbXVsYXRllC4=".into();
        }
        row
    });
    let rows: Vec<Value> = rows.collect();
    Ok(Outcome::Returned(Value::from(rows).to_string()))
}
