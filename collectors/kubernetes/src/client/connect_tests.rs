//! Ways to the API server: credentials of every form, certificates, credential plugins, proxies.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use collector::Reason;
use loopback::Server;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::Access;
use crate::records::Node;
use crate::testing::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{FIXTURES}/{name}")).unwrap()
}

pub(super) fn encoded(name: &str) -> String {
    STANDARD.encode(fixture(name))
}

/// Tries to list the nodes.
pub(super) async fn reach(config: &Config) -> Result<usize, Failure> {
    let context = context();
    let client = Client::connect(config, &context, QUICK).await?;
    let nodes: Vec<Node> = client.list(Resource::Nodes, None).await?;
    Ok(nodes.len())
}

#[track_caller]
pub(super) fn failed(outcome: Result<usize, Failure>, reason: Reason, words: &str) -> Failure {
    let failure = outcome.unwrap_err();
    assert_eq!(failure.reason, reason, "{failure}");
    assert!(failure.to_string().contains(words), "{words} is not in: {failure}");
    assert!(!failure.to_string().contains("S3CRET"), "{failure}");
    failure
}

/// A server that takes any credential, and says which one it got in its refusal of every other path.
pub(super) async fn open() -> Cluster {
    World::empty().serve(|_| Some(loopback::ok(json!({"kind": "NodeList", "items": []})))).await
}

/// The header that the last request had.
fn sent(cluster: &Cluster, name: &str) -> String {
    cluster.server.seen().last().unwrap().header(name).to_owned()
}

#[tokio::test]
async fn every_form_of_credential_is_sent() {
    let cluster = open().await;
    let file = cluster.file("token", &format!("{TOKEN}\n"));
    for (user, header) in [
        (json!({"token": TOKEN}), format!("Bearer {TOKEN}")),
        (json!({"tokenFile": file}), format!("Bearer {TOKEN}")),
        // Beside the kubeconfig.
        (json!({"tokenFile": "token"}), format!("Bearer {TOKEN}")),
        (json!({"username": "ann", "password": "S3CRET"}), format!("Basic {}", STANDARD.encode("ann:S3CRET"))),
        (json!({"auth-provider": {"name": "oidc", "config": {"id-token": TOKEN}}}), format!("Bearer {TOKEN}")),
        (json!({}), String::new()),
    ] {
        assert_eq!(reach(&cluster.config_as(&user)).await.unwrap(), 0, "{user}");
        assert_eq!(sent(&cluster, "authorization"), header, "{user}");
    }
    let user = json!({"token": TOKEN, "as": "bob", "as-groups": ["dev"]});
    reach(&cluster.config_as(&user)).await.unwrap();
    assert_eq!(
        (sent(&cluster, "impersonate-user").as_str(), sent(&cluster, "impersonate-group").as_str()),
        ("bob", "dev")
    );
}

#[tokio::test]
async fn a_token_file_is_read_anew_for_each_collection() {
    let cluster = open().await;
    let config = cluster.config_as(&json!({"tokenFile": "token"}));
    for token in ["first.S3CRET", "second.S3CRET"] {
        cluster.file("token", token);
        reach(&config).await.unwrap();
        assert_eq!(sent(&cluster, "authorization"), format!("Bearer {token}"));
    }
    let path = cluster.file("token", "\n");
    failed(reach(&config).await, Reason::Config, "token: it is empty");
    std::fs::remove_file(path).unwrap();
    failed(reach(&config).await, Reason::Config, "token: No such file");
}

