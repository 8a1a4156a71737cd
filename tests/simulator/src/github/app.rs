//! A GitHub App's way to a token: a signed assertion for an installation, exchanged for a token that expires.

use super::reply::Reply;
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

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes without padding, in the alphabet that is safe in URLs.
pub fn to_base64url(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().chain([0; 2].iter()).take(3).fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        for i in 0..=chunk.len() {
            out.push(ALPHABET[(word >> (18 - 6 * i)) as usize & 63] as char);
        }
    }
    out
}

/// Decodes what [`to_base64url`] makes; none when it is something else.
pub fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut word = 0u32;
        for byte in chunk {
            word = word << 6 | ALPHABET.iter().position(|c| c == byte)? as u32;
        }
        word <<= 6 * (4 - chunk.len());
        out.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_goes_there_and_back() {
        for length in 0..20 {
            let bytes: Vec<u8> = (0..length).map(|i: u8| i.wrapping_mul(37)).collect();
            assert_eq!(base64url(&to_base64url(&bytes)), Some(bytes));
        }
        assert_eq!(to_base64url(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw");
        assert_eq!(base64url("a/b"), None);
    }
}
