//! The doctor's questions: is the server there, and may the credential read what each group needs?

use collector::Context;
use collector::Finding;

use crate::client::Client;
use crate::client::Pace;
use crate::config::Config;
use crate::fetch;

/// One finding for the server, and one for each thing that is read of it.
pub(crate) async fn check(config: &Config, context: &Context) -> Vec<Finding> {
    let finding = |what: &str, outcome| Finding { what: what.to_owned(), outcome };
    let reach = format!("reach the SkyPilot API server at {}", config.endpoint);
    let (client, server) = match Client::connect(config, context, Pace::default()).await {
        Ok(connected) => connected,
        Err(failure) => return vec![finding(&reach, Err(failure))],
    };
    let version = server.version.as_deref().map_or("unknown".to_owned(), |version| client.shown(version));
    let api = server.api_version.map_or("unknown".to_owned(), |version| version.to_string());
    let user = server.user["name"].as_str().map_or(String::new(), |name| format!(", as user {}", client.shown(name)));
    let jobs = fetch::count(&client, &server).await.map(|tasks| match tasks {
        Some(tasks) => format!("allowed, {tasks} tasks, finished ones included"),
        None => "allowed; the jobs controller is down: no job is in progress".to_owned(),
    });
    let clusters = fetch::clusters(&client).await.map(|clusters| format!("allowed, {} clusters", clusters.len()));
    vec![
        finding(&reach, Ok(format!("version {version}, API {api}{user}"))),
        finding("read the managed jobs of all users", jobs),
        finding("read the clusters of all users", clusters),
    ]
}
