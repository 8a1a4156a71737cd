//! What the Kubernetes collector is told at construction.

use std::path::PathBuf;

/// Everything that the Kubernetes collector can be told. The environment and the configuration file are read elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The cluster's name; every point is tagged with it.
    pub cluster: String,
    /// Namespaces to read; empty = all. They become part of paths: see [`is_namespace`].
    pub namespaces: Vec<String>,
    /// How to reach the API server.
    pub access: Access,
}

/// How to reach the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// As a kubeconfig says.
    Kubeconfig {
        /// The files, merged as kubectl merges them: what the first one says counts.
        paths: Vec<PathBuf>,
        /// The context; none = the files' current one.
        context: Option<String>,
    },
    /// From a pod of the cluster, with its service account.
    InCluster {
        /// Name or IP address of the API server.
        host: String,
        /// Its port.
        port: u16,
        /// Folder with the account's `token` and `ca.crt`; see [`SERVICE_ACCOUNT`].
        folder: PathBuf,
    },
}

/// Where Kubernetes puts a service account's token and CA into a pod.
pub const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Whether a namespace could have this name: lower-case letters, digits and hyphens, 63 at most.
pub fn is_namespace(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 63 && name.starts_with(plain) && name.ends_with(plain) && name.chars().all(|c| plain(c) || c == '-')
}
