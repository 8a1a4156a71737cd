//! What is listed.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::core::v1::Pod;
use kube::Resource as _;
use kube::api::ApiResource;
use kube::api::DynamicObject;
use kube::api::GroupVersionKind;

/// A kind of object that is listed; of no other is anything asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Pods,
    Deployments,
    Nodes,
    /// What pods use: an API that metrics-server, or another adapter, adds to the cluster.
    PodMetrics,
}

impl Resource {
    /// In messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Resource::Pods => "pods",
            Resource::Deployments => "deployments",
            Resource::Nodes => "nodes",
            Resource::PodMetrics => "metrics of pods",
        }
    }

    /// As rights name it: resource and API group.
    pub(crate) fn right(self) -> &'static str {
        match self {
            Resource::Pods => "pods",
            Resource::Deployments => "deployments.apps",
            Resource::Nodes => "nodes",
            Resource::PodMetrics => "pods.metrics.k8s.io",
        }
    }

    /// `kind` of a list of them.
    pub(super) fn list_kind(self) -> &'static str {
        match self {
            Resource::Pods => "PodList",
            Resource::Deployments => "DeploymentList",
            Resource::Nodes => "NodeList",
            Resource::PodMetrics => "PodMetricsList",
        }
    }

    /// Where they are listed.
    pub(super) fn path(self, namespace: Option<&str>) -> String {
        match self {
            Resource::Pods => Pod::url_path(&(), namespace),
            Resource::Deployments => Deployment::url_path(&(), namespace),
            Resource::Nodes => Node::url_path(&(), None),
            Resource::PodMetrics => {
                let kind = GroupVersionKind::gvk("metrics.k8s.io", "v1beta1", "PodMetrics");
                DynamicObject::url_path(&ApiResource::from_gvk_with_plural(&kind, "pods"), namespace)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        for (resource, all, one) in [
            (Resource::Pods, "/api/v1/pods", "/api/v1/namespaces/ml/pods"),
            (Resource::Deployments, "/apis/apps/v1/deployments", "/apis/apps/v1/namespaces/ml/deployments"),
            (Resource::Nodes, "/api/v1/nodes", "/api/v1/nodes"),
            (
                Resource::PodMetrics,
                "/apis/metrics.k8s.io/v1beta1/pods",
                "/apis/metrics.k8s.io/v1beta1/namespaces/ml/pods",
            ),
        ] {
            assert_eq!((resource.path(None).as_str(), resource.path(Some("ml")).as_str()), (all, one));
        }
    }
}
