//! The doctor's questions: is the token good, does it see the workspace, and may it read what each group needs?

use collector::Context;
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
    let mut gids: Vec<String> = config.projects.clone();
    if let (Ok(Some(project)), true) = (&first, gids.is_empty()) {
        gids.push(project.gid.to_string());
    }
    gids.extend(config.bugs_project.clone().filter(|bugs| !gids.contains(bugs)));
    let listed = first.map(|first| match first {
        Some(_) => "allowed".to_owned(),
        None => "allowed; it has no project that is not archived".to_owned(),
    });
    findings.push(finding(format!("list the projects of workspace {workspace}"), listed));
    let tasks = gids.iter().map(|gid| {
        let client = &client;
        async move {
            let read = client.first::<Anything>(&fetch::tasks_request(config, gid, context.now())).await;
            let bugs = if config.bugs_project.as_ref() == Some(gid) { ", the bugs project" } else { "" };
            let what = format!("list the tasks of project {}{bugs}", shown(gid));
            Finding { what, outcome: read.map(|_| "allowed".to_owned()) }
        }
    });
    findings.extend(join_all(tasks).await);
    findings
}
