//! The API server of a Kubernetes cluster, as far as a collector of metrics may ask it: lists.
//!
//! It answers as kube-apiserver does, with its pages, its bodies of errors and its order of checks. What the real one
//! knows and this does not, it refuses with status 501.

mod controls;
mod listing;
mod objects;
mod pods;
mod quantity;
mod reply;
mod resource;
mod selector;
mod service;
mod tokens;
mod usage;

pub use controls::State;
pub use controls::TOKEN;
pub use resource::Resource;

use std::sync::Arc;

/// The service; the paths of the API lie at its root.
pub fn router(state: Arc<State>) -> axum::Router {
    axum::Router::new().fallback(service::handle).with_state(state)
}

/// The kubeconfig of a client, as kubectl reads it, for the API server at this address.
pub fn kubeconfig(url: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters:
- name: simulated
  cluster:
    server: {url}
users:
- name: collector
  user:
    token: {TOKEN}
contexts:
- name: simulated
  context:
    cluster: simulated
    user: collector
current-context: simulated
"
    )
}
