//! GraphQL: documents, the errors inside a 200, and pages that shrink.

use collector::Failure;
use collector::Reason;
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use super::Client;
use super::Resource;
use super::limits;
use super::limits::Quota;
use super::lock;
use super::reply::Reply;
use super::reply::Verdict;
use super::transport;
use super::transport::Ask;
use super::transport::Read;
use super::transport::Trouble;
use crate::queries::Query;
use crate::records::Connection;
use crate::records::Total;
use crate::records::at;

/// A page is not halved below this: 50, 25, 12, 6, 3.
const SMALLEST_PAGE: usize = 3;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    errors: Option<Vec<GraphqlError>>,
}

#[derive(Deserialize)]
struct GraphqlError {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Cost {
    #[serde(rename = "rateLimit")]
    rate_limit: Option<RateLimit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RateLimit {
    limit: u64,
    remaining: u64,
    #[serde(deserialize_with = "at")]
    reset_at: Timestamp,
}

/// The data of every paged document: the page is under the repository, a git object of it, or a node.
#[derive(Deserialize)]
struct Paged<T> {
    repository: Option<Under<T>>,
    node: Option<Under<T>>,
}

#[derive(Deserialize)]
struct Under<T> {
    page: Option<Connection<T>>,
    object: Option<Object<T>>,
    all: Option<Total>,
}

#[derive(Deserialize)]
struct Object<T> {
    page: Option<Connection<T>>,
}

/// A page, and the total beside it where the document asks for one.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub connection: Connection<T>,
    /// Entries that were asked for.
    pub size: usize,
    pub all: Option<usize>,
}

impl Client {
    /// Asks a document that has no pages. `of` names the thing: `acme/widgets`.
    pub async fn query<T: DeserializeOwned>(&self, query: Query, variables: &Value, of: &str) -> Result<T, Failure> {
        self.document(query, variables, of, false).await.map_err(Trouble::failure)
    }

    /// The page that follows `after`. Its size shrinks, for the rest of the collection, when the server cannot do it.
    pub async fn page<T: DeserializeOwned>(
        &self,
        query: Query,
        variables: &Value,
        after: Option<&str>,
        of: &str,
    ) -> Result<Page<T>, Failure> {
        let (data, size): (Paged<T>, usize) = self
            .shrinking(query, of, |size| {
                let mut variables = variables.clone();
                variables["size"] = json!(size);
                variables["after"] = json!(after);
                variables
            })
            .await?;
        let under = data.repository.or(data.node);
        let all = under.as_ref().and_then(|under| under.all.as_ref()).map(|all| all.total_count);
        let connection = under.and_then(|under| under.page.or_else(|| under.object.and_then(|object| object.page)));
        match connection {
            Some(connection) => Ok(Page { connection, size, all }),
            None => Err(Failure::new(Reason::NotFound, doing(query, of), "GitHub knows no such thing")
                .with_cure(format!("Check that the credential has the right {}", query.right))),
        }
    }

    /// Asks with the largest size that has not been too much, and tells it; `variables` makes them for a size.
    pub async fn shrinking<T: DeserializeOwned>(
        &self,
        query: Query,
        of: &str,
        variables: impl Fn(usize) -> Value,
    ) -> Result<(T, usize), Failure> {
        loop {
            let size = self.size(query);
            match self.document(query, &variables(size), of, size > SMALLEST_PAGE).await {
                Ok(data) => return Ok((data, size)),
                Err(Trouble::Failed(failure)) => return Err(failure),
                Err(Trouble::TooMuch(_)) => {
                    let halved = (size / 2).max(SMALLEST_PAGE);
                    // Another request may have found out at the same time, and even more.
                    lock(&self.sizes).entry(query.name).and_modify(|now| *now = halved.min(*now)).or_insert(halved);
                }
            }
        }
    }

    /// Entries of the next page.
    pub fn size(&self, query: Query) -> usize {
        lock(&self.sizes).get(query.name).copied().unwrap_or(query.size)
    }

