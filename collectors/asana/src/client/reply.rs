//! What an answer means: good, try again, or a failure with words and a cure.

use collector::Failure;
use collector::Reason;
use collector::transport::Ask;
use collector::transport::Reply;
use collector::transport::Verdict;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::About;
use super::Request;

const IN_ITS_PLACE: &str = "Check ASANA_URL, and look for a proxy between orgpulse and Asana";

/// How the vendor is called in messages.
const ASANA: &str = "Asana";

/// What Asana says of errors: an array of objects with `message`, and with a `phrase` by which its support finds a
/// failure of its own.
#[derive(Default, Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Value,
}

/// What an answer of a good status holds. Data beside errors is none: a part is never taken for the whole.
pub(super) fn good<T: DeserializeOwned>(reply: &Reply, ask: &Ask) -> Result<T, Verdict> {
    let Some(words) = words(reply) else { return reply.json(ask, ASANA) };
    let why = format!("{ASANA} answered {} with errors: {words}", reply.status.as_u16());
    let why = why.trim_end_matches([':', ' ']);
    Err(Verdict::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why).with_cure(IN_ITS_PLACE)))
}

/// The verdict on an answer that is not good.
pub(super) fn refused(reply: &Reply, request: &Request) -> Verdict {
    let ask = &request.ask;
    let words = words(reply).unwrap_or_default();
    if let Some(verdict) = reply.temporary(ask, ASANA, &words) {
        return verdict;
    }
    let status = reply.status.as_u16();
    let project = matches!(request.about, About::Project);
    let (reason, cure) = match status {
        400 => (Reason::Config, "Check the gids in ASANA_WORKSPACE, ASANA_PROJECTS and ASANA_BUGS_PROJECT"),
        401 => (
            Reason::Unauthorized,
            "Check that ASANA_ACCESS_TOKEN is whole and was not revoked; its user makes a new one in Asana's developer console",
        ),
        402 => (Reason::Forbidden, "It is part of a paid plan of Asana, which this workspace does not have"),
        403 if project => (
            Reason::Forbidden,
            "Share the project with the user of the token; a token with scopes needs projects:read and tasks:read",
        ),
        403 => (
            Reason::Forbidden,
            "The user of the token must be a member of ASANA_WORKSPACE; a token with scopes needs projects:read",
        ),
        404 if project => (
            Reason::NotFound,
            "It was deleted, or the user of the token may not see it: share it, or correct its gid where the configuration names it",
        ),
        404 => (
            Reason::NotFound,
            "Check ASANA_WORKSPACE, that the user of the token is a member of it, and ASANA_URL if it is set",
        ),
        451 => (Reason::Forbidden, "Asana keeps it back for legal reasons; ask the administrators of the workspace"),
        300..=399 => {
            (Reason::BadReply, "A redirect is not followed: check ASANA_URL, and look for a login page or proxy")
        }
        _ => (Reason::BadReply, IN_ITS_PLACE),
    };
    let why = format!("{ASANA} answered {status} {words}");
    Verdict::Failed(Failure::new(reason, ask.doing.as_str(), why.trim_end()).with_cure(cure))
}

/// Asana's own words of its errors, short; none where it tells of no error. Never those of a page of HTML.
fn words(reply: &Reply) -> Option<String> {
    let Errors { errors } = serde_json::from_slice(&reply.body).unwrap_or_default();
    if errors.is_null() || errors.as_array().is_some_and(Vec::is_empty) {
        return None;
    }
    let words = errors.as_array().into_iter().flatten().filter_map(|error| {
        match (error["message"].as_str(), error["phrase"].as_str()) {
            (Some(message), Some(phrase)) => Some(format!("{message} (phrase for Asana's support: {phrase})")),
            (message, phrase) => message.or(phrase).map(str::to_owned),
        }
    });
    Some(reply.clip(&words.collect::<Vec<_>>().join("; ")))
}
