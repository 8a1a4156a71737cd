//! From what the collector is told to a client: address, certificates, credential, proxy.

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
use super::exec;
use super::kubeconfig;
use super::kubeconfig::Wrong;
use super::way;
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
    exec::fill(&mut kube.auth_info, context.deadline(), secrets).await?;
    let way = Way { http: http(&kube, proxy, secrets)?, secrets: Arc::clone(secrets) };
    let failed = |error: kube::Error| of_kube(&error, secrets);
    let service = ServiceBuilder::new()
        .layer(kube.base_uri_layer())
        .option_layer(kube.auth_layer().map_err(failed)?)
        .layer(kube.extra_headers_layer().map_err(failed)?)
        .service(way);
    let host = kube.cluster_url.authority().map(|at| at.as_str().rsplit('@').next().unwrap_or_default().to_owned());
    let host = host.unwrap_or_default();
    Ok(Client { transport, kube: kube::Client::new(service, kube.default_namespace), host, setting })
}

/// What is being read of, in words.
fn reading(access: &Access) -> &'static str {
    match access {
        Access::Kubeconfig { .. } => "read the kubeconfig",
        Access::InCluster { .. } => "read the pod's service account",
    }
}

/// The service account of a pod. Its token and its CA are read again when they are renewed.
fn in_cluster(host: &str, port: u16, folder: &Path) -> Result<(kube::Config, Option<String>), Wrong> {
    let cure = "Let the pod have its service account's token (automountServiceAccountToken), or name a kubeconfig in KUBECONFIG";
    let file = |name: &str| -> Result<PathBuf, Wrong> {
        let path = folder.join(name);
        match std::fs::metadata(&path) {
            Ok(_) => Ok(path),
            Err(error) => Err((format!("{}: {error}", path.display()), cure.to_owned())),
        }
    };
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    let address = format!("https://{host}:{port}");
    let address =
        address.parse().map_err(|_| (format!("{address} is no address"), format!("Correct {ENVIRONMENT}")))?;
    let mut kube = kube::Config::new(address);
    kube.auth_info.token_file = Some(file("token")?.display().to_string());
    kube.root_cert_file = Some(file("ca.crt")?);
    // The file stands in its place; none at all would be the system's.
    kube.root_cert = Some(Vec::new());
    Ok((kube, None))
}

/// The reqwest client of this cluster: its certificates are no other source's.
fn http(kube: &kube::Config, proxy: Option<String>, secrets: &Secrets) -> Result<reqwest::Client, Failure> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("orgpulse/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .redirect(reqwest::redirect::Policy::none());
    if kube.cluster_url.scheme_str() == Some("https") {
        if let Some(name) = &kube.tls_server_name {
            let why = format!("its cluster has a tls-server-name ({name}), which orgpulse does not support");
            let cure = "Use an address that the server's certificate is for";
            return Err(unusable("read the kubeconfig", why).with_cure(cure));
        }
        let tls = kube.rustls_client_config().map_err(|error| of_kube(&error, secrets))?;
        builder = builder.tls_backend_preconfigured(tls);
    }
    if kube.disable_compression {
        builder = builder.no_gzip();
    }
    if let Some(proxy) = proxy {
        // The address may hold a password.
        let wrong = |_| {
            let why = "the proxy-url of its cluster is not the address of an HTTP proxy";
            unusable("read the kubeconfig", why.to_owned()).with_cure("Write it as in http://HOST:3128")
        };
        builder = builder.no_proxy().proxy(reqwest::Proxy::all(proxy).map_err(wrong)?);
    } else if is_loopback(kube.cluster_url.host().unwrap_or_default()) {
        // As kubectl does: no proxy reaches this machine's own address.
        builder = builder.no_proxy();
    }
    let why =
        |error: reqwest::Error| unusable("set up the connection to the cluster", secrets.clip(&error.to_string()));
    builder.build().map_err(why)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What kube could not make of certificates and credentials.
fn of_kube(error: &kube::Error, secrets: &Secrets) -> Failure {
    match error {
        kube::Error::Auth(error) => way::no_credential(error, secrets),
        other => {
            let failure =
                unusable("use the certificates and the user of the kubeconfig", secrets.clip(&other.to_string()));
            failure.with_cure("Check them with kubectl get nodes")
        }
    }
}

/// A configuration that does not do.
pub(super) fn unusable(doing: &str, why: String) -> Failure {
    Failure::new(Reason::Config, doing, why)
}
