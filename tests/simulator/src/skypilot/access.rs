//! Who asks, and in which version of the API.

use super::controls::Release;
use super::controls::State;
use super::reply::Reply;
use axum::http::HeaderMap;

/// The service account that the token belongs to.
pub const ACCOUNT: (&str, &str) = ("sa-5eed0001", "orgpulse");

/// Whom a request is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The service account, whose role is viewer.
    Account,
    /// Somebody without a credential, on a server that asks for none.
    Anybody,
    /// Somebody without a credential, on one that does.
    Nobody,
}

pub fn caller(state: &State, headers: &HeaderMap) -> Result<Caller, Reply> {
    let Some(token) = state.controls().token.clone() else { return Ok(Caller::Anybody) };
    let Some(given) = text(headers, "authorization") else { return Ok(Caller::Nobody) };
    let bearer = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match bearer {
        Some((_, given)) if given.trim() == token => Ok(Caller::Account),
        Some(_) => Err(Reply::detail(401, "Invalid or expired service account token")),
        None => Err(Reply::json(401, "Invalid credentials".into())),
    }
}

/// Both headers or neither: with one alone the server looks at none of them.
pub fn version(release: Release, headers: &HeaderMap) -> Result<(), Reply> {
    let (Some(api), Some(own)) = (text(headers, "x-skypilot-api-version"), text(headers, "x-skypilot-version")) else {
        return Ok(());
    };
    match api.parse::<u32>() {
        Err(_) => Err(Reply::plain(500, "Internal Server Error")),
        Ok(api) if api < release.oldest() => {
            let message = format!("\u{1b}[33mYour SkyPilot client version is too old: {own}\u{1b}[0m");
            Err(Reply::json(400, serde_json::json!({ "error": "version_mismatch", "message": message })))
        }
        Ok(_) => Ok(()),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
