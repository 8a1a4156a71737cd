//! What an answer means: good, try again, or a failure with words and a cure.

use collector::Failure;
use collector::Reason;
use collector::transport::Ask;
use collector::transport::Reply;
use collector::transport::Verdict;
use serde::Deserialize;

use super::About;
use super::Request;

/// How the vendor is called in messages.
pub(super) const ASANA: &str = "Asana";

/// What Asana says of an error.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    errors: Vec<Mistake>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mistake {
    message: Option<String>,
    /// By which Asana's support finds a failure of its own.
    phrase: Option<String>,
}

/// The verdict on an answer that is not good.
pub(super) fn refused(reply: &Reply, request: &Request, ask: &Ask) -> Verdict {
    let words = words(reply);
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
        _ => (Reason::BadReply, "Check ASANA_URL, and look for a proxy between orgpulse and Asana"),
    };
    let why = format!("{ASANA} answered {status} {words}");
    Verdict::Failed(Failure::new(reason, ask.doing.as_str(), why.trim_end()).with_cure(cure))
}

/// Asana's own words, short; never those of a page of HTML.
fn words(reply: &Reply) -> String {
    let Errors { errors } = serde_json::from_slice(&reply.body).unwrap_or_default();
    let words: Vec<String> = errors
        .into_iter()
        .map(|mistake| match (mistake.message, mistake.phrase) {
            (Some(message), Some(phrase)) => format!("{message} (phrase for Asana's support: {phrase})"),
            (message, phrase) => message.or(phrase).unwrap_or_default(),
        })
        .collect();
    reply.clip(&words.join("; "))
}
