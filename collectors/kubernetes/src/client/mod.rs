//! The client: lists read to their end. No arithmetic.
//!
//! kube reads the kubeconfig, knows the forms of credentials and of TLS, and builds the requests. They go out through
//! [`collector::transport`] over a reqwest client of this cluster's own (see [`way`]).

mod connect;
#[cfg(test)]
mod connect_tests;
mod credential;
mod exec;
mod file;
mod kubeconfig;
#[cfg(test)]
mod kubeconfig_tests;
mod list;
mod mistakes;
mod reply;
mod resource;
#[cfg(test)]
mod tests;
mod way;

use std::time::Duration;

use collector::Context;
use collector::Failure;
use collector::transport::Answer;
use collector::transport::Ask;
use collector::transport::Attempt;
use collector::transport::Lost;
use collector::transport::Pace;
use collector::transport::Transport;
use http::HeaderValue;
use http::header::ACCEPT;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use kube::api::ListParams;
use kube::client::Body;
use kube::core::Request;
use serde::de::DeserializeOwned;

pub use kubeconfig::look;
pub(crate) use resource::Resource;

use crate::config::Config;
use crate::records::List;

/// The API server bounds by priority and fairness how much it does at once; the greatest part of the work is done in a
/// list of pods, which is read page by page all the same.
pub(crate) const PACE: Pace = Pace {
    first_wait: Duration::from_millis(500),
    // A page of 500 large pods takes a busy server some seconds.
    per_try: Duration::from_secs(25),
    // More would be more pages in memory at once.
    in_flight: 2,
    // 500 pods are 3 to 10 MiB; metrics-server has no pages, and 100,000 measured pods are 40 MiB.
    max_body: 64 << 20,
};

/// Objects of a page, as kubectl asks for.
const PAGE: u32 = 500;

/// The client of one collection.
pub(crate) struct Client {
    transport: Transport,
    kube: kube::Client,
    /// Host and port of the API server, for messages.
    host: String,
    /// Names what holds the address.
    setting: &'static str,
    max_body: usize,
}

/// What became of a page.
enum Turned<T> {
    Page(List<T>),
    /// The server does not keep what its token names any more.
    Expired(Failure),
}

impl Client {
    /// A client of what `config` names. A credential plugin is run now, once.
    ///
    /// # Errors
    /// When the kubeconfig, or the service account, cannot be used.
    pub(crate) async fn connect(config: &Config, context: &Context, pace: Pace) -> Result<Client, Failure> {
        connect::connect(config, context, pace).await
    }

    /// Host and port of the API server.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Asks for one object, whatever it is: whether the list may be read.
    ///
    /// # Errors
    /// When it may not, or cannot.
    pub(crate) async fn try_list(&self, resource: Resource, namespace: Option<&str>) -> Result<(), Failure> {
        match self.page::<serde::de::IgnoredAny>(resource, namespace, 1, None).await? {
            Turned::Page(_) => Ok(()),
            Turned::Expired(failure) => Err(failure),
        }
    }

    async fn page<T: DeserializeOwned>(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        limit: u32,
        token: Option<&str>,
    ) -> Result<Turned<T>, Failure> {
        let of = namespace.map_or(String::new(), |namespace| format!(" of namespace {namespace}"));
        let asking = format!("{}{of}", resource.name());
        let ask = Ask { doing: format!("list the {asking}"), asking };
        let params =
            ListParams { limit: Some(limit), continue_token: token.map(str::to_owned), ..ListParams::default() };
        let attempt = || -> Attempt<'_> { Box::pin(self.attempt(resource, namespace, &params)) };
        let read = |reply: &_| reply::page(reply, resource, &ask);
        self.transport.send_through(&ask, &attempt, &read).await
    }

    /// Sends a request once, and reads the answer whole.
    async fn attempt(&self, resource: Resource, namespace: Option<&str>, params: &ListParams) -> Result<Answer, Lost> {
        let unsent = |why: String| Lost::Unsent(connect::unusable("build a request", why));
        let request = Request::new(resource.path(namespace)).list(params).map_err(|error| unsent(error.to_string()))?;
        let mut request = request.map(Body::from);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = self.kube.send(request).await.map_err(|error| self.lost(&error))?;
        let (parts, mut body) = response.into_parts();
        let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        // Grown piece by piece it would take up to twice as much.
        let mut whole = Vec::with_capacity(length.unwrap_or_default().min(self.max_body));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.lost(&error))?;
            if let Ok(data) = frame.into_data() {
                if whole.len() + data.len() > self.max_body {
                    return Err(Lost::TooLong);
                }
                whole.extend_from_slice(&data);
            }
        }
        Ok(Answer { status: parts.status, headers: parts.headers, body: whole })
    }

    fn lost(&self, error: &(dyn std::error::Error + 'static)) -> Lost {
        way::lost(error, &self.host, self.setting, self.transport.secrets())
    }
}
