//! A GitHub App's way to a token: a signed assertion for an installation, exchanged for a token that expires.

use super::reply::Reply;
use crate::base64url::base64url;
use serde_json::Value;
use std::time::Duration;

/// A GitHub App and its one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id (or client id): the assertion's issuer.
    pub id: String,
    /// The installation's id.
    pub installation: u64,
    /// How long its tokens are good for; GitHub's hour by default.
    pub token_life: Duration,
}

impl App {
    /// An App whose tokens live for an hour.
    pub fn new(id: &str, installation: u64) -> App {
        App { id: id.to_owned(), installation, token_life: Duration::from_secs(3600) }
    }

    /// Whether GitHub would take the assertion at `now` (epoch seconds). The signature is checked to be of the size
    /// that RS256 makes with a key of 2,048 bits or more, not against a key.
    pub(super) fn accepts(&self, assertion: &str, now: i64) -> Result<(), Reply> {
        let undecodable = || Reply::refusal(401, "A JSON web token could not be decoded");
        let parts: Vec<&str> = assertion.split('.').collect();
        let [header, claims, signature] = parts[..] else { return Err(undecodable()) };
        let json = |part: &str| serde_json::from_slice::<Value>(&base64url(part)?).ok();
        let header = json(header).ok_or_else(undecodable)?;
        let claims = json(claims).ok_or_else(undecodable)?;
        if header["alg"] != "RS256" || base64url(signature).is_none_or(|s| s.len() < 256) {
            return Err(undecodable());
        }
        let issuer =
            claims["iss"].as_str().map(str::to_owned).or_else(|| claims["iss"].as_u64().map(|n| n.to_string()));
        if issuer.as_deref() != Some(&self.id) {
            return Err(Reply::refusal(404, "Integration not found"));
        }
        let Some(expires) = claims["exp"].as_i64() else {
            return Err(Reply::refusal(401, "Missing 'expiration time' claim ('exp') in assertion"));
        };
        if expires <= now {
            return Err(Reply::refusal(
                401,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
            ));
        }
        if expires > now + 600 {
            return Err(Reply::refusal(401, "'Expiration time' claim ('exp') is too far in the future"));
        }
        match claims["iat"].as_i64() {
            Some(issued) if issued <= now => Ok(()),
            _ => Err(Reply::refusal(
                401,
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            )),
        }
    }
}
