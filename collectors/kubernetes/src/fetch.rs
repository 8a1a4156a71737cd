//! What is asked of the API server. What belongs together is whole, or a failure.

use collector::Failure;
use collector::Reason;
use futures_util::future::join4;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::client::Resource;
use crate::records::Deployment;
use crate::records::Keyed;
use crate::records::Node;
use crate::records::Pod;
use crate::records::PodUsage;

/// The lists, each whole or failed.
pub(crate) struct Lists {
    pub(crate) pods: Result<Vec<Pod>, Failure>,
    pub(crate) deployments: Result<Vec<Deployment>, Failure>,
    pub(crate) nodes: Result<Vec<Node>, Failure>,
    /// None where the cluster has no API for it.
    pub(crate) usage: Result<Option<Vec<PodUsage>>, Failure>,
}

/// Reads all lists, of these namespaces or of all; nodes have none.
pub(crate) async fn lists(client: &Client, namespaces: &[String]) -> Lists {
    let (pods, deployments, nodes, usage) = join4(
        of_namespaces(client, Resource::Pods, namespaces),
        of_namespaces(client, Resource::Deployments, namespaces),
        client.list(Resource::Nodes, None),
        of_namespaces(client, Resource::PodMetrics, namespaces),
    )
    .await;
    Lists { pods, deployments, nodes, usage: where_there_is(usage) }
}

/// A 404 of the API server says that nothing serves this API, which is no failure.
pub(crate) fn where_there_is<T>(outcome: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.reason == Reason::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn of_namespaces<T: DeserializeOwned + Keyed>(
    client: &Client,
    resource: Resource,
    namespaces: &[String],
) -> Result<Vec<T>, Failure> {
    if namespaces.is_empty() {
        return client.list(resource, None).await;
    }
    let mut all = Vec::new();
    for namespace in namespaces {
        all.extend(client.list(resource, Some(namespace)).await?);
    }
    Ok(all)
}