    async fn document<T: DeserializeOwned>(
        &self,
        query: Query,
        variables: &Value,
        of: &str,
        shrinkable: bool,
    ) -> Result<T, Trouble> {
        let ask = Ask {
            method: Method::POST,
            path: self.graphql_path.clone(),
            body: Some(json!({"query": query.text, "variables": variables}).to_string()),
            doing: doing(query, of),
            asking: format!("{} of {of}", query.what),
            right: query.right.to_owned(),
            resource: Resource::Graphql,
            shrinkable,
            bearer: None,
        };
        self.send(&ask, &|reply| self.read(reply, &ask)).await
    }

    fn read<T: DeserializeOwned>(&self, reply: &Reply, ask: &Ask) -> Read<T> {
        let envelope: Envelope<'_> = match reply.body.trim_ascii_start().first() {
            Some(b'<') => return transport::parse(&reply.body, reply, ask),
            // An envelope that is no envelope is a body that is broken: worth one more try.
            _ => serde_json::from_slice(&reply.body).map_err(|_| Verdict::Good)?,
        };
        if let Some(error) = envelope.errors.iter().flatten().next() {
            return Err(judge(error, reply, ask));
        }
        let Some(data) = envelope.data else {
            let why = "the answer has neither data nor errors";
            return Err(Verdict::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why)));
        };
        if let Ok(Cost { rate_limit: Some(limit) }) = serde_json::from_str::<Cost>(data.get()) {
            let quota = Quota { limit: limit.limit, remaining: limit.remaining, reset: limit.reset_at };
            self.limits.note(Resource::Graphql, quota);
            self.meter.quota(Resource::Graphql.as_str(), quota.remaining, quota.limit);
        }
        transport::parse(data.get().as_bytes(), reply, ask)
    }
}

fn doing(query: Query, of: &str) -> String {
    format!("read {} of {of}", query.what)
}

/// Judges an error inside a 200. The documents ask for nothing that is not needed, so that data beside it is a part
/// and not a result.
fn judge(error: &GraphqlError, reply: &Reply, ask: &Ask) -> Verdict {
    let message = reply.secrets.clip(&error.message);
    let failure = |reason| Failure::new(reason, ask.doing.as_str(), format!("GitHub answered: {message}"));
    let lower = message.to_lowercase();
    let kind = error.kind.as_deref().unwrap_or_default();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["secondary rate limit"]) {
        return Verdict::Slow { failure: failure(Reason::RateLimited), wait: limits::retry_after(&reply.headers) };
    }
    if kind == "RATE_LIMITED" || kind == "RATE_LIMIT" || says(&["rate limit exceeded", "rate limit already exceeded"]) {
        let reset = limits::from_headers(&reply.headers, Resource::Graphql).map(|(_, quota)| quota.reset);
        return Verdict::UsedUp { failure: failure(Reason::RateLimited), reset };
    }
    let too_much = ["RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"].contains(&kind)
        || says(&[
            "something went wrong while executing",
            "resource limits",
            "couldn't respond",
            "timed out",
            "timeout",
        ]);
    if too_much {
        return Verdict::TooMuch(failure(Reason::Unreachable));
    }
    match kind {
        "NOT_FOUND" => Verdict::Failed(failure(Reason::NotFound).with_cure(format!(
            "Check that the repository exists under this name, and that the credential may see it: {} {}",
            ask.right, "(classic token: scope repo)"
        ))),
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" | "SERVICE_UNAVAILABLE_FOR_SAML" => {
            Verdict::Failed(failure(Reason::Forbidden).with_cure(format!(
                "Give the credential the right {} (classic token: scope repo), {}",
                ask.right, "and authorize it for the organisation's single sign-on"
            )))
        }
        _ if says(&["not accessible by"]) => Verdict::Failed(
            failure(Reason::Forbidden).with_cure(format!("Give the credential the right {}", ask.right)),
        ),
        _ => Verdict::Failed(failure(Reason::BadReply)),
    }
}
