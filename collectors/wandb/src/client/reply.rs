//! What an answer of W&B means: data, try again, or a failure with words and a cure.

use std::time::Duration;

use collector::Failure;
use collector::Reason;
use collector::transport::Ask;
use collector::transport::Reply;
use collector::transport::Verdict;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Client;
use crate::config::Project;

const SERVER: &str = "W&B";
/// Cure of a limit.
pub(super) const SLOWER: &str =
    "Let orgpulse run less often, read fewer projects, or give it a service account's key, whose limit is its own";
const KEY: &str = "Check WANDB_API_KEY: copy a key of 40 characters or more from the user settings of W&B, and one of the \
                   same server as wandb.base_url (WANDB_BASE_URL)";
/// What the headers count in: the share of a budget that W&B does not tell.
const SCALE: f64 = 1000.0;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    /// A list of objects with a message; what else stands here is an error all the same.
    #[serde(default)]
    errors: Option<Value>,
}

/// The data of an answer. The documents ask for nothing that is not needed: data beside an error is a part of what was
/// asked for, and not a result.
pub(super) fn read<T: DeserializeOwned>(
    reply: &Reply,
    ask: &Ask,
    client: &Client,
    project: Option<&Project>,
) -> Result<T, Verdict> {
    let reset = limits(reply, client, project);
    let status = reply.status.as_u16();
    if reply.status.is_success() {
        return data(reply, ask).map_err(|verdict| put_off(verdict, reset, client, project));
    }
    let words = words(reply);
    let answered = format!("{SERVER} answered {status} {words}");
    let failure = |reason| Failure::new(reason, ask.doing.as_str(), answered.trim_end());
    let failed = |failure| Err(Verdict::Failed(failure));
    if let Some(verdict) = reply.temporary(ask, SERVER, &words) {
        return Err(put_off(verdict, reset, client, project));
    }
    match status {
        300..=399 => failed(failure(Reason::BadReply).with_cure(
            "The answer is a redirect, which is not followed: check wandb.base_url (WANDB_BASE_URL), and look for a login \
             page in front of the server",
        )),
        401 => {
            let failure = failure(Reason::Unauthorized).with_cure(KEY);
            // The first refusal stays. An error inside a 200 is none: it may be about one project.
            let _ = client.refused.set(failure.clone());
            failed(failure)
        }
        403 => failed(failure(Reason::Forbidden).with_cure(ACCESS)),
        404 => failed(
            failure(Reason::NotFound)
                .with_cure("Check that wandb.base_url (WANDB_BASE_URL) is the address of a W&B server's API"),
        ),
        _ => failed(failure(Reason::BadReply).with_cure(OLDER)),
    }
}

/// Cure of what was tried again in vain.
const PASSES: &str = "It may pass by the next run; if it stays, see W&B's status page, or the log of the server if it is one of your own";
const ACCESS: &str = "Give the key's owner access to the project, or use the key of a member of its team";
const OLDER: &str = "If the server is one of your own, update it: it may be older than what orgpulse asks for";

/// Of a good status: the data, unless there are errors.
fn data<T: DeserializeOwned>(reply: &Reply, ask: &Ask) -> Result<T, Verdict> {
    if reply.is_html() {
        return reply.json(ask, SERVER);
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&reply.body) else {
        // First the words for what is no JSON at all.
        let _: Value = reply.json(ask, SERVER)?;
        return Err(bad(ask, "the answer is not what GraphQL promises".to_owned()));
    };
    let first = match &envelope.errors {
        Some(Value::Array(errors)) => errors.first(),
        other => other.as_ref(),
    };
    if let Some(error) = first {
        return Err(judge(error, reply, ask));
    }
    let Some(data) = envelope.data else {
        return Err(bad(ask, "the answer has neither data nor errors".to_owned()));
    };
    serde_json::from_str(data.get()).map_err(|error| {
        let why = format!("the answer is not what the API promises: {}", reply.clip(&error.to_string()));
        bad(ask, why)
    })
}

fn bad(ask: &Ask, why: String) -> Verdict {
    Verdict::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why).with_cure(OLDER))
}

