//! The way of every request: who asks, for which service and region, what for.

use super::access::Scope;
use super::access::Service;
use super::access::Unscoped;
use super::cloudwatch;
use super::controls::State;
use super::ec2;
use super::failure::Failure;
use super::form;
use super::json;
use super::pricing;
use super::secrets;
use super::sts;
use super::xml::escaped;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use ciborium::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Longer bodies than this no action needs.
const LARGEST_BODY: usize = 4 << 20;

/// An action that is simulated, and the members of its request that are known, in the protocol's own spelling; those
/// within others by their path, such as `Filters.Field`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The service as IAM names it.
    pub service: &'static str,
    /// The action.
    pub action: &'static str,
    /// Its request's members.
    pub members: Vec<&'static str>,
}

/// Every action that is simulated.
pub fn operations() -> Vec<Operation> {
    let by_path = |service, action, members: &[&'static str]| Operation { service, action, members: members.to_vec() };
    let mut out: Vec<Operation> = ec2::ACTIONS
        .iter()
        .map(|a| Operation { service: "ec2", action: a.name, members: a.members.iter().map(|(m, _)| *m).collect() })
        .collect();
    out.push(by_path("sts", sts::ACTION, &[]));
    out.push(by_path("cloudwatch", cloudwatch::ACTION, cloudwatch::MEMBERS));
    out.push(by_path("pricing", pricing::ACTION, pricing::MEMBERS));
    out.extend(secrets::ACTIONS.iter().map(|(action, members)| by_path("secretsmanager", action, members)));
    out
}

/// A reply.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

pub type Answer = Result<Reply, Failure>;

impl Reply {
    pub fn xml(status: u16, body: String) -> Reply {
        Reply { status, headers: vec![("content-type", "text/xml;charset=UTF-8".into())], body: body.into_bytes() }
    }

    pub fn json(status: u16, body: &serde_json::Value) -> Reply {
        let headers = vec![("content-type", "application/x-amz-json-1.1".into())];
        Reply { status, headers, body: body.to_string().into_bytes() }
    }

    pub fn cbor(status: u16, body: &Value) -> Reply {
        let headers = vec![("content-type", "application/cbor".into()), ("smithy-protocol", "rpc-v2-cbor".into())];
        let mut bytes = Vec::new();
        match ciborium::into_writer(body, &mut bytes) {
            Ok(()) => Reply { status, headers, body: bytes },
            Err(error) => Reply { status: 500, headers, body: error.to_string().into_bytes() },
        }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Reply {
        self.headers.push((name, value.to_string()));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            // A message may hold anything that a client sent; what HTTP does not allow is left out.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

pub async fn handle(axum::extract::State(state): axum::extract::State<Arc<State>>, request: Request<Body>) -> Response {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    let id = format!("51aded00-0000-4000-8000-{:012x}", REQUESTS.fetch_add(1, Ordering::Relaxed));
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let answering = {
        let id = id.clone();
        // Producing a page takes some milliseconds of computing: not on the thread that serves the sockets.
        tokio::task::spawn_blocking(move || answer(&state, &id, &parts.method, parts.uri.path(), &parts.headers, &body))
    };
    let reply = match answering.await {
        Ok(reply) => reply,
        Err(failure) => Failure::unknown(format!("how to go on: {failure}")).reply(Service::Ec2, &id),
    };
    reply.with("x-amzn-requestid", id).into_response()
}

/// One request, once it is known who asks for what.
pub struct Call<'a> {
    pub state: &'a State,
    pub scope: &'a Scope,
    /// The reply's id.
    pub id: &'a str,
    pub body: &'a [u8],
}

fn answer(state: &State, id: &str, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    let scope = match Scope::of(headers) {
        Ok(scope) => scope,
        Err(unscoped) => return unscoped_reply(&unscoped),
    };
    let call = Call { state, scope: &scope, id, body };
    let answer = match action(scope.service, method, path, headers, body) {
        Ok(action) => state.admit(&scope, &action).and_then(|()| perform(&call, &action)),
        Err(failure) => Err(failure),
    };
    answer.unwrap_or_else(|failure| failure.reply(scope.service, id))
}

/// Which action is asked for; each protocol says it elsewhere.
fn action(service: Service, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Result<String, Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if method != Method::POST {
        return Err(Failure::unknown(format!("{method} at {path}")));
    }
    let media = text("content-type");
    let wrong_media = |expected: &str| Failure::unknown(format!("the content type {media:?} in place of {expected}"));
    let target = |prefix: &str| {
        if media != json::MEDIA {
            return Err(wrong_media(json::MEDIA));
        }
        let action = text("x-amz-target").strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
        action.map(str::to_owned).ok_or_else(|| Failure::new(400, "UnknownOperationException", "no X-Amz-Target"))
    };
    let root = path.is_empty() || path == "/";
    match service {
        Service::CloudWatch => {
            let action = path.strip_prefix("/service/GraniteServiceVersion20100801/operation/");
            if media != "application/cbor" || text("smithy-protocol") != "rpc-v2-cbor" {
                return Err(wrong_media("application/cbor with Smithy-Protocol rpc-v2-cbor"));
            }
            action.map(str::to_owned).ok_or_else(|| Failure::unknown(format!("the path {path}")))
        }
        _ if !root => Err(Failure::unknown(format!("the path {path}"))),
        Service::Pricing => target("AWSPriceListService"),
        Service::SecretsManager => target("secretsmanager"),
        Service::Ec2 | Service::Sts => {
            if !media.starts_with("application/x-www-form-urlencoded") {
                return Err(wrong_media("application/x-www-form-urlencoded"));
            }
            let pairs = form::pairs(body);
            let of = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            let version = if service == Service::Ec2 { ec2::VERSION } else { sts::VERSION };
            let action = of("Action").ok_or_else(|| Failure::new(400, "MissingAction", "no Action"))?;
            match of("Version").as_deref() {
                Some(given) if given == version => Ok(action),
                given => {
                    let message = format!("The action {action} is not valid for the version {given:?}.");
                    Err(Failure::new(400, "InvalidAction", message))
                }
            }
        }
    }
}

fn perform(call: &Call, action: &str) -> Answer {
    match call.scope.service {
        Service::Ec2 => ec2::answer(call, action),
        Service::Sts => sts::answer(call, action),
        Service::CloudWatch => cloudwatch::answer(call, action),
        Service::Pricing => pricing::answer(call, action),
        Service::SecretsManager => secrets::answer(call, action),
    }
}

/// Without a scope there is no protocol to answer in.
fn unscoped_reply(unscoped: &Unscoped) -> Reply {
    let (status, code, message) = match unscoped {
        Unscoped::Missing => (403, "MissingAuthenticationToken", "Request is missing Authentication Token".to_owned()),
        Unscoped::Malformed(what) => (403, "IncompleteSignature", format!("The signature is not of its form: {what}")),
        Unscoped::UnknownService(name) => (501, "NotSimulated", format!("the simulator does not know {name}")),
    };
    let message = escaped(&message);
    Reply::xml(
        status,
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"),
    )
}
