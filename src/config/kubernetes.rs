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
    if cluster.chars().any(char::is_control) {
        let why = "the name holds a line break or another control character";
        problems.add(settings.place(CLUSTER), CLUSTER, why, "Write it in one line");
        return Err(Vec::new());
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::config;

    const NAME: (&str, &str) = ("K8S_CLUSTER_NAME", "prod");
    const POD: [(&str, &str); 2] = [("KUBERNETES_SERVICE_HOST", "10.96.0.1"), ("KUBERNETES_SERVICE_PORT", "443")];

    /// The configuration, or what is missing; and the mistakes.
    fn of(environment: &[(&str, &str)]) -> (Result<Config, Vec<String>>, String) {
        let inputs = Inputs {
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            dot_env: BTreeMap::new(),
            file: None,
        };
        let mut problems = Problems::default();
        let settings = config::resolve(&inputs, &[], &mut problems);
        let config = config(&settings, &mut problems);
        (config, if problems.is_empty() { String::new() } else { problems.to_string() })
    }

    /// A kubeconfig with the contexts main, which is the current one, and other.
    fn kubeconfig(folder: &Path) -> String {
        let path = folder.join("config");
        let text = "{current-context: main, clusters: [{name: c, cluster: {server: 'https://kubernetes'}}], contexts: [\
                    {name: main, context: {cluster: c}}, {name: other, context: {cluster: c}}]}";
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    #[test]
    fn without_a_name_for_the_cluster_it_is_not_configured() {
        for environment in [&[][..], &POD, &[("KUBECONFIG", "missing"), ("K8S_CONTEXT", "x")]] {
            let (config, problems) = of(environment);
            assert_eq!(problems, "");
            assert!(config.unwrap_err()[0].contains("set K8S_CLUSTER_NAME"));
        }
    }

    #[test]
    fn a_kubeconfig_comes_before_the_pod_and_the_pod_before_kubectls_own_place() {
        let home = tempfile::tempdir().unwrap();
        let of = |more: &[(&str, &str)]| {
            let home = ("HOME", home.path().to_str().unwrap());
            let (config, problems) = of(&[&[NAME, home], more].concat());
            assert_eq!(problems, "");
            config.unwrap().access
        };
        let named = kubeconfig(&home.path().join("named"));
        let standard = kubeconfig(&home.path().join(".kube"));
        let access = |path: &str, context: Option<&str>| Access::Kubeconfig {
            paths: vec![PathBuf::from(path)],
            context: context.map(str::to_owned),
        };
        assert_eq!(of(&[]), access(&standard, None));
        assert_eq!(of(&[("KUBECONFIG", &named), POD[0], POD[1]]), access(&named, None));
        assert_eq!(of(&[("KUBECONFIG", &named), ("K8S_CONTEXT", "other")]), access(&named, Some("other")));
        let both = format!("{named}::{standard}");
        let Access::Kubeconfig { paths, .. } = of(&[("KUBECONFIG", &both)]) else { panic!() };
        assert_eq!(paths, [PathBuf::from(&named), PathBuf::from(&standard)]);
        let folder = PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount");
        assert_eq!(of(&POD), Access::InCluster { host: "10.96.0.1".to_owned(), port: 443, folder });
        assert_eq!(of(&POD[..1]), access(&standard, None), "half of it is no pod");
    }

    #[test]
    fn mistakes_of_the_kubeconfig_are_told_before_any_request() {
        let home = tempfile::tempdir().unwrap();
        let path = kubeconfig(home.path());
        let lost = home.path().join("lost").display().to_string();
        let text = std::fs::read_to_string(&path)
            .unwrap()
            .replace("context: {cluster: c}", "context: {cluster: c, user: nobody}");
        std::fs::write(&lost, text).unwrap();
        for (environment, words) in [
            (vec![NAME], "Set KUBECONFIG"),
            (vec![NAME, ("HOME", home.path().to_str().unwrap())], ".kube/config: No such file"),
            (vec![NAME, ("KUBECONFIG", "missing")], "missing: No such file"),
            (vec![NAME, ("KUBECONFIG", lost.as_str())], "the user \"nobody\" of its context is not in it"),
            (vec![NAME, ("KUBECONFIG", path.as_str()), ("K8S_CONTEXT", "othr")], "contexts in it: main, other"),
        ] {
            let (_, problems) = of(&environment);
            assert!(problems.contains(words), "{words} is not in: {problems}");
        }
    }

    #[test]
    fn a_name_of_two_lines_is_none() {
        for name in ["prod\nteam:a", "a\u{7f}b"] {
            let (_, problems) = of(&[("K8S_CLUSTER_NAME", name), POD[0], POD[1]]);
            assert!(problems.contains("control character"), "{name:?}: {problems}");
        }
    }

    #[test]
    fn namespaces_are_names_each_once() {
        let (config, problems) = of(&[NAME, POD[0], POD[1], ("K8S_NAMESPACES", "ml, default,ml,team-2")]);
        assert_eq!((config.unwrap().namespaces.join(" "), problems.as_str()), ("ml default team-2".to_owned(), ""));
        for wrong in ["all,*", "Ml", "a/b", "-a", "a.b", "a b", &"x".repeat(64)] {
            let (_, problems) = of(&[NAME, POD[0], POD[1], ("K8S_NAMESPACES", wrong)]);
            assert!(problems.contains("is no namespace"), "{wrong}: {problems}");
        }
    }
}
