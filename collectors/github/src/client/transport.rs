//! One way out: every request, retries, redirects and token requests included, goes through [`Client::json`].

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use backon::ExponentialBuilder;
use collector::Failure;
use collector::Reason;
use collector::transport::no_connection;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::StatusCode;
use http_body_util::BodyExt;
use http_body_util::Limited;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tokio::time::timeout_at;

use super::Client;
use super::Resource;
use super::limits;
use super::reply;
use super::reply::Reply;
use super::reply::Verdict;

/// The longest body that is read. The largest that GitHub is known to send, 100 workflow runs, is 1 to 2 MB.
const MAX_BODY: usize = 32 << 20;
/// Tries of one request.
const MAX_TRIES: u32 = 4;
/// Redirects of one request.
const MAX_REDIRECTS: u32 = 3;

/// A request, and the words for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    pub method: Method,
    /// Path with the base's, and query.
    pub path: String,
    pub body: Option<String>,
    /// Completes "failed to ...".
    pub doing: String,
    /// Completes "asking for ...".
    pub asking: String,
    /// The right that it needs, for the cure.
    pub right: String,
    pub resource: Resource,
    /// Whether a smaller page can be asked for when the server runs out of time.
    pub shrinkable: bool,
    /// Another credential than the collection's.
    pub bearer: Option<HeaderValue>,
}

/// Why a request has no result.
#[derive(Debug)]
pub(crate) enum Trouble {
    Failed(Failure),
    /// The server ran out of time: a smaller page may do.
    TooMuch(Failure),
}

impl Trouble {
    pub fn failure(self) -> Failure {
        match self {
            Trouble::Failed(failure) | Trouble::TooMuch(failure) => failure,
        }
    }
}

/// What a body holds, or why it is none: a verdict on an answer whose status was good.
pub(super) type Read<T> = Result<T, Verdict>;

impl Client {
    /// An ask for `path`, which follows the base of the REST API.
    pub fn get(&self, path: &str, what: &str, right: &str) -> Ask {
        Ask {
            path: format!("{}{path}", self.base_path),
            doing: format!("read {what}"),
            asking: what.to_owned(),
            right: right.to_owned(),
            ..Ask::default()
        }
    }

    /// Sends a request and reads the JSON of its answer.
    pub async fn json<T: DeserializeOwned>(&self, ask: &Ask) -> Result<(T, HeaderMap), Trouble> {
        self.send(ask, &|reply| content(reply, ask)).await
    }

    /// [`Client::json`]; none for 409 from a repository that `is_empty`. GitHub answers so as well when it cannot read
    /// one that is not.
    pub async fn json_unless_empty<T: DeserializeOwned>(
        &self,
        ask: &Ask,
        is_empty: bool,
    ) -> Result<Option<(T, HeaderMap)>, Trouble> {
        let read = |reply: &Reply| match reply.status {
            StatusCode::CONFLICT if is_empty => Ok(None),
            _ => content(reply, ask).map(Some),
        };
        self.send(ask, &read).await
    }

    /// The path, after the API's base, of the page that `Link` names next.
    pub fn next_page(&self, headers: &HeaderMap) -> Option<String> {
        let link = headers.get(http::header::LINK)?.to_str().ok()?;
        let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
        let address = next.split_once('<')?.1.split_once('>')?.0;
        let path = address.strip_prefix(&self.origin).unwrap_or(address);
        path.strip_prefix(&self.base_path).filter(|path| path.starts_with('/')).map(str::to_owned)
    }

