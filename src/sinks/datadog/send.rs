//! Posting a payload: tries, waits, and what an answer means for the payload.

use std::time::Duration;

use backon::BackoffBuilder;
use backon::ExponentialBuilder;
use collector::Failure;
use collector::Reason;
use jiff::Timestamp;
use reqwest::RequestBuilder;
use reqwest::StatusCode;
use reqwest::Url;
use reqwest::header::CONTENT_ENCODING;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderValue;
use reqwest::header::USER_AGENT;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;

use super::encode::Payload;
use super::reply;
use super::reply::Answer;

const AGENT: &str = concat!("orgpulse/", env!("CARGO_PKG_VERSION"));

/// Most that is read of an answer. Datadog's are below a kilobyte; a proxy's page may be anything.
const LONGEST_ANSWER: usize = 64 * 1024;

/// How often and how long to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Tries of one request, the first one included.
    pub tries: usize,
    /// Time for one try.
    pub per_try: Duration,
    /// Bound of the wait after the first failed try; it doubles with each one.
    pub first_wait: Duration,
}

impl Default for Patience {
    /// 5 tries of 30 s at most, waiting up to 1, 2, 4 and 8 s between them.
    fn default() -> Self {
        Patience { tries: 5, per_try: Duration::from_secs(30), first_wait: Duration::from_secs(1) }
    }
}

/// What became of a payload.
#[derive(Debug)]
pub enum Verdict {
    /// Accepted; with what Datadog complained about nevertheless.
    Accepted(Option<String>),
    /// Too large for this server: to be halved.
    TooLarge(Failure),
    /// Refused for good: sent again, it would be refused again.
    Refused(Failure),
    /// Not accepted now, and neither would be the next payload.
    Halt(Failure),
}

/// Posts payloads.
#[derive(Debug)]
pub struct Sender {
    base_url: String,
    host: String,
    api_key: SecretString,
    http: reqwest::Client,
    patience: Patience,
    /// Why there is no key, and so nothing may be sent.
    pub(super) locked: Option<Failure>,
}

impl Sender {
    /// A sender to `base_url`. `http` must not follow redirects, which would hand the key on.
    pub fn new(base_url: String, api_key: SecretString, http: reqwest::Client, patience: Patience) -> Sender {
        // Messages name the host alone: a base URL may hold credentials by mistake.
        let host = Url::parse(&base_url).ok().and_then(|url| {
            let host = url.host_str()?;
            Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        Sender { host: host.unwrap_or_else(|| "Datadog".to_owned()), base_url, api_key, http, patience, locked: None }
    }

    /// Posts one payload, until it is accepted, refused, or time or patience run out. Sending a payload twice is
    /// harmless: the same name, tags and timestamp overwrite the same point.
    pub async fn send(&self, payload: &Payload, deadline: Instant, requests: &mut u32) -> Verdict {
        let plural = if payload.points == 1 { "" } else { "s" };
        let doing = format!("send {} point{plural} to Datadog at {}", payload.points, self.host);
        let request = || {
            let request = self.http.post(format!("{}/api/v2/series", self.base_url)).body(payload.body.clone());
            let request = request.header(CONTENT_TYPE, "application/json");
            match payload.compression.content_encoding() {
                Some(encoding) => request.header(CONTENT_ENCODING, encoding),
                None => request,
            }
        };
        let answer = match self.exchange(&doing, request, deadline, requests).await {
            Ok(answer) => answer,
            Err(failure) => return Verdict::Halt(failure),
        };
        match answer.status {
            StatusCode::ACCEPTED => Verdict::Accepted(self.complaint(&answer)),
            StatusCode::PAYLOAD_TOO_LARGE => {
                Verdict::TooLarge(Failure::new(Reason::Other, doing, answer.words(&self.api_key)))
            }
            StatusCode::BAD_REQUEST => {
                let why = format!(
                    "{} (the first metric of the request is {})",
                    answer.words(&self.api_key),
                    payload.first_metric()
                );
                let cure = "Datadog would refuse the same points again, so they are not sent again";
                Verdict::Refused(Failure::new(Reason::Other, doing, why).with_cure(cure))
            }
            _ => Verdict::Halt(answer.failure(&doing, &self.host, &self.api_key)),
        }
    }

    /// Asks Datadog whether it knows the API key.
    ///
    /// # Errors
    /// When it does not, or cannot be asked.
    pub async fn validate_key(&self, deadline: Instant, requests: &mut u32) -> Result<(), Failure> {
        let doing = format!("check the Datadog API key at {}", self.host);
        let request = || self.http.get(format!("{}/api/v1/validate", self.base_url));
        let answer = self.exchange(&doing, request, deadline, requests).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.failure(&doing, &self.host, &self.api_key));
        }
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if body.get("valid") == Some(&serde_json::Value::Bool(true)) {
            return Ok(());
        }
        let cure = "Datadog answers {\"valid\":true}: check whether DD_URL leads to Datadog's API";
        Err(Failure::new(Reason::BadReply, doing, answer.words(&self.api_key)).with_cure(cure))
    }

