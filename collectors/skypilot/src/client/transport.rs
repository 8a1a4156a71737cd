//! One way out: every request, retries included, goes through [`Client::send`].

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use backon::ExponentialBuilder;
use collector::Failure;
use collector::Reason;
use collector::transport::no_connection;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::Instant;
use tokio::time::timeout_at;

use super::Client;
use super::reply;
use super::reply::Reply;
use super::reply::Verdict;
use crate::config::Auth;
use crate::records::OperationError;

/// The longest body that is read. 5,000 jobs are 2 MB where the server knows `fields`, 7 MB where it does not.
const MAX_BODY: usize = 64 << 20;
/// What holds the address.
const SETTING: &str = "skypilot.endpoint (SKYPILOT_API_SERVER_ENDPOINT)";
/// Tries of one request.
const MAX_TRIES: u32 = 4;

/// Why a request that outlives the time has no result, and what to do.
const ABANDONED: &str = "the server did not finish the request in time; it was abandoned";
const MORE_TIME: &str = "Give it more time (collector_deadline), or see what the API server is busy with";

/// A request, and the words for it.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub method: Method,
    /// Path and query below the endpoint.
    pub path: String,
    pub body: Option<Value>,
    /// Completes "failed to ...".
    pub doing: String,
    /// Completes "asking for ...".
    pub asking: String,
    /// Whether the answer waits for something that may take longer than one try, and may be asked for again.
    pub blocks: bool,
    /// When the last try has to have ended.
    pub until: Instant,
}

/// Why a request has no result.
#[derive(Debug)]
pub(crate) enum Trouble {
    Failed(Failure),
    /// The server has no such path (404, 405): an older one, or not a SkyPilot server.
    Missing(Failure),
    /// The server carried out the request, and the operation failed.
    Operation(Box<OperationError>, Failure),
}

impl Trouble {
    pub fn failure(self) -> Failure {
        match self {
            Trouble::Failed(failure) | Trouble::Missing(failure) | Trouble::Operation(_, failure) => failure,
        }
    }
}

