//! Settings of the Kubernetes collector.

use std::path::PathBuf;

use collector::BoxedCollector;
use kubernetes::Access;
use kubernetes::Config;
use kubernetes::Kubernetes;

use crate::config::Configured;
use crate::config::Inputs;
use crate::config::Origin;
use crate::config::Problems;
use crate::config::Settings;

const CLUSTER: &str = "kubernetes.cluster_name";
const NAMESPACES: &str = "kubernetes.namespaces";
const KUBECONFIG: &str = "kubernetes.kubeconfig";
const CONTEXT: &str = "kubernetes.context";
const HOST: &str = "kubernetes.service_host";
const PORT: &str = "kubernetes.service_port";

/// The collector that the settings describe. Without a name for the cluster nothing is read: the kubeconfig of whoever
/// tries orgpulse may lead to any cluster.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<Box<dyn BoxedCollector>> {
    match config(settings, problems) {
        Ok(config) => Configured::Ready(Kubernetes::boxed(config)),
        Err(missing) => Configured::Missing(missing),
    }
}

/// What the collector is told, or what to set.
fn config(settings: &Settings, problems: &mut Problems) -> Result<Config, Vec<String>> {
    let namespaces = namespaces(settings, problems);
    let Some(cluster) = settings.text(CLUSTER) else {
        // A name that was given wrongly has been told already.
        let missing = (!settings.mistaken(CLUSTER))
            .then(|| "set K8S_CLUSTER_NAME=... (or kubernetes.cluster_name in the file)".to_owned());
        return Err(missing.into_iter().collect());
    };
    let Some(access) = access(settings) else {
        let why = "names a cluster, but nothing says how to reach it";
        problems.add(settings.place(CLUSTER), CLUSTER, why, "Set KUBECONFIG");
        return Err(Vec::new());
    };
    if let Access::Kubeconfig { paths, context } = &access
        && let Err((why, cure)) = kubernetes::look(paths, context.as_deref())
    {
        problems.add(settings.place(KUBECONFIG), KUBECONFIG, why, cure);
    }
    Ok(Config { cluster, namespaces, access })
}

fn access(settings: &Settings) -> Option<Access> {
    if let Some(list) = settings.text(KUBECONFIG) {
        let paths: Vec<PathBuf> = std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect();
        return Some(Access::Kubeconfig { paths, context: settings.text(CONTEXT) });
    }
    let port = settings.whole(PORT).and_then(|port| u16::try_from(port).ok())?;
    Some(Access::InCluster { host: settings.text(HOST)?, port, folder: PathBuf::from(kubernetes::SERVICE_ACCOUNT) })
}

fn namespaces(settings: &Settings, problems: &mut Problems) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in settings.list(NAMESPACES) {
        if !kubernetes::is_namespace(&name) {
            let why = format!("{name:?} is no namespace");
            let cure = "Write lower-case letters, digits and hyphens; leave it unset for all namespaces";
            problems.add(settings.place(NAMESPACES), NAMESPACES, why, cure);
        } else if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// kubectl's own place for the kubeconfig, when no setting names one and this is no pod.
pub fn default_kubeconfig(inputs: &Inputs, settings: &mut Settings) {
    let in_a_pod = settings.has(HOST) && settings.has(PORT);
    if settings.has(KUBECONFIG) || in_a_pod {
        return;
    }
    if let Some(home) = inputs.environment.get("HOME").filter(|home| home.starts_with('/')) {
        let path = PathBuf::from(home).join(".kube/config");
        settings.set_text(KUBECONFIG, path.display().to_string(), Origin::Default);
    }
}