    /// What a 202 complains about: it means that the bytes have arrived, not that all points were good.
    fn complaint(&self, answer: &Answer) -> Option<String> {
        match answer.errors(&self.api_key) {
            Some(errors) if errors.is_empty() => None,
            Some(errors) => Some(errors.join("; ")),
            // A stand-in for Datadog may answer with other JSON, or with nothing.
            None if answer.body.is_empty() => None,
            None if serde_json::from_slice::<serde_json::Map<_, _>>(&answer.body)
                .is_ok_and(|map| !map.contains_key("errors")) =>
            {
                None
            }
            None => Some(answer.words(&self.api_key)),
        }
    }

    /// Sends a request, and again where that may help; the answer that is final.
    async fn exchange(
        &self,
        doing: &str,
        request: impl Fn() -> RequestBuilder,
        deadline: Instant,
        requests: &mut u32,
    ) -> Result<Answer, Failure> {
        if let Some(why) = &self.locked {
            return Err(why.clone());
        }
        let mut key = HeaderValue::from_str(self.api_key.expose_secret()).map_err(|_| {
            Failure::new(Reason::Config, doing, "the API key holds characters that no header can carry")
                .with_cure("Check DD_API_KEY for line breaks and quotes")
        })?;
        key.set_sensitive(true);
        // backon's own jitter only adds to a delay; with a bound drawn from zero on, runs that failed together spread out.
        let mut bounds = ExponentialBuilder::new()
            .with_min_delay(self.patience.first_wait)
            .with_max_times(self.patience.tries.saturating_sub(1))
            .build();
        let mut tries = 0;
        loop {
            if Instant::now() >= deadline {
                return Err(Failure::new(Reason::Deadline, doing, "the time of the run is used up"));
            }
            tries += 1;
            *requests = requests.saturating_add(1);
            let request = request().header("DD-API-KEY", key.clone()).header(USER_AGENT, AGENT);
            let end = deadline.min(Instant::now() + self.patience.per_try);
            let (mut failure, hint) = match tokio::time::timeout_at(end, read(request)).await {
                Ok(Ok(answer)) if answer.is_worth_a_retry() => {
                    (answer.failure(doing, &self.host, &self.api_key), answer.wait_hint(Timestamp::now()))
                }
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => match reply::broken(error, doing, &self.host) {
                    (failure, true) => (failure, None),
                    (failure, false) => return Err(failure),
                },
                Err(_) if end == deadline => {
                    return Err(Failure::new(
                        Reason::Deadline,
                        doing,
                        "no answer before the time of the run was used up",
                    ));
                }
                Err(_) => {
                    let why = format!("no answer within {} s", self.patience.per_try.as_secs_f32());
                    (Failure::new(Reason::Unreachable, doing, why), None)
                }
            };
            tracing::debug!(tries, why = %failure.why, "Datadog did not accept the request");
            let Some(bound) = bounds.next() else {
                failure.why = format!("{} ({tries} tries)", failure.why);
                return Err(failure);
            };
            // A hint of zero would make the tries follow each other at once.
            let jitter = bound.mul_f64(fastrand::f64());
            let wait = hint.filter(|hint| !hint.is_zero()).unwrap_or(jitter);
            if Instant::now() + wait >= deadline {
                failure.why = format!(
                    "{} (tries: {tries}; the next one, in {:.1} s, would be after the time of the run)",
                    failure.why,
                    wait.as_secs_f64()
                );
                return Err(failure);
            }
            tokio::time::sleep(wait).await;
        }
    }
}

/// Sends a request and reads its answer. A cut answer is an error even after a 202: who sent half may be a proxy.
async fn read(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            body.truncate(LONGEST_ANSWER);
            break;
        }
    }
    Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
}
