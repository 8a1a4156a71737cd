//! The doctor's questions: is the API server there, and may its lists be read?

use collector::Context;
use collector::Failure;
use collector::Finding;
use futures_util::future::join_all;

use crate::client::Client;
use crate::client::PACE;
use crate::client::Resource;
use crate::config::Config;
use crate::fetch;

/// One finding for each list that is read; of namespaces, one for each.
pub(crate) async fn check(config: &Config, context: &Context) -> Vec<Finding> {
    let client = match Client::connect(config, context, PACE).await {
        Ok(client) => client,
        Err(failure) => return vec![Finding { what: format!("reach {}", config.cluster), outcome: Err(failure) }],
    };
    let namespaces: Vec<Option<&str>> = match config.namespaces.is_empty() {
        true => vec![None],
        false => config.namespaces.iter().map(|name| Some(name.as_str())).collect(),
    };
    let mut asked: Vec<(Resource, Option<&str>)> = Vec::new();
    for resource in [Resource::Pods, Resource::Deployments, Resource::Nodes, Resource::PodMetrics] {
        match resource {
            Resource::Nodes => asked.push((resource, None)),
            _ => asked.extend(namespaces.iter().map(|namespace| (resource, *namespace))),
        }
    }
    let client = &client;
    join_all(asked.into_iter().map(|(resource, namespace)| async move {
        let of = namespace.map_or(String::new(), |namespace| format!(" of namespace {namespace}"));
        let what = format!("list {}{of}", resource.name());
        Finding { what, outcome: outcome(client, resource, namespace).await }
    }))
    .await
}

async fn outcome(client: &Client, resource: Resource, namespace: Option<&str>) -> Result<String, Failure> {
    let tried = client.try_list(resource, namespace).await;
    if resource != Resource::PodMetrics {
        return tried.map(|()| format!("allowed at {}", client.host()));
    }
    let found = fetch::where_there_is(tried)?;
    let none = "the cluster has no metrics.k8s.io API; the metrics of usage are not sent";
    Ok(found.map_or_else(|| none.to_owned(), |()| format!("allowed at {}", client.host())))
}
