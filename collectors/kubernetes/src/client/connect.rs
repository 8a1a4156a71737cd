//! From what the collector is told to a client: address, certificates, credential, proxy.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use collector::Context;
use collector::Failure;
use collector::Reason;
use collector::transport::Pace;
use collector::transport::Secrets;
use collector::transport::Transport;
use kube::client::ConfigExt;
use tower::ServiceBuilder;

use super::Client;
use super::credential;
use super::file;
use super::kubeconfig;
use super::kubeconfig::Wrong;
use super::mistakes;
use super::way::Way;
use crate::config::Access;
use crate::config::Config;

/// Time to open a connection; an API server is near, or behind a load balancer.
const CONNECT: Duration = Duration::from_secs(10);
/// Time between two pieces of an answer; a whole try has a limit of its own.
const READ: Duration = Duration::from_secs(25);

const FILES: &str = "the server in the kubeconfig (KUBECONFIG, K8S_CONTEXT)";
const ENVIRONMENT: &str = "KUBERNETES_SERVICE_HOST";

pub(super) async fn connect(config: &Config, context: &Context, pace: Pace) -> Result<Client, Failure> {
    let (setting, loaded) = match &config.access {
        Access::Kubeconfig { paths, context } => (FILES, kubeconfig::load(paths, context.as_deref()).await),
        Access::InCluster { host, port, folder } => (ENVIRONMENT, in_cluster(host, *port, folder)),
    };
    let (mut kube, proxy) = loaded.map_err(|(why, cure)| unusable(reading(&config.access), why).with_cure(cure))?;
    let transport = Transport::new(context, pace, setting);
    let secrets = transport.secrets();
    // The transport's tries take the place of kube's, which are more than the deadline bears.
    kube.default_retry = false;
    credential::settle(&mut kube.auth_info, context.deadline(), secrets).await?;
    let host = host(&kube)?;
    let way = Way { http: http(&mut kube, proxy, secrets).await?, secrets: Arc::clone(secrets) };
    let failed = |error: kube::Error| of_kube(&error, secrets);
    let service = ServiceBuilder::new()
        .layer(kube.base_uri_layer())
        .option_layer(kube.auth_layer().map_err(failed)?)
        .layer(kube.extra_headers_layer().map_err(failed)?)
        .service(way);
    Ok(Client {
        transport,
        kube: kube::Client::new(service, kube.default_namespace),
        host,
        setting,
        max_body: pace.max_body,
    })
}

/// Host and port of the API server. kube panics over an address that is not whole.
fn host(kube: &kube::Config) -> Result<String, Failure> {
    let host = kube.cluster_url.authority().map(|at| at.as_str().rsplit('@').next().unwrap_or_default().to_owned());
    match (kube.cluster_url.scheme_str(), host) {
        (Some("https" | "http"), Some(host)) if !host.is_empty() => Ok(host),
        _ => {
            let why = "the server of its cluster is not an http:// or https:// address";
            Err(unusable("read the kubeconfig", why.to_owned()).with_cure("Write it as in https://HOST:6443"))
        }
    }
}

/// What is being read of, in words.
fn reading(access: &Access) -> &'static str {
    match access {
        Access::Kubeconfig { .. } => "read the kubeconfig",
        Access::InCluster { .. } => "read the pod's service account",
    }
}

/// The service account of a pod. Its token and its CA are renewed in their files, and read for each collection.
fn in_cluster(host: &str, port: u16, folder: &Path) -> Result<(kube::Config, Option<String>), Wrong> {
    let cure = "Let the pod have its service account's token (automountServiceAccountToken), or name a kubeconfig in KUBECONFIG";
    let of_account = |name: &str| -> Result<PathBuf, Wrong> {
        let path = folder.join(name);
        match file::check(&path) {
            Ok(()) => Ok(path),
            Err(error) => Err((format!("{}: {error}", path.display()), cure.to_owned())),
        }
    };
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    let address = format!("https://{host}:{port}");
    let address =
        address.parse().map_err(|_| (format!("{address} is no address"), format!("Correct {ENVIRONMENT}")))?;
    let mut kube = kube::Config::new(address);
    kube.auth_info.token_file = Some(of_account("token")?.display().to_string());
    kube.root_cert_file = Some(of_account("ca.crt")?);
    // The file stands in its place; none at all would be the system's.
    kube.root_cert = Some(Vec::new());
    Ok((kube, None))
}

/// The reqwest client of this cluster: its certificates are no other source's.
async fn http(kube: &mut kube::Config, proxy: Option<String>, secrets: &Secrets) -> Result<reqwest::Client, Failure> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("orgpulse/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .redirect(reqwest::redirect::Policy::none());
    if kube.cluster_url.scheme_str() == Some("https") {
        let tls = kube.rustls_client_config().map_err(|error| of_kube(&error, secrets))?;
        builder = builder.tls_backend_preconfigured(tls);
        if let Some(name) = kube.tls_server_name.clone().filter(|name| !name.is_empty()) {
            let addresses = renamed(kube, &name, proxy.is_some()).await?;
            builder = builder.resolve_to_addrs(&name, &addresses).no_proxy();
        }
    }
    if kube.disable_compression {
        builder = builder.no_gzip();
    }
    if let Some(proxy) = proxy {
        let wrong = |(why, cure): Wrong| unusable("read the kubeconfig", why).with_cure(cure);
        builder = builder.no_proxy().proxy(mistakes::proxy(&proxy).map_err(wrong)?);
    } else if is_loopback(kube.cluster_url.host().unwrap_or_default()) {
        // As kubectl does: no proxy reaches this machine's own address.
        builder = builder.no_proxy();
    }
    let why =
        |error: reqwest::Error| unusable("set up the connection to the cluster", secrets.clip(&error.to_string()));
    builder.build().map_err(why)
}

/// Has the server be called by the name that its certificate is for (`tls-server-name`), which is said to be looked up at
/// the addresses that are given back: a reqwest client asks for the certificate of the host in the address.
async fn renamed(kube: &mut kube::Config, name: &str, has_proxy: bool) -> Result<Vec<SocketAddr>, Failure> {
    let wrong = |why: String| unusable("use the tls-server-name of the kubeconfig's cluster", why);
    if has_proxy || name.parse::<IpAddr>().is_ok() {
        let why = "it is an IP address, or there is a proxy-url beside it, which orgpulse does not support";
        return Err(wrong(why.to_owned()).with_cure("Use an address that the server's certificate is for"));
    }
    let host = kube.cluster_url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = kube.cluster_url.port_u16().unwrap_or(443);
    let addresses = tokio::net::lookup_host((host.as_str(), port)).await.map(Iterator::collect);
    let addresses = addresses.map_err(|error| wrong(format!("{host} could not be looked up: {error}")))?;
    let address = format!("https://{name}:{port}{}", kube.cluster_url.path());
    kube.cluster_url = address.parse().map_err(|_| wrong(format!("{name:?} is no name of a host")))?;
    Ok(addresses)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What kube could not make of certificates and credentials.
fn of_kube(error: &kube::Error, secrets: &Secrets) -> Failure {
    let why = secrets.clip(&error.to_string());
    let failure = unusable("use the certificates and the user of the kubeconfig", why);
    failure.with_cure("Check them with kubectl get nodes")
}

/// A configuration that does not do.
pub(super) fn unusable(doing: &str, why: String) -> Failure {
    Failure::new(Reason::Config, doing, why)
}
