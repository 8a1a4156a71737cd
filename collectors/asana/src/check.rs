//! The doctor's questions: is the token good, does it see the workspace, and may it read what each group needs?

use collector::Context;
use collector::Failure;
use collector::Finding;
use futures_util::future::join_all;

use crate::client::Client;
use crate::client::PACE;
use crate::config::Config;
use crate::fetch;
use crate::records::Anything;
use crate::records::Project;
use crate::records::shown;

/// One finding for the workspace, and one for each thing that is read of it. Of the projects that are found by listing
/// one stands for all: it takes a request each.
pub(crate) async fn check(config: &Config, context: &Context) -> Vec<Finding> {
    let finding = |what: String, outcome| Finding { what, outcome };
    let client = Client::new(config, context, PACE);
    let workspace = shown(&config.workspace);
    let see = format!("see workspace {workspace}");
    let seen = match fetch::me(&client).await {
        Ok(me) => fetch::is_member(&config.workspace, &me),
        Err(failure) => Err(failure),
    };
    if let Err(failure) = seen {
        return vec![finding(see, Err(failure))];
    }
    let mut findings = vec![finding(see, Ok("allowed".to_owned()))];
    let first = client.first::<Project>(&fetch::projects_request(&config.workspace)).await;
    let found = match &first {
        Ok(Some(project)) if config.projects.is_empty() => Some(&*project.gid),
        _ => None,
    };
    let mut gids: Vec<&str> = config.projects.iter().map(String::as_str).chain(found).collect();
    gids.extend(config.bugs_project.as_deref().filter(|bugs| !gids.contains(bugs)));
    let listed = match &first {
        Ok(Some(_)) => Ok("allowed".to_owned()),
        Ok(None) => Ok("allowed; it has no project that is not archived".to_owned()),
        Err(failure) => Err(failure.clone()),
    };
    findings.push(finding(format!("list the projects of workspace {workspace}"), listed));
    let tasks = gids.iter().map(|gid| {
        let client = &client;
        async move {
            let bugs = if config.bugs_project.as_deref() == Some(gid) { ", the bugs project" } else { "" };
            let what = format!("list the tasks of project {}{bugs}", shown(gid));
            Finding { what, outcome: tasks_of(client, config, context, gid, found == Some(gid)).await }
        }
    });
    findings.extend(join_all(tasks).await);
    findings
}

/// Whether a project's tasks can be listed. Of one that the configuration names it is also asked whether it belongs to
/// the workspace.
async fn tasks_of(
    client: &Client,
    config: &Config,
    context: &Context,
    gid: &str,
    found: bool,
) -> Result<String, Failure> {
    let note = if found { None } else { fetch::standing(client, config, gid).await? };
    client.first::<Anything>(&fetch::tasks_request(config, gid, context.now())).await?;
    Ok(note.map_or("allowed".to_owned(), |note| format!("allowed; {note}")))
}
