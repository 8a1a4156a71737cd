//! The way out below kube: a reqwest client in the place of kube's own hyper client.
//!
//! Either would be one of the same HTTP and TLS crates. This one takes the proxies of HTTPS_PROXY and NO_PROXY as every
//! other source does (kube's compares NO_PROXY with the proxy instead of the server, and knows no proxy in a cluster),
//! unpacks gzip, ends what stops on the way, and logs no error before it is known whether a retry mends it.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use collector::transport::Lost;
use collector::transport::Secrets;
use collector::transport::no_connection;
use http::Request;
use http::Response;
use http::header::AUTHORIZATION;
use kube::client::Body;
use tower::BoxError;
use tower::Service;

/// The innermost service of kube's client.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) http: reqwest::Client,
    pub(super) secrets: Arc<Secrets>,
}

impl Service<Request<Body>> for Way {
    type Response = Response<reqwest::Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    /// Sends a request; ours are lists, and have no body.
    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let way = self.clone();
        Box::pin(async move {
            let (parts, _) = request.into_parts();
            way.keep_secret(parts.headers.get(AUTHORIZATION));
            let url = reqwest::Url::parse(&parts.uri.to_string())?;
            let mut request = reqwest::Request::new(parts.method, url);
            *request.headers_mut() = parts.headers;
            Ok(Response::from(way.http.execute(request).await?))
        })
    }
}

impl Way {
    /// Has no message hold what is sent as a credential: a token that was read from a file, or a password in base64.
    fn keep_secret(&self, authorization: Option<&http::HeaderValue>) {
        let credential = authorization.and_then(|value| value.to_str().ok()?.split_once(' '));
        if let Some((_, credential)) = credential {
            self.secrets.keep(credential.trim());
        }
    }
}

/// What to make of an error of kube's client, which wraps those of this module.
pub(super) fn lost(error: &(dyn Error + 'static), host: &str, setting: &'static str, secrets: &Secrets) -> Lost {
    let (why, mut cure) = no_connection(error, host, setting, secrets);
    if why.contains("certificate") || why.contains("UnknownIssuer") {
        cure = format!(
            "The server's certificate is not the cluster's, or not for {host}: check the certificate authority in \
                        the kubeconfig, and the server's address"
        );
    }
    Lost::Broken { why, cure }
}
