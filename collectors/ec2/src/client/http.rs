//! The SDK's way out: the shared HTTP client, so that proxies, certificates, connections and counting are those of every
//! other source.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::http::HttpConnectorFuture;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::http::http_client_fn;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use collector::Context;
use collector::Meter;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::client::xml;
use crate::client::xml::Broken;

/// The longest answer that is read. A page of 500 instances is about 3 MiB.
const MAX_BODY: usize = 64 << 20;

/// How the body of a request of the query protocols begins, which are answered in XML.
const QUERY: &str = "Action=";

/// The client to hand to the SDK. Each attempt, retries and those of the credential chain included, is one call of it: it
/// is counted, waits for its turn among `in_flight`, and is not made after the deadline. The limit of an attempt is
/// the SDK's connect and read timeout together.
pub(crate) fn client(context: &Context, in_flight: usize) -> SharedHttpClient {
    let way = Arc::new(Way {
        http: context.http().clone(),
        meter: Arc::clone(context.meter()),
        deadline: context.deadline(),
        permits: Semaphore::new(in_flight),
    });
    http_client_fn(move |settings, _| {
        let limit = settings.read_timeout().map(|read| read + settings.connect_timeout().unwrap_or_default());
        SharedHttpConnector::new(Connector { way: Arc::clone(&way), limit })
    })
}

#[derive(Debug)]
struct Way {
    http: reqwest::Client,
    meter: Arc<Meter>,
    deadline: Instant,
    permits: Semaphore,
}

#[derive(Debug)]
struct Connector {
    way: Arc<Way>,
    limit: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (way, limit) = (Arc::clone(&self.way), self.limit);
        HttpConnectorFuture::new(async move { way.attempt(request, limit).await })
    }
}

impl Way {
    async fn attempt(&self, request: HttpRequest, limit: Option<Duration>) -> Result<HttpResponse, ConnectorError> {
        // `user`: the SDK does not try again after it.
        let late = || ConnectorError::user("the time for the collection ran out".into());
        let permit = timeout_at(self.deadline, self.permits.acquire()).await;
        // The semaphore is never closed.
        let _permit = permit.map_err(|_| late())?;
        let now = Instant::now();
        if now >= self.deadline {
            return Err(late());
        }
        let end = limit.map_or(self.deadline, |limit| self.deadline.min(now + limit));
        let pending = self.meter.send(&asking(&request));
        let outcome = timeout_at(end, self.exchange(request)).await;
        pending.done();
        match outcome {
            Ok(outcome) => outcome,
            Err(_) if Instant::now() >= self.deadline => Err(late()),
            Err(_) => Err(ConnectorError::timeout(format!("no whole answer within {:?}", end - now).into())),
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (parts, body) = request.into_parts();
        // No operation of ours streams a body.
        let body = body.bytes().ok_or_else(|| ConnectorError::user("a body that is not in memory".into()))?.to_vec();
        let query = body.starts_with(QUERY.as_bytes());
        let request = http::Request::from_parts(parts, body);
        let request = reqwest::Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
        let lost = |error: reqwest::Error| match error.is_timeout() {
            true => ConnectorError::timeout(error.into()),
            false => ConnectorError::io(error.into()),
        };
        let mut response = self.http.execute(request).await.map_err(lost)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(ConnectorError::user(format!("the answer is longer than {} MiB", MAX_BODY >> 20).into()));
            }
            body.extend_from_slice(&chunk);
        }
        if query && response.status().is_success() && !xml::is_whole(&body) {
            // As a lost connection, so that the SDK asks again.
            return Err(ConnectorError::io(Broken.into()));
        }
        let other = |error| ConnectorError::other(error, None);
        let status = StatusCode::try_from(response.status().as_u16()).map_err(|error| other(error.into()))?;
        let mut whole = HttpResponse::new(status, SdkBody::from(body));
        for (name, value) in response.headers() {
            // A value that is no text is none of those that the SDK reads.
            if let Ok(value) = value.to_str() {
                whole
                    .headers_mut()
                    .try_append(name.as_str().to_owned(), value.to_owned())
                    .map_err(|e| other(e.into()))?;
            }
        }
        Ok(whole)
    }
}

/// The operation and the region of a request, for the progress line: "DescribeVolumes of eu-central-1".
fn asking(request: &HttpRequest) -> String {
    let body = request.body().bytes().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default();
    let query = body.strip_prefix(QUERY).map(|rest| rest.split('&').next().unwrap_or(rest));
    let json = || request.headers().get("x-amz-target")?.rsplit('.').next();
    let path = || Some(request.uri().split_once("/operation/")?.1);
    let operation = query.or_else(json).or_else(path).unwrap_or("AWS credentials");
    // Credential=KEY/DATE/REGION/SERVICE/aws4_request
    let region = request.headers().get("authorization").and_then(|scope| scope.split('/').nth(2));
    region.map_or_else(|| operation.to_owned(), |region| format!("{operation} of {region}"))
}