/// What an error inside a 200 means, by its words: W&B gives it no class.
fn judge(error: &Value, reply: &Reply, ask: &Ask) -> Verdict {
    let message = error["message"].as_str().or(error.as_str()).unwrap_or("an error without a message");
    let message = reply.clip(message);
    // Keys and indexes from the root to what has no value.
    let path = error["path"].as_array().into_iter().flatten();
    let path: Vec<String> = path.map(|step| step.to_string().replace('"', "")).collect();
    let place = if path.is_empty() { String::new() } else { format!(" (at {})", reply.clip(&path.join("."))) };
    let failure = |reason| Failure::new(reason, ask.doing.as_str(), format!("{SERVER} answered: {message}{place}"));
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["rate limit", "too many requests"]) {
        return Verdict::Again { failure: failure(Reason::RateLimited), wait: reply.retry_after() };
    }
    if says(&[
        "timeout",
        "timed out",
        "deadline exceeded",
        "internal error",
        "internal server error",
        "try again",
        "unavailable",
    ]) {
        return Verdict::Again { failure: failure(Reason::Unreachable), wait: None };
    }
    Verdict::Failed(if says(&["unauthenticated", "unauthorized", "api key", "not logged in", "must be logged in"]) {
        failure(Reason::Unauthorized).with_cure(KEY)
    } else if says(&["permission", "forbidden", "access denied"]) {
        failure(Reason::Forbidden).with_cure(ACCESS)
    } else if says(&["not found", "could not find", "does not exist"]) {
        failure(Reason::NotFound)
            .with_cure("Check the name in wandb.projects, and that the key's owner may see the project")
    } else if says(&["cannot query field", "unknown argument", "unknown type"]) {
        failure(Reason::BadReply).with_cure(OLDER)
    } else {
        failure(Reason::Other)
            .with_cure("A part of the answer is missing, so that none of it is used; see W&B's status page")
    })
}

/// Feeds the meter, and notes where nothing is left. The wait until the limit is renewed, if it is told.
fn limits(reply: &Reply, client: &Client, project: Option<&Project>) -> Option<Duration> {
    let number = |name: &str| reply.header(name)?.trim().parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
    let reset = number("RateLimit-Reset").and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    if let Some(remaining) = number("RateLimit-Remaining") {
        let limit = number("RateLimit-Limit").unwrap_or(SCALE);
        client.meter.quota("graphql", remaining as u64, limit as u64);
        if let (true, Some(wait)) = (remaining < 1.0 && reply.status.is_success(), reset) {
            client.limit(project, wait);
        }
    }
    reset
}

/// The verdict on an answer; where it refuses for a limit whose end is told, the client is to wait for that: the transport
/// would have the requests about all other projects wait too.
fn put_off(verdict: Verdict, reset: Option<Duration>, client: &Client, project: Option<&Project>) -> Verdict {
    match verdict {
        Verdict::Again { failure, wait } if failure.reason == Reason::RateLimited => {
            let failure = failure.with_cure(SLOWER);
            let Some(wait) = wait.or(reset) else { return Verdict::Again { failure, wait: None } };
            client.limit(project, wait);
            let late = || format!("{}; the limit is renewed in {} s, after the deadline", failure.why, wait.as_secs());
            let why = if client.transport.fits(wait) { failure.why.clone() } else { late() };
            Verdict::Failed(Failure { why, ..failure })
        }
        Verdict::Again { failure, wait } => Verdict::Again { failure: failure.with_cure(PASSES), wait },
        other => other,
    }
}

/// The server's own words in an answer that is no result: of the first GraphQL error, or of `error` or `message`.
fn words(reply: &Reply) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(&reply.body) else {
        let plain = !reply.is_html() && reply.body.len() < 1000;
        return if plain { reply.clip(&String::from_utf8_lossy(&reply.body)) } else { String::new() };
    };
    let all = [&value["errors"][0]["message"], &value["errors"][0], &value["error"], &value["message"], &value];
    reply.clip(all.into_iter().find_map(Value::as_str).unwrap_or_default())
}
