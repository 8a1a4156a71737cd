//! What can be listed.

/// A kind of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// Pods.
    Pods,
    /// Nodes.
    Nodes,
    /// Namespaces.
    Namespaces,
    /// Deployments, of the group apps.
    Deployments,
    /// What pods use, of the group metrics.k8s.io.
    PodMetrics,
    /// What nodes use, likewise.
    NodeMetrics,
}

/// A list as a path asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub resource: Resource,
    pub namespace: Option<String>,
}

impl Resource {
    /// Its group; empty for the core group.
    pub fn group(self) -> &'static str {
        match self {
            Resource::Pods | Resource::Nodes | Resource::Namespaces => "",
            Resource::Deployments => "apps",
            Resource::PodMetrics | Resource::NodeMetrics => "metrics.k8s.io",
        }
    }

    /// Its name within the group.
    pub fn plural(self) -> &'static str {
        match self {
            Resource::Pods | Resource::PodMetrics => "pods",
            Resource::Nodes | Resource::NodeMetrics => "nodes",
            Resource::Namespaces => "namespaces",
            Resource::Deployments => "deployments",
        }
    }

    /// Its name as errors have it.
    pub fn full(self) -> String {
        if self.group().is_empty() { self.plural().to_owned() } else { format!("{}.{}", self.plural(), self.group()) }
    }

    /// The list's `apiVersion` and `kind`.
    pub fn list_kind(self) -> (&'static str, &'static str) {
        match self {
            Resource::Pods => ("v1", "PodList"),
            Resource::Nodes => ("v1", "NodeList"),
            Resource::Namespaces => ("v1", "NamespaceList"),
            Resource::Deployments => ("apps/v1", "DeploymentList"),
            Resource::PodMetrics => ("metrics.k8s.io/v1beta1", "PodMetricsList"),
            Resource::NodeMetrics => ("metrics.k8s.io/v1beta1", "NodeMetricsList"),
        }
    }

    /// Whether metrics-server serves it, which knows no pages.
    pub fn is_aggregated(self) -> bool {
        matches!(self, Resource::PodMetrics | Resource::NodeMetrics)
    }

    fn of(group: &str, version: &str, plural: &str) -> Option<Resource> {
        Some(match (group, version, plural) {
            ("", "v1", "pods") => Resource::Pods,
            ("", "v1", "nodes") => Resource::Nodes,
            ("", "v1", "namespaces") => Resource::Namespaces,
            ("apps", "v1", "deployments") => Resource::Deployments,
            ("metrics.k8s.io", "v1beta1", "pods") => Resource::PodMetrics,
            ("metrics.k8s.io", "v1beta1", "nodes") => Resource::NodeMetrics,
            _ => return None,
        })
    }
}

/// The list that a path names, if it names one.
pub fn asked(path: &str) -> Option<Asked> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    match rest {
        [plural] => Some(Asked { resource: Resource::of(group, version, plural)?, namespace: None }),
        ["namespaces", namespace, plural] => {
            let resource = Resource::of(group, version, plural)?;
            let namespaced = matches!(resource, Resource::Pods | Resource::Deployments | Resource::PodMetrics);
            namespaced.then(|| Asked { resource, namespace: Some((*namespace).to_owned()) })
        }
        _ => None,
    }
}
