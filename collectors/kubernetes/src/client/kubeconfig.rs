//! The files that say how to reach a cluster.

use std::path::PathBuf;

use kube::config::Context;
use kube::config::KubeConfigOptions;
use kube::config::Kubeconfig;
use kube::config::KubeconfigError;

use super::file;
use super::mistakes;

/// What is wrong, and what to do about it.
pub(super) type Wrong = (String, String);

/// Looks whether these files can be read and describe the context, without asking anybody.
///
/// # Errors
/// What is wrong, and what to do about it; no part of the files' text, which holds credentials.
pub fn look(paths: &[PathBuf], context: Option<&str>) -> Result<(), (String, String)> {
    let files = read(paths)?;
    meant(paths, &files, context).map(|_| ())
}

/// The files, merged. Of a list those that are not there are passed over, as kubectl does, unless none is.
fn read(paths: &[PathBuf]) -> Result<Kubeconfig, Wrong> {
    let mut there: Vec<&PathBuf> = paths.iter().filter(|path| path.exists()).collect();
    if there.is_empty() {
        there = paths.iter().collect();
    }
    let merged = there.into_iter().try_fold(Kubeconfig::default(), |merged, path| {
        let readable = file::check(path).map_err(|error| KubeconfigError::ReadConfig(error, path.clone()));
        readable
            .and_then(|()| Kubeconfig::read_from(path))
            .and_then(|one| merged.merge(one))
            .map_err(|error| (path, error))
    });
    merged.map_err(|(path, error)| {
        (format!("{}: {}", path.display(), words(&error)), "Name the file in KUBECONFIG".to_owned())
    })
}

/// The context that is meant, without mistakes.
fn meant<'a>(paths: &[PathBuf], files: &'a Kubeconfig, context: Option<&str>) -> Result<&'a Context, Wrong> {
    let found = named(files, context).and_then(|found| mistakes::look(files, found).map(|()| found));
    let names = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    found.map_err(|(why, cure)| (format!("{}: {why}", names()), cure))
}

/// The context of this name, or the current one.
fn named<'a>(files: &'a Kubeconfig, context: Option<&str>) -> Result<&'a Context, Wrong> {
    let known = || match files.contexts.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => "none".to_owned(),
        names => names,
    };
    let Some(name) = context.or(files.current_context.as_deref()).filter(|name| !name.is_empty()) else {
        let why = format!("it has no current context; contexts in it: {}", known());
        return Err((why, "Choose one with K8S_CONTEXT".to_owned()));
    };
    let found = files.contexts.iter().find(|one| one.name == name).and_then(|one| one.context.as_ref());
    found.ok_or_else(|| {
        (format!("it has no context {name:?}; contexts in it: {}", known()), "Correct K8S_CONTEXT".to_owned())
    })
}

/// The configuration of a context, and the proxy that its cluster names. kube also puts the proxy of the environment
/// into it, without regard to NO_PROXY.
pub(super) async fn load(paths: &[PathBuf], context: Option<&str>) -> Result<(kube::Config, Option<String>), Wrong> {
    let files = read(paths)?;
    // Looked at once more: files come and go between the start and a run.
    let cluster = meant(paths, &files, context)?.cluster.clone();
    let cluster = files.clusters.iter().find(|one| one.name == cluster).and_then(|one| one.cluster.as_ref());
    let proxy = cluster.and_then(|cluster| cluster.proxy_url.clone()).filter(|proxy| !proxy.is_empty());
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let config = kube::Config::from_custom_kubeconfig(files, &options).await;
    let config = config.map_err(|error| (words(&error), "Correct the kubeconfig".to_owned()))?;
    Ok((config, proxy))
}

/// kube's words, but for those of the reader of YAML, which quote what they do not understand.
fn words(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!("it is no kubeconfig: line {}, column {}", at.line(), at.column()),
            None => "it is no kubeconfig".to_owned(),
        },
        // A proxy's address may hold a password.
        KubeconfigError::ParseProxyUrl(_) => "the address of the proxy (proxy-url, or HTTPS_PROXY) is none".to_owned(),
        other => other.to_string(),
    }
}
