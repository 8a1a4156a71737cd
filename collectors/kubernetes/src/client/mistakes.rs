//! What is wrong with a context's cluster and user, told before anybody is asked.

use std::path::Path;

use kube::config::AuthInfo;
use kube::config::Cluster;
use kube::config::Context;
use kube::config::Kubeconfig;

use super::credential;
use super::file;
use super::kubeconfig::Wrong;

/// Looks at the cluster and the user of a context. Certificates are not read, and no program is run.
///
/// # Errors
/// What is wrong, and what to do about it; no address of a proxy, and nothing of a credential.
pub(super) fn look(files: &Kubeconfig, context: &Context) -> Result<(), Wrong> {
    let cluster = files.clusters.iter().find(|one| one.name == context.cluster).and_then(|one| one.cluster.as_ref());
    of_cluster(cluster.ok_or_else(|| not_there("cluster", &context.cluster))?)?;
    let Some(name) = context.user.as_deref().filter(|name| !name.is_empty()) else { return Ok(()) };
    let user = files.auth_infos.iter().find(|one| one.name == name).and_then(|one| one.auth_info.as_ref());
    // kube would ask as nobody.
    of_user(user.ok_or_else(|| not_there("user", name))?)
}

fn not_there(what: &str, name: &str) -> Wrong {
    let why = format!("the {what} {name:?} of its context is not in it");
    (why, "Add it, or choose another context with K8S_CONTEXT".to_owned())
}

fn of_cluster(cluster: &Cluster) -> Result<(), Wrong> {
    if !cluster.server.as_deref().is_some_and(is_address) {
        let why = "the server of its cluster is not an http:// or https:// address";
        return Err((why.to_owned(), "Write it as in https://HOST:6443".to_owned()));
    }
    if let Some(address) = cluster.proxy_url.as_deref().filter(|address| !address.is_empty()) {
        proxy(address)?;
    }
    readable("certificate-authority", &cluster.certificate_authority, cluster.certificate_authority_data.is_some())
}

/// In the order in which they count: see [`credential::settle`].
fn of_user(user: &AuthInfo) -> Result<(), Wrong> {
    let (certificate, key) = (&user.client_certificate, &user.client_key);
    let (certificate_data, key_data) = (user.client_certificate_data.is_some(), user.client_key_data.is_some());
    readable("client-certificate", certificate, certificate_data)?;
    readable("client-key", key, key_data)?;
    if (certificate.is_some() || certificate_data) && !(key.is_some() || key_data) {
        let why = "its user has a client certificate without a key";
        return Err((why.to_owned(), "Add client-key or client-key-data".to_owned()));
    }
    if let Some(provider) = &user.auth_provider {
        return match credential::of_provider(provider) {
            Ok(_) => Ok(()),
            Err(failure) => Err((failure.why, failure.cure)),
        };
    }
    if (user.username.is_some() && user.password.is_some()) || user.token.is_some() {
        return Ok(());
    }
    if user.token_file.is_some() {
        return readable("tokenFile", &user.token_file, false);
    }
    match &user.exec {
        Some(plugin) if plugin.command.as_deref().unwrap_or_default().is_empty() => {
            Err(("the credential plugin (exec) of its user names no command".to_owned(), CORRECT.to_owned()))
        }
        _ => Ok(()),
    }
}

const CORRECT: &str = "Correct the kubeconfig";

/// Whether a file can be read that is named, unless its text is there in its place.
fn readable(what: &str, path: &Option<String>, is_given: bool) -> Result<(), Wrong> {
    match path.as_deref().filter(|path| !is_given && !path.is_empty()) {
        Some(path) => file::check(Path::new(path))
            .map_err(|error| (format!("{what}: {path}: {error}"), format!("Correct {what} in the kubeconfig"))),
        None => Ok(()),
    }
}

/// Whether both readers of addresses that there are below know it for the whole address of a server.
fn is_address(text: &str) -> bool {
    let read = reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let host = text.parse::<http::Uri>().ok().and_then(|uri| uri.authority().map(|at| !at.host().is_empty()));
    read && host == Some(true)
}

/// The proxy of a cluster.
///
/// # Errors
/// When it is none; its address, which may hold a password, is not told.
pub(super) fn proxy(address: &str) -> Result<reqwest::Proxy, Wrong> {
    let is_http = address.starts_with("http://") || address.starts_with("https://");
    is_http.then(|| reqwest::Proxy::all(address).ok()).flatten().ok_or_else(|| {
        let why = "the proxy-url of its cluster is not the address of an HTTP proxy";
        (why.to_owned(), "Write it as in http://HOST:3128".to_owned())
    })
}