impl Client {
    /// Sends a request until it has an answer that `read` understands, 4 times at most and never past its time. One that
    /// waits for a result is sent until then: what is cut short on the way, the server still has.
    pub(super) async fn send<T>(
        &self,
        ask: &Ask,
        read: &(dyn Fn(Reply) -> Result<T, Verdict> + Sync),
    ) -> Result<T, Trouble> {
        let mut delays = ExponentialBuilder::default()
            .with_min_delay(self.pace.first_wait)
            .with_factor(2.0)
            .with_max_delay(Duration::from_secs(60))
            .with_max_times(MAX_TRIES as usize)
            .build();
        let mut patience = ExponentialBuilder::default()
            .with_min_delay(self.pace.first_wait)
            .with_factor(2.0)
            .with_max_delay(self.pace.longest_wait)
            .without_max_times()
            .build();
        let (mut tries, mut unreadable) = (0, 0);
        loop {
            let asked = Instant::now();
            let answered = self.try_once(ask).await.and_then(|reply| reply::judge(reply, ask, self.credential_cure()));
            let verdict = match answered.and_then(read) {
                Ok(value) => return Ok(value),
                Err(verdict) => verdict,
            };
            tries += 1;
            let fits = |wait: &Duration| Instant::now().checked_add(*wait).is_some_and(|end| end < ask.until);
            let (failure, wait) = match verdict {
                Verdict::Pending => {
                    tries -= 1;
                    continue;
                }
                Verdict::Failed(trouble) => return Err(trouble),
                Verdict::Again { failure: Failure { why, .. }, wait, cut: true } if ask.blocks => {
                    tries -= 1;
                    // At least half of it, so that nobody is asked without a pause; the time that the try took counts in. Towards
                    // the end the pauses halve what is left.
                    let mut paced = || {
                        let left = ask.until.saturating_duration_since(Instant::now());
                        let delay =
                            patience.next()?.mul_f64(0.5 + 0.5 * fastrand::f64()).saturating_sub(asked.elapsed());
                        (left > self.pace.first_wait).then(|| delay.min(left / 2))
                    };
                    let why = format!("{ABANDONED}; the last fetch of its result: {why}");
                    let failure = Failure::new(Reason::Deadline, ask.doing.as_str(), why).with_cure(MORE_TIME);
                    // One that is named as nothing is no leave to ask without a pause.
                    (failure, paced().map(|own| own.max(wait.unwrap_or_default())))
                }
                Verdict::Again { failure, wait, .. } => (failure, wait),
                Verdict::Unreadable(failure) => {
                    unreadable += 1;
                    if unreadable > 1 {
                        return Err(Trouble::Failed(failure));
                    }
                    (failure, None)
                }
            };
            let jittered = || delays.next().map(|delay| delay.mul_f64(fastrand::f64()));
            let Some(wait) = wait.or_else(jittered).filter(|wait| tries < MAX_TRIES && fits(wait)) else {
                return Err(Trouble::Failed(failure));
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// One try: the whole answer, or what to make of its lack.
    pub(super) async fn try_once(&self, ask: &Ask) -> Result<Reply, Verdict> {
        let now = Instant::now();
        let late = || {
            let why = match ask.blocks {
                true => ABANDONED,
                false => "the time for the collection ran out",
            };
            let failure = Failure::new(Reason::Deadline, ask.doing.as_str(), why).with_cure(MORE_TIME);
            Verdict::Failed(Trouble::Failed(failure))
        };
        if now >= ask.until {
            return Err(late());
        }
        let limit = if ask.blocks { self.pace.per_fetch } else { self.pace.per_try };
        let end = (now + limit).min(ask.until);
        let pending = self.meter.send(&ask.asking);
        let outcome = timeout_at(end, self.exchange(ask)).await;
        pending.done();
        let unreachable = |why: &str, cure: &str, cut: bool| Verdict::Again {
            failure: Failure::new(Reason::Unreachable, ask.doing.as_str(), why).with_cure(cure),
            wait: None,
            cut,
        };
        match outcome {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) if Instant::now() >= ask.until => Err(late()),
            Ok(Err(Lost::TimedOut)) | Err(_) if ask.blocks && Instant::now() < ask.until => Err(Verdict::Pending),
            Ok(Err(Lost::TooLong)) => {
                let why = format!("the answer is longer than {} MiB", MAX_BODY >> 20);
                Err(Verdict::Failed(Trouble::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why))))
            }
            Ok(Err(Lost::Connection { why, cure, cut })) => Err(unreachable(&why, &cure, cut)),
            Ok(Err(Lost::TimedOut)) => Err(unreachable("the server stopped answering", "", true)),
            Err(_) if Instant::now() >= ask.until => Err(late()),
            Err(_) => Err(unreachable(&format!("no whole answer within {} s", limit.as_secs_f64()), "", true)),
        }
    }

    /// Sends, and reads the body whole.
    async fn exchange(&self, ask: &Ask) -> Result<Reply, Lost> {
        let address = format!("{}{}", self.endpoint, ask.path);
        // Both headers or neither: with one alone the server ignores it.
        let mut request = self
            .http
            .request(ask.method.clone(), address)
            .header("X-SkyPilot-API-Version", self.declared.0)
            .header("X-SkyPilot-Version", &self.declared.1)
            .header(http::header::ACCEPT, "application/json");
        request = match &self.auth {
            // The second header has the server, or an ingress in front of it, look for a token and nothing else.
            Auth::Token(token) => request.bearer_auth(token.expose_secret()).header("X-Skypilot-Auth-Mode", "token"),
            Auth::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
            Auth::None => request,
        };
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let request = request.build().map_err(|error| self.lost(&error, &self.endpoint))?;
        let credential = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        // A server that echoes the header has a password in this form.
        self.secrets.keep(credential.and_then(|text| text.strip_prefix("Basic ")).unwrap_or_default());
        let host = request.url().host_str().unwrap_or_default();
        let host = request.url().port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let lost = |error: reqwest::Error| self.lost(&error, &host);
        let mut response = self.http.execute(request).await.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        // A body that grows takes up to three times its room.
        let expected = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let mut body = Vec::with_capacity(expected.min(MAX_BODY));
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Lost::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body, secrets: Arc::clone(&self.secrets) })
    }

    fn lost(&self, error: &reqwest::Error, host: &str) -> Lost {
        if error.is_timeout() && !error.is_connect() {
            return Lost::TimedOut;
        }
        let (why, cure) = no_connection(error, host, SETTING, &self.secrets);
        Lost::Connection { why, cure, cut: !error.is_connect() }
    }
}

/// Why there is no whole answer.
enum Lost {
    /// It did not come about, or was cut.
    Connection {
        why: String,
        cure: String,
        cut: bool,
    },
    TimedOut,
    TooLong,
}
