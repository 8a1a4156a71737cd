//! The doctor's questions: whose key is it, and may it read each project?

use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::Reason;
use futures_util::future::join_all;
use serde_json::json;

use crate::client::Client;
use crate::client::PACE;
use crate::config::Config;
use crate::queries;
use crate::records::Total;
use crate::records::Viewer;

/// One finding for the key, and one for each project.
pub(crate) async fn check(config: &Config, context: &Context) -> Vec<Finding> {
    let finding = |what: String, outcome| Finding { what, outcome };
    let reach = format!("use the API key at {}", config.base_url);
    let client = match Client::new(config, context, PACE) {
        Ok(client) => client,
        Err(failure) => return vec![finding(reach, Err(failure))],
    };
    let whose = client.ask::<Viewer>(queries::VIEWER, "whose the API key is", &json!({})).await;
    let whose = whose.and_then(|answer| match answer.viewer {
        Some(viewer) => {
            let name = viewer.username.or(viewer.entity).unwrap_or_else(|| "an unnamed user".to_owned());
            Ok(format!("it is the key of {}", client.secrets().clip(&name)))
        }
        None => {
            let why = "W&B knows nobody with this key, and shows it what everybody may see";
            let failure = Failure::new(Reason::Unauthorized, "read whose the API key is", why);
            Err(failure.with_cure("Check WANDB_API_KEY: the key may be revoked, or be one of another server"))
        }
    });
    let refused = client.refused().is_some();
    let mut findings = vec![finding(reach, whose)];
    if refused {
        // The projects would only repeat it.
        return findings;
    }
    let projects = config.projects.iter().map(async |project| {
        let total = client.project::<Total>(queries::PROJECT, project, json!({"filters": "{}"})).await;
        finding(format!("read {project}"), total.map(|total| format!("allowed, {} runs in all", total.run_count)))
    });
    findings.extend(join_all(projects).await);
    findings
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
