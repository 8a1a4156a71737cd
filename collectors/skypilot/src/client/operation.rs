//! Operations: a request is posted, gets an id, and its result is fetched by that id.

use std::time::Duration;

use collector::Failure;
use collector::Reason;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use super::Client;
use super::DOING_HEALTH;
use super::reply;
use super::reply::Verdict;
use super::transport::Ask;
use super::transport::Trouble;
use crate::records::Health;
use crate::records::OperationError;
use crate::records::Payload;

/// Where a posted request's id is told.
const REQUEST_ID: &str = "x-skypilot-request-id";
/// Whom a server without accounts of its own takes the caller for: SkyPilot's user ids are 8 hexadecimal digits. A
/// server with accounts goes by the credential.
const USER_ID: &str = "0c011ec7";
const USER: &str = "collector";
/// How often a request is posted again that a restart of the server has interrupted.
const MAX_RESUBMISSIONS: u32 = 2;
/// Time kept back to tell the server that a request is not waited for any more: a tenth of what is left, at most this.
const TO_CANCEL: Duration = Duration::from_secs(1);

impl Client {
    /// `GET /api/health`, which says the versions. It does not check the credential on every set-up.
    pub(super) async fn health(&self) -> Result<Health, Failure> {
        let ask = Ask {
            method: Method::GET,
            path: "/api/health".to_owned(),
            body: None,
            doing: DOING_HEALTH.to_owned(),
            asking: "the server's version".to_owned(),
            blocks: false,
            until: self.deadline,
        };
        self.send(&ask, &|reply| {
            let health: Health = reply::parse(&reply, &ask)?;
            if health.status.is_none() {
                let why = "the answer says nothing of a status: it is not a SkyPilot API server's";
                let failure =
                    Failure::new(Reason::BadReply, DOING_HEALTH, why).with_cure("Check SKYPILOT_API_SERVER_ENDPOINT");
                return Err(Verdict::Failed(Trouble::Failed(failure)));
            }
            Ok(health)
        })
        .await
        .map_err(Trouble::failure)
    }

    /// Posts an operation and waits for its result: the JSON that it returned, as a text. `what` completes "read ...".
    pub(crate) async fn run(&self, path: &str, mut body: Value, what: &str) -> Result<String, Trouble> {
        body["env_vars"] = json!({"SKYPILOT_USER_ID": USER_ID, "SKYPILOT_USER": USER});
        let left = self.deadline.saturating_duration_since(Instant::now());
        let post = Ask {
            method: Method::POST,
            path: path.to_owned(),
            body: Some(body),
            doing: format!("read {what}"),
            asking: what.to_owned(),
            blocks: false,
            until: self.deadline - TO_CANCEL.min(left / 10),
        };
        let mut resubmissions = 0;
        loop {
            let id = self.post(&post).await?;
            let outcome = self.fetch(&id, &post).await;
            match outcome {
                Err(Trouble::Operation(error, _))
                    if error.kind == reply::INTERRUPTED && resubmissions < MAX_RESUBMISSIONS =>
                {
                    resubmissions += 1;
                }
                Err(Trouble::Failed(failure)) if failure.reason == Reason::Deadline => {
                    self.cancel(&id, &post).await;
                    return Err(Trouble::Failed(failure));
                }
                outcome => return outcome,
            }
        }
    }

    /// Posts an operation; its id.
    async fn post(&self, ask: &Ask) -> Result<String, Trouble> {
        self.send(ask, &|reply| {
            let id = reply.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
            // It becomes part of an address.
            if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                let why = "the answer names no request id (X-Skypilot-Request-ID)";
                let failure = Failure::new(Reason::BadReply, ask.doing.as_str(), why)
                    .with_cure("Check that SKYPILOT_API_SERVER_ENDPOINT is a SkyPilot API server, and look for a proxy that drops headers");
                return Err(Verdict::Failed(Trouble::Failed(failure)));
            }
            Ok(id.to_owned())
        })
        .await
    }

    /// Waits for the result of a request. The server answers when it is finished; a fetch that is cut is repeated.
    async fn fetch(&self, id: &str, post: &Ask) -> Result<String, Trouble> {
        let ask = Ask {
            method: Method::GET,
            path: format!("/api/get?request_id={id}"),
            body: None,
            blocks: true,
            ..post.clone()
        };
        let payload = match self.send(&ask, &|reply| reply::parse::<Payload>(&reply, &ask)).await {
            // The operation was taken: it is this request that the server does not know, not the way of asking.
            Err(Trouble::Missing(failure)) => {
                let cure = "See the next run; the API server took the request and has lost it, as one that restarts without its database";
                return Err(Trouble::Failed(failure.with_cure(cure)));
            }
            payload => payload?,
        };
        if let Some(error) =
            payload.error.as_deref().and_then(|text| serde_json::from_str::<Option<OperationError>>(text).ok()?)
        {
            return Err(reply::operation_failed(error, &ask, &self.secrets));
        }
        match (payload.status.as_str(), payload.return_value) {
            ("SUCCEEDED", Some(value)) => Ok(value),
            (status, _) => {
                let reason = if status == "CANCELLED" { Reason::Other } else { Reason::BadReply };
                let why = format!("the request ended on the server as {} without a result", self.shown(status));
                Err(Trouble::Failed(Failure::new(reason, ask.doing.as_str(), why)))
            }
        }
    }

    /// Tells the server, once, that a request is not waited for any more; what it says to that changes nothing.
    async fn cancel(&self, id: &str, post: &Ask) {
        let ask = Ask {
            path: "/api/cancel".to_owned(),
            // Without ids it would cancel every request.
            body: Some(json!({"request_ids": [id]})),
            until: self.deadline,
            ..post.clone()
        };
        let _ = self.try_once(&ask).await;
    }
}