/// A pipe that nobody writes to, and a file that is too long.
fn unreadable(cluster: &Cluster) -> [(PathBuf, &'static str); 2] {
    let (long, pipe) = (cluster.file("long", ""), cluster.file("pipe", ""));
    std::fs::File::options().write(true).open(&long).unwrap().set_len(200 << 20).unwrap();
    std::fs::remove_file(&pipe).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    [(long, "long: it is longer than 4 MiB"), (pipe, "pipe: it is not a regular file")]
}

#[tokio::test]
async fn no_file_is_waited_for_or_read_without_end() {
    let cluster = open().await;
    for (path, words) in unreadable(&cluster) {
        let failure = failed(reach(&cluster.config_as(&json!({"tokenFile": path}))).await, Reason::Config, words);
        assert!(!failure.cure.is_empty(), "{failure}");
        let user = json!({"client-certificate": path, "client-key": path});
        failed(reach(&cluster.config_as(&user)).await, Reason::Config, words);
        let of = json!({"server": "https://127.0.0.1:1", "certificate-authority": path});
        failed(reach(&cluster.config_of(&json!({"token": TOKEN}), &of)).await, Reason::Config, words);
        let (why, _) = look(std::slice::from_ref(&path), None).unwrap_err();
        assert!(why.contains(words), "{why}");
        let folder = path.parent().unwrap().to_owned();
        cluster.file("ca.crt", &fixture("ca.crt"));
        std::fs::rename(&path, folder.join("token")).unwrap();
        let access = Access::InCluster { host: "127.0.0.1".to_owned(), port: 1, folder };
        let words = words.split_once(": ").unwrap().1;
        failed(reach(&Config { access, ..cluster.config() }).await, Reason::Config, words);
    }
}

#[tokio::test]
async fn a_credential_that_cannot_be_sent_is_told() {
    let cluster = open().await;
    let lines = "S3CRET\nS3CRET";
    let broken = plugin(&cluster, "give-lines", r#"echo '{"status":{"token":"S3CRET\nS3CRET"}}'"#);
    cluster.file("token", lines);
    for user in [
        json!({"token": lines}),
        json!({"token": "S3CRET "}),
        json!({"tokenFile": "token"}),
        json!({"auth-provider": {"name": "oidc", "config": {"id-token": lines}}}),
        user_of(&broken, json!({})),
    ] {
        failed(reach(&cluster.config_as(&user)).await, Reason::Config, "character that no token has");
    }
    for provider in
        [json!({"name": "gcp", "config": {"cmd-path": "echo"}}), json!({"name": "oidc"}), json!({"name": "x"})]
    {
        let failure = failed(
            reach(&cluster.config_as(&json!({"auth-provider": provider}))).await,
            Reason::Config,
            "auth-provider",
        );
        assert!(failure.cure.contains("plugin"), "{failure}");
    }
    for server in ["kubernetes", "127.0.0.1:6443", "ftp://kubernetes", "https://", "/path", "unix:///run/kube.sock"] {
        let of = json!({"server": server});
        failed(reach(&cluster.config_of(&json!({"token": TOKEN}), &of)).await, Reason::Config, "read the kubeconfig");
    }
    assert!(cluster.server.seen().is_empty());
}

#[tokio::test]
async fn a_credential_that_the_server_repeats_is_masked() {
    for user in [json!({"token": TOKEN}), json!({"username": "ann", "password": "S3CRETS3CRET"})] {
        let cluster = World::empty()
            .serve(|seen| Some(status(401, "Unauthorized", &format!("no such: {}", seen.header("authorization")))))
            .await;
        let failure = failed(reach(&cluster.config_as(&user)).await, Reason::Unauthorized, "***");
        assert!(!failure.why.contains(&STANDARD.encode("ann:S3CRETS3CRET")), "{failure}");
    }
}

#[tokio::test]
async fn a_password_that_the_server_repeats_is_masked() {
    let cluster = World::empty().serve(|_| Some(status(403, "Forbidden", "no such: ann S3CRETS3CRET"))).await;
    let user = json!({"username": "ann", "password": "S3CRETS3CRET"});
    failed(reach(&cluster.config_as(&user)).await, Reason::Forbidden, "no such: ann ***");
}

#[tokio::test]
async fn the_path_in_the_servers_address_is_kept() {
    let cluster = open().await;
    let server = json!({"server": format!("{}/k8s/clusters/c-1", cluster.server.url)});
    reach(&cluster.config_of(&json!({"token": TOKEN}), &server)).await.unwrap();
    assert_eq!(cluster.server.paths(), ["/k8s/clusters/c-1/api/v1/nodes?&limit=500"]);
}

/// A program that a kubeconfig names.
fn plugin(cluster: &Cluster, name: &str, script: &str) -> PathBuf {
    let path = cluster.file(name, &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn user_of(command: &std::path::Path, more: Value) -> Value {
    let mut exec = json!({"apiVersion": "client.authentication.k8s.io/v1beta1", "command": command});
    for (key, value) in more.as_object().unwrap() {
        exec[key] = value.clone();
    }
    json!({"exec": exec})
}

#[tokio::test]
async fn a_plugin_is_run_once_and_told_what_the_protocol_says() {
    let cluster = open().await;
    let script = r#"echo "$1 $WHERE $KUBERNETES_EXEC_INFO" >> "$(dirname "$0")/log"
echo '{"kind":"ExecCredential","status":{"token":"plug.S3CRET","expirationTimestamp":"2020-01-01T00:00:00Z"}}'"#;
    let path = plugin(&cluster, "give-token", script);
    let more = json!({
        "args": ["get-token"], "env": [{"name": "WHERE", "value": "here"}], "provideClusterInfo": true,
        "interactiveMode": "IfAvailable",
    });
    reach(&cluster.config_as(&user_of(&path, more))).await.unwrap();
    assert_eq!(sent(&cluster, "authorization"), "Bearer plug.S3CRET");
    let log = std::fs::read_to_string(path.with_file_name("log")).unwrap();
    let (before, info) = log.trim().split_once(" here ").unwrap();
    let info: Value = serde_json::from_str(info).expect("one run");
    assert_eq!(before, "get-token");
    assert_eq!(info["apiVersion"], "client.authentication.k8s.io/v1beta1");
    assert_eq!(info["spec"], json!({"interactive": false, "cluster": {"server": cluster.server.url}}));
}

#[tokio::test]
async fn a_plugin_that_gives_nothing_is_told_without_what_it_printed() {
    let cluster = open().await;
    for (script, reason, words) in [
        ("echo S3CRET; echo S3CRET >&2; exit 3", Reason::Unauthorized, "it ended with exit status: 3"),
        ("echo S3CRET", Reason::Unauthorized, "printed no ExecCredential"),
        ("echo '{\"status\":{}}'", Reason::Unauthorized, "neither a token nor a client certificate"),
        ("echo '{\"status\":{\"token\":\"\"}}'", Reason::Unauthorized, "neither a token"),
        ("true", Reason::Unauthorized, "printed no ExecCredential"),
        (
            "head -c 2000000 /dev/zero | tr '\\0' ' '; echo '{\"status\":{\"token\":\"x\"}}'",
            Reason::Unauthorized,
            "more than 1 MiB",
        ),
    ] {
        let path = plugin(&cluster, "give-nothing", script);
        failed(reach(&cluster.config_as(&user_of(&path, json!({})))).await, reason, words);
    }
    let odd = user_of(std::path::Path::new("a\0b"), json!({}));
    let failure = failed(reach(&cluster.config_as(&odd)).await, Reason::Config, "a\\0b cannot be run");
    assert!(!failure.to_string().contains('\0'));
    let always = json!({"interactiveMode": "Always"});
    let path = plugin(&cluster, "ask", "echo '{\"status\":{\"token\":\"x\"}}'");
    failed(reach(&cluster.config_as(&user_of(&path, always))).await, Reason::Config, "asks somebody at a terminal");
    let hint = json!({"installHint": "apt install no-such-plugin"});
    let missing = user_of(std::path::Path::new("no-such-plugin"), hint);
    let failure = failed(reach(&cluster.config_as(&missing)).await, Reason::Config, "no-such-plugin cannot be run");
    assert!(failure.cure.contains("apt install"), "{failure}");
    assert!(cluster.server.seen().is_empty());
}

#[tokio::test]
async fn a_plugin_that_hangs_ends_with_the_deadline() {
    let cluster = open().await;
    let path = plugin(&cluster, "hang", "echo $$ > \"$(dirname \"$0\")/pid\"; exec sleep 600");
    let config = cluster.config_as(&user_of(&path, json!({})));
    let context = loopback::context(crate::metrics::sample::now(), Duration::from_secs(3));
    let begun = Instant::now();
    let outcome = Client::connect(&config, &context, QUICK).await.map(|_| 0);
    failed(outcome, Reason::Unauthorized, "it did not end");
    assert!(begun.elapsed() < Duration::from_secs(60));
    let pid = std::fs::read_to_string(path.with_file_name("pid")).unwrap();
    let state = format!("/proc/{}/stat", pid.trim());
    for _ in 0..500 {
        // Gone, or a zombie that the runtime has yet to collect.
        match std::fs::read_to_string(&state) {
            Ok(stat) if !stat.contains(") Z ") => tokio::time::sleep(Duration::from_millis(10)).await,
            _ => return,
        }
    }
    panic!("the plugin still runs");
}

/// TLS before a server that speaks none. Dropping it stops it.
struct Tls {
    port: u16,
    task: JoinHandle<()>,
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tls {
    /// With the certificate of the fixtures; `asks` for one of the client, too.
    async fn before(server: &Server, asks: bool) -> Tls {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = match asks {
            false => builder.unwrap().with_no_client_auth(),
            true => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(fixture("ca.crt").as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.unwrap().with_client_cert_verifier(verifier.unwrap())
            }
        };
        let certificate = CertificateDer::from_pem_slice(fixture("server.crt").as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(fixture("server.key").as_bytes()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![certificate], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let behind = server.url.strip_prefix("http://").unwrap().to_owned();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    // A client that refuses the certificate ends here.
                    let Ok(mut outer) = acceptor.accept(stream).await else { return };
                    let mut inner = TcpStream::connect(behind).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
                });
            }
        });
        Tls { port, task }
    }

    fn cluster(&self, more: Value) -> Value {
        let mut cluster = json!({"server": format!("https://127.0.0.1:{}", self.port)});
        for (key, value) in more.as_object().unwrap() {
            cluster[key] = value.clone();
        }
        cluster
    }
}

#[tokio::test]
async fn a_private_certificate_authority_is_trusted_and_no_other() {
    let cluster = open().await;
    let tls = Tls::before(&cluster.server, false).await;
    let user = json!({"token": TOKEN});
    cluster.file("ca.crt", &fixture("ca.crt"));
    for trust in [
        json!({"certificate-authority-data": encoded("ca.crt")}),
        json!({"certificate-authority": "ca.crt"}),
        json!({"insecure-skip-tls-verify": true}),
        json!({"certificate-authority-data": encoded("ca.crt"), "tls-server-name": ""}),
        json!({"certificate-authority-data": encoded("ca.crt"), "tls-server-name": "kubernetes.default.svc"}),
    ] {
        let outcome = reach(&cluster.config_of(&user, &tls.cluster(trust.clone()))).await;
        assert_eq!(outcome.map_err(|failure| failure.to_string()), Ok(0), "{trust}");
        assert_eq!(sent(&cluster, "authorization"), format!("Bearer {TOKEN}"));
    }
    let seen = cluster.server.seen().len();
    for trust in [
        json!({}),
        json!({"certificate-authority-data": encoded("other-ca.crt")}),
        json!({"certificate-authority-data": encoded("ca.crt"), "tls-server-name": "another.example"}),
    ] {
        let outcome = reach(&cluster.config_of(&user, &tls.cluster(trust.clone()))).await;
        let failure = failed(outcome, Reason::Unreachable, "certificate");
        assert!(failure.cure.contains("certificate authority in the kubeconfig"), "{failure}");
    }
    assert_eq!(cluster.server.seen().len(), seen, "a credential was sent to a server that is not trusted");
}

#[tokio::test]
async fn a_client_certificate_stands_for_a_user() {
    let cluster = open().await;
    let tls = Tls::before(&cluster.server, true).await;
    let of = tls.cluster(json!({"certificate-authority-data": encoded("ca.crt")}));
    cluster.file("client.crt", &fixture("client.crt"));
    cluster.file("client.key", &fixture("client.key"));
    let printed = json!({
        "kind": "ExecCredential",
        "status": {"clientCertificateData": fixture("client.crt"), "clientKeyData": fixture("client.key")},
    });
    cluster.file("printed.json", &printed.to_string());
    let path = plugin(&cluster, "give-certificate", "cat \"$(dirname \"$0\")/printed.json\"");
    for user in [
        json!({"client-certificate-data": encoded("client.crt"), "client-key-data": encoded("client.key")}),
        json!({"client-certificate": "client.crt", "client-key": "client.key"}),
        user_of(&path, json!({})),
    ] {
        let outcome = reach(&cluster.config_of(&user, &of)).await;
        assert_eq!(outcome.map_err(|failure| failure.to_string()), Ok(0), "{user}");
    }
    failed(reach(&cluster.config_of(&json!({"token": TOKEN}), &of)).await, Reason::Unreachable, "127.0.0.1");
    for user in [
        json!({"client-certificate-data": "%", "client-key-data": encoded("client.key")}),
        json!({"client-certificate-data": encoded("client.crt"), "client-key-data": STANDARD.encode("S3CRET")}),
    ] {
        failed(
            reach(&cluster.config_of(&user, &of)).await,
            Reason::Config,
            "certificates and the user of the kubeconfig",
        );
    }
}

#[tokio::test]
async fn in_a_pod_the_service_account_is_used() {
    let cluster = open().await;
    let tls = Tls::before(&cluster.server, false).await;
    let folder = cluster.file("token", TOKEN).parent().unwrap().to_owned();
    let access = Access::InCluster { host: "127.0.0.1".to_owned(), port: tls.port, folder: folder.clone() };
    let config = Config { access, ..cluster.config() };
    failed(reach(&config).await, Reason::Config, "ca.crt");
    cluster.file("ca.crt", &fixture("other-ca.crt"));
    failed(reach(&config).await, Reason::Unreachable, "certificate");
    cluster.file("ca.crt", &fixture("ca.crt"));
    assert_eq!(reach(&config).await.map_err(|failure| failure.to_string()), Ok(0));
    assert_eq!(sent(&cluster, "authorization"), format!("Bearer {TOKEN}"));
    std::fs::remove_file(folder.join("token")).unwrap();
    let failure = failed(reach(&config).await, Reason::Config, "token");
    assert!(failure.cure.contains("automountServiceAccountToken"), "{failure}");
}

#[tokio::test]
async fn a_proxy_of_the_cluster_is_used() {
    // As a proxy of plain HTTP it sees the whole address.
    let proxy = open().await;
    let of = json!({"server": "http://kubernetes.invalid:6443", "proxy-url": proxy.server.url});
    reach(&proxy.config_of(&json!({"token": TOKEN}), &of)).await.unwrap();
    assert_eq!(sent(&proxy, "host"), "kubernetes.invalid:6443");
    let of = json!({"server": "http://kubernetes.invalid:6443", "proxy-url": "socks5://ann:S3CRET@127.0.0.1:1"});
    failed(reach(&proxy.config_of(&json!({"token": TOKEN}), &of)).await, Reason::Config, "proxy-url");
}
