//! The credential of the kubeconfig's user, brought into the one form that is sent: a token, a password or a certificate.

use std::path::Path;

use collector::Failure;
use collector::transport::Secrets;
use kube::config::AuthInfo;
use kube::config::AuthProviderConfig;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;

use super::connect::unusable;
use super::exec;
use super::file;

/// Puts what a file, a provider or a plugin gives in its place, for this collection. In kube's order: a provider, a
/// password, a token, its file, a plugin.
///
/// # Errors
/// When it cannot be had, or is none that could be sent.
pub(super) async fn settle(user: &mut AuthInfo, deadline: Instant, secrets: &Secrets) -> Result<(), Failure> {
    let (provider, file, plugin) = (user.auth_provider.take(), user.token_file.take(), user.exec.take());
    if let Some(provider) = provider {
        user.token = Some(of_provider(&provider)?);
        (user.username, user.password) = (None, None);
    } else if user.username.is_some() && user.password.is_some() {
        user.token = None;
        // It is sent in base64, but may be repeated as it is.
        if let Some(password) = &user.password {
            secrets.keep(password.expose_secret());
        }
    } else if let (None, Some(path)) = (&user.token, file) {
        user.token = Some(of_file(&path)?);
    } else if let (None, Some(plugin)) = (&user.token, plugin) {
        exec::fill(user, &plugin, deadline, secrets).await?;
    }
    match &user.token {
        // kube panics over it.
        Some(token) if !token.expose_secret().chars().all(|c| c.is_ascii_graphic()) => {
            let why = "its token holds a space, line break or other character that no token has";
            Err(unusable("use the token of the kubeconfig's user", why.to_owned()).with_cure("Copy it again"))
        }
        _ => Ok(()),
    }
}

/// The token that a file holds. kube would send its line break along.
fn of_file(path: &str) -> Result<SecretString, Failure> {
    let wrong = |why: String| {
        unusable("read the file of the token", format!("{path}: {why}"))
            .with_cure("Correct tokenFile in the kubeconfig, or have the token written there")
    };
    let text = file::read(Path::new(path)).map_err(|error| wrong(error.to_string()))?;
    match text.trim() {
        "" => Err(wrong("it is empty".to_owned())),
        token => Ok(SecretString::from(token)),
    }
}

/// The token of a provider. Of those that are programs of a cloud kubectl knows none any more, either: what took their
/// place are plugins.
pub(super) fn of_provider(provider: &AuthProviderConfig) -> Result<SecretString, Failure> {
    let token = provider.config.get("id-token").filter(|token| !token.is_empty());
    match token {
        Some(token) if provider.name == "oidc" => Ok(SecretString::from(token.as_str())),
        _ => {
            let why = format!("its auth-provider {:?} is not supported, but for oidc with an id-token", provider.name);
            let cure = "Use a credential plugin (exec), such as gke-gcloud-auth-plugin or kubelogin, or a token";
            Err(unusable("get the credential of the kubeconfig's user", why).with_cure(cure))
        }
    }
}
