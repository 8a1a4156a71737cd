//! The credential: a token, or a GitHub App whose installation tokens are asked for and renewed.

use std::fmt;
use std::time::Duration;

use collector::Failure;
use collector::Reason;
use collector::transport::Secrets;
use http::HeaderValue;
use http::Method;
use jiff::Timestamp;
use octocrab::EncodingKey;
use octocrab::auth::AppAuth;
use octocrab::models::AppId;
use secrecy::ExposeSecret;
use serde::Deserialize;
use tokio::time::Instant;

use super::Client;
use super::transport::Ask;
use crate::config::Auth;
use crate::records::maybe_at;

/// An installation token is renewed so long before it ends, so that no request carries one that ends under way.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// Life of an installation token, where the answer does not say.
const INSTALLATION_TOKEN_LIFE: Duration = Duration::from_secs(3600);

pub(super) enum Credential {
    Token(HeaderValue),
    App { app: AppAuth, installation: u64, token: tokio::sync::Mutex<Option<Installed>> },
}

pub(super) struct Installed {
    bearer: HeaderValue,
    until: Instant,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

#[derive(Deserialize)]
struct InstallationToken {
    token: String,
    #[serde(default, deserialize_with = "maybe_at")]
    expires_at: Option<Timestamp>,
}

impl Credential {
    pub fn new(auth: &Auth, secrets: &Secrets) -> Result<Self, Failure> {
        match auth {
            Auth::Token(token) => {
                Ok(Credential::Token(bearer(token.expose_secret().trim(), secrets).ok_or_else(|| {
                    Failure::new(Reason::Config, "use the GitHub token", "it has characters that no token has")
                        .with_cure("Check GITHUB_TOKEN for quotes, spaces and line breaks")
                })?))
            }
            Auth::App { app_id, private_key, installation_id } => {
                // The library's words are left out: they could quote the key.
                let key = EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes()).map_err(|_| {
                    Failure::new(Reason::Config, "use the GitHub App's private key", "it is not an RSA key in PEM form")
                        .with_cure(
                            "Set GITHUB_APP_PRIVATE_KEY to the whole file that GitHub made, line breaks included",
                        )
                })?;
                let app = AppAuth { app_id: AppId(*app_id), key };
                Ok(Credential::App { app, installation: *installation_id, token: tokio::sync::Mutex::new(None) })
            }
        }
    }

    /// Whether another token can be had when this one is refused.
    pub fn is_renewable(&self) -> bool {
        matches!(self, Credential::App { .. })
    }
}

impl Client {
    /// The header that authorizes a request; asks for an installation token when there is none that lasts.
    pub(super) async fn authorization(&self) -> Result<HeaderValue, Failure> {
        let (app, installation, token) = match &self.credential {
            Credential::Token(bearer) => return Ok(bearer.clone()),
            Credential::App { app, installation, token } => (app, installation, token),
        };
        // Held while asking, so that the requests that wait for the first token do not each ask for one.
        let mut token = token.lock().await;
        if let Some(installed) = token.as_ref().filter(|installed| Instant::now() < installed.until) {
            return Ok(installed.bearer.clone());
        }
        // Another request may have been refused a token while this one waited for the lock.
        if let Some(refused) = self.limits.refused() {
            return Err(refused);
        }
        let doing = format!("get a token for the GitHub App's installation {installation}");
        let jwt = app.generate_bearer_token().ok().and_then(|jwt| bearer(&jwt, &self.secrets)).ok_or_else(|| {
            Failure::new(Reason::Config, doing.as_str(), "the App's private key cannot sign")
                .with_cure("Check GITHUB_APP_PRIVATE_KEY")
        })?;
        let path = format!("{}/app/installations/{installation}/access_tokens", self.base_path);
        let ask = Ask {
            method: Method::POST,
            path,
            body: Some("{}".to_owned()),
            doing: doing.clone(),
            asking: "an installation token".to_owned(),
            right: "the App's id, private key and installation id of one App".to_owned(),
            bearer: Some(jwt),
            ..Ask::default()
        };
        let reply: InstallationToken = match Box::pin(self.json(&ask)).await.map_err(|trouble| trouble.failure()) {
            Ok((reply, _)) => reply,
            Err(failure) => {
                let failure = match failure.reason {
                    Reason::NotFound | Reason::Forbidden => failure.with_cure(
                        "Check GITHUB_APP_ID and GITHUB_APP_INSTALLATION_ID, and that the App is still installed",
                    ),
                    _ => failure,
                };
                if [Reason::Unauthorized, Reason::NotFound, Reason::Forbidden].contains(&failure.reason) {
                    self.limits.refuse(&failure);
                }
                return Err(failure);
            }
        };
        let fresh = bearer(&reply.token, &self.secrets)
            .ok_or_else(|| Failure::new(Reason::BadReply, doing, "the token has characters that no token has"))?;
        let life = reply.expires_at.and_then(|end| end.duration_since(Timestamp::now()).try_into().ok());
        let until = Instant::now() + life.unwrap_or(INSTALLATION_TOKEN_LIFE).saturating_sub(RENEW_BEFORE);
        *token = Some(Installed { bearer: fresh.clone(), until });
        Ok(fresh)
    }

    /// Forgets an installation token that was refused, unless it has been renewed since.
    pub(super) async fn forget(&self, refused: &HeaderValue) {
        if let Credential::App { token, .. } = &self.credential {
            let mut token = token.lock().await;
            if token.as_ref().is_some_and(|installed| installed.bearer == *refused) {
                *token = None;
            }
        }
    }
}

fn bearer(token: &str, secrets: &Secrets) -> Option<HeaderValue> {
    secrets.keep(token);
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok().filter(|_| !token.is_empty())?;
    value.set_sensitive(true);
    Some(value)
}