    pub(super) async fn send<T>(&self, ask: &Ask, read: &(dyn Fn(&Reply) -> Read<T> + Sync)) -> Result<T, Trouble> {
        let mut delays = ExponentialBuilder::default()
            .with_min_delay(self.pace.first_wait)
            .with_factor(2.0)
            .with_max_delay(Duration::from_secs(60))
            .with_max_times(MAX_TRIES as usize)
            .build();
        let mut secondary_wait = self.pace.secondary_wait;
        let (mut tries, mut redirects, mut unreadable, mut renewed) = (0, 0, 0, false);
        let mut path = ask.path.clone();
        loop {
            let bearer = match &ask.bearer {
                Some(bearer) => bearer.clone(),
                None => self.authorization().await.map_err(Trouble::Failed)?,
            };
            let verdict = match self.try_once(ask, &path, &bearer).await.map_err(Trouble::Failed)? {
                Err(verdict) => verdict,
                Ok(reply) => match reply::judge(&reply, ask) {
                    Verdict::Good => match read(&reply) {
                        Ok(value) => return Ok(value),
                        Err(verdict) => verdict,
                    },
                    verdict => verdict,
                },
            };
            tries += 1;
            let (failure, wait) = match verdict {
                Verdict::Moved(to) => {
                    redirects += 1;
                    tries -= 1;
                    path = self.follow(&to, redirects, ask).map_err(Trouble::Failed)?;
                    continue;
                }
                Verdict::Refused(_) if self.credential.is_renewable() && ask.bearer.is_none() && !renewed => {
                    renewed = true;
                    self.forget(&bearer).await;
                    continue;
                }
                Verdict::Refused(failure) => {
                    self.limits.refuse(&failure);
                    return Err(Trouble::Failed(failure));
                }
                Verdict::TooMuch(failure) if ask.shrinkable => return Err(Trouble::TooMuch(failure)),
                Verdict::Failed(failure) => return Err(Trouble::Failed(failure)),
                Verdict::UsedUp { failure, reset } => {
                    let now = Timestamp::now();
                    let left = reset.and_then(|at| Duration::try_from(at.duration_since(now)).ok());
                    let until =
                        reset.map_or("an unknown time".to_owned(), |at| at.strftime("%H:%M:%S UTC").to_string());
                    let failure =
                        Failure { why: format!("{}; the quota is renewed at {until}", failure.why), ..failure }
                            .with_cure("Let orgpulse run less often, or give it a credential of its own");
                    match left.or_else(|| reset.map(|_| Duration::ZERO)) {
                        // A second of grace: the two clocks differ.
                        Some(left) => (failure, Some(left + Duration::from_secs(1))),
                        None => return Err(Trouble::Failed(failure)),
                    }
                }
                Verdict::Slow { failure, wait } => {
                    let wait = wait.unwrap_or(secondary_wait);
                    secondary_wait *= 2;
                    let failure =
                        failure.with_cure("GitHub asks for fewer requests at a time; run orgpulse less often");
                    if self.fits(wait) {
                        self.limits.pause(Instant::now() + wait);
                    }
                    (failure, Some(wait))
                }
                Verdict::Again { failure, wait } => (failure, wait),
                Verdict::TooMuch(failure) => (failure, None),
                Verdict::Good => {
                    // A good status whose body is broken, once: the connection may have been cut.
                    unreadable += 1;
                    let why = "the answer is cut short or is not JSON";
                    let failure = Failure::new(Reason::BadReply, ask.doing.as_str(), why)
                        .with_cure("Look for a proxy between orgpulse and GitHub");
                    if unreadable > 1 {
                        return Err(Trouble::Failed(failure));
                    }
                    (failure, None)
                }
            };
            let jittered = || delays.next().map(|delay| delay.mul_f64(fastrand::f64()));
            let Some(wait) = wait.or_else(jittered).filter(|wait| tries < MAX_TRIES && self.fits(*wait)) else {
                return Err(Trouble::Failed(failure));
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// One try: the whole answer, or what to make of its lack.
    async fn try_once(&self, ask: &Ask, path: &str, bearer: &HeaderValue) -> Result<Result<Reply, Verdict>, Failure> {
        let late = || {
            Failure::new(Reason::Deadline, ask.doing.as_str(), "the time for the collection ran out")
                .with_cure("Give the collector more time, or read fewer repositories")
        };
        let _permit = timeout_at(self.deadline, self.permits.acquire()).await.map_err(|_| late())?;
        self.wait_until_allowed(ask).await?;
        if let Some(refused) = self.limits.refused().filter(|_| ask.bearer.is_none()) {
            return Err(Failure { doing: ask.doing.clone(), ..refused });
        }
        let end = self.deadline.min(Instant::now() + self.pace.per_try);
        let pending = self.meter.send(&ask.asking);
        let outcome = timeout_at(end, self.exchange(ask, path, bearer)).await;
        pending.done();
        if outcome.is_err() && Instant::now() >= self.deadline {
            return Err(late());
        }
        Ok(match outcome {
            Ok(Ok(reply)) => {
                if let Some((resource, quota)) = limits::from_headers(&reply.headers, ask.resource) {
                    self.limits.note(resource, quota);
                    self.meter.quota(resource.as_str(), quota.remaining, quota.limit);
                }
                Ok(reply)
            }
            Ok(Err((why, cure))) => {
                let failure = Failure::new(Reason::Unreachable, ask.doing.as_str(), why).with_cure(cure);
                Err(Verdict::Again { failure, wait: None })
            }
            Err(_) => {
                let why = format!("no whole answer within {} s", self.pace.per_try.as_secs_f64());
                let failure = Failure::new(Reason::Unreachable, ask.doing.as_str(), why);
                Err(if ask.shrinkable { Verdict::TooMuch(failure) } else { Verdict::Again { failure, wait: None } })
            }
        })
    }

    /// Sends, and reads the body whole; else why not, which holds no path and no header, and the cure.
    async fn exchange(&self, ask: &Ask, path: &str, bearer: &HeaderValue) -> Result<Reply, (String, String)> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(path)
            .header(http::header::AUTHORIZATION, bearer.clone())
            .header(http::header::ACCEPT, "application/vnd.github+json")
            .header(http::header::USER_AGENT, concat!("orgpulse/", env!("CARGO_PKG_VERSION")))
            .header("X-GitHub-Api-Version", "2022-11-28");
        if ask.body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        let request = request
            .body(ask.body.clone().unwrap_or_default())
            .map_err(|error| (format!("the request cannot be built: {error}"), String::new()))?;
        let host = self.origin.split_once("://").map_or("", |(_, host)| host);
        let broken = |error: &(dyn Error + 'static)| {
            no_connection(error, host, "github.api_url (GITHUB_API_URL)", &self.secrets)
        };
        let response = self.crab.execute(request).await.map_err(|error| broken(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await.map_err(|error| broken(error.as_ref()))?.to_bytes();
        Ok(Reply { status: parts.status, headers: parts.headers, body, secrets: Arc::clone(&self.secrets) })
    }

    /// Waits out a pause, or the renewal of a used-up quota, if the deadline allows.
    async fn wait_until_allowed(&self, ask: &Ask) -> Result<(), Failure> {
        while let Some(until) = self.limits.paused_until() {
            if until >= self.deadline {
                let why = "GitHub asked for a pause that ends after the deadline";
                return Err(Failure::new(Reason::RateLimited, ask.doing.as_str(), why));
            }
            tokio::time::sleep_until(until).await;
        }
        if let Some((wait, reset)) = self.limits.used_up(ask.resource).filter(|_| ask.bearer.is_none()) {
            if !self.fits(wait) {
                let quota = ask.resource.as_str();
                let why = format!("GitHub's {quota} quota is used up until {}", reset.strftime("%H:%M:%S UTC"));
                return Err(Failure::new(Reason::RateLimited, ask.doing.as_str(), why)
                    .with_cure("Let orgpulse run less often, or give it a credential of its own"));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    fn fits(&self, wait: Duration) -> bool {
        Instant::now().checked_add(wait).is_some_and(|end| end < self.deadline)
    }

    /// The path of a redirect: a renamed repository is found at the same origin. The credential goes nowhere else.
    fn follow(&self, to: &str, redirects: u32, ask: &Ask) -> Result<String, Failure> {
        let wrong = |why: &str| Err(Failure::new(Reason::BadReply, ask.doing.as_str(), why));
        if redirects > MAX_REDIRECTS {
            return wrong("GitHub redirected more than 3 times");
        }
        let path = match to.strip_prefix(&self.origin) {
            Some(path) => path,
            None if !to.starts_with("//") => to,
            None => "",
        };
        if !path.starts_with('/') {
            return wrong("GitHub redirected to another server, which orgpulse does not follow");
        }
        Ok(path.to_owned())
    }
}

fn content<T: DeserializeOwned>(reply: &Reply, ask: &Ask) -> Read<(T, HeaderMap)> {
    if reply.status == StatusCode::CONFLICT {
        let why = format!("GitHub answered 409 {}", reply.words());
        return Err(Verdict::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why.trim_end())));
    }
    parse(&reply.body, reply, ask).map(|value| (value, reply.headers.clone()))
}

/// Reads JSON. A body that is none is worth one more try, HTML is not: it comes from something in between.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8], reply: &Reply, ask: &Ask) -> Read<T> {
    if body.trim_ascii_start().starts_with(b"<") {
        let failure = Failure::new(Reason::BadReply, ask.doing.as_str(), "the answer is HTML instead of JSON");
        return Err(Verdict::Failed(
            failure
                .with_cure("Check github.api_url (GITHUB_API_URL), and look for a proxy between orgpulse and GitHub"),
        ));
    }
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            let why = format!("the answer is not what the API promises: {}", reply.secrets.clip(&error.to_string()));
            return Verdict::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why));
        }
        Verdict::Good
    })
}
